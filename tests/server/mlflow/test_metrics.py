"""Metrics: points in, histories out."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mlflow.entities import Metric

from jupyter_mlws.server.mlflow.metrics import read_point, read_points
from jupyter_mlws.server.mlflow.wire import Refused
from jupyter_mlws.store.base import Point
from tests.server.mlflow.serving import Client, Server

Post = Callable[..., httpx.Response]
Query = dict[str, Any]

MAX = sys.float_info.max


def test_the_latest_point_is_that_of_the_greatest_step(client: Client, run_id: str) -> None:
    for step, timestamp, value in ((5, 10, 1.0), (9, 5, 2.0), (7, 99, 3.0), (9, 5, -1.0)):
        client.log_metric(run_id, "loss", value, timestamp, step)

    assert client.get_run(run_id).data.metrics == {"loss": 2.0}


def test_a_history_goes_by_time_step_value(client: Client, run_id: str) -> None:
    points = [(2, 1, 0.5), (1, 3, 0.1), (1, 2, 0.3), (1, 2, 0.2)]
    for timestamp, step, value in points:
        client.log_metric(run_id, "loss", value, timestamp, step)

    found = client.get_metric_history(run_id, "loss")

    assert [(p.timestamp, p.step, p.value) for p in found] == sorted(points)


def test_a_repeated_point_is_kept_once(client: Client, run_id: str) -> None:
    batch = [Metric("a", float(i), i, i) for i in range(300)]

    client.log_batch(run_id, batch)
    client.log_batch(run_id, batch)

    assert len(client.get_metric_history(run_id, "a")) == 300


@pytest.mark.parametrize("value", [math.nan, 1e308, -0.0, 5e-324])
def test_every_double_comes_back(client: Client, run_id: str, value: float) -> None:
    client.log_metric(run_id, "odd", value)

    (point,) = client.get_metric_history(run_id, "odd")
    latest = client.get_run(run_id).data.metrics["odd"]

    for found in (point.value, latest):
        assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize(("value", "seen"), [(math.inf, MAX), (-math.inf, -MAX)])
def test_an_infinity_is_answered_as_the_real_server_does_and_kept_as_it_is(
    server: Server, client: Client, run_id: str, value: float, seen: float
) -> None:
    client.log_metric(run_id, "odd", value)

    (point,) = client.get_metric_history(run_id, "odd")
    assert point.value == client.get_run(run_id).data.metrics["odd"] == seen
    assert server.store.history(run_id, "odd")[0][0].value == value


@pytest.mark.parametrize(("text", "seen"), [("NaN", "NaN"), ("Infinity", MAX), ("-Infinity", -MAX)])
def test_special_numbers_come_as_text(
    http: httpx.Client, run_id: str, text: str, seen: object
) -> None:
    body = f'{{"run_id": "{run_id}", "key": "a", "value": "{text}", "timestamp": "5"}}'
    http.post(
        "/api/2.0/mlflow/runs/log-metric",
        content=body.encode(),
        headers={"Content-Type": "application/json"},
    )

    found = http.get(
        "/api/2.0/mlflow/metrics/get-history", params={"run_id": run_id, "metric_key": "a"}
    ).json()

    assert found == {"metrics": [{"key": "a", "value": seen, "timestamp": 5, "step": 0}]}


def test_a_history_goes_by_pages(http: httpx.Client, client: Client, run_id: str) -> None:
    client.log_batch(run_id, [Metric("a", float(i), i, i) for i in range(25)])
    found: list[int] = []
    token: str | None = ""
    while token is not None:
        query: Query = {"run_id": run_id, "metric_key": "a", "max_results": 10, "page_token": token}
        page = http.get("/api/2.0/mlflow/metrics/get-history", params=query).json()
        found += [point["step"] for point in page["metrics"]]
        token = page.get("next_page_token")

    assert found == list(range(25))


@pytest.mark.parametrize("run", ["RUN", "nobody"])
def test_the_history_of_what_is_not_there_is_empty(
    http: httpx.Client, run_id: str, run: str
) -> None:
    query: Query = {"run_id": run_id if run == "RUN" else run, "metric_key": "none"}

    answer = http.get("/api/2.0/mlflow/metrics/get-history", params=query)

    assert (answer.status_code, answer.json()) == (200, {})


def test_a_page_of_nothing_is_refused(http: httpx.Client, run_id: str) -> None:
    query: Query = {"run_id": run_id, "metric_key": "a", "max_results": 0}

    answer = http.get("/api/2.0/mlflow/metrics/get-history", params=query)

    assert answer.status_code == 400
    assert "It must be a positive integer." in answer.json()["message"]


def test_series_of_many_runs_are_thinned_and_keep_their_ends_and_spikes(
    http: httpx.Client, client: Client, experiment_id: str
) -> None:
    run_ids = [client.create_run(experiment_id).info.run_id for _ in range(2)]
    for run_id in run_ids:
        values = [0.0] * 1000
        values[333] = 99.0
        client.log_batch(run_id, [Metric("a", value, i, i) for i, value in enumerate(values)])
    query: Query = {"run_ids": run_ids, "metric_key": "a", "max_results": 50}

    found = http.get("/api/2.0/mlflow/metrics/get-history-bulk-interval", params=query).json()

    for run_id in run_ids:
        points = [point for point in found["metrics"] if point["run_id"] == run_id]
        steps = [point["step"] for point in points]
        assert len(points) <= 50
        assert (min(steps), max(steps)) == (0, 999)
        assert 99.0 in [point["value"] for point in points]


def test_a_series_can_be_cut_to_an_interval(
    http: httpx.Client, client: Client, run_id: str
) -> None:
    client.log_batch(run_id, [Metric("a", float(i), i, i) for i in range(100)])
    query: Query = {"run_ids": [run_id], "metric_key": "a", "start_step": 10, "end_step": 12}

    found = http.get("/api/2.0/mlflow/metrics/get-history-bulk-interval", params=query).json()

    assert [point["step"] for point in found["metrics"]] == [10, 11, 12]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "Missing value for required parameter 'run_ids'"),
        ({"run_ids": ["a"] * 101}, "must specify at most 100 run_ids. Received 101 run_ids."),
        ({"run_ids": "a", "max_results": 2501}, "max_results must be between 1 and 2500."),
        ({"run_ids": "a", "start_step": 1}, "both must be specified"),
        ({"run_ids": "a", "start_step": 2, "end_step": 1}, "end_step must be greater than start_"),
    ],
)
def test_a_bad_interval_is_refused(http: httpx.Client, query: dict[str, Any], message: str) -> None:
    answer = http.get(
        "/api/2.0/mlflow/metrics/get-history-bulk-interval", params={"metric_key": "a", **query}
    )

    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_the_bulk_history_of_the_web_pages_is_answered(
    http: httpx.Client, client: Client, run_id: str
) -> None:
    client.log_batch(run_id, [Metric("a", float(i), i, i) for i in range(5)])
    query: Query = {"run_id": [run_id, "nobody"], "metric_key": "a", "max_results": 3}

    found = http.get("/ajax-api/2.0/mlflow/metrics/get-history-bulk", params=query).json()

    assert [(p["run_id"], p["step"]) for p in found["metrics"]] == [(run_id, i) for i in range(3)]


# Reading points
def test_plain_and_odd_points_are_read_alike() -> None:
    plain = [{"key": "a", "value": 1.0, "timestamp": 2, "step": 3}]
    odd = [*plain, {"key": "a", "value": "1.0", "timestamp": "2", "step": "3", "other": None}]

    assert read_points(odd) == read_points(plain) * 2 == [Point("a", 1.0, 2, 3)] * 2


@pytest.mark.parametrize(
    ("item", "value"), [(True, 1.0), (7, 7.0), ("1e3", 1000.0), ("-Infinity", -math.inf)]
)
def test_all_forms_of_a_double_are_read(item: object, value: float) -> None:
    assert read_point({"key": "a", "value": item, "timestamp": 1}).value == value


@pytest.mark.parametrize(
    "point",
    [
        {"key": "a", "value": 1.0, "timestamp": 2**63},
        {"key": "a", "value": 1.0, "timestamp": 1, "step": -(2**63) - 1},
        {"key": "", "value": 1.0, "timestamp": 1},
        {"key": "a", "value": [], "timestamp": 1},
        {"key": "a", "value": "1_0", "timestamp": 1},
        {"key": "a", "value": 10**400, "timestamp": 1},
        {"key": "a", "value": 1.0, "timestamp": 1, "model_id": 5},
    ],
)
def test_what_is_no_point_is_refused(point: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        read_points([point])
