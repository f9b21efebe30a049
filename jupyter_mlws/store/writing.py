"""Writing: what a transaction does to the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isnan
from typing import Any

import orjson

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound, Problem
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.store.base import Doc, Point, Times, Transaction
from jupyter_mlws.store.keys import Keys, OpenKeys

RUN_NAME = "mlflow.runName"
ARCHIVED_SINCE = (
    "archived_ms = CASE WHEN {0} IS NULL THEN archived_ms WHEN {0} = 0 THEN NULL"
    " ELSE coalesce(archived_ms, {1}) END"
)
"""Sets since when a row is archived; places for whether it is to be, and for now."""
NEXT_EVENT = "(SELECT coalesce(max(seq), 0) + 1 FROM events)"
CHANGED = f"changed = {NEXT_EVENT}"
"""Sets the mark of a run. An event is written at the end of what it tells of: the next is the one."""
LAST_EXPERIMENT = ("counter", "experiment")
"""Kind and name of the record that remembers the greatest id of deleted experiments."""
PARENT_RUN_ID = "mlflow.parentRunId"

LatestRow = tuple[int, int, int, float, int]
"""step, ts, not nan, value, in_order: a greater (step, ts, not nan, value) is a later point."""


class SqliteTransaction(Transaction):
    """Writes on the one writing connection, between BEGIN and COMMIT.

    Attributes:
        facts: what the event will say changed.
        keys: the names that were met.
        logged: numbers of run and metric of the series that have new points.
    """

    def __init__(
        self, db: sqlite3.Connection, keys: Keys, now_ms: int, facts: dict[str, Any]
    ) -> None:
        self._db = db
        self._now_ms = now_ms
        self.facts = facts
        self.keys = OpenKeys(keys, db)
        self.logged: set[tuple[int, int]] = set()

    def note(self, **change: Any) -> None:
        self.facts.update(change)

    # Records
    def put_record(
        self,
        kind: str,
        name: str,
        doc: Doc,
        *,
        version: str = "",
        archived: bool = False,
        times: Times | None = None,
    ) -> None:
        created_ms, updated_ms = times or (self._now_ms, self._now_ms)
        self._db.execute(
            "INSERT INTO records (kind, name, version, doc, created_ms, updated_ms, archived)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (kind, name, version) DO UPDATE SET"
            " doc = excluded.doc, updated_ms = excluded.updated_ms, archived = excluded.archived",
            (kind, name, version, to_json(doc), created_ms, updated_ms, archived),
        )

    def add_record(self, kind: str, name: str, doc: Doc, *, version: str = "") -> None:
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO records (kind, name, version, doc, created_ms, updated_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            (kind, name, version, to_json(doc), self._now_ms),
        )
        if not cursor.rowcount:
            which = f"{name}@{version}" if version else name
            raise AlreadyExists(f"There is a {kind} '{which}' already: choose another name.")

    def delete_record(self, kind: str, name: str, *, version: str | None = None) -> int:
        return self._db.execute(
            "DELETE FROM records WHERE kind = ?1 AND name = ?2 AND (?3 IS NULL OR version = ?3)",
            (kind, name, version),
        ).rowcount

    # Experiments
    def create_experiment(
        self,
        name: str,
        *,
        artifact_location: str | None = None,
        tags: Mapping[str, str] = {},
        experiment_id: int | None = None,
        archived: bool = False,
        times: Times | None = None,
    ) -> int:
        created_ms, updated_ms = times or (self._now_ms, self._now_ms)
        if experiment_id is None:
            experiment_id = 1 + self._last_experiment()
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO experiments"
            " (eid, name, artifact_location, archived, created_ms, updated_ms, archived_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                experiment_id,
                name,
                artifact_location or "",
                archived,
                created_ms,
                updated_ms,
                self._now_ms if archived else None,
            ),
        )
        if not cursor.rowcount:
            raise AlreadyExists(f"There is an experiment '{name}' already: choose another name.")
        eid = int(cursor.lastrowid or 0)
        if artifact_location is None:
            self._db.execute(
                "UPDATE experiments SET artifact_location = ? WHERE eid = ?",
                (f"mlflow-artifacts:/{eid}", eid),
            )
        self._put_experiment_tags(eid, tags)
        return eid

    def update_experiment(
        self,
        experiment_id: int,
        *,
        name: str | None = None,
        archived: bool | None = None,
        tags: Mapping[str, str] = {},
        drop_tags: Sequence[str] = (),
    ) -> None:
        if not self._db.execute(
            "SELECT 1 FROM experiments WHERE eid = ?", (experiment_id,)
        ).fetchone():
            raise NotFound(f"No Experiment with id={experiment_id} exists")
        if name is not None or archived is not None:
            self._rename_or_archive_experiment(experiment_id, name, archived)
        for key in drop_tags:
            if not self._db.execute(
                "DELETE FROM experiment_tags WHERE eid = ? AND key = ?", (experiment_id, key)
            ).rowcount:
                raise NotFound(f"No tag with name: {key} in experiment with id {experiment_id}")
        self._put_experiment_tags(experiment_id, tags)

    def delete_experiment(self, experiment_id: int) -> None:
        last = self._last_experiment()
        self._db.execute("DELETE FROM experiment_tags WHERE eid = ?", (experiment_id,))
        try:
            gone = self._db.execute("DELETE FROM experiments WHERE eid = ?", (experiment_id,))
        except sqlite3.IntegrityError:
            raise Conflict(f"Experiment {experiment_id} has runs: delete them first.") from None
        if not gone.rowcount:
            raise NotFound(f"No Experiment with id={experiment_id} exists")
        self.put_record(*LAST_EXPERIMENT, {"id": last})

    def _last_experiment(self) -> int:
        """The greatest id that an experiment has or had: links to one that is gone lead nowhere."""
        return int(
            self._db.execute(
                "SELECT max((SELECT max(eid) FROM experiments), coalesce((SELECT"
                " json_extract(doc, '$.id') FROM records WHERE kind = ? AND name = ?), 0))",
                LAST_EXPERIMENT,
            ).fetchone()[0]
        )

    def _rename_or_archive_experiment(
        self, eid: int, name: str | None, archived: bool | None
    ) -> None:
        try:
            self._db.execute(
                "UPDATE experiments SET name = coalesce(?2, name),"
                f" {ARCHIVED_SINCE.format('?3', '?4')}, archived = coalesce(?3, archived),"
                " updated_ms = ?4 WHERE eid = ?1",
                (eid, name, archived, self._now_ms),
            )
        except sqlite3.IntegrityError:
            raise AlreadyExists(
                f"There is an experiment '{name}' already: choose another name."
            ) from None
        if archived is not None:
            self._db.execute(
                f"UPDATE runs SET {ARCHIVED_SINCE.format('?2', '?3')}, archived = ?2, {CHANGED}"
                " WHERE eid = ?1",
                (eid, archived, self._now_ms),
            )

    def _put_experiment_tags(self, eid: int, tags: Mapping[str, str]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO experiment_tags VALUES (?, ?, ?)",
            [(eid, key, value) for key, value in tags.items()],
        )

    # Runs
    def create_run(
        self,
        run_id: str,
        experiment_id: int,
        *,
        name: str,
        type: str = "mlflow",
        user: str,
        status: str,
        start_ms: int | None = None,
        parent_id: str | None = None,
        tags: Mapping[str, str] = {},
        params: Mapping[str, str] = {},
        created_ms: int | None = None,
    ) -> None:
        parent_id = parent_id or tags.get(PARENT_RUN_ID)
        created_ms = self._now_ms if created_ms is None else created_ms
        order_ms = created_ms if start_ms is None else start_ms
        row = (run_id, experiment_id, name, type, user, status, created_ms, start_ms, order_ms)
        try:
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO runs (run_id, eid, name, type, user, status, created_ms,"
                " start_ms, order_ms, parent_id, changed) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                f" {NEXT_EVENT}",
                (*row, parent_id),
            )
        except sqlite3.IntegrityError:
            raise NotFound(f"No Experiment with id={experiment_id} exists") from None
        if not cursor.rowcount:
            raise AlreadyExists(f"There is a run '{run_id}' already: choose another name.")
        rid = int(cursor.lastrowid or 0)
        kept = {**tags, RUN_NAME: name}
        if parent_id:
            kept[PARENT_RUN_ID] = parent_id
        self._put_words("tags", rid, experiment_id, kept)
        if params:
            self._put_words("params", rid, experiment_id, params)

    def delete_run(self, run_id: str) -> int:
        rid, _ = self._run(run_id)
        n_points = self._db.execute("DELETE FROM points WHERE rid = ?", (rid,)).rowcount
        for table in ("latest", "model_points", "params", "tags"):
            self._db.execute(f"DELETE FROM {table} WHERE rid = ?", (rid,))
        self._db.execute(
            f"UPDATE runs SET parent_id = NULL, {CHANGED} WHERE parent_id = ?", (run_id,)
        )
        self._db.execute("DELETE FROM runs WHERE rid = ?", (rid,))
        node = f"run:{run_id}"
        self._db.execute("DELETE FROM edges WHERE source = ?", (node,))
        self._db.execute("DELETE FROM edges WHERE target = ?", (node,))
        return n_points

    def update_run(
        self,
        run_id: str,
        *,
        name: str | None = None,
        status: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        clear_end: bool = False,
        archived: bool | None = None,
    ) -> None:
        cursor = self._db.execute(
            "UPDATE runs SET name = coalesce(?2, name), status = coalesce(?3, status),"
            " start_ms = coalesce(?4, start_ms), order_ms = coalesce(?4, order_ms),"
            " end_ms = CASE WHEN ?6 THEN NULL ELSE coalesce(?5, end_ms) END,"
            f" {ARCHIVED_SINCE.format('?7', '?8')}, archived = coalesce(?7, archived), {CHANGED}"
            " WHERE run_id = ?1",
            (run_id, name, status, start_ms, end_ms, clear_end, archived, self._now_ms),
        )
        if not cursor.rowcount:
            raise NotFound(f"Run with id={run_id} not found")
        if name is not None:
            rid, eid = self._run(run_id)
            self._put_words("tags", rid, eid, {RUN_NAME: name})

    def log(
        self,
        run_id: str,
        *,
        metrics: Sequence[Point] = (),
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
        drop_tags: Sequence[str] = (),
    ) -> None:
        rid, eid = self._run(run_id)
        if params:
            params = self._new_params(run_id, rid, params)
        if drop_tags:
            self._require_tags(run_id, rid, drop_tags)
        if params:
            self._put_words("params", rid, eid, params)
        if metrics:
            self._put_points(rid, eid, metrics)
        if drop_tags:
            self._drop_tags(rid, drop_tags)
        if tags:
            self._put_words("tags", rid, eid, tags)
            self._follow_tags(rid, tags)
        if metrics or params or drop_tags or tags:
            self._db.execute(f"UPDATE runs SET {CHANGED} WHERE rid = ?", (rid,))

    def _run(self, run_id: str) -> tuple[int, int]:
        row = self._db.execute("SELECT rid, eid FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        if row is None:
            raise NotFound(f"Run with id={run_id} not found")
        return row[0], row[1]

    def _put_words(self, table: str, rid: int, eid: int, words: Mapping[str, str]) -> None:
        number = self.keys.number
        self._db.executemany(
            f"INSERT OR REPLACE INTO {table} (rid, kid, eid, value) VALUES (?, ?, ?, ?)",
            [(rid, number(key), eid, value) for key, value in words.items()],
        )

    def _new_params(self, run_id: str, rid: int, params: Mapping[str, str]) -> dict[str, str]:
        """Those of `params` that are not there yet."""
        new, problems = {}, []
        for key, value in params.items():
            row = self._db.execute(
                "SELECT value FROM params WHERE rid = ? AND kid = ?", (rid, self.keys.number(key))
            ).fetchone()
            if row is None:
                new[key] = value
            elif row[0] != value:
                text = f"'{key}' was logged as '{row[0]}' and cannot become '{value}'"
                problems.append(Problem(text, f"params.{key}"))
        if problems:
            told = "; ".join(problem.message for problem in problems)
            raise Conflict(f"Params of run '{run_id}' are written once: {told}.", problems=problems)
        return new

    def _require_tags(self, run_id: str, rid: int, keys: Iterable[str]) -> None:
        for key in keys:
            if not self._db.execute(
                "SELECT 1 FROM tags WHERE rid = ? AND kid = ?", (rid, self.keys.number(key))
            ).fetchone():
                raise NotFound(f"No tag with name: {key} in run with id {run_id}")

    def _drop_tags(self, rid: int, keys: Sequence[str]) -> None:
        self._db.executemany(
            "DELETE FROM tags WHERE rid = ? AND kid = ?",
            [(rid, self.keys.number(key)) for key in keys],
        )
        if PARENT_RUN_ID in keys:
            self._db.execute("UPDATE runs SET parent_id = NULL WHERE rid = ?", (rid,))

    def _follow_tags(self, rid: int, tags: Mapping[str, str]) -> None:
        """Let a run be named, and lie below a run, as its tags say."""
        if RUN_NAME in tags:
            self._db.execute("UPDATE runs SET name = ? WHERE rid = ?", (tags[RUN_NAME], rid))
        if PARENT_RUN_ID in tags:
            parent_id = tags[PARENT_RUN_ID] or None
            self._db.execute("UPDATE runs SET parent_id = ? WHERE rid = ?", (parent_id, rid))

    def _put_points(self, rid: int, eid: int, points: Sequence[Point]) -> None:
        number = self.keys.number
        rows = []
        for key, value, ts, step, *_ in points:
            if isnan(value):
                rows.append((rid, number(key), step, ts, 0.0, 1))
            else:
                rows.append((rid, number(key), step, ts, value, 0))
        added = self._db.executemany("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?, ?)", rows)
        if added.rowcount:
            self._put_latest(rid, eid, rows)
        of_models = [point for point in points if point.model_id is not None]
        if of_models:
            self._put_model_points(rid, of_models)

    def _put_latest(
        self, rid: int, eid: int, rows: Iterable[tuple[int, int, int, int, float, int]]
    ) -> None:
        kids = {row[1] for row in rows}
        self.logged.update((rid, kid) for kid in kids)
        before = self._latest(rid, kids)
        latest = dict(before)
        for _, kid, step, ts, value, nan in rows:
            last = latest.get(kid)
            if last is None:
                latest[kid] = (step, ts, 1 - nan, value, 1)
            elif (step, ts, 1 - nan, value) > last[:4]:
                latest[kid] = (step, ts, 1 - nan, value, last[4] if ts >= last[1] else 0)
            elif ts != last[1] or step != last[0]:
                latest[kid] = (*last[:4], 0)
        self._db.executemany(
            "INSERT OR REPLACE INTO latest (rid, kid, eid, step, ts, nan, value, in_order)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (rid, kid, eid, step, ts, 1 - number, value, in_order)
                for kid, (step, ts, number, value, in_order) in latest.items()
                if before.get(kid) != (step, ts, number, value, in_order)
            ],
        )

    def _latest(self, rid: int, kids: set[int]) -> dict[int, LatestRow]:
        select = "SELECT kid, step, ts, 1 - nan, value, in_order FROM latest WHERE rid = ?1"
        if len(kids) == 1:
            rows = self._db.execute(f"{select} AND kid = ?2", (rid, *kids))
        else:
            every = orjson.dumps(list(kids)).decode()
            rows = self._db.execute(
                f"{select} AND kid IN (SELECT value FROM json_each(?2))", (rid, every)
            )
        return {kid: (step, ts, number, value, o) for kid, step, ts, number, value, o in rows}

    def _put_model_points(self, rid: int, points: Sequence[Point]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO model_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    point.model_id,
                    rid,
                    self.keys.number(point.key),
                    point.step,
                    point.ts_ms,
                    0.0 if isnan(point.value) else point.value,
                    isnan(point.value),
                    point.dataset_name or "",
                    point.dataset_digest or "",
                )
                for point in points
            ],
        )

    # Artifacts and lineage
    def put_artifact(self, path: str, blob: str, size_bytes: int) -> None:
        folder, name = split_path(path)
        self._put_folders(folder)
        cursor = self._db.execute(
            "INSERT INTO artifacts VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (folder, name)"
            " DO UPDATE SET blob = excluded.blob, size_bytes = excluded.size_bytes,"
            " modified_ms = excluded.modified_ms WHERE blob IS NOT NULL",
            (folder, name, blob, size_bytes, self._now_ms),
        )
        if not cursor.rowcount:
            raise Conflict(f"'{path}' is a folder: a file cannot take its place.")

    def _put_folders(self, path: str) -> None:
        """Make the folder `path` and those it lies in, as far as they are missing."""
        while path:
            parent, _, name = path.rpartition("/")
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO artifacts VALUES (?, ?, NULL, 0, ?)",
                (parent, name, self._now_ms),
            )
            if not cursor.rowcount:
                if self._db.execute(
                    "SELECT 1 FROM artifacts WHERE folder = ? AND name = ? AND blob IS NOT NULL",
                    (parent, name),
                ).fetchone():
                    raise Conflict(f"'{path}' is a file: nothing can lie below it.")
                return
            path = parent

    def delete_artifacts(self, path: str) -> int:
        if not path:
            raise Invalid("A path is needed: the root of all artifacts cannot be deleted.")
        folder, name = split_path(path)
        where = "(folder = ?1 AND name = ?2) OR folder = ?3 OR (folder > ?3 || '/' AND folder < ?3 || '0')"
        gone = self._db.execute(
            f"SELECT count(*) FROM artifacts WHERE blob IS NOT NULL AND ({where})",
            (folder, name, path),
        ).fetchone()[0]
        self._db.execute(f"DELETE FROM artifacts WHERE {where}", (folder, name, path))
        self._drop_empty_folders(folder)
        return int(gone)

    def _drop_empty_folders(self, path: str) -> None:
        while path:
            parent, _, name = path.rpartition("/")
            cursor = self._db.execute(
                "DELETE FROM artifacts WHERE folder = ?1 AND name = ?2"
                " AND NOT EXISTS (SELECT 1 FROM artifacts WHERE folder = ?3)",
                (parent, name, path),
            )
            if not cursor.rowcount:
                return
            path = parent

    def link(self, source: str, relation: Relation, target: str, doc: Doc | None = None) -> None:
        self._db.execute(
            "INSERT INTO edges VALUES (?, ?, ?, ?) ON CONFLICT (source, relation, target)"
            " DO UPDATE SET doc = excluded.doc",
            (source, relation.value, target, to_json(doc or {})),
        )
        for node in (source, target):
            kind, _, run_id = node.partition(":")
            if kind == "run":
                self._db.execute(f"UPDATE runs SET {CHANGED} WHERE run_id = ?", (run_id,))


def split_path(path: str) -> tuple[str, str]:
    """Folder and name of an artifact.

    Raises:
        Invalid: it is no plain relative path.
    """
    if any(part in {"", ".", ".."} for part in path.split("/")) or "\\" in path or "\0" in path:
        raise Invalid(f"Invalid path '{path}': relative ones with '/' can be used.")
    folder, _, name = path.rpartition("/")
    return folder, name


def to_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """`value` as JSON text.

    Raises:
        Invalid: something in it has no JSON form.
    """
    try:
        return orjson.dumps(value, default=default).decode()
    except orjson.JSONEncodeError as error:
        raise Invalid(f"This cannot be stored as JSON: {error}.") from error
