"""The cell magic `%%mlws`: a job in YAML, with tables of the notebook as its data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import jupyter_mlws as mlws
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution.logs import STANDARD
from jupyter_mlws.ipython import calls
from jupyter_mlws.ipython.display import JobCard

pytestmark = pytest.mark.usefixtures("in_workspace")

AUTOML = """\
task: regression
target_column_name: y
limits: {max_trials: 1, timeout_minutes: 5}
validation_data_size: 0.25
training:
  allowed_training_algorithms: [elastic_net]
  enable_vote_ensemble: false
  enable_stack_ensemble: false
  enable_model_explainability: false
"""
JOB = """\
type: command
command: wc -c < ${{inputs.rows}}; echo ${{inputs.word}}
inputs: {word: hello}
"""


@pytest.fixture
def table() -> pd.DataFrame:
    x = np.arange(80.0)
    return pd.DataFrame({"x": x, "y": 2 * x + np.sin(x)})


def magic(shell: InteractiveShell, line: str, cell: str) -> Any:
    return shell.run_cell_magic("mlws", line, cell)  # type: ignore[no-untyped-call]


@pytest.mark.timeout(300)
def test_a_table_of_the_notebook_is_what_automl_learns_from(
    shell: InteractiveShell, table: pd.DataFrame
) -> None:
    shell.user_ns["df"] = table

    card = magic(shell, "automl -d training_data=df --experiment cells --wait", AUTOML)

    assert isinstance(card, JobCard)
    assert card.state["status"] == "Completed"
    board = calls.client().automl.get(card.name)
    assert board.trials[0].value is not None
    job = calls.client().jobs.get(card.name)
    assert (job.type, job.experiment_name) == ("automl", "cells")


def test_a_job_of_any_type_is_run_with_variables_and_tables(
    shell: InteractiveShell, table: pd.DataFrame
) -> None:
    shell.user_ns |= {"df": table, "greeting": "good morning"}

    first = magic(shell, "job -d rows=df -p word=greeting --wait", JOB)
    second = magic(shell, "job -d rows=df --wait", JOB)

    log = calls.client().call("jobs.read_log", name=first.name, path=STANDARD)
    assert "good morning" in log.text
    paths = [card.refresh().job.inputs["rows"]["path"] for card in (first, second)]
    assert paths == ["azureml:rows:1", "azureml:rows:2"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("automl -d training_data=nothing", "no DataFrame 'nothing'"),
        ("automl -d training_data", "no assignment"),
        ("forecast", "invalid choice"),
        ("automl --check", "training_data"),
    ],
)
def test_what_is_wrong_is_told_and_starts_nothing(
    shell: InteractiveShell, line: str, message: str
) -> None:
    before = len(list(calls.client().jobs.list(max_results=1000)))

    with pytest.raises(UsageError, match=message):
        magic(shell, line, AUTOML)

    assert len(list(calls.client().jobs.list(max_results=1000))) == before


def test_a_table_comes_back_as_it_was(table: pd.DataFrame) -> None:
    first = mlws.register_data("kept", table, description="from a test")
    other = mlws.register_data("kept", table.head(3))

    assert (first.version, other.version) == ("1", "2")
    pd.testing.assert_frame_equal(mlws.data("kept:1"), table)


def test_files_are_kept_too_and_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")

    file = mlws.register_data("file", tmp_path / "rows.csv")
    folder = mlws.register_data("folder", tmp_path)

    assert (file.type, folder.type) == ("uri_file", "uri_folder")
    with pytest.raises(Invalid, match="Parquet"):
        mlws.register_data("odd", pd.DataFrame({"x": [1, "a", object()]}))
