"""What a notebook asks of its workspace."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pandas as pd
import pytest

import jupyter_mlws as mlws
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.ipython.calls import client
from jupyter_mlws.ipython.display import JobCard

pytestmark = pytest.mark.usefixtures("in_workspace")


@pytest.fixture(scope="module")
def job(in_workspace: Path, train: Path) -> JobCard:
    """A job that has completed."""
    return mlws.job(train, {"lr": 0.125, "columns": "[x, y]"}, wait=True)


def test_a_job_is_waited_for_and_carries_what_it_logged(job: JobCard) -> None:
    assert job.state["status"] == "Completed"
    assert job.state["metrics"]["loss"] == 0.375
    given = {"lr": "0.125", "columns": '["x", "y"]'}
    of_the_notebook = {"kind": "rf", "epochs": "3", "shuffle": "true"}
    assert job.state["params"] == given | of_the_notebook


def test_an_unknown_input_starts_nothing(job: JobCard, train: Path) -> None:
    before = len(mlws.runs())

    with pytest.raises(Invalid, match=r"no input of this name\. Did you mean 'epochs'"):
        mlws.job(train, {"epoch": 1})

    assert len(mlws.runs()) == before


def test_runs_are_a_frame(job: JobCard) -> None:
    found = mlws.runs("metrics.loss = 0.375")

    assert isinstance(found, pd.DataFrame)
    assert list(found["run_id"]) == [job.id]
    assert found["metrics.loss"].mean() == 0.375
    assert found.loc[0, "params.lr"] == "0.125"
    assert found.loc[0, "started_at"] < pd.Timestamp.now(tz="UTC")


def test_runs_of_many_pages_are_one_frame() -> None:
    n_runs = 1001  # a page has 1,000
    tracking = mlflow.MlflowClient()
    for number in range(n_runs):
        tracking.create_run("0", start_time=number, tags={"paged": "yes"})

    paged = "tags.paged = 'yes'"

    assert mlws.runs(paged, max_results=5000)["run_id"].nunique() == n_runs
    assert len(mlws.runs(paged)) == 1000
    assert len(mlws.runs(paged, max_results=3)) == 3
    with pytest.raises(Invalid, match="max_results"):
        mlws.runs(paged, max_results=0)


def test_a_card_is_opened_by_id(job: JobCard) -> None:
    assert mlws.open_("run", job.id).state["metrics"]["loss"] == 0.375
    assert mlws.open_("job", job.name).state["kind"] == "job"


def test_what_is_not_there_is_said(job: JobCard) -> None:
    with pytest.raises(NotFound):
        mlws.open_("run", "0" * 32)
    with pytest.raises(Invalid, match="say 'run' or 'job'"):
        mlws.open_("model", "x")


def test_numbers_are_logged_as_metrics_and_words_as_params() -> None:
    import numpy as np

    with mlflow.start_run() as active:
        mlws.log(loss=np.float32(0.5), n=3, kind="rf", fast=True)
        mlws.log(step=2, loss=0.25)

    state = mlws.open_("run", active.info.run_id).state
    assert state["metrics"] == {"loss": 0.25, "n": 3.0}
    assert state["params"] == {"kind": "rf", "fast": "True"}


def test_an_output_outside_of_a_job_is_just_its_value() -> None:
    value = object()

    assert mlws.output("model", value) is value


def test_numbers_are_logged_where_the_workspace_is_and_nothing_else_was_said(
    in_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.delenv(name)
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]

    mlws.log(here=0.5)
    active = mlflow.active_run()
    mlflow.end_run()

    assert active is not None
    assert client().runs.get(active.info.run_id).metrics == {"here": 0.5}
