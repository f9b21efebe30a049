"""Sharing: a version of a workspace becomes a version of a registry."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.asset import SPECS, Asset, AssetSpec
from jupyter_mlws.entities.errors import Denied
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.entities.registry import NOUNS, REFERENCE, kept_name
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.execution import assets, contents
from jupyter_mlws.execution.registries import Shelf, named, snapshots_of, transfer
from jupyter_mlws.features.registries import entered
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record

Create = Callable[[Workspace, str, AssetSpec], Asset]
"""Creates a version, or answers the equal one."""


def share(
    ws: Workspace,
    record: Record,
    registry: str,
    name: str | None = None,
    version: str | None = None,
    *,
    create: Create,
) -> Asset:
    """Put a version into a registry, with what it names; what is there already stays as it is.

    Both sides tell of it in their events, and the lineage has an edge to the registry's version.

    Args:
        name: in the registry; its own when absent.
        version: in the registry; its own when absent.
    Raises:
        Denied: the caller may not write there.
        Conflict: the registry has that version with other content.
        NotFound: there is no such registry, or the content is gone.
    """
    there, noun = entered(ws, registry), NOUNS[record.kind]
    if not there.principal.may(f"{noun}/write"):
        raise Denied(
            f"'{ws.principal.name}' has the role {there.principal.role} in registry '{registry}',"
            f" which does not allow '{noun}/write'."
        )
    content = _content(ws, record, registry, create)
    for snapshot in snapshots_of(content):
        transfer(snapshot, Shelf(ws.store, ws.blobs), _shelf(there), ws.principal.name)
    described = {key: record.doc[key] for key in ("description", "tags")}
    document = {
        **content,
        **described,
        "properties": record.doc.get("properties", {}),
        "name": name or record.name,
        "version": version or record.version,
    }
    made = create(there.acting(f"{noun}/share"), record.kind, SPECS[noun](document))
    _note(ws, there, record, made)
    return made


def _content(ws: Workspace, record: Record, registry: str, create: Create) -> dict[str, Any]:
    """What the registry's version holds: files of the workspace, and references into the registry."""
    if record.kind in ("data", "model"):
        return _files(ws, record)
    content: dict[str, Any] = deepcopy(record.doc["content"])
    for holder, key, _ in [*named(content)]:
        kind = "environment" if key == "environment" else "component"
        if not REFERENCE.match(holder[key]) and (
            found := assets.resolve(ws.store, kind, holder[key])
        ):
            holder[key] = share(ws, found, registry, create=create).id
    return content


def _files(ws: Workspace, record: Record) -> dict[str, Any]:
    content: dict[str, Any] | None = deepcopy(record.doc.get("content"))
    path = str(content["path"]) if content else ""
    if path.startswith(("snapshot:", "http:", "https:")):
        return content or {}
    if record.kind == "model":
        kept = assets.files(ws.store, ws.blobs, record)
    else:
        held = contents.of(path, ws.store, ws.blobs, ws.places)
        with tempfile.TemporaryDirectory(dir=ws.path / "runtime") as folder:
            kept = contents.keep(held, ws.blobs, Path(folder))
    if content is None:
        is_mlflow = any(file.path == "MLmodel" for file in kept.files)
        content = {"type": "mlflow_model" if is_mlflow else "custom_model"}
    return {**content, "path": _kept(ws, kept)}


def _kept(ws: Workspace, snapshot: Snapshot) -> str:
    manifest = ws.blobs.put(snapshot.encode())
    with ws.change(f"code:{manifest}", n_files=len(snapshot.files)) as tx:
        tx.put_record("code", manifest, {"n_files": len(snapshot.files)})
    return snapshot.reference


def _note(ws: Workspace, there: Workspace, record: Record, made: Asset) -> None:
    """Tell of it on both sides, once."""
    source = f"{record.kind}:{record.name}@{record.version}"
    shared = there.store.get_record(record.kind, made.name, made.version)
    ws.registries.keep(
        shared, ws.registries.get(there.registry), Shelf(ws.store, ws.blobs), ws.principal.name
    )
    target = f"{record.kind}:{kept_name(there.registry, made.name)}@{made.version}"
    if any(edge[1:3] == (Relation.SHARED_AS, target) for edge in ws.store.edges(source)):
        return
    with there.acting("registries/share").change(
        f"{record.kind}:{made.name}@{made.version}", workspace=ws.path.name, asset=source
    ) as tx:
        tx.link(
            f"workspace:{ws.path.name}",
            Relation.SHARED,
            f"{record.kind}:{made.name}@{made.version}",
        )
    with ws.change(source, registry=there.registry, name=made.name, version=made.version) as tx:
        tx.link(source, Relation.SHARED_AS, target)


def _shelf(ws: Workspace) -> Shelf:
    return Shelf(ws.store, ws.blobs)
