"""AutoML jobs from a file to a model, in a real workspace."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jupyter_mlws.automl import classification, regression
from jupyter_mlws.entities.errors import Conflict
from jupyter_mlws.entities.job import Input, Job, NotebookJob
from jupyter_mlws.entities.run import Status
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.jobs import load_job

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 500
JOB = """\
$schema: https://azuremlschemas.azureedge.net/latest/autoMLJob.schema.json
type: automl
task: classification
primary_metric: AUC_weighted
target_column_name: survived
training_data: {type: uri_file, path: passengers.csv}
n_cross_validations: 3
test_data_size: 0.2
limits: {max_trials: 2, max_concurrent_trials: 2}
featurization:
  mode: custom
  blocked_transformers: [WordEmbedding, OneHotEncoder]
  transformer_params:
    imputer:
      - fields: [town]
        parameters: {strategy: most_frequent}
training:
  allowed_training_algorithms: [LogisticRegression, light_gbm]
  stack_ensemble_settings:
    stack_meta_learner_type: LogisticRegressionCV
    stack_meta_learner_kwargs: {cv: 4}
"""
PREDICT = """
import sys
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
row = {name: [None] for name in model.metadata.get_input_schema().input_names()}
table = pd.DataFrame({**row, "age": [float("nan")], "town": ["Atlantis"], "boarded": ["?"]})
table = table.astype({"fare": float, "paid": float})[sorted(table.columns, reverse=True)]
print(*model.predict(table))
"""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def leaderboard(client: MLClient, job: Job) -> dict[str, Job]:
    return {
        child.display_name or "": child
        for child in client.jobs.list(parent_job_name=job.name)
        if "mlws.automl.trial" in child.properties
    }


def left(client: MLClient, name: str) -> set[str]:
    """Names of a run's files."""
    return {file.path for file in client.runs.list_artifacts(run_id=name)}


def test_a_file_leads_to_a_leaderboard_an_ensemble_and_a_model(
    client: MLClient, passengers: Path, tmp_path: Path
) -> None:
    (tmp_path / "job.yml").write_text(JOB)

    job = client.jobs.create_or_update(load_job(tmp_path / "job.yml"))
    job = client.jobs.wait(job.name, timeout_s=PATIENCE_S)

    assert job.status is Status.COMPLETED, job.error
    trials = leaderboard(client, job)
    single, joined = {"LogisticRegression", "LightGBM"}, {"VotingEnsemble", "StackEnsemble"}
    assert set(trials) == single | joined
    scores = {title: float(trial.values["score"]) for title, trial in trials.items()}
    best = max(scores, key=lambda title: scores[title])
    assert scores[best] > 0.85
    assert job.values["algorithm"] == best
    assert job.properties["best_child_run_id"] == trials[best].name
    assert max(job.values["importance"], key=job.values["importance"].get) in {"paid", "age"}
    assert job.progress is not None
    assert (job.progress.done, job.progress.total) == (4, 4)

    stack = client.jobs.read_code(
        trials["StackEnsemble"].name, path="trial.ipynb", download_path=tmp_path / "stack.ipynb"
    )
    assert "final_estimator=LogisticRegressionCV(max_iter=2000, cv=4)" in stack.read_text()
    board = client.automl.get(name=job.name)
    assert (board.best, board.best_value) == (trials[best].name, scores[best])
    assert [trial.algorithm for trial in board.trials if trial.ensemble] == [
        "VotingEnsemble",
        "StackEnsemble",
    ]
    assert {trial.algorithm: trial.value for trial in board.trials} == scores
    assert all(trial.metrics[board.primary_metric] == trial.value for trial in board.trials)
    assert {rail.name for rail in board.guardrails} >= {"class balance", "duplicate rows"}
    assert board.importances[0].name in {"paid", "age"}
    assert sum(each.importance for each in board.importances) == pytest.approx(1)
    assert board.test is not None
    assert board.test.status is Status.COMPLETED
    assert 0.7 < (board.test_metrics["AUC_weighted"] or 0) < 1
    assert left(client, trials[best].name) >= {"confusion_matrix", "accuracy_table"}
    assert left(client, board.test.name) >= {"confusion_matrix", "accuracy_table", "predictions"}
    told = tmp_path / "told.json"
    client.runs.read_artifact(
        run_id=f"{job.name}_ModelExplain",
        path="explanation/local_importance.json",
        download_path=told,
    )
    each = json.loads(told.read_text())
    assert each["outputs"] == ["no", "yes"]
    added = np.sum(each["contributions"], axis=2)
    np.testing.assert_allclose(np.array(each["base"]) + added, each["answers"], atol=1e-4)
    logged = client.runs.get(run_id=job.name).metrics
    assert logged["test_AUC_weighted"] == board.test_metrics["AUC_weighted"]
    assert logged["AUC_weighted"] == scores[best]
    with pytest.raises(Conflict, match="there is nothing to stop"):
        client.automl.stop(name=job.name)

    client.jobs.download(job.name, download_path=tmp_path, output_name="best_model")
    (model,) = tmp_path.rglob("MLmodel")
    answer = subprocess.run(
        [sys.executable, "-c", PREDICT, str(model.parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() in {"yes", "no"}


def test_the_best_so_far_is_kept_when_a_person_has_seen_enough(
    client: MLClient, passengers: Path, tmp_path: Path
) -> None:
    job = regression(
        training_data=Input(type="uri_file", path=str(passengers)), target_column_name="paid"
    )
    job.set_limits(max_trials=200, max_concurrent_trials=2, enable_early_termination=False)
    job.set_training(allowed_training_algorithms=["elastic_net", "decision_tree"])
    name = client.jobs.create_or_update(job).name
    until(lambda: client.automl.get(name=name).best is not None)

    board = client.automl.stop(name=name)

    assert board.stopped
    done = client.jobs.wait(name, timeout_s=PATIENCE_S)
    assert done.status is Status.COMPLETED, done.error
    board = client.automl.get(name=name)
    assert len(board.trials) < 20
    assert all(trial.status.is_final for trial in board.trials)
    assert done.properties["best_child_run_id"] == board.best
    client.jobs.download(name, download_path=tmp_path, output_name="best_model")
    assert list(tmp_path.rglob("MLmodel"))


def test_a_regression_is_built_in_python_and_its_trial_reruns_to_the_same_score(
    client: MLClient, passengers: Path
) -> None:
    table = pd.read_csv(passengers)
    table["weight"] = np.where(table.index % 5 == 0, 0, 2)
    table.loc[table["weight"] == 0, "paid"] = 1e6
    table["early"], table["late"] = (table.index < 200).astype(int), (table.index > 100).astype(int)
    table.to_csv(passengers, index=False)
    table.tail(40).to_csv(passengers.with_name("test.csv"), index=False)
    job = regression(
        training_data=Input(type="uri_file", path=str(passengers)),
        target_column_name="paid",
        test_data=Input(type="uri_file", path=str(passengers.with_name("test.csv"))),
        weight_column_name="weight",
        cv_split_column_names=["early", "late"],
    )
    job.set_limits(max_trials=1)
    job.set_training(
        allowed_training_algorithms=["elastic_net", "knn"], enable_model_explainability=False
    )
    job.set_featurization(mode="custom", column_name_and_types={"survived": "Ignore"})

    done = client.jobs.wait(client.jobs.create_or_update(job).name, timeout_s=PATIENCE_S)

    assert done.status is Status.COMPLETED, done.error
    assert any("knn cannot weigh rows" in warning for warning in done.warnings)
    (trial,) = leaderboard(client, done).values()
    board = client.automl.get(name=done.name)
    # The rows that weigh nothing are wild: neither training nor scores have heard of them.
    assert (board.trials[0].metrics["r2_score"] or 0) > 0.9
    assert (board.test_metrics["r2_score"] or 0) > 0.9
    assert board.explanation is None
    assert left(client, trial.name) >= {"residuals", "predicted_true"}
    setup = client.jobs.get(f"{done.name}_setup")
    states = {rail["name"]: rail["state"] for rail in setup.values["guardrails"]}
    assert states["id columns"] == states["constant columns"] == "Done"
    assert states["weights"] == "Done"
    assert states["test data"] == "Alerted"
    assert states["infinite values"] == states["missing values"] == "Done"
    assert setup.values["columns"]["date"] == ["boarded"]
    assert "survived" not in str(setup.values["columns"])
    said = trial.model_dump(include={"code", "inputs"})
    again = NotebookJob(notebook="trial.ipynb", **said)
    rerun = client.jobs.wait(client.jobs.create_or_update(again).name, timeout_s=PATIENCE_S)
    assert rerun.values["score"] == trial.values["score"]


def test_a_table_that_cannot_be_used_ends_the_job_with_the_reason(
    client: MLClient, passengers: Path
) -> None:
    job = classification(
        training_data=Input(type="uri_file", path=str(passengers)), target_column_name="ship"
    )

    done = client.jobs.wait(client.jobs.create_or_update(job).name, timeout_s=PATIENCE_S)

    assert done.status is Status.FAILED
    assert done.error is not None
    assert "constant target: all of 'ship' is 'Titanic'" in str(done.error)
