from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.parallel import ParallelJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.submission import Types
from jupyter_mlws.testing.jobs import Workroom

TYPES: Types = {"parallel": ParallelJobType(), "pipeline": PipelineJobType()}

LENGTHS = b"""
import pathlib
def init():
    print("made ready")
def run(mini_batch):
    return [f"{pathlib.Path(p).name} {len(pathlib.Path(p).read_bytes())}" for p in mini_batch]
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workroom]:
    path = tmp_path / "workspace"
    computes = {"local": LocalCompute(path, grace_s=0.5)}
    with Workroom(path, types=TYPES, computes=computes) as room:
        room.set_slots(2)
        yield room


def job(room: Workroom, script: bytes, data: dict[str, bytes], **more: Any) -> dict[str, Any]:
    task = {
        "type": "run_function",
        "entry_script": "score.py",
        "code": room.snapshot({"score.py": script}),
        "append_row_to": "${{outputs.rows}}",
        **more.pop("task", {}),
    }
    return {
        "type": "parallel",
        "task": task,
        "input_data": "${{inputs.data}}",
        "inputs": {"data": {"type": "uri_folder", "path": room.snapshot(data)}},
        "outputs": {"rows": {"type": "uri_file"}},
        "max_concurrency_per_instance": 2,
        **more,
    }


def rows(room: Workroom, name: str) -> list[str]:
    return sorted(room.artifacts(name)["named-outputs/rows"].decode().splitlines())


def metrics(room: Workroom, name: str) -> dict[str, float]:
    found = room.store.get_run(name).metrics
    return {point.key: point.value for point in found if not point.key.startswith("system/")}


FIVE = {f"f{n}.txt": b"x" * n for n in range(5)}


def test_files_are_worked_on_in_mini_batches(room: Workroom) -> None:
    done = room.run(job(room, LENGTHS, FIVE, mini_batch_size="2"))

    assert done.error is None
    assert rows(room, done.name) == [f"f{n}.txt {n}" for n in range(5)]
    assert metrics(room, done.name) == {
        "mini_batches": 3,
        "items": 5,
        "failed_items": 0,
        "failed_mini_batches": 0,
    }
    assert done.progress
    assert (done.progress.done, done.progress.total) == (3, 3)


def test_what_a_script_prints_is_in_its_workers_log(room: Workroom) -> None:
    done = room.run(job(room, LENGTHS, FIVE))

    logs = [data for path, data in room.artifacts(done.name).items() if "process0" in path]
    assert any(b"made ready" in log for log in logs)


SUMS = b"""
def run(rows, context):
    key = context.partition_key_value
    return [f"{key['store']} {rows.sold.sum()}"]
"""
SALES = {"a.csv": b"store,sold\n1,10\n2,20\n1,5\n", "b.csv": b"store,sold\n3,7\n2,1\n"}


def test_a_table_is_split_by_its_keys(room: Workroom) -> None:
    done = room.run(job(room, SUMS, SALES, partition_keys=["store"]))

    assert done.error is None
    assert rows(room, done.name) == ["1 15", "2 21", "3 7"]


def test_a_table_is_split_by_rows(room: Workroom) -> None:
    script = b"def run(rows):\n    return rows.assign(n=len(rows))\n"

    done = room.run(job(room, script, SALES, mini_batch_size="2 rows"))

    assert rows(room, done.name) == ["1 10 2", "1 5 2", "2 1 1", "2 20 2", "3 7 2"]


FRAGILE = b"""
import pathlib, sys
def run(mini_batch):
    (path,) = mini_batch
    tries = pathlib.Path(sys.argv[2]) / pathlib.Path(path).name
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    kind = pathlib.Path(path).name[:4]
    if kind == "once" and len(tries.read_text()) == 1:
        raise ValueError("not yet")
    if kind == "ever":
        raise ValueError("never")
    if kind == "exit":
        import os; os._exit(3)
    if kind == "slow":
        import time; time.sleep(60)
    return [path]
"""


def fragile(room: Workroom, tmp_path: Path, *names: str, **more: Any) -> dict[str, Any]:
    tries = tmp_path / "tries"
    tries.mkdir()
    task = {"program_arguments": f"--tries {tries}"}
    return job(room, FRAGILE, dict.fromkeys(names, b"x"), task=task, **more)


def test_a_mini_batch_is_tried_again(room: Workroom, tmp_path: Path) -> None:
    done = room.run(fragile(room, tmp_path, "once", "good"))

    assert done.error is None
    assert metrics(room, done.name)["failed_mini_batches"] == 0
    assert (tmp_path / "tries" / "once").read_text() == "xx"
    assert done.attempt == 1


def test_failures_are_counted_and_suffered_by_default(room: Workroom, tmp_path: Path) -> None:
    again = {"max_retries": 1}

    done = room.run(fragile(room, tmp_path, "ever", "exit", "good", retry_settings=again))

    assert done.status is Status.COMPLETED
    assert metrics(room, done.name)["failed_items"] == 2
    assert b"failed: ValueError: never" in room.log(done.name)
    assert b"its process ended with exit code 3" in room.log(done.name)
    assert (tmp_path / "tries" / "ever").read_text() == "xx"


def test_a_mini_batch_that_takes_too_long_fails_and_the_next_one_runs(
    room: Workroom, tmp_path: Path
) -> None:
    limits = {"max_retries": 0, "timeout": 1}

    done = room.run(
        fragile(
            room, tmp_path, "slow", "zgood", retry_settings=limits, max_concurrency_per_instance=1
        )
    )

    assert b"took longer than 1 s" in room.log(done.name)
    assert metrics(room, done.name)["failed_mini_batches"] == 1


@pytest.mark.parametrize("field", ["error_threshold", "mini_batch_error_threshold"])
def test_too_many_failures_fail_the_job(room: Workroom, tmp_path: Path, field: str) -> None:
    again = {"max_retries": 0}

    done = room.run(
        fragile(room, tmp_path, "ever1", "ever2", "good", retry_settings=again, **{field: 1})
    )

    assert done.status is Status.FAILED
    assert done.error
    assert "2 " in done.error.message
    assert "have failed, at most 1 may" in done.error.message
    assert done.attempt == 1


def test_a_script_that_cannot_start_fails_the_job(room: Workroom) -> None:
    done = room.run(job(room, b"import nothing_like_this\n", FIVE))

    assert done.error
    assert "nothing_like_this" in done.error.log_tail


def test_a_column_that_is_not_there_fails_the_job(room: Workroom) -> None:
    done = room.run(job(room, SUMS, SALES, partition_keys=["shop"]))

    assert done.error
    assert "no column 'shop'" in done.error.log_tail


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_data": "${{inputs.dat}}"}, "there is no input 'dat'"),
        ({"input_data": "data"}, "must be"),
        ({"task": {"entry_script": "gone.py"}}, "there is no 'gone.py'"),
        ({"task": {"append_row_to": "${{outputs.lost}}"}}, "there is no output 'lost'"),
        ({"task": {"program_arguments": "${{inputs.lost}}"}}, "there is no input 'lost'"),
        ({"mini_batch_size": "some"}, "must be a number of files"),
        ({"error_threshold": -2}, "greater than or equal"),
    ],
)
def test_what_is_wrong_is_refused(room: Workroom, change: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message.replace("(", r"\(")):
        room.submit(job(room, LENGTHS, FIVE, **change))


def test_it_is_a_step_of_a_pipeline(room: Workroom) -> None:
    made = job(room, LENGTHS, FIVE)
    made["inputs"] = {"data": "${{parent.inputs.files}}"}
    files = {"type": "uri_folder", "path": room.snapshot(FIVE)}

    done = room.run(
        {"type": "pipeline", "name": "p", "inputs": {"files": files}, "jobs": {"score": made}}
    )

    assert done.error is None
    assert len(rows(room, "p_score")) == 5
