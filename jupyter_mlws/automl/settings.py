"""What an AutoML job asks for, with all defaults filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from jupyter_mlws.automl.forecast import Plan, plan
from jupyter_mlws.entities.azure.automl import META_LEARNERS, METRICS, AutoMLJob, Stack, loosely
from jupyter_mlws.entities.azure.automl_features import Imputer, blocked, imputers

NAMES = {
    loosely(name): name
    for name in (
        *("AUC_weighted", "accuracy", "norm_macro_recall", "average_precision_score_weighted"),
        *("precision_score_weighted", "normalized_root_mean_squared_error"),
        *("spearman_correlation", "r2_score", "normalized_mean_absolute_error"),
    )
}
"""The primary metrics as MLflow shows them."""
MAX_TRIALS = 1000
PATIENCE = 20
"""Trials without a better one after which the search ends early."""
HOLD_OUT_ROWS = 20_000
"""Rows above which a hold-out serves where the job does not say."""


class Settings(BaseModel):
    """What the notebooks and the search need to know."""

    task: str
    target: str
    metric: str
    types: dict[str, str]
    positive: str | int | float | bool | None
    has_validation: bool
    hold_out: float | None
    n_folds: int | None
    max_trials: int
    n_parallel: int
    cores: int
    timeout_s: int | None
    trial_timeout_s: int | None
    exit_score: float | None
    stops_early: bool
    votes: bool
    stacks: bool
    explains: bool
    algorithms: list[str]
    forecast: Plan | None = None
    seed: int = 0
    blocked: list[str] = []
    """Transformers that are not used, by Azure ML's names."""
    imputers: list[Imputer] = []
    meta: str = ""
    """What joins the models of the stack; empty for the default."""
    meta_values: dict[str, Any] = {}
    has_test: bool = False
    test_size: float | None = None
    """Share of the rows that is put aside, to test the best model with."""
    weight: str = ""
    """Column that says how much a row counts."""
    unweighted: list[str] = []
    """Algorithms that are not tried because they know no weights."""
    splits: list[str] = []
    """Columns of 1 (the row trains) and 0 (it checks), one for each fold."""
    is_stopped: bool = False
    """Whether somebody has said that what was found is enough."""

    @property
    def sign(self) -> int:
        """1 when more of the metric is better, else -1."""
        return -1 if self.metric.startswith("normalized") else 1

    @property
    def tests(self) -> bool:
        """Whether the best model is scored on rows that no trial has seen."""
        return self.has_test or self.test_size is not None

    @property
    def roles(self) -> list[str]:
        """Columns of the table that are no features."""
        return [self.target, *([self.weight] if self.weight else []), *self.splits]


def settings(
    spec: AutoMLJob, algorithms: list[str], *, cores: int, unweighted: Sequence[str] = ()
) -> Settings:
    """The job's wishes and Azure ML's defaults.

    Args:
        algorithms: those that may be tried.
        unweighted: those that may not, because rows have weights.
        cores: of the machine.
    """
    limits, training, features = spec.limits, spec.training, spec.featurization
    stack = training.stack_ensemble_settings if training else None
    n_parallel = limits.max_concurrent_trials or 1
    wished = limits.max_cores_per_trial or -1
    is_forecast = spec.task == "forecasting"
    return Settings(
        task=spec.task,
        target=spec.target_column_name or "",
        metric=NAMES[loosely(spec.primary_metric or METRICS[spec.task][0])],
        types=dict(features.column_name_and_types or {}) if features else {},
        positive=spec.positive_label,
        has_validation=spec.validation_data is not None,
        hold_out=spec.validation_data_size,
        n_folds=spec.n_cross_validations if isinstance(spec.n_cross_validations, int) else None,
        max_trials=limits.max_trials or MAX_TRIALS,
        n_parallel=n_parallel,
        cores=wished if wished > 0 else max(1, cores // n_parallel),
        timeout_s=limits.timeout_minutes * 60 if limits.timeout_minutes else None,
        trial_timeout_s=limits.trial_timeout_minutes * 60 if limits.trial_timeout_minutes else None,
        exit_score=limits.exit_score,
        stops_early=limits.enable_early_termination is not False,
        votes=training is None or training.enable_vote_ensemble is not False,
        stacks=not is_forecast
        and (training is None or training.enable_stack_ensemble is not False),
        explains=not is_forecast
        and (training is None or training.enable_model_explainability is not False),
        algorithms=algorithms,
        forecast=plan(spec.forecasting) if spec.forecasting else None,
        blocked=blocked(features),
        imputers=imputers(features),
        meta=_meta(stack),
        meta_values=dict((stack.stack_meta_learner_kwargs if stack else None) or {}),
        has_test=spec.test_data is not None,
        test_size=spec.test_data_size,
        weight=spec.weight_column_name or "",
        unweighted=list(unweighted),
        splits=spec.cv_split_column_names or [],
    )


def _meta(stack: Stack | None) -> str:
    said = loosely((stack and stack.stack_meta_learner_type) or "none")
    known = {loosely(name): name for names in META_LEARNERS.values() for name in names}
    return known.get(said, "")
