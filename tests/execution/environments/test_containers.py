"""Command jobs in containers of a real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws import Input, MLClient, Output, command
from jupyter_mlws.entities.job import Cause
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.environments import containers
from jupyter_mlws.testing.jobs import Workroom
from jupyter_mlws.testing.service import kill, running_service
from tests import engines

pytestmark = pytest.mark.timeout(120)

TRAIN = """
import json, os, sys, time, urllib.request

def log(what, **body):
    request = urllib.request.Request(
        f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/{what}",
        json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **body}).encode(),
        {
            "Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    urllib.request.urlopen(request).read()

rows = open(sys.argv[1]).read().splitlines()
log("log-metric", key="rows", value=len(rows), timestamp=int(time.time() * 1000), step=0)
log("log-parameter", key="engine", value=os.environ.get("container", "docker"))
open(sys.argv[2] + "/model.json", "w").write(json.dumps({
    "greeting": os.environ["GREETING"], "home": os.environ["HOME"], "linked": open(sys.argv[3]).read(),
}))
try:
    open(sys.argv[3], "w")
except OSError as error:
    print("cannot write:", error.strerror)
print("uid", os.getuid(), "token", os.environ["MLWS_TOKEN"], "half done", flush=True)
open("outputs/half", "w").close()
while not os.path.exists("outputs/go"):
    time.sleep(0.05)
log("log-metric", key="done", value=1, timestamp=int(time.time() * 1000), step=1)
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program of an engine that runs containers."""
    with engines.ready(tmp_path_factory.mktemp("engine")) as program:
        yield program


def test_a_job_in_a_container_has_all_that_others_have_and_outlives_the_service(
    engine: str, tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text(TRAIN)
    (tmp_path / "rows.csv").write_text("a\n1\n2\n")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "linked.txt").write_text("from the store")
    job = command(
        command="python3 train.py ${{inputs.rows}} ${{outputs.model}} ${{inputs.linked}}",
        code=str(tmp_path / "code"),
        environment={"image": engines.IMAGE},
        environment_variables={"GREETING": "two\nlines", "HOME": "/home/mine"},
        inputs={
            "rows": Input(type="uri_file", path=str(tmp_path / "rows.csv")),
            "linked": Input(type="uri_file", path="azureml://datastores/near/paths/linked.txt"),
        },
        outputs={"model": Output(type="uri_folder")},
    )
    workspace = tmp_path / "workspace"
    with running_service(workspace) as running:
        client = MLClient(url=running.url, token=running.token)
        store = {"name": "near", "type": "file", "path": str(tmp_path / "store")}
        client.datastores.create_or_update(store)
        name = client.jobs.create_or_update(job).name
        folder = workspace / "jobs" / name / "1"
        wait(folder / "work" / "outputs" / "half", client, name)
        kill(running)

    with running_service(workspace) as running:
        (folder / "work" / "outputs" / "go").touch()
        client = MLClient(url=running.url, token=running.token)
        client.jobs.stream(name)
        ended = client.jobs.get(name)
        run = client.runs.get(name)

    log = (folder / "user_logs" / "std_log.txt").read_text()
    assert ended.status is Status.COMPLETED, log
    assert (run.metrics["rows"], run.metrics["done"]) == (3, 1)
    assert run.params["engine"] == ("podman" if containers.is_podman(engine) else "docker")
    made = json.loads((folder / "named-outputs" / "model" / "model.json").read_text())
    assert made == {"greeting": "two\nlines", "home": "/home/mine", "linked": "from the store"}
    assert "cannot write: Read-only file system" in log
    assert f"uid {os.getuid()} token [REDACTED] half done" in log
    assert engines.containers(engine) == []


def test_a_canceled_container_is_gone(engine: str, room: Workroom) -> None:
    name = room.submit(command="trap '' TERM; echo on; sleep 600; sleep 600", **inside())
    room.wait_for_log(name, b"on\n")
    assert engines.containers(engine)

    room.cancel(name)

    assert room.wait(name).status is Status.CANCELED
    assert engines.containers(engine) == []


def test_a_container_does_not_outlive_its_supervisor(engine: str, room: Workroom) -> None:
    name = room.submit(command="echo on; sleep 600; true", **inside())
    room.wait_for_log(name, b"on\n")
    claim = json.loads((room.folder(name) / "supervisor" / "claim").read_text())

    os.kill(claim["pid"], signal.SIGKILL)

    ended = room.wait(name)
    assert ended.error
    assert ended.error.cause is Cause.SUPERVISOR_LOST
    assert engines.containers(engine) == []


def test_a_container_keeps_the_memory_limit(engine: str, room: Workroom) -> None:
    line = "python3 -c 'import time; kept = bytearray(200_000_000); time.sleep(60)'"

    ended = room.run(command=line, limits={"memory": "100m"}, **inside())

    assert ended.error
    assert ended.error.cause is Cause.OUT_OF_MEMORY
    assert "its limit" in ended.error.message
    assert engines.containers(engine) == []


def test_an_image_is_built_once_from_its_context(engine: str, room: Workroom) -> None:
    dockerfile = f"FROM {engines.IMAGE}\nCOPY said.txt /said.txt\nENV FROM_IMAGE=yes\n"
    context = {"docker/Dockerfile": dockerfile.encode(), "said.txt": b"in the image"}
    build = {"path": room.snapshot(context), "dockerfile_path": "docker/Dockerfile"}
    line = "cat /said.txt; echo; echo $FROM_IMAGE; exit 3"

    first = room.run(command=line, environment={"build": build})
    image = built(engine)
    try:
        second = room.run(command=line, environment={"build": build})

        assert [job.error and job.error.exit_code for job in (first, second)] == [3, 3]
        assert room.log(second.name) == b"in the image\nyes\n"
        assert "COPY said.txt" in log_of_build(room, first.name)
        assert log_of_build(room, second.name) == log_of_build(room, first.name)
    finally:
        subprocess.run([engine, "rmi", "--force", image], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"image": "localhost/mlws-test:gone"},
            "'localhost/mlws-test:gone' is not here and cannot",
        ),
        (
            {"build": {"Dockerfile": b"FROM scratch\nCOPY nothing /\n"}},
            "'Dockerfile' cannot be built",
        ),
    ],
)
def test_what_cannot_be_had_fails_the_job_with_the_engines_words(
    engine: str, room: Workroom, environment: dict[str, Any], message: str
) -> None:
    if "build" in environment:
        environment = {"build": {"path": room.snapshot(environment["build"])}}

    ended = room.run(command="true", environment=environment)

    assert ended.error
    assert ended.error.cause is Cause.PREPARATION
    assert message in ended.error.message
    assert ended.error.log_tail.partition("\n")[2].strip()


def test_a_line_that_does_not_start_is_told_in_the_engines_words(
    engine: str, room: Workroom
) -> None:
    build = {"path": room.snapshot({"Dockerfile": b"FROM scratch\nCOPY x /\n", "x": b""})}

    ended = room.run(command="true", environment={"build": build})

    subprocess.run([engine, "rmi", "--force", built(engine)], check=True, capture_output=True)
    assert ended.error
    assert ended.error.cause is Cause.USER_ERROR
    assert re.search(r"in its container: .*(pid1|bash)", ended.error.message)
    assert engines.containers(engine) == []


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("python:3.12", "docker.io/library/python:3.12"),
        ("pytorch/pytorch", "docker.io/pytorch/pytorch"),
        ("localhost/mine", "localhost/mine"),
        ("ghcr.io/a/b@sha256:0", "ghcr.io/a/b@sha256:0"),
        ("host:5000/a", "host:5000/a"),
    ],
)
def test_a_name_without_registry_is_docker_hubs(name: str, full: str) -> None:
    assert containers.full_name(name) == full


def inside() -> dict[str, Any]:
    return {"environment": {"image": engines.IMAGE}}


def log_of_build(room: Workroom, name: str) -> str:
    return (room.folder(name) / "system_logs" / "environment.txt").read_text()


def built(engine: str) -> str:
    """The image that a build has left."""
    command = [engine, "images", "--format", "{{.Repository}}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    (name,) = (name for name in found if "/mlws-" in f"/{name}" and "mlws-test" not in name)
    return name


def wait(file: Path, client: MLClient, name: str) -> None:
    """Go on as soon as the job has left a file."""
    deadline = time.monotonic() + 60
    while not file.exists():
        job = client.jobs.get(name)
        assert job.status in {"NotStarted", "Queued", "Preparing", "Starting", "Running"}, job.error
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
