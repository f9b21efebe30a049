"""The words of sweeps: what is drawn, how, when a trial ends before its time, what trials are judged by."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from jupyter_mlws.entities.azure.base import Folded, Shape
from jupyter_mlws.entities.scalars import fold


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


Distribution = Choice | RandInt | Uniform | QUniform | Normal | QNormal


def is_distribution(value: Any) -> bool:
    """Whether a value of a choice's map is drawn too, and not what it says."""
    return isinstance(value, dict) and _distribution(value) is not None


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
    """Base of the log forms: a number, or `e`, which it is when absent."""

    @field_validator("logbase")
    @classmethod
    def _positive(cls, value: float | str | None) -> float | str | None:
        if isinstance(value, str) and value != "e":
            raise ValueError("must be a number or 'e'")
        if isinstance(value, float) and not (0 < value < math.inf and value != 1):
            raise ValueError("must be positive and not 1")
        return value

    @property
    def base(self) -> float:
        """What the log forms are powers of."""
        return math.e if self.logbase is None or self.logbase == "e" else float(self.logbase)


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
