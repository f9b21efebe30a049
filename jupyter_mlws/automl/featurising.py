"""The cell that makes numbers of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_mlws.automl.settings import Settings
from jupyter_mlws.automl.writing import listed

Columns = Mapping[str, list[str]]
"""Names of columns by how they are treated."""

DATES = '''
def date_parts(table):
    """Dates as numbers: the day since 1970, month, weekday and hour."""
    parts = {}
    for name in table:
        when = pd.to_datetime(table[name], errors="coerce", format="mixed", utc=True)
        days = (when - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds() / 86400
        parts |= {f"{name} day": days, f"{name} month": when.dt.month, f"{name} weekday": when.dt.day_of_week, f"{name} hour": when.dt.hour}
    return pd.DataFrame(parts, index=table.index).astype(float)
'''
TEXTS = '''
def as_text(values):
    """Texts, those that are missing empty."""
    return values.fillna("").astype(str)
'''
GAPS = '''
def with_nan(table):
    """Categories as objects, those that are missing NaN."""
    return table.astype(object).where(table.notna(), np.nan)
'''
ONE_HOT = (
    'OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=30, sparse_output=False)'
)
TARGET = "TargetEncoder(random_state=seed)"
ORDINAL = (
    'OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)'
)
ENCODERS = {"one_hot_encoder": ONE_HOT, "cat_target_encoder": TARGET, "label_encoder": ORDINAL}
TEXT_READERS = {"tf_idf": "TfidfVectorizer", "count_vectorizer": "CountVectorizer"}


def text_reader(settings: Settings) -> str | None:
    """What makes numbers of texts; None where the job blocks all that does."""
    return next((made for name, made in TEXT_READERS.items() if name not in settings.blocked), None)


def featurising(settings: Settings, columns: Columns) -> str:
    """Code of `features`, which makes numbers of the columns of a table."""
    lines, parts = [], []
    if columns["numeric"]:
        own, rest = _filled(settings, columns["numeric"])
        parts += [f"({filler}, {names!r})," for filler, names in own]
        if rest:
            lines.append(listed(rest, "numbers"))
            parts.append('(SimpleImputer(strategy="median"), numbers),')
    for kind, variable, first in (
        ("categorical", "categories", "one_hot_encoder"),
        ("high_cardinality", "many_values", "cat_target_encoder"),
    ):
        own, rest = _filled(settings, columns[kind])
        encoder = _encoder(settings, first)
        lines += [GAPS] if own and GAPS not in lines else []
        parts += [
            f"(make_pipeline(FunctionTransformer(with_nan), {filler}, {encoder}), {names!r}),"
            for filler, names in own
        ]
        if rest:
            lines.append(listed(rest, variable))
            parts.append(f"({encoder}, {variable}),")
    if ORDINAL in "".join(parts):
        lines.append("from sklearn.preprocessing import OrdinalEncoder")
    if columns["date"]:
        lines.append(listed(columns["date"], "dates") + "\n" + DATES)
        parts.append(
            '(make_pipeline(FunctionTransformer(date_parts), SimpleImputer(strategy="median")), dates),'
        )
    reader = text_reader(settings)
    parts += [
        f"(make_pipeline(FunctionTransformer(as_text), {reader}(max_features=200)), {name!r}),"
        for name in columns["text"]
    ]
    if columns["text"]:
        lines.append(f"from sklearn.feature_extraction.text import {reader}\n" + TEXTS)
    inner = "\n".join(f"    {part}" for part in parts)
    made = f"features = make_column_transformer(\n{inner}\n    sparse_threshold=0,\n)"
    return "\n".join(lines) + f"\n\n{made}"


def _encoder(settings: Settings, first: str) -> str:
    """The first that is not blocked, of what suits categories."""
    order = [first, *(name for name in ENCODERS if name != first)]
    return next(ENCODERS[name] for name in order if name not in settings.blocked)


def _filled(
    settings: Settings, names: Sequence[str]
) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Imputers that the job asks for, each with its columns; and the columns left."""
    found, rest = [], list(names)
    for imputer in settings.imputers:
        own = [name for name in rest if name in imputer.fields]
        rest = [name for name in rest if name not in own]
        said = imputer.parameters
        fill = f", fill_value={said.fill_value!r}" if said.strategy == "constant" else ""
        if own:
            found.append((f'SimpleImputer(strategy="{said.strategy}"{fill})', own))
    return found, rest
