"""Notebooks of other languages: a real kernel that is no Python, as R and .NET are to the workspace."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import artifacts, kernelspecs
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.notebooks import interface
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


R = {"kernelspec": {"name": "ir", "language": "R"}, "language_info": {"name": "R"}}
FIT = (
    code(
        "n <- 10  # [2..150] How many rows\nname <- 'nobody'\ndeep <- TRUE\nby <- c(1, 2)",
        "parameters",
    ),
    code(
        "fit <- lm(Sepal.Length ~ Petal.Length, data = head(iris, n))\n"
        "cat(name, n, deep, sum(by), class(fit), '\\n')\nsummary(fit)$r.squared"
    ),
    code("plot(1:n)"),
    code(
        "saveRDS(fit, 'outputs/fit.rds')\n"
        "table <- read.csv(file.path(Sys.getenv('AZUREML_SCRIPT_DIRECTORY_NAME'), 'rows.csv'))\n"
        "cat(table$b, '\\n')"
    ),
)
needs_r = pytest.mark.skipif("ir" not in KernelSpecManager().find_kernel_specs(), reason="No R.")


def r_job(room: Workroom, *cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    files = {"fit.ipynb": json.dumps(notebook(*cells, **R)).encode(), "rows.csv": b"a,b\n1,2\n"}
    return {"type": "notebook", "notebook": "fit.ipynb", "code": room.snapshot(files), **more}


@needs_r
@pytest.mark.timeout(180)
def test_a_notebook_of_r_gets_values_and_leaves_its_plot_and_model(room: Workroom) -> None:
    inputs = {"n": 25, "name": 'O\'Hara "$HOME"', "deep": False}

    ended = room.run(r_job(room, *FIT, inputs=inputs))

    assert ended.status is Status.COMPLETED, ended.error
    assert 'O\'Hara "$HOME" 25 FALSE 3 lm' in (text := printed(room, ended.name))
    assert "2 \n" in text
    execution = read_execution(room.path / "jobs" / ended.name / "1")
    assert execution
    shown = [
        kind
        for cell in execution.notebook["cells"]
        for output in cell.get("outputs", ())
        for kind in output.get("data", {})
    ]
    assert "image/png" in shown
    assert room.store.get_run(ended.name).params["n"] == "25"
    root = artifacts.root(room.store, room.store.get_run(ended.name))
    kept = [row.path for row in room.store.list_artifacts(root, recursive=True)]
    assert f"{root}/outputs/fit.rds" in kept, kept


@needs_r
@pytest.mark.timeout(180)
def test_a_cell_of_r_that_stops_is_named_with_its_reason(room: Workroom) -> None:
    ended = room.run(r_job(room, code("x <- 1"), code("stop('no such luck')")))

    assert ended.status is Status.FAILED
    assert ended.error
    assert "no such luck" in ended.error.message
    assert ended.error.cell
    assert ended.error.cell.code_index == 2


@needs_r
def test_parameters_of_r_are_a_form(room: Workroom) -> None:
    found = interface.read(notebook(*FIT, **R))

    assert {port.name: port.default for port in found.inputs} == {
        "n": 10,
        "name": "nobody",
        "deep": True,
        "by": None,
    }
