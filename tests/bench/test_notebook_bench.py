"""What a notebook step costs beyond the notebook's own work, beside the `papermill` command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from jupyter_mlws.execution.base import Step
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.notebooks.record import read_record
from tests.execution.notebooks.making import RUNNER, code, notebook, prepare

ROUNDS = 5
TARGET = 1 / 10
CELLS = (code("x = 1", "parameters", id="p"), code("x + 1", id="one"))


@pytest.fixture
def compute(tmp_path: Path) -> Iterator[LocalCompute]:
    """This machine, with a runner standing by."""
    compute = LocalCompute(tmp_path)
    yield compute
    compute.close()


def test_a_step_on_a_warm_kernel_against_the_papermill_command_line(
    compute: LocalCompute,
    tmp_path: Path,
    median: Callable[[Sequence[float]], float],
    report: Callable[..., None],
) -> None:
    compute.prepare(RUNNER, os.environ, 1)
    warm, cold = [], []

    for round_ in range(ROUNDS):
        cold.append(papermill_s(tmp_path / f"cold-{round_}"))
        wait_until_settled()
        warm.append(step_s(compute, tmp_path / f"warm-{round_}"))

    ratio = median(warm) / median(cold)
    report(
        "A notebook of two trivial cells",
        ["", "median", "fastest"],
        [
            ["papermill command line", f"{median(cold):.3f} s", f"{min(cold):.3f} s"],
            ["step on a warm kernel", f"{median(warm):.3f} s", f"{min(warm):.3f} s"],
            ["ratio", f"1/{1 / ratio:.1f}", f"1/{min(cold) / min(warm):.1f}"],
        ],
    )
    assert ratio <= TARGET


def step_s(compute: LocalCompute, folder: Path) -> float:
    """Seconds from the submission of a step to its end."""
    prepare(folder, *CELLS, parameters={"x": 2})
    step = Step(RUNNER, cwd=folder / "work", env=os.environ, standby=True)
    began = time.perf_counter()
    handle = compute.submit(step, folder)
    while (report := compute.poll(handle)).state != "ended":
        threading.Event().wait(0.002)
    took_s = time.perf_counter() - began
    record = read_record(folder)
    assert report.exit_code == 0
    assert record is not None
    assert [cell.state for cell in record.cells] == ["done", "done"]
    return took_s


def papermill_s(folder: Path) -> float:
    """Seconds that `papermill in.ipynb out.ipynb -p x 2` takes."""
    folder.mkdir()
    spec = {"name": "python3", "language": "python", "display_name": "Python"}
    body = notebook(*CELLS, kernelspec=spec, language_info={"name": "python"})
    (folder / "in.ipynb").write_text(json.dumps(body))
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "in.ipynb", "out.ipynb"]
    began = time.perf_counter()
    subprocess.run([*command, "-p", "x", "2"], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def wait_until_settled() -> None:
    """Go on when a kernel is up and no process below this one works: then the standby is warm."""
    before: tuple[float, bool] | None = None
    while (now := _below()) != before or not now[1]:
        before = now
        threading.Event().wait(0.25)


def _below() -> tuple[float, bool]:
    """CPU seconds of all processes below this one, and whether one of them is a kernel."""
    total, has_kernel = 0.0, False
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
            has_kernel |= "ipykernel_launcher" in " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total, has_kernel
