"""What running a command as a job costs, beside running it bare."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.testing.jobs import Workroom

Report = Callable[..., None]
Median = Callable[[Sequence[float]], float]

MOST_MORE_S = 0.150
N = 15


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workroom]:
    with Workroom(tmp_path / "workspace", types={"command": CommandJobType()}) as room:
        room.run(command="true")
        yield room


def bare_first_line_s() -> float:
    began = time.perf_counter()
    process = subprocess.Popen(["bash", "-c", "echo hello"], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    took = time.perf_counter() - began
    process.communicate()
    return took


def job_s(room: Workroom) -> tuple[float, float]:
    """Seconds from submit to the first line of the log, and to the final state."""
    began = time.perf_counter()
    name = room.submit(command="echo hello")
    room.wait_for_log(name, b"hello")
    line = time.perf_counter() - began
    room.wait(name)
    return line, time.perf_counter() - began


def test_first_log_line_comes_soon(room: Workroom, report: Report, median: Median) -> None:
    bare, jobs = [], []
    for _ in range(N):
        bare.append(bare_first_line_s())
        jobs.append(job_s(room))

    line, end = (median([job[i] for job in jobs]) for i in range(2))
    more = line - median(bare)
    rows: list[list[Any]] = [
        ["`bash -c`, to its first line", f"{1000 * median(bare):.1f}"],
        ["job: submit to first line in the log", f"{1000 * line:.1f}"],
        ["job: submit to Completed, everything kept", f"{1000 * end:.1f}"],
        [
            f"more than bare, to the first line (at most {1000 * MOST_MORE_S:.0f})",
            f"{1000 * more:.1f}",
        ],
    ]
    report(f"A command as a job (median of {N})", ["", "ms"], rows)
    assert more <= MOST_MORE_S


def test_two_slots_are_used_to_the_full(room: Workroom, report: Report) -> None:
    room.set_slots(2)
    began = time.perf_counter()
    for _ in range(8):
        subprocess.run(["bash", "-c", "sleep 1"], check=True)
    one_after_another = time.perf_counter() - began

    began = time.perf_counter()
    names = [room.submit(command="sleep 1") for _ in range(8)]
    for name in names:
        room.wait(name)
    as_jobs = time.perf_counter() - began

    ratio = one_after_another / as_jobs
    rows = [
        ["8 x `sleep 1`, bare, one after another", f"{one_after_another:.2f}", ""],
        ["as 8 jobs on 2 slots", f"{as_jobs:.2f}", f"{ratio:.2f} times faster"],
    ]
    report("8 independent jobs on 2 slots", ["", "s", ""], rows)
    assert ratio >= 1.8


def test_output_flows_nearly_as_fast_as_into_a_file(
    room: Workroom, report: Report, tmp_path: Path
) -> None:
    command = "head -c 500000000 /dev/zero | tr '\\0' x"
    began = time.perf_counter()
    with (tmp_path / "bare").open("wb") as file:
        subprocess.run(["bash", "-c", command], stdout=file, check=True)
    bare = time.perf_counter() - began

    job = room.run(command=command)

    assert job.started_at
    assert job.ended_at
    took = (job.ended_at - job.started_at).total_seconds()
    rows = [
        ["into a file", f"{500 / bare:.0f}"],
        ["into a job's log, secrets redacted", f"{500 / took:.0f}"],
    ]
    report("One line of 500 MB", ["", "MB/s"], rows)
    assert took < 5 * bare
