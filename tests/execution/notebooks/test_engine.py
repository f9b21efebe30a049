"""Our engine under plain papermill, and with kernels that are not Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from jupyter_mlws.execution.notebooks.plan import Plan
from tests.execution.notebooks.making import RUNNER, Ended, code, notebook

TOY_KERNEL = '''
import os
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Toy(Kernel):
    """Repeats what it is told; `fail` fails."""

    implementation, implementation_version, banner = "toy", "1", "toy"
    language_info = {"name": "bash", "mimetype": "text/plain", "file_extension": ".txt"}

    async def do_execute(self, code, silent, store_history=True, user_expressions=None, **more):
        text = f"{code}\\n{os.getcwd()} {os.environ.get('EXTRA')}\\n"
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": text})
        if code == "fail":
            failure = {"ename": "Toy", "evalue": "told to", "traceback": []}
            return {"status": "error", "execution_count": self.execution_count, **failure}
        return {"status": "ok", "execution_count": self.execution_count, "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Toy)
'''


def papermill_run(tmp_path: Path, *cells: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """Execute with `papermill --engine mlws`, as a script would; answers the executed copy."""
    source, target = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    spec = {"name": "python3", "language": "python", "display_name": "Python"}
    info = {"name": "python"}
    source.write_text(json.dumps(notebook(*cells, kernelspec=spec, language_info=info)))
    try:
        papermill.execute_notebook(
            source, target, parameters, engine_name="mlws", progress_bar=False
        )
    finally:
        executed: dict[str, Any] = json.loads(target.read_text())
    return executed


def test_papermill_finds_the_engine_and_runs_on_it(tmp_path: Path) -> None:
    executed = papermill_run(
        tmp_path,
        code("x = 1", "parameters", id="p"),
        code("raise SystemError", "skip-in-run", id="skipped"),
        code("x * 2", id="twice"),
        x=21,
    )

    cells = {cell["id"]: cell for cell in executed["cells"]}
    assert cells["twice"]["outputs"][0]["data"]["text/plain"] == ["42"]
    assert cells["twice"]["metadata"]["papermill"]["status"] == "completed"
    assert cells["skipped"]["outputs"] == []


def test_under_papermill_a_failure_is_papermills_own(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        papermill_run(tmp_path, code("1 / 0"))


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed kernel of another language."""
    folder = tmp_path / "jupyter" / "kernels" / "toy"
    folder.mkdir(parents=True)
    (folder / "toy.py").write_text(TOY_KERNEL)
    argv = [sys.executable, str(folder / "toy.py"), "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Toy", "language": "bash"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return "toy"


@pytest.mark.parametrize(("last", "exit_code"), [("echo done", 0), ("fail", 1)])
def test_a_kernel_of_another_language_runs_with_values_folder_and_environment(
    tmp_path: Path, toy: str, last: str, exit_code: int
) -> None:
    folder = tmp_path / "attempt"
    (folder / "work").mkdir(parents=True)
    cells = (code("x=1", "parameters", id="p"), code(last, id="last"))
    (folder / "work" / "run.ipynb").write_text(json.dumps(notebook(*cells)))
    plan = Plan(
        notebook="run.ipynb", cwd=folder / "work", parameters={"x": 5}, env={"EXTRA": "yes"}
    )
    plan.env["JUPYTER_PATH"] = str(tmp_path / "jupyter")
    plan.put(folder)

    done = subprocess.run(
        [*RUNNER[:-1], toy, "--folder", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )

    ended = Ended(folder, done.returncode, done.stdout)
    assert ended.exit_code == exit_code, ended.log
    assert ended.printed("injected-parameters").startswith("# Parameters\nx=5\n")
    assert ended.printed("last") == f"{last}\n{folder / 'work'} yes\n"
    if exit_code:
        assert ended.record.error is not None
        assert ended.record.error.message == "Cell 2 failed: Toy: told to"
