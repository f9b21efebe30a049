"""An AutoML job as people look at it: its leaderboard, what was done to the data, what matters."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from jupyter_mlws.entities.record import Moment, View
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.sweep import ParamWeight, TrialState


class AlgorithmView(View):
    """An algorithm that can be tried."""

    name: str
    """As `training.allowed_training_algorithms` says it."""
    label: str
    """As the leaderboard calls it."""


class TaskView(View):
    """What an AutoML job may say about a task, here."""

    task: str
    metrics: list[str]
    """Primary metrics; the first is the default."""
    algorithms: list[AlgorithmView]
    column_types: list[str]
    """As `featurization.column_name_and_types` says what a column is to be taken for."""


class Contender(View):
    """One trial of an AutoML job: a notebook that trains and scores one model."""

    name: str
    number: int
    algorithm: str
    """As Azure ML calls it, such as `LightGBM` or `VotingEnsemble`."""
    ensemble: bool = False
    """Whether it joins the models of other trials."""
    state: TrialState
    status: Status
    value: float | None = None
    """Its score: what it came to in the primary metric."""
    metrics: dict[str, float | None] = Field(default_factory=dict)
    """All that it was measured by; null where that is no number."""
    values: dict[str, Any] = Field(default_factory=dict)
    """Arguments that were drawn for its algorithm."""
    error: str = ""
    attempt: int = 1
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None


class Guardrail(View):
    """What was looked for in the table, and what was done about it."""

    name: str
    state: str
    """`Passed`, `Done` (it was mended) or `Alerted` (a person is to look at it)."""
    text: str = ""


class Notebook(View):
    """A notebook beside the trials."""

    name: str
    """Name of its job."""
    status: Status


class Leaderboard(View):
    """An AutoML job with all of its trials."""

    name: str
    display_name: str
    status: Status
    task: str
    target: str
    goal: Literal["minimize", "maximize"]
    primary_metric: str
    max_total_trials: int
    """Ensembles count too."""
    max_concurrent_trials: int
    timeout_s: int | None = None
    """Seconds that the job may take; null without a limit."""
    trials: list[Contender]
    """By number."""
    best: str | None = None
    """Name of the best of the completed trials."""
    best_value: float | None = None
    guardrails: list[Guardrail] = Field(default_factory=list)
    importances: list[ParamWeight] = Field(default_factory=list)
    """How much worse the best model gets without a column, the most first, as shares of all."""
    exploration: Notebook | None = None
    explanation: Notebook | None = None
    test: Notebook | None = None
    """What has scored the best model on the test data; null where none was given."""
    test_metrics: dict[str, float | None] = Field(default_factory=dict)
    stopped: bool = False
    """Whether somebody has said that what was found is enough."""
    error: str = ""
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
