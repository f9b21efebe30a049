"""Builders with the names of Azure ML's SDK: `automl.classification(...)`, `regression`, `forecasting`."""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.azure.automl import AutoMLJob, Forecasting
from jupyter_mlws.entities.job import Input
from jupyter_mlws.entities.validation import validated


def classification(*, training_data: Input, target_column_name: str, **fields: Any) -> AutoMLJob:
    """A job that finds the best classifier; the other fields are those of its YAML.

    `set_limits`, `set_training` and `set_featurization` of the job say the rest.

    Raises:
        Invalid: a field is wrong or unknown.
    """
    return _job("classification", training_data, target_column_name, fields)


def regression(*, training_data: Input, target_column_name: str, **fields: Any) -> AutoMLJob:
    """A job that finds the best regressor; the other fields are those of its YAML.

    Raises:
        Invalid: a field is wrong or unknown.
    """
    return _job("regression", training_data, target_column_name, fields)


def forecasting(
    *,
    training_data: Input,
    target_column_name: str,
    forecasting_settings: Forecasting | None = None,
    **fields: Any,
) -> AutoMLJob:
    """A job that finds the best forecaster; the other fields are those of its YAML.

    Args:
        forecasting_settings: the moments, the series and how far ahead; `set_forecast_settings` of the job says the same.

    Raises:
        Invalid: a field is wrong or unknown.
    """
    if forecasting_settings is not None:
        fields["forecasting"] = forecasting_settings
    return _job("forecasting", training_data, target_column_name, fields)


def _job(task: str, training_data: Input, target: str, fields: dict[str, Any]) -> AutoMLJob:
    said = {"training_data": training_data, "target_column_name": target, "task": task, **fields}
    return validated(AutoMLJob, said)
