"""The graph around a node: edges followed level by level, and what each node is."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.lineage import (
    FLOWS,
    Direction,
    Impact,
    Lineage,
    LineageEdge,
    LineageNode,
    Relation,
)
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution import assets
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Store

MOST = 1000
"""Nodes that one graph has at most."""
ASSETS = ("data", "model", "environment", "component")
KINDS = (*ASSETS, "run", "code", "dataset", "logged_model", "secret")
HIDDEN = frozenset({"secret"})
"""Kinds that no graph shows: what a run may know is no part of where it comes from."""

Found = dict[tuple[str, str, str], LineageEdge]


def around(ws: Workspace, node: str, direction: Direction, depth: int) -> Lineage:
    """What is at most `depth` edges away from a node.

    Raises:
        Invalid: it is no name of a node.
        NotFound: there is nothing of that name.
    """
    root = resolved(ws.store, node)
    distances, edges = {root: 0}, Found()
    truncated = False
    for down in (True, False):
        if direction in ("both", "down" if down else "up"):
            truncated |= _follow(ws.store, root, depth, distances, edges, down=down)
    nodes = [described(ws, name, away) for name, away in distances.items()]
    _mark(ws.store, nodes, edges)
    return Lineage(root=root, nodes=nodes, edges=list(edges.values()), truncated=truncated)


def impact(ws: Workspace, node: str) -> Impact:
    """All that depends on a node, however far away.

    Raises:
        Invalid: it is no name of a node.
        NotFound: there is nothing of that name.
    """
    found = around(ws, node, "down", MOST)
    nodes = [each for each in found.nodes if each.id != found.root]
    counts: dict[str, int] = {}
    for each in nodes:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return Impact(root=found.root, counts=counts, nodes=nodes)


def resolved(store: Store, text: str) -> str:
    """A node as the edges have it: `data:iris` is its latest version, `data:iris:1` its first.

    Raises:
        Invalid: it is no name of a node.
        NotFound: there is nothing of that name.
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind not in KINDS:
        hint = did_you_mean(kind, KINDS)
        message = f"'{text:.80}' is none of: {', '.join(f'{each}:NAME' for each in ASSETS)}, run:ID.{hint}"
        raise Invalid.field("node", message)
    if kind == "run":
        return f"run:{store.get_run(rest, with_data=False).run_id}"
    if kind not in ASSETS:
        if not store.edges(text) and not store.edges(text, outgoing=False):
            raise NotFound(f"Nothing is known of '{text}'.")
        return text
    name, _, label = rest.partition("@")
    name, _, version = name.partition(":")
    if store.find_record(kind, name, version or label):
        return (
            f"{kind}:{name}@{version or label}" if version or label else _newest(store, kind, name)
        )
    if store.find_record(kind, name) is None and store.edges(text):
        return text  # such as a kernelspec, which is no asset
    found = assets.find(store, kind, name, version or None, label or None)
    return f"{kind}:{name}@{found.version}"


def _newest(store: Store, kind: str, name: str) -> str:
    return f"{kind}:{name}@{assets.find(store, kind, name).version}"


def _follow(
    store: Store, root: str, depth: int, distances: dict[str, int], edges: Found, *, down: bool
) -> bool:
    """Walk one way; whether there was more than fits."""
    level, away = [root], 0
    while level and away < depth:
        away += 1
        reached: list[str] = []
        for edge in _edges(store, level, outgoing=down):
            other = edge.target if down else edge.source
            if other not in distances:
                if len(distances) >= MOST:
                    return True
                distances[other] = away if down else -away
                reached.append(other)
            edges[edge.source, edge.relation, edge.target] = edge
        level = reached
    return False


def _edges(store: Store, nodes: Iterable[str], *, outgoing: bool) -> Iterable[LineageEdge]:
    for source, relation, target, doc in store.edges(*nodes, outgoing=outgoing):
        if not HIDDEN & {source.partition(":")[0], target.partition(":")[0]}:
            yield LineageEdge(source=source, relation=Relation(relation), target=target, detail=doc)


def _mark(store: Store, nodes: list[LineageNode], edges: Found) -> None:
    """Tell what is stale, and how much of each node's surroundings is not in the graph."""
    by_id = {node.id: node for node in nodes}
    shown = set(edges)
    for outgoing in (True, False):
        for edge in _edges(store, by_id, outgoing=outgoing):
            if (edge.source, edge.relation, edge.target) in shown:
                continue
            if edge.source in by_id and edge.target in by_id:
                edges[edge.source, edge.relation, edge.target] = edge
            elif outgoing:
                by_id[edge.source].n_hidden_down += 1
            else:
                by_id[edge.target].n_hidden_up += 1
    outdated = {node.id for node in nodes if node.newer and node.kind in ("data", "model")}
    while outdated:
        reached = {
            target
            for source, relation, target in edges
            if source in outdated and relation in FLOWS and not by_id[target].stale
        }
        for name in reached:
            by_id[name].stale = True
        outdated = reached


def described(ws: Workspace, node: str, distance: int) -> LineageNode:
    """What a node is."""
    kind, _, rest = node.partition(":")
    if kind == "run":
        return _run(ws, rest, distance)
    name, _, version = rest.rpartition("@") if "@" in rest else (rest, "", "")
    made = LineageNode(
        id=node, kind=kind, name=name, version=version, label=name, distance=distance
    )
    if kind == "code":
        made.label = f"code {name[:8]}"
    elif kind == "dataset":
        made.label = name.partition("/")[2] or name
    elif kind in ASSETS and version:
        record = ws.store.find_record(kind, name, version)
        made.label = f"{name}:{version}"
        made.missing = record is None
        if record:
            made.type = str((record.doc.get("content") or {}).get("type", ""))
            made.created_at = from_ms(record.doc["created_ms"])
            newest = assets.latest(ws.store, kind, name)
            made.newer = newest if newest and newest != version else None
    return made


def _run(ws: Workspace, run_id: str, distance: int) -> LineageNode:
    made = LineageNode(id=f"run:{run_id}", kind="run", name=run_id, label=run_id, distance=distance)
    try:
        row = ws.store.get_run(run_id, with_data=False)
    except NotFound:
        made.missing = True
        return made
    made.label, made.type, made.status = row.name, row.type, row.status
    made.created_at = from_ms(row.created_ms)
    return made
