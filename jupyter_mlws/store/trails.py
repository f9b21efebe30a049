"""The events as an audit reads them: backwards, and only what was asked for."""

from __future__ import annotations

import sqlite3

from jupyter_mlws.store import rows
from jupyter_mlws.store.base import EventRow, Trail

LOGGED = ", ".join(
    f"json_extract(change, '$.{key}')"
    for key in ("metrics", "params", "n_system_metrics", "n_inputs", "n_outputs")
)
LOGGING = (
    "subject GLOB 'cursor:*'"
    " OR action IN ('jobs/progress', 'artifacts/write', 'blobs/write', 'deliveries/write')"
    " OR action = 'runs/write' AND json_extract(change, '$.created') IS NULL"
    f" AND coalesce({LOGGED}) IS NOT NULL"
)
"""What runs, and the workspace itself, note all the time; nobody asks who did it."""


BY_ITSELF = (
    "who IN ('automation', 'dispatcher', 'scheduler', 'system', 'trigger', 'webhooks')"
    " OR who GLOB 'job:*'"
)
"""Who does what nobody asks for just then."""


def read(db: sqlite3.Connection, trail: Trail) -> list[EventRow]:
    """The newest events that fit, newest first."""
    where: list[str] = ["1"]
    values: list[str | int] = []
    for condition, value in (
        ("seq < ?", trail.before),
        ("who = ?", trail.who),
        ("action GLOB ?", _pattern(trail.action) if trail.action else None),
        ("time_ms >= ?", trail.since_ms),
        ("time_ms <= ?", trail.until_ms),
    ):
        if value is not None:
            where.append(condition)
            values.append(value)
    if trail.subject is not None:
        condition, bounds = _subject(trail.subject)
        where.append(condition)
        values += bounds
    if not trail.with_logging:
        where.append(f"NOT ({LOGGING})")
    if trail.people_only:
        where.append(f"NOT ({BY_ITSELF})")
    found = db.execute(
        f"{rows.EVENTS} WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?",
        (*values, trail.limit),
    ).fetchall()
    return [rows.event(row) for row in found]


def _pattern(action: str) -> str:
    """Only `*` stands for anything."""
    return action.replace("[", "[[]").replace("?", "[?]")


def _subject(subject: str) -> tuple[str, list[str]]:
    """A kind, one thing, or one version: a name without version has all of its versions."""
    if ":" not in subject:
        # The unary plus keeps to the order of events: a kind can be half of them.
        return "+subject >= ? AND +subject < ?", [f"{subject}:", f"{subject};"]
    return (
        "(subject = ? OR subject >= ? AND subject < ?)",
        [subject, f"{subject}@", f"{subject}A"],
    )
