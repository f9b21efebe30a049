"""What benchmarks share: they measure, print a table, and compare within one run."""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

RESULTS = Path(__file__).parent / "results"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are benchmarks: they run when asked for, with `-m bench`."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.bench)


@pytest.fixture
def report(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Callable[..., None]:
    """Print a table and keep it under `tests/bench/results/`, as the docs quote it."""

    def write(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        lines = [f"### {title}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
        lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
        text = "\n".join(lines) + "\n"
        RESULTS.mkdir(exist_ok=True)
        name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
        (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return write


@pytest.fixture
def median() -> Callable[[Sequence[float]], float]:
    """The middle of noisy measurements."""
    return statistics.median
