"""The executed copy of a notebook while it is being made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import NotebookExecutionManager

from jupyter_mlws.execution.notebooks.capture import Capture
from jupyter_mlws.execution.notebooks.record import swap

INTERVAL_S = 1.0
_MAX_SHARE = 0.1
"""Most of the time that may go into writing the executed copy."""


class LiveNotebook(NotebookExecutionManager):  # type: ignore[misc]
    """The executed copy: whole at any time, written at most once a second and when a cell ends."""

    def __init__(
        self,
        nb: NotebookNode,
        output_path: str | None,
        capture: Capture,
        *,
        progress_bar: Any = False,
        interval_s: float = INTERVAL_S,
    ) -> None:
        super().__init__(nb, output_path=output_path, progress_bar=progress_bar)
        self._capture = capture
        self._interval_s = interval_s
        self._saved_at = float("-inf")
        self._cost_s = 0.0

    def save(self, **kwargs: Any) -> None:
        """Write the copy now, unless writing has become so slow that it would hold up the cells."""
        if time.monotonic() - self._saved_at >= self._cost_s / _MAX_SHARE:
            self.write()

    def autosave_cell(self) -> None:
        """Write the copy if the last one is old; an interval of 0 means never within a cell."""
        wait_s = max(self._interval_s, self._cost_s / _MAX_SHARE)
        if self._interval_s and time.monotonic() - self._saved_at >= wait_s:
            self.write()

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Mark the cell as running; the copy is written when there is something to show."""
        began = self.now()
        cell.metadata.papermill.update(
            start_time=began.isoformat(), status=self.RUNNING, exception=False
        )
        self.autosave_cell()

    def notebook_complete(self, **kwargs: Any) -> None:
        """Write the last state, however long that takes."""
        self._saved_at = float("-inf")
        super().notebook_complete(**kwargs)

    def write(self) -> None:
        """Write the copy, if it has a path."""
        if not self.output_path:
            return
        began = time.monotonic()
        self._capture.settle()
        swap(Path(self.output_path), nbformat.v4.writes_json(self.nb).encode("utf-8", "replace"))
        self._saved_at = time.monotonic()
        self._cost_s = self._saved_at - began
