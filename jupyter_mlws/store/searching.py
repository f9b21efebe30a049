"""Searches over runs and experiments, one page at a time.

No search looks at all metrics. A page of runs is found in one of three ways:

- *chosen*: an index gives few runs for one of the conditions; these are tested and sorted.
- *walk*: an index gives the runs in the order that is asked for; they are tested until the page is full.
- *all*: the runs of the experiments are tested and sorted. Only for orders that no index has.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_mlws.store import rows
from jupyter_mlws.store.base import ExperimentRow, RunMark, RunQuery, ViewType
from jupyter_mlws.store.filters import (
    EXPERIMENTS,
    RUNS,
    And,
    Comparison,
    Condition,
    Order,
    parse,
    parse_order,
)
from jupyter_mlws.store.keys import Keys
from jupyter_mlws.store.paging import (
    Key,
    after,
    columns,
    order,
    read_token,
    require_positive,
    write_token,
)
from jupyter_mlws.store.predicates import (
    ExperimentPredicates,
    RunPredicates,
    Sql,
    all_of,
    one_of,
)

FEW = 1000
"""Up to so many runs are fetched by a condition's index and sorted."""
MOST_WALKS = 64
"""Up to so many experiments are walked one by one and merged."""

ARCHIVED: dict[ViewType, tuple[int, ...]] = {"active": (0,), "archived": (1,), "all": (0, 1)}
COLUMNS = tuple(f"r.{column}" for column in rows.RUN_COLUMNS.split(", "))
MARKS = ("r.run_id", "r.changed")
NEWEST = (Key("r.order_ms", int, descending=True), Key("r.run_id", str))
MISSING = 2
"""The rank of runs that lack what is sorted by; numbers and texts have 0, NaN has 1."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where runs come from: SQL that follows FROM and gives `r`, and what must hold there."""

    tables: str
    values: tuple[Any, ...]
    where: Sql


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the result, all of one rank, from sources that are merged."""

    sources: tuple[Source, ...]
    keys: tuple[Key, ...]
    rank: int | None = None
    """Value of the first key, where that is the same for all of the stretch."""


def runs(db: sqlite3.Connection, keys: Keys, query: RunQuery) -> tuple[list[rows.Row], str | None]:
    """Rows of `rows.RUNS`, and the token of the next page."""
    found, token = _page(db, keys, query, COLUMNS)
    return [row[: len(COLUMNS)] for row in found], token


def marks(db: sqlite3.Connection, keys: Keys, query: RunQuery) -> tuple[list[RunMark], str | None]:
    """Marks of the runs, and the token of the next page."""
    found, token = _page(db, keys, query, MARKS)
    return [RunMark(run_id, changed) for run_id, changed, *_ in found], token


def _page(
    db: sqlite3.Connection, keys: Keys, query: RunQuery, columns: tuple[str, ...]
) -> tuple[list[rows.Row], str | None]:
    require_positive(query.max_results)
    search = _RunSearch(db, keys, query, columns)
    found = [] if _of_nothing(query) else search.page(query.max_results + 1)
    token = None
    if len(found) > query.max_results:
        del found[query.max_results :]
        token = write_token(search.mark, found[-1][len(columns) :])
    return found, token


def count_runs(db: sqlite3.Connection, keys: Keys, query: RunQuery) -> int:
    """How many runs there are on all pages."""
    search = _RunSearch(db, keys, query, ())
    return 0 if _of_nothing(query) else search.count()


def numbers(db: sqlite3.Connection, keys: Keys, query: RunQuery) -> Sql:
    """SQL that gives the numbers (`rid`) of the runs on all pages, in no order."""
    return (
        ("SELECT 0 AS rid WHERE 0", [])
        if _of_nothing(query)
        else _RunSearch(db, keys, query, ()).numbers()
    )


def _of_nothing(query: RunQuery) -> bool:
    """Whether runs of no experiment are asked for."""
    return query.experiment_ids is not None and not query.experiment_ids


class _RunSearch:
    """One search: what is asked, read and checked; `columns` of `r` are what a page has."""

    def __init__(
        self, db: sqlite3.Connection, keys: Keys, query: RunQuery, columns: Sequence[str]
    ) -> None:
        self._db = db
        self._columns = ", ".join(columns)
        self._keys = keys
        self._query = query
        self._predicates = RunPredicates(db, keys)
        self._condition = parse(query.filter, RUNS)
        self._order = parse_order(query.order_by, RUNS)
        self._archived = ARCHIVED[query.view]
        ids = query.experiment_ids
        self._eids: Sql = (
            ("IN (SELECT eid FROM experiments)", []) if ids is None else one_of("", ids)
        )
        asked = (query.filter, *query.order_by, query.view, *(sorted(ids) if ids else ()))
        self.mark = f"{zlib.crc32(repr(asked).encode()):x}"

    def page(self, n: int) -> list[rows.Row]:
        """The first `n` rows after the page token, each followed by its keys.

        All ways to find a page have the same keys, so that the next page may be found in another.
        """
        phases = self._phases()
        last = None
        if self._query.page_token is not None:
            types = [key.type for key in phases[0].keys]
            last = read_token(self._query.page_token, self.mark, types)
        found: list[rows.Row] = []
        for phase in phases:
            if len(found) >= n:
                break
            if last is None or phase.rank is None:
                found += self._fetch(phase, last, n - len(found))
            elif phase.rank >= last[0]:
                found += self._fetch(phase, last if phase.rank == last[0] else None, n - len(found))
        return found

    def numbers(self) -> Sql:
        """The numbers of the runs on all pages."""
        source = self._chosen() or Source("runs AS r", (), self._of_experiments())
        where, values = self._where(source)
        return f"SELECT r.rid FROM {source.tables} WHERE {where}", [*source.values, *values]

    def count(self) -> int:
        """How many rows there are."""
        sql, values = self.numbers()
        return int(self._db.execute(f"SELECT count(*) FROM ({sql})", values).fetchone()[0])

    # Ways to find a page
    def _phases(self) -> list[Phase]:
        source = self._chosen()
        if source is None:
            first = self._order[0] if self._order else Order("attribute", "start_time", True)
            if first.entity in {"metric", "parameter"}:
                return self._walk_by_value(first)
            if first.entity == "attribute" and first.key == "start_time":
                return [Phase(self._by_time(), self._keys_of(self._order))]
            source = self._all()
        return [Phase((source,), self._keys_of(self._order))]

    def _chosen(self) -> Source | None:
        """The runs that the most telling condition leaves, if they are few."""
        best, least = None, FEW + 1
        for sql, values in self._indexes():
            n = self._db.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM ({sql}) LIMIT {least})", values
            ).fetchone()[0]
            if n < least:
                best, least = (sql, values), n
        if best is None:
            return None
        tables = f"({best[0]}) AS chosen CROSS JOIN runs AS r ON r.rid = chosen.rid"
        return Source(tables, tuple(best[1]), self._of_experiments())

    def _indexes(self) -> Iterator[Sql]:
        """For each condition that an index answers, the numbers of its runs."""
        if self._query.parent_id is not None:
            yield "SELECT rid FROM runs WHERE parent_id = ?", [self._query.parent_id]
        if self._query.statuses is not None:
            test, values = one_of("status", self._query.statuses)
            yield f"SELECT rid FROM runs WHERE {test}", values
        for part in _conjuncts(self._condition):
            if isinstance(part, Comparison):
                index = self._predicates.index(part, self._eids)
                if index is not None:
                    yield index

    def _all(self) -> Source:
        """The runs of the experiments; read one after the other where that is most of the table.

        To look up each of many runs that an index names takes ten times as long.
        """
        if self._query.experiment_ids is not None:
            n, n_all = self._db.execute(
                f"SELECT count(*), (SELECT max(rid) FROM runs) FROM runs WHERE eid {self._eids[0]}",
                self._eids[1],
            ).fetchone()
            if n * 10 < (n_all or 0):
                return Source("runs AS r", (), self._of_experiments())
        return Source("runs AS r NOT INDEXED", (), self._of_experiments())

    def _by_time(self) -> tuple[Source, ...]:
        """The runs of each experiment, or of all, by time."""
        eids = self._query.experiment_ids
        if eids is None:
            return tuple(
                Source(
                    "runs AS r INDEXED BY runs_newest_of_all", (), ("r.archived = ?", [archived])
                )
                for archived in self._archived
            )
        if len(eids) * len(self._archived) > MOST_WALKS:
            return (self._all(),)
        return tuple(
            Source(
                "runs AS r INDEXED BY runs_newest",
                (),
                ("r.eid = ? AND r.archived = ?", [eid, archived]),
            )
            for eid in dict.fromkeys(eids)
            for archived in self._archived
        )

    def _walk_by_value(self, first: Order) -> list[Phase]:
        """The runs that have a metric or param by its value, then those that lack it."""
        eids = self._walked_experiments()
        if eids is None:
            return [Phase((self._all(),), self._keys_of(self._order))]
        kind, nothing = (float, "0.0") if first.entity == "metric" else (str, "''")
        rest = self._keys_of(self._order[1:])
        ranks = {0: " AND v.nan = 0", 1: " AND v.nan = 1"} if kind is float else {0: ""}
        value = Key("v.value", kind, first.descending)
        phases = [
            Phase(
                tuple(self._with_value(first, eid, test) for eid in eids),
                (Key(str(rank), int), value, *rest),
                rank,
            )
            for rank, test in ranks.items()
        ]
        keys = (Key(str(MISSING), int), Key(nothing, kind, first.descending), *rest)
        without = tuple(self._without_value(first, source) for source in self._by_time())
        return [*phases, Phase(without, keys, MISSING)]

    def _with_value(self, first: Order, eid: int, test: str) -> Source:
        table = RunPredicates.TABLES[first.entity]
        kid = self._keys.number(self._db, first.key)
        tables = f"{table} AS v INDEXED BY {table}_by_value CROSS JOIN runs AS r ON r.rid = v.rid"
        where = f"v.eid = ? AND v.kid = ?{test} AND {self._in_view()}"
        return Source(tables, (), (where, [eid, kid]))

    def _without_value(self, first: Order, source: Source) -> Source:
        table = RunPredicates.TABLES[first.entity]
        where, values = source.where
        where += f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE rid = r.rid AND kid = ?)"
        kid = self._keys.number(self._db, first.key)
        return Source(source.tables, source.values, (where, [*values, kid]))

    def _walked_experiments(self) -> list[int] | None:
        """The experiments to walk one by one, or None when they are too many."""
        eids = self._query.experiment_ids
        if eids is None:
            found = self._db.execute("SELECT eid FROM experiments LIMIT ?", (MOST_WALKS + 1,))
            eids = [eid for (eid,) in found]
        return list(dict.fromkeys(eids)) if len(eids) <= MOST_WALKS else None

    # Parts of the SQL
    def _fetch(self, phase: Phase, last: Sequence[Any] | None, limit: int) -> list[rows.Row]:
        statements, values = [], []
        joins, join_values = self._joins()
        constant = 0 if phase.rank is None else 1
        by = order(phase.keys, constant)
        for source in phase.sources:
            where, where_values = self._where(source)
            if last is not None:
                beyond, beyond_values = after(phase.keys[constant:], last[constant:])
                where, where_values = f"{where} AND {beyond}", [*where_values, *beyond_values]
            statements.append(
                f"SELECT {self._columns}, {columns(phase.keys)} FROM {source.tables}{joins}"
                f" WHERE {where} ORDER BY {by} LIMIT ?"
            )
            values += [*source.values, *join_values, *where_values, limit]
        if len(statements) == 1:
            return self._db.execute(statements[0], values).fetchall()
        every = " UNION ALL ".join(f"SELECT * FROM ({statement})" for statement in statements)
        return self._db.execute(f"{every} ORDER BY {by} LIMIT ?", (*values, limit)).fetchall()

    def _where(self, source: Source) -> Sql:
        query = self._query
        parts = [source.where]
        if query.parent_id is not None:
            parts.append(("r.parent_id = ?", [query.parent_id]))
        if query.types is not None:
            parts.append(one_of("r.type", query.types))
        if query.statuses is not None:
            parts.append(one_of("r.status", query.statuses))
        if self._condition is not None:
            parts.append(self._predicates.of(self._condition))
        return all_of(parts)

    def _of_experiments(self) -> Sql:
        if self._query.experiment_ids is None:
            return self._in_view(), []
        return f"r.eid {self._eids[0]} AND {self._in_view()}", self._eids[1]

    def _in_view(self) -> str:
        return f"r.archived IN ({', '.join(map(str, self._archived))})"

    def _joins(self) -> Sql:
        """What the keys of `_keys_of` need beside `r`: item number i of the order as `o<i>`."""
        tables, values = "", []
        for i, item in enumerate(self._order):
            if item.entity != "attribute":
                table = RunPredicates.TABLES[item.entity]
                tables += f" LEFT JOIN {table} AS o{i} ON o{i}.rid = r.rid AND o{i}.kid = ?"
                values.append(self._keys.number(self._db, item.key))
        return tables, values

    def _keys_of(self, items: Sequence[Order]) -> tuple[Key, ...]:
        """The keys of items of the order, and the newest first."""
        keys: list[Key] = []
        for item in items:
            keys += _keys_of_item(item, f"o{self._order.index(item)}")
        return (*keys, *NEWEST)


def _keys_of_item(item: Order, alias: str) -> tuple[Key, ...]:
    if item.entity == "metric":
        rank = f"CASE WHEN {alias}.rid IS NULL THEN {MISSING} ELSE {alias}.nan END"
        value = Key(f"coalesce({alias}.value, 0.0)", float, item.descending)
        return Key(rank, int), value
    if item.entity in {"parameter", "tag"}:
        rank = f"CASE WHEN {alias}.rid IS NULL THEN {MISSING} ELSE 0 END"
        return Key(rank, int), Key(f"coalesce({alias}.value, '')", str, item.descending)
    if item.key == "start_time":
        return (Key("r.order_ms", int, item.descending),)
    if item.key == "end_time":
        rank = f"CASE WHEN r.end_ms IS NULL THEN {MISSING} ELSE 0 END"
        return Key(rank, int), Key("coalesce(r.end_ms, 0)", int, item.descending)
    column = "r.status" if item.key == "status" else RunPredicates.TEXTS[item.key]
    return (Key(column, str, item.descending),)


def _conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """What must hold, part by part."""
    if condition is None:
        return ()
    if isinstance(condition, And):
        return tuple(inner for part in condition.parts for inner in _conjuncts(part))
    return (condition,)


def experiments(
    db: sqlite3.Connection,
    text: str,
    order_by: Sequence[str],
    view: ViewType,
    max_results: int,
    page_token: str | None,
) -> tuple[list[ExperimentRow], str | None]:
    """Experiments that the filter `text` chooses, and the token of the next page."""
    require_positive(max_results)
    condition = parse(text, EXPERIMENTS)
    keys = _experiment_keys(parse_order(order_by, EXPERIMENTS))
    mark = f"{zlib.crc32(repr((text, *order_by, view)).encode()):x}"
    parts = [one_of("e.archived", ARCHIVED[view])]
    if condition is not None:
        parts.append(ExperimentPredicates().of(condition))
    if page_token is not None:
        parts.append(after(keys, read_token(page_token, mark, [key.type for key in keys])))
    where, values = all_of(parts)
    found = db.execute(
        f"SELECT eid, name, artifact_location, archived, created_ms, updated_ms, {columns(keys)}"
        f" FROM experiments AS e WHERE {where} ORDER BY {order(keys)} LIMIT ?",
        (*values, max_results + 1),
    ).fetchall()
    token = None
    if len(found) > max_results:
        del found[max_results:]
        token = write_token(mark, found[-1][6:])
    return rows.experiments(db, [row[:6] for row in found]), token


def _experiment_keys(items: Sequence[Order]) -> tuple[Key, ...]:
    keys: list[Key] = []
    for item in items:
        if item.entity == "tag":
            value = f"(SELECT value FROM experiment_tags WHERE eid = e.eid AND key = {quoted(item.key)})"
            keys.append(Key(f"CASE WHEN {value} IS NULL THEN {MISSING} ELSE 0 END", int))
            keys.append(Key(f"coalesce({value}, '')", str, item.descending))
        elif item.key in ExperimentPredicates.NUMBERS:
            keys.append(Key(ExperimentPredicates.NUMBERS[item.key], int, item.descending))
        elif item.key == "experiment_id":
            keys.append(Key("e.eid", int, item.descending))
        else:
            keys.append(Key(ExperimentPredicates.TEXTS[item.key], str, item.descending))
    return (*keys, Key("e.created_ms", int, descending=True), Key("e.eid", int))


def quoted(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
