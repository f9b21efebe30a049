"""Sweeps: look at all trials, add more, narrow the search, take it up again."""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.errors import Conflict, Invalid
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.sweep import MOST_TRIALS, ParamWeight, SweepView
from jupyter_mlws.execution import records
from jupyter_mlws.execution.attempt import again
from jupyter_mlws.execution.search import drawn
from jupyter_mlws.execution.search.space import narrowed
from jupyter_mlws.execution.search.trials import Round, Trials
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace

FEWEST_BEST = 3
"""Completed trials without which nobody knows around what to narrow."""


@operation("jobs/read")
def get(ws: Workspace, name: str) -> SweepView:
    """A sweep with all of its trials: what was drawn, what it came to, which is the best.

    Raises:
        NotFound: there is no such job.
        Invalid: it is no sweep.
    """
    return drawn.view(_trials(ws, name))


@operation("jobs/read")
def list_importances(ws: Workspace, name: str) -> list[ParamWeight]:
    """How much each drawn value matters for the primary metric, the most first.

    By PED-ANOVA over the completed trials; empty before there are four.

    Raises:
        NotFound: there is no such job.
        Invalid: it is no sweep.
    """
    return drawn.weights(_trials(ws, name))


@operation("jobs/write")
def add_trials(ws: Workspace, name: str, trials: int = 20) -> SweepView:
    """Try more, of a sweep that runs or has ended; what was tried is kept and learnt from.

    Args:
        trials: how many more.
    Raises:
        NotFound: there is no such job.
        Conflict: its grid has no more points, or it is about to end.
    """
    found = _trials(ws, name)
    _require_more(found, trials)
    return _go_on(ws, found, trials, found.plan.rounds)


@operation("jobs/write")
def narrow(ws: Workspace, name: str, trials: int = 20, keep: float = 0.2) -> SweepView:
    """Try more, only around the best trials so far.

    Args:
        trials: how many more.
        keep: which share of the completed trials, the best ones, tells where; at least three of them.
    Raises:
        NotFound: there is no such job.
        Conflict: too few trials have completed, or it is a grid, or it is about to end.
    """
    if not 0 < keep <= 1:
        raise Invalid.field("keep", f"must be more than 0 and at most 1 (got {keep:g}).")
    found = _trials(ws, name)
    if found.spec.sampling_algorithm.type == "grid":
        raise Conflict("A grid is not narrowed: its points are fixed. Start a random sweep.")
    _require_more(found, trials)
    ranked = found.ranked
    if len(ranked) < FEWEST_BEST:
        raise Conflict(
            f"{len(ranked)} trials have completed: {FEWEST_BEST} are needed to narrow around."
        )
    best = ranked[: max(FEWEST_BEST, round(len(ranked) * keep))]
    first = _n_made(found)
    dimensions = found.plan.dimensions(found.spec, first)
    bounds = narrowed(dimensions, [trial.point for trial in best])
    rounds = [each for each in found.plan.rounds if each.first < first]
    return _go_on(ws, found, trials, [*rounds, Round(first=first, bounds=bounds)], from_made=True)


@operation("jobs/write")
def resume(ws: Workspace, name: str) -> SweepView:
    """Take an ended sweep up again: trials that failed or were canceled, and those not yet drawn.

    Trials that the policy has stopped stay stopped.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not ended, or nothing is left to do.
    """
    found = _trials(ws, name)
    status = found.family.job.status
    if not status.is_final:
        raise Conflict(f"Sweep '{name}' is {status.value}: it goes on by itself.")
    left = [trial.name for trial in found.all if trial.state in ("failed", "canceled")]
    n_more = found.spec.limits.max_total_trials - _n_made(found)
    if not left and (n_more <= 0 or drawn.n_left(found) == 0):
        raise Conflict(f"All trials of sweep '{name}' have ended well: add trials.")
    _restart(ws, name, status, left, {})
    return get(ws, name)


def _trials(ws: Workspace, name: str) -> Trials:
    return drawn.trials_of(ws.store, ws.blobs, ws.url, name)


def _n_made(trials: Trials) -> int:
    return max((trial.number for trial in trials.all), default=-1) + 1


def _require_more(found: Trials, trials: int) -> None:
    most = MOST_TRIALS - found.spec.limits.max_total_trials
    if not 1 <= trials <= most:
        message = f"must be 1 to {most}: a sweep has at most {MOST_TRIALS} trials (got {trials})."
        raise Invalid.field("trials", message)
    if drawn.n_left(found) == 0:
        raise Conflict("The grid has no more points: all of them were tried.")


def _go_on(
    ws: Workspace, found: Trials, trials: int, rounds: list[Round], *, from_made: bool = False
) -> SweepView:
    """More trials, whether the sweep runs or has ended.

    Args:
        from_made: count them from those that there are, and not from those that there would be.
    """
    name, status = found.family.job.name, found.family.job.status
    if status in (Status.CANCEL_REQUESTED, Status.FINALIZING):
        raise Conflict(f"Sweep '{name}' is about to end: try again when it has.")
    doc = records.get(ws.store, name).doc
    before = _n_made(found) if from_made else found.spec.limits.max_total_trials
    limits = {**doc["spec"]["limits"], "max_total_trials": before + trials}
    plan = {**doc["plan"], "rounds": [each.model_dump(mode="json") for each in rounds]}
    changed = {"spec": {**doc["spec"], "limits": limits}, "plan": plan}
    if status.is_final:
        _restart(ws, name, status, [], changed)
    else:
        with ws.change(f"job:{name}", trials=trials) as tx:
            tx.put_record(records.KIND, name, {**records.get(ws.store, name).doc, **changed})
        ws.dispatcher.look(name)
    return get(ws, name)


def _restart(
    ws: Workspace, name: str, status: Status, children: list[str], changed: dict[str, Any]
) -> None:
    who = ws.principal.name
    if not again(ws.store, name, who, ws.action, of=status, children=children, more=changed):
        raise Conflict(f"Sweep '{name}' has moved on: look again.")
    ws.dispatcher.wake()
