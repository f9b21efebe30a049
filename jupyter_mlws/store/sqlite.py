"""Rows in one SQLite file: the store that ships."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson

from jupyter_mlws.entities.compute import CheckReport
from jupyter_mlws.entities.errors import AlreadyExists, Invalid, NotFound
from jupyter_mlws.store import checking, grouping, rows, searching, series, trails
from jupyter_mlws.store.base import (
    ArtifactRow,
    Doc,
    Entity,
    EventRow,
    ExperimentRow,
    Point,
    Record,
    RunGroup,
    RunMark,
    RunQuery,
    RunRow,
    Store,
    Trail,
    Transaction,
    ViewType,
)
from jupyter_mlws.store.connections import Connections, Synchronous, now_ms, typed_errors
from jupyter_mlws.store.keys import Keys
from jupyter_mlws.store.overviews import Overviews
from jupyter_mlws.store.writing import SqliteTransaction, split_path, to_json

MEMORY = ":memory:"
ARCHIVED: dict[ViewType, int | None] = {"active": 0, "archived": 1, "all": None}


class SqliteStore(Store):
    """Rows in an SQLite file in WAL mode.

    Args:
        path: the file, made when it is missing; `:memory:` for one that is gone after `close`.
        readonly: whether nothing is written; the file must be there.
        synchronous: with `NORMAL` a power cut may lose the last commits and never damages the
            file; with `FULL` it loses none, at the price of a disk flush a commit. The end of the
            process alone loses nothing with either.
    Raises:
        NotFound: opened for reading, and there is no such file.
        Conflict: another release wrote the file, and this one cannot use it as it is.
        Unavailable: the file cannot be opened.
    """

    def __init__(
        self,
        path: Path | str,
        readonly: bool = False,
        *,
        synchronous: Synchronous = "NORMAL",
    ) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if str(path) == MEMORY:
            self._folder = tempfile.TemporaryDirectory(prefix="mlws-store-")
            path, synchronous = Path(self._folder.name) / "workspace.db", "OFF"
        self._connections = Connections(Path(path), readonly=readonly, synchronous=synchronous)
        self._keys = Keys()
        # Who only reads does not hear of what others write.
        self._overviews = None if readonly else Overviews()
        self._listeners: list[Callable[[int], None]] = []
        self._writing_thread: int | None = None

    @property
    def path(self) -> Path:
        """The database file."""
        return self._connections.path

    # Writing
    @contextmanager
    def change(self, who: str, action: str, subject: str, **change: Any) -> Iterator[Transaction]:
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("This thread has a change open: put both into one.")
        with self._connections.lock:
            self._writing_thread = threading.get_ident()
            try:
                with typed_errors():
                    seq = yield from self._transaction(who, action, subject, change)
            finally:
                self._writing_thread = None
        for listener in tuple(self._listeners):
            listener(seq)

    def _transaction(
        self, who: str, action: str, subject: str, change: Doc
    ) -> Generator[Transaction, None, int]:
        db = self._connections.require_writer()
        now = now_ms()
        tx = SqliteTransaction(db, self._keys, now, change)
        db.execute("BEGIN IMMEDIATE")
        try:
            yield tx
            cursor = db.execute(
                "INSERT INTO events (time_ms, who, action, subject, change) VALUES (?, ?, ?, ?, ?)",
                (now, who, action, subject, to_json(tx.facts)),
            )
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._keys.add(tx.keys.seen)
        if self._overviews is not None:
            self._overviews.forget(tx.logged)
        return int(cursor.lastrowid or 0)

    def subscribe(self, listener: Callable[[int], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # Records
    def get_record(self, kind: str, name: str, version: str = "") -> Record:
        record = self.find_record(kind, name, version)
        if record is None:
            which = f"{name}@{version}" if version else name
            raise NotFound(f"There is no {kind} '{which}'.")
        return record

    def find_record(self, kind: str, name: str, version: str = "") -> Record | None:
        with self._connections.reading() as db:
            row = db.execute(
                f"{rows.RECORDS} WHERE kind = ? AND name = ? AND version = ?", (kind, name, version)
            ).fetchone()
        return None if row is None else rows.record(row)

    def list_records(
        self,
        kind: str,
        *,
        name: str | None = None,
        view: ViewType = "active",
        where: Mapping[str, Any] = {},
        limit: int | None = None,
    ) -> list[Record]:
        conditions = ["kind = ?"]
        values: list[Any] = [kind]
        if name is not None:
            conditions.append("name = ?")
            values.append(name)
        if ARCHIVED[view] is not None:
            conditions.append(f"archived = {ARCHIVED[view]}")
        for path, value in where.items():
            conditions.append("json_extract(doc, ?) IS ?")
            values += [json_path(path), value]
        values.append(-1 if limit is None else limit)
        with self._connections.reading() as db:
            found = db.execute(
                f"{rows.RECORDS} WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ?", values
            ).fetchall()
        return [rows.record(row) for row in found]

    # Experiments
    def get_experiment(self, experiment_id: int) -> ExperimentRow:
        with self._connections.reading() as db:
            found = db.execute(f"{rows.EXPERIMENTS} WHERE eid = ?", (experiment_id,)).fetchall()
            if not found:
                raise NotFound(f"No Experiment with id={experiment_id} exists")
            return rows.experiments(db, found)[0]

    def find_experiment(self, name: str) -> ExperimentRow | None:
        with self._connections.reading() as db:
            found = db.execute(f"{rows.EXPERIMENTS} WHERE name = ?", (name,)).fetchall()
            return rows.experiments(db, found)[0] if found else None

    def search_experiments(
        self,
        *,
        filter: str = "",
        order_by: Sequence[str] = (),
        view: ViewType = "active",
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> tuple[list[ExperimentRow], str | None]:
        with self._connections.reading() as db:
            return searching.experiments(db, filter, order_by, view, max_results, page_token)

    # Runs
    def get_run(self, run_id: str, *, with_data: bool = True) -> RunRow:
        with self._connections.snapshot() as db:
            row = db.execute(f"{rows.RUNS} WHERE run_id = ?", (run_id,)).fetchone()
            if row is None:
                raise NotFound(f"Run with id={run_id} not found")
            return rows.run_with_data(db, self._keys, row) if with_data else rows.run(row)

    def archived_before(
        self, before_ms: int, *, experiment_id: int | None = None
    ) -> tuple[list[str], list[int]]:
        where = "archived AND archived_ms < ?1 AND (?2 IS NULL OR eid = ?2)"
        values = (before_ms, experiment_id)
        with self._connections.reading() as db:
            runs = db.execute(f"SELECT run_id FROM runs WHERE {where} ORDER BY rid", values)
            experiments = db.execute(
                f"SELECT eid FROM experiments WHERE {where} ORDER BY eid", values
            )
            return [run_id for (run_id,) in runs], [eid for (eid,) in experiments]

    def get_runs(self, run_ids: Sequence[str]) -> list[RunRow]:
        with self._connections.snapshot() as db:
            found = db.execute(
                f"{rows.RUNS} WHERE run_id IN (SELECT value FROM json_each(?))",
                (to_json(list(run_ids)),),
            ).fetchall()
            return rows.runs_with_data(db, self._keys, found)

    def search_marks(self, query: RunQuery) -> tuple[list[RunMark], str | None]:
        with self._connections.reading() as db:
            return searching.marks(db, self._keys, query)

    def search_runs(self, query: RunQuery) -> tuple[list[RunRow], str | None]:
        with self._connections.snapshot() as db:
            found, token = searching.runs(db, self._keys, query)
            if query.with_data:
                return rows.runs_with_data(db, self._keys, found), token
            return [rows.run(row) for row in found], token

    def count_runs(self, query: RunQuery) -> int:
        with self._connections.reading() as db:
            return searching.count_runs(db, self._keys, query)

    def group_runs(
        self,
        query: RunQuery,
        entity: Entity,
        key: str,
        *,
        metrics: Sequence[str] = (),
        limit: int = 1000,
    ) -> list[RunGroup]:
        with self._connections.reading() as db:
            return grouping.groups(db, self._keys, query, entity, key, metrics, limit)

    def run_keys(self, query: RunQuery) -> dict[Entity, list[str]]:
        with self._connections.reading() as db:
            return grouping.keys_of(db, self._keys, query)

    def run_values(
        self, run_ids: Sequence[str], entity: Entity, key: str
    ) -> dict[str, float | str]:
        with self._connections.reading() as db:
            return grouping.values(db, self._keys, run_ids, entity, key)

    def history(
        self,
        run_id: str,
        key: str,
        *,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> tuple[list[Point], str | None]:
        with self._connections.reading() as db:
            return series.history(db, self._keys, run_id, key, max_results, page_token)

    def series(
        self,
        run_id: str,
        key: str,
        *,
        max_points: int,
        start_step: int | None = None,
        end_step: int | None = None,
    ) -> tuple[int, list[Point]]:
        with self._connections.reading() as db:
            return series.thinned(
                db, self._keys, run_id, key, max_points, start_step, end_step, self._overviews
            )

    def metric_keys(self, run_ids: Sequence[str]) -> list[str]:
        with self._connections.reading() as db:
            found = db.execute(
                "SELECT DISTINCT keys.key FROM json_each(?) AS ids"
                " CROSS JOIN runs ON runs.run_id = ids.value"
                " JOIN latest USING (rid) JOIN keys USING (kid) ORDER BY keys.key",
                (to_json(list(run_ids)),),
            )
            return [key for (key,) in found]

    def model_points(self, model_id: str) -> list[tuple[str, Point]]:
        with self._connections.reading() as db:
            return rows.model_points(db, self._keys, model_id)

    # Artifacts, lineage, events
    def get_artifact(self, path: str) -> ArtifactRow:
        folder, name = split_path(path)
        with self._connections.reading() as db:
            row = db.execute(
                f"{rows.ARTIFACTS} WHERE folder = ? AND name = ? AND blob IS NOT NULL",
                (folder, name),
            ).fetchone()
        if row is None:
            raise NotFound(f"There is no file '{path}'.")
        return rows.artifact(row)

    def list_artifacts(self, path: str, *, recursive: bool = False) -> list[ArtifactRow]:
        path = path.rstrip("/")
        where = "folder = ?1"
        if recursive:
            where = (
                "folder = ?1 OR (folder > ?1 || '/' AND folder < ?1 || '0')" if path else "?1 = ''"
            )
        with self._connections.reading() as db:
            found = db.execute(
                f"{rows.ARTIFACTS} WHERE {where} ORDER BY folder, name", (path,)
            ).fetchall()
        return [rows.artifact(row) for row in found]

    def edges(self, *nodes: str, outgoing: bool = True) -> list[tuple[str, str, str, Doc]]:
        end = "source" if outgoing else "target"
        with self._connections.reading() as db:
            found = db.execute(
                "SELECT source, relation, target, doc FROM edges"
                f" WHERE {end} IN (SELECT value FROM json_each(?))"
                " ORDER BY source, relation, target",
                (to_json(nodes),),
            ).fetchall()
        return [
            (source, relation, target, orjson.loads(doc)) for source, relation, target, doc in found
        ]

    def events(
        self, *, after: int = 0, limit: int = 1000, subject: str | None = None
    ) -> list[EventRow]:
        where, values = (
            ("seq > ?", (after,))
            if subject is None
            else ("subject = ? AND seq > ?", (subject, after))
        )
        with self._connections.reading() as db:
            found = db.execute(
                f"{rows.EVENTS} WHERE {where} ORDER BY seq LIMIT ?", (*values, limit)
            ).fetchall()
        return [rows.event(row) for row in found]

    def trail(self, trail: Trail) -> list[EventRow]:
        with self._connections.reading() as db:
            return trails.read(db, trail)

    def last_event(self) -> int:
        with self._connections.reading() as db:
            return int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])

    # Care
    def referenced_blobs(self) -> Iterator[str]:
        with self._connections.reading() as db:
            found = db.execute(
                "SELECT DISTINCT blob FROM artifacts WHERE blob IS NOT NULL"
            ).fetchall()
            found += db.execute("SELECT name FROM records WHERE kind = 'code'").fetchall()
        return (blob for (blob,) in found)

    def check(self) -> CheckReport:
        with self._connections.reading() as db:
            return checking.check(db)

    def backup(self, path: Path) -> None:
        if path.exists():
            raise AlreadyExists(f"'{path}' is there already: choose another name.")
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        with self._connections.reading() as db, closing(sqlite3.connect(path)) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        self._connections.close()
        if self._folder is not None:
            self._folder.cleanup()


def json_path(dotted: str) -> str:
    """A dotted path as SQLite's JSON functions read it.

    Raises:
        Invalid: a part holds a quotation mark.
    """
    if '"' in dotted:
        raise Invalid(f"'{dotted}' is no dotted path.")
    return "$" + "".join(f'."{part}"' for part in dotted.split("."))
