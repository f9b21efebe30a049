from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from jupyter_mlws.entities.errors import Invalid, NotFound
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
