"""The notebook of one trial: it forecasts from some origins in the past, measures, fits and keeps."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_mlws.automl.forecast import Facts
from jupyter_mlws.automl.picturing import plots
from jupyter_mlws.automl.settings import Settings
from jupyter_mlws.automl.trying import NUMBER_SCORES, Explored
from jupyter_mlws.automl.writing import listed, written

COMMON = """
import copy
import shutil
import warnings

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn import metrics as m
"""
SERIES = '''
def keys(rows):
    """The series that each row belongs to."""
    if not ids:
        return pd.Series("", index=rows.index)
    return rows[ids].astype(str).agg(" | ".join, axis=1)

def ahead(ends, n):
    """The next `n` moments of each series, numbered by step; `ends` has the last known one of each."""
    parts = [
        pd.DataFrame({"#series": series, time: pd.date_range(end, periods=n + 1, freq=frequency)[1:], "#step": np.arange(1, n + 1)})
        for series, end in ends.items()
    ]
    return pd.concat(parts, ignore_index=True)

table = table.assign(**{"#series": keys(table)}).sort_values(["#series", time]).reset_index(drop=True)
place = table.groupby("#series").cumcount(ascending=False)  # 0 is the last row of a series
table.groupby("#series")[target].describe().head()
'''
ALONE = '''
class PerSeries:
    """A model of its own for each series; it knows nothing but the past of the target."""

    def __init__(self, learn):
        self.learn = learn

    def fit(self, history):
        self.fitted = {series: self.learn(rows[target].to_numpy()) for series, rows in history.groupby("#series")}
        return self

    def forecast(self, future):
        by = future.groupby("#series", sort=False)["#step"]
        return pd.concat([pd.Series(self.fitted[series](steps.max())[steps - 1], steps.index) for series, steps in by])
'''
LEARNERS = {
    "naive": '''
def naive(y):
    """As it was last."""
    return lambda n: np.full(n, y[-1])
''',
    "seasonal_naive": '''
def seasonal_naive(y):
    """As it was one season before."""
    return lambda n: np.resize(y[-season:], n)
''',
    "average": '''
def average(y):
    """As it is on average."""
    return lambda n: np.full(n, y.mean())
''',
    "seasonal_average": '''
def seasonal_average(y):
    """As it is on average at this time of the season."""
    n_steps = min(season, len(y))
    means = [y[i - n_steps :: -n_steps].mean() for i in range(n_steps)]
    return lambda n: np.resize(means, n)
''',
    "exponential_smoothing": '''
def exponential_smoothing(y):
    """Level, trend and season that follow the series: of all such models the one with the best AICc."""
    model = AutoETS(season_length=season if len(y) > 2 * season else 1).fit(y)
    return lambda n: np.asarray(model.predict(h=n)["mean"])
''',
    "auto_arima": '''
def auto_arima(y):
    """Past values and past errors: of all such models the one with the best AICc.

    Seasons of more than 12 steps would take minutes; what is usual at each of their steps is taken off before.
    """
    has_season = len(y) > 2 * season
    usual = np.zeros(season)
    if has_season and season > 12:
        usual = np.array([y[step - season :: -season].mean() for step in range(season)]) - y.mean()
    rest = y - np.resize(usual[::-1], len(y))[::-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # models that do not converge lose
        model = AutoARIMA(season_length=season if has_season and season <= 12 else 1).fit(rest)
    return lambda n: np.asarray(model.predict(h=n)["mean"]) + np.resize(usual, n)
''',
}
FEATURES = """
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

features = make_column_transformer(
    (SimpleImputer(strategy="median", keep_empty_features=True), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=50, sparse_output=False), make_column_selector(dtype_exclude="number")),
    sparse_threshold=0,
)
"""
LAGGED = '''
class Lagged:
    """One regressor for all series: of the calendar, of features, and of what was before.

    What it forecasts is the past of the next step. It learns the change against `difference` steps before, in units of
    the series' mean, so that series of any size and trend are alike to it.
    """

    def __init__(self, regressor, difference):
        self.regressor, self.difference = regressor, difference

    def fit(self, history):
        self.size = history.groupby("#series")[target].apply(lambda y: y.abs().mean() or 1.0)
        rows = history.assign(**{"#now": history[target] / history["#series"].map(self.size)})
        X, before = self.look(rows)
        change = rows["#now"] - before
        usable = change.notna()
        if (whole := usable & X.filter(regex="^lag ").notna().all(axis=1)).sum() >= max(20, usable.sum() // 4):
            usable = whole
        self.regressor = clone(self.regressor).fit(X[usable], change[usable])
        n_last = max(lags) + self.difference + window + (horizon if later else 0) + 1
        self.last = rows.groupby("#series").tail(n_last)
        return self

    def look(self, rows):
        """What the regressor sees of each row, and what its change is added to."""
        def past(name, n):
            return rows.groupby("#series", sort=False)[name].shift(n)

        before = past("#now", self.difference) if self.difference else pd.Series(0.0, rows.index)
        rows = rows.assign(**{"#change": rows["#now"] - before})
        X = {f"lag {n}": past("#change", n) for n in lags}
        if window:
            recent = past("#change", 1).groupby(rows["#series"], sort=False).rolling(window, min_periods=2)
            for name in ("mean", "min", "max"):
                X[f"{name} of {window}"] = getattr(recent, name)().droplevel(0)
        X |= {name: rows[name] for name in numbers}
        X |= {f"{name} before": past(name, horizon if name not in numbers else 1) for name in later}
        if holidays:
            X["#holiday"] = rows[time].dt.strftime("%Y-%m-%d").isin(holidays).astype(float)
        X["#years"] = (rows[time] - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=365.25)
        X |= {f"{part} of {time}": getattr(rows[time].dt, part).astype(str) for part in calendar}
        X |= {name: rows[name] for name in categories}
        if ids:
            X["#series"] = rows["#series"].astype(str)
        return pd.DataFrame(X), before

    def forecast(self, future):
        rows = pd.concat([self.last.assign(**{"#step": 0}), future.assign(**{"#place": future.index})])
        rows = rows.sort_values(["#series", time]).reset_index(drop=True)
        for step in range(1, future["#step"].max() + 1):
            X, before = self.look(rows)
            here = rows["#step"] == step
            rows.loc[here, "#now"] = self.regressor.predict(X[here]) + before[here]
        found = rows[rows["#step"] > 0].set_index("#place")
        return (found["#now"] * found["#series"].map(self.size)).reindex(future.index)
'''
MEAN = '''
class Mean:
    """The mean of what several forecast."""

    def __init__(self, *members):
        self.members = members

    def fit(self, history):
        self.members = [member.fit(history) for member in self.members]
        return self

    def forecast(self, future):
        return pd.concat([member.forecast(future) for member in self.members], axis=1).mean(axis=1)
'''
CHECKING = """
def checked(origin):
    \"\"\"Forecasts from one origin, with what came true; origin 0 is the latest.\"\"\"
    history = table[place >= origin * step_size + horizon]
    future = table[(place >= origin * step_size) & (place < origin * step_size + horizon)].drop(columns=target)
    future = future[future["#series"].isin(history["#series"])]
    future["#step"] = future.groupby("#series").cumcount() + 1
    guess = copy.deepcopy(model).fit(history).forecast(future)
    by = history.groupby("#series")[target]
    size, swing = by.apply(lambda y: y.abs().mean() or 1.0), by.apply(lambda y: y.diff(season).abs().mean())
    said = future[[*ids, time, "#series", "#step"]].assign(origin=origin, truth=table[target], forecast=guess)
    return said.assign(**{"#size": said["#series"].map(size), "#swing": said["#series"].map(swing)})

trials = pd.concat([checked(origin) for origin in reversed(range(n_folds))], ignore_index=True)
error = (trials["truth"] - trials["forecast"]).abs()
scores = measure(trials["truth"].to_numpy(), trials["forecast"].to_numpy(), np.ptp(table[target]))
is_moving = trials["#swing"] > 0
if is_moving.any():
    # 1 is as good as the value of one season before.
    scores["mean_absolute_scaled_error"] = float((error / trials["#swing"])[is_moving].groupby(trials["#series"]).mean().mean())
pd.Series(scores, name="score").to_frame()
"""
INTERVAL = """
# Four of five errors were smaller, by step and in units of the series' mean; later steps are no surer than earlier ones.
width = (error / trials["#size"]).groupby(trials["#step"]).quantile(0.8).cummax()
half = trials["#step"].map(width) * trials["#size"]
trials = trials.assign(lower=trials["forecast"] - half, upper=trials["forecast"] + half)
shown = trials.rename(columns={"#step": "step"})[["origin", *ids, time, "step", "truth", "forecast", "lower", "upper"]]
shown.tail(horizon)
"""
DRAWING = """
latest = trials[trials["origin"] == 0]
names = list(latest["#series"].drop_duplicates())[:6]
figure, axes = plt.subplots(len(names), figsize=(9, 2 * len(names)), squeeze=False)
for axis, name in zip(axes[:, 0], names):
    rows = latest[latest["#series"] == name]
    past = table[(table["#series"] == name) & (table[time] <= rows[time].max())].tail(5 * horizon + 2 * season)
    axis.plot(past[time], past[target], linewidth=1, color="gray", label=target)
    axis.plot(rows[time], rows["forecast"], label="forecast")
    axis.fill_between(rows[time], rows["lower"], rows["upper"], alpha=0.2, label="4 of 5")
    axis.set_title(name, fontsize=9, loc="left")
axes[0, 0].legend(loc="upper left", fontsize=8)
figure.tight_layout()
"""
LOGGING = """
mlflow.log_metrics(scores)
mlflow.log_table(shown.assign(**{time: shown[time].astype(str)}), "forecast_table.json")
mlflow.log_figure(figure, "forecast.png")
truth, guess = trials["truth"].to_numpy(), trials["forecast"].to_numpy()
"""
FORECAST = '''
class Forecast(mlflow.pyfunc.PythonModel):
    """Takes rows that come after the last known ones: a moment, the series, features; gives their forecast.

    Four of five errors were within `lower` and `upper`.
    """

    def __init__(self, fitted, history, width):
        self.fitted, self.width = fitted, width
        by = history.groupby("#series")
        self.ends, self.size = by[time].max(), by[target].apply(lambda y: y.abs().mean() or 1.0)

    def predict(self, context, model_input: pd.DataFrame, params=None):
        rows = model_input
        rows = rows.assign(**{"#series": keys(rows), time: pd.to_datetime(rows[time], utc=True).dt.tz_localize(None)})
        if unknown := sorted(set(rows["#series"]) - set(self.ends.index)):
            raise ValueError(f"series that the model has not seen: {unknown[:10]} (it knows {list(self.ends.index[:10])})")
        ends = rows["#series"].map(self.ends)
        if (early := rows[time] <= ends).any():
            raise ValueError(f"{time}: {rows[time][early].iloc[0]} is not after {ends[early].iloc[0]}, the last moment that the model knows")
        wanted = self.ends[rows["#series"].unique()]
        n = max(len(pd.date_range(end, rows[time][rows["#series"] == name].max(), freq=frequency)) - 1 for name, end in wanted.items())
        if n > 100 * horizon:
            raise ValueError(f"{time}: {rows[time].max()} is {n} steps ahead; the model was made for {horizon}")
        future = ahead(wanted, max(n, 1)).merge(rows.drop_duplicates(["#series", time]), on=["#series", time], how="left")
        future["#forecast"] = self.fitted.forecast(future)
        found = rows[["#series", time]].merge(future[["#series", time, "#step", "#forecast"]], on=["#series", time], how="left")
        if found["#step"].isna().any():
            raise ValueError(f"{time}: {found[time][found['#step'].isna()].iloc[0]} is not on the grid of frequency {frequency!r}")
        half = (found["#step"].clip(upper=self.width.index.max()).map(self.width) * found["#series"].map(self.size)).to_numpy()
        guess = found["#forecast"].to_numpy()
        return rows[[time, *ids]].assign(**{target: guess, "lower": guess - half, "upper": guess + half})
'''
KEEPING = """
from importlib.metadata import version

known = [name for name in dict.fromkeys([*numbers, *categories, *later]) if name in numbers + categories]
kept = Forecast(model.fit(table), table, width)
example = ahead(kept.ends, 2).merge(table.groupby("#series")[[*ids, *known]].last().reset_index(), on="#series")[[time, *ids, *known]]
shutil.rmtree("mlflow-model", ignore_errors=True)
mlflow.pyfunc.save_model(
    "mlflow-model",
    python_model=kept,
    signature=infer_signature(example, kept.predict(None, example)),
    input_example=example.head(6),
    pip_requirements=[
        *mlflow.pyfunc.get_default_pip_requirements(),
        *(f"{{name}}=={{version(name)}}" for name in {libraries}),
        *{others},
    ],
)
kept.predict(None, example).head()
"""


def trial(
    settings: Settings, found: Explored, title: str, imports: Sequence[str], model: str
) -> bytes:
    """The notebook that tries one forecaster.

    Args:
        imports: lines that the model's code needs.
        model: code of the forecaster; `features` stands for the featurisation.
    """
    plan = settings.forecast
    assert plan is not None
    facts = Facts.model_validate(found.columns["facts"])
    lines = sorted({line for text in imports for line in text.splitlines()})
    return written(
        (
            "markdown",
            f"# {title}\nOne trial for forecasting of `{settings.target}`: run it again and the score is the same.",
        ),
        ("parameters", 'prepared: "Folder" = "prepared"'),
        ("", COMMON + "\n".join(lines)),
        ("markdown", "## Series"),
        ("", _facts(settings, found, facts)),
        ("", SERIES),
        ("markdown", "## Model"),
        *(("", code) for code in _definitions(model)),
        ("", f"model = {model}\nmodel"),
        (
            "markdown",
            "## How good it is\nForecasts from origins in the past, each by a model of what was known then.",
        ),
        ("", NUMBER_SCORES),
        ("", CHECKING),
        ("", INTERVAL),
        ("", DRAWING),
        ("", LOGGING),
        *plots("regression"),
        ("markdown", "## The model, of all rows"),
        ("", FORECAST),
        ("", _keeping(model, lines)),
        (
            "outputs",
            f'score: float = scores["{settings.metric}"]\nmodel: "Folder" = "mlflow-model"',
        ),
    )


def _facts(settings: Settings, found: Explored, facts: Facts) -> str:
    plan = settings.forecast
    assert plan is not None
    lines = [
        f"target, time, ids, seed = {settings.target!r}, {plan.time!r}, {plan.series!r}, {settings.seed}",
        f"frequency, horizon, season = {facts.frequency!r}, {facts.horizon}, {facts.season}",
        f"n_folds, step_size = {found.n_folds}, {facts.step}",
        f"lags, window, calendar = {facts.lags!r}, {facts.window}, {facts.calendar!r}",
        listed(facts.numbers, "numbers"),
        listed(facts.categories, "categories"),
        listed(facts.later, "later") + "  # their past is used",
        listed(facts.holidays, "holidays"),
        'table = pd.read_parquet(f"{prepared}/train.parquet")',
        "table.tail()",
    ]
    return "\n".join(lines)


def _keeping(model: str, lines: Sequence[str]) -> str:
    libraries = ["numpy", "pandas", *(["scikit-learn"] if "Lagged(" in model else [])]
    libraries += [
        name
        for name in ("lightgbm", "statsforecast")
        if any(line.startswith(f"from {name}") for line in lines)
    ]
    # Its version is that of another package where there is no GPU.
    others = ["xgboost"] if any(line.startswith("from xgboost") for line in lines) else []
    return KEEPING.format(libraries=libraries, others=others)


def _definitions(model: str) -> list[str]:
    """What the code of a forecaster names."""
    found = []
    if "PerSeries(" in model:
        learners = [code for name, code in LEARNERS.items() if f"PerSeries({name})" in model]
        found.append("\n".join([ALONE, *(code.strip() + "\n\n" for code in learners)]))
    if "Lagged(" in model:
        found += [FEATURES, LAGGED]
    return [*found, MEAN] if "Mean(" in model else found
