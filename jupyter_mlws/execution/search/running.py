"""How a sweep goes on: which trials start, which are stopped, and what it comes to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from jupyter_mlws.entities.job import Cause, JobError, Progress
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.base import Family, Outcome, Standing, Start, Stop
from jupyter_mlws.execution.search import drawing
from jupyter_mlws.execution.search.drawing import Told
from jupyter_mlws.execution.search.space import Point
from jupyter_mlws.execution.search.stopping import Verdict, stops
from jupyter_mlws.execution.search.trials import BEST, STOPPED, STOPPED_AT, Trial, Trials

FEWEST_FAILURES = 3
"""When so many trials failed and none completed, no more are started."""


def next_(family: Family) -> Sequence[Start | Stop] | Outcome:
    """What to start and to stop now, or what the sweep came to."""
    trials = Trials.of(family)
    again = _again(trials)
    halts = _stops(trials)
    active = [trial for trial in trials.all if trial.is_active]
    busy = [trial for trial in active if not _is_over(trials, trial)]
    room = trials.plan.concurrent - len(busy) - len(again)
    starts = [] if _is_hopeless(trials) else _new(trials, room)
    if active or again or starts:
        return [*again[: max(0, trials.plan.concurrent - len(busy))], *halts, *starts]
    return _outcome(trials)


def standing(family: Family) -> Standing:
    """How far a sweep is, and which trial is the best so far."""
    trials = Trials.of(family)
    best = trials.best
    done = sum(not trial.is_active for trial in trials.all)
    total = trials.spec.limits.max_total_trials
    label = "" if best is None else f"{trials.spec.objective.primary_metric} {best.value:.6g}"
    return Standing(
        Progress(done=done, total=max(done, total), unit="trials", label=label),
        {} if best is None else {BEST: best.name},
    )


def salvage(family: Family) -> Outcome:
    """What is left of a sweep that was ended: the best trial so far."""
    trials = Trials.of(family)
    return Outcome() if trials.best is None else _of_best(trials, trials.best)


def draw(trials: Trials, number: int, tried: Sequence[Told]) -> Point | None:
    """The point of a new trial; None when there is none left."""
    spec, plan = trials.spec, trials.plan
    dimensions = plan.dimensions(spec, number)
    place = plan.round_of(number).first
    sampling = spec.sampling_algorithm
    seed = plan.seed + place
    if sampling.type == "grid":
        return drawing.on_grid(dimensions, number)
    if sampling.type == "bayesian":
        return drawing.bayesian(dimensions, seed, number, tried, maximize=trials.maximize)
    if sampling.rule == "sobol":
        return drawing.sobol(dimensions, seed, number - place)
    return drawing.at_random(dimensions, seed, number)


def _is_over(trials: Trials, trial: Trial) -> bool:
    """Whether its processes have ended and only its files are being kept."""
    may_repeat = trials.spec.retry_settings.max_retries > 0
    return trial.job.status is Status.FINALIZING and not may_repeat


def _new(trials: Trials, room: int) -> list[Start]:
    first = max((trial.number for trial in trials.all), default=-1) + 1
    left = trials.spec.limits.max_total_trials - first
    tried = [trial.told for trial in trials.all]
    starts = []
    for number in range(first, first + max(0, min(room, left))):
        point = draw(trials, number, tried)
        if point is None:
            break
        tried.append(Told(point, "running"))
        starts.append(trials.start(number, point))
    return starts


def _again(trials: Trials) -> list[Start]:
    """Trials that are to run once more, when the sweep was taken up again; no policy's victims."""
    found = []
    for trial in trials.all:
        attempt = trials.family.wanted.get(trial.name, 0)
        if attempt > trial.job.attempt and not trial.is_active and trial.state != "stopped":
            found.append(trials.start(trial.number, trial.point, attempt))
    return found


def _stops(trials: Trials) -> list[Stop]:
    policy = trials.spec.early_termination
    if policy is None:
        return []
    courses = {trial.name: trial.course for trial in trials.all}
    found = stops(policy, courses, maximize=trials.maximize)
    return [Stop(name, _tags(verdict)) for name, verdict in found.items()]


def _tags(verdict: Verdict) -> dict[str, str]:
    return {STOPPED: str(verdict), STOPPED_AT: str(verdict.report)}


def _is_hopeless(trials: Trials) -> bool:
    """Whether trials fail and none has ever completed."""
    states = Counter(trial.state for trial in trials.all)
    n_enough = max(FEWEST_FAILURES, trials.plan.concurrent)
    return not states["completed"] and not states["stopped"] and states["failed"] >= n_enough


def _outcome(trials: Trials) -> Outcome:
    if trials.best is not None:
        return _of_best(trials, trials.best)
    return Outcome(error=JobError(cause=Cause.USER_ERROR, message=_why_none(trials)))


def _of_best(trials: Trials, best: Trial) -> Outcome:
    assert best.value is not None
    outputs: dict[str, str | dict[str, str]] = {
        name: f"azureml://jobs/{best.name}/outputs/{name}"
        for name in trials.plan.template.get("outputs", {})
        if name not in best.job.values
    }
    return Outcome(
        metrics={trials.spec.objective.primary_metric: best.value},
        values=dict(best.job.values),
        outputs=outputs,
        properties={BEST: best.name},
    )


def _why_none(trials: Trials) -> str:
    failed = [trial for trial in trials.all if trial.state == "failed"]
    completed = [trial for trial in trials.all if trial.state == "completed"]
    metric = trials.spec.objective.primary_metric
    if completed:
        return (
            f"{len(completed)} trials completed and none of them logged the metric '{metric}':"
            f" log it with mlflow.log_metric('{metric}', …)."
        )
    if failed:
        shared = Counter(trial.job.error.message for trial in failed if trial.job.error)
        said = f" Most often: {shared.most_common(1)[0][0]}" if shared else ""
        return f"No trial completed: {len(failed)} of {len(trials.all)} failed.{said}"
    return "No trial completed."
