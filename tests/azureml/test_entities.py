"""Entities that the real azure-ai-ml package makes are taken by our client; its loader takes our files."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running

FILES = Path(__file__).parent / "files"

pytestmark = pytest.mark.filterwarnings("ignore")
"""What the package warns of itself is none of ours."""

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    azure: Any = import_module("azure.ai.ml")
    entities: Any = import_module("azure.ai.ml.entities")
    automl: Any = import_module("azure.ai.ml.automl")


@pytest.fixture
def client(service: Running) -> MLClient:
    """A client of a running workspace."""
    return MLClient(url=service.url, token=service.token)


def test_a_command_built_by_its_sdk_runs(
    client: MLClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.sh").write_text("cat $1 > $2/copy.txt; echo rate=$3")
    (tmp_path / "in.txt").write_text("hello")
    built = azure.command(
        code="./code",
        command="bash main.sh ${{inputs.text}} ${{outputs.made}} ${{inputs.rate}}",
        inputs={"text": azure.Input(type="uri_file", path="./in.txt"), "rate": 0.5},
        outputs={"made": azure.Output(type="uri_folder")},
        environment="azureml:default@latest",
        compute="local",
        display_name="from azure",
        experiment_name="carried-over",
        tags={"a": "b"},
    )
    job = client.jobs.wait(client.jobs.create_or_update(built).name, timeout_s=120)
    assert job.status.value == "Completed", job.error
    assert (job.display_name, job.experiment_name) == ("from azure", "carried-over")
    client.jobs.download(job.name, download_path=tmp_path / "got", output_name="made")
    assert (tmp_path / "got/named-outputs/made/copy.txt").read_text() == "hello"


def test_assets_built_by_its_sdk_are_created(client: MLClient, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    data = entities.Data(name="from-azure", path=str(tmp_path / "a.csv"), type="uri_file")
    model = entities.Model(name="from-azure", path=str(tmp_path), type="custom_model")
    component = azure.load_component(str(FILES / "component-say.yml"))
    environment = entities.Environment(
        name="from-azure", image="python:3.12", conda_file={"dependencies": [{"pip": ["six"]}]}
    )
    made: list[Any] = [
        client.create_or_update(each) for each in (data, model, component, environment)
    ]
    assert [each.name for each in made] == ["from-azure", "from-azure", "say", "from-azure"]
    assert [each.version for each in made[:3]] == ["1", "1", "1"]


def test_a_sweep_built_by_its_sdk_runs(client: MLClient) -> None:
    from azure.ai.ml.sweep import Choice

    python = "import mlflow; mlflow.log_metric('m', ${{inputs.a}})"
    trial = azure.command(
        command=f'python -c "{python}"', environment="azureml:default@latest", inputs={"a": 1}
    )
    sweep = trial(a=Choice([1, 2])).sweep(
        primary_metric="m", goal="Maximize", sampling_algorithm="grid"
    )
    sweep.set_limits(max_total_trials=2, max_concurrent_trials=2)
    job = client.jobs.wait(client.jobs.create_or_update(sweep).name, timeout_s=120)

    assert job.status.value == "Completed", job.error
    assert job.properties["best_child_run_id"] == f"{job.name}_1"
    view = client.sweeps.get(job.name)
    assert [trial.values for trial in view.trials] == [{"a": 1}, {"a": 2}]
    assert view.best_value == 2


def test_a_forecast_built_by_its_sdk_means_the_same(client: MLClient) -> None:
    built = automl.forecasting(
        training_data=azure.Input(type="mltable", path=str(FILES / "table")),
        target_column_name="sold",
        n_cross_validations=3,
    )
    built.set_limits(max_trials=1)
    said = {
        "time_column_name": "when",
        "forecast_horizon": 6,
        "time_series_id_column_names": ["shop"],
        "target_lags": [1, 12],
        "features_unknown_at_forecast_time": ["visitors"],
    }
    built.set_forecast_settings(**said)
    job = client.jobs.create_or_update(built)
    client.jobs.begin_cancel(job.name)
    spec: Any = client.jobs.get(job.name)
    assert spec.forecasting == said


LOADERS: dict[str, str] = {
    "command": "load_job",
    "sweep": "load_job",
    "automl": "load_job",
    "spark": "load_job",
    "import": "load_job",
    "data": "load_data",
    "datastore": "load_datastore",
    "environment": "load_environment",
    "pipeline": "load_job",
    "model": "load_model",
    "component": "load_component",
    "endpoint-batch": "load_batch_endpoint",
    "endpoint": "load_online_endpoint",
    "deployment": "load_online_deployment",
    "workspace": "load_workspace",
    "registry": "load_registry",
}
PARTIAL = {
    *("deployment-mlflow", "deployment-batch-legacy", "deployment-batch-job"),
    *("import-data", "import-files"),
    *("datastore-hdfs", "datastore-s3", "datastore-sql"),
    *("deployment-batch-model", "deployment-batch-pipeline"),
}
"""Files that its command line completes, that it cannot load, or whose loader is another."""


@pytest.mark.parametrize(
    "name",
    [
        file.stem
        for file in sorted(FILES.glob("*.yml"))
        if any(file.stem.startswith(start) for start in LOADERS) and file.stem not in PARTIAL
    ],
)
def test_the_real_sdk_finds_our_right_files_right(name: str) -> None:
    loader = LOADERS[max((start for start in LOADERS if name.startswith(start)), key=len)]
    loaded: Any = getattr(azure, loader)(source=str(FILES / f"{name}.yml"))
    assert loaded is not None
