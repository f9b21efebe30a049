"""Data sets and models that runs read and made."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import mlflow
import pandas as pd
import pytest
from mlflow.data.pandas_dataset import from_pandas

from tests.server.mlflow.serving import Client, Server

Post = Callable[..., httpx.Response]
DATASET = {"name": "d", "digest": "1", "source_type": "http", "source": "{}"}


@pytest.mark.filterwarnings("ignore:Starting with pandas")  # between mlflow and pandas
def test_a_logged_data_set_is_an_input_of_its_run(client: Client, experiment_id: str) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    with mlflow.start_run() as run:
        for context in ("train", "train", "eval"):
            dataset = from_pandas(frame, name=f"frame-{context}")
            mlflow.log_input(dataset, context=context, tags={"kind": "x"})

    inputs = client.get_run(run.info.run_id).inputs.dataset_inputs
    found = client.search_runs([experiment_id])[0].inputs.dataset_inputs

    assert [i.to_dictionary() for i in inputs] == [i.to_dictionary() for i in found]
    assert sorted(i.dataset.name for i in inputs) == ["frame-eval", "frame-train"]
    tags = {tag.key: tag.value for tag in inputs[0].tags}
    assert tags == {"mlflow.data.context": "eval", "kind": "x"}
    assert '"num_rows": 2' in inputs[0].dataset.profile


@pytest.mark.parametrize(
    ("text", "n_found"),
    [
        ("dataset.name = 'd'", 1),
        ("dataset.digest = '2'", 0),
        ("datasets.context = 'train' AND dataset.name LIKE 'd%'", 1),
        ("dataset.context = 'eval'", 0),
    ],
)
def test_runs_are_found_by_what_they_read(
    client: Client, post: Post, experiment_id: str, run_id: str, text: str, n_found: int
) -> None:
    tags = [{"key": "mlflow.data.context", "value": "train"}]
    client.create_run(experiment_id)
    post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": DATASET, "tags": tags}])

    assert len(client.search_runs([experiment_id], text)) == n_found


def test_data_sets_of_experiments_are_summed_up(
    http: httpx.Client, post: Post, experiment_id: str, run_id: str
) -> None:
    tags = [{"key": "mlflow.data.context", "value": "train"}]
    post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": DATASET, "tags": tags}])

    answer = http.post(
        "/ajax-api/2.0/mlflow/experiments/search-datasets", json={"experiment_ids": [experiment_id]}
    )

    assert answer.json() == {
        "dataset_summaries": [
            {"experiment_id": experiment_id, "name": "d", "digest": "1", "context": "train"}
        ]
    }


def test_models_are_inputs_and_outputs(
    server: Server, client: Client, post: Post, run_id: str
) -> None:
    post("runs/log-inputs", run_id=run_id, models=[{"model_id": "m-in"}])
    post("runs/outputs", run_id=run_id, models=[{"model_id": "m-out", "step": 3}])

    run = client.get_run(run_id)

    assert [model.model_id for model in run.inputs.model_inputs] == ["m-in"]
    assert [(m.model_id, m.step) for m in run.outputs.model_outputs] == [("m-out", 3)]
    assert server.store.edges(f"run:{run_id}")[0][1:3] == ("output", "logged_model:m-out")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "Missing value for required parameter 'datasets[0].dataset.name'"),
        ({"source": None}, "Missing value for required parameter 'datasets[0].dataset.source'"),
        ({"digest": "1" * 37}, "'digest' exceeds the maximum length of 36 characters"),
        ({"schema": 5}, "Invalid value 5 for parameter 'datasets[0].dataset.schema' supplied"),
    ],
)
def test_a_bad_data_set_is_refused(
    post: Post, run_id: str, changed: dict[str, object], message: str
) -> None:
    answer = post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": {**DATASET, **changed}}])

    assert answer.status_code == 400
    assert message in answer.json()["message"]
