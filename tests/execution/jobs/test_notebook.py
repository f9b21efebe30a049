"""Notebook jobs in a workspace: checked, run, finished."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import Cause
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.base import JobType
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.notebooks.record import read_execution
from jupyter_mlws.testing.jobs import JobTypeSuite, Workroom
from tests.execution.notebooks.making import code, notebook, text

SECRET = "open-sesame-0815"
Maker = Callable[[Workroom], dict[str, Any]]


def send(room: Workroom, *cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A job that runs a notebook of these cells."""
    body = json.dumps(notebook(*cells, **metadata)).encode()
    return {
        "type": "notebook",
        "notebook": "train.ipynb",
        "code": room.snapshot({"train.ipynb": body}),
    }


class TestNotebookJobType(JobTypeSuite):
    @pytest.fixture
    def job_type(self) -> JobType:
        return NotebookJobType()

    @pytest.fixture
    def good_job(self) -> Maker:
        return lambda room: send(room, code("print('hello')"))

    @pytest.fixture
    def failing_job(self) -> Maker:
        return lambda room: send(room, code("1 / 0"))

    @pytest.fixture
    def bad_job(self) -> Maker:
        return lambda room: {**send(room, code("1")), "inputs": {"unknown": 1}}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workroom]:
    """A workspace that runs notebooks."""
    path = tmp_path_factory.mktemp("workspace")
    with Workroom(path, types={"notebook": NotebookJobType()}) as room:
        yield room


def problems(room: Workroom, job: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a job, by field."""
    with pytest.raises(Invalid) as refused:
        room.submit(job)
    return {problem.field: problem.message for problem in refused.value.problems}


def test_outputs_become_metrics_tags_and_files_of_the_run(room: Workroom) -> None:
    data = room.snapshot({"rows.csv": b"a\n1\n"}, is_file=True)
    job = send(
        room,
        text("# Title"),
        code('lr: float = 0.1\nname: str = "x"\nrows: "File" = None', "parameters"),
        code("print(open(rows).read())"),
        code("import pandas\nloss: float = lr * 2"),
        code(
            "loss: float = loss\nbest: str = name\ntable: 'Dataset' = pandas.read_csv(rows)",
            "outputs",
        ),
    )

    ended = room.run(
        job, inputs={"lr": 0.25, "rows": {"type": "uri_file", "path": data}, "name": "deep"}
    )

    run = room.store.get_run(ended.name)
    artifacts = room.artifacts(ended.name)
    assert ended.status is Status.COMPLETED, ended.error
    assert {p.key: p.value for p in run.metrics if not p.key.startswith("system/")} == {"loss": 0.5}
    assert run.params == {"lr": "0.25", "name": "deep"}
    assert run.tags["mlws.output.best"] == "deep"
    assert json.loads(artifacts["outputs.json"]) == {"loss": 0.5, "best": "deep"}
    assert artifacts["named-outputs/table/data.parquet"].startswith(b"PAR1")
    assert json.loads(artifacts["train.ipynb"])["cells"][2]["id"] == "injected-parameters"


def test_a_declared_output_goes_where_the_job_says(room: Workroom) -> None:
    job = send(
        room, code('import pandas\ntable: "Dataset" = pandas.DataFrame({"a": [1]})', "outputs")
    )

    ended = room.run(job, outputs={"table": {"type": "uri_file"}})

    assert ended.status is Status.COMPLETED, ended.error
    assert room.artifacts(ended.name)["named-outputs/table"].startswith(b"PAR1")


def test_the_executed_copy_and_the_states_of_its_cells_can_be_read(room: Workroom) -> None:
    ended = room.run(
        send(room, code("6 * 7", id="six"), code("1 / 0", id="bad"), code("8", id="no"))
    )

    execution = read_execution(room.folder(ended.name))

    assert execution is not None
    assert execution.name == "train.ipynb"
    assert execution.notebook["cells"][0]["outputs"][0]["data"]["text/plain"] == "42"
    assert [cell.state for cell in execution.cells] == ["done", "failed", "skipped"]


def test_a_failing_cell_is_the_error_of_the_job(room: Workroom) -> None:
    ended = room.run(send(room, code("x = 1"), code("x +\n", id="bad")))

    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error.cause is Cause.USER_ERROR
    assert ended.error.exit_code == 1
    assert ended.error.cell is not None
    assert (ended.error.cell.cell_id, ended.error.cell.line) == ("bad", 1)
    assert room.log(ended.name).splitlines()[-2].startswith(b"Cell 2 (line 1) failed: SyntaxError")


def test_a_time_out_names_the_cell_that_was_running(room: Workroom) -> None:
    ended = room.run(
        send(room, code("import threading; threading.Event().wait()", id="endless")),
        limits={"timeout": 3},
    )

    assert ended.error is not None
    assert ended.error.cause is Cause.TIMEOUT
    assert ended.error.cell is not None
    assert ended.error.cell.cell_id == "endless"
    execution = read_execution(room.folder(ended.name))
    assert execution is not None
    assert [cell.state for cell in execution.cells] == ["failed"]


def test_a_secret_is_nowhere_but_in_the_kernel(room: Workroom) -> None:
    job = send(
        room,
        code('key: "Secret" = ""', "parameters"),
        code("print(key, key[::-1]); key"),
        code("raise ValueError(key)"),
    )

    ended = room.run(job, inputs={"key": SECRET})

    assert SECRET[::-1].encode() in room.log(ended.name)
    assert ended.error is not None
    assert SECRET not in ended.model_dump_json()
    for path in (path for path in room.path.rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes(), path


def test_everything_wrong_with_the_inputs_is_told_at_once(room: Workroom) -> None:
    job = send(
        room,
        code('lr: float = 0.1  # [0..1]\nkind = "a"  # [a|b]\nrows: "Dataset"', "parameters"),
    )

    found = problems(room, {**job, "inputs": {"lr": 2, "knd": "a"}})

    assert found == {
        "inputs.lr": "must be at most 1 (got 2).",
        "inputs.knd": "the notebook has no input of this name. Did you mean 'kind'?",
        "inputs.rows": "is required (dataset).",
    }


def test_data_for_an_input_that_takes_a_value_is_refused(room: Workroom) -> None:
    job = send(room, code("lr: float = 0.1", "parameters"))
    data = room.snapshot({"rows.csv": b"a\n1\n"}, is_file=True)

    found = problems(room, {**job, "inputs": {"lr": {"type": "uri_file", "path": data}}})

    assert found == {"inputs.lr": "takes a value (number), not data."}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{not json", "it is not JSON"),
        (b"[1, 2]", "it has no 'nbformat'"),
        (b'{"nbformat": 3, "worksheets": []}', "of format 3"),
        (b'{"nbformat": 4, "cells": 7}', "not a list of cells"),
        (b"\xff\xfe", "it is not JSON"),
        (b"", "it is not JSON"),
    ],
)
def test_what_is_no_notebook_is_refused(room: Workroom, content: bytes, words: str) -> None:
    snapshot = room.snapshot({"train.ipynb": content})

    found = problems(room, {"type": "notebook", "notebook": "train.ipynb", "code": snapshot})

    assert words in found["notebook"]


@pytest.mark.parametrize("path", ["missing.ipynb", "../train.ipynb", "/etc/passwd"])
def test_a_notebook_outside_of_the_code_is_refused(room: Workroom, path: str) -> None:
    job = {**send(room, code("1")), "notebook": path}

    assert "notebook" in problems(room, job)


def test_a_language_without_a_kernel_is_refused(room: Workroom) -> None:
    job = send(
        room,
        code("x = 1", "parameters"),
        kernelspec={"name": "julia-1.10", "language": "julia"},
        language_info={"name": "julia"},
    )

    assert (
        "needs a kernel for julia ('julia-1.10'), which is not installed"
        in problems(room, job)["notebook"]
    )


def test_a_python_notebook_of_an_unknown_kernel_runs_with_a_warning(room: Workroom) -> None:
    name = room.submit(send(room, code("1"), kernelspec={"name": "my-env", "language": "python"}))

    ended = room.wait(name)

    assert ended.status is Status.COMPLETED
    assert "made with kernel 'my-env', which is not installed" in ended.warnings[0]


def test_a_job_with_variables_that_are_read_at_start_gets_a_fresh_kernel(
    room: Workroom, tmp_path: Path
) -> None:
    (tmp_path / "found_by_path.py").write_text("VALUE = 5")
    job = send(room, code("import found_by_path\nprint(found_by_path.VALUE)"))

    ended = room.run(job, environment_variables={"PYTHONPATH": str(tmp_path)})

    assert room.log(ended.name) == b"5\n"
