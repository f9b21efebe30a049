"""Metrics: points on their way in, and their history."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from jupyter_mlws.server.mlflow import limits, wire
from jupyter_mlws.server.mlflow.table import Call, endpoint
from jupyter_mlws.server.mlflow.wire import Json, double, invalid, missing, wrong_type
from jupyter_mlws.store.base import Point

MAX_PAGE = 25_000
MAX_RUNS = 100
MAX_SAMPLE = 2500
BIGGEST = 2**63


@endpoint("GET", "metrics/get-history", "runs/read", heavy=True)
def get_history(call: Call) -> Json:
    """All points of a metric, by time; none for an unknown run or key."""
    run_id = run_id_of(call)
    key = call.fields.required("metric_key")
    max_results = call.fields.integer("max_results")
    if max_results is not None and max_results <= 0:
        raise invalid(
            f"Invalid value {max_results} for parameter 'max_results' supplied. "
            "It must be a positive integer."
        )
    points, token = call.store.history(
        run_id,
        key,
        max_results=None if max_results is None else min(max_results, MAX_PAGE),
        page_token=call.fields.text("page_token") or None,
    )
    answer: Json = {"metrics": views(points)} if points else {}
    return {**answer, "next_page_token": token} if token else answer


@endpoint("GET", "metrics/get-history-bulk", "runs/read", heavy=True)
def get_history_bulk(call: Call) -> Json:
    """The first points of a metric of several runs, as the web pages of MLflow ask for them."""
    run_ids = call.fields.texts("run_id")
    if not run_ids:
        raise invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(run_ids) > MAX_RUNS:
        raise invalid(
            f"GetMetricHistoryBulk request cannot specify more than {MAX_RUNS} run_ids. "
            f"Received {len(run_ids)} run_ids."
        )
    key = call.fields.text("metric_key")
    if key is None:
        raise invalid("GetMetricHistoryBulk request must specify a metric_key.")
    left = min(call.fields.max_results(MAX_PAGE, wire.INT64.stop), MAX_PAGE)
    found: list[Json] = []
    for run_id in sorted(run_ids):
        if len(found) < left:
            points, _ = call.store.history(run_id, key, max_results=left - len(found))
            found += [{**view, "run_id": run_id} for view in views(points)]
    return {"metrics": found}


@endpoint("GET", "metrics/get-history-bulk-interval", "runs/read", heavy=True)
def get_history_bulk_interval(call: Call) -> Json:
    """Points of a metric of several runs over steps, thinned so that spikes stay."""
    run_ids = call.fields.texts("run_ids")
    if not run_ids:
        raise missing("run_ids")
    if len(run_ids) > MAX_RUNS:
        raise invalid(
            f"GetMetricHistoryBulkInterval request must specify at most {MAX_RUNS} run_ids. "
            f"Received {len(run_ids)} run_ids. {wire.SEE_DOCS}"
        )
    key = call.fields.required("metric_key")
    max_points = call.fields.integer("max_results")
    if max_points is not None and not 1 <= max_points <= MAX_SAMPLE:
        raise invalid(f"max_results must be between 1 and {MAX_SAMPLE}. {wire.SEE_DOCS}")
    start, end = _interval(call)
    found: list[Json] = []
    for run_id in run_ids:
        _, points = call.store.series(
            run_id, key, max_points=max_points or MAX_SAMPLE, start_step=start, end_step=end
        )
        found += [{**view, "run_id": run_id} for view in views(points)]
    return {"metrics": found} if found else {}


def read_points(items: object, field: str = "metrics") -> list[Point]:
    """The points of a request.

    Args:
        field: name of the list, for messages.
    Raises:
        Refused: one of them is no point.
    """
    if items is None:
        return []
    if not isinstance(items, list):
        raise wrong_type(field, items)
    return _plain_points(items) or [
        read_point(item, f"{field}[{index}]") for index, item in enumerate(items)
    ]


def read_point(item: object, path: str = "") -> Point:
    """One point, checked field by field.

    Raises:
        Refused: it is none.
    """
    if not isinstance(item, dict):
        raise wrong_type(path, item)
    fields = wire.Fields(item, path)
    key = fields.required("key")
    for required in ("value", "timestamp"):
        if item.get(required) in (None, ""):
            raise missing(fields.name(required))
    value = wire.number(item["value"], fields.name("value"))
    ts_ms = wire.integer(item["timestamp"], fields.name("timestamp"))
    limits.check_key(key, fields.name("name"), "Metric name")
    if ts_ms < 0:
        raise wire.bad_value(
            fields.name("timestamp"),
            ts_ms,
            f"metric '{key}' (value={value}). "
            "Timestamp must be a nonnegative long (64-bit integer) ",
        )
    return Point(
        key,
        value,
        ts_ms,
        fields.integer("step") or 0,
        fields.text("model_id") or None,
        fields.text("dataset_name") or None,
        fields.text("dataset_digest") or None,
    )


def views(points: Sequence[Point]) -> list[Json]:
    """Points as the protocol answers them."""
    return [
        {
            "key": key,
            "value": value if isfinite(value) else double(value),
            "timestamp": ts_ms,
            "step": step,
        }
        for key, value, ts_ms, step, *_ in points
    ]


def run_id_of(call: Call) -> str:
    """The run that a request names; old clients write `run_uuid`."""
    fields = call.fields
    if fields.has("run_id") or not fields.has("run_uuid"):
        return fields.required("run_id")
    return fields.required("run_uuid")


def _plain_points(items: list[Any]) -> list[Point] | None:
    """The points, when all are plainly right, as nearly always; they are checked all at once."""
    try:
        keys = [item["key"] for item in items]
        values = [item["value"] for item in items]
        times = [item["timestamp"] for item in items]
        steps = [item.get("step", 0) for item in items]
        n_fields = [len(item) - ("step" in item) for item in items]
    except (KeyError, TypeError, AttributeError):
        return None
    plain = (
        items
        and max(n_fields) == len(("key", "value", "timestamp"))
        and set(map(type, keys)) == {str}
        and set(map(type, values)) == {float}
        and set(map(type, times)) == set(map(type, steps)) == {int}
        and 0 <= min(times) <= max(times) < BIGGEST
        and -BIGGEST <= min(steps) <= max(steps) < BIGGEST
        and all(map(limits.is_key, set(keys)))
    )
    return list(map(Point, keys, values, times, steps)) if plain else None


def _interval(call: Call) -> tuple[int | None, int | None]:
    start, end = call.fields.integer("start_step"), call.fields.integer("end_step")
    if (start is None) != (end is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    if start is not None and end is not None and start > end:
        raise invalid(
            "end_step must be greater than start_step. "
            f"Found start_step={start} and end_step={end}."
        )
    return start, end
