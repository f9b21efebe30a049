"""Promises of the whole product, each kept while something is broken on purpose."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from jupyter_mlws import MLClient, command, notebook
from jupyter_mlws.entities.job import Cause, Job
from jupyter_mlws.entities.run import Status
from jupyter_mlws.sdk import service as runtime
from jupyter_mlws.testing.service import kill

pytestmark = pytest.mark.slow

N_LINES = 40
SCRIPT = """
import time, mlflow
for step in range({n}):
    print("line", step, flush=True)
    mlflow.log_metric("loss", 1 / (step + 1), step=step)
    time.sleep(0.1)
open("outputs/once.txt", "a").write("ran\\n")
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "workspace"
    yield folder
    runtime.stop(folder, force=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(
        "import os; os.makedirs('outputs', exist_ok=True)\n" + SCRIPT.format(n=N_LINES)
    )
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_code_cell("import os; os.makedirs('outputs', exist_ok=True)"),
        nbformat.v4.new_code_cell(SCRIPT.format(n=N_LINES)),
    ]
    nbformat.write(made, folder / "train.ipynb")
    return folder


def until(condition: Callable[[], bool], *, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def has_metrics(client: MLClient, name: str) -> Callable[[], bool]:
    return lambda: bool(client.runs.get(name).metrics)


def running(client: MLClient, name: str) -> Callable[[], bool]:
    return lambda: client.jobs.get(name).status is Status.RUNNING


def test_jobs_outlive_a_service_that_is_killed(workspace: Path, project: Path) -> None:
    client = MLClient(workspace=workspace)
    client.computes.update("local", slots=4)
    jobs: list[Job] = [
        client.jobs.create_or_update(command(command="python train.py", code=str(project))),
        client.jobs.create_or_update(command(command="python train.py", code=str(project))),
        client.jobs.create_or_update(notebook(project / "train.ipynb")),
        client.jobs.create_or_update(notebook(project / "train.ipynb")),
    ]
    for job in jobs:
        until(running(client, job.name))

    found = runtime.find(workspace)
    assert found is not None
    kill(found)
    client = MLClient(workspace=workspace)
    ended = [client.jobs.wait(job.name, timeout_s=120) for job in jobs]

    assert [(job.status, job.attempt) for job in ended] == [(Status.COMPLETED, 1)] * 4
    for job in ended:
        log = client.jobs.read_log(job.name).text
        lines = [line for line in log.splitlines() if line.startswith("line ")]
        assert lines == [f"line {step}" for step in range(N_LINES)]
        series = client.runs.series(run_ids=[job.name], keys=["loss"])[0]
        assert series.steps == list(range(N_LINES))
        assert artifact(client, job.name, "outputs/once.txt") == b"ran\n"
    assert client.workspaces.check(deep=True).findings == []


def artifact(client: MLClient, name: str, path: str) -> bytes:
    target = Path(os.environ["MLWS_WORKSPACE"]) / "fetched"
    client.transport.download("runs.read_artifact", {"run_id": name, "path": path}, target)
    return target.read_bytes()


def test_a_job_whose_supervisor_is_killed_fails_with_that_reason_and_leaves_nothing_running(
    workspace: Path,
) -> None:
    client = MLClient(workspace=workspace)
    job = client.jobs.create_or_update(
        command(command="sleep 300 & setsid sleep 300 & echo started; wait")
    )
    until(lambda: "started" in client.jobs.read_log(job.name).text)
    tree = processes_of(job.name)
    supervisor = psutil.Process(supervisor_of(workspace, job.name))

    os.kill(supervisor.pid, signal.SIGKILL)
    ended = client.jobs.wait(job.name, timeout_s=60)

    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error.cause is Cause.SUPERVISOR_LOST
    _, alive = psutil.wait_procs(tree, timeout=10)
    assert alive == []


def test_a_port_and_a_token_survive_a_restart(workspace: Path) -> None:
    first = runtime.start(workspace)
    runtime.stop(workspace)

    second = runtime.start(workspace)

    assert (first.url, first.token) == (second.url, second.token)
    assert first.pid != second.pid


def test_of_two_that_start_a_service_at_once_both_find_the_same_one(workspace: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from jupyter_mlws.sdk import service;"
        "print(service.ensure(Path(sys.argv[1])).pid)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code, str(workspace)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]

    pids = {starter.communicate()[0] for starter in starters}

    assert len(pids) == 1


def test_an_idle_service_of_another_version_hands_over(workspace: Path) -> None:
    old = runtime.start(workspace)
    runtime.write(runtime.Running(old.url, old.token, old.pid, "0.0.1", old.workspace))

    new = runtime.ensure(workspace)

    assert new.pid != old.pid
    assert new.version != "0.0.1"


def test_a_busy_service_of_another_version_is_kept_and_said_so(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = MLClient(workspace=workspace)
    job = client.jobs.create_or_update(command(command="sleep 60"))
    old = runtime.find(workspace)
    assert old is not None
    runtime.write(runtime.Running(old.url, old.token, old.pid, "0.0.1", old.workspace))

    kept = runtime.ensure(workspace)

    assert kept.pid == old.pid
    assert "0.0.1" in capsys.readouterr().err
    client.jobs.cancel(job.name)


def test_a_service_leaves_when_nobody_asks_and_nothing_runs(tmp_path: Path) -> None:
    folder = tmp_path / "idle"
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_mlws.server", f"--workspace={folder}", "--idle-timeout=1"],
        stderr=subprocess.DEVNULL,
    )

    assert process.wait(timeout=60) == 0


def test_after_everything_was_killed_at_once_the_workspace_is_clean(
    workspace: Path, project: Path
) -> None:
    client = MLClient(workspace=workspace)
    jobs = [
        client.jobs.create_or_update(command(command="python train.py", code=str(project)))
        for _ in range(2)
    ]
    for job in jobs:
        until(has_metrics(client, job.name))
    found = runtime.find(workspace)
    assert found is not None

    os.kill(found.pid, signal.SIGKILL)
    for job in jobs:
        os.kill(supervisor_of(workspace, job.name), signal.SIGKILL)
        for process in processes_of(job.name):
            process.kill()
    client = MLClient(workspace=workspace)
    ended = [client.jobs.wait(job.name, timeout_s=60) for job in jobs]

    assert {job.status for job in ended} == {Status.FAILED}
    assert client.workspaces.check(deep=True).findings == []


def supervisor_of(workspace: Path, name: str) -> int:
    state = json.loads((workspace / "jobs" / name / "1" / "supervisor" / "state.json").read_text())
    return int(state["pid"])


def processes_of(name: str) -> list[psutil.Process]:
    """Every process that the job's environment has come down to."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("AZUREML_RUN_ID") == name:
                found.append(process)
    return found


def test_a_second_job_of_the_same_name_changes_nothing(workspace: Path) -> None:
    from jupyter_mlws import AlreadyExists

    client = MLClient(workspace=workspace)
    first = client.jobs.create_or_update(command(command="true", name="twice"))

    with pytest.raises(AlreadyExists, match="twice"):
        client.jobs.create_or_update(command(command="false", name="twice"))

    assert client.jobs.wait(first.name, timeout_s=60).status is Status.COMPLETED
