"""What is known of an execution while it goes on: one small JSON file, swapped as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field, ValidationError

from jupyter_mlws.entities.interface import CellState
from jupyter_mlws.entities.job import JobError, NotebookExecution
from jupyter_mlws.entities.record import View, now

FILE = "notebook.json"
"""Name of the record in the attempt's folder."""


class OutputRecord(View):
    """An output that a notebook gave: a value, or a file or folder."""

    name: str
    type: str
    value: Any = None
    path: str | None = None
    """Where the file or folder lies."""
    source: str = "outputs"
    """`outputs` for the tagged cell, `call` for `mlws.output`, else the tool that recorded it."""


class Execution(View):
    """How the execution of a notebook stands."""

    name: str
    path: str
    """The executed copy."""
    cells: list[CellState]
    """The code cells of the source notebook."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, OutputRecord] = Field(default_factory=dict)
    error: JobError | None = None
    ended: bool = False
    """Whether nothing more happens; a cell that is `running` then was interrupted."""


class Recorder:
    """Keeps the record of one execution, on disk when it has a path.

    Order: a change is on disk when the call that made it returns; readers see whole records only.
    """

    def __init__(self, execution: Execution, path: Path | None = None) -> None:
        self.execution = execution
        self._path = path
        self._cells = {cell.cell_id: cell for cell in execution.cells}
        self.save()

    @property
    def error(self) -> JobError | None:
        """Why the notebook failed, if it did."""
        return self.execution.error

    def start(self, cell_id: str) -> None:
        """The cell begins to run."""
        if cell := self._cells.get(cell_id):
            cell.state, cell.started_at = "running", now()
            self.save()

    def end(self, cell_id: str, state: Literal["done", "failed", "skipped"]) -> None:
        """The cell has come to its end."""
        if cell := self._cells.get(cell_id):
            cell.state = state
            cell.ended_at = None if state == "skipped" else now()
            self.save()

    def fail(self, error: JobError) -> None:
        """The notebook failed; the first reason stays."""
        if self.execution.error is None:
            self.execution.error = error
            self.save()

    def output(self, record: OutputRecord) -> None:
        """The notebook gave an output; a later one of the same name replaces it."""
        self.execution.outputs[record.name] = record

    def finish(self) -> None:
        """Nothing more will happen."""
        self.execution.ended = True
        self.save()

    def save(self) -> None:
        """Write the record."""
        if self._path is not None:
            swap(self._path, orjson.dumps(self.execution.model_dump(mode="json")))


def states(notebook: dict[str, Any]) -> list[CellState]:
    """The states of a notebook that has not begun; its code cells must have ids."""
    return [
        CellState(cell_id=cell["id"], index=index, state="waiting")
        for index, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code"
    ]


def swap(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that nobody ever reads half of it."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def read_record(folder: Path) -> Execution | None:
    """The record in an attempt's folder; None when the notebook has not begun."""
    try:
        return Execution.model_validate_json((folder / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def end_record(folder: Path) -> None:
    """Note that the execution has ended, whatever its runner could still write."""
    record = read_record(folder)
    if record is not None and not record.ended:
        record.ended = True
        swap(folder / FILE, orjson.dumps(record.model_dump(mode="json")))


def read_execution(folder: Path) -> NotebookExecution | None:
    """The executed copy so far and the states of its cells; None when there is none yet."""
    record = read_record(folder)
    try:
        content = Path(record.path).read_bytes() if record else b""
    except FileNotFoundError:
        return None
    if record is None:
        return None
    return _execution(record, orjson.loads(content))


def to_come(folder: Path, source: dict[str, Any], path: str) -> NotebookExecution:
    """An execution that has not begun: the source, with all cells waiting.

    Args:
        folder: of the attempt.
        source: the notebook, with ids.
        path: of the notebook in the code.
    """
    name = Path(path).name
    record = Execution(name=name, path=str(executed(folder, name)), cells=states(source))
    return _execution(record, source)


def executed(folder: Path, name: str) -> Path:
    """Where an attempt keeps its executed copy."""
    return folder / "executed" / name


def _execution(record: Execution, notebook: dict[str, Any]) -> NotebookExecution:
    from nbformat import from_dict
    from nbformat.v4.rwbase import rejoin_lines

    return NotebookExecution(
        name=record.name,
        path=record.path,
        notebook=rejoin_lines(from_dict(notebook)),
        cells=settled(record),
    )


def settled(record: Execution) -> list[CellState]:
    """The states of the cells; in an ended execution none waits or runs any more."""
    if not record.ended:
        return record.cells
    ended = {"waiting": "skipped", "running": "failed"}
    return [
        cell.model_copy(update={"state": ended.get(cell.state, cell.state)})
        for cell in record.cells
    ]
