"""The first notebook: what is in the table, what is wrong with it, and which rows and columns are used."""

from __future__ import annotations

from jupyter_mlws.automl.featurising import text_reader
from jupyter_mlws.automl.settings import Settings
from jupyter_mlws.automl.writing import Cell, written

READING = """
def read(path):
    path = Path(path)
    if (path / "MLTable").is_file():
        from jupyter_mlws import mltable
        return mltable.load(str(path)).to_pandas_dataframe()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in {".parquet", ".csv", ".tsv"})
    if not files:
        raise ValueError(f"there is no MLTable, Parquet or CSV file in {path.name}")
    parts = [
        pd.read_parquet(p) if p.suffix == ".parquet" else pd.read_csv(p, sep="\\t" if p.suffix == ".tsv" else ",")
        for p in files
    ]
    return pd.concat(parts, ignore_index=True)
"""

WEIGHTS = """
if weight not in table:
    raise ValueError(f"weight_column_name: there is no column {weight!r}")
weights = pd.to_numeric(table[weight], errors="coerce").astype(float)
if not np.isfinite(weights).all():
    raise ValueError(f"weight_column_name: {(~np.isfinite(weights)).sum()} rows have no number in {weight!r}")
if (weights < 0).any():
    raise ValueError(f"weight_column_name: {(weights < 0).sum()} rows have a negative weight in {weight!r}")
if not weights.any():
    raise ValueError(f"weight_column_name: all of {weight!r} is 0")
table[weight] = weights
note("weights", "Done", f"rows count as {weight!r} says, in training and in all scores but spearman_correlation, which knows no weights{left_out}")
"""

ASIDE = """
from sklearn.model_selection import train_test_split

is_class = {is_class}
counts = table[target].value_counts()
alike = table[target] if is_class and counts.min() > 1 and {size} * len(table) >= len(counts) else None
table, test = train_test_split(table, test_size={size}, random_state={seed}, stratify=alike)
table, test = table.sort_index().reset_index(drop=True), test.sort_index().reset_index(drop=True)
note("rows for the test", "Done", f"{{len(test)}} are put aside before anything is trained")
"""

FILLING = """
kept = {name for kind in ("numeric", "categorical", "high_cardinality") for name in columns[kind]}
for at, (names, strategy, value) in enumerate(fillings):
    field = f"featurization.transformer_params.imputer.{at}"
    for name in names:
        if name not in kept:
            raise ValueError(f"{field}.fields: there is no column {name!r} of numbers or categories among the features")
        is_number = name in columns["numeric"]
        if strategy in ("mean", "median") and not is_number:
            raise ValueError(f"{field}.parameters.strategy: {strategy!r} is of numbers, and {name!r} has categories")
        if strategy == "constant" and is_number == isinstance(value, str):
            raise ValueError(f"{field}.parameters.fill_value: {value!r} is no value of {name!r}")
"""
FOLDS = """
for name in splits:
    if name not in table:
        raise ValueError(f"cv_split_column_names: there is no column {name!r}")
    if set(table[name]) != {0, 1}:
        raise ValueError(f"cv_split_column_names: {name!r} must have 1 for rows that train and 0 for rows that check, both, and nothing else")
    table[name] = table[name].astype(int)
    untrained = set(table[target]) - set(table[target][table[name] == 1])
    if is_class and untrained:
        raise ValueError(f"cv_split_column_names: in {name!r} no row trains of class {', '.join(sorted(map(str, untrained)))}")
"""

CLEANING = """
guardrails = []

def note(name, state, text):
    guardrails.append({"name": name, "state": state, "text": text})
    print(f"{state:8} {name}: {text}")

if target not in table:
    raise ValueError(f"target_column_name: there is no column {target!r} (there are: {', '.join(map(str, table.columns[:50]))})")
rows = len(table)
table = table[table[target].notna()].reset_index(drop=True)
if len(table) < rows:
    note("missing target", "Done", f"{rows - len(table)} rows without a target are left out")
if len(table) < 10:
    raise ValueError(f"too few rows: {len(table)} with a target, and at least 10 are needed")
if table[target].nunique() < 2:
    raise ValueError(f"constant target: all of {target!r} is {table[target].iloc[0]!r}")
n_repeated = int(table.duplicated().sum())
note("duplicate rows", "Alerted" if n_repeated else "Passed", f"{n_repeated} rows stand there more than once")
"""

CLASSES = """
n_folds = {n_folds} if {n_folds} else (10 if len(table) < 1000 else 3)
counts = table[target].value_counts()
rare = counts[counts < n_folds]
if len(rare) and len(counts) - len(rare) >= 2:
    table = table[~table[target].isin(rare.index)].reset_index(drop=True)
    note("rare classes", "Done", f"classes with fewer than {{n_folds}} rows are left out: {{list(map(str, rare.index))}}")
elif len(rare):
    n_folds = max(2, int(counts.min()))
    if counts.min() < 2:
        raise ValueError(f"class {{counts.idxmin()!r}} has one row: a second is needed to check a model")
    note("rare classes", "Done", f"{{n_folds}} folds, so that each class is in each of them")
share = table[target].value_counts(normalize=True)
note("class balance", "Alerted" if share.min() < 0.2 / len(share) else "Passed", f"the smallest class has {{share.min():.1%}} of the rows")
share.to_frame("share")
"""

NUMBERS = """
n_folds = {n_folds} if {n_folds} else (10 if len(table) < 1000 else 3)
n_folds = min(n_folds, len(table) // 2)
table[target] = pd.to_numeric(table[target], errors="raise").astype(float)
if not np.isfinite(table[target]).all():
    raise ValueError(f"target {{target!r}} has infinite values")
table[target].describe()
"""

COLUMNS = """
columns = {"numeric": [], "categorical": [], "high_cardinality": [], "text": [], "date": []}
words = {"Numeric": "numeric", "DateTime": "date", "Categorical": "categorical", "CategoricalHash": "high_cardinality", "Text": "text"}

def kind_of(name):
    values = table[name].dropna()
    n_values = values.nunique()
    if n_values < 2:
        return "constant"
    if pd.api.types.is_bool_dtype(values):
        return "categorical"
    if pd.api.types.is_numeric_dtype(values):
        steps = whole[name].astype(float).diff().iloc[1:]
        is_count = n_values == len(table) and pd.api.types.is_integer_dtype(values) and (steps == 1).all()
        return "id" if is_count else "numeric"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    texts = values.astype(str)
    if pd.to_datetime(texts.head(500), errors="coerce", format="mixed").notna().mean() > 0.95 and texts.str.contains(r"\\d[-/.:]\\d").all():
        return "date"
    if texts.str.count(" ").mean() >= 3 and n_values > 0.5 * len(texts):
        return "text"
    if n_values == len(table):
        return "id"
    return "categorical" if n_values <= 30 else "high_cardinality"

kinds = {}
for name in table.columns.drop(roles):
    said = types.get(name)
    kinds[name] = "ignored" if said == "Ignore" else words[said] if said else kind_of(name)
    if kinds[name] == "text" and not reads_texts:
        kinds[name] = "unread"
    if kinds[name] in columns:
        columns[kinds[name]].append(name)
for name in types:
    if name not in kinds:
        raise ValueError(f"featurization.column_name_and_types: there is no column {name!r}")
for kind, text in {"constant": "have one value", "id": "number the rows", "ignored": "are to be ignored", "unread": "are texts, which may not be read,"}.items():
    if found := [name for name in kinds if kinds[name] == kind]:
        note(f"{kind} columns", "Done", f"{len(found)} that {text} are left out: {found[:20]}")
if not sum(columns.values(), []):
    raise ValueError("there is no column to learn from")
if columns["high_cardinality"]:
    note("high cardinality", "Done", f"replaced by what the target is for each value: {columns['high_cardinality'][:20]}")
pd.Series(kinds, name="type").value_counts().to_frame()
"""

VALUES = '''
def clean(table):
    """Numbers as floats, infinite ones missing; everything else as text."""
    table = table[[*sum(columns.values(), []), *(name for name in roles if name in table)]].copy()
    for name in columns["numeric"]:
        table[name] = pd.to_numeric(table[name], errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)
    for name in [*columns["categorical"], *columns["high_cardinality"], *columns["text"], *columns["date"]]:
        if not (pd.api.types.is_object_dtype(table[name]) or pd.api.types.is_string_dtype(table[name])):
            continue
        values = table[name].astype(object)
        table[name] = values.where(values.isna(), values.map(str)).where(values.notna(), None)
    return table

n_infinite = int(np.isinf(table.drop(columns=roles).select_dtypes("number")).sum().sum())
if n_infinite:
    note("infinite values", "Done", f"{n_infinite} are taken as missing")
table = clean(table)
missing = table.drop(columns=roles).isna().mean().sort_values(ascending=False)
note("missing values", "Done" if missing.max() > 0 else "Passed", f"{int((missing > 0).sum())} columns have some; filled with the median, or a category of their own")
missing[missing > 0].head(30).to_frame("missing")
'''

LEAKS = """
codes = table[target] if pd.api.types.is_float_dtype(table[target]) else pd.Series(pd.factorize(table[target])[0])
suspects = []
for name in [*columns["numeric"], *columns["categorical"]]:
    if name in columns["numeric"]:
        if codes.nunique() > 2 and not pd.api.types.is_float_dtype(table[target]):
            continue
        if abs(table[name].corr(codes.astype(float), method="spearman")) > 0.995:
            suspects.append(name)
    elif (table.groupby(name)[target].nunique() <= 1).all() and table[name].nunique() >= table[target].nunique():
        suspects.append(name)
note("leak suspects", "Alerted" if suspects else "Passed", f"columns that tell the target alone: {suspects}" if suspects else "no column tells the target alone")
"""

KEEPING = """
Path("prepared").mkdir(exist_ok=True)
table.to_parquet("prepared/train.parquet")
"""

OTHERS = '''
def others(rows, field):
    """Rows beside those that train, as those are kept."""
    needed = [*sum(columns.values(), []), target, *weight_names]
    if lacking := [name for name in needed if name not in rows]:
        raise ValueError(f"{field}: there is no column {', '.join(map(repr, lacking))}")
    rows = clean(rows[rows[target].notna()].reset_index(drop=True))
    rows[target] = rows[target].astype(table[target].dtype)
    unknown = ~rows[target].isin(table[target].unique()) & is_class
    if unknown.any():
        note(f"classes of {field}", "Done", f"{unknown.sum()} rows are left out, of classes that are not in the training data: {sorted(set(map(str, rows[target][unknown])))}")
        rows = rows[~unknown].reset_index(drop=True)
    if not len(rows):
        raise ValueError(f"{field}: there is no row with a target")
    for name in weight_names:
        rows[name] = pd.to_numeric(rows[name], errors="coerce").astype(float)
        if not (np.isfinite(rows[name]) & (rows[name] >= 0)).all() or not rows[name].any():
            raise ValueError(f"weight_column_name: a weight is missing, negative, or all are 0 in {name!r} of {field}")
    return rows

def known_rows(rows):
    """How many rows are trained with as well."""
    names = [*sum(columns.values(), []), target]
    one, other = (pd.util.hash_pandas_object(part[names].astype(str), index=False) for part in (rows, table))
    return int(one.isin(other).sum())
'''
VALIDATION = """
others(read(validation_data), "validation_data").to_parquet("prepared/validation.parquet")
"""
TEST = """
test = others({test}, "{field}")
n_known = known_rows(test)
note("test data", "Alerted" if n_known else "Passed", f"{{n_known}} of its {{len(test)}} rows are in the training data as well")
test.to_parquet("prepared/test.parquet")
"""

OUTPUTS = """
prepared: "Folder" = "prepared"
columns: dict = columns
guardrails: list = guardrails
n_rows: int = n_rows
n_folds: int = n_folds
"""


def notebook(settings: Settings) -> bytes:
    """The notebook that explores the table and keeps it ready for the trials."""
    classes = CLASSES if settings.task == "classification" else NUMBERS
    given = ['training_data: "Path" = "data"']
    if settings.has_validation:
        given.append('validation_data: "Path" = "validation"')
    if settings.has_test:
        given.append('test_data: "Path" = "test"')
    return written(
        (
            "markdown",
            f"# What is in the data\nFor {settings.task} of `{settings.target}`. The trials read what this notebook keeps.",
        ),
        ("parameters", "\n".join(given)),
        ("", "from pathlib import Path\n\nimport numpy as np\nimport pandas as pd"),
        ("", f"target = {settings.target!r}\ntypes = {settings.types!r}\n{READING}"),
        ("", "whole = table = read(training_data)\ntable.head()"),
        ("", "table.describe(include='all').T"),
        ("markdown", "## Rows"),
        ("", CLEANING),
        *_weighing(settings),
        *_setting_aside(settings),
        ("", classes.format(n_folds=2 if settings.splits else settings.n_folds or 0)),
        *_folding(settings),
        ("markdown", "## Columns"),
        ("", COLUMNS),
        *_filling(settings),
        ("", VALUES),
        ("", LEAKS),
        ("markdown", "## What the trials get"),
        *_keeping(settings),
        ("", "n_rows = len(table)"),
        (
            "outputs",
            OUTPUTS,
        ),
    )


def _weighing(settings: Settings) -> list[Cell]:
    if not settings.weight:
        return []
    unable = ", ".join(settings.unweighted)
    left_out = f"; {unable}: not tried, as they know none" if unable else ""
    return [("", f"weight, left_out = {settings.weight!r}, {left_out!r}\n{WEIGHTS}")]


def _setting_aside(settings: Settings) -> list[Cell]:
    if settings.test_size is None:
        return []
    is_class = settings.task == "classification"
    return [("", ASIDE.format(is_class=is_class, size=settings.test_size, seed=settings.seed))]


def _folding(settings: Settings) -> list[Cell]:
    names = [settings.weight] if settings.weight else []
    lines = f"roles = {settings.roles!r}\nweight_names, splits = {names!r}, {settings.splits!r}"
    lines += f"\nis_class = {settings.task == 'classification'}"
    lines += f"\nreads_texts = {text_reader(settings) is not None}"
    return [("", lines + (FOLDS if settings.splits else ""))]


def _keeping(settings: Settings) -> list[Cell]:
    code = KEEPING
    if settings.has_validation:
        code += VALIDATION
    if settings.has_test:
        code += TEST.format(test="read(test_data)", field="test_data")
    elif settings.tests:
        code += TEST.format(test="test", field="test_data_size")
    needs_others = settings.has_validation or settings.tests
    return [("", OTHERS), ("", code)] if needs_others else [("", code)]


def _filling(settings: Settings) -> list[Cell]:
    if not settings.imputers:
        return []
    said = [
        (one.fields, one.parameters.strategy, one.parameters.fill_value)
        for one in settings.imputers
    ]
    return [("", f"fillings = {said!r}\n{FILLING}")]
