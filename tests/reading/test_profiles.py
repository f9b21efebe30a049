"""Profiles and comparisons tell what pandas tells, and stay small in memory and true at the edges."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.profile import ColumnProfile, Profile
from jupyter_mlws.reading import comparing, work
from jupyter_mlws.reading.request import FileRef, Request, TableRef


def table(path: Path) -> TableRef:
    return TableRef(
        files=[FileRef(name=path.name, location=str(path), size_bytes=path.stat().st_size)]
    )


def profiled(frame: pd.DataFrame, folder: Path, kind: str = "parquet") -> Profile:
    path = folder / f"x.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    told: list[float] = []
    made = work.profile(
        Request(task="profile", tables=[table(path)]), lambda share, step: told.append(share)
    )
    assert told == sorted(told)
    assert told[-1] == 1
    return made


def columns(profile: Profile) -> dict[str, ColumnProfile]:
    return {column.name: column for column in profile.columns}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """5000 rows of each kind, with gaps."""
    rng = np.random.default_rng(1)
    n = 5000
    return pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.1, np.nan, rng.normal(10, 2, n)),
            "k": rng.integers(0, 5, n),
            "id": np.arange(n) + 10**15,
            "word": rng.choice(["red", "green", ""], n),
            "free": [f"text {i}" for i in range(n)],
            "flag": rng.random(n) < 0.25,
            "at": pd.date_range("2024-01-01", periods=n, freq="h"),
            "nothing": [None] * n,
            "list": [[1, 2]] * n,
        }
    )


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_numbers_are_those_of_pandas(frame: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    found = columns(profiled(frame, tmp_path, kind))
    x = found["x"]
    assert x.n_missing == frame["x"].isna().sum()
    assert x.mean == pytest.approx(frame["x"].mean())
    assert x.std == pytest.approx(frame["x"].std())
    assert (x.min, x.max) == (frame["x"].min(), frame["x"].max())
    assert x.skewness == pytest.approx(frame["x"].skew(), abs=0.01)
    assert x.kurtosis == pytest.approx(frame["x"].kurt(), abs=0.02)
    assert x.quantiles["0.5"] == pytest.approx(frame["x"].median(), abs=0.1)
    assert sum(bin_.count for bin_ in x.histogram) == frame["x"].count()


def test_distinct_values_are_exact_while_they_are_few_and_said_to_be_estimates_beyond(
    tmp_path: Path,
) -> None:
    few = pd.DataFrame({"a": [f"v{i % 700}" for i in range(5000)]})
    many = pd.DataFrame({"a": [f"v{i}" for i in range(60_000)]})
    exact = profiled(few, tmp_path).columns[0]
    guessed = profiled(many, tmp_path).columns[0]
    assert (exact.n_distinct, exact.distinct_is_approximate) == (700, False)
    assert guessed.distinct_is_approximate
    assert guessed.n_distinct == pytest.approx(60_000, rel=0.1)
    assert guessed.top_is_approximate


def test_whole_numbers_words_and_moments(frame: pd.DataFrame, tmp_path: Path) -> None:
    profile = profiled(frame, tmp_path)
    found = columns(profile)
    assert (profile.n_rows, profile.n_columns) == (5000, 9)
    assert [bin_.count for bin_ in found["k"].histogram] == frame["k"].value_counts(
        sort=False
    ).sort_index().tolist()
    assert {top.value: top.count for top in found["word"].top} == frame[
        "word"
    ].value_counts().to_dict()
    assert found["word"].n_empty == (frame["word"] == "").sum()
    assert found["word"].max_length == 5
    assert found["flag"].mean == pytest.approx(frame["flag"].mean())
    assert found["at"].min == "2024-01-01T00:00:00"
    assert found["at"].family == "moment"
    assert found["nothing"].n_missing == 5000
    assert found["list"].family == "other"
    assert found["free"].n_distinct == 5000


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1.0],
        [2.0, 2.0],
        [math.inf, 1.0, -math.inf],
        [math.nan, math.nan],
        [1e308, -1e308],
        [5e-324, 0.0],
    ],
)
def test_the_edges_of_numbers_are_no_fault(tmp_path: Path, values: list[float]) -> None:
    column = profiled(pd.DataFrame({"x": pd.Series(values, dtype=float)}), tmp_path).columns[0]
    n_infinite = sum(math.isinf(value) for value in values)
    assert column.n_missing == sum(math.isnan(value) for value in values)
    assert column.n_infinite == n_infinite
    for number in (column.min, column.max, column.mean, column.std):
        assert number is None or math.isfinite(float(number))
    Profile.model_validate_json(
        Profile(
            n_rows=0, n_columns=1, size_bytes=0, columns=[column], seconds=0, peak_memory_bytes=0
        ).model_dump_json()
    )


def test_names_of_columns_may_be_anything(tmp_path: Path) -> None:
    names = ['a"b', "c'd", "select", "ü ñ", "x; DROP TABLE t0"]
    found = profiled(pd.DataFrame({name: [1, 2] for name in names}), tmp_path)
    assert [column.name for column in found.columns] == names


def test_many_columns_are_read_in_parts(tmp_path: Path) -> None:
    wide = pd.DataFrame({f"c{i}": [i, i + 1] for i in range(130)})
    found = profiled(wide, tmp_path)
    assert [c.name for c in found.columns] == list(wide.columns)
    assert found.columns[129].max == 130


class TestComparing:
    def compared(self, before: pd.DataFrame, after: pd.DataFrame, folder: Path) -> dict[str, Any]:
        paths = [folder / "before.parquet", folder / "after.parquet"]
        for frame, path in zip((before, after), paths, strict=True):
            frame.to_parquet(path)
        request = Request(task="compare", tables=[table(path) for path in paths])
        made = work.compare(request, lambda share, step: None).comparison
        assert made
        return {column.name: column for column in made.columns}

    def test_equal_tables_are_the_same(self, frame: pd.DataFrame, tmp_path: Path) -> None:
        found = self.compared(frame, frame, tmp_path)
        assert {change.state for change in found.values()} == {"same"}
        assert found["x"].psi == pytest.approx(0)
        assert found["word"].js_distance == pytest.approx(0)

    def test_what_moved_is_told_and_how_far(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(2)
        before = pd.DataFrame(
            {"x": rng.normal(0, 1, 4000), "w": ["a"] * 2000 + ["b"] * 2000, "gone": 1, "t": 1}
        )
        after = pd.DataFrame(
            {"x": rng.normal(2, 1, 4000), "w": ["a"] * 400 + ["c"] * 3600, "new": 1, "t": "1"}
        )
        found = self.compared(before, after, tmp_path)
        assert found["x"].state == "changed"
        assert found["x"].psi > 0.25
        assert found["x"].ks_statistic == pytest.approx(0.68, abs=0.06)
        assert found["x"].mean_after == pytest.approx(after["x"].mean())
        assert found["w"].state == "changed"
        assert dict(zip(found["w"].labels, found["w"].after, strict=True))["c"] == 0.9
        assert found["gone"].state == "removed"
        assert found["new"].state == "added"
        assert found["t"].state == "retyped"

    def test_more_gaps_are_a_change(self, tmp_path: Path) -> None:
        before = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0] * 50})
        after = pd.DataFrame({"x": [1.0, 2.0, 3.0, None, 4.0] * 50})
        found = self.compared(before, after, tmp_path)
        assert found["x"].missing_after == pytest.approx(0.2)
        assert found["x"].state == "changed"

    def test_distances_are_those_of_the_books(self) -> None:
        assert comparing.psi([0.5, 0.5], [0.5, 0.5]) == 0
        assert comparing.psi([0.5, 0.5], [0.9, 0.1]) == pytest.approx(0.8789, abs=1e-4)
        assert comparing.js_distance([1, 0], [0, 1]) == 1
        assert comparing.js_distance([0.5, 0.5], [0.5, 0.5]) == 0
        assert comparing.ks_statistic([0.2, 0.8], [0.7, 0.3]) == pytest.approx(0.5)


class TestPreviews:
    def test_rows_come_in_pages(self, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        path.write_text("n\n" + "".join(f"{i}\n" for i in range(250)))
        first = work.preview(Request(task="preview", tables=[table(path)], limit=100))
        last = work.preview(Request(task="preview", tables=[table(path)], offset=200, limit=100))
        assert (len(first.rows), first.has_more) == (100, True)
        assert (last.rows[0], len(last.rows), last.has_more) == ([200], 50, False)

    def test_the_rows_of_parquet_are_known(self, frame: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "x.parquet"
        frame.to_parquet(path)
        assert work.preview(Request(task="preview", tables=[table(path)], limit=1)).n_rows == 5000

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (math.nan, "NaN"),
            (-math.inf, "-Infinity"),
            (2**60, str(2**60)),
            (b"abc", "3 bytes"),
            ({"a": [1, b"x"]}, {"a": [1, "1 bytes"]}),
            (pd.Timestamp("2024-01-02").to_pydatetime(), "2024-01-02T00:00:00"),
        ],
    )
    def test_values_are_json(self, value: Any, shown: Any) -> None:
        assert work.jsonable(value) == shown

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("x.png", b"\x89PNG", "There is no table in it"),
            ("x.parquet", b"nothing", r"x\.parquet"),
            ("x.json", b"{]", r"x\.json"),
        ],
    )
    def test_what_is_no_table_is_said(
        self, tmp_path: Path, name: str, content: bytes, message: str
    ) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(Invalid, match=message):
            work.preview(Request(task="preview", tables=[table(path)]))
