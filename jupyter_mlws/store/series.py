"""The points of one metric: all in order, or as many as a chart can show."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.store.base import Point
from jupyter_mlws.store.keys import Keys
from jupyter_mlws.store.overviews import Block, Metric, Overview, Overviews, Spike, inner, joined
from jupyter_mlws.store.paging import read_token, write_token

PointRow = tuple[int, int, float, int]
"""step, ts, value, nan, as the tables keep them."""

LONG = 100_000
"""Series of more points have an overview in memory once they were looked at."""
BLOCKS = 2048
"""In how many parts an overview tells of a series."""

FIRST_STEP, LAST_STEP = -(2**63), 2**63 - 1
COLUMNS = "step, ts, value, nan"
POINTS = f"SELECT {COLUMNS} FROM points WHERE rid = ? AND kid = ? AND step BETWEEN ? AND ?"


def history(
    db: sqlite3.Connection,
    keys: Keys,
    run_id: str,
    key: str,
    max_results: int | None,
    page_token: str | None,
) -> tuple[list[Point], str | None]:
    """Points by (ts, step, value), and the token of the next page."""
    if max_results is not None and max_results < 1:
        raise Invalid.field("max_results", "It must be a positive integer.")
    found = _metric(db, keys, run_id, key)
    if found is None:
        return [], None
    rid, kid, in_order = found
    # Where time follows the steps, the primary key is in the order of time as well: nothing is sorted.
    order = ("step", "ts", "value", "nan") if in_order else ("ts", "step", "value", "nan")
    where, values = "rid = ? AND kid = ?", [rid, kid]
    if page_token is not None:
        step, ts, value, nan = read_token(page_token, "history", (int, int, float, int))
        last = {"step": step, "ts": ts, "value": value, "nan": nan}
        where += f" AND ({', '.join(order)}) > (?, ?, ?, ?)"
        values += [last[column] for column in order]
    rows = db.execute(
        f"SELECT {COLUMNS} FROM points WHERE {where} ORDER BY {', '.join(order)} LIMIT ?",
        (*values, -1 if max_results is None else max_results + 1),
    ).fetchall()
    token = None
    if max_results is not None and len(rows) > max_results:
        del rows[max_results:]
        token = write_token("history", rows[-1])
    return _points(key, rows), token


def thinned(
    db: sqlite3.Connection,
    keys: Keys,
    run_id: str,
    key: str,
    max_points: int,
    start_step: int | None,
    end_step: int | None,
    overviews: Overviews | None = None,
) -> tuple[int, list[Point]]:
    """How many points there are, and at most `max_points` of them by step."""
    if max_points < 1:
        raise Invalid.field("max_points", "It must be a positive integer.")
    found = _metric(db, keys, run_id, key)
    if found is None:
        return 0, []
    metric = found[:2]
    steps = (
        FIRST_STEP if start_step is None else start_step,
        LAST_STEP if end_step is None else end_step,
    )
    chosen = (*metric, *steps)
    rows = db.execute(f"{POINTS} ORDER BY {COLUMNS} LIMIT ?", (*chosen, max_points + 1)).fetchall()
    if len(rows) <= max_points:
        return len(rows), _points(key, rows)
    descending = ", ".join(f"{column} DESC" for column in COLUMNS.split(", "))
    last = db.execute(f"{POINTS} ORDER BY {descending} LIMIT 1", chosen).fetchone()
    first = rows[0]
    n = max(1, (max_points - 2) // 2)
    # A metric logged without steps is spread over time instead.
    if first[0] == last[0]:
        axis, begin, end = f"step = {first[0]} AND ts", first[1], last[1]
    else:
        axis, begin, end = "step", first[0], last[0]
    whole = None
    if overviews is not None and axis == "step" and n > 4:
        whole = _overview(db, metric, overviews)
    within = [] if whole is None else inner(whole, begin, end)
    if within and len(within) >= n - 2:
        cut = [(begin, within[0].first - 1), (within[-1].last + 1, end)]
        parts = [part for part in cut if part[0] <= part[1]]
        blocks = [*(_block(db, metric, axis, part) for part in parts), *joined(within, n - 2)]
    else:
        blocks = [_block(db, metric, axis, part) for part in _stretches(begin, end, n)]
    kept = {last} if max_points == 1 else {first, last}
    if max_points >= 4:
        kept.update(_row(db, metric, axis, spike) for block in blocks for spike in block.spikes)
    return sum(block.n for block in blocks), _points(key, sorted(kept))


def _overview(db: sqlite3.Connection, metric: Metric, overviews: Overviews) -> Overview | None:
    """The overview of a series, made when it is missing; None of one that is short or has no steps."""
    known = overviews.get(metric)
    if known is not None:
        return known
    every = (*metric, FIRST_STEP, LAST_STEP)
    n, first, last = db.execute(
        f"SELECT count(*), min(step), max(step) FROM ({POINTS} LIMIT {LONG + 1})", every
    ).fetchone()
    if n <= LONG or first == last:
        return None
    begun = overviews.begin(metric)
    last = db.execute(f"SELECT max(step) FROM ({POINTS})", every).fetchone()[0]
    made = [
        _block(db, metric, "step", stretch) for stretch in _stretches(int(first), int(last), BLOCKS)
    ]
    overviews.put(metric, made, begun)
    return made


def _block(db: sqlite3.Connection, metric: Metric, axis: str, stretch: tuple[int, int]) -> Block:
    """How many points a stretch has, and its least and greatest; a NaN where it has no number."""
    where = f"FROM points WHERE rid = ? AND kid = ? AND {axis} BETWEEN ? AND ?"
    known = (*metric, *stretch)
    n, n_nan, *ends = db.execute(
        f"SELECT count(*), total(nan), min(value), max(value) {where}", known
    ).fetchone()
    if n_nan > 0:
        # A NaN is kept as 0, which may be none of the numbers.
        ends = db.execute(f"SELECT min(value), max(value) {where} AND nan = 0", known).fetchone()
    return Block(*stretch, n, tuple(Spike(value, *stretch) for value in set(ends)) if n else ())


def _row(db: sqlite3.Connection, metric: Metric, axis: str, spike: Spike) -> PointRow:
    """The first point that has the value of a spike."""
    test = "nan = 1" if spike.value is None else "nan = 0 AND value = ?"
    values = () if spike.value is None else (spike.value,)
    found: PointRow = db.execute(
        f"SELECT {COLUMNS} FROM points WHERE rid = ? AND kid = ? AND {axis} BETWEEN ? AND ?"
        f" AND {test} LIMIT 1",
        (*metric, spike.first, spike.last, *values),
    ).fetchone()
    return found


def _stretches(begin: int, end: int, n: int) -> Iterator[tuple[int, int]]:
    """At most `n` stretches of equal width from `begin` to `end`, each with its first and last."""
    width = -(-(end - begin + 1) // n)
    for low in range(begin, end + 1, width):
        yield low, min(low + width - 1, end)


def _metric(
    db: sqlite3.Connection, keys: Keys, run_id: str, key: str
) -> tuple[int, int, bool] | None:
    """Number of run and metric, and whether going by step is going by time."""
    kid = keys.number(db, key)
    row = db.execute(
        "SELECT rid, in_order FROM runs JOIN latest USING (rid) WHERE run_id = ? AND kid = ?",
        (run_id, kid),
    ).fetchone()
    return None if row is None or kid is None else (row[0], kid, bool(row[1]))


def _points(key: str, rows: Sequence[PointRow]) -> list[Point]:
    nothing = float("nan")
    return [Point(key, nothing if nan else value, ts, step) for step, ts, value, nan in rows]
