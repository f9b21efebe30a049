"""What is different about a run, in a few facts; and which run came before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jupyter_mlws.entities.comparison import Changes, Comparison, MetricRow, ValueRow, Verdict
from jupyter_mlws.features.comparing import code, data, environments, notebooks, values
from jupyter_mlws.features.comparing.subjects import Subject
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunQuery, RunRow

LOOKED_AT = 200
"""How many earlier runs are looked at for one of the same source."""
SCRIPT = re.compile(r"\S+\.(?:py|sh|r|jl)\b", re.IGNORECASE)


def compare(runs: Sequence[Subject], metric: str | None, goal: values.Goal | None) -> Comparison:
    """Heads, verdicts, metrics and parameters."""
    metrics, params = values.metric_rows(runs), values.param_rows(runs)
    main = values.main_metric(metrics, metric)
    if main is not None and main.key == metric and goal:
        main.goal = goal
    packages = [environments.recorded(run) for run in runs]
    verdicts = []
    for at in range(1, len(runs)):
        found = _verdict(runs[0], runs[at], at, main, params)
        # Where one of them is not known, nobody can say that they differ.
        found.environment = None not in (packages[0], packages[at]) and packages[0] != packages[at]
        verdicts.append(found)
    return Comparison(
        runs=[run.head for run in runs], verdicts=verdicts, metrics=metrics, params=params
    )


def _verdict(
    base: Subject, other: Subject, at: int, main: MetricRow | None, params: Sequence[ValueRow]
) -> Verdict:
    """What is different about `other`, whose values stand at `at` in the rows."""
    slowdown = other.duration_s / base.duration_s if base.duration_s and other.duration_s else None
    return Verdict(
        run_id=other.run_id,
        **({} if main is None else _measured(main, at)),
        slowdown=slowdown,
        params=[row.key for row in params if row.values[at] != row.values[0]],
        data=data.changed(base, other),
        files=code.changed_files(base, other),
        cells=notebooks.changed_cells(base, other),
    )


def changes(ws: Workspace, run_id: str) -> Changes:
    """What changed since the run of the same source before this one."""
    run = Subject(ws, ws.store.get_run(run_id))
    before = next((Subject(ws, row) for row in _earlier(run) if _same_source(run, row)), None)
    if before is None:
        return Changes()
    compared = compare([before, run], None, None)
    return Changes(
        previous=compared.runs[0], verdict=compared.verdicts[0], metrics=compared.metrics
    )


def _measured(row: MetricRow, at: int) -> dict[str, object]:
    delta = row.deltas[at]
    base, value = row.values[0], row.values[at]
    better = None
    if delta and row.goal:
        better = (delta > 0) == (row.goal == "maximize")
    return {
        "metric": row.key,
        "baseline_value": base if isinstance(base, float) else None,
        "value": value if isinstance(value, float) else None,
        "relative": row.relative[at],
        "better": better,
    }


def _earlier(run: Subject) -> Iterator[RunRow]:
    """Runs of the same experiment and type that are older, newest first."""
    query = RunQuery(
        experiment_ids=[run.row.experiment_id],
        types=[run.row.type],
        filter=f"attributes.start_time < {run.row.start_ms}" if run.row.start_ms else "",
        max_results=LOOKED_AT,
    )
    rows, _ = run.ws.store.search_runs(query)
    return (
        row for row in rows if row.created_ms <= run.row.created_ms and row.run_id != run.run_id
    )


def _same_source(run: Subject, row: RunRow) -> bool:
    source = _source(run)
    return source is not None and _source(Subject(run.ws, row)) == source


def _source(run: Subject) -> str | None:
    """What a run is one of: its notebook, its script, its command, or what MLflow calls its source."""
    if run.doc is None:
        return run.row.tags.get("mlflow.source.name")
    if "notebook" in run.spec:
        return str(run.spec["notebook"])
    command = str(run.spec.get("command", ""))
    script = SCRIPT.search(command)
    return (script[0] if script else command) or None
