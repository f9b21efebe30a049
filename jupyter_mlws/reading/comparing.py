"""How a table differs from an earlier one: its columns, and the distribution of each.

Source: population stability index as credit scoring defines it; Jensen-Shannon distance with base 2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_mlws.entities.profile import ColumnChange, VersionComparison
from jupyter_mlws.reading.expressions import quoted, text
from jupyter_mlws.reading.profiles import Report, family, shortened

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

N_BINS = 10
N_VALUES = 20
OTHER = "…"
LEAST_SHARE = 1e-4
"""Share that an empty bin is taken to have, so that the index stays finite."""
CHANGED_PSI = 0.1
CHANGED_MISSING = 0.05


def compare(
    con: DuckDBPyConnection,
    before: tuple[str, dict[str, str]],
    after: tuple[str, dict[str, str]],
    report: Report,
) -> VersionComparison:
    """Compare two tables, each a source that is cheap to repeat and its columns with their types."""
    (old, old_columns), (new, new_columns) = before, after
    n_old, n_new = (_rows(con, source) for source in (old, new))
    names = list(dict.fromkeys([*new_columns, *old_columns]))
    made = []
    for index, name in enumerate(names):
        report(index / max(1, len(names)), name)
        was, now = old_columns.get(name), new_columns.get(name)
        change = ColumnChange(name=name, state="same", type_before=was, type_after=now)
        if was is None or now is None:
            change.state = "added" if was is None else "removed"
        elif family(was) != family(now):
            change.state = "retyped"
        else:
            _measure(con, old, new, n_old, n_new, change)
        made.append(change)
    report(1.0, "")
    return VersionComparison(n_rows_before=n_old, n_rows_after=n_new, columns=made)


def psi(before: Sequence[float], after: Sequence[float]) -> float:
    """Population stability index of two distributions over the same bins, shares of 1."""
    pairs = ((max(p, LEAST_SHARE), max(q, LEAST_SHARE)) for p, q in zip(before, after, strict=True))
    return sum((q - p) * math.log(q / p) for p, q in pairs)


def js_distance(before: Sequence[float], after: Sequence[float]) -> float:
    """Jensen-Shannon distance of two distributions over the same bins: 0 same, 1 nothing in common."""

    def divergence(p: float, middle: float) -> float:
        return p * math.log2(p / middle) if p > 0 else 0.0

    halves = sum(
        divergence(p, (p + q) / 2) + divergence(q, (p + q) / 2)
        for p, q in zip(before, after, strict=True)
    )
    return math.sqrt(max(0.0, halves / 2))


def ks_statistic(before: Sequence[float], after: Sequence[float]) -> float:
    """Greatest distance of the cumulative distributions at the edges of the bins."""
    greatest = running = 0.0
    for p, q in zip(before, after, strict=True):
        running += q - p
        greatest = max(greatest, abs(running))
    return greatest


def _measure(
    con: DuckDBPyConnection, old: str, new: str, n_old: int, n_new: int, change: ColumnChange
) -> None:
    kind = family(change.type_before or "")
    column = quoted(change.name)
    missing = f"{column} IS NULL"
    if kind == "number":
        missing = f"({missing} OR isnan(CAST({column} AS DOUBLE)))"
    gone = [
        (con.execute(f"SELECT count(*) FROM {s} WHERE {missing}").fetchone() or (0,))[0]
        for s in (old, new)
    ]
    change.missing_before = gone[0] / n_old if n_old else None
    change.missing_after = gone[1] / n_new if n_new else None
    if kind == "other":
        return
    if kind in ("number", "moment"):
        _bins(con, old, new, change, is_moment=kind == "moment")
    else:
        _values(con, old, new, change)
    if change.before and change.after and sum(change.before) and sum(change.after):
        change.psi = psi(change.before, change.after)
        change.js_distance = js_distance(change.before, change.after)
        if kind == "number":
            change.ks_statistic = ks_statistic(change.before, change.after)
        moved = abs((change.missing_after or 0) - (change.missing_before or 0)) > CHANGED_MISSING
        if change.psi >= CHANGED_PSI or moved:
            change.state = "changed"
    elif bool(change.before and sum(change.before)) != bool(change.after and sum(change.after)):
        change.state = "changed"


def _bins(
    con: DuckDBPyConnection, old: str, new: str, change: ColumnChange, *, is_moment: bool
) -> None:
    """Shares in the tenths of the earlier table."""
    column = quoted(change.name)
    cast = f"epoch(CAST({column} AS TIMESTAMP))" if is_moment else f"CAST({column} AS DOUBLE)"
    value = f"(CASE WHEN isfinite({cast}) THEN {cast} END)"
    tenths = ", ".join(str(i / N_BINS) for i in range(1, N_BINS))
    first = con.execute(f"SELECT approx_quantile({value}, [{tenths}]) FROM {old}").fetchone()
    is_whole = "INT" in (change.type_before or "").upper()
    found = (float(edge) for edge in (first[0] if first else None) or [])
    edges = sorted({round(edge) if is_whole else edge for edge in found})
    if not is_moment:
        for source, key in ((old, "mean_before"), (new, "mean_after")):
            mean = con.execute(f"SELECT avg({value}) FROM {source}").fetchone()
            setattr(change, key, mean[0] if mean else None)
    if not edges:
        return
    listed = ", ".join(repr(edge) for edge in edges)
    which = f"len(list_filter([{listed}], lambda e: e < v))"
    shares = []
    for source in (old, new):
        rows = con.execute(
            f"SELECT {which} AS b, count(*) FROM (SELECT {value} AS v FROM {source})"
            " WHERE v IS NOT NULL GROUP BY b"
        ).fetchall()
        shares.append(_shares([dict(rows).get(i, 0) for i in range(len(edges) + 1)]))
    change.before, change.after = shares
    shown = [_moment(edge) if is_moment else f"{edge:.6g}" for edge in edges]
    pairs = itertools.pairwise(shown)
    change.labels = [f"≤ {shown[0]}", *(f"{a} – {b}" for a, b in pairs), f"> {shown[-1]}"]


def _values(con: DuckDBPyConnection, old: str, new: str, change: ColumnChange) -> None:
    """Shares of the most frequent values of both tables, and of all others."""
    value = f"CAST({quoted(change.name)} AS VARCHAR)"
    counts = []
    for source in (old, new):
        found = con.execute(f"SELECT approx_top_k({value}, {N_VALUES}) FROM {source}").fetchone()
        counts.append((found[0] if found else None) or [])
    values = list(dict.fromkeys([*counts[0], *counts[1]]))[:N_VALUES]
    if not values:
        return
    listed = ", ".join(text(item) for item in values)
    shares = []
    for source in (old, new):
        rows = dict(
            con.execute(
                f"SELECT CASE WHEN v IN ({listed}) THEN v END AS b, count(*)"
                f" FROM (SELECT {value} AS v FROM {source}) WHERE v IS NOT NULL GROUP BY b"
            ).fetchall()
        )
        shares.append([*(rows.get(item, 0) for item in values), rows.get(None, 0)])
    if not any(row[-1] for row in shares):
        shares = [row[:-1] for row in shares]
    change.before, change.after = (_shares(row) for row in shares)
    labels = [str(shortened(item)) for item in values]
    change.labels = labels if len(labels) == len(change.before) else [*labels, OTHER]


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _rows(con: DuckDBPyConnection, source: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row else 0


def _moment(seconds: float) -> str:
    from datetime import datetime, timezone

    return datetime.fromtimestamp(seconds, timezone.utc).date().isoformat()
