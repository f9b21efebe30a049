"""Sweep jobs: trials of one command with values drawn from a search space."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from jupyter_mlws.entities.azure.base import Folded, JobShape, Shape
from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import Distribution, QueueSettings, Resources
from jupyter_mlws.entities.scalars import fold
from jupyter_mlws.entities.validation import did_you_mean

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)


class Choice(Shape):
    """One of some values; a value may be a space of its own."""

    type: Annotated[Literal["choice"], Folded]
    values: list[bool | int | float | str | dict[str, Any]] = Field(min_length=1)


class RandInt(Shape):
    """A whole number below a bound."""

    type: Annotated[Literal["randint"], Folded]
    upper: int = Field(ge=1)


class Uniform(Shape):
    """A number between two; the bounds of the log forms are logarithms."""

    type: Annotated[Literal["uniform", "loguniform"], Folded]
    min_value: float
    max_value: float

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.min_value >= self.max_value:
            raise ValueError("`min_value` must be less than `max_value`")
        return self


class QUniform(Uniform):
    """The same, in steps of `q`."""

    type: Annotated[Literal["quniform", "qloguniform"], Folded]  # type: ignore[assignment]
    q: float = Field(gt=0)


class Normal(Shape):
    """A normally distributed number."""

    type: Annotated[Literal["normal", "lognormal"], Folded]
    mu: float
    sigma: float = Field(gt=0)


class QNormal(Normal):
    """The same, in steps of `q`."""

    type: Annotated[Literal["qnormal", "qlognormal"], Folded]  # type: ignore[assignment]
    q: float = Field(gt=0)


DISTRIBUTIONS: dict[str, str] = {
    "choice": "choice",
    "randint": "randint",
    "uniform": "uniform",
    "loguniform": "uniform",
    "quniform": "quniform",
    "qloguniform": "quniform",
    "normal": "normal",
    "lognormal": "normal",
    "qnormal": "qnormal",
    "qlognormal": "qnormal",
}


def _distribution(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return DISTRIBUTIONS.get(fold(kind)) if isinstance(kind, str) else None


_Spaces = (
    Annotated[Choice, Tag("choice")]
    | Annotated[RandInt, Tag("randint")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[QUniform, Tag("quniform")]
    | Annotated[Normal, Tag("normal")]
    | Annotated[QNormal, Tag("qnormal")]
)
SearchSpace = Annotated[
    _Spaces,
    Discriminator(
        _distribution,
        custom_error_type="no_distribution",
        custom_error_message=f"`type` must be one of: {', '.join(DISTRIBUTIONS)}",
    ),
]


class Objective(Shape):
    """What the trials are judged by."""

    goal: Annotated[Literal["minimize", "maximize"], Folded]
    primary_metric: str = Field(min_length=1)
    """The metric's name as the trials log it."""


class Sampling(Shape):
    """How values are drawn."""

    type: Annotated[Literal["random", "grid", "bayesian"], Folded]
    seed: int | None = None
    rule: Annotated[Literal["random", "sobol"] | None, Folded] = None
    logbase: float | str | None = None


class EarlyTermination(Shape):
    """When a trial ends before its time."""

    type: Annotated[Literal["bandit", "median_stopping", "truncation_selection"], Folded]
    evaluation_interval: int | None = Field(default=None, ge=0)
    delay_evaluation: int | None = Field(default=None, ge=0)
    slack_factor: float | None = Field(default=None, ge=0)
    slack_amount: float | None = Field(default=None, ge=0)
    truncation_percentage: int | None = Field(default=None, ge=1, le=99)

    @model_validator(mode="after")
    def _fields_of_its_type(self) -> EarlyTermination:
        slack = (self.slack_factor is not None) + (self.slack_amount is not None)
        if self.type == "bandit" and slack != 1:
            raise ValueError("a bandit policy has either `slack_factor` or `slack_amount`")
        if self.type != "bandit" and slack:
            raise ValueError("`slack_factor` and `slack_amount` belong to type bandit")
        if (self.type == "truncation_selection") != (self.truncation_percentage is not None):
            raise ValueError("`truncation_percentage` belongs to type truncation_selection")
        return self


class SweepLimits(Shape):
    """How much a sweep may try."""

    max_total_trials: int = Field(ge=1, le=1000)
    max_concurrent_trials: int | None = Field(default=None, ge=1, le=1000)
    timeout: int | None = Field(default=None, gt=0)
    trial_timeout: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _fit(self) -> SweepLimits:
        if (self.max_concurrent_trials or 1) > self.max_total_trials:
            raise ValueError("`max_concurrent_trials` is more than `max_total_trials`")
        return self


class Trial(Shape):
    """The command that is tried."""

    model_config = ConfigDict(title="Trial")

    command: str = Field(min_length=1)
    code: str | None = None
    environment: str | dict[str, Any]
    environment_variables: dict[str, Any] = Field(default_factory=dict)
    resources: Resources | None = None
    distribution: Distribution | None = None
    queue_settings: QueueSettings | None = None


def _algorithm(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class SweepJob(JobShape):
    """Try a command with many values."""

    type: Annotated[Literal["sweep"], Folded]
    trial: Trial | str
    search_space: dict[str, SearchSpace] = Field(min_length=1)
    objective: Objective
    sampling_algorithm: Annotated[Sampling, BeforeValidator(_algorithm)] = Sampling(type="random")
    limits: SweepLimits
    early_termination: EarlyTermination | None = None


def problems(spec: SweepJob) -> Iterator[Problem]:
    """What in a sweep does not fit together."""
    for name in spec.search_space:
        if name in spec.inputs:
            yield Problem("there is an input of this name.", f"search_space.{name}")
    for name, space in spec.search_space.items():
        kind = space.type
        if spec.sampling_algorithm.type == "grid" and kind != "choice":
            message = f"a grid is made of choices, and this is {kind}."
            yield Problem(message, f"search_space.{name}.type")
        if spec.sampling_algorithm.type == "bayesian" and kind not in _BAYESIAN:
            message = f"bayesian sampling takes {', '.join(_BAYESIAN)}, and this is {kind}."
            yield Problem(message, f"search_space.{name}.type")
    if isinstance(spec.trial, Trial):
        yield from _expressions(spec, spec.trial.command)


_BAYESIAN = ("choice", "uniform", "quniform")


def _expressions(spec: SweepJob, command: str) -> Iterator[Problem]:
    spaces: dict[str, Any] = {
        "inputs": spec.inputs,
        "outputs": spec.outputs,
        "search_space": spec.search_space,
    }
    for match in EXPRESSION.finditer(command):
        space, _, key = match[1].partition(".")
        if match[1] == "name":
            continue
        if space not in spaces:
            message = f"{match[0]}: there are `inputs.NAME`, `outputs.NAME`, `search_space.NAME`."
            yield Problem(message, "trial.command")
        elif key not in spaces[space]:
            what = f"{space.removesuffix('s')} '{key}'"
            known = ", ".join(spaces[space]) or "none"
            hint = did_you_mean(key, spaces[space])
            message = f"{match[0]}: there is no {what} (there are: {known}).{hint}"
            yield Problem(message, "trial.command")
