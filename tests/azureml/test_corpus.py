"""Files of Azure ML: right ones are right here, wrong ones are told their line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jupyter_mlws.entities import kinds
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.yaml import parse
from jupyter_mlws.sdk.checking import check
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running
from tests.azureml.wrong import WRONG

FILES = Path(__file__).parent / "files"
NAMED = [
    *(
        "commandJob",
        "sweepJob",
        "autoMLJob",
        "sparkJob",
        "importJob",
        "commandComponent",
    ),
    *(
        "parallelComponent",
        "sparkComponent",
        "pipelineComponent",
        "data",
        "model",
    ),
    *(
        "modelVersionPackage",
        "managedOnlineEndpoint",
        "kubernetesOnlineEndpoint",
    ),
    *(
        "managedOnlineDeployment",
        "kubernetesOnlineDeployment",
        "batchEndpoint",
        "batchDeployment",
    ),
    *(
        "modelBatchDeployment",
        "pipelineComponentBatchDeployment",
        "workspace",
        "registry",
    ),
    *(
        "featureStore",
        "featureSet",
        "featureStoreEntity",
    ),
    *("amlCompute", "computeInstance", "kubernetesCompute", "vmCompute"),
    *("azureBlob", "azureFile", "azureDataLakeGen1", "azureDataLakeGen2", "oneLake", "hdfs"),
    *("connection", "workspaceConnection", "dataImport", "schedule", "monitorSchedule"),
]
RIGHT = sorted(file.stem for file in FILES.glob("*.yml") if file.stem != "conda")


@pytest.fixture
def client(service: Running) -> MLClient:
    """A client of a running workspace."""
    return MLClient(url=service.url, token=service.token)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_file_passes(client: MLClient, name: str) -> None:
    answer = check(client, FILES / f"{name}.yml")
    assert answer["passed"]
    assert answer["errors"] == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"), WRONG, ids=[f"{row[0]}: {row[3][:60]}" for row in WRONG]
)
def test_a_wrong_file_is_told_its_line(
    client: MLClient, tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    shutil.copytree(FILES, tmp_path, dirs_exist_ok=True)
    text = (FILES / f"{name}.yml").read_text()
    assert text.count(old) >= 1
    changed = text.replace(old, new, 1)
    file = tmp_path / f"{name}.yml"
    file.write_text(changed)
    with pytest.raises(Invalid) as refused:
        check(client, file)
    field, _, message = said.partition(": ")
    found = [
        problem
        for problem in refused.value.problems
        if problem.field == field and problem.message.startswith(message)
    ]
    assert found, refused.value.message
    assert found[0].file == str(file)
    assert found[0].line is not None
    marked = [n for n, line in enumerate(changed.splitlines(), 1) if line.endswith("#!")]
    if marked:
        assert found[0].line in marked


def test_the_corpus_is_large_enough() -> None:
    assert len(RIGHT) >= 70
    assert len(WRONG) >= 160


def test_every_kind_that_is_known_has_a_right_file() -> None:
    seen = set()
    for name in RIGHT:
        data = parse((FILES / f"{name}.yml").read_bytes()).data
        seen.add(kinds.segment_of(str(data.get("$schema", ""))).lower())
    assert {segment.lower() for segment in NAMED} <= seen


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("spark", "no Spark is attached here"),
        ("transfer-import", "data is not moved by a service here"),
    ],
)
def test_a_job_that_cannot_run_here_says_why_when_it_is_created(
    client: MLClient, name: str, reason: str
) -> None:
    obstacles = check(client, FILES / f"{name}.yml")["obstacles"]
    assert obstacles[0]["message"].startswith(reason)
    with pytest.raises(Invalid) as refused:
        client.jobs.create_or_update(str(FILES / f"{name}.yml"))
    problem = refused.value.problems[0]
    assert problem.message.startswith(reason)
    lines = (FILES / f"{name}.yml").read_text().splitlines()
    assert lines[(problem.line or 0) - 1].startswith("type:")


@pytest.mark.parametrize("name", ["automl-text", "automl-image"])
def test_automl_on_texts_and_images_says_why_it_cannot_run_here(
    client: MLClient, name: str
) -> None:
    obstacles = {each["field"]: each for each in check(client, FILES / f"{name}.yml")["obstacles"]}
    assert "models for them are not in packages" in obstacles["task"]["message"]
    assert obstacles["task"]["line"] is not None


def test_what_this_workspace_lacks_is_an_obstacle_and_no_error(client: MLClient) -> None:
    file = FILES / "command-distributed.yml"
    answer = check(client, file)
    assert answer["passed"]
    found = {problem["field"]: problem for problem in answer["obstacles"]}
    assert {"compute", "distribution"} <= set(found)
    assert file.read_text().splitlines()[found["compute"]["line"] - 1].startswith("compute:")


def test_a_deployment_without_its_endpoint_may_get_it_later(client: MLClient) -> None:
    file = FILES / "deployment-mlflow.yml"
    assert check(client, file)["warnings"] == [
        "endpoint_name: to be supplied with --endpoint-name."
    ]
    assert check(client, file, {"endpoint_name": "my-endpoint"})["warnings"] == []
    with pytest.raises(Invalid, match="endpoint_name"):
        check(client, file, {"endpoint_name": "no_endpoint"})


def test_a_nested_file_is_checked_with_its_own_lines(client: MLClient, tmp_path: Path) -> None:
    shutil.copytree(FILES, tmp_path, dirs_exist_ok=True)
    inner = tmp_path / "component-pipeline.yml"
    inner.write_text(inner.read_text().replace("pipelineComponent", "sweepJob"))
    with pytest.raises(Invalid, match="describes one of jobs, and no component"):
        check(client, tmp_path / "deployment-batch-pipeline.yml")


def test_enums_are_taken_in_any_case_and_read_only_fields_are_dropped() -> None:
    job = parse((FILES / "spark.yml").read_bytes()).data
    job |= {"type": "Spark", "status": "Completed", "id": "x"}
    assert kinds.find(job).check(job) == []
