"""The example in C#, compiled and run for real: a job that knows the workspace by MLflow's REST API alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlws import MLClient, load_job
from jupyter_mlws.entities.run import Status
from jupyter_mlws.sdk.service import Running

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        not shutil.which("dotnet") and not (shutil.which("mcs") and shutil.which("mono")),
        reason="Neither the .NET SDK nor Mono is here.",
    ),
]


@pytest.fixture
def client(service: Running) -> Iterator[MLClient]:
    with MLClient(url=service.url, token=service.token) as client:
        yield client


def test_the_example_reads_its_input_logs_and_leaves_its_output(
    client: MLClient, root: Path, tmp_path: Path
) -> None:
    job = client.jobs.create_or_update(load_job(root / "binder" / "dotnet" / "job.yml"))

    ended = client.jobs.wait(job.name)

    assert ended.status is Status.COMPLETED, ended.error
    run = client.runs.get(job.name)
    assert run.params["runtime"] in {"dotnet", "mono"}
    assert run.params["steps"] == "200"
    (losses,) = client.runs.series(run_ids=[job.name], keys=["loss"])
    values = [float(value) for value in losses.values]
    assert values[0] > 2
    assert values[-1] < 0.001
    client.jobs.download(job.name, output_name="model", download_path=tmp_path)
    (model,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert json.loads(model.read_text()) == pytest.approx({"slope": 2, "offset": 1}, abs=0.02)


def test_what_the_compiler_says_is_the_jobs_error(
    client: MLClient, root: Path, tmp_path: Path
) -> None:
    shutil.copytree(root / "binder" / "dotnet", tmp_path / "dotnet")
    program = tmp_path / "dotnet" / "Fit.cs"
    program.write_text(program.read_text().replace("double slope = 0", "double slop = 0"))

    job = client.jobs.create_or_update(load_job(tmp_path / "dotnet" / "job.yml"))
    ended = client.jobs.wait(job.name)

    assert ended.error
    assert "error CS0103: The name `slope'" in ended.error.log_tail.replace("'slope'", "`slope'")
