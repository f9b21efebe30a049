"""The first notebook of a forecast: which series there are, their gaps, their step, their season."""

from __future__ import annotations

from jupyter_mlws.automl.exploring import READING
from jupyter_mlws.automl.settings import Settings
from jupyter_mlws.automl.writing import written

NOTES = """
guardrails = []

def note(name, state, text):
    guardrails.append({"name": name, "state": state, "text": text})
    print(f"{state:8} {name}: {text}")

fields = {
    "target_column_name": [target],
    "forecasting.time_column_name": [time],
    "forecasting.time_series_id_column_names": ids,
    "forecasting.features_unknown_at_forecast_time": unknown,
    "featurization.column_name_and_types": list(types),
}
own = {"origin", "step", "truth", "forecast", "lower", "upper"}
for field, names in fields.items():
    for name in names:
        if name in own and name in [time, *ids]:
            raise ValueError(f"{field}: {name!r} is a column that forecasts have themselves: call it otherwise")
        if name not in table:
            raise ValueError(f"{field}: there is no column {name!r} (there are: {', '.join(map(str, table.columns[:50]))})")
"""

TIMES = """
if pd.api.types.is_numeric_dtype(table[time]):
    raise ValueError(f"forecasting.time_column_name: {time!r} has numbers and no moments")
table[time] = pd.to_datetime(table[time], errors="coerce", format="mixed", utc=True).dt.tz_localize(None)
amounts = pd.to_numeric(table[target], errors="coerce").astype(float)
if (strange := amounts.isna() & table[target].notna()).any():
    raise ValueError(f"target_column_name: {int(strange.sum())} values of {target!r} are no numbers, the first is {table[target][strange].iloc[0]!r}")
table[target] = amounts.replace([np.inf, -np.inf], np.nan)
for name in ids:
    if not pd.api.types.is_integer_dtype(table[name]):
        table[name] = table[name].astype(object).where(table[name].notna(), None)
usable = table[[time, *ids]].notna().all(axis=1)
if not usable.any():
    raise ValueError(f"forecasting.time_column_name: {time!r} has no moments")
note("missing times", "Passed" if usable.all() else "Done", f"{int((~usable).sum())} rows without a moment or a series are left out")
table = table[usable].copy()
for name in ids:
    if not pd.api.types.is_integer_dtype(table[name]):
        table[name] = table[name].astype(str)
"""

KEYS = '''
def keys(rows):
    """The series that each row belongs to."""
    if not ids:
        return pd.Series("", index=rows.index)
    return rows[ids].astype(str).agg(" | ".join, axis=1)
'''

AGGREGATE = """
def summed_up(values):
    \"\"\"A target of a period that has any.\"\"\"
    return getattr(values.dropna(), {function!r})() if values.notna().any() else np.nan

rows = len(table)
how = {{name: "mean" if pd.api.types.is_numeric_dtype(table[name]) else "first" for name in table.columns.drop([time, *ids, target])}}
table = table.groupby([*ids, pd.Grouper(key=time, freq=frequency)]).agg({{target: summed_up, **how}}).reset_index()
table = table[table[target].notna()]
note("aggregation", "Done", f"{{rows}} rows became {{len(table)}}: the {function} of each period")
"""

DUPLICATES = """
repeated = table.duplicated([*ids, time], keep=False)
if repeated.any():
    first = table[repeated].iloc[0]
    what = " | ".join(str(first[name]) for name in [*ids, time])
    raise ValueError(
        f"duplicate times: {int(repeated.sum())} rows share their moment with another, the first at {what}. "
        "Say all columns that tell series apart in forecasting.time_series_id_column_names, or target_aggregate_function"
    )
note("duplicate times", "Passed", "each moment stands once in its series")
table = table.sort_values([*ids, time]).reset_index(drop=True)
series = keys(table)
lengths = series.value_counts()
lengths.describe().to_frame("rows of a series")
"""

FREQUENCY = '''
def found_frequency(times):
    """The step between most moments, as pandas names it."""
    step = times.diff().mode()[0]
    if step >= pd.Timedelta(days=28):
        for name in ("MS", "ME", "QS", "QE", "YS", "YE"):
            each = pd.date_range(times.iloc[0], periods=2, freq=name)
            if abs(each[1] - each[0] - step) <= pd.Timedelta(days=4) and times.map(pd.tseries.frequencies.to_offset(name).is_on_offset).all():
                return name
    if step == pd.Timedelta(days=7):
        return "W-" + ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"][times.iloc[0].weekday()]
    if step == pd.Timedelta(days=1):
        return "D" if (times.dt.day_of_week >= 5).any() or len(times) < 12 else "B"
    return pd.tseries.frequencies.to_offset(step).freqstr

longest = table[series == lengths.index[0]]
if len(longest) < 3:
    raise ValueError(f"too few rows: the longest series has {len(longest)}, and at least 3 are needed")
if frequency is None:
    frequency = found_frequency(longest[time])
on_grid = [rows[time].isin(pd.date_range(rows[time].min(), rows[time].max(), freq=frequency)) for _, rows in table.groupby(series)]
on_grid = pd.concat(on_grid).reindex(table.index)
if not on_grid.all():
    raise ValueError(
        f"irregular times: {int((~on_grid).sum())} of {len(table)} are not on the grid of frequency {frequency!r}, the first "
        f"is {table[time][~on_grid].iloc[0]}; they look like {found_frequency(longest[time])!r}. "
        "Say forecasting.frequency, and target_aggregate_function to sum rows up"
    )
note("frequency", "Passed", f"the step is {frequency}")
'''

GAPS = """
def whole(rows):
    \"\"\"A series without gaps.\"\"\"
    grid = pd.date_range(rows[time].min(), rows[time].max(), freq=frequency, name=time)
    filled = rows.set_index(time).reindex(grid).reset_index()
    for name in ids:
        filled[name] = rows[name].iloc[0]
    filled[target] = filled[target].ffill()
    return filled[filled[target].notna()]

known = int(table[target].notna().sum())
table = pd.concat([whole(rows) for _, rows in table.groupby(series)], ignore_index=True)
n_filled = len(table) - known
note("gaps", "Done" if n_filled else "Passed", f"{n_filled} moments without a target have that of the moment before" if n_filled else "no moment is missing")
series = keys(table)
lengths = series.value_counts()
if not len(table) or table[target].nunique() < 2:
    raise ValueError(f"constant target: {target!r} has no two values")
"""

SEASON = '''
def usual_season(frequency):
    """Steps of the calendar's cycle: the year of months, the week of days, the day of hours."""
    offset = pd.tseries.frequencies.to_offset(frequency)
    name = offset.rule_code.partition("-")[0]
    cycles = {"B": 5, "D": 7, "W": 52, "MS": 12, "ME": 12, "QS": 4, "QE": 4}
    if name in cycles:
        return cycles[name] // offset.n if cycles[name] % offset.n == 0 else 1
    try:
        step = pd.Timedelta(offset)
    except ValueError:
        return 1
    cycle = pd.Timedelta(days=1) if step >= pd.Timedelta(minutes=15) else pd.Timedelta(hours=1)
    return max(1, cycle // step)

middle = int(lengths.median())
season = said_season or usual_season(frequency)
if said_season is None and middle < 2 * season + 2:
    season = 1

def echo(y, lag):
    """How alike the changes of a series are to those some steps before."""
    change = y.diff().reset_index(drop=True)
    pairs = pd.DataFrame({"now": change, "then": change.shift(lag)}).dropna()
    if len(pairs) < 3 or pairs.std().min() == 0:
        return 0.0
    return pairs["now"].corr(pairs["then"])

strength = table.groupby(series)[target].apply(echo, season).median() if season > 1 else np.nan
note("seasonality", "Passed", f"it repeats after {season} steps, alike to {strength:.2f}" if season > 1 else "none is looked for")
horizon = said_horizon or max(1, min(season if season > 1 else 10, middle // 5))
step = said_step or horizon
horizon, season, step
'''

FOLDS = """
lags = said_lags or sorted({1, 2, 3, season, 2 * season} if season > 1 else {1, 2, 3})
window = max(season, 3) if said_window is None else said_window
n_folds = said_folds or next((n for n in (3, 2) if horizon + step * (n - 1) + max(horizon, 2 * season, 3) <= middle), 1)
needed = horizon + step * (n_folds - 1) + max([3, *(said_lags or [])])
if said_lags is None:
    history = middle - horizon - step * (n_folds - 1)
    lags = [n for n in lags if n <= 3 or n + season <= 0.8 * history]
note("cross-validation", "Passed", f"{n_folds} origins, {step} steps apart; each is forecast {horizon} steps ahead")
is_short = lengths < needed
"""

SHORT = {
    "none": """
if is_short.any():
    raise ValueError(f"short series: {int(is_short.sum())} have fewer than {needed} rows, the first is {is_short.idxmax()!r}. Say forecasting.short_series_handling_config")
""",
    "drop": """
if is_short.all():
    raise ValueError(f"short series: all have fewer than {needed} rows; {needed} are needed for {n_folds} origins and {horizon} steps ahead")
left_out = is_short[is_short].index
table = table[~series.isin(left_out)].reset_index(drop=True)
""",
    "pad": """
def padded(rows):
    \"\"\"A series that is long enough: before its first moment stands its mean.\"\"\"
    more = pd.date_range(end=rows[time].min(), periods=needed - len(rows) + 1, freq=frequency)[:-1]
    before = pd.DataFrame({time: more, target: rows[target].mean(), **{name: rows[name].iloc[0] for name in ids}})
    return pd.concat([before, rows])

if is_short.any():
    table = pd.concat([padded(rows) if len(rows) < needed else rows for _, rows in table.groupby(series)], ignore_index=True)
""",
}
SHORT_NOTES = {
    "none": 'note("short series", "Passed", f"all have the {needed} rows that are needed")',
    "drop": 'note("short series", "Done" if len(left_out) else "Passed", f"{len(left_out)} with fewer than {needed} rows are left out: {list(left_out[:20])}" if len(left_out) else f"all have the {needed} rows that are needed")',
    "pad": 'note("short series", "Done" if is_short.any() else "Passed", f"{int(is_short.sum())} were filled up to {needed} rows with their mean" if is_short.any() else f"all have the {needed} rows that are needed")',
}

FEATURES = """
numbers, categories, later, left_out = [], [], [], []
for name in table.columns.drop([time, target, *ids]):
    values, said = table[name].dropna(), types.get(name)
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if said == "Ignore" or values.nunique() < 2:
        left_out.append(name)
    elif said == "Numeric" or (is_number and said is None):
        table[name] = pd.to_numeric(table[name], errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)
        numbers.append(name)
    elif said == "Categorical" or values.astype(str).nunique() <= 50:
        table[name] = table[name].astype(object).where(table[name].isna(), table[name].map(str)).where(table[name].notna(), None)
        categories.append(name)
    else:
        left_out.append(name)
if left_out:
    note("left out columns", "Done", f"one value, too many words, or to be ignored: {left_out[:20]}")
if lags_features:
    later = list(numbers)
if unknown:
    used = "only their past is used" if lags_features else "they are left out; with feature_lags auto their past is used"
    note("unknown features", "Done", f"nobody knows them when the forecast is made, so {used}: {unknown[:20]}")
numbers, categories = [name for name in numbers if name not in unknown], [name for name in categories if name not in unknown]
kept = list(dict.fromkeys([*numbers, *categories, *later]))
missing = table[kept].isna().mean() if kept else pd.Series(dtype=float)
note("missing values", "Done" if (missing > 0).any() else "Passed", f"{int((missing > 0).sum())} features have some; filled with the median, or a category of their own")
"""

HOLIDAYS = """
if span > pd.Timedelta(days=1):
    raise ValueError(f"forecasting.country_or_region_for_holidays: holidays are days, and the step is {{frequency}}")
import holidays

years = range(table[time].min().year, table[time].max().year + 11)
days = sorted(map(str, holidays.country_holidays({country!r}, years=years)))
note("holidays", "Passed", f"{{len(days)}} days of {country} until {{years[-1]}}")
"""

CALENDAR = """
span = table.groupby(keys(table))[time].diff().median()
calendar = ["month"] if span < pd.Timedelta(days=360) else []
calendar += ["day_of_week"] if span <= pd.Timedelta(days=1) else []
calendar += ["hour"] if span < pd.Timedelta(days=1) else []
series = keys(table)
n_rows, n_series = len(table), series.nunique()
"""

SEEN = """
import matplotlib.pyplot as plt

shown = list(series.drop_duplicates())[:6]
figure, axes = plt.subplots(len(shown), figsize=(9, 1.8 * len(shown)), squeeze=False, sharex=True)
for axis, name in zip(axes[:, 0], shown):
    axis.plot(table[time][series == name], table[target][series == name], linewidth=1)
    axis.set_title(name or target, fontsize=9, loc="left")
figure.tight_layout()
"""

ECHOES = """
most = min(int(lengths.median()) // 2, max(2 * season, 12))
drawn = [table[target][series == name] for name in shown]
alike = pd.DataFrame([{lag: echo(y, lag) for lag in range(1, most + 1)} for y in drawn]).mean()
axis = alike.plot.bar(figsize=(9, 2.5), xlabel="steps before", title="How alike its changes are to earlier ones")
axis.xaxis.set_major_locator(plt.MaxNLocator(12));
"""

KEEPING = """
Path("prepared").mkdir(exist_ok=True)
table = table[[time, *ids, target, *kept]]
table.to_parquet("prepared/train.parquet")
facts = {"frequency": frequency, "horizon": horizon, "season": season, "step": step, "lags": lags, "window": window, "calendar": calendar}
facts |= {"numbers": numbers, "categories": categories, "later": later}
table.groupby(series)[time].agg(["min", "max", "size"]).head(50)
"""

OUTPUTS = """
prepared: "Folder" = "prepared"
columns: dict = {"facts": facts, "n_series": n_series}
guardrails: list = guardrails
n_rows: int = n_rows
n_folds: int = n_folds
"""


def notebook(settings: Settings) -> bytes:
    """The notebook that looks at the series and keeps them ready for the trials."""
    plan = settings.forecast
    assert plan is not None
    said = "\n".join(
        [
            f"target, time, ids = {settings.target!r}, {plan.time!r}, {plan.series!r}",
            f"types, unknown, lags_features = {settings.types!r}, {plan.unknown!r}, {plan.lags_features!r}",
            "# None: found out below.",
            f"frequency, said_horizon, said_season, said_step = {plan.frequency!r}, {plan.horizon!r}, {plan.season!r}, {plan.step!r}",
            f"said_lags, said_window, said_folds = {plan.lags!r}, {plan.window!r}, {settings.n_folds!r}",
        ]
    )
    return written(
        (
            "markdown",
            f"# What is in the series\nTo forecast `{settings.target}`. The trials read what this notebook keeps.",
        ),
        ("parameters", 'training_data: "Path" = "data"'),
        ("", "from pathlib import Path\n\nimport numpy as np\nimport pandas as pd"),
        ("", f"{said}\n{READING}"),
        ("", "table = read(training_data)\ntable.head()"),
        ("markdown", "## Moments"),
        ("", NOTES),
        ("", TIMES),
        ("", KEYS),
        *([("", AGGREGATE.format(function=plan.aggregate))] if plan.aggregate else []),
        ("", DUPLICATES),
        ("", FREQUENCY),
        ("", GAPS),
        ("markdown", "## Seasons and folds"),
        ("", SEASON),
        ("", FOLDS),
        ("", _short(plan.short)),
        ("markdown", "## Features"),
        ("", FEATURES),
        ("", CALENDAR),
        *([("", HOLIDAYS.format(country=plan.country.upper()))] if plan.country else []),
        ("markdown", "## What it looks like"),
        ("", SEEN),
        ("", ECHOES),
        ("markdown", "## What the trials get"),
        ("", KEEPING + ('facts["holidays"] = days\n' if plan.country else "")),
        ("outputs", OUTPUTS),
    )


def _short(how: str) -> str:
    if how != "auto":
        return SHORT[how] + SHORT_NOTES[how]
    drop, pad = (SHORT[each].strip() + "\n" + SHORT_NOTES[each] for each in ("drop", "pad"))
    inner = "\n".join(f"    {line}" if line else "" for line in pad.splitlines())
    other = "\n".join(f"    {line}" if line else "" for line in drop.splitlines())
    return f"if is_short.all():\n{inner}\nelse:\n{other}"
