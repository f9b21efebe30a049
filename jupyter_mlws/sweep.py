"""Search spaces, sampling and stopping of sweeps, with the names of `azure.ai.ml.sweep`.

```
job = command(command="python train.py --rate ${{inputs.rate}}", code="src", inputs={"rate": 0.1})
sweep = job(rate=LogUniform(-6, -1)).sweep(primary_metric="accuracy", goal="maximize")
sweep.set_limits(max_total_trials=20, max_concurrent_trials=4)
sweep.early_termination = BanditPolicy(slack_factor=0.1, evaluation_interval=2)
MLClient().create_or_update(sweep)
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlws.entities.azure import sweep as words
from jupyter_mlws.entities.azure.sweep import Objective as _Objective
from jupyter_mlws.entities.sweep import SweepJob, SweepLimits


class Choice(words.Choice):
    """One of some values."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__(type="choice", values=values)


class Randint(words.RandInt):
    """A whole number from 0 up to `upper`, which is not drawn itself."""

    def __init__(self, upper: int) -> None:
        super().__init__(type="randint", upper=upper)


class Uniform(words.Uniform):
    """A number between two."""

    def __init__(self, min_value: float, max_value: float) -> None:
        super().__init__(type="uniform", min_value=min_value, max_value=max_value)


class LogUniform(words.Uniform):
    """e to the power of a number between two."""

    def __init__(self, min_value: float, max_value: float) -> None:
        super().__init__(type="loguniform", min_value=min_value, max_value=max_value)


class QUniform(words.QUniform):
    """A number between two, in steps of `q`."""

    def __init__(self, min_value: float, max_value: float, q: float) -> None:
        super().__init__(type="quniform", min_value=min_value, max_value=max_value, q=q)


class QLogUniform(words.QUniform):
    """e to the power of a number between two, in steps of `q`."""

    def __init__(self, min_value: float, max_value: float, q: float) -> None:
        super().__init__(type="qloguniform", min_value=min_value, max_value=max_value, q=q)


class Normal(words.Normal):
    """A normally distributed number."""

    def __init__(self, mu: float, sigma: float) -> None:
        super().__init__(type="normal", mu=mu, sigma=sigma)


class LogNormal(words.Normal):
    """e to the power of a normally distributed number."""

    def __init__(self, mu: float, sigma: float) -> None:
        super().__init__(type="lognormal", mu=mu, sigma=sigma)


class QNormal(words.QNormal):
    """A normally distributed number, in steps of `q`."""

    def __init__(self, mu: float, sigma: float, q: float) -> None:
        super().__init__(type="qnormal", mu=mu, sigma=sigma, q=q)


class QLogNormal(words.QNormal):
    """e to the power of a normally distributed number, in steps of `q`."""

    def __init__(self, mu: float, sigma: float, q: float) -> None:
        super().__init__(type="qlognormal", mu=mu, sigma=sigma, q=q)


class RandomSamplingAlgorithm(words.Sampling):
    """Values at random, or by Sobol's sequence with `rule="sobol"`."""

    def __init__(
        self,
        *,
        rule: str | None = None,
        seed: int | None = None,
        logbase: float | str | None = None,
    ) -> None:
        given = {"rule": rule, "seed": seed, "logbase": logbase}
        super().__init__(type="random", **_given(given))


class GridSamplingAlgorithm(words.Sampling):
    """Every combination of choices."""

    def __init__(self) -> None:
        super().__init__(type="grid")


class BayesianSamplingAlgorithm(words.Sampling):
    """Values that promise the most, given those that were tried."""

    def __init__(self) -> None:
        super().__init__(type="bayesian")


class BanditPolicy(words.EarlyTermination):
    """Ends trials that are too far below the best."""

    def __init__(
        self,
        *,
        delay_evaluation: int = 0,
        evaluation_interval: int = 0,
        slack_amount: float | None = None,
        slack_factor: float | None = None,
    ) -> None:
        given = {
            "delay_evaluation": delay_evaluation,
            "evaluation_interval": evaluation_interval,
            "slack_amount": slack_amount,
            "slack_factor": slack_factor,
        }
        super().__init__(type="bandit", **_given(given))


class MedianStoppingPolicy(words.EarlyTermination):
    """Ends trials that are worse than the median."""

    def __init__(self, *, delay_evaluation: int = 0, evaluation_interval: int = 1) -> None:
        super().__init__(
            type="median_stopping",
            delay_evaluation=delay_evaluation,
            evaluation_interval=evaluation_interval,
        )


class TruncationSelectionPolicy(words.EarlyTermination):
    """Ends the lowest share of the trials that run."""

    def __init__(
        self,
        *,
        truncation_percentage: int,
        delay_evaluation: int = 0,
        evaluation_interval: int = 1,
    ) -> None:
        super().__init__(
            type="truncation_selection",
            truncation_percentage=truncation_percentage,
            delay_evaluation=delay_evaluation,
            evaluation_interval=evaluation_interval,
        )


class Objective(_Objective):
    """What trials are judged by."""

    def __init__(self, goal: str, primary_metric: str | None = None) -> None:
        super().__init__(goal=goal, primary_metric=primary_metric)


class SweepJobLimits(SweepLimits):
    """How much a sweep may try."""

    def __init__(
        self,
        *,
        max_total_trials: int,
        max_concurrent_trials: int | None = None,
        timeout: int | None = None,
        trial_timeout: int | None = None,
    ) -> None:
        given = {
            "max_concurrent_trials": max_concurrent_trials,
            "timeout": timeout,
            "trial_timeout": trial_timeout,
        }
        super().__init__(max_total_trials=max_total_trials, **_given(given))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


__all__ = [
    "BanditPolicy",
    "BayesianSamplingAlgorithm",
    "Choice",
    "GridSamplingAlgorithm",
    "LogNormal",
    "LogUniform",
    "MedianStoppingPolicy",
    "Normal",
    "Objective",
    "QLogNormal",
    "QLogUniform",
    "QNormal",
    "QUniform",
    "Randint",
    "RandomSamplingAlgorithm",
    "SweepJob",
    "SweepJobLimits",
    "TruncationSelectionPolicy",
    "Uniform",
]
