"""What a notebook takes and gives: read from its cells, without running it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from jupyter_mlws.entities.record import Moment, View

ASSET_TYPES = frozenset({"file", "folder", "dataset", "model"})
"""Inputs of these types arrive in the notebook as the local path of their data."""

PortType = Literal[
    "boolean",
    "integer",
    "number",
    "string",
    "date",
    "datetime",
    "list",
    "object",
    "path",
    "file",
    "folder",
    "dataset",
    "model",
    "secret",
    "figure",
    "any",
]


class Port(View):
    """An input or output of a notebook."""

    name: str
    type: PortType = "any"
    description: str = ""
    required: bool = False
    default: Any = None
    choices: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    log: bool = False
    """Whether the range is meant on a logarithmic scale."""


class Unreadable(View):
    """Something in a tagged cell that says nothing about the interface, and why."""

    cell_id: str
    line: int
    text: str
    reason: str


class Interface(View):
    """The inputs and outputs of a notebook, and the JSON Schema of its inputs for forms."""

    language: str
    kernel: str | None = None
    """Name of the kernelspec the notebook asks for."""
    has_parameters: bool
    """Whether there is a cell tagged `parameters` or a stored interface."""
    inputs: list[Port] = Field(default_factory=list)
    outputs: list[Port] = Field(default_factory=list)
    unreadable: list[Unreadable] = Field(default_factory=list)
    input_schema: dict[str, Any] = Field(default_factory=dict)
    """JSON Schema (draft 2020-12) of the inputs as one object."""


class CellState(View):
    """How one cell of an executed notebook stands."""

    cell_id: str
    index: int
    """Place among all cells of the source notebook, counted from 0."""
    state: Literal["waiting", "running", "done", "failed", "skipped"]
    started_at: Moment | None = None
    ended_at: Moment | None = None
