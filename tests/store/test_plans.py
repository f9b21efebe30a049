"""No question makes SQLite look at all metrics: its own plans say so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyter_mlws.store import grouping, rows, searching, series
from jupyter_mlws.store.base import Point, RunQuery
from jupyter_mlws.store.sqlite import SqliteStore

LARGE = ("points", "latest", "params", "tags", "model_points")
WHOLE = re.compile(rf"SCAN (?:{'|'.join(LARGE)})\b")
FILTERS = (
    "",
    "metrics.m > 0.5",
    "metrics.m > 0.5 AND params.p = 'a'",
    "metrics.m != 1 OR tags.t LIKE '%a%'",
    "NOT (metrics.m > 0.5) AND params.p IN ('a', 'b')",
    "params.none IS NULL AND tags.t IS NOT NULL",
    "'text' AND metrics.m < 1",
    "attributes.run_id IN ('r1', 'r2')",
    "status = 'RUNNING' AND datasets.name = 'x'",
)
ORDERS: tuple[list[str], ...] = (
    [],
    ["metrics.m DESC"],
    ["params.p"],
    ["tags.t DESC", "metrics.m"],
    ["attributes.end_time", "metrics.m"],
)


@pytest.fixture(scope="module")
def store() -> Iterator[SqliteStore]:
    """Enough runs that an index pays."""
    store = SqliteStore(":memory:")
    with store.change("user:ana", "runs/write", "runs") as tx:
        for n in range(1500):
            tx.create_run(
                f"r{n}",
                0,
                name=f"run {n}",
                user="ana",
                status="Running",
                start_ms=n,
                params={"p": "ab"[n % 2]},
                tags={"t": "abc"[n % 3]},
            )
            tx.log(f"r{n}", metrics=[Point("m", n / 1500, n, step) for step in range(3)])
    yield store
    store.close()


def _scans(store: SqliteStore, ask: Callable[[Any], object]) -> list[str]:
    """Which of the statements that a question runs read a whole large table."""
    with store._connections.reading() as db:
        said: list[str] = []
        db.set_trace_callback(said.append)
        try:
            ask(db)
        finally:
            db.set_trace_callback(None)
        assert said
        return [
            f"{step}: {statement}"
            for statement in said
            if statement.lstrip().upper().startswith(("SELECT", "WITH"))
            for *_, step in db.execute(f"EXPLAIN QUERY PLAN {statement}")
            if WHOLE.search(step)
        ]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("filter", FILTERS)
def test_a_search_reads_no_large_table_to_its_end(
    store: SqliteStore, filter: str, order: list[str]
) -> None:
    for experiment_ids in (None, [0]):
        query = RunQuery(experiment_ids, filter, order_by=order, max_results=50)
        assert _scans(store, lambda db: searching.runs(db, store._keys, query)) == []  # noqa: B023
        assert _scans(store, lambda db: searching.marks(db, store._keys, query)) == []  # noqa: B023


@pytest.mark.parametrize("filter", FILTERS)
def test_neither_does_a_count_nor_a_table_of_groups(store: SqliteStore, filter: str) -> None:
    query = RunQuery(filter=filter)
    keys = store._keys

    assert _scans(store, lambda db: searching.count_runs(db, keys, query)) == []
    groups = _scans(
        store, lambda db: grouping.groups(db, keys, query, "parameter", "p", ["m"], 100)
    )
    assert groups == []


def test_neither_does_a_run_a_history_nor_a_series(store: SqliteStore) -> None:
    keys = store._keys
    questions: list[Callable[[Any], object]] = [
        lambda db: series.history(db, keys, "r7", "m", 10, None),
        lambda db: series.thinned(db, keys, "r7", "m", 2, None, None),
        lambda db: grouping.values(db, keys, ["r1", "r2"], "metric", "m"),
        lambda db: rows.model_points(db, keys, "m-1"),
        lambda db: rows.run_with_data(
            db, keys, db.execute(f"{rows.RUNS} WHERE run_id = 'r7'").fetchone()
        ),
    ]

    for ask in questions:
        assert _scans(store, ask) == []


def test_a_scan_would_be_seen(store: SqliteStore) -> None:
    assert _scans(store, lambda db: db.execute("SELECT total(value) FROM points").fetchone())
