"""Ways to draw the next point of a space: at random, by Sobol's sequence, on a grid, by Optuna.

Each is a pure function of the seed, the number of the point and what was tried, so that a search goes on
after a restart where it stood.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Literal

from jupyter_mlws.execution.search.space import Dimension, Point, Position, applying, grid

if TYPE_CHECKING:
    import optuna

N_STARTUP = 10
"""Points that bayesian sampling draws at random before it believes what it has seen."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a point that was tried.

    Attributes:
        value: of the objective; None where there is none (yet).
        state: `stopped` has a value that is not the last one.
    """

    point: Point
    state: Literal["running", "completed", "stopped", "failed"]
    value: float | None = None


def at_random(dimensions: Sequence[Dimension], seed: int, number: int) -> Point:
    """Independent of all other points."""
    draw = random.Random(f"{seed}/{number}")
    return _placed(dimensions, [draw.random() for _ in dimensions])


def sobol(dimensions: Sequence[Dimension], seed: int, number: int) -> Point:
    """The point of this number in Sobol's sequence, scrambled by the seed.

    Source: scipy.stats.qmc.Sobol.
    """
    from scipy.stats import qmc

    with warnings.catch_warnings():
        # It says that its balance wants powers of two; a search takes as many as it gets.
        warnings.simplefilter("ignore", UserWarning)
        sequence = qmc.Sobol(len(dimensions), scramble=True, rng=seed)
        if number:
            sequence.fast_forward(number)
        return _placed(dimensions, [float(share) for share in sequence.random(1)[0]])


def on_grid(dimensions: Sequence[Dimension], number: int) -> Point | None:
    """The point of this number; None when the grid has no more."""
    points = grid(dimensions)
    return points[number] if number < len(points) else None


def bayesian(
    dimensions: Sequence[Dimension],
    seed: int,
    number: int,
    tried: Sequence[Told],
    *,
    maximize: bool,
) -> Point:
    """Where a tree of Parzen estimators expects the most, given what was tried.

    Points that run count as bad ones, so that the next is drawn elsewhere.

    Source: Optuna's TPESampler; the study is rebuilt of the trials, there is no second database.
    """
    if sum(told.state in ("completed", "stopped") for told in tried) < N_STARTUP:
        _load_optuna()
        return at_random(dimensions, seed, number)
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=random.Random(f"{seed}/{number}").getrandbits(31),
            n_startup_trials=0,
            multivariate=True,
            constant_liar=True,
        )
    study = _study(dimensions, tried, sampler, maximize=maximize)
    trial = study.ask()
    point: Point = {}
    for each in dimensions:
        if each in applying(dimensions, point):
            point[each.path] = _suggested(trial, each)
    return point


@cache
def _load_optuna() -> None:
    """Begin to load the library, which takes a second or two, while the first points are tried."""
    Thread(target=import_module, args=("optuna",), name="load optuna", daemon=True).start()


def weights(
    dimensions: Sequence[Dimension], tried: Sequence[Told], *, maximize: bool
) -> dict[str, float]:
    """How much each dimension that all points have matters, by its path; empty when too little is known.

    Source: Optuna's PedAnovaImportanceEvaluator.
    """
    import optuna

    plain = [each for each in dimensions if each.within is None]
    done = [told for told in tried if told.state == "completed" and told.value is not None]
    moving = [each for each in plain if len({told.point.get(each.path) for told in done}) > 1]
    if len(done) < 4 or not moving or len({told.value for told in done}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(
            _study(moving, done, None, maximize=maximize),
            evaluator=evaluator,
            params=[each.path for each in moving],
        )
    return {path: float(weight) for path, weight in found.items()}


def _placed(dimensions: Sequence[Dimension], shares: Sequence[float]) -> Point:
    """The point at the shares; each dimension has its own, whether it applies or not."""
    point: Point = {}
    for each, share in zip(dimensions, shares, strict=True):
        if each in applying(dimensions, point):
            point[each.path] = each.at(share)
    return point


def _study(
    dimensions: Sequence[Dimension],
    tried: Sequence[Told],
    sampler: optuna.samplers.BaseSampler | None,
    *,
    maximize: bool,
) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize" if maximize else "minimize", sampler=sampler)
    for told in tried:
        if (trial := _trial(dimensions, told)) is not None:
            study.add_trial(trial)
    return study


def _trial(dimensions: Sequence[Dimension], told: Told) -> optuna.trial.FrozenTrial | None:
    """The point as Optuna keeps it; None when it lies outside of what is drawn now."""
    import optuna

    states = optuna.trial.TrialState
    here = applying(dimensions, told.point)
    if not all(each.path in told.point and each.holds(told.point[each.path]) for each in here):
        return None
    kept = {each.path: told.point[each.path] for each in here}
    kinds = {each.path: _distribution(each) for each in here}
    if told.state == "completed" and told.value is not None:
        return optuna.trial.create_trial(
            state=states.COMPLETE, value=told.value, params=kept, distributions=kinds
        )
    if told.state == "stopped" and told.value is not None:
        return optuna.trial.create_trial(
            state=states.PRUNED,
            params=kept,
            distributions=kinds,
            intermediate_values={0: told.value},
        )
    state = states.RUNNING if told.state == "running" else states.FAIL
    return optuna.trial.create_trial(state=state, params=kept, distributions=kinds)


def _distribution(each: Dimension) -> optuna.distributions.BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if each.options:
        return CategoricalDistribution(each.options)
    if each.is_whole:
        return IntDistribution(int(each.low), int(each.high))
    return FloatDistribution(each.low, each.high)


def _suggested(trial: optuna.Trial, each: Dimension) -> Position:
    if each.options:
        return int(trial.suggest_categorical(each.path, each.options))
    if each.is_whole:
        return trial.suggest_int(each.path, int(each.low), int(each.high))
    return trial.suggest_float(each.path, each.low, each.high)
