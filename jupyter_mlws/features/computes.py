"""Computes: where jobs run."""

from __future__ import annotations

from jupyter_mlws.entities.compute import Compute
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace


@operation("computes/read")
def list_(ws: Workspace) -> list[Compute]:
    """All computes and their load."""
    raise NotImplementedError


@operation("computes/read")
def get(ws: Workspace, name: str) -> Compute:
    """One compute and its load."""
    raise NotImplementedError


@operation("computes/write")
def update(ws: Workspace, name: str, slots: int) -> Compute:
    """Change how many jobs run at the same time.

    Args:
        slots: at least 1; running jobs go on when it shrinks.
    """
    raise NotImplementedError
