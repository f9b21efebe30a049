"""Schedules in a real service: it fires by itself, and loses nothing when it is killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest

from jupyter_mlws import CronTrigger, JobSchedule, MLClient, command
from jupyter_mlws.entities.record import to_ms
from jupyter_mlws.execution.automation.scheduler import STATE
from jupyter_mlws.execution.automation.watching import KIND as WATCH
from jupyter_mlws.sdk import service as runtime
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.service import kill

N = 30
EACH_MINUTE = CronTrigger(expression="* * * * *")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "workspace"
    yield folder
    runtime.stop(folder, force=True)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def n_jobs(workspace: Path) -> int:
    return len(list(MLClient(workspace=workspace).jobs.list(max_results=1000)))


def has_jobs(workspace: Path, wanted: int) -> bool:
    return n_jobs(workspace) >= wanted


def is_watched(workspace: Path, trigger: str) -> bool:
    """Whether the service has seen what was there before the trigger."""
    with closing(SqliteStore(workspace / "workspace.db", readonly=True)) as store:
        return store.find_record(WATCH, trigger) is not None


def let_pass(workspace: Path, name: str, minutes: int) -> datetime:
    """Let the schedule have been away for so many minutes; answers since when."""
    runtime.stop(workspace, force=True)
    since = datetime.now(timezone.utc).replace(second=0, microsecond=0) - timedelta(minutes=minutes)
    store = SqliteStore(workspace / "workspace.db")
    with store.change("test", "test", f"schedule:{name}") as tx:
        state = store.get_record(STATE, name).doc
        tx.put_record(STATE, name, {**state, "settled_ms": to_ms(since)})
    store.close()
    return since


@pytest.mark.slow
def test_a_service_that_is_killed_while_it_fires_neither_loses_nor_doubles_a_run(
    workspace: Path,
) -> None:
    client = MLClient(workspace=workspace)
    schedule = JobSchedule(
        name="minutely",
        trigger=EACH_MINUTE,
        create_job=command(command="true"),
        missed_runs={"policy": "all"},
    )
    client.schedules.create_or_update(schedule)
    since = let_pass(workspace, "minutely", N)
    dice = random.Random(5)

    for _ in range(4):
        running = runtime.start(workspace)
        wanted = min(N, n_jobs(workspace) + dice.randint(1, 5))
        until(partial(has_jobs, workspace, wanted))
        kill(running)
    client = MLClient(workspace=workspace)
    expected = {f"minutely-{since + timedelta(minutes=n + 1):%Y%m%dT%H%M%SZ}" for n in range(N)}
    until(lambda: expected <= {job.name for job in client.jobs.list(max_results=1000)})
    client.schedules.disable("minutely")

    names = [job.name for job in client.jobs.list(max_results=1000)]
    later = set(names) - expected
    assert len(names) == len(set(names))
    assert all(name.endswith("00Z") for name in later), "no job beside those of due times"
    assert client.workspaces.check().findings == []


def test_a_schedule_fires_by_itself_after_a_restart(workspace: Path) -> None:
    client = MLClient(workspace=workspace)
    schedule = JobSchedule(
        name="soon", trigger=EACH_MINUTE, create_job=command(command="echo here I am")
    )
    client.schedules.create_or_update(schedule)
    let_pass(workspace, "soon", 3)

    client = MLClient(workspace=workspace)
    until(lambda: bool(client.schedules.get("soon").recent))

    client.schedules.disable("soon")
    fire = client.schedules.get("soon").recent[-1]
    assert fire.kind in {"missed", "due"}
    assert client.jobs.wait(fire.job or "", timeout_s=60).status.value == "Completed"


@pytest.mark.slow
def test_a_service_with_an_enabled_schedule_does_not_leave(tmp_path: Path) -> None:
    folder = tmp_path / "idle"
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_mlws.server", f"--workspace={folder}", "--idle-timeout=1"],
        stderr=subprocess.DEVNULL,
    )
    until(lambda: runtime.find(folder) is not None)
    client = MLClient(workspace=folder)
    trigger = CronTrigger(expression="0 0 1 1 *")
    client.schedules.create_or_update(
        JobSchedule(name="yearly", trigger=trigger, create_job=command(command="true"))
    )

    # It looks every five seconds; two looks must find it needed.
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=11)
    client.schedules.disable("yearly")

    assert process.wait(timeout=60) == 0


def test_a_file_that_comes_while_the_service_is_killed_is_processed(
    workspace: Path, tmp_path: Path
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    client = MLClient(workspace=workspace)
    client.datastores.create_or_update({"name": "landing", "type": "file", "path": str(landing)})
    place = "azureml://datastores/landing/paths"
    trigger = {
        "name": "count",
        "type": "event",
        "events": ["file.arrived"],
        "path": f"{place}/*.csv",
        "poll_seconds": 1,
        "inputs": {"table": "uri"},
        "create_job": {
            "command": "wc -l < ${{inputs.table}}",
            "inputs": {"table": {"type": "uri_file", "path": f"{place}/first.csv"}},
        },
    }
    (landing / "first.csv").write_text("a\n")
    client.triggers.create_or_update(trigger)
    until(lambda: is_watched(workspace, "count"))

    kill(runtime.start(workspace))
    (landing / "second.csv").write_text("a\n1\n2\n")
    client = MLClient(workspace=workspace)
    until(lambda: bool(client.triggers.get("count").recent))

    [fire] = client.triggers.get("count").recent
    assert client.jobs.wait(fire.job or "", timeout_s=60).status.value == "Completed"
    assert client.jobs.read_log(fire.job or "").text.strip() == "3"
