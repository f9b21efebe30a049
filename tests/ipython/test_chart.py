"""A chart that follows runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jupyter_mlws as mlws
from jupyter_mlws import Invalid, MLClient, NotFound

LONG_S = 60


@pytest.fixture
def client(in_workspace: Path) -> Iterator[MLClient]:
    with MLClient() as client:
        yield client


def _run(client: MLClient, run_id: str, status: str = "RUNNING") -> str:
    run = {"run_id": run_id, "experiment_id": 0, "name": f"run {run_id}", "status": status}
    client.call("imports.put_run", run=run)
    return run_id


def _log(client: MLClient, run_id: str, *values: Any, first: int = 0) -> None:
    points = [
        {"key": "loss", "value": value, "ts_ms": step, "step": step}
        for step, value in enumerate(values, first)
    ]
    client.call("imports.log", run_id=run_id, points=points)


def test_points_that_come_later_are_drawn_until_the_run_has_ended(client: MLClient) -> None:
    run_id = _run(client, "later")
    _log(client, run_id, 3.0, 2.0)
    chart = mlws.chart(run_id, "loss")
    assert chart.figure.data[0].y == (3.0, 2.0)
    assert chart.is_live

    _log(client, run_id, 1.0, first=2)
    _run(client, run_id, "FINISHED")

    assert chart.wait(LONG_S)
    assert (chart.figure.data[0].x, chart.figure.data[0].y) == ((0, 1, 2), (3.0, 2.0, 1.0))


def test_many_runs_are_a_line_each_and_no_number_is_a_gap(client: MLClient) -> None:
    for name in ("one", "two"):
        _log(client, _run(client, name, "FINISHED"), 1.0, "NaN", 2.0)
    runs = mlws.runs("attributes.run_id IN ('one', 'two')", order_by=["attributes.run_id"])

    chart = mlws.chart(runs, "loss", log=True)

    assert chart.wait(LONG_S)
    assert [line.name for line in chart.figure.data] == ["run one", "run two"]
    assert chart.figure.data[1].y == (1.0, None, 2.0)
    assert chart.figure.layout.yaxis.type == "log"


def test_it_is_shown_as_a_widget(client: MLClient) -> None:
    chart = mlws.chart(_run(client, "shown", "FINISHED"), "loss")

    bundle = chart._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in (
        bundle[0] if isinstance(bundle, tuple) else bundle
    )


def test_it_stops_when_it_is_told_to(client: MLClient) -> None:
    chart = mlws.chart(_run(client, "endless"), "loss")

    chart.stop()

    assert not chart.is_live


def test_no_run_and_too_many_are_told(client: MLClient) -> None:
    with pytest.raises(NotFound):
        mlws.chart("nope", "loss")
    with pytest.raises(Invalid, match="1 to 20"):
        mlws.chart([], "loss")
    with pytest.raises(Invalid, match="1 to 20"):
        mlws.chart(["a"] * 21, "loss")
