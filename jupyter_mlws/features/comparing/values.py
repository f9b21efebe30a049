"""Metrics and parameters side by side."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from jupyter_mlws.entities.comparison import MetricRow, ValueRow
from jupyter_mlws.entities.run import special_float
from jupyter_mlws.features.comparing.subjects import Subject, union, value_row

SYSTEM = "system/"
DEPTH = 8
LONGEST = 100_000
"""Longer parameters are not taken apart."""
MINIMIZE = re.compile(
    r"loss|err(or)?(?![a-z])|mae|mse|rmse|mape|perplexity|ppl|entropy|brier|latency|fpr|fnr|wer|cer|fid"
)
MAXIMIZE = re.compile(
    r"acc|auc|auroc|f1|f_?beta|precision|recall|r2|score|iou|dice|map(?![a-z])|ndcg|mrr|bleu|rouge|reward|hit"
)
HELD_OUT = re.compile(r"(^|[^a-z])(val|valid|validation|test|eval|dev)([^a-z]|$)")

Goal = Literal["maximize", "minimize"]


def goal_of(name: str) -> Goal | None:
    """What is better, as far as a metric's name tells."""
    text = name.lower()
    if MINIMIZE.search(text):
        return "minimize"
    return "maximize" if MAXIMIZE.search(text) else None


def metric_rows(runs: Sequence[Subject]) -> list[MetricRow]:
    """All metrics that are not of the machine, with deltas."""
    found = [
        {point.key: point.value for point in run.row.metrics if not point.key.startswith(SYSTEM)}
        for run in runs
    ]
    return [_metric_row(key, [values.get(key) for values in found]) for key in union(found)]


def main_metric(rows: Sequence[MetricRow], chosen: str | None) -> MetricRow | None:
    """The metric that stands for the runs: the chosen one, else one of held-out data whose goal is known."""
    complete = [row for row in rows if None not in row.deltas]
    for row in complete:
        if row.key == chosen:
            return row
    ranked = sorted(
        complete,
        key=lambda row: (
            row.goal is None,
            not HELD_OUT.search(row.key.lower()),
            row.goal != "maximize",
            not row.differs,
            row.key,
        ),
    )
    return ranked[0] if ranked else None


def param_rows(runs: Sequence[Subject]) -> list[ValueRow]:
    """All parameters; those that hold objects stand apart by their keys."""
    found = [flattened(run.row.params) for run in runs]
    return [value_row(key, [values.get(key) for values in found]) for key in union(found)]


def flattened(params: Any) -> dict[str, str]:
    """Parameters with nested keys joined by dots."""
    flat: dict[str, str] = {}
    for name, text in params.items():
        _flatten(name, _opened(text), text, flat, DEPTH)
    return flat


def _flatten(name: str, value: Any, text: str, flat: dict[str, str], depth: int) -> None:
    if not isinstance(value, dict) or not value or depth == 0:
        flat[name] = text
        return
    for key, item in value.items():
        shown = item if isinstance(item, str) else json.dumps(item, default=str, ensure_ascii=False)
        _flatten(f"{name}.{key}", item, shown, flat, depth - 1)


def _opened(text: str) -> Any:
    """The object that a text holds, as JSON or as Python writes it; the text where it holds none."""
    if not text.lstrip().startswith("{") or len(text) > LONGEST:
        return text
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _metric_row(key: str, values: list[float | None]) -> MetricRow:
    base = values[0]
    deltas = [_delta(value, base) for value in values]
    shown = [None if value is None else special_float(value) for value in values]
    return MetricRow(
        **value_row(key, shown).model_dump(),
        deltas=deltas,
        relative=[delta / abs(base) if delta is not None and base else None for delta in deltas],
        goal=goal_of(key),
    )


def _delta(value: float | None, base: float | None) -> float | None:
    if value is None or base is None:
        return None
    delta = value - base
    return delta if math.isfinite(delta) else None
