"""How long an environment takes: made by us with warm caches, against venv and pip with theirs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jupyter_mlws.execution.environments.builder import Builder
from jupyter_mlws.execution.environments.recipe import plain

PACKAGES = ("scikit-learn", "pandas", "ipykernel")
TIMES = 3
MUST_REACH = 5
SECOND_REQUEST_S = 0.05


def seconds_of_pip(folder: Path) -> float:
    """`python -m venv` and `pip install` with pip's cache as it is."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES]
    subprocess.run(pip, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def seconds_of_ours(folder: Path) -> float:
    """Lock and environment, both made anew."""
    began = time.perf_counter()
    Builder(folder).build(plain(PACKAGES))
    return time.perf_counter() - began


@pytest.mark.timeout(900)
def test_a_warm_build_against_venv_and_pip(
    tmp_path: Path, report: Callable[..., None], median: Callable[[Sequence[float]], float]
) -> None:
    seconds_of_pip(tmp_path / "pip-warm-up")
    seconds_of_ours(tmp_path / "ours-warm-up")

    pip, ours = [], []
    for turn in range(TIMES):
        pip.append(seconds_of_pip(tmp_path / f"pip{turn}"))
        ours.append(seconds_of_ours(tmp_path / f"ours{turn}"))
    builder, again = Builder(tmp_path / "ours0"), []
    for _ in range(20):
        began = time.perf_counter()
        builder.build(plain(PACKAGES))
        again.append(time.perf_counter() - began)

    ratio = median(pip) / median(ours)
    report(
        f"Environment with {', '.join(PACKAGES)}, caches warm",
        ("what", "seconds", "ratio"),
        [
            ("python -m venv, pip install", f"{median(pip):.1f}", "1"),
            ("ours: lock, environment, kernel", f"{median(ours):.2f}", f"{ratio:.1f} times"),
            ("ours, asked for again", f"{median(again):.5f}", f"budget {SECOND_REQUEST_S}"),
        ],
    )
    assert ratio >= MUST_REACH
    assert median(again) < SECOND_REQUEST_S
