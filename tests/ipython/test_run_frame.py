"""Runs as a DataFrame: all of pandas, and a display of what differs."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import pandas as pd

from jupyter_mlws.entities.run import Run, Status
from jupyter_mlws.ipython.chart import run_ids_of
from jupyter_mlws.ipython.run_frame import RunFrame

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)


def run(run_id: str, **fields: Any) -> Run:
    given = {"name": run_id, "status": Status.COMPLETED, "started_at": NOON, **fields}
    return Run(
        run_id=run_id,
        experiment_id="1",
        experiment_name="iris",
        type="mlflow",
        user="ana",
        created_at=NOON,
        **given,
    )


def two() -> RunFrame:
    return RunFrame.of(
        [
            run("a1", params={"lr": "1", "seed": "7"}, metrics={"auc": 0.125, "system/cpu": 9.0}),
            run("b2", params={"lr": "2", "seed": "7"}, metrics={"auc": "NaN", "loss": "Infinity"}),
        ]
    )


def test_it_has_everything_in_columns_of_its_type() -> None:
    frame = two()

    assert list(frame.columns) == [
        *("run_id", "name", "status", "experiment_name", "user", "started_at", "ended_at"),
        *("metrics.auc", "metrics.system/cpu", "metrics.loss", "params.lr", "params.seed"),
    ]
    assert frame["metrics.auc"].dtype == float
    assert frame["metrics.loss"].tolist()[1] == math.inf
    assert math.isnan(frame["metrics.auc"][1])
    assert frame["params.lr"].tolist() == ["1", "2"]
    assert (frame["started_at"] == pd.Timestamp(NOON)).all()
    assert frame["ended_at"].isna().all()


def test_pandas_works_on_it() -> None:
    frame = two()

    best = frame[frame["metrics.auc"] > 0].sort_values("metrics.auc")
    joined = frame.merge(pd.DataFrame({"name": ["a1"], "cost": [3.5]}), on="name")
    grouped = frame.groupby("params.seed")["metrics.auc"].max()

    assert best["run_id"].tolist() == ["a1"]
    assert joined["cost"].tolist() == [3.5]
    assert grouped.to_dict() == {"7": 0.125}
    assert frame["metrics.auc"].describe()["max"] == 0.125


def test_it_shows_the_columns_in_which_runs_differ() -> None:
    frame = two()

    head = repr(frame).splitlines()[0].split()

    assert head == [
        *("name", "status", "started_at"),
        *("metrics.auc", "metrics.loss", "params.lr"),
    ]
    html = frame._repr_html_()
    assert "params.seed" not in html
    assert "2026-01-02 12:00:00" in html
    assert "nan" not in html.lower()


def test_what_the_user_adds_is_shown() -> None:
    frame = two()
    frame["verdict"] = "good"

    assert "verdict" in repr(frame)
    assert "verdict" in frame._repr_html_()


def test_some_columns_of_it_are_shown_as_they_are() -> None:
    assert "0.125" in repr(two()[["metrics.auc"]])
    assert "params.seed" in repr(two()[["params.seed"]])
    assert "0.125" in two()[["metrics.auc", "params.lr"]].T._repr_html_()


def test_names_cannot_become_markup() -> None:
    frame = RunFrame.of([run("<script>1</script>"), run("b")])

    assert "<script>" not in frame._repr_html_()


def test_a_long_one_is_shown_in_part() -> None:
    frame = RunFrame.of([run(f"run-{number}") for number in range(200)])

    assert repr(frame).count("run-") < 100
    assert frame._repr_html_().count("run-") < 100


def test_an_empty_one_says_so_and_still_has_its_columns() -> None:
    frame = RunFrame.of([])

    assert repr(frame) == "No runs."
    assert frame._repr_html_() == "<p>No runs.</p>"
    assert "run_id" in frame.columns


def test_its_rows_are_json() -> None:
    first, second = two().rows

    assert first["metrics.auc"] == 0.125
    assert first["started_at"] == "2026-01-02T12:00:00+00:00"
    assert "ended_at" not in first
    assert "metrics.auc" not in second


def test_a_chart_takes_it() -> None:
    assert run_ids_of(two()) == ["a1", "b2"]
