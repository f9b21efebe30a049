"""Interactive kernels in the queue of a compute, beside jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import sessions
from jupyter_mlws.features import operations
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]


@pytest.fixture
def gpu(call: Call, room: Workroom) -> str:
    """A compute with two slots."""
    call("computes.create_or_update", compute={"name": "gpu", "slots": 2})
    room.until(lambda: "gpu" in room.dispatcher.load(), lambda: "not taken up")
    return "gpu"


def hold(call: Call, name: str, slots: int = 1) -> Any:
    return call("sessions.create", session={"name": name, "compute": "gpu", "slots": slots})


def test_slots_are_held_and_given_back(call: Call, gpu: str) -> None:
    assert hold(call, "k1").user == "ana"

    assert call("computes.get", name=gpu).slots_used == 1
    hold(call, "k2")
    with pytest.raises(Unavailable, match="No slot is free on compute 'gpu': 2 of 2 are in use"):
        hold(call, "k3")
    call("sessions.delete", name="k1")
    hold(call, "k3")
    assert sorted(call("computes.get", name=gpu).sessions) == ["k2", "k3"]


def test_a_kernel_that_starts_anew_keeps_its_slots(call: Call, room: Workroom, gpu: str) -> None:
    hold(call, "k1", 2)
    before = room.store.last_event()

    hold(call, "k1", 2)

    assert call("computes.get", name=gpu).slots_used == 2
    assert room.store.last_event() == before


def test_a_kernel_does_not_overtake_a_job_that_waits(call: Call, room: Workroom, gpu: str) -> None:
    hold(call, "k1")
    job = room.submit(command="true", compute="gpu", resources={"slots": 2})
    room.until(lambda: call("computes.get", name=gpu).queued == [job], lambda: "not queued")

    with pytest.raises(Unavailable, match="1 jobs wait before you"):
        hold(call, "k2")
    call("sessions.delete", name="k1")
    room.wait(job)
    assert room.job(job).status is Status.COMPLETED
    hold(call, "k2")


def test_sessions_are_there_after_a_restart(call: Call, ws: Workspace, gpu: str) -> None:
    hold(call, "k1", 2)

    again = sessions.Sessions(ws.store)
    again.load()

    (held,) = again.of(gpu)
    assert (held.spec.name, held.ticket.slots, held.ticket.user) == ("k1", 2, "ana")


def test_without_a_sign_of_life_the_slots_come_back(
    call: Call, room: Workroom, gpu: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(call, "k1")
    monkeypatch.setattr(sessions, "LEASE_S", 0.0)

    room.dispatcher.wake()

    room.until(lambda: not call("computes.get", name=gpu).sessions, lambda: "still held")
    with pytest.raises(NotFound, match="gave no sign of life"):
        call("sessions.renew", name="k1")
    room.until(lambda: not room.store.list_records("session"), lambda: "still written down")


def test_an_idle_kernel_loses_its_slots(call: Call, room: Workroom, gpu: str) -> None:
    call("computes.update", name=gpu, idle_time_before_shutdown_minutes=1)
    hold(call, "k1")
    assert call("sessions.renew", name="k1", idle_s=30).idle_minutes == pytest.approx(0.5, abs=0.1)
    assert call("computes.get", name=gpu).sessions == ["k1"]

    call("sessions.renew", name="k1", idle_s=61)

    room.until(lambda: not call("computes.get", name=gpu).sessions, lambda: "still held")
    with pytest.raises(NotFound, match="nothing was executed for 1 minutes"):
        call("sessions.renew", name="k1")


def test_a_stopped_compute_starts_no_kernel_and_may_end_those_that_run(
    call: Call, gpu: str
) -> None:
    hold(call, "k1")
    call("computes.stop", name=gpu)
    with pytest.raises(Conflict, match="is stopped: start it first"):
        hold(call, "k2")
    assert call("computes.get", name=gpu).sessions == ["k1"]

    call("computes.stop", name=gpu, cancel_jobs=True)

    assert call("computes.get", name=gpu).sessions == []
    with pytest.raises(NotFound, match="ana stopped 'gpu'"):
        call("sessions.renew", name="k1")


def test_a_compute_with_kernels_is_not_deleted(call: Call, gpu: str) -> None:
    hold(call, "k1")
    with pytest.raises(Conflict, match="1 kernels of notebooks"):
        call("computes.delete", name=gpu)


def test_others_sessions_are_left_alone(
    call: Call, ws: Workspace, room: Workroom, gpu: str
) -> None:
    hold(call, "k1")
    eve = replace(ws, principal=Principal(name="eve", role="Reader"))
    end = operations.find("sessions.delete")

    with pytest.raises(Denied):
        operations.prepare(end, eve, {"name": "k1"})
    bob = replace(ws, principal=Principal(name="bob", role="Data Scientist"))
    made = operations.prepare(end, bob, {"name": "k1"})()
    asyncio.run_coroutine_threadsafe(made, room.loop).result(30)
    assert call("sessions.list") == []


def test_a_kernel_is_offered_on_a_compute(call: Call, gpu: str, ws: Workspace) -> None:
    made = call("computes.add_kernel", name=gpu, environment="python3", slots=2)

    assert (made.name, made.slots) == ("gpu-python3", 2)
    assert made.display_name.endswith(" on gpu")
    assert call("computes.get", name=gpu).kernels == ["gpu-python3"]
    with pytest.raises(Invalid, match="slots: must be 1 to 2"):
        call("computes.add_kernel", name=gpu, slots=3)
    with pytest.raises(Invalid, match="no environment 'nothing'"):
        call("computes.add_kernel", name=gpu, environment="nothing")
    with pytest.raises(NotFound, match="there are: gpu-python3"):
        call("computes.remove_kernel", name=gpu, kernel="other")
    call("computes.remove_kernel", name=gpu, kernel="gpu-python3")
    assert call("computes.get", name=gpu).kernels == []


def test_an_environment_is_offered_when_it_is_built(call: Call, gpu: str) -> None:
    asset = {"name": "fresh", "pip": ["six"]}
    call("environments.create_or_update", asset=asset)
    with pytest.raises(Invalid, match="is not built: mlws environment build -n fresh"):
        call("computes.add_kernel", name=gpu, environment="azureml:fresh:1")


def test_an_instance_brings_its_kernel(call: Call, ws: Workspace) -> None:
    made = call("computes.create_or_update", compute={"name": "mine", "type": "computeinstance"})

    assert made.kernels == ["mine-default"]
    folder: Path = ws.dispatcher.library.kernels / "mine-default"
    assert folder.is_dir()
    call("computes.delete", name="mine")
    assert not folder.exists()
