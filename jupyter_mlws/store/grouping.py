"""What many runs have: their values of one thing, groups of equal values, and which keys there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import orjson

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.store import searching
from jupyter_mlws.store.base import Entity, RunGroup, RunQuery, Spread
from jupyter_mlws.store.keys import Keys
from jupyter_mlws.store.rows import NAN

TABLES: dict[Entity, str] = {"metric": "latest", "parameter": "params", "tag": "tags"}
ATTRIBUTES = {"user": "r.user", "user_id": "r.user", "status": "r.status", "type": "r.type"}
"""By what runs can be grouped that every run has."""


def groups(
    db: sqlite3.Connection,
    keys: Keys,
    query: RunQuery,
    entity: Entity,
    key: str,
    metrics: Sequence[str],
    limit: int,
) -> list[RunGroup]:
    """The runs of a query by their value of something, the largest group first."""
    if entity == "attribute":
        if key not in ATTRIBUTES:
            raise Invalid(f"Runs are not grouped by '{key:.60}': by {', '.join(ATTRIBUTES)}.")
        value, join, joined = ATTRIBUTES[key], "", []
    else:
        value = "g.value"
        join = f" LEFT JOIN {TABLES[entity]} AS g ON g.rid = f.rid AND g.kid = ?"
        joined = [keys.number(db, key)]
    found, values = searching.numbers(db, keys, query)
    tables = f"({found}) AS f CROSS JOIN runs AS r ON r.rid = f.rid{join}"
    rows = db.execute(
        f"SELECT {value} AS v, count(*) AS n, max(r.order_ms) FROM {tables}"
        " GROUP BY v ORDER BY n DESC, v LIMIT ?",
        (*values, *joined, limit),
    ).fetchall()
    spreads: dict[str | None, dict[str, Spread]] = {text: {} for text, _, _ in rows}
    for metric in metrics:
        for text, *spread in db.execute(
            f"SELECT {value} AS v, count(*), avg(m.value), min(m.value), max(m.value)"
            f" FROM {tables} CROSS JOIN latest AS m ON m.rid = f.rid AND m.kid = ? AND m.nan = 0"
            " GROUP BY v",
            (*values, *joined, keys.number(db, metric)),
        ):
            if text in spreads:
                n, mean, least, greatest = spread
                # Infinities of both signs have no mean, which SQL says as NULL.
                mean = NAN if mean is None else mean
                spreads[text][metric] = Spread(n, mean, least, greatest)
    return [RunGroup(text, n, newest, spreads[text]) for text, n, newest in rows]


def keys_of(db: sqlite3.Connection, keys: Keys, query: RunQuery) -> dict[Entity, list[str]]:
    """Names of what any of the runs of a query has, sorted."""
    found, values = searching.numbers(db, keys, query)
    return {
        entity: sorted(
            keys.name(db, kid)
            for (kid,) in db.execute(
                f"SELECT DISTINCT v.kid FROM ({found}) AS f CROSS JOIN {table} AS v ON v.rid = f.rid",
                values,
            ).fetchall()
        )
        for entity, table in TABLES.items()
    }


def values(
    db: sqlite3.Connection, keys: Keys, run_ids: Sequence[str], entity: Entity, key: str
) -> dict[str, float | str]:
    """The value of each of the runs that has one."""
    kid = keys.number(db, key)
    if kid is None or entity not in TABLES:
        return {}
    value = "CASE WHEN v.nan THEN NULL ELSE v.value END" if entity == "metric" else "v.value"
    found = db.execute(
        f"SELECT ids.value, {value} FROM json_each(?) AS ids"
        " CROSS JOIN runs AS r ON r.run_id = ids.value"
        f" CROSS JOIN {TABLES[entity]} AS v ON v.rid = r.rid AND v.kid = ?",
        (orjson.dumps(list(run_ids)).decode(), kid),
    )
    return {run_id: NAN if value is None else value for run_id, value in found}
