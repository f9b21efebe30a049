"""The tables, as numbered steps; a step that was released is never edited.

The shape is measured: names of metrics, params and tags are numbers; a metric's points lie together;
the latest point of each metric and the params repeat their experiment, so that one index answers a
search within it; and runs are joined last.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jupyter_mlws.entities.errors import Conflict

if TYPE_CHECKING:
    from types import ModuleType

    from sqlite_utils import Database

SET = "jupyter_mlws"

TABLES = """
CREATE TABLE keys (kid INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);

CREATE TABLE experiments (
  eid INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
);
CREATE TABLE experiment_tags (
  eid INTEGER NOT NULL REFERENCES experiments,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (eid, key)
) WITHOUT ROWID;

CREATE TABLE runs (
  rid INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  eid INTEGER NOT NULL REFERENCES experiments,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  user TEXT NOT NULL,
  status TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  start_ms INTEGER,
  end_ms INTEGER,
  order_ms INTEGER NOT NULL, -- start, or creation while there is no start
  archived INTEGER NOT NULL DEFAULT 0,
  parent_id TEXT
);
CREATE INDEX runs_newest ON runs (eid, archived, order_ms DESC, run_id);
CREATE INDEX runs_newest_of_all ON runs (archived, order_ms DESC, run_id);
CREATE INDEX runs_by_status ON runs (status);
CREATE INDEX runs_by_parent ON runs (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE points (
  rid INTEGER NOT NULL,
  kid INTEGER NOT NULL,
  step INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  value REAL NOT NULL, -- 0 where nan
  nan INTEGER NOT NULL,
  PRIMARY KEY (rid, kid, step, ts, value, nan)
) WITHOUT ROWID;

CREATE TABLE latest (
  rid INTEGER NOT NULL REFERENCES runs,
  kid INTEGER NOT NULL REFERENCES keys,
  eid INTEGER NOT NULL,
  step INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  value REAL NOT NULL,
  nan INTEGER NOT NULL,
  in_order INTEGER NOT NULL, -- 1: going by step is going by time
  PRIMARY KEY (rid, kid)
) WITHOUT ROWID;
CREATE INDEX latest_by_value ON latest (eid, kid, nan, value, rid);

CREATE TABLE model_points (
  model_id TEXT NOT NULL,
  rid INTEGER NOT NULL REFERENCES runs,
  kid INTEGER NOT NULL REFERENCES keys,
  step INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  value REAL NOT NULL,
  nan INTEGER NOT NULL,
  dataset_name TEXT NOT NULL, -- '' for none
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model_id, kid, rid, step, ts, value, nan, dataset_name, dataset_digest)
) WITHOUT ROWID;

CREATE TABLE params (
  rid INTEGER NOT NULL REFERENCES runs,
  kid INTEGER NOT NULL REFERENCES keys,
  eid INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (rid, kid)
) WITHOUT ROWID;
CREATE INDEX params_by_value ON params (eid, kid, value, rid);

CREATE TABLE tags (
  rid INTEGER NOT NULL REFERENCES runs,
  kid INTEGER NOT NULL REFERENCES keys,
  eid INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (rid, kid)
) WITHOUT ROWID;
CREATE INDEX tags_by_value ON tags (eid, kid, value, rid) WHERE length(value) <= 128;

CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  doc TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0,
  UNIQUE (kind, name, version)
);
CREATE INDEX records_by_kind ON records (kind, archived);

CREATE TABLE artifacts (
  folder TEXT NOT NULL,
  name TEXT NOT NULL,
  blob TEXT, -- NULL: a folder
  size_bytes INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  PRIMARY KEY (folder, name)
) WITHOUT ROWID;

CREATE TABLE edges (
  source TEXT NOT NULL,
  relation TEXT NOT NULL,
  target TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (source, relation, target)
) WITHOUT ROWID;
CREATE INDEX edges_by_target ON edges (target, relation);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  change TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject, seq);

INSERT INTO experiments VALUES (
  0, 'Default', 'mlflow-artifacts:/0', 0,
  CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000
);
"""


def m001_tables(db: Database) -> None:
    """Everything the first release keeps."""
    for statement in TABLES.split(";\n"):
        db.conn.execute(statement)


def m_model_points_by_run(db: Database) -> None:
    """The points of models of one run are found, and so deleted, without a look at all others."""
    db.conn.execute("CREATE INDEX IF NOT EXISTS model_points_by_run ON model_points (rid)")


def m_archived_since(db: Database) -> None:
    """Runs and experiments know since when they are archived; those that are, since now."""
    now = "CAST(strftime('%s', 'now') AS INTEGER) * 1000"
    for table in ("runs", "experiments"):
        db.conn.execute(f"ALTER TABLE {table} ADD COLUMN archived_ms INTEGER")
        db.conn.execute(f"UPDATE {table} SET archived_ms = {now} WHERE archived")
        db.conn.execute(
            f"CREATE INDEX {table}_archived ON {table} (archived_ms) WHERE archived_ms IS NOT NULL"
        )


def m_changed(db: Database) -> None:
    """Each run knows the event that changed it last."""
    db.conn.execute("ALTER TABLE runs ADD COLUMN changed INTEGER NOT NULL DEFAULT 0")


STEPS = (m001_tables, m_model_points_by_run, m_archived_since, m_changed)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date; each step happens whole or not at all.

    Raises:
        Conflict: a newer release wrote this database.
    """
    if not pending(connection):
        return
    with _absent("pandas", "numpy"):
        from sqlite_utils import Database, Migrations

    migrations = Migrations(SET)
    for step in STEPS:
        migrations()(step)
    migrations.apply(Database(connection, execute_plugins=False))


def pending(connection: sqlite3.Connection) -> list[str]:
    """Names of the steps that are still to be done.

    Raises:
        Conflict: a newer release wrote this database.
    """
    known = [step.__name__ for step in STEPS]
    made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'")
    if made.fetchone() is None:
        return known
    done = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (SET,)
        )
    }
    newer = sorted(done.difference(known))
    if newer:
        raise Conflict(
            f"A newer release of jupyter_mlws wrote this workspace (step {newer[-1]}): install that one."
        )
    return [name for name in known if name not in done]


@contextmanager
def _absent(*modules: str) -> Iterator[None]:
    """Let an import go on without modules that it only asks for types it will not meet here.

    sqlite-utils would load them: 60 MB for the whole life of a service.
    """
    hidden: dict[str, ModuleType | None] = dict.fromkeys(set(modules) - sys.modules.keys())
    sys.modules.update(hidden)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
