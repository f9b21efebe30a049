"""Pipelines that we export are read by the real azure-ai-ml."""

from __future__ import annotations

import shutil
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_mlws.entities.pipeline import Graph
from jupyter_mlws.entities.yaml import Document
from jupyter_mlws.execution.pipelines.exporting.azureml import azureml
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.jobs import with_components
from jupyter_mlws.sdk.service import Running
from tests.execution.pipelines.test_exporting import BINDER, FLOW

pytestmark = pytest.mark.filterwarnings("ignore")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    azure: Any = import_module("azure.ai.ml")


def loaded(document: dict[str, Any], folder: Path) -> Any:
    whole = with_components(Document(document, {}, None), folder).data
    made, _ = azureml(document, whole, Graph())
    file = folder / "made.azureml.yml"
    file.write_text(yaml.safe_dump(made, sort_keys=False))
    return azure.load_job(source=str(file))


def test_the_real_sdk_reads_a_pipeline_of_ours(tmp_path: Path) -> None:
    document = {**FLOW, "jobs": {k: v for k, v in FLOW["jobs"].items() if k != "choose"}}

    job = loaded(document, tmp_path)

    assert set(job.jobs) == {"last", "ask", "yes", "other"}
    assert job.settings.force_rerun is True
    assert "after_other" in job.jobs["last"].inputs


def test_the_real_sdk_reads_the_example_with_its_notebooks(
    service: Running, tmp_path: Path
) -> None:
    folder = shutil.copytree(BINDER, tmp_path / "pipeline")
    client = MLClient(url=service.url, token=service.token)
    made = client.call(
        "pipelines.convert",
        text=(folder / "life.pipeline.yml").read_text(),
        files={p.name: p.read_text() for p in folder.iterdir() if p.suffix in (".yml", ".ipynb")},
        format="azureml",
        file="life.pipeline.yml",
    )
    (folder / made.file).write_text(made.text)

    job = azure.load_job(source=str(folder / made.file))

    assert list(job.jobs) == ["prepare", "linear", "forest", "neighbours", "compare"]
    assert job.jobs["linear"].component.command.startswith("python train.py")
    assert "alone prepare.ipynb" in job.jobs["prepare"].component.command
