"""How fast the store is, beside bare SQLite doing the same statements in the same run."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlws.store import migrations
from jupyter_mlws.store.base import Point, RunQuery
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.store import add_run, log

pytestmark = pytest.mark.timeout(600)

Report = Callable[..., None]

COLUMNS = ("work", "the store", "of bare SQLite")
ROUNDS = 5
HALF = 0.5
"""Checks, events and types may cost as much as SQLite itself, not more."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "workspace.db")) as made:
        yield made


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The same tables and settings, without anything of ours around them."""
    with closing(sqlite3.connect(tmp_path / "bare.db", isolation_level=None)) as db:
        for pragma in (
            "journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 4000",
            "temp_store = MEMORY", "cache_size = -65536", "mmap_size = 268435456",
            "foreign_keys = ON",
        ):  # fmt: skip
            db.execute(f"PRAGMA {pragma}")
        migrations.upgrade(db)
        yield db


def seconds(work: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """The least time of some rounds; each round is told its number."""
    times = []
    for number in range(rounds):
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
    return min(times)


def fill(store: SqliteStore, n_runs: int) -> None:
    """Runs with two metrics, two params and two tags each, values spread evenly."""
    for first in range(0, n_runs, 1000):
        with store.change("bench", "runs/write", "bench") as tx:
            for i in range(first, min(first + 1000, n_runs)):
                run_id = f"{(i * 2654435761) % 2**32:032x}"
                tx.create_run(
                    run_id,
                    0,
                    name=f"run-{i}",
                    user="bench",
                    status="Completed",
                    start_ms=i,
                    params={"lr": str(i % 17), "model": "gbm" if i % 3 else "nn"},
                    tags={"team": str(i % 10)},
                )
                spread = (i * 7919) % n_runs / n_runs
                tx.log(run_id, metrics=[Point("acc", spread, i), Point("loss", 1 - spread, i)])


@pytest.mark.parametrize(("n_points", "n_calls"), [(1, 2000), (1000, 50)])
def test_points_a_second(
    store: SqliteStore, bare: sqlite3.Connection, report: Report, n_points: int, n_calls: int
) -> None:
    add_run(store, "a")
    bare.execute(
        "INSERT INTO runs (rid, run_id, eid, name, type, user, status, created_ms, order_ms)"
        " VALUES (1, 'a', 0, '', '', '', '', 0, 0)"
    )
    bare.execute("INSERT INTO keys VALUES (1, 'loss')")

    def ours(number: int) -> None:
        for call in range(n_calls):
            first = (number * n_calls + call) * n_points
            log(store, "a", *(Point("loss", i, i, i) for i in range(first, first + n_points)))

    def theirs(number: int) -> None:
        for call in range(n_calls):
            first = (number * n_calls + call) * n_points
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("SELECT rid, eid FROM runs WHERE run_id = 'a'").fetchone()
            bare.executemany(
                "INSERT OR IGNORE INTO points VALUES (1, 1, ?, ?, ?, 0)",
                [(i, i, float(i)) for i in range(first, first + n_points)],
            )
            bare.execute("SELECT step, ts, value FROM latest WHERE rid = 1 AND kid = 1").fetchone()
            last = first + n_points
            bare.execute(
                "INSERT OR REPLACE INTO latest VALUES (1, 1, 0, ?, ?, ?, 0, 1)", (last, last, last)
            )
            bare.execute("INSERT INTO events VALUES (NULL, ?, 'a', 'b', 'c', '{}')", (last,))
            bare.execute("COMMIT")

    ratio = seconds(theirs) / (took := seconds(ours))

    rate = f"{n_points * n_calls / took:,.0f}"
    report("Points logged", COLUMNS, [(f"points/s, {n_points} a call", rate, f"{ratio:.2f}")])
    assert ratio > HALF


def test_run_cycles_a_second(store: SqliteStore, bare: sqlite3.Connection, report: Report) -> None:
    n = 500
    bare.execute("INSERT INTO keys VALUES (1, 'loss'), (2, 'mlflow.runName')")

    def ours(number: int) -> None:
        for i in range(n):
            run_id = f"{number}-{i}"
            with store.change("bench", "runs/write", "run") as tx:
                tx.create_run(run_id, 0, name="n", user="u", status="Running", start_ms=i)
            with store.change("bench", "runs/write", "run") as tx:
                tx.log(run_id, metrics=[Point("loss", 1.0, i)])
            with store.change("bench", "runs/write", "run") as tx:
                tx.update_run(run_id, status="Completed", end_ms=i)

    event = "INSERT INTO events VALUES (NULL, 1, 'a', 'b', 'c', '{}')"

    def theirs(number: int) -> None:
        for i in range(n):
            run_id = f"{number}-{i}"
            bare.execute("BEGIN IMMEDIATE")
            rid = bare.execute(
                "INSERT INTO runs (run_id, eid, name, type, user, status, created_ms, order_ms)"
                " VALUES (?, 0, 'n', 't', 'u', 'Running', ?, ?)",
                (run_id, i, i),
            ).lastrowid
            bare.execute("INSERT INTO tags VALUES (?, 2, 0, 'n')", (rid,))
            bare.execute(event)
            bare.execute("COMMIT")
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("SELECT rid, eid FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            bare.execute("INSERT INTO points VALUES (?, 1, 0, ?, 1.0, 0)", (rid, i))
            bare.execute("SELECT step, ts FROM latest WHERE rid = ? AND kid = 1", (rid,)).fetchone()
            bare.execute("INSERT INTO latest VALUES (?, 1, 0, 0, ?, 1.0, 0, 1)", (rid, i))
            bare.execute(event)
            bare.execute("COMMIT")
            bare.execute("BEGIN IMMEDIATE")
            bare.execute(
                "UPDATE runs SET status = 'Completed', end_ms = ? WHERE run_id = ?", (i, run_id)
            )
            bare.execute(event)
            bare.execute("COMMIT")

    ratio = seconds(theirs) / (took := seconds(ours))

    report(
        "Run cycles: create, log a metric, finish; 3 commits",
        COLUMNS,
        [("cycles/s", f"{n / took:,.0f}", f"{ratio:.2f}")],
    )
    assert ratio > HALF


MEASURED = "metric > and param =, by metric, 100"
SEARCHES = {
    "newest 100": RunQuery(max_results=100),
    "a page of 1000": RunQuery(max_results=1000),
    MEASURED: RunQuery(
        filter="metrics.acc > 0.5 AND params.model = 'gbm'",
        order_by=["metrics.acc DESC"],
        max_results=100,
    ),
    "by a metric, 100": RunQuery(order_by=["metrics.loss"], max_results=100),
    "by a param, 100": RunQuery(order_by=["params.lr"], max_results=100),
    "by name, 100 (no index)": RunQuery(order_by=["run_name"], max_results=100),
    "tag =, newest 100": RunQuery(filter="tags.team = '3'", max_results=100),
    "a rare metric": RunQuery(filter="metrics.acc > 0.9999", max_results=100),
    "nothing matches, no index": RunQuery(filter="params.model LIKE 'zz%'", max_results=100),
}
SAME_IN_SQL = """
    SELECT r.* FROM latest AS v INDEXED BY latest_by_value CROSS JOIN runs AS r ON r.rid = v.rid
    WHERE v.eid = 0 AND v.kid = (SELECT kid FROM keys WHERE key = 'acc') AND v.nan = 0
    AND v.value > 0.5 AND r.archived = 0 AND EXISTS (
      SELECT 1 FROM params WHERE rid = r.rid AND value = 'gbm'
      AND kid = (SELECT kid FROM keys WHERE key = 'model')
    ) ORDER BY v.value DESC, r.order_ms DESC, r.run_id LIMIT 101
"""


@pytest.mark.parametrize("n_runs", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_searches(store: SqliteStore, report: Report, n_runs: int) -> None:
    fill(store, n_runs)

    rows = []
    for what, query in SEARCHES.items():
        took = seconds(lambda _, query=query: store.search_runs(query))  # type: ignore[misc]
        rows.append((what, f"{took * 1000:.2f} ms", ""))
    bare_query = replace(SEARCHES[MEASURED], with_data=False)
    found = seconds(lambda _: store.search_runs(bare_query))
    with closing(sqlite3.connect(store.path)) as db:
        same = seconds(lambda _: db.execute(SAME_IN_SQL).fetchall())
    rows.append((f"{MEASURED}, without data", f"{found * 1000:.2f} ms", f"{same / found:.2f}"))

    report(f"Searches of {n_runs:,} runs", COLUMNS, rows)
    assert found < same * 10


def test_a_series_of_a_million_points(store: SqliteStore, report: Report) -> None:
    add_run(store, "a")
    for first in range(0, 1_000_000, 20_000):
        log(store, "a", *(Point("loss", i % 997, i, i) for i in range(first, first + 20_000)))
    with closing(sqlite3.connect(store.path)) as db:
        least = "SELECT count(*), min(value), max(value) FROM points"
        scan = seconds(lambda _: db.execute(least).fetchone())
        every = seconds(lambda _: db.execute("SELECT step, ts, value FROM points").fetchall(), 2)

    thinned = seconds(lambda _: store.series("a", "loss", max_points=1000))
    page = seconds(lambda _: store.history("a", "loss", max_results=25_000))

    rows = [
        ("thinned to 1,000, beside one scan", f"{thinned * 1000:.1f} ms", f"{scan / thinned:.2f}"),
        ("all read into Python", f"{every * 1000:.1f} ms", ""),
        ("a page of 25,000 of its history", f"{page * 1000:.1f} ms", ""),
    ]
    report("A metric of 1,000,000 points", COLUMNS, rows)
    assert thinned < every
