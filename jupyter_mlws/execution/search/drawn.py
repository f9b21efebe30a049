"""A sweep as people look at it: its trials with their values, the best, the space, what matters."""

from __future__ import annotations

import math
from typing import Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.sweep import ParamWeight, SpaceView, SweepJob, SweepView, TrialView
from jupyter_mlws.execution import records
from jupyter_mlws.execution.families import Families
from jupyter_mlws.execution.search import drawing
from jupyter_mlws.execution.search.space import Dimension, flat_values, grid, label, titled
from jupyter_mlws.execution.search.trials import STOPPED, Trial, Trials
from jupyter_mlws.store.base import Blobs, Store


def trials_of(store: Store, blobs: Blobs, url: str, name: str) -> Trials:
    """The trials of a sweep job.

    Raises:
        NotFound: there is no such job.
        Invalid: it is no sweep.
    """
    if records.get(store, name).doc["spec"]["type"] != "sweep":
        raise Invalid.field("name", f"job '{name}' is no sweep.")
    return Trials.of(Families(store, blobs, url).of(name, SweepJob))


def view(trials: Trials) -> SweepView:
    """All of a sweep."""
    spec, job, best = trials.spec, trials.family.job, trials.best
    policy, sampling = spec.early_termination, spec.sampling_algorithm
    return SweepView(
        name=job.name,
        display_name=job.display_name,
        status=job.status,
        goal=spec.objective.goal,
        primary_metric=spec.objective.primary_metric,
        sampling="sobol" if sampling.rule == "sobol" else sampling.type,
        policy=policy.type if policy else None,
        max_total_trials=spec.limits.max_total_trials,
        max_concurrent_trials=trials.plan.concurrent,
        trials=[_trial(trials, trial) for trial in trials.all],
        best=best.name if best else None,
        best_value=best.value if best else None,
        space=space(trials),
        narrowed=len(trials.plan.rounds) - 1,
        error=job.error.message if job.error else "",
        created_at=job.creation_context.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        can_add=n_left(trials) != 0,
    )


def space(trials: Trials) -> list[SpaceView]:
    """What the next trial would be drawn from."""
    number = max((trial.number for trial in trials.all), default=-1) + 1
    dimensions = trials.plan.dimensions(trials.spec, number)
    return [_dimension(each, trials.spec.sampling_algorithm.base) for each in dimensions]


def weights(trials: Trials) -> list[ParamWeight]:
    """What matters for the primary metric, the most first; empty while too little is known."""
    dimensions = trials.plan.dimensions(trials.spec, 0)
    tried = [trial.told for trial in trials.all]
    found = drawing.weights(dimensions, tried, maximize=trials.maximize)
    order = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [ParamWeight(name=label(path), importance=weight) for path, weight in order]


def n_left(trials: Trials) -> int | None:
    """How many trials a grid has left; None where there is no end."""
    if trials.spec.sampling_algorithm.type != "grid":
        return None
    number = max((trial.number for trial in trials.all), default=-1) + 1
    return max(0, len(grid(trials.plan.dimensions(trials.spec, number))) - number)


def _trial(trials: Trials, trial: Trial) -> TrialView:
    job = trial.job
    dimensions = trials.plan.dimensions(trials.spec, trial.number)
    return TrialView(
        name=trial.name,
        number=trial.number,
        state=trial.state,
        status=job.status,
        values=flat_values(dimensions, trial.point, trials.spec.sampling_algorithm.base),
        value=None if trial.value is None or math.isinf(trial.value) else trial.value,
        reports=len(trial.reports),
        stopped=job.tags.get(STOPPED, "") if trial.state == "stopped" else "",
        error=job.error.message if job.error and trial.state == "failed" else "",
        notebook=job.type == "notebook",
        attempt=job.attempt,
        created_at=job.creation_context.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


def _dimension(each: Dimension, base: float) -> SpaceView:
    kind = each.kind.type
    if each.options:
        choices: list[Any] = [each.value(index, base) for index in each.options]
        plain = [titled(item) if isinstance(item, dict) else item for item in choices]
        return SpaceView(name=label(each.path), kind=kind, choices=plain)
    if "normal" in kind and (each.low, each.high) == (0.0, 1.0):
        low = high = None
    else:
        low, high = float(each.value(each.low, base)), float(each.value(each.high, base))
    return SpaceView(name=label(each.path), kind=kind, low=low, high=high, log="log" in kind)
