"""Rows of the tables as what the contract answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import orjson

from jupyter_mlws.store.base import ArtifactRow, EventRow, ExperimentRow, Point, Record, RunRow
from jupyter_mlws.store.keys import Keys

Row = tuple[Any, ...]
NAN = float("nan")

RECORDS = "SELECT kind, name, version, doc, created_ms, updated_ms, archived FROM records"
EXPERIMENTS = (
    "SELECT eid, name, artifact_location, archived, created_ms, updated_ms FROM experiments"
)
RUN_COLUMNS = (
    "rid, run_id, eid, name, type, user, status, created_ms, start_ms, end_ms, archived, parent_id,"
    " changed"
)
RUNS = f"SELECT {RUN_COLUMNS} FROM runs"
ARTIFACTS = "SELECT folder, name, blob, size_bytes, modified_ms FROM artifacts"

EVENTS = "SELECT seq, time_ms, who, action, subject, change FROM events"


_OF_RUNS = "rid IN (SELECT value FROM json_each(?)) ORDER BY rid, kid"


def event(row: Row) -> EventRow:
    """A row of `EVENTS`."""
    seq, time_ms, who, action, subject, change = row
    return EventRow(seq, time_ms, who, action, subject, orjson.loads(change))


def record(row: Row) -> Record:
    """A row of `RECORDS`."""
    kind, name, version, doc, created_ms, updated_ms, archived = row
    return Record(kind, name, version, orjson.loads(doc), created_ms, updated_ms, bool(archived))


def artifact(row: Row) -> ArtifactRow:
    """A row of `ARTIFACTS`."""
    folder, name, blob, size_bytes, modified_ms = row
    return ArtifactRow(f"{folder}/{name}" if folder else name, blob, size_bytes, modified_ms)


def experiments(db: sqlite3.Connection, found: Sequence[Row]) -> list[ExperimentRow]:
    """Rows of `EXPERIMENTS`, with their tags."""
    tags: dict[int, dict[str, str]] = {}
    for eid, key, value in db.execute(
        "SELECT eid, key, value FROM experiment_tags WHERE eid IN (SELECT value FROM json_each(?))",
        (_numbers(found),),
    ):
        tags.setdefault(eid, {})[key] = value
    return [
        ExperimentRow(eid, name, location, bool(archived), created, updated, tags.get(eid, {}))
        for eid, name, location, archived, created, updated in found
    ]


def run(
    row: Row,
    metrics: tuple[Point, ...] = (),
    params: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> RunRow:
    """A row of `RUNS`, with data that was fetched for it."""
    _, run_id, eid, name, type_, user, status, created, start, end, archived, parent_id, changed = (
        row
    )
    return RunRow(
        run_id,
        eid,
        name,
        type_,
        user,
        status,
        created,
        start,
        end,
        bool(archived),
        parent_id,
        metrics,
        params or {},
        tags or {},
        changed,
    )


def run_with_data(db: sqlite3.Connection, keys: Keys, row: Row) -> RunRow:
    """A row of `RUNS`, with its data."""
    rid = row[:1]
    return run(
        row,
        tuple(
            Point(keys.name(db, kid), NAN if nan else value, ts, step)
            for kid, value, ts, step, nan in db.execute(
                "SELECT kid, value, ts, step, nan FROM latest WHERE rid = ?", rid
            )
        ),
        {
            keys.name(db, kid): value
            for kid, value in db.execute("SELECT kid, value FROM params WHERE rid = ?", rid)
        },
        {
            keys.name(db, kid): value
            for kid, value in db.execute("SELECT kid, value FROM tags WHERE rid = ?", rid)
        },
    )


def runs_with_data(db: sqlite3.Connection, keys: Keys, found: Sequence[Row]) -> list[RunRow]:
    """Rows of `RUNS` with their data, in one query each for metrics, params and tags."""
    numbers = _numbers(found)
    known, name = keys.names, keys.name
    metrics: dict[int, list[Point]] = {row[0]: [] for row in found}
    for rid, kid, value, ts, step, nan in db.execute(
        f"SELECT rid, kid, value, ts, step, nan FROM latest WHERE {_OF_RUNS}", (numbers,)
    ):
        key = known.get(kid) or name(db, kid)
        metrics[rid].append(Point(key, NAN if nan else value, ts, step))
    words: list[dict[int, dict[str, str]]] = []
    for table in ("params", "tags"):
        grouped: dict[int, dict[str, str]] = {row[0]: {} for row in found}
        for rid, kid, value in db.execute(
            f"SELECT rid, kid, value FROM {table} WHERE {_OF_RUNS}", (numbers,)
        ):
            grouped[rid][known.get(kid) or name(db, kid)] = value
        words.append(grouped)
    params, tags = words
    return [run(row, tuple(metrics[row[0]]), params[row[0]], tags[row[0]]) for row in found]


def model_points(db: sqlite3.Connection, keys: Keys, model_id: str) -> list[tuple[str, Point]]:
    """Every point that was logged for a model, with the run that logged it."""
    found = db.execute(
        "SELECT run_id, kid, value, ts, step, nan, dataset_name, dataset_digest FROM model_points"
        " JOIN runs USING (rid) WHERE model_id = ? ORDER BY kid, rid, ts, step, value",
        (model_id,),
    )
    return [
        (
            run_id,
            Point(
                keys.name(db, kid),
                NAN if nan else value,
                ts,
                step,
                model_id,
                dataset or None,
                digest or None,
            ),
        )
        for run_id, kid, value, ts, step, nan, dataset, digest in found.fetchall()
    ]


def _numbers(found: Sequence[Row]) -> str:
    return orjson.dumps([row[0] for row in found]).decode()
