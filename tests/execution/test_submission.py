from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.errors import AlreadyExists, Invalid
from jupyter_mlws.execution import names
from jupyter_mlws.testing.jobs import Workroom

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"comand": "x"}, "comand", "Did you mean 'command'?"),
    ({"type": "comand"}, "type", "(there are: command). Did you mean 'command'?"),
    ({"command": ""}, "command", "at least 1 character"),
    ({"name": "a b"}, "name", "match pattern"),
    ({"name": "x" * 256}, "name", "at most 255"),
    ({"command": "${{inputs.x}}"}, "command", "there is no input 'x'"),
    (
        {"environment_variables": {"A": "${{outputs.y}}"}},
        "environment_variables.A",
        "no output 'y'",
    ),
    (
        {"environment": "nope"},
        "environment",
        "there is no environment 'nope' here (there are: default",
    ),
    (
        {"environment": "azureml:nothing@latest"},
        "environment",
        "no environment 'azureml:nothing@latest'",
    ),
    (
        {"compute": "azureml:gpu-cluster"},
        "compute",
        "there is no compute 'gpu-cluster' (there are: local)",
    ),
    ({"parent_job_name": "nobody"}, "parent_job_name", "there is no job 'nobody'"),
    ({"code": "git+https://example.com/r"}, "code", "is a local folder or git"),
    ({"code": f"snapshot:{'0' * 64}"}, "code", "There is no snapshot"),
    ({"distribution": {"type": "pytorch"}}, "distribution", "one process"),
    ({"resources": {"instance_count": 2}}, "resources.instance_count", "one machine"),
    ({"limits": {"timeout": 0}}, "limits.timeout", "greater than 0"),
    ({"limits": {"memory": "lots"}}, "limits.memory", "match pattern"),
    (
        {"queue_settings": {"priority": "urgent"}},
        "queue_settings.priority",
        "'low', 'medium' or 'high'",
    ),
    ({"inputs": {"a-b": 1}}, "inputs", "'a-b' is no name"),
    ({"inputs": {"path": 1}}, "inputs", "'path' is reserved"),
    ({"inputs": {"x": None}}, "inputs.x", ""),
    ({"inputs": {"x": {"type": "uri_folder"}}}, "inputs.x.path", "is required"),
    ({"inputs": {"x": {"type": "integer"}}}, "inputs.x.value", "is required"),
    (
        {"inputs": {"x": {"type": "integer", "value": "ten"}}},
        "inputs.x.value",
        "'ten' is no integer",
    ),
    ({"inputs": {"x": {"type": "number", "value": "a"}}}, "inputs.x.value", "is no number"),
    ({"inputs": {"x": {"type": "boolean", "value": 2}}}, "inputs.x.value", "2 is no boolean"),
    (
        {"inputs": {"x": {"type": "integer", "value": float("inf")}}},
        "inputs.x.value",
        "is no integer",
    ),
    ({"inputs": {"x": {"type": "string", "path": "a"}}}, "inputs.x.path", "no path"),
    ({"inputs": {"x": {"path": "data/x.csv"}}}, "inputs.x.path", "was not sent along"),
    ({"inputs": {"x": {"path": "azureml:iris:1"}}}, "inputs.x.path", "There is no data 'iris'"),
    (
        {"inputs": {"x": {"path": "azureml://datastores/d/paths/p"}}},
        "inputs.x.path",
        "There is no datastore 'd' (there are: workspace",
    ),
    (
        {"inputs": {"x": {"path": "azureml://datastores/workspaceblobstore/paths/../../secrets"}}},
        "inputs.x.path",
        "leads out of its folder",
    ),
    ({"inputs": {"x": {"path": "azureml://datastores/"}}}, "inputs.x.path", "not of the form"),
    ({"inputs": {"x": {"path": "wasbs://c@a/p"}}}, "inputs.x.path", "not of the form"),
    ({"inputs": {"x": {"path": "adl://a/p"}}}, "inputs.x.path", "switched off"),
    ({"command": "echo ${{secrets.key}}"}, "command", "can be read by everybody"),
    (
        {"environment_variables": {"K": "${{secrets.key}}"}},
        "environment_variables.K",
        "there is no secret 'key'",
    ),
    ({"inputs": {"x": "${{secrets.key}}"}}, "inputs.x", "to an input of type Secret"),
    ({"inputs": {"x": {"path": "azureml://jobs/none/outputs/o"}}}, "inputs.x.path", "none"),
    ({"inputs": {"x": {"path": "runs:/none/p"}}}, "inputs.x.path", "none"),
    ({"inputs": {"x": {"path": "https://a.b/c"}}}, "inputs.x.type", "use type uri_file"),
    (
        {"inputs": {"x": {"path": "https://a.b/c", "mode": "eval_mount"}}},
        "inputs.x.mode",
        "is for type mltable",
    ),
    (
        {"inputs": {"x": {"path": "https://a.b/c", "datastore": "d"}}},
        "inputs.x.datastore",
        "leave it out",
    ),
    (
        {"outputs": {"x": {"path": "azureml://datastores/d/paths/p"}}},
        "outputs.x.path",
        "There is no datastore 'd'",
    ),
    ({"outputs": {"x": {"path": "out/"}}}, "outputs.x.path", "no address"),
    ({"outputs": {"x": {"path": "https://a.b/c"}}}, "outputs.x.path", "cannot be written to"),
    (
        {"outputs": {"x": {"path": "azureml://datastores/${{store}}/paths/p"}}},
        "outputs.x.path",
        "`name`, `output_name` and `default_datastore`",
    ),
    ({"outputs": {"x": {"mode": "direct"}}}, "outputs.x.mode", "use rw_mount or upload"),
]


@pytest.mark.parametrize(("wrong", "field", "message"), BAD, ids=[str(b[0])[:60] for b in BAD])
def test_what_is_wrong_is_named_and_nothing_is_stored(
    room: Workroom, wrong: dict[str, Any], field: str, message: str
) -> None:
    before = room.store.last_event()

    with pytest.raises(Invalid) as refused:
        room.submit({"command": "true", **wrong})

    found = {problem.field: problem.message for problem in refused.value.problems}
    assert field in found
    assert message in found[field]
    assert room.store.last_event() == before


def test_all_that_is_wrong_is_told_at_once(room: Workroom) -> None:
    with pytest.raises(Invalid) as refused:
        room.submit(command="${{inputs.x}}", compute="nowhere", inputs={"y": {"path": "z"}})

    assert {p.field for p in refused.value.problems} == {"command", "compute", "inputs.y.path"}


def test_a_name_is_given_once(room: Workroom) -> None:
    room.run(command="true", name="mine")
    with room.store.change("ana", "runs/write", "run:r") as tx:
        tx.create_run("r", 0, name="r", user="ana", status="Running")

    with pytest.raises(AlreadyExists, match="There is a job 'mine' already"):
        room.submit(command="true", name="mine")
    with pytest.raises(AlreadyExists, match="There is a run 'r' already"):
        room.submit(command="true", name="r")


def test_an_archived_experiment_takes_no_job(room: Workroom) -> None:
    room.run(command="true", experiment_name="Old")
    experiment = room.store.find_experiment("Old")
    assert experiment
    with room.store.change("ana", "experiments/write", "experiment") as tx:
        tx.update_experiment(experiment.experiment_id, archived=True)

    with pytest.raises(Invalid, match="experiment 'Old' is archived"):
        room.submit(command="true", experiment_name="Old")


def test_a_saved_job_can_be_submitted_again(room: Workroom) -> None:
    job = room.job(room.submit(command="true", tags={"a": 1}))
    saved = job.model_dump(mode="json")
    fields = ("command", "tags", "id", "status", "creation_context", "type", "experiment_name")

    again = room.run({key: saved[key] for key in fields})

    assert again.tags == {"a": "1"}


def test_a_container_needs_an_engine(
    room: Workroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Invalid, match=r"environment\.image: .*needs Docker or Podman"):
        room.submit(command="true", environment={"image": "x"})


def test_a_command_job_of_azure_ml_is_accepted_with_reasons(room: Workroom) -> None:
    name = room.submit(
        {
            "$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json",
            "command": "echo 'lr: ${{inputs.lr}}' > ${{outputs.model}}/MLmodel",
            "inputs": {"lr": {"type": "number", "value": 0.1}},
            "outputs": {"model": {"type": "mlflow_model", "name": "m", "version": 2}},
            "compute": "azureml:local",
            "resources": {
                "instance_type": "Standard_DS3_v2",
                "shm_size": "4g",
                "docker_args": "-p",
            },
            "identity": {"type": "UserIdentity"},
            "queue_settings": {"job_tier": "Spot", "priority": "High"},
            "services": {"my_tb": {"type": "tensor_board", "log_dir": "logs"}},
            "experiment_name": "nyc",
            "display_name": "Train",
            "description": "first",
        }
    )

    job = room.wait(name)
    warned = {warning.partition(":")[0] for warning in job.warnings}
    assert warned == {
        "resources.instance_type",
        "resources.shm_size",
        "resources.docker_args",
        "identity",
        "services",
        "queue_settings.job_tier",
    }
    assert (job.display_name, job.experiment_name, job.compute) == ("Train", "nyc", "local")
    assert job.error is None


@pytest.mark.parametrize("compute", [None, "local", "serverless", "azureml:local", "azureml:LOCAL"])
def test_the_local_compute_goes_by_several_names(room: Workroom, compute: str | None) -> None:
    checked = room.dispatcher.desk.check({"command": "true", "compute": compute})

    assert checked.compute == "local"


def test_names_look_like_those_of_azure_ml() -> None:
    made = {names.make() for _ in range(1000)}

    assert len(made) == 1000
    assert all(re.fullmatch(r"[a-z]+_[a-z]+_[bcdfghjklmnpqrstvwxyz0-9]{10}", name) for name in made)
