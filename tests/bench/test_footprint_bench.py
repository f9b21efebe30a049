"""What the product weighs before anybody uses it: start of JupyterLab, memory, bundle."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from jupyter_mlws.dev import free_port
from jupyter_mlws.testing.service import running_service

ROOTS = Path(__file__).parents[2] / "jupyter_mlws" / "labextension" / "static"
PAIRS = 5


def seconds_to_answer(folder: Path, *, extension: bool) -> float:
    """From starting `jupyter lab` to its first answer."""
    port = free_port(0)
    env = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "c"),
        "MLWS_WORKSPACE": str(folder / "w"),
    }
    env |= {"JUPYTER_RUNTIME_DIR": str(folder / "r"), "JUPYTER_TOKEN": "bench"}
    value = str({"jupyter_mlws.lab": extension})
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            f"--port={port}",
            "--allow-root",
            f"--ServerApp.jpserver_extensions={value}",
        ],
        cwd=folder,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=bench").close()
                return time.perf_counter() - began
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.005)
    finally:
        process.terminate()
        process.wait()


def test_start_of_jupyterlab(
    tmp_path: Path, report: Callable[..., None], median: Callable[[Sequence[float]], float]
) -> None:
    with running_service(tmp_path / "w"):
        seconds_to_answer(tmp_path, extension=True)
        pairs = [
            (
                seconds_to_answer(tmp_path, extension=True),
                seconds_to_answer(tmp_path, extension=False),
            )
            for _ in range(PAIRS)
        ]

    ours, bare = median([a for a, _ in pairs]), median([b for _, b in pairs])
    share = median([a - b for a, b in pairs])
    report(
        "Start of `jupyter lab` to its first answer",
        ("", "median"),
        [
            ("without the extension", f"{bare:.2f} s"),
            ("with it", f"{ours:.2f} s"),
            ("its share (median of pairs; budget 100 ms)", f"{share * 1000:.0f} ms"),
        ],
    )


def test_memory_of_an_idle_service(tmp_path: Path, report: Callable[..., None]) -> None:
    with running_service(tmp_path / "w") as running:
        process = psutil.Process(running.pid)
        settle(process)
        resident = process.memory_info().rss
        others = process.children(recursive=True)
        waiting = sum(child.memory_info().rss for child in others)
        shared = sum(child.memory_full_info().pss for child in others)

    report(
        "Memory of an idle service with an empty workspace, once it is at rest",
        ("", "resident"),
        [
            ("the service (budget 120 MB)", f"{resident / 1e6:.0f} MB"),
            (
                f"{len(others)} processes that wait for jobs and notebooks",
                f"{waiting / 1e6:.0f} MB",
            ),
            ("the same, shared pages counted once", f"{shared / 1e6:.0f} MB"),
        ],
    )
    assert resident < 120e6


def settle(process: psutil.Process) -> None:
    """Wait until what the process starts by itself has started, and all is quiet."""
    quiet_s, before_s = 0.0, -1.0
    while quiet_s < 3:
        time.sleep(0.5)
        spent = [p.cpu_times() for p in [process, *process.children(recursive=True)]]
        now_s = sum(times.user + times.system for times in spent)
        quiet_s = quiet_s + 0.5 if now_s - before_s < 0.05 else 0.0
        before_s = now_s


def test_size_of_the_bundle(report: Callable[..., None]) -> None:
    chunks = sorted(ROOTS.rglob("*.js"), key=lambda path: -path.stat().st_size)

    rows = [(path.name.split(".")[0], f"{path.stat().st_size / 1000:.0f} kB") for path in chunks]
    report(
        "Chunks of the front end; all but the smallest load on first use", ("chunk", "size"), rows
    )
