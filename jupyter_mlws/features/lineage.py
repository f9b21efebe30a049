"""Lineage: which data, code and environment a thing was made of, and what was made of it."""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.lineage import Direction, Impact, Lineage
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.tracing import graph, openlineage
from jupyter_mlws.features.workspace import Workspace


@operation("lineage/read")
def show(ws: Workspace, node: str, direction: Direction = "both", depth: int = 2) -> Lineage:
    """The graph around a run or a version of data, a model, an environment.

    Args:
        node: such as `data:NAME:VERSION`, `model:NAME` (its latest version) or `run:ID`.
        direction: `up` to what it was made of, `down` to what was made of it, or `both`.
        depth: how many steps to go, 1 to 50.
    Raises:
        NotFound: there is nothing of that name.
    """
    if not 1 <= depth <= 50:
        raise Invalid.field("depth", f"must be 1 to 50 (got {depth}).")
    return graph.around(ws, node, direction, depth)


@operation("lineage/read")
def impact(ws: Workspace, node: str) -> Impact:
    """What depends on a thing: all runs, data and models that were made of it.

    Args:
        node: as `lineage.show` takes it.
    Raises:
        NotFound: there is nothing of that name.
    """
    return graph.impact(ws, node)


@operation("lineage/read")
def export(ws: Workspace, run_id: str) -> list[dict[str, Any]]:
    """A run as events of OpenLineage: its start, its end, what it read and made.

    Raises:
        NotFound: there is no such run.
    """
    return openlineage.events(ws, run_id)
