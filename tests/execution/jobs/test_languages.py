"""Notebooks of other languages: a real kernel that is no Python, as R and .NET are to the workspace."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import kernelspecs
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.notebooks.record import read_execution
from jupyter_mlws.testing.jobs import Workroom
from tests.execution.notebooks.making import code, notebook

BASH = {"kernelspec": {"name": "shell", "language": "bash"}, "language_info": {"name": "bash"}}
CELLS = (
    code("rate=0.1\nname=nobody", "parameters"),
    code('echo "rate is $rate, name is $name"'),
    code('echo "$name" > outputs/said.txt; cat "$AZUREML_SCRIPT_DIRECTORY_NAME/rows.csv"'),
)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workroom]:
    """A workspace on a machine that has a kernel for bash, named `shell`."""
    folder = tmp_path / "jupyter" / "kernels" / "shell"
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"],
        "display_name": "Bash",
        "language": "bash",
        "env": {"PS1": "$"},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    types = {"notebook": NotebookJobType()}
    with Workroom(tmp_path / "workspace", types=types) as room:
        yield room


def job(room: Workroom, *cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A job that runs a notebook of bash."""
    files = {
        "shell.ipynb": json.dumps(notebook(*cells, **BASH)).encode(),
        "rows.csv": b"a,b\n1,2\n",
    }
    return {"type": "notebook", "notebook": "shell.ipynb", "code": room.snapshot(files), **more}


def printed(room: Workroom, name: str) -> str:
    """All that the executed copy's cells printed."""
    execution = read_execution(room.path / "jobs" / name / "1")
    assert execution
    cells = execution.notebook["cells"]
    return "".join(
        "".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", ())
    )


def test_an_installed_kernel_of_any_language_is_an_environment(room: Workroom) -> None:
    found = {choice.name: choice for choice in kernelspecs.installed()}

    assert (found["shell"].language, found["shell"].display_name) == ("bash", "Bash")
    runtime = kernelspecs.find("shell")
    assert runtime
    assert not runtime.is_python


@pytest.mark.parametrize("environment", [None, "shell"])
def test_its_notebooks_get_values_and_leave_files(room: Workroom, environment: str | None) -> None:
    said = {"environment": environment} if environment else {}
    inputs = {"rate": 0.5, "name": "O'Hara $HOME"}

    ended = room.run(job(room, *CELLS, inputs=inputs, **said))

    assert ended.status is Status.COMPLETED, ended.error
    text = printed(room, ended.name)
    assert "rate is 0.5, name is O'Hara $HOME" in text
    assert "a,b" in text
    run = room.store.get_run(ended.name)
    assert run.params["rate"] == "0.5"


def test_a_cell_that_fails_is_named(room: Workroom) -> None:
    ended = room.run(job(room, code("echo before"), code("cat /no/such/file")))

    assert ended.status is Status.FAILED
    assert ended.error
    assert ended.error.cell
    assert ended.error.cell.code_index == 2
