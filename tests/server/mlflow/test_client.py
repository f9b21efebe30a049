"""Whole scripts with the stock client, as its users write them."""

from __future__ import annotations

from typing import Any

import mlflow
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from tests.server.mlflow.serving import Client

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # mlflow's and scikit-learn's own
]


def test_autologging_a_fit_leaves_params_metrics_data_and_a_model_that_loads(
    client: Client, experiment_id: str
) -> None:
    features, target = load_iris(return_X_y=True)
    mlflow.sklearn.autolog()
    try:
        with mlflow.start_run() as run:
            fitted = LogisticRegression(max_iter=500, C=0.5).fit(features, target)
    finally:
        mlflow.sklearn.autolog(disable=True)

    data = client.get_run(run.info.run_id)
    assert data.info.status == "FINISHED"
    assert data.data.params["C"] == "0.5"
    assert data.data.metrics["training_score"] == fitted.score(features, target)
    assert [i.tags[0].value for i in data.inputs.dataset_inputs] == ["train"]
    assert {f.path for f in client.list_artifacts(run.info.run_id)} >= {"estimator.html"}
    loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert np.array_equal(loaded.predict(features), fitted.predict(features))


def test_a_registered_model_loads_by_every_address(client: Client, experiment_id: str) -> None:
    features, target = load_iris(return_X_y=True)
    fitted = LogisticRegression(max_iter=500).fit(features, target)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            fitted, name="iris", registered_model_name="iris", input_example=features[:2]
        )
    client.set_registered_model_alias("iris", "champion", "1")

    for uri in (
        "models:/iris/1",
        "models:/iris@champion",
        "models:/iris/latest",
        f"models:/{info.model_id}",
        f"runs:/{run.info.run_id}/iris",
    ):
        loaded = mlflow.pyfunc.load_model(uri)
        assert np.array_equal(loaded.predict(features), fitted.predict(features)), uri
    assert client.get_model_version("iris", "1").run_id == run.info.run_id
    assert "mlflow.modelVersions" in client.get_logged_model(info.model_id).tags


def test_system_metrics_and_asynchronous_logging_arrive(client: Client, experiment_id: str) -> None:
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, synchronous=False)
        mlflow.flush_async_logging()

    assert len(client.get_metric_history(run.info.run_id, "loss")) == 50


def test_a_large_batch_is_split_by_the_client_and_arrives_whole(
    client: Client, run_id: str
) -> None:
    from mlflow.entities import Metric, Param

    client.log_batch(
        run_id,
        [Metric(f"m{i % 7}", i / 3, i, i) for i in range(2500)],
        [Param(f"p{i}", str(i)) for i in range(150)],
    )

    assert len(client.get_run(run_id).data.params) == 150
    assert sum(len(client.get_metric_history(run_id, f"m{i}")) for i in range(7)) == 2500


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_autologging_of_boosted_trees_leaves_each_rounds_metric_and_a_model_that_loads(
    client: Client, experiment_id: str, library: str
) -> None:
    pytest.importorskip(library)
    features, target = load_iris(return_X_y=True)
    flavor = getattr(mlflow, library)
    flavor.autolog()
    try:
        with mlflow.start_run() as run:
            predicted = TRAINERS[library](features, target)
    finally:
        flavor.autolog(disable=True)

    data = client.get_run(run.info.run_id).data
    assert data.params["learning_rate"] == "0.3"
    [metric] = [key for key in data.metrics if "logloss" in key]
    assert len(client.get_metric_history(run.info.run_id, metric)) == 20
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert any("feature_importance" in path for path in files)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert np.allclose(loaded.predict(features), predicted)


def _train_xgboost(features: Any, target: Any) -> Any:
    import xgboost

    data = xgboost.DMatrix(features, target)
    params = {"objective": "multi:softprob", "num_class": 3, "learning_rate": 0.3}
    made = xgboost.train(params, data, num_boost_round=20, evals=[(data, "train")])
    return made.predict(data)


def _train_lightgbm(features: Any, target: Any) -> Any:
    import lightgbm

    data = lightgbm.Dataset(features, target)
    params = {"objective": "multiclass", "num_class": 3, "learning_rate": 0.3, "verbose": -1}
    made = lightgbm.train(params, data, num_boost_round=20, valid_sets=[data])
    return made.predict(features)


TRAINERS = {"xgboost": _train_xgboost, "lightgbm": _train_lightgbm}
