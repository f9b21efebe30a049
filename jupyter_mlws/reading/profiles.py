"""The profile of a table: one pass for the numbers, then one column after the other. Memory stays small."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.profile import ColumnProfile, Family, HistogramBin, TopValue
from jupyter_mlws.reading.expressions import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
N_BINS = 20
N_TOP = 10
EXACT_DISTINCT = 10_000
"""Columns with about so many values at most are counted one by one."""
COLUMNS_A_PASS = 40
NUMBERS = ("INT", "DOUBLE", "FLOAT", "REAL", "DECIMAL", "HUGEINT")
MOMENTS = ("TIMESTAMP", "DATE")
MAX_TEXT = 200
"""Characters of a value that are shown."""

Report = Callable[[float, str], None]
"""Told how far it is, 0 to 1, and what is being done."""


def family(kind: str) -> Family:
    """What can be said of a column of one of DuckDB's types."""
    upper = kind.upper()
    if upper.endswith("]") or upper.startswith(("STRUCT", "MAP", "UNION", "BLOB", "INTERVAL")):
        return "other"
    if upper.startswith(MOMENTS):
        return "moment"
    if any(word in upper for word in NUMBERS):
        return "number"
    return {"BOOLEAN": "boolean"}.get(upper, "text")  # type: ignore[return-value]


def columns_of(
    con: DuckDBPyConnection, source: str, columns: dict[str, str], report: Report
) -> tuple[int, list[ColumnProfile]]:
    """The number of rows, and the profile of each column of `source`, a query that is cheap to repeat."""
    (n_rows,) = con.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,)
    names = list(columns)
    made = []
    for start in range(0, len(names), COLUMNS_A_PASS):
        part = names[start : start + COLUMNS_A_PASS]
        report(0.6 * start / max(1, len(names)), part[0])
        made += _counted(con, source, {name: columns[name] for name in part}, n_rows)
    for index, profile in enumerate(made):
        report(0.6 + 0.4 * index / max(1, len(made)), profile.name)
        _detail(con, source, profile)
    report(1.0, "")
    return n_rows, made


def _value(name: str, kind: Family) -> str:
    """The column with what counts as missing taken out."""
    column = quoted(name)
    if kind == "number":
        column = f"CAST({column} AS DOUBLE)"
        return f"CASE WHEN isnan({column}) THEN NULL ELSE {column} END"
    if kind == "moment":
        return f"CAST({column} AS TIMESTAMP)"
    return f"CAST({column} AS VARCHAR)" if kind in ("text", "other") else column


def _finite(name: str) -> str:
    column = f"CAST({quoted(name)} AS DOUBLE)"
    return f"CASE WHEN isfinite({column}) THEN {column} END"


def _counted(
    con: DuckDBPyConnection, source: str, columns: dict[str, str], n_rows: int
) -> list[ColumnProfile]:
    """All that one pass over some columns tells."""
    asked: list[str] = []
    places: list[tuple[str, str]] = []

    def ask(name: str, key: str, sql: str) -> None:
        asked.append(sql)
        places.append((name, key))

    quantiles = "[" + ", ".join(map(str, QUANTILES)) + "]"
    for name, type_ in columns.items():
        kind = family(type_)
        value, finite = _value(name, kind), _finite(name)
        ask(name, "n", f"count({value})")
        if kind != "other":
            ask(name, "n_distinct", f"approx_count_distinct({value})")
        match kind:
            case "number":
                for key, function in (("min", "min"), ("max", "max"), ("mean", "avg")):
                    ask(name, key, f"{function}({finite})")
                # Of a few values, or of equal ones, there is no deviation; DuckDB calls that an error.
                safe = f"{finite}" if n_rows else "NULL"
                ask(name, "std", f"stddev_samp({safe})")
                ask(name, "n_zero", f"count(*) FILTER ({quoted(name)} = 0)")
                ask(name, "n_infinite", f"count(*) FILTER (isinf(CAST({quoted(name)} AS DOUBLE)))")
                ask(name, "quantiles", f"approx_quantile({finite}, {quantiles})")
            case "moment":
                epoch = f"epoch(CAST({quoted(name)} AS TIMESTAMP))"
                for key, function in (("min", "min"), ("max", "max"), ("mean", "avg")):
                    ask(name, key, f"{function}({epoch})")
                ask(name, "quantiles", f"approx_quantile({epoch}, {quantiles})")
            case "text":
                ask(name, "n_empty", f"count(*) FILTER ({value} = '')")
                ask(name, "min_length", f"min(length({value}))")
                ask(name, "max_length", f"max(length({value}))")
                ask(name, "mean_length", f"avg(length({value}))")
                ask(name, "min", f"min({value})")
                ask(name, "max", f"max({value})")
            case "boolean":
                ask(name, "mean", f"avg(CAST({quoted(name)} AS INTEGER))")
    row = con.execute(f"SELECT {', '.join(asked)} FROM {source}").fetchone() or ()
    said: dict[str, dict[str, Any]] = {name: {} for name in columns}
    for (name, key), value in zip(places, row, strict=True):
        said[name][key] = value
    return [_profile(name, type_, said[name], n_rows) for name, type_ in columns.items()]


def _profile(name: str, type_: str, said: dict[str, Any], n_rows: int) -> ColumnProfile:
    kind = family(type_)
    show = _moment if kind == "moment" else _number
    quantiles = said.pop("quantiles", None) or []
    n = said.pop("n")
    for key in ("min", "max", "mean"):
        if key in said:
            said[key] = shortened(said[key]) if kind == "text" else show(said[key])
    for key in ("std", "mean_length"):
        if key in said:
            said[key] = _number(said[key])
    if said.get("std") is not None:
        said["variance"] = said["std"] ** 2
    if "n_distinct" in said:
        said["n_distinct"] = min(said["n_distinct"], n)
    found = {
        str(q): shown
        for q, value in zip(QUANTILES, quantiles, strict=False)
        if (shown := show(value)) is not None
    }
    return ColumnProfile(
        name=name,
        type=type_,
        family=kind,
        n_missing=n_rows - n,
        quantiles=found,
        distinct_is_approximate="n_distinct" in said,
        **said,
    )


def _detail(con: DuckDBPyConnection, source: str, profile: ColumnProfile) -> None:
    """Histogram, shape, exact counts and most frequent values of one column."""
    if profile.family == "number":
        _shape(con, source, profile)
    if profile.family in ("number", "moment"):
        profile.histogram = _histogram(con, source, profile)
    if profile.family == "other" or profile.n_distinct is None:
        return
    value = _value(profile.name, profile.family)
    if profile.n_distinct <= EXACT_DISTINCT:
        rows = con.execute(
            f"SELECT v, n, count(*) OVER () FROM (SELECT {value} AS v, count(*) AS n FROM {source}"
            f" GROUP BY v) WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT {N_TOP}"
        ).fetchall()
        profile.n_distinct = rows[0][2] if rows else 0
        profile.distinct_is_approximate = False
        profile.top = [TopValue(value=_shown(row[0], profile), count=row[1]) for row in rows]
    elif profile.family == "text":
        found = con.execute(f"SELECT approx_top_k({value}, {N_TOP}) FROM {source}").fetchone()
        values = (found[0] if found else None) or []
        asked = ", ".join(f"count(*) FILTER ({value} = ?)" for _ in values)
        counts = con.execute(f"SELECT {asked} FROM {source}", values).fetchone() if values else ()
        pairs = sorted(zip(values, counts or (), strict=True), key=lambda pair: -pair[1])
        profile.top = [TopValue(value=shortened(value), count=count) for value, count in pairs]
        profile.top_is_approximate = True


def _shape(con: DuckDBPyConnection, source: str, profile: ColumnProfile) -> None:
    """Skewness and kurtosis from centred, scaled values, which cannot overflow."""
    if not profile.std or not math.isfinite(profile.std) or not isinstance(profile.mean, float):
        return
    scaled = f"(({_finite(profile.name)}) - ({profile.mean!r})) / {profile.std!r}"
    row = con.execute(
        f"SELECT avg(pow(z, 3)), avg(pow(z, 4)) FROM (SELECT {scaled} AS z FROM {source})"
    ).fetchone()
    third, fourth = row or (None, None)
    profile.skewness = _number(third)
    profile.kurtosis = None if fourth is None else _number(fourth - 3)


def _histogram(con: DuckDBPyConnection, source: str, profile: ColumnProfile) -> list[HistogramBin]:
    is_moment = profile.family == "moment"
    value = (
        f"epoch(CAST({quoted(profile.name)} AS TIMESTAMP))" if is_moment else _finite(profile.name)
    )
    bounds = con.execute(f"SELECT min({value}), max({value}) FROM {source}").fetchone()
    low, high = bounds or (None, None)
    if low is None or not math.isfinite(high - low):
        return []
    n_bins = N_BINS if high > low else 1
    if "INT" in profile.type.upper() and high - low < N_BINS:
        # Whole numbers have a bar each, which is as wide as one.
        n_bins, low, high = int(high - low) + 1, low - 0.5, high + 0.5
    width = (high - low) / n_bins or 1.0
    rows = con.execute(
        f"SELECT least(CAST(floor((v - ({low!r})) / {width!r}) AS INTEGER), {n_bins - 1}) AS b, count(*)"
        f" FROM (SELECT {value} AS v FROM {source}) WHERE v IS NOT NULL GROUP BY b"
    ).fetchall()
    counts = dict(rows)
    show: Any = _moment if is_moment else float
    return [
        HistogramBin(
            low=show(low + i * width), high=show(low + (i + 1) * width), count=counts.get(i, 0)
        )
        for i in range(n_bins)
    ]


def _shown(value: Any, profile: ColumnProfile) -> Any:
    if profile.family == "moment":
        return value.isoformat()
    if profile.family == "number":
        return (
            int(value) if "INT" in profile.type.upper() and math.isfinite(value) else _number(value)
        )
    return value if profile.family == "boolean" else shortened(value)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _moment(value: Any) -> str | None:
    from datetime import datetime, timedelta, timezone

    if value is None:
        return None
    try:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=float(value))
    except OverflowError:
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def shortened(value: Any) -> Any:
    """A text that is not too long to be shown."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}…"
    return value
