"""What the notebooks of forecasts do with series of all kinds; each runs in this process."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from jupyter_mlws.automl.choosing import installed
from tests.automl.panels import FORECASTERS, explored, panel, plan, tried

mpl.use("Agg")
LOGGED = "mlflow.log_metrics"
"""The first cell that needs a run."""


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


def states(seen: dict[str, Any]) -> dict[str, str]:
    return {rail["name"]: rail["state"] for rail in seen["guardrails"]}


@pytest.mark.parametrize(
    ("frequency", "season"),
    [
        ("YS", 1),
        ("QE-DEC", 4),
        ("MS", 12),
        ("ME", 12),
        ("W-WED", 52),
        ("D", 7),
        ("B", 5),
        ("h", 24),
        ("15min", 96),
    ],
)
def test_step_and_season_are_found_out(tmp_path: Path, frequency: str, season: int) -> None:
    n = 2 * season + 14
    table = panel(n, frequency).drop(index=[5, n + 7]).sample(frac=1, random_state=0)

    seen = explored(table, plan(forecast_horizon="auto"), tmp_path)

    facts = seen["facts"]
    assert facts["frequency"].partition("-")[0] == frequency.partition("-")[0]
    assert facts["season"] == season
    assert facts["horizon"] >= 1
    assert states(seen)["gaps"] == "Done"
    assert len(seen["table"]) == 2 * n


def test_what_is_said_is_used(tmp_path: Path) -> None:
    said = plan(
        folds=4,
        types={"price": "Ignore"},
        forecast_horizon=3,
        frequency="MS",
        target_lags=[5, 1],
        target_rolling_window_size=4,
        seasonality=6,
        cv_step_size=2,
        feature_lags="auto",
        features_unknown_at_forecast_time=["visitors"],
    )

    seen = explored(panel(), said, tmp_path)

    facts = seen["facts"]
    assert (facts["horizon"], facts["season"], facts["step"]) == (3, 6, 2)
    assert (facts["lags"], facts["window"], seen["n_folds"]) == ([1, 5], 4, 4)
    assert (facts["numbers"], facts["later"]) == ([], ["visitors"])
    checked = tried(seen, said, "elastic_net", until=LOGGED)
    assert sorted(checked["trials"]["origin"].unique()) == [0, 1, 2, 3]
    assert checked["trials"].groupby(["origin", "shop"]).size().unique().tolist() == [3]
    rows = checked["table"].assign(**{"#now": checked["table"]["sold"]})
    shown = checked["model"].look(rows)[0]
    assert {"lag 1", "lag 5", "mean of 4", "visitors before", "month of when"} <= set(shown)
    assert not {"lag 2", "price", "visitors"} & set(shown)


@pytest.mark.parametrize(
    ("how", "expected"),
    [("sum", 20.0), ("mean", 10.0), ("max", 12.0), ("min", 8.0)],
)
def test_rows_of_a_period_are_summed_up(tmp_path: Path, how: str, expected: float) -> None:
    halves = pd.date_range("2024-01-01", periods=40, freq="12h")
    table = pd.DataFrame(
        {"when": halves, "sold": [0.0, 0.0, *np.tile([8.0, 12.0], 19)], "shop": "Oslo"}
    )

    seen = explored(table, plan(frequency="D", target_aggregate_function=how), tmp_path)

    assert seen["table"]["sold"].tolist() == [0.0, *[expected] * 19]
    assert states(seen)["aggregation"] == "Done"


def short_panel() -> pd.DataFrame:
    table = panel(30)
    return table.drop(index=range(4))[: 26 + 3]


@pytest.mark.parametrize(
    ("how", "lengths"),
    [("auto", {"Oslo": 26}), ("drop", {"Oslo": 26}), ("pad", {"Oslo": 26, "Ürümqi": 9})],
)
def test_short_series_are_left_out_or_filled_up(
    tmp_path: Path, how: str, lengths: dict[str, int]
) -> None:
    said = plan(forecast_horizon=2, folds=3, short_series_handling_config=how)

    seen = explored(short_panel(), said, tmp_path)

    assert seen["table"].groupby("shop").size().to_dict() == lengths
    assert states(seen)["short series"] == "Done"


def test_series_that_are_all_short_are_filled_up(tmp_path: Path) -> None:
    seen = explored(panel(6), plan(forecast_horizon=2, folds=3), tmp_path)

    assert seen["table"].groupby("shop").size().tolist() == [9, 9]
    tried(seen, plan(forecast_horizon=2, folds=3), "elastic_net", until=LOGGED)


def drifting(table: pd.DataFrame) -> pd.Series:
    return table["when"] + pd.to_timedelta(np.arange(len(table)) // 40, "D")


def change(**columns: Any) -> Any:
    return lambda table: table.assign(**columns)


@pytest.mark.parametrize(
    ("break_it", "said", "message"),
    [
        (lambda t: pd.concat([t, t[:1]]), {}, "duplicate times: 2 rows .* Oslo"),
        (change(), {"time_series_id_column_names": None}, "duplicate times: 96 rows"),
        (change(when=drifting), {}, "irregular times"),
        (change(), {"frequency": "YS"}, "irregular times: 88 of 96 .* look like 'MS'"),
        (change(), {"time_column_name": "day"}, "forecasting.time_column_name: there is no column 'day'"),
        (change(when=range(96)), {}, "has numbers and no moments"),
        (change(when="?"), {}, "has no moments"),
        (change(sold=1), {}, "constant target"),
        (change(sold="much"), {}, "target_column_name: 96 values of 'sold' are no numbers"),
        (lambda t: t[:2], {}, "too few rows: the longest series has 2"),
        (change(lower="a"), {"time_series_id_column_names": ["shop", "lower"]}, "call it otherwise"),
        (change(), {"country_or_region_for_holidays": "JP"}, "holidays are days, and the step is MS"),
        (
            lambda _: short_panel(),
            {"short_series_handling_config": "none", "forecast_horizon": 2},
            "short series: 1 have fewer than .* 'Ürümqi'",
        ),
        (
            change(),
            {"short_series_handling_config": "drop", "forecast_horizon": 60},
            "short series: all have fewer than",
        ),
    ],
)  # fmt: skip
def test_series_that_cannot_be_used_are_refused_with_the_reason(
    tmp_path: Path, break_it: Any, said: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        explored(break_it(panel()), plan(**said), tmp_path)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A panel that was explored; nothing changes it."""
    said = plan(forecast_horizon=4, features_unknown_at_forecast_time="visitors")
    folder = tmp_path_factory.mktemp("seen")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return explored(panel(), said, folder)


@pytest.mark.parametrize("name", installed(FORECASTERS))
def test_every_algorithm_forecasts_and_is_measured(seen: dict[str, Any], name: str) -> None:
    found = tried(seen, plan(forecast_horizon=4), name, until=LOGGED)

    scores = found["scores"]
    assert 0 < scores["normalized_root_mean_squared_error"] < 0.15
    assert scores["mean_absolute_scaled_error"] < 6
    table = found["shown"]
    assert (table["lower"] <= table["forecast"]).all()
    assert 0.5 < table["truth"].between(table["lower"], table["upper"]).mean() < 1


@pytest.mark.parametrize("difference", [0, 1, "season"])
def test_regressors_follow_trend_season_and_features(
    seen: dict[str, Any], difference: int | str
) -> None:
    found = tried(seen, plan(), "elastic_net", until=LOGGED, difference=difference, alpha=1e-3)
    assert found["scores"]["mean_absolute_scaled_error"] < 0.5


@pytest.mark.parametrize("name", ["elastic_net", "seasonal_naive"])
def test_nothing_of_the_future_is_seen(tmp_path: Path, name: str) -> None:
    said = plan(
        forecast_horizon=4,
        feature_lags="auto",
        target_rolling_window_size=3,
        features_unknown_at_forecast_time="visitors",
    )
    seen = explored(panel(), said, tmp_path)
    found = tried(seen, said, name, until=LOGGED)
    first = found["checked"](0)["forecast"]

    future = found["place"] < 4
    found["table"].loc[future, ["sold", "visitors"]] = 1e6

    assert found["checked"](0)["forecast"].tolist() == first.tolist()


def test_simple_ones_say_what_their_names_promise(seen: dict[str, Any]) -> None:
    y = panel()["sold"][:48].to_numpy()
    said = {
        name: tried(seen, plan(forecast_horizon=4), name, until="def measure")[name](y)(14)
        for name in ("naive", "seasonal_naive", "average", "seasonal_average")
    }
    assert said["naive"].tolist() == [y[-1]] * 14
    assert said["seasonal_naive"].tolist() == [*y[-12:], *y[-12:-10]]
    assert said["average"].tolist() == [y.mean()] * 14
    assert said["seasonal_average"][:3] == pytest.approx([y[i::12].mean() for i in range(3)])


@pytest.mark.skipif(find_spec("statsforecast") is None, reason="the extra `forecasting` brings it")
def test_a_mean_with_smoothing_beats_the_season_before(seen: dict[str, Any]) -> None:
    found = tried(seen, plan(), "exponential_smoothing", "seasonal_naive", until=LOGGED)
    best = found["scores"]["mean_absolute_scaled_error"]
    alone = tried(seen, plan(), "seasonal_naive", until=LOGGED)
    assert best < alone["scores"]["mean_absolute_scaled_error"]


@pytest.mark.skipif(find_spec("statsforecast") is None, reason="the extra `forecasting` brings it")
def test_long_seasons_are_taken_off_before_auto_arima(tmp_path: Path) -> None:
    said = plan(forecast_horizon=24, folds=2)
    seen = explored(panel(24 * 10, "h", season=24).query("shop == 'Oslo'"), said, tmp_path)
    found = tried(seen, said, "auto_arima", until=LOGGED)
    assert found["season"] == 24
    assert found["scores"]["mean_absolute_scaled_error"] < 1


def test_holidays_are_learnt(tmp_path: Path) -> None:
    table = panel(700, "D", season=7, noise=0.5)
    is_new_year = table["when"].dt.strftime("%m-%d") == "01-01"
    table.loc[is_new_year, "sold"] -= table["sold"][is_new_year] / 2
    said = plan(forecast_horizon=7, country_or_region_for_holidays="jp")

    seen = explored(table, said, tmp_path)

    assert "2021-01-01" in seen["facts"]["holidays"]
    found = tried(seen, said, "elastic_net", until=LOGGED)
    rows = found["table"].assign(**{"#now": 1.0})
    holiday = found["model"].look(rows)[0]["#holiday"]
    assert holiday[rows["when"] == "2021-01-01"].tolist() == [1, 1]
    assert 0 < holiday.mean() < 0.1
