"""Our papermill engine: `papermill --engine mlws`, and what notebook jobs run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from jupyter_mlws.execution.notebooks.interface import with_ids
from jupyter_mlws.execution.notebooks.record import Execution, Recorder, states

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from jupyter_mlws.execution.notebooks.capture import Capture
    from jupyter_mlws.execution.notebooks.kernels import Kernel


class MlwsEngine:
    """Runs a notebook on a kernel that is handed over, or on one of its own.

    It imports nothing of papermill until it runs: papermill loads all engines while it is being imported.

    On its own, as `papermill --engine mlws`, it differs from papermill's engine in what it writes (whole
    files, swapped, at most once a second and at the end of a cell), keeps errors of cells tagged
    `raises-exception` from ending the notebook, skips cells tagged `skip-in-run`, and limits outputs.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = True,
        log_output: bool = False,
        *,
        input_path: str | None = None,
        start_timeout: float = 60,
        execution_timeout: int | None = None,
        stdout_file: TextIO | None = None,
        stderr_file: TextIO | None = None,
        autosave_cell_every: float = 1.0,
        kernel: Kernel | None = None,
        recorder: Recorder | None = None,
        capture: Capture | None = None,
        after_cell: Callable[[NotebookNode], None] | None = None,
        on_display: Callable[[dict[str, Any], dict[str, Any]], None] | None = None,
    ) -> NotebookNode:
        """Run `nb` in place.

        Args:
            input_path: where papermill read the notebook; named in the record only.
            start_timeout: seconds to wait for a kernel of its own.
            execution_timeout: seconds that one cell may take.
            autosave_cell_every: seconds between two writings within a cell; 0 for none.
            kernel: connected, not closed here; one of its own is started and ended when absent.
            recorder: keeps the states of the cells and the failure.
            capture: takes what cells print and show.
            after_cell: called when a cell has ended well.
            on_display: called with data and metadata of all that cells display.
        Raises:
            DeadKernelError: the kernel ended.
            CellTimeoutError: a cell took too long, or its outputs were lost.
        """
        import nbformat

        from jupyter_mlws.execution.notebooks.capture import Capture
        from jupyter_mlws.execution.notebooks.client import CellClient
        from jupyter_mlws.execution.notebooks.kernels import Kernel
        from jupyter_mlws.execution.notebooks.live import LiveNotebook
        from jupyter_mlws.execution.notebooks.redaction import Redactor

        nb.cells = nbformat.from_dict(with_ids(nb)["cells"])
        capture = capture or Capture(Redactor(), lambda text: None)
        name = Path(input_path or "notebook.ipynb").name
        recorder = recorder or Recorder(
            Execution(name=name, path=output_path or "", cells=states(nb))
        )
        live = LiveNotebook(
            nb,
            output_path,
            capture,
            progress_bar=progress_bar,
            interval_s=autosave_cell_every,
        )
        live.notebook_start()
        own = None if kernel is not None else Kernel.start(kernel_name, timeout_s=start_timeout)
        client = CellClient(
            live,
            kernel or own,  # type: ignore[arg-type]
            recorder,
            capture,
            after_cell=after_cell,
            on_display=on_display,
            timeout=execution_timeout,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
        )
        try:
            client.execute()
        finally:
            if own is not None:
                own.close()
            live.cleanup_pbar()
            live.notebook_complete()
        return live.nb  # type: ignore[no-any-return]

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """Name of the kernel that the notebook asks for, unless another is wanted."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        """Language of the notebook, unless another is wanted."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))
