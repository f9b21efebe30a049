"""The AutoML wizard as a widget: asked, told what is wrong, run, and become the leaderboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest
import yaml
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets.widgets.widget import _instances as alive

import jupyter_mlws as mlws
from jupyter_mlws import Invalid, NotFound
from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.leaderboard import AlgorithmView, TaskView
from jupyter_mlws.entities.record import json_schema
from jupyter_mlws.ipython import calls
from jupyter_mlws.ipython.automl_draft import Schema
from jupyter_mlws.ipython.automl_form import AutoMLForm
from jupyter_mlws.ipython.automl_wizard import AutoMLWizard
from jupyter_mlws.ipython.controls import close_all
from jupyter_mlws.ipython.table_source import OwnTable

pytestmark = [pytest.mark.usefixtures("in_workspace"), pytest.mark.timeout(300)]

LONG_S = 200
QUICK = {
    "limits": {"max_trials": 1, "timeout_minutes": 5},
    "validation_data_size": 0.25,
    "training": {
        "allowed_training_algorithms": ["ElasticNet"],
        "enable_vote_ensemble": False,
        "enable_stack_ensemble": False,
        "enable_model_explainability": False,
    },
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Amounts, classes, an id, a column of one value, one that is mostly missing, and bad manners."""
    n = np.arange(100)
    return pd.DataFrame(
        {
            "id": [f"p{i}" for i in n],
            "age": n / 2.0,
            "paid": 3.0 * n + np.sin(n),
            "<b>town": np.where(n % 4 == 0, "Rome", "Oslo"),
            "ship": "Titanic",
            "cabin": [*["C1"] * 10, *[None] * 90],
        }
    )


@pytest.fixture
def wizard(table: pd.DataFrame) -> Iterator[AutoMLWizard]:
    made = mlws.automl_wizard(table)
    assert made.wait(LONG_S)
    yield made
    made.close()


def parts(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(w for child in getattr(widget, "children", ()) for w in parts(child))]


def control(wizard: widgets.Widget, label: str) -> Any:
    return next(w for w in parts(wizard) if getattr(w, "description", "") == label)


def html(wizard: AutoMLWizard) -> str:
    shown = (w for w in parts(wizard) if isinstance(w, widgets.HTML))
    return "".join(w.value for w in shown if w.layout.display != "none")


def test_the_target_proposes_the_task_and_what_is_striking_is_told(wizard: AutoMLWizard) -> None:
    run = control(wizard, "Run")
    assert run.disabled
    assert "Choose the column that is to be predicted." in html(wizard)
    for hint in ("looks like an id", "one value", "mostly missing"):
        assert hint in html(wizard)
    assert "&lt;b&gt;town" in html(wizard)
    assert "<b>town" not in html(wizard)

    control(wizard, "Predict").value = "paid"

    assert not run.disabled
    assert control(wizard, "Task").value == "regression"
    assert "paid is a number with 100 values" in html(wizard)
    assert "How the values are spread" in html(wizard)
    view = next(v for v in calls.client().automl.list_tasks() if v.task == "regression")
    assert list(control(wizard, "Primary metric").options) == view.metrics
    assert {a.label for a in view.algorithms} <= {
        w.description for w in parts(wizard) if isinstance(w, widgets.Checkbox)
    }

    control(wizard, "Predict").value = "<b>town"

    assert control(wizard, "Task").value == "classification"
    assert wizard.spec["primary_metric"] == "AUC_weighted"
    assert "How often each class is there" in html(wizard)
    assert "75 %" in html(wizard)


def test_what_is_wrong_is_told_at_its_field_and_blocks_the_button(wizard: AutoMLWizard) -> None:
    run = control(wizard, "Run")
    control(wizard, "Predict").value = "ship"
    assert "one value only: there is nothing to predict" in html(wizard)
    assert run.disabled

    control(wizard, "Predict").value = "paid"
    assert "nothing to predict" not in html(wizard)
    minutes, trials = control(wizard, "Minutes"), control(wizard, "Trials")
    assert minutes.placeholder == "1 …", "of the job's schema"
    minutes.value, trials.value = "0", "many"
    control(wizard, "Validation").value = "folds"
    control(wizard, "Folds").value = "1"

    assert run.disabled
    told = [w.value for w in parts(wizard) if isinstance(w, widgets.HTML) and "alert" in w.value]
    assert len(told) == 3
    assert "equal to 1 (got 0)" in told[1]

    minutes.value, trials.value = "5", ""
    control(wizard, "Folds").value = "3"
    assert not run.disabled
    assert wizard.spec["limits"] == {"timeout_minutes": 5, "max_concurrent_trials": 1}
    assert wizard.spec["n_cross_validations"] == 3
    for box in [w for w in parts(wizard) if isinstance(w, widgets.Checkbox)]:
        box.value = False
    assert "Choose at least one algorithm." in html(wizard)
    assert run.disabled


def test_a_column_is_taken_for_what_is_said(wizard: AutoMLWizard) -> None:
    control(wizard, "Predict").value = "paid"

    control(wizard, "Column").value = "id"
    control(wizard, "Taken for").value = "Ignore"
    control(wizard, "Column").value = "age"

    assert control(wizard, "Taken for").value == ""
    assert "Left out" in html(wizard)
    assert wizard.spec["featurization"] == {
        "mode": "custom",
        "column_name_and_types": {"id": "Ignore"},
    }
    control(wizard, "Column").value = "id"
    assert control(wizard, "Taken for").value == "Ignore"
    control(wizard, "Taken for").value = ""
    assert "featurization" not in wizard.spec


def test_its_yaml_and_its_python_are_the_job(
    table: pd.DataFrame, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.user_ns["passengers"] = table
    wizard = mlws.automl_wizard(table, "paid", experiment_name="towns", **QUICK)
    assert wizard.wait(LONG_S)
    assert control(wizard, "Kept as").value == "passengers"

    next(w for w in parts(wizard) if isinstance(w, widgets.ToggleButtons)).value = "Python"

    assert "set_limits(" in html(wizard)
    document = yaml.safe_load(wizard.yaml)
    assert document.pop("$schema").endswith("autoMLJob.schema.json")
    assert document == wizard.spec
    assert document["training_data"] == {"type": "uri_file", "path": "azureml:passengers@latest"}
    assert document["training"]["allowed_training_algorithms"] == ["elastic_net"]
    assert document["experiment_name"] == "towns"
    said = wizard.python.partition("job = MLClient()")[0]
    names: dict[str, Any] = {"passengers": table}
    exec(said, names)
    made = names["job"].model_dump(exclude_unset=True, mode="json")
    assert made["training_data"] == {"type": "uri_file", "path": "azureml:passengers:1"}
    for name in ("target_column_name", "limits", "training", "validation_data_size"):
        assert made[name] == document[name]
    wizard.close()


def test_the_table_is_kept_on_run_alone_and_the_leaderboard_takes_the_place(
    table: pd.DataFrame,
) -> None:
    widgets_before, threads_before = len(alive), threading.active_count()
    wizard = mlws.automl_wizard(table, "paid", display_name="what they pay", **QUICK)
    assert wizard.wait(LONG_S)
    control(wizard, "Kept as").value = "payers"
    assert not [asset for asset in calls.client().data.list() if asset.name == "payers"]
    assert "AutoML of payers: paid" in repr(wizard)
    assert "<table" in wizard._repr_mimebundle_()["text/html"]

    control(wizard, "Run").click()
    assert wizard.wait(LONG_S)

    assert wizard.board is not None, html(wizard)
    assert list(wizard.children) == [wizard.board]
    assert wizard.board.wait(LONG_S)
    assert wizard.job is not None
    job: Any = wizard.job.job
    assert (job.status.value, job.display_name) == ("Completed", "what they pay")
    assert job.training_data["path"] == "azureml:payers:1"
    assert wizard.board.best is not None
    assert "ElasticNet" in wizard._repr_mimebundle_()["text/html"]
    wizard.close()
    assert (len(alive), threading.active_count()) == (widgets_before, threads_before)


def test_what_the_workspace_refuses_is_told_at_the_field(wizard: AutoMLWizard) -> None:
    control(wizard, "Predict").value = "paid"
    control(wizard, "Kept as").value = "no name!"

    assert wizard.run() is None

    assert wizard.board is None
    assert "alert" in html(wizard)
    assert not control(wizard, "Run").disabled
    assert control(wizard, "Run").description == "Run"


def test_data_of_the_workspace_and_files_are_asked_about_too(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    kept = mlws.register_data("crew", table)
    table.to_csv(tmp_path / "crew members.csv", index=False)

    by_name = mlws.automl_wizard("crew@latest", "paid")
    by_path = mlws.automl_wizard(tmp_path / "crew members.csv", "age")

    assert by_name.wait(LONG_S)
    assert by_path.wait(LONG_S)
    assert by_name.spec["training_data"] == {
        "type": "uri_file",
        "path": f"azureml:crew:{kept.version}",
    }
    assert by_path.spec["training_data"]["path"] == "azureml:training_data@latest"
    assert by_path.spec["task"] == "regression"
    by_name.close()
    by_path.close()


def test_a_task_is_asked_what_the_schema_has_for_it_alone() -> None:
    days = pd.date_range("2024-01-01", periods=60)
    table = OwnTable(pd.DataFrame({"n": range(60), "shop": ["a", "b"] * 30, "day": days}))
    algorithm = AlgorithmView(name="naive", label="Naive")
    task = TaskView(
        task="forecasting", metrics=["r2_score"], algorithms=[algorithm], column_types=["Numeric"]
    )
    said = {"forecast_horizon": 7, "time_series_id_column_names": ["shop"]}
    settings = {"forecasting": said, "task": "forecasting"}
    schema = Schema(json_schema(AutoMLJob))
    form = AutoMLForm(table, {"forecasting": task}, schema, "n", settings, lambda: None)
    profile = table.analysis().profile
    assert profile is not None

    form.fill(profile)
    form.draw()

    assert form.document["forecasting"] == {
        "time_column_name": "day",
        **said,
        "time_series_id_column_names": "shop",
    }
    control(form, "Forecast horizon").value = "0"
    assert "forecasting.forecast_horizon" in {problem.field for problem in form.problems()}
    assert form.tell(list(form.problems())) == ""
    close_all([form])


def test_what_cannot_be_asked_about_is_told(table: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        mlws.automl_wizard("nothing-of-this-name")
    with pytest.raises(Invalid, match="there is nothing at"):
        mlws.automl_wizard(tmp_path / "missing.csv")
    with pytest.raises(Invalid, match="is a DataFrame"):
        mlws.automl_wizard(3)
    with pytest.raises(Invalid, match=r"unknown key 'limit'\. Did you mean 'limits'"):
        mlws.automl_wizard(table, limit={})
    with pytest.raises(Invalid, match="is what the wizard is about"):
        mlws.automl_wizard(table, training_data="azureml:other:1")
    with pytest.raises(Invalid, match="is not done here"):
        mlws.automl_wizard(table, task="text_ner")
    with pytest.raises(Invalid, match=r"there is no 'acuracy' here\. Did you mean 'accuracy'"):
        mlws.automl_wizard(table, primary_metric="acuracy")
    with pytest.raises(Invalid, match="there is no 'prophet' here"):
        mlws.automl_wizard(table, training={"blocked_training_algorithms": ["prophet"]})
    wizard = mlws.automl_wizard(table, "payed")
    assert wizard.wait(LONG_S)
    assert "there is no column &#x27;payed&#x27;. Did you mean" in html(wizard)
    wizard.close()
    (tmp_path / "image.bin").write_bytes(b"\0")
    broken = mlws.automl_wizard(tmp_path / "image.bin")
    assert broken.wait(LONG_S)
    assert "There is no table in it" in html(broken)
    broken.close()
