"""Searches."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.store import rows
from jupyter_mlws.store.base import ExperimentRow, RunQuery
from jupyter_mlws.store.keys import Keys


def experiments(
    db: sqlite3.Connection,
    filter: str,  # noqa: A002
    order_by: Sequence[str],
    archived: int | None,
    max_results: int,
    page_token: str | None,
) -> tuple[list[ExperimentRow], str | None]:
    if filter or order_by or page_token:
        raise Invalid("not yet")
    found = db.execute(
        f"{rows.EXPERIMENTS} WHERE ?1 IS NULL OR archived = ?1 ORDER BY created_ms DESC, eid DESC LIMIT ?2",
        (archived, max_results),
    ).fetchall()
    return rows.experiments(db, found), None


def runs(db: sqlite3.Connection, keys: Keys, query: RunQuery) -> tuple[list[Any], str | None]:
    where, values = _where(query)
    found = db.execute(
        f"{rows.RUNS} WHERE {where} ORDER BY order_ms DESC, run_id LIMIT ?",
        (*values, query.max_results),
    ).fetchall()
    return found, None


def count_runs(db: sqlite3.Connection, keys: Keys, query: RunQuery) -> int:
    where, values = _where(query)
    return int(db.execute(f"SELECT count(*) FROM runs WHERE {where}", values).fetchone()[0])


def _where(query: RunQuery) -> tuple[str, list[Any]]:
    if query.filter or query.order_by or query.page_token:
        raise Invalid("not yet")
    parts, values = ["1"], []
    archived = {"active": 0, "archived": 1, "all": None}[query.view]
    if archived is not None:
        parts.append(f"archived = {archived}")
    for column, chosen in (
        ("eid", query.experiment_ids),
        ("type", query.types),
        ("status", query.statuses),
        ("parent_id", None if query.parent_id is None else [query.parent_id]),
    ):
        if chosen is not None:
            parts.append(f"{column} IN ({', '.join('?' * len(chosen))})")
            values += list(chosen)
    return " AND ".join(parts), values
