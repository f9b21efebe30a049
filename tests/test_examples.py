"""The examples in `binder/` are tidy, and run where nothing of ours is."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from jupyter_mlws.entities.pipeline import StepView
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.jobs import Done
from jupyter_mlws.testing.service import running_service


@pytest.fixture
def examples(root: Path) -> Path:
    return root / "binder"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """What a program sees that logs to a file of its own."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return os.environ


def test_notebooks_are_kept_without_outputs(examples: Path) -> None:
    notebooks = [nbformat.read(path, as_version=4) for path in examples.glob("*.ipynb")]
    cells = [cell for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]

    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


def test_the_notebook_has_inputs_and_outputs(examples: Path) -> None:
    notebook = nbformat.read(examples / "train.ipynb", as_version=4)

    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]

    assert tags == ["parameters", "outputs"]


def test_the_job_file_names_files_that_are_there(examples: Path) -> None:
    job = yaml.safe_load((examples / "job.yml").read_text())

    assert job["type"] == "command"
    assert job["command"].startswith("python train.py ")
    assert (examples / job["code"] / "train.py").exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs_in_plain_jupyter(
    examples: Path, tmp_path: Path, outside: Mapping[str, str]
) -> None:
    notebook = nbformat.read(examples / "train.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print(accuracy, loss, hardest_digit)"))
    place = {"metadata": {"path": str(tmp_path)}}

    NotebookClient(notebook, kernel_name="python3", resources=place, timeout=240).execute()

    accuracy, loss, digit = notebook.cells[-1].outputs[0].text.split()
    assert float(accuracy) > 0.95
    assert 0 < float(loss) < 0.5
    assert digit in "0123456789"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_script_runs_on_its_own(
    examples: Path, tmp_path: Path, outside: Mapping[str, str]
) -> None:
    shutil.copy(examples / "train.py", tmp_path)

    done = subprocess.run(
        [sys.executable, "train.py", "--alpha", "0.1", "--model", "kept"],
        cwd=tmp_path, env=outside, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "of what differs" in done.stdout
    assert (tmp_path / "kept" / "MLmodel").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_pipeline_is_the_same_from_yaml_and_from_python(examples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    shutil.copytree(examples / "pipeline", folder)
    with running_service(tmp_path / "workspace"):
        client = MLClient(workspace=tmp_path / "workspace")

        def run(source: Any) -> dict[str, StepView]:
            job = Done(client.jobs.create_or_update(source), client).result(400)
            assert job.error is None
            return {step.key: step for step in client.call("pipelines.list_steps", name=job.name)}

        first = run(folder / "life.pipeline.yml")
        second = run(runpy.run_path(str(folder / "life.py"))["job"])
        changed = (folder / "neighbours.ipynb").read_text().replace("distance", "uniform")
        (folder / "neighbours.ipynb").write_text(changed)
        third = run(folder / "life.pipeline.yml")

        assert {step.state for step in first.values()} == {"completed"}
        assert {step.state for step in second.values()} == {"reused"}
        ran = {key: step.why for key, step in third.items() if step.state == "completed"}
        assert ran["neighbours"] == "ran: code cell 3 changed"
        assert ran["compare"].startswith("ran: input 'neighbours' changed")
        assert third["prepare"].state == third["forest"].state == "reused"
        versions = client.call("models.list", name="life-expectancy").items
        assert 1 <= len(versions) <= 2


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_each_of_500_stores_gets_its_own_model(examples: Path, tmp_path: Path) -> None:
    with running_service(tmp_path / "workspace"):
        client = MLClient(workspace=tmp_path / "workspace")
        source = examples / "stores" / "stores.pipeline.yml"

        job = Done(client.jobs.create_or_update(source), client).result(300)

        assert job.error is None
        fit = client.call("jobs.get", name=f"{job.name}_fit")
        assert fit.progress
        assert (fit.progress.done, fit.progress.total) == (500, 500)
        models = {model.name: model.tags for model in client.models.list(max_results=1000)}
        assert models == {f"sales-s{n:03}": {"store": f"s{n:03}"} for n in range(500)}
