"""A store that the real MLflow made: runs of every kind, models, a registry."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)

SPECIAL = (math.nan, math.inf, -math.inf, 1e308, -0.0, 5e-324)


def fill(uri: str, folder: Path, *, n_runs: int = 200) -> None:
    """Make experiments, runs (nested, deleted, failed), logged models and registered models."""
    client: Any = MlflowClient(uri, registry_uri=uri)
    places = [
        client.create_experiment(
            name, artifact_location=(folder / str(i)).as_uri(), tags={"é": "ñ"}
        )
        for i, name in enumerate(("Vögel 鳥 🐦", 'it\'s "quoted"', "gone"))
    ]
    parent = None
    for i in range(n_runs):
        parent = _run(client, places[i % 2], i, parent, folder)
    gone = client.create_run(places[2], run_name="in a deleted experiment")
    client.log_metric(gone.info.run_id, "m", 1.0)
    client.delete_experiment(places[2])
    is_set = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]
    before: Any = mlflow.get_tracking_uri() if is_set else None
    mlflow.set_tracking_uri(uri)  # the registry asks there for the logged model
    try:
        _registry(client, places[0])
    finally:
        mlflow.set_tracking_uri(before)


def _run(client: Any, experiment_id: str, i: int, parent: str | None, folder: Path) -> str:
    tags = {"mlflow.user": "zoë", "team": "鳥" if i % 3 else "b\nc", "mlflow.source.name": "a.py"}
    if parent and i % 4:
        tags["mlflow.parentRunId"] = parent
    run_id = client.create_run(
        experiment_id, start_time=1_700_000_000_000 + i, tags=tags, run_name=f"läuft-{i}"
    ).info.run_id
    client.log_batch(
        run_id,
        [Metric("loss/é", 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(5)]
        + [Metric("special", SPECIAL[i % len(SPECIAL)], 1_700_000_000_000, -i)]
        + [Metric("twice", value, 1_700_000_000_000, 0) for value in (1.0, 2.0)],
        [Param("lr", str(i / 10)), Param("note", "ü" * (i % 50))],
        [RunTag("late", str(i))],
    )
    if i % 10 == 0:
        dataset = Dataset(f"data {i % 20}", f"digest{i % 20}", "local", "{}", '{"a": 1}', None)
        use = DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])
        client.log_inputs(run_id, [use])
        client.log_text(run_id, f"text {i}", "notes/é è.txt")
        client.log_dict(run_id, {"i": i}, "d.json")
    if i % 25 == 0:
        _logged_model(client, experiment_id, run_id, i)
    status = ("FINISHED", "FAILED", "KILLED", "RUNNING")[i % 4]
    if status != "RUNNING":
        client.set_terminated(run_id, status, end_time=1_700_000_100_000 + i)
    if i % 17 == 5:
        client.delete_run(run_id)
    return run_id if i % 4 == 0 or parent is None else parent


def _logged_model(client: Any, experiment_id: str, run_id: str, i: int) -> None:
    model = client.create_logged_model(
        experiment_id,
        name=f"model-{i}",
        source_run_id=run_id,
        tags={"t": "é"},
        params={"depth": str(i)},
        model_type="Agent" if i % 2 else None,
    )
    client.log_metric(run_id, "auc", i / 1000, step=1, timestamp=1, model_id=model.model_id)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 3)])
    client.log_inputs(run_id, models=[LoggedModelInput(model.model_id)])
    client.finalize_logged_model(model.model_id, "READY")


def _registry(client: Any, experiment_id: str) -> None:
    run = client.search_runs([experiment_id], max_results=1, order_by=["start_time ASC"])[0]
    client.log_text(run.info.run_id, "weights", "model/weights.bin")
    logged = client.search_logged_models([experiment_id])[0]
    client.create_registered_model("Bäume", tags={"a": "ü"}, description="Wälder")
    for _ in range(3):
        client.create_model_version("Bäume", f"runs:/{run.info.run_id}/model", run.info.run_id)
    client.create_model_version("Bäume", f"models:/{logged.model_id}", model_id=logged.model_id)
    client.delete_model_version("Bäume", "2")
    client.set_registered_model_alias("Bäume", "best", "3")
    client.set_model_version_tag("Bäume", "3", "k", "v")
    client.update_model_version("Bäume", "1", description="first")
    client.transition_model_version_stage("Bäume", "1", "Production")
    client.create_registered_model("empty")
