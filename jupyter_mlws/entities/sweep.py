"""Sweep jobs: one command or notebook is tried with many values, and the best trial is the result.

Source: the Azure ML v2 sweep YAML schema; trials that are notebooks, and the fields marked *ours*, are
not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from jupyter_mlws.entities.asset import InputPort, OutputPort
from jupyter_mlws.entities.azure.sweep import EarlyTermination, Objective, Sampling, SearchSpace
from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import (
    Distribution,
    JobSpec,
    Limits,
    QueueSettings,
    Resources,
)
from jupyter_mlws.entities.record import Moment, Spec, View
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.validation import did_you_mean

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
MOST_TRIALS = 1000
"""As many trials as a sweep may have, added ones too."""

TrialState = Literal["waiting", "running", "completed", "failed", "canceled", "stopped"]
"""`stopped` is canceled by the sweep's own policy."""


class SweepLimits(Limits):
    """How much a sweep may try."""

    max_total_trials: int = Field(ge=1, le=MOST_TRIALS)
    max_concurrent_trials: int | None = Field(default=None, ge=1, le=MOST_TRIALS)
    """As many as the machine has cores when absent."""
    trial_timeout: int | None = Field(default=None, gt=0)
    """Seconds after which a trial is canceled."""

    @model_validator(mode="after")
    def _fit(self) -> SweepLimits:
        if (self.max_concurrent_trials or 1) > self.max_total_trials:
            raise ValueError("`max_concurrent_trials` is more than `max_total_trials`")
        return self


class Trial(Spec):
    """What is tried: a command, or a notebook (*ours*); a component is written out here too."""

    model_config = ConfigDict(title="Trial")

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    type: Literal["command", "notebook"] | None = None
    command: str | None = Field(default=None, min_length=1)
    """Shell line; `${{search_space.NAME}}` and `${{inputs.NAME}}` are filled in."""
    notebook: str | None = Field(default=None, min_length=1)
    """Path of the notebook inside `code`; drawn values fill its cell tagged `parameters`. *Ours.*"""
    code: str | None = None
    environment: str | dict[str, Any] | None = None
    environment_variables: dict[str, Any] = Field(default_factory=dict)
    resources: Resources | None = None
    distribution: Distribution | None = None
    queue_settings: QueueSettings | None = None
    name: str | None = None
    version: str | int | float | None = None
    display_name: str | None = None
    description: str | None = None
    tags: dict[str, Any] = Field(default_factory=dict)
    is_deterministic: bool = True
    inputs: dict[str, InputPort] = Field(default_factory=dict)
    """What a component takes."""
    outputs: dict[str, OutputPort] = Field(default_factory=dict)
    """What a component gives."""

    @property
    def kind(self) -> Literal["command", "notebook"]:
        """The type of the trials' jobs."""
        return "notebook" if self.notebook else "command"

    @model_validator(mode="after")
    def _either(self) -> Trial:
        if (self.command is None) == (self.notebook is None):
            raise ValueError("a trial has either `command` or `notebook`")
        if self.type is not None and self.type != self.kind:
            raise ValueError(f"a trial with `{self.kind}` is of type {self.kind}")
        return self


def _algorithm(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class SweepJob(JobSpec):
    """Try a command or a notebook with many values."""

    model_config = ConfigDict(title="Sweep")

    type: Literal["sweep"] = "sweep"
    trial: Trial | str
    """The trial, or a component as `azureml:NAME:VERSION`."""
    search_space: dict[str, SearchSpace] = Field(min_length=1)
    objective: Objective
    sampling_algorithm: Annotated[Sampling, BeforeValidator(_algorithm)] = Sampling(type="random")
    limits: SweepLimits
    early_termination: EarlyTermination | None = None


class TrialView(View):
    """One trial of a sweep."""

    name: str
    number: int
    state: TrialState
    status: Status
    values: dict[str, Any]
    """What was drawn, by name; of a choice of maps, with dots for what is inside."""
    value: float | None = None
    """The best that it has logged of the primary metric."""
    reports: int = 0
    """How often it has logged the primary metric."""
    stopped: str = ""
    """Why the policy has stopped it."""
    error: str = ""
    notebook: bool = False
    attempt: int = 1
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None


class SpaceView(View):
    """What is drawn of one name, in plain numbers."""

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: list[Any] | None = None


class SweepView(View):
    """A sweep, and all of its trials by number."""

    name: str
    display_name: str
    status: Status
    goal: Literal["minimize", "maximize"]
    primary_metric: str
    sampling: str
    policy: str | None = None
    max_total_trials: int
    max_concurrent_trials: int
    trials: list[TrialView]
    best: str | None = None
    """Name of the best of the completed trials."""
    best_value: float | None = None
    space: list[SpaceView]
    """What is drawn now: narrower than at first when it was narrowed."""
    narrowed: int = 0
    """How often it was narrowed."""
    error: str = ""
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
    can_add: bool = True
    """Whether more can be tried: a grid has an end."""


class ParamWeight(View):
    """How much a drawn value matters for the primary metric."""

    name: str
    importance: float
    """Shares of all; together 1."""


class SpaceProposal(View):
    """A search space that a notebook's parameters suggest, as a sweep's YAML says it."""

    search_space: dict[str, dict[str, Any]]
    guesses: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Of parameters that say nothing but a default, what might be tried."""
    fixed: dict[str, Any] = Field(default_factory=dict)
    """Parameters that nothing suggests to draw, with their defaults."""
    required: list[str] = Field(default_factory=list)
    """Parameters without a default that must be given as inputs."""
    reasons: dict[str, str] = Field(default_factory=dict)
    """Why each is drawn as it is, by name."""
    metrics: list[str] = Field(default_factory=list)
    """Outputs that are numbers: what the trials may be judged by."""


def problems(spec: SweepJob) -> Iterator[Problem]:
    """What in a sweep does not fit together, as far as it can be told without a workspace."""
    inline = isinstance(spec.trial, Trial) and not spec.trial.inputs
    for name, space in spec.search_space.items():
        if not name.isidentifier() or not name.isascii():
            message = f"'{name}' is no name: use letters, digits and _ (not first)."
            yield Problem(message, "search_space")
        if name in spec.inputs and inline:
            yield Problem("there is an input of this name.", f"search_space.{name}")
        if spec.sampling_algorithm.type == "grid" and space.type != "choice":
            message = f"a grid is made of choices, and this is {space.type}."
            yield Problem(message, f"search_space.{name}.type")
    if isinstance(spec.trial, Trial):
        names = {*spec.inputs, *(spec.search_space if not inline else ()), *spec.trial.inputs}
        spaces = {
            "inputs": names,
            "outputs": {*spec.outputs, *spec.trial.outputs},
            "search_space": {*spec.search_space},
        }
        if spec.trial.command:
            yield from _expressions(spec.trial.command, "trial.command", spaces)
        for key, value in spec.trial.environment_variables.items():
            yield from _expressions(str(value), f"trial.environment_variables.{key}", spaces)


def _expressions(text: str, field: str, spaces: dict[str, set[str]]) -> Iterator[Problem]:
    for match in EXPRESSION.finditer(text):
        space, _, key = match[1].partition(".")
        if match[1] == "name" or space == "secrets":
            continue  # the trial's own job tells what is wrong with a secret
        if space not in spaces:
            message = f"{match[0]}: there are `inputs.NAME`, `outputs.NAME`, `search_space.NAME`."
            yield Problem(message, field)
        elif key not in spaces[space]:
            what = f"{space.removesuffix('s')} '{key}'"
            known = ", ".join(sorted(spaces[space])) or "none"
            hint = did_you_mean(key, spaces[space])
            message = f"{match[0]}: there is no {what} (there are: {known}).{hint}"
            yield Problem(message, field)
