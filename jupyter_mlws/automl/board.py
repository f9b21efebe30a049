"""The leaderboard of an AutoML job, from its children."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from jupyter_mlws.automl.choosing import ALGORITHMS, installed
from jupyter_mlws.automl.running import DRAW, NUMBER, TITLE, Search, score_of
from jupyter_mlws.automl.settings import NAMES
from jupyter_mlws.entities.azure import forecasts_here
from jupyter_mlws.entities.azure.automl import METRICS, AutoMLJob, loosely
from jupyter_mlws.entities.azure.automl_here import TYPES
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.leaderboard import (
    AlgorithmView,
    Contender,
    Guardrail,
    Leaderboard,
    Notebook,
    TaskView,
)
from jupyter_mlws.entities.sweep import ParamWeight
from jupyter_mlws.execution import records
from jupyter_mlws.execution.families import Families
from jupyter_mlws.execution.search.trials import state_of
from jupyter_mlws.store.base import Blobs, RunQuery, Store


def tasks() -> list[TaskView]:
    """The tasks that are done here."""
    return [
        TaskView(
            task=task,
            metrics=[NAMES[loosely(name)] for name in METRICS[task]],
            algorithms=[
                AlgorithmView(name=name, label=known[name].label) for name in installed(known)
            ],
            column_types=list(forecasts_here.TYPES if task == "forecasting" else TYPES),
        )
        for task, known in ALGORITHMS.items()
    ]


def search_of(store: Store, blobs: Blobs, url: str, name: str) -> Search:
    """The search of an AutoML job.

    Raises:
        NotFound: there is no such job.
        Invalid: it is no AutoML job.
    """
    if records.get(store, name).doc["spec"]["type"] != "automl":
        raise Invalid.field("name", f"job '{name}' is no AutoML job.")
    return Search(Families(store, blobs, url).of(name, AutoMLJob))


def leaderboard(search: Search, store: Store) -> Leaderboard:
    """All that there is to see of it."""
    job, settings = search.family.job, search.settings
    best = next(iter(search.ranked), None)
    progress = search.standing().progress
    metrics = _metrics(store, job.name)
    explorer = search.family.children.get(f"{job.name}_setup")
    explainer = search.family.children.get(f"{job.name}_ModelExplain")
    tester = search.family.children.get(f"{job.name}_ModelTest")
    return Leaderboard(
        name=job.name,
        display_name=job.display_name,
        status=job.status,
        task=settings.task,
        target=settings.target,
        goal="maximize" if settings.sign > 0 else "minimize",
        primary_metric=settings.metric,
        max_total_trials=progress.total if progress and progress.total else settings.max_trials,
        max_concurrent_trials=settings.n_parallel,
        timeout_s=settings.timeout_s,
        trials=[_trial(child, metrics) for _, child in sorted(search.trials.items())],
        best=best.name if best else None,
        best_value=score_of(best) if best else None,
        guardrails=_guardrails(explorer),
        importances=_importances(explainer),
        exploration=_notebook(explorer),
        explanation=_notebook(explainer),
        test=_notebook(tester),
        test_metrics=_finite(metrics.get(tester.name, {})) if tester else {},
        stopped=settings.is_stopped,
        error=job.error.message if job.error else "",
        created_at=job.creation_context.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


def _metrics(store: Store, name: str) -> dict[str, Mapping[str, float]]:
    """What the children have logged, by name."""
    found: dict[str, Mapping[str, float]] = {}
    token: str | None = None
    while True:
        rows, token = store.search_runs(RunQuery(parent_id=name, view="all", page_token=token))
        found |= {row.run_id: {m.key: m.value for m in row.metrics} for row in rows}
        if token is None:
            return found


def _finite(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in metrics.items()}


def _trial(child: Job, metrics: Mapping[str, Mapping[str, float]]) -> Contender:
    said = child.properties
    state = state_of(child.status)
    return Contender(
        name=child.name,
        number=int(said[NUMBER]),
        algorithm=said[TITLE],
        ensemble=DRAW not in said,
        state=state,
        status=child.status,
        value=score_of(child),
        metrics=_finite(metrics.get(child.name, {})),
        values=json.loads(said[DRAW])["values"] if DRAW in said else {},
        error=child.error.message if child.error and state == "failed" else "",
        attempt=child.attempt,
        created_at=child.creation_context.created_at,
        started_at=child.started_at,
        ended_at=child.ended_at,
    )


def _notebook(child: Job | None) -> Notebook | None:
    return None if child is None else Notebook(name=child.name, status=child.status)


def _guardrails(explorer: Job | None) -> list[Guardrail]:
    said = explorer.values.get("guardrails") if explorer else None
    return [Guardrail.model_validate(rail) for rail in said] if isinstance(said, list) else []


def _importances(explainer: Job | None) -> list[ParamWeight]:
    said = explainer.values.get("importance") if explainer else None
    if not isinstance(said, dict):
        return []
    kept = {str(name): max(0.0, float(value)) for name, value in said.items()}
    total = sum(kept.values())
    if total <= 0:
        return []
    order = sorted(kept.items(), key=lambda item: (-item[1], item[0]))
    return [ParamWeight(name=name, importance=value / total) for name, value in order]
