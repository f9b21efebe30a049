"""What AutoML forecasts is held against seasonal naive and plain AutoETS, on rows that nobody has seen."""

from __future__ import annotations

from collections.abc import Callable
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
MOST_MEMBERS = 5
LEFT_OUT = {"auto_arima", "decision_tree", "knn", "sgd", "lasso_lars"}
"""They take long, or hardly ever win."""


def sets() -> dict[str, tuple[pd.DataFrame, int]]:
    """Tables of `when`, `shop` and `sold`, and how many steps are forecast."""
    data = pytest.importorskip("statsmodels.api").datasets
    seas = data.elnino.load_pandas().data.set_index("YEAR").stack()
    co2 = data.co2.load_pandas().data["co2"].resample("MS").mean().interpolate()[-360:]
    macro = data.macrodata.load_pandas().data
    quarters = pd.date_range("1959-01-01", periods=len(macro), freq="QS")
    return {
        "sea temperature, 61 years of months": (_one("MS", "1950-01-01", seas.to_numpy()), 12),
        "CO2, 30 years of months": (_one("MS", str(co2.index[0]), co2.to_numpy()), 12),
        "economy, 4 series of quarters": (
            pd.concat(
                pd.DataFrame({"when": quarters, "shop": name, "sold": macro[name]})
                for name in ("realgdp", "realcons", "cpi", "unemp")
            ),
            4,
        ),
        "made: shops with a price": (panel(96)[["when", "shop", "price", "sold"]], 12),
    }


def _one(frequency: str, first: str, values: np.ndarray[Any, Any]) -> pd.DataFrame:
    when = pd.date_range(first, periods=len(values), freq=frequency)
    return pd.DataFrame({"when": when, "shop": "one", "sold": values})


@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore")
def test_forecasts_are_better_than_a_season_before(
    report: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("statsforecast")
    monkeypatch.chdir(tmp_path)
    rows, errors = [], []
    for title, (table, horizon) in sets().items():
        place = table.groupby("shop").cumcount(ascending=False)
        wishes = plan(forecast_horizon=horizon)
        seen = explored(table[place >= horizon], wishes, tmp_path)
        runs = {
            name: tried(seen, wishes, name, until=LOGGED)
            for name in installed(FORECASTERS)
            if name not in LEFT_OUT
        }
        order = sorted(runs, key=lambda name: _score(runs[name]))
        runs["mean of the best"] = tried(seen, wishes, *order[:MOST_MEMBERS], until=LOGGED)
        best = min(runs, key=lambda name: _score(runs[name]))
        held = table[place < horizon]
        names = ("seasonal_naive", "exponential_smoothing", best)
        found = [_mase(runs[name], held, horizon) for name in names]
        rows.append((title, *(f"{error:.2f}" for error in found), best))
        errors.append(found)
        plt.close("all")
    naive, smoothing, chosen = np.exp(np.log(errors).mean(axis=0))
    rows.append(("geometric mean", *(f"{e:.2f}" for e in (naive, smoothing, chosen)), ""))
    columns = ("set", "seasonal naive", "AutoETS", "AutoML", "what it chose")
    report("MASE of forecasts, the last rows held out", columns, rows)
    assert chosen < naive
    assert chosen < 1.15 * smoothing


def _score(run: dict[str, Any]) -> float:
    return float(run["scores"]["normalized_root_mean_squared_error"])


def _mase(run: dict[str, Any], held: pd.DataFrame, horizon: int) -> float:
    """Mean error against that of one season before within what was known, over the series."""
    known = run["table"]
    fitted = run["model"].fit(known)
    ends = known.groupby("#series")["when"].max()
    future = run["ahead"](ends, horizon).merge(
        held.assign(**{"#series": held["shop"]}), on=["#series", "when"], how="left"
    )
    error = (future["sold"] - fitted.forecast(future.drop(columns="sold"))).abs()
    by = known.groupby("#series")["sold"]
    swing = by.apply(lambda y: y.diff(run["season"]).abs().mean())
    return float((error / future["#series"].map(swing)).groupby(future["#series"]).mean().mean())
