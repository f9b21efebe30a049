"""The algorithms that forecast, by Azure ML's names: those of one series, and regressors on lags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlws.automl.algorithms import REGRESSORS, Algorithm, Values

DIFFERENCE = "difference"


class Lagged(Algorithm):
    """A regressor that sees the calendar, features and the past of all series."""

    __slots__ = ()

    def source(self, values: Values, *, seed: int, cores: int) -> str:
        """Code of the forecaster; `features` stands for the featurisation."""
        own = {name: value for name, value in values.items() if name != DIFFERENCE}
        inner = Algorithm.source(self, own, seed=seed, cores=cores)
        return f"Lagged({inner}, difference={values[DIFFERENCE]})"


class PerSeries(Algorithm):
    """A model for each series, of its own past alone."""

    __slots__ = ()

    def source(self, values: Values, *, seed: int, cores: int) -> str:
        """Code of the forecaster."""
        return f"PerSeries({self.code})"


def _lagged(one: Algorithm) -> Lagged:
    space: Mapping[str, Any] = {**one.space, DIFFERENCE: (0, 1, "season")}
    first = {**one.first, DIFFERENCE: "season"}
    return Lagged(one.label, one.imports, one.code, first, space, one.scales)


def _alone(label: str, code: str, imports: str = "") -> PerSeries:
    return PerSeries(label, imports, code, {}, {})


_LAGGED = {name: _lagged(one) for name, one in REGRESSORS.items()}
FORECASTERS: dict[str, Algorithm] = {
    "seasonal_naive": _alone("SeasonalNaive", "seasonal_naive"),
    "exponential_smoothing": _alone(
        "ExponentialSmoothing",
        "exponential_smoothing",
        "from statsforecast.models import AutoETS",
    ),
    "light_gbm": _LAGGED["light_gbm"],
    "elastic_net": _LAGGED["elastic_net"],
    "naive": _alone("Naive", "naive"),
    "seasonal_average": _alone("SeasonalAverage", "seasonal_average"),
    "average": _alone("Average", "average"),
    "auto_arima": _alone("AutoArima", "auto_arima", "from statsforecast.models import AutoARIMA"),
    **{name: one for name, one in _LAGGED.items() if name not in {"light_gbm", "elastic_net"}},
}
"""Strong and quick ones first: they are tried in this order."""
