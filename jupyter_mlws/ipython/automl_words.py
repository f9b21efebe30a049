"""What the AutoML wizard knows of columns, and its words: those of the wizard in JupyterLab."""

from __future__ import annotations

import re

from jupyter_mlws.entities.profile import ColumnProfile

MAX_CLASSES = 20
"""Distinct whole numbers up to which they are taken for classes."""
TASKS = {
    "classification": "Classification: which class",
    "regression": "Regression: how much",
    "forecasting": "Forecasting: what comes next",
}
HINTS = {
    "constant": "one value",
    "identifier": "looks like an id",
    "missing": "mostly missing",
    "infinite": "has infinities",
    "moment": "time",
}
TYPES = {
    "Numeric": "Number",
    "DateTime": "Moment",
    "Categorical": "Category",
    "CategoricalHash": "Category, hashed",
    "Text": "Text",
    "Ignore": "Left out",
}
METRICS = {
    "AUC_weighted": (
        "How well the classes are told apart, whatever the threshold; 1 is perfect, 0.5 is guessing."
    ),
    "accuracy": "Share of the rows that are classified right.",
    "norm_macro_recall": (
        "Recall of each class counted the same, so that 0 is guessing; for rare classes."
    ),
    "average_precision_score_weighted": (
        "Precision over all recalls; for classes that are rare and matter."
    ),
    "precision_score_weighted": "Of the rows said to be of a class, the share that are.",
    "normalized_root_mean_squared_error": (
        "Typical error over the range of the target; large errors count more; 0 is perfect."
    ),
    "spearman_correlation": "Whether the order is right; 1 is perfect.",
    "r2_score": "Share of the spread that is explained; 1 is perfect, 0 is the mean.",
    "normalized_mean_absolute_error": "Mean error over the range of the target; 0 is perfect.",
}
"""What a metric says, in one line."""


def task_of(column: ColumnProfile) -> str:
    """What a column, as the target, asks for: amounts are regressed, all else is classified."""
    if column.family != "number":
        return "classification"
    is_whole = not re.search("double|float|decimal|real", column.type, re.IGNORECASE)
    few = (column.n_distinct or 0) <= MAX_CLASSES
    return "classification" if is_whole and few else "regression"


def hints_of(column: ColumnProfile, n_rows: int) -> list[str]:
    """What a person should know of a column before it is trained on."""
    n_distinct = column.n_distinct or 0
    is_word = column.family == "text" or "int" in column.type.lower()
    found = {
        "constant": n_distinct <= 1,
        "identifier": is_word and n_rows > MAX_CLASSES and n_distinct >= n_rows * 0.99,
        "missing": n_rows > 0 and column.n_missing / n_rows > 0.5,
        "infinite": bool(column.n_infinite),
        "moment": column.family == "moment",
    }
    return [name for name, is_so in found.items() if is_so]
