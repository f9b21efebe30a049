"""Runs the cells of a notebook on a connected kernel and says how each of them ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from jupyter_mlws.entities.job import Cause, CellError
from jupyter_mlws.execution.notebooks.capture import Capture
from jupyter_mlws.execution.notebooks.failures import cell_error, job_error, n_out_of_memory
from jupyter_mlws.execution.notebooks.interface import SKIPPED_TAGS, tags_of
from jupyter_mlws.execution.notebooks.kernels import Kernel
from jupyter_mlws.execution.notebooks.record import Recorder

_LOST_AFTER_S = 60
"""Seconds to wait for the outputs of a cell whose reply is there."""


class CellTimeout(CellTimeoutError):
    """One cell ran longer than it may."""


class CellClient(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, on a kernel that was handed over, with a record of every cell.

    A cell fails when the kernel's reply says so or when it shows an error, unless it is tagged
    `raises-exception`. Cells tagged `skip-in-run` are passed over. `sys.exit()` and `sys.exit(0)` end the
    notebook well.
    """

    def __init__(
        self,
        manager: Any,
        kernel: Kernel,
        recorder: Recorder,
        capture: Capture,
        *,
        after_cell: Callable[[NotebookNode], None] | None = None,
        on_display: Callable[[dict[str, Any], dict[str, Any]], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            manager,
            km=kernel.manager,
            raise_on_iopub_timeout=True,
            iopub_timeout=_LOST_AFTER_S,
            **options,
        )
        self.kc = kernel.client
        self._kernel = kernel
        self._recorder = recorder
        self._capture = capture
        self._after_cell = after_cell
        self._on_display = on_display
        self._n_out_of_memory = n_out_of_memory()

    def execute(self) -> NotebookNode:
        """Run all cells; the kernel stays the caller's.

        Raises:
            DeadKernelError: the kernel ended.
            CellTimeoutError: a cell took too long, or its outputs were lost.
        """
        self.reset_execution_trackers()
        self.nb.metadata["language_info"] = self._kernel.language_info
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type == "code" and not self._run(cell, index):
                break
        self.set_widgets_metadata()
        return self.nb  # type: ignore[no-any-return]

    def _run(self, cell: NotebookNode, index: int) -> bool:
        """Whether the cells after this one are to run."""
        if SKIPPED_TAGS & set(tags_of(cell)):
            self._recorder.end(cell.id, "skipped")
            return True
        self._capture.begin(cell.id)
        self._recorder.start(cell.id)
        self.nb_man.cell_start(cell, index)
        try:
            self.execute_cell(cell, index)
        except CellExecutionError as error:
            if error.ename == "SystemExit" and error.evalue in {"", "0", "None"}:
                self._end(cell, index)
                return False
            self._fail(cell, index, _cause_of(error), error.ename, error.evalue)
            return False
        except CellTimeout:
            self._fail(
                cell, index, Cause.CELL_TIMEOUT, "CellTimeout", f"ran longer than {self.timeout} s"
            )
            raise
        except CellTimeoutError:
            self._fail(cell, index, Cause.OUTPUT_LOST, "OutputLost", "its outputs did not arrive")
            raise
        except DeadKernelError:
            self._fail(cell, index, *self._death())
            raise
        self._end(cell, index)
        if self._after_cell is not None:
            self._after_cell(cell)
        return self._recorder.error is None

    def _end(self, cell: NotebookNode, index: int) -> None:
        self._capture.close()
        self.nb_man.cell_complete(cell, cell_index=index)
        self._recorder.end(cell.id, "done")

    def _fail(self, cell: NotebookNode, index: int, cause: Cause, ename: str, evalue: str) -> None:
        self._capture.close()
        self._recorder.end(cell.id, "failed")
        redact = self._capture.redactor.value
        error = self.locate(cell, redact(ename), redact(evalue))
        self._recorder.fail(job_error(cause, error))
        self.nb_man.cell_exception(cell, cell_index=index)
        self.nb_man.cell_complete(cell, cell_index=index)

    def locate(self, cell: NotebookNode, ename: str, evalue: str) -> CellError:
        """The cell that failed, by its place in the source notebook."""
        states = self._recorder.execution.cells
        ids = [state.cell_id for state in states]
        place = ids.index(cell.id) if cell.id in ids else None
        shown = [out for out in cell.get("outputs", ()) if out.output_type == "error"]
        return cell_error(
            cell,
            states[place].index if place is not None else self.nb.cells.index(cell),
            None if place is None else place + 1,
            ename,
            evalue,
            shown[-1].traceback if shown else [],
        )

    def _death(self) -> tuple[Cause, str, str]:
        if n_out_of_memory() > self._n_out_of_memory and self._kernel.exit_code == -9:
            return (
                Cause.OUT_OF_MEMORY,
                "OutOfMemory",
                "the system ended the kernel for want of memory",
            )
        return Cause.KERNEL_DIED, "KernelDied", self._kernel.death()

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """Take in a message of the kernel, without secrets."""
        kind, content = msg["msg_type"], msg["content"]
        if kind != "stream":
            msg["content"] = content = self._capture.redactor.value(content)
        if kind == "display_data" and self._on_display is not None:
            self._on_display(content.get("data", {}), content.get("metadata", {}))
        output = super().process_message(msg, cell, cell_index)
        if kind == "clear_output" and not content.get("wait"):
            self._capture.clear()
        return output

    def output(self, outs: list[NotebookNode], *args: Any) -> NotebookNode | None:
        """Append an output to the cell's."""
        was_clearing = self.clear_before_next_output
        output = super().output(outs, *args)
        if was_clearing and not self.clear_before_next_output:
            self._capture.clear()
        if output is not None and outs and outs[-1] is output:
            self._capture.add(outs)
        return output  # type: ignore[no-any-return]

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> None:
        raise CellTimeout(f"The cell ran longer than {timeout} s.")

    async def _check_raise_for_error(
        self, cell: NotebookNode, cell_index: int, exec_reply: dict[str, Any] | None
    ) -> None:
        await super()._check_raise_for_error(cell, cell_index, exec_reply)
        if "raises-exception" in tags_of(cell) or self.allow_errors:
            return
        for output in cell.outputs:
            if output.output_type == "error":
                raise CellExecutionError.from_cell_and_msg(cell, output)


def _cause_of(error: CellExecutionError) -> Cause:
    return Cause.OUT_OF_MEMORY if error.ename == "MemoryError" else Cause.USER_ERROR
