from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound
from jupyter_mlws.entities.job import Cause
from jupyter_mlws.entities.run import Status
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
GATE = "while [ ! -e gate ]; do sleep 0.02; done"


def test_a_new_workspace_has_a_slot_for_each_core(call: Call) -> None:
    (compute,) = call("computes.list")

    assert (compute.name, compute.type) == ("local", "local")
    assert compute.slots == compute.cores == psutil.cpu_count()
    assert 0 < compute.memory_used_bytes < compute.memory_bytes


def test_load_and_queue_are_told(call: Call, room: Workroom) -> None:
    call("computes.update", name="local", slots=1)
    room.until(lambda: call("computes.get", name="local").slots == 1, lambda: "not taken up")
    names = [
        room.submit(command=GATE, queue_settings={"priority": p}) for p in ("high", "low", "high")
    ]
    room.wait(names[0], Status.RUNNING)

    def queued() -> list[str]:
        return list(call("computes.get", name="local").queued)

    room.until(lambda: len(queued()) == 2, lambda: str(queued()))

    compute = call("computes.get", name="local")
    assert (compute.running, compute.slots_used) == (names[:1], 1)
    assert compute.queued == [names[2], names[1]]


def test_slots_are_at_least_one(call: Call) -> None:
    with pytest.raises(Invalid, match="at least 1"):
        call("computes.update", name="local", slots=0)


def test_slots_survive_a_restart(call: Call, room: Workroom) -> None:
    call("computes.update", name="local", slots=7)

    assert room.store.get_record("compute", "local").doc["slots"] == 7


def test_an_unknown_compute_is_not_found(call: Call) -> None:
    with pytest.raises(NotFound, match=r"There is no compute 'gpu' \(there are: local\)"):
        call("computes.get", name="gpu")


def created(call: Call, room: Workroom, **fields: Any) -> Any:
    """A compute that the dispatcher knows."""
    made = call("computes.create_or_update", compute=fields)
    room.until(lambda: fields["name"] in room.dispatcher.load(), lambda: "not taken up")
    return made


class TestCreate:
    def test_a_local_compute_has_slots_of_its_own(self, call: Call, room: Workroom) -> None:
        made = created(call, room, name="small", slots=1, description="one at a time")
        call("computes.update", name="local", slots=1)
        names = [room.submit(command=GATE, compute=name) for name in ("local", "small", "small")]

        room.wait(names[0], Status.RUNNING)
        room.wait(names[1], Status.RUNNING)

        assert (made.type, made.slots, made.state) == ("local", 1, "Running")
        small = call("computes.get", name="small")
        assert (small.running, small.queued) == ([names[1]], [names[2]])

    def test_computes_of_azure_ml_become_slots_here_and_say_so(self, call: Call) -> None:
        cores = psutil.cpu_count() or 1
        cluster = {
            "$schema": "https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json",
            "name": "cpu-cluster",
            "type": "amlcompute",
            "size": "STANDARD_DS3_v2",
            "min_instances": 0,
            "max_instances": 4 + cores,
            "idle_time_before_scale_down": 120,
        }
        instance = {"name": "my-ci", "type": "computeinstance", "size": "STANDARD_DS3_v2"}

        made = call("computes.create_or_update", compute=cluster)
        other = call("computes.create_or_update", compute=instance)

        assert (made.type, made.slots, made.idle_minutes) == ("amlcompute", cores, 2)
        assert "run on this machine" in made.warnings[0]
        assert made.warnings[1].startswith("size, min_instances:")
        assert other.type == "computeinstance"
        assert "it is this machine" in other.warnings[0]

    def test_a_job_names_it_as_in_azure_ml(self, call: Call, room: Workroom) -> None:
        created(call, room, name="cpu-cluster", type="amlcompute", max_instances=1)

        job = room.wait(room.submit(command="true", compute="azureml:cpu-cluster"))

        assert (job.status, job.compute) == (Status.COMPLETED, "cpu-cluster")

    @pytest.mark.parametrize(
        ("fields", "field", "said"),
        [
            ({"name": "a"}, "name", "match"),
            ({"slots": 0}, "slots", "greater than or equal to 1"),
            ({"memory": "much"}, "memory", "match"),
            ({"type": "amlcompute", "max_instance": 1}, "max_instance", "Did you mean"),
            ({"type": "computeinstance", "idle_time_before_shutdown_minutes": 1}, None, "15"),
            ({"type": "kubernetes", "namespace": "x"}, "type", "no engine of type 'kubernetes'"),
            ({"type": "virtualmachine"}, "type", "no engine of type"),
            ({"type": "locale"}, "type", "Did you mean 'local'"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_is_stored(
        self, call: Call, room: Workroom, fields: dict[str, Any], field: str | None, said: str
    ) -> None:
        before = room.store.last_event()
        compute = {"name": "wrong", **fields}

        with pytest.raises(Invalid, match=said) as refused:
            call("computes.create_or_update", compute=compute)

        assert field is None or refused.value.problems[0].field == field
        checked = call("computes.validate", compute=compute)
        assert checked.errors or checked.obstacles
        assert room.store.last_event() == before

    def test_attach_makes_a_new_one_only(self, call: Call, room: Workroom) -> None:
        created(call, room, name="there", slots=1)

        with pytest.raises(AlreadyExists):
            call("computes.attach", compute={"name": "there", "type": "local"})

    def test_what_was_saved_loads_again(self, call: Call, room: Workroom) -> None:
        fields = {"name": "saved", "type": "local", "slots": 2, "state": "Running", "id": "x"}

        assert created(call, room, **fields).slots == 2


class TestStates:
    def test_no_job_starts_on_a_stopped_compute(self, call: Call, room: Workroom) -> None:
        created(call, room, name="small", slots=1)
        running = room.submit(command=GATE, compute="small")
        room.wait(running, Status.RUNNING)

        assert call("computes.stop", name="small").state == "Stopped"
        waiting = room.submit(command="true", compute="small")
        room.until(
            lambda: call("computes.get", name="small").queued == [waiting], lambda: "not queued"
        )
        (room.folder(running) / "work" / "gate").touch()
        assert room.wait(running).status is Status.COMPLETED
        assert room.job(waiting).status is Status.QUEUED

        assert call("computes.start", name="small").state == "Running"
        assert room.wait(waiting).status is Status.COMPLETED

    def test_stopping_can_end_what_runs(self, call: Call, room: Workroom) -> None:
        created(call, room, name="small", slots=1)
        running = room.submit(command=GATE, compute="small")
        room.wait(running, Status.RUNNING)

        call("computes.stop", name="small", cancel_jobs=True)

        assert room.wait(running).status is Status.CANCELED

    def test_it_stays_stopped_when_it_is_changed(self, call: Call, room: Workroom) -> None:
        created(call, room, name="small", slots=1)
        call("computes.stop", name="small")

        assert created(call, room, name="small", slots=2).state == "Stopped"
        assert call("computes.update", name="small", slots=3).state == "Stopped"
        assert call("computes.restart", name="small").state == "Running"

    def test_an_idle_instance_stops_by_itself(self, call: Call, room: Workroom) -> None:
        created(call, room, name="my-ci", type="computeinstance")
        record = room.store.get_record("compute", "my-ci")
        with room.store.change("ana", "computes/write", "compute:my-ci") as tx:
            tx.put_record("compute", "my-ci", {**record.doc, "idle_s": 0.2})
        room.dispatcher.wake()

        room.until(
            lambda: call("computes.get", name="my-ci").state == "Stopped", lambda: "it runs on"
        )

    def test_an_idle_cluster_rests_and_takes_the_next_job(self, call: Call, room: Workroom) -> None:
        created(call, room, name="small", slots=1, idle_time_before_shutdown_minutes=0.001)
        assert room.wait(room.submit(command="true", compute="small")).status.is_final

        later = room.wait(room.submit(command="true", compute="small"))

        assert later.status is Status.COMPLETED
        assert call("computes.get", name="small").state == "Running"

    def test_a_compute_with_jobs_is_not_deleted(self, call: Call, room: Workroom) -> None:
        created(call, room, name="small", slots=1)
        name = room.submit(command=GATE, compute="small")
        room.wait(name, Status.RUNNING)

        with pytest.raises(Conflict, match="1 jobs run or wait"):
            call("computes.delete", name="small")
        room.cancel(name)
        room.wait(name)
        room.until(lambda: not call("computes.get", name="small").running, lambda: "it runs on")
        call("computes.delete", name="small")

        room.until(lambda: "small" not in room.dispatcher.load(), lambda: "it is still there")
        with pytest.raises(Invalid, match="no compute 'small'"):
            room.submit(command="true", compute="small")

    def test_local_is_always_there(self, call: Call) -> None:
        with pytest.raises(Conflict, match="always there"):
            call("computes.delete", name="local")

    def test_a_waiting_job_can_be_moved_up(self, call: Call, room: Workroom) -> None:
        created(call, room, name="small", slots=1)
        names = [room.submit(command=GATE, compute="small") for _ in range(3)]
        room.wait(names[0], Status.RUNNING)
        room.until(lambda: len(call("computes.get", name="small").queued) == 2, lambda: "")

        call("computes.prioritize", name="small", job=names[2], priority="high")

        room.until(
            lambda: call("computes.get", name="small").queued == [names[2], names[1]],
            lambda: str(call("computes.get", name="small").queued),
        )
        moved = (room.job(names[2]).model_extra or {})["queue_settings"]
        assert moved["priority"] == "high"
        with pytest.raises(NotFound, match="does not wait"):
            call("computes.prioritize", name="small", job=names[0], priority="low")


def test_jobs_get_their_share_of_a_computes_memory_and_its_gpus(call: Call, room: Workroom) -> None:
    created(call, room, name="small", slots=2, memory="1g", gpus=[1, 3])
    code = "x = bytearray(800 << 20); print(len(x), flush=True); import time; time.sleep(60)"
    greedy = room.submit(command=f"python -c '{code}'", compute="small")
    modest = room.submit(command="echo $CUDA_VISIBLE_DEVICES", compute="small")

    assert room.wait(modest).status is Status.COMPLETED
    assert (room.folder(modest) / "user_logs" / "std_log.txt").read_text() == "1,3\n"
    job = room.wait(greedy)
    assert job.status is Status.FAILED
    assert job.error
    assert job.error.cause is Cause.OUT_OF_MEMORY
