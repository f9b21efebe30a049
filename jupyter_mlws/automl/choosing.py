"""Which algorithms an AutoML job may try, here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from jupyter_mlws.automl.algorithms import OF_TABLES, Algorithm
from jupyter_mlws.automl.forecasts.algorithms import FORECASTERS
from jupyter_mlws.entities.azure.automl import AutoMLJob, loosely

ALGORITHMS: dict[str, dict[str, Algorithm]] = {**OF_TABLES, "forecasting": FORECASTERS}
"""The algorithms of each task that is done here."""

LIBRARIES = {
    "light_gbm": "lightgbm",
    "xg_boost_classifier": "xgboost",
    "xg_boost_regressor": "xgboost",
    "exponential_smoothing": "statsforecast",
    "auto_arima": "statsforecast",
}


def missing_libraries(spec: AutoMLJob) -> Iterator[str]:
    """What must be installed where the service's own Python runs the trials."""
    if spec.environment is None:
        yield from (name for name in ("sklearn", "mlflow") if find_spec(name) is None)


def chosen(spec: AutoMLJob, known: list[str]) -> list[str]:
    """The algorithms to be tried, of those that are known; those named by the job in its words."""
    training = spec.training
    allowed = {loosely(name) for name in (training and training.allowed_training_algorithms) or ()}
    blocked = {loosely(name) for name in (training and training.blocked_training_algorithms) or ()}
    found = [
        name
        for name in known
        if (not allowed or loosely(name) in allowed) and loosely(name) not in blocked
    ]
    if spec.environment is None:
        found = installed(found)
    return found


def installed(names: Iterable[str]) -> list[str]:
    """The algorithms whose library the service's own Python has."""
    return [name for name in names if find_spec(LIBRARIES.get(name, "json")) is not None]
