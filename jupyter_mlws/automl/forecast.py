"""What a forecast asks for, and what the first notebook found in its series."""

from __future__ import annotations

from importlib.util import find_spec

from pydantic import BaseModel, Field

from jupyter_mlws.entities.azure.automl import AutoMLJob, Forecasting
from jupyter_mlws.entities.errors import Invalid, Problem

OLD = {"H": "h", "T": "min", "S": "s", "L": "ms", "M": "ME", "Q": "QE", "A": "YE", "Y": "YE"}
"""Offsets as pandas called them before 2.2, which Azure ML's files say."""


class Plan(BaseModel):
    """What the job says; None is found out from the series."""

    time: str
    series: list[str]
    unknown: list[str]
    frequency: str | None
    horizon: int | None
    season: int | None
    lags: list[int] | None
    window: int | None
    """0 for none."""
    lags_features: bool
    short: str
    aggregate: str | None
    country: str | None
    step: int | None


class Facts(BaseModel):
    """What the trials' notebooks start with."""

    frequency: str
    horizon: int
    season: int
    lags: list[int]
    window: int
    step: int
    calendar: list[str]
    numbers: list[str]
    categories: list[str]
    later: list[str] = Field(default_factory=list)
    """Features whose past is used."""
    holidays: list[str] = Field(default_factory=list)


def plan(said: Forecasting) -> Plan:
    """The job's wishes and Azure ML's defaults."""
    lags = said.target_lags
    window = said.target_rolling_window_size
    return Plan(
        time=said.time_column_name,
        series=said.series,
        unknown=said.unknown,
        frequency=offset(said.frequency) if said.frequency else None,
        horizon=None if said.forecast_horizon == "auto" else said.forecast_horizon or 1,
        season=said.seasonality if isinstance(said.seasonality, int) else None,
        lags=sorted({lags} if isinstance(lags, int) else set(lags))
        if lags not in (None, "auto")
        else None,
        window=None if window == "auto" else window or 0,
        lags_features=said.feature_lags == "auto",
        short=said.short_series_handling_config or "auto",
        aggregate=None
        if said.target_aggregate_function in (None, "none")
        else said.target_aggregate_function,
        country=said.country_or_region_for_holidays,
        step=said.cv_step_size,
    )


def offset(said: str) -> str:
    """A frequency as pandas calls it now: `H` is `h`, `M` is `ME`."""
    count = said[: len(said) - len(said.lstrip("0123456789"))]
    name, dash, anchor = said[len(count) :].partition("-")
    return f"{count}{OLD.get(name, name)}{dash}{anchor}"


def check(spec: AutoMLJob) -> None:
    """Refuse what only libraries can tell.

    Raises:
        Invalid: there is no such frequency or country.
    """
    said = spec.forecasting
    if said is None:
        return
    if said.frequency:
        _check_frequency(said.frequency)
    if said.country_or_region_for_holidays:
        _check_country(said.country_or_region_for_holidays)


def _check_frequency(said: str) -> None:
    # What does not forecast starts without it.
    import pandas as pd

    try:
        pd.tseries.frequencies.to_offset(offset(said))
    except ValueError:
        message = f"'{said}' is no offset of pandas, such as D, h, W-SUN or MS."
        raise Invalid.field("forecasting.frequency", message) from None


def _check_country(said: str) -> None:
    field = "forecasting.country_or_region_for_holidays"
    if find_spec("holidays") is None:
        message = "needs holidays: `pip install jupyter_mlws[automl]`."
        raise Invalid.of([Problem(message, field, here=True)])
    import holidays

    if said.upper() not in holidays.list_supported_countries():
        message = f"'{said}' is no country that is known: give two letters, such as JP or US."
        raise Invalid.field(field, message)
