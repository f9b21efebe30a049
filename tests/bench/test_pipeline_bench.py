"""What a pipeline costs: steps that are reused, and steps that run at the same time, beside peers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from uv import find_uv_bin

from jupyter_mlws.testing.jobs import Workroom

Report = Callable[..., None]

N_STEPS = 30
MOST_MS = 20
N_NOTEBOOKS = 8
LEAST_RATIO = 1.8
WORK_S = 3


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workroom]:
    with Workroom(tmp_path / "workspace") as room:
        room.set_slots(2)
        yield room


def chain() -> dict[str, Any]:
    jobs: dict[str, Any] = {}
    for place in range(N_STEPS):
        before = f"${{{{parent.jobs.s{place - 1}.outputs.n}}}}" if place else 0
        jobs[f"s{place}"] = {
            "command": "echo $((${{inputs.n}} + 1)) > ${{outputs.n}}",
            "inputs": {"n": before},
            "outputs": {"n": {"type": "integer"}},
        }
    return {"type": "pipeline", "jobs": jobs}


def notebook() -> Any:
    source = [f"import time\ntime.sleep({WORK_S})", "done: bool = True"]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in source])
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python",
        "language": "python",
    }
    return made


@pytest.mark.timeout(600)
def test_steps_that_are_reused_cost_little(room: Workroom, report: Report) -> None:
    began = time.perf_counter()
    assert room.run(chain()).error is None
    plain_ms = 1000 * (time.perf_counter() - began)

    took = []
    for _ in range(3):
        began = time.perf_counter()
        job = room.run(chain())
        took.append(1000 * (time.perf_counter() - began))
        assert job.error is None
        metrics = {point.key: point.value for point in room.store.get_run(job.name).metrics}
        assert metrics["steps_reused"] == N_STEPS
    reused_ms = sorted(took)[1]

    rows = [
        ["run, one after the other", f"{plain_ms:.0f}", f"{plain_ms / N_STEPS:.1f}"],
        ["all reused (median of 3)", f"{reused_ms:.0f}", f"{reused_ms / N_STEPS:.1f}"],
        ["at most", "", str(MOST_MS)],
    ]
    report(f"A pipeline of {N_STEPS} steps", ["", "ms", "ms a step"], rows)
    assert reused_ms / N_STEPS < MOST_MS


@pytest.mark.timeout(900)
def test_independent_notebooks_on_two_slots(room: Workroom, report: Report, tmp_path: Path) -> None:
    files = tmp_path / "plain"
    files.mkdir()
    nbformat.write(notebook(), files / "work.ipynb")
    began = time.perf_counter()
    for number in range(N_NOTEBOOKS):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "papermill",
                "work.ipynb",
                f"out{number}.ipynb",
                "-k",
                "python3",
            ],
            cwd=files,
            check=True,
            capture_output=True,
        )
    papermill_s = time.perf_counter() - began
    rows = [["papermill, one after another", f"{papermill_s:.1f}", ""]]
    if peer := _peer(tmp_path / "peer", "ploomber", "ipykernel"):
        ploomber_s = _ploomber_s(peer, files)
        rows.append(["Ploomber, parallel executor, 2 processes", f"{ploomber_s:.1f}", ""])

    code = room.snapshot({"work.ipynb": str(nbformat.writes(notebook())).encode()})
    steps = {
        f"n{number}": {"notebook": "work.ipynb", "code": code, "cache": "off"}
        for number in range(N_NOTEBOOKS)
    }
    began = time.perf_counter()
    job = room.run({"type": "pipeline", "jobs": steps})
    ours_s = time.perf_counter() - began

    assert job.error is None
    ratio = papermill_s / ours_s
    rows.append(
        ["a pipeline, 2 slots", f"{ours_s:.1f}", f"{ratio:.2f} times faster than papermill"]
    )
    report(f"{N_NOTEBOOKS} independent notebooks of {WORK_S} s", ["", "s", ""], rows)
    assert ratio >= LEAST_RATIO


def _peer(folder: Path, *packages: str) -> Path | None:
    """A Python of its own with a peer's packages; None where they cannot be had."""
    uv, python = find_uv_bin(), folder / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    install = [uv, "pip", "install", "-q", "--python", str(python), *packages]
    return python if subprocess.run(install, check=False).returncode == 0 else None


def _ploomber_s(python: Path, folder: Path) -> float:
    tasks = [
        f"- source: work{number}.ipynb\n  product: made{number}.ipynb\n"
        for number in range(N_NOTEBOOKS)
    ]
    for number in range(N_NOTEBOOKS):
        made = notebook()
        cell = nbformat.v4.new_code_cell("upstream = None\nproduct = None")
        cell.metadata["tags"] = ["parameters"]
        made.cells.insert(0, cell)
        nbformat.write(made, folder / f"work{number}.ipynb")
    text = "executor:\n  dotted_path: ploomber.executors.Parallel\n  processes: 2\ntasks:\n"
    (folder / "pipeline.yaml").write_text(text + "".join(tasks))
    began = time.perf_counter()
    subprocess.run(
        [str(python.parent / "ploomber"), "build", "--force"],
        cwd=folder,
        check=True,
        env={**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"},
    )
    return time.perf_counter() - began
