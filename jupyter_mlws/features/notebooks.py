"""Notebooks: what they take and give."""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.interface import Interface
from jupyter_mlws.entities.sweep import SpaceProposal
from jupyter_mlws.execution.notebooks.interface import read
from jupyter_mlws.execution.search import proposing
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace


@operation("notebooks/read")
def interface(ws: Workspace, notebook: dict[str, Any]) -> Interface:
    """The interface of a notebook, read from its cells without a kernel.

    Args:
        notebook: the notebook's JSON (nbformat 4).
    Raises:
        Invalid: it is no notebook.
    """
    return read(notebook)


@operation("notebooks/read")
def propose_space(ws: Workspace, notebook: dict[str, Any]) -> SpaceProposal:
    """The search space that a notebook's parameters suggest by ranges and choices beside them.

    Args:
        notebook: the notebook's JSON (nbformat 4).
    Raises:
        Invalid: it is no notebook.
    """
    return proposing.proposed(read(notebook))
