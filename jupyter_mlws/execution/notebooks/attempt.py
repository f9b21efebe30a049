"""One execution of a notebook: from a kernel and a plan to a record and an exit code."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4.rwbase import rejoin_lines

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.job import Cause, JobError
from jupyter_mlws.execution.notebooks.capture import Capture
from jupyter_mlws.execution.notebooks.engine import MlwsEngine
from jupyter_mlws.execution.notebooks.failures import cell_error, job_error, lines_of
from jupyter_mlws.execution.notebooks.injection import inject
from jupyter_mlws.execution.notebooks.interface import OUTPUTS, parse, tags_of
from jupyter_mlws.execution.notebooks.kernels import Kernel, StartTimeout
from jupyter_mlws.execution.notebooks.outputs import FAREWELL, Outputs, Setup
from jupyter_mlws.execution.notebooks.plan import Plan
from jupyter_mlws.execution.notebooks.record import FILE, Execution, Recorder, executed, states
from jupyter_mlws.execution.notebooks.redaction import Redactor

EXIT_CODES = {
    None: 0,
    Cause.USER_ERROR: 1,
    Cause.PREPARATION: 2,
    Cause.KERNEL_DIED: 3,
    Cause.START_TIMEOUT: 4,
    Cause.CELL_TIMEOUT: 5,
    Cause.MISSING_OUTPUT: 6,
    Cause.WRONG_TYPE: 6,
    Cause.OUTPUT_LOST: 7,
    Cause.OUT_OF_MEMORY: 8,
}
"""What the process ends with, by the cause of the failure."""


class Attempt:
    """One execution of a notebook on one kernel."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        content = (plan.cwd / plan.notebook).read_bytes()
        self._notebook = rejoin_lines(nbformat.from_dict(parse(content, plan.notebook)))
        self._notebook.nbformat_minor = max(5, self._notebook.get("nbformat_minor", 0))
        name = Path(plan.notebook).name
        self._copy = executed(folder, name)
        self._copy.parent.mkdir(mode=0o700, exist_ok=True)
        self._redactor = Redactor([*plan.secrets.values(), *plan.hidden])
        self._recorder = Recorder(
            Execution(
                name=name,
                path=str(self._copy),
                cells=states(self._notebook),
                parameters={**plan.defaults, **plan.parameters},
            ),
            folder / FILE,
        )

    def run(self, kernel: Kernel) -> JobError | None:
        """Execute all cells; answers why the notebook failed."""
        self._outputs = Outputs(kernel, self._folder, self._plan.outputs, self._recorder)
        self._collected = False
        try:
            self._prepare(kernel)
            MlwsEngine.execute_notebook(
                self._notebook,
                kernel.name,
                str(self._copy),
                progress_bar=False,
                execution_timeout=self._plan.cell_timeout_s,
                kernel=kernel,
                recorder=self._recorder,
                capture=Capture(self._redactor, write_log, self._folder / "cell-outputs"),
                after_cell=self._after_cell,
                on_display=self._outputs.take_display,
            )
            if self._recorder.error is None and not self._collected:
                self._collect(self._outputs_cell())
        except (DeadKernelError, CellTimeoutError) as error:
            message = f"The kernel ended: {error}."
            self._recorder.fail(JobError(cause=Cause.KERNEL_DIED, message=message))
            kernel.is_stuck = True
        except MlwsError as error:
            self._recorder.fail(JobError(cause=Cause.PREPARATION, message=error.message))
        except SystemExit:
            kernel.is_stuck = True
            raise
        self._outputs.write()
        return self._recorder.error

    def fail(self, error: JobError) -> None:
        """Note that nothing could be executed."""
        self._recorder.fail(error)

    def finish(self) -> None:
        """Nothing more will be written."""
        self._recorder.finish()

    def _prepare(self, kernel: Kernel) -> None:
        plan = self._plan
        language = str(kernel.language_info.get("name", "python"))
        self._notebook.metadata.setdefault("papermill", {}).update(
            parameters=plan.parameters, input_path=plan.notebook, output_path=self._copy.name
        )
        for cell in self._notebook.cells:
            cell.metadata.setdefault("tags", [])
            cell.metadata.setdefault("papermill", {})
        inject(
            self._notebook,
            plan.parameters,
            language=language,
            kernel=kernel.name,
            types=plan.types,
            secrets=plan.secrets,
        )
        for cell in self._notebook.cells:
            cell.metadata.setdefault("papermill", {})
        if kernel.is_python:
            env = plan.kernel_env
            setup = Setup(
                folder=self._folder,
                cwd=plan.kernel_cwd,
                env=env,
                unset=[name for name in os.environ if name not in env],
                ports=plan.outputs,
                targets=plan.targets,
            )
            kernel.run_silently(setup.code)
            kernel.farewell = FAREWELL

    def _after_cell(self, cell: Any) -> None:
        if OUTPUTS in tags_of(cell) and not self._collected:
            self._collect(cell)

    def _collect(self, cell: Any) -> None:
        """Gather the outputs; one that falls short fails the notebook at its `outputs` cell."""
        self._collected = True
        short = self._outputs.collect()
        if not short:
            return
        first, message = short[0], " ".join(item.message for item in short)
        if cell is None:
            self._recorder.fail(JobError(cause=first.cause, message=f"The {message}"))
            return
        ids = [state.cell_id for state in self._recorder.execution.cells]
        place = ids.index(cell.id)
        index = self._recorder.execution.cells[place].index
        ename = "MissingOutput" if first.cause is Cause.MISSING_OUTPUT else "WrongType"
        error = cell_error(cell, index, place + 1, ename, message, [])
        self._recorder.fail(job_error(first.cause, error))
        self._recorder.end(cell.id, "failed")

    def _outputs_cell(self) -> Any:
        return next((cell for cell in self._notebook.cells if OUTPUTS in tags_of(cell)), None)


def write_log(text: str) -> None:
    """Append to the job's log, which is this process's standard output."""
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def warm_up() -> None:
    """Do what the first cell of this process would otherwise wait for."""
    for name in ("client", "live"):
        import_module(f"jupyter_mlws.execution.notebooks.{name}")
    nbformat.v4.new_code_cell("")


def stand_by(name: str) -> int:
    """Start the kernel, then learn what for."""
    kernel, failure = _start(name)
    try:
        line = sys.stdin.readline().strip()
        if not line:
            return 0
        folder = Path(line)
        if kernel is not None and not kernel.is_alive:
            kernel.close()
            kernel, failure = _start(name)
        return _execute(folder, Plan.take(folder), kernel, failure)
    finally:
        if kernel is not None:
            kernel.close()


def run_in(folder: Path, name: str) -> int:
    """Start the kernel in the job's own environment and folder."""
    plan = Plan.take(folder)
    kernel, failure = _start(name, plan)
    try:
        return _execute(folder, plan, kernel, failure)
    finally:
        if kernel is not None:
            kernel.close()


def _start(name: str, plan: Plan | None = None) -> tuple[Kernel | None, JobError | None]:
    try:
        if plan is None:
            return Kernel.start(name, meanwhile=warm_up), None
        env, cwd = plan.kernel_env, plan.kernel_cwd
        return Kernel.start(name, env=env, cwd=cwd, meanwhile=warm_up), None
    except StartTimeout as error:
        return None, JobError(cause=Cause.START_TIMEOUT, message=error.message)
    except MlwsError as error:
        return None, JobError(cause=Cause.PREPARATION, message=error.message)


def _execute(folder: Path, plan: Plan, kernel: Kernel | None, failure: JobError | None) -> int:
    try:
        attempt = Attempt(folder, plan)
    except (MlwsError, OSError) as error:
        write_log(f"{error}\n")
        return EXIT_CODES[Cause.PREPARATION]
    if kernel is None:
        failure = failure or JobError(cause=Cause.KERNEL_DIED, message="There is no kernel.")
        attempt.fail(failure)
    else:
        failure = attempt.run(kernel)
    if failure is not None:
        write_log(lines_of(failure))
    attempt.finish()
    return EXIT_CODES.get(failure.cause if failure else None, 1)
