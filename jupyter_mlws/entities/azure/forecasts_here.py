"""What a job that forecasts may say that is right as such and cannot be done here."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from jupyter_mlws.entities.errors import Problem

if TYPE_CHECKING:
    from jupyter_mlws.entities.azure.automl import AutoMLJob

TYPES: tuple[str, ...] = ("Numeric", "Categorical", "Ignore")
ORIGINS = "rolling origins check the models: give all rows as `training_data`"
FIELDS = {
    "validation_data": ORIGINS,
    "validation_data_size": f"{ORIGINS}, and say `n_cross_validations`",
    "cv_split_column_names": ORIGINS,
    "test_data": "score it with the model in a job of its own",
    "test_data_size": "score it with the model in a job of its own",
    "weight_column_name": "rows weigh the same here",
    "featurization.transformer_params": "edit a trial's notebook instead",
    "featurization.enable_dnn_featurization": "columns of words become categories",
    "featurization.dataset_language": "columns of words become categories",
    "training.enable_dnn_training": "models are trained on CPUs, in seconds",
    "training.stack_ensemble_settings": "forecasts are not stacked",
    "training.enable_stack_ensemble": "the mean of the best is kept, as VotingEnsemble",
    "featurization.blocked_transformers": "edit a trial's notebook instead",
    "training.enable_model_explainability": "most models know the past alone",
}
"""By the field, why it is not done and what to do."""
ALGORITHMS = {
    "prophet": "it brings Stan along; exponential_smoothing forecasts about as well",
    "arimax": "auto_arima goes by the target alone; elastic_net takes features beside the past",
    "tcnforecaster": "no deep network is trained here; light_gbm learns from all series at once",
}
"""Algorithms of Azure ML that are not tried, by their words without case and underscores."""


def obstacles(spec: AutoMLJob, *, but: Container[str]) -> Iterator[Problem]:
    """What cannot be done in this workspace.

    Args:
        but: fields that were looked at.
    """
    for field, reason in FIELDS.items():
        block, _, name = field.rpartition(".")
        holder = getattr(spec, block) if block else spec
        if field not in but and holder is not None and getattr(holder, name):
            yield Problem(f"is not done for forecasts: {reason}.", field, here=True)
    if spec.forecasting and (spec.forecasting.use_stl or "none") != "none":
        reason = "exponential_smoothing takes trend and season apart by itself"
        yield Problem(f"is not done here: {reason}.", "forecasting.use_stl", here=True)
    yield from _algorithms(spec)


def _algorithms(spec: AutoMLJob) -> Iterator[Problem]:
    allowed = (spec.training and spec.training.allowed_training_algorithms) or ()
    for index, name in enumerate(allowed):
        if reason := ALGORITHMS.get(name.lower().replace("_", "")):
            field = f"training.allowed_training_algorithms.{index}"
            yield Problem(f"'{name}' is not tried here: {reason}.", field, here=True)
