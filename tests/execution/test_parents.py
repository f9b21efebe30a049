from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from jupyter_mlws.entities.job import Cause, JobError, JobSpec
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.base import Family, Outcome, ParentJobType, Start
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.testing.jobs import Workroom

GATE = "while [ ! -e gate ]; do sleep 0.02; done"


class ChainSpec(JobSpec):
    """Commands, one after the other."""

    type: Literal["chain"] = "chain"
    commands: list[str]


class Chain(ParentJobType):
    """Runs its commands one after the other, as jobs."""

    spec = ChainSpec

    def next(self, family: Family) -> Sequence[Start] | Outcome:
        job, children = family.job, list(family.children.values())
        commands: list[str] = job.model_extra["commands"]  # type: ignore[index]
        if commands[0] == "fault":
            raise ZeroDivisionError("a fault of the plug-in")
        if any(child.status is Status.FAILED for child in children):
            return Outcome(error=JobError(cause=Cause.USER_ERROR, message="A step failed."))
        if not all(child.status.is_final for child in children):
            return []
        if len(children) == len(commands):
            return Outcome(metrics={"n_steps": len(children)}, tags={"chained": "yes"})
        number = len(children)
        return [Start({"name": f"{job.name}_{number}", "command": commands[number]})]


@pytest.fixture
def open_room(tmp_path: Path) -> Callable[[], Workroom]:
    path = tmp_path / "workspace"

    def open_room() -> Workroom:
        return Workroom(
            path,
            types={"command": CommandJobType(), "chain": Chain()},
            computes={"local": LocalCompute(path, grace_s=0.5)},
        )

    return open_room


def chain(*commands: str, **more: Any) -> dict[str, Any]:
    return {"type": "chain", "commands": list(commands), **more}


def test_children_run_one_after_the_other(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        job = room.run(
            chain("echo 0 >> $PWD/../../../order", "true", name="c", experiment_name="E")
        )

        children = [room.job(f"c_{n}") for n in range(2)]
        assert job.status is Status.COMPLETED
        assert [child.status for child in children] == [Status.COMPLETED] * 2
        assert [child.parent_job_name for child in children] == ["c", "c"]
        assert [child.experiment_name for child in children] == ["E", "E"]
        assert {p.key: p.value for p in room.store.get_run("c").metrics} == {"n_steps": 2}
        assert room.store.get_run("c").tags["chained"] == "yes"


def test_a_parent_holds_no_slot(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        room.set_slots(1)

        assert room.run(chain("true")).status is Status.COMPLETED


def test_the_parents_answer_is_its_end(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        job = room.run(chain("exit 1", "true", name="c"))

        assert (job.status, job.error and job.error.message) == (Status.FAILED, "A step failed.")
        assert room.store.find_record("job", "c_1") is None


def test_children_know_their_root(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        room.run(chain("echo $AZUREML_ROOT_RUN_ID", name="c"))

        assert room.log("c_0") == b"c\n"


def test_canceling_a_parent_cancels_its_children(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        room.submit(chain("sleep 600", "true", name="c"))
        room.until(lambda: "c_0" in room.unfinished(), lambda: "no child")
        room.wait("c_0", Status.RUNNING)

        room.cancel("c")

        assert room.wait("c").status is Status.CANCELED
        assert room.job("c_0").status is Status.CANCELED
        assert room.store.find_record("job", "c_1") is None


def test_a_parent_goes_on_when_a_waiting_child_is_canceled(
    open_room: Callable[[], Workroom],
) -> None:
    with open_room() as room:
        room.set_slots(1)
        blocking = room.submit(command=GATE)
        room.wait(blocking, Status.RUNNING)
        room.submit(chain("true", name="c"))
        room.until(lambda: room.dispatcher.load()["local"].queued == ["c_0"], lambda: "no child")

        room.cancel("c_0")

        assert room.wait("c").status is Status.COMPLETED
        (room.folder(blocking) / "work" / "gate").touch()


def test_a_parent_that_takes_too_long_is_canceled(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        job = room.run(chain("sleep 600", "true", name="c", limits={"timeout": 1}))

        assert job.status is Status.CANCELED
        assert job.error
        assert job.error.cause is Cause.TIMEOUT
        assert room.job("c_0").status is Status.CANCELED


def test_a_fault_of_the_parent_type_fails_the_parent(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        job = room.run(chain("fault", name="c"))

        assert job.status is Status.FAILED
        assert job.error
        assert job.error.cause is Cause.PREPARATION


def test_a_child_that_cannot_be_submitted_fails_the_parent(
    open_room: Callable[[], Workroom],
) -> None:
    with open_room() as room:
        job = room.run(chain("echo ${{inputs.x}}", name="c"))

        assert job.status is Status.FAILED
        assert job.error
        assert "there is no input 'x'" in job.error.message


def test_a_name_that_is_anothers_fails_the_parent(open_room: Callable[[], Workroom]) -> None:
    with open_room() as room:
        room.run(command="true", name="c_0")

        job = room.run(chain("true", name="c"))

        assert job.error
        assert "'c_0' is another job's already" in job.error.message


def test_a_parent_goes_on_after_a_restart(open_room: Callable[[], Workroom]) -> None:
    first = open_room()
    first.submit(chain(f"echo x >> ../../count; {GATE}", "true", name="c"))
    first.until(lambda: "c_0" in first.unfinished(), lambda: "no child")
    first.wait("c_0", Status.RUNNING)
    first.close()

    with open_room() as second:
        (second.folder("c_0") / "work" / "gate").touch()

        assert second.wait("c").status is Status.COMPLETED
        assert second.job("c_1").status is Status.COMPLETED
        assert (second.folder("c_0").parent / "count").read_text() == "x\n"
