"""A workspace as large as the pages are promised to stay quick with; written through the store.

`python -m tests.bench.large_workspace FOLDER` makes one to look at.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from jupyter_mlws.store.base import Point
from jupyter_mlws.store.sqlite import SqliteStore

N_RUNS = 100_000
N_PARAMS = 20
N_METRICS = 30
N_POINTS = 1_000_000
LONG = "long"
"""Name of the metric with a million points; the newest run has it."""
SPIKE_STEP = 617_283
SPIKE = 100.0
"""At one step the long metric, which else stays below 3, has this value."""
EXPERIMENTS = 4
FIRST_MS = 1_700_000_000_000
AT_ONCE = 1000

MODELS = ("gbm", "forest", "linear", "net")


def make(folder: Path, n_runs: int = N_RUNS, n_points: int = N_POINTS) -> Path:
    """Write the workspace; answers its database."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(SqliteStore(folder / "workspace.db")) as store:
        with store.change("bench", "experiments/write", "experiments") as tx:
            eids = [tx.create_experiment(f"experiment {i}") for i in range(EXPERIMENTS)]
        for first in range(0, n_runs, AT_ONCE):
            with store.change("bench", "runs/write", "runs") as tx:
                for number in range(first, min(first + AT_ONCE, n_runs)):
                    run_id = id_of(number)
                    start_ms = FIRST_MS + number * 1000
                    tx.create_run(
                        run_id,
                        eids[number % EXPERIMENTS],
                        name=f"run {number}",
                        user="ana" if number % 3 else "ben",
                        status="Completed" if number % 50 else "Failed",
                        start_ms=start_ms,
                        params=params_of(number),
                        tags={"team": f"team {number % 7}"},
                    )
                    tx.update_run(run_id, end_ms=start_ms + 60_000 + number % 977)
                    tx.log(run_id, metrics=[Point(k, v, start_ms) for k, v in metrics_of(number)])
        long = id_of(n_runs - 1)
        for first in range(0, n_points, 100_000):
            with store.change("bench", "runs/write", f"run:{long}") as tx:
                tx.log(long, metrics=list(points(first, min(first + 100_000, n_points))))
    return folder / "workspace.db"


def id_of(number: int) -> str:
    """The id of a run; its number is spread, as of real ones."""
    return f"{(number * 2_654_435_761) % 2**32:08x}{number:024x}"


def params_of(number: int) -> dict[str, str]:
    """Params of which the first few mean something."""
    own = {
        "model": MODELS[number % len(MODELS)],
        "lr": f"{10 ** (-1 - (number * 7919 % 400) / 100):.5f}",
        "depth": str(2 + number % 9),
        "seed": str(number % 5),
    }
    return own | {f"p{i:02}": f"value {number * (i + 1) % 10}" for i in range(N_PARAMS - len(own))}


def metrics_of(number: int) -> Iterator[tuple[str, float]]:
    """A value of each metric; `auc` follows the depth."""
    yield "auc", 0.5 + 0.04 * (number % 9) + (number * 7919 % 10_007) / 10_007 * 0.1
    for i in range(1, N_METRICS - 1):
        yield f"m{i:02}", (number * (i + 7919) % 10_007) / 10_007
    yield "loss", 1 / (1 + number % 97)


def points(first: int, last: int) -> Iterator[Point]:
    """The long metric: waves with one spike of a single step."""
    for step in range(first, last):
        value = SPIKE if step == SPIKE_STEP else 1 + math.sin(step / 9000) + (step * 31 % 97) / 97
        yield Point(LONG, value, FIRST_MS + step * 10, step)


if __name__ == "__main__":
    sys.stdout.write(f"{make(Path(sys.argv[1]))}\n")
