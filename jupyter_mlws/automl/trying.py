"""The notebook of one trial: read, featurise, check, fit, keep. All that a trial does stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_mlws.automl.featurising import Columns, featurising
from jupyter_mlws.automl.picturing import plots
from jupyter_mlws.automl.settings import HOLD_OUT_ROWS, Settings
from jupyter_mlws.automl.writing import written


@dataclass(frozen=True, slots=True)
class Explored:
    """What the first notebook found.

    Attributes:
        columns: names by how they are treated.
    """

    columns: Columns
    n_rows: int
    n_folds: int


COMMON = """
import shutil

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler, TargetEncoder
"""
CLASS_SCORES = '''
def measure(y, probability, classes, weight=None):
    """All scores of a classifier, from the probability of each class."""
    w = {"sample_weight": weight}
    truth, guess = np.searchsorted(classes, y), probability.argmax(axis=1)
    known = np.eye(len(classes))[truth]
    share = np.bincount(truth, weights=weight, minlength=len(classes))[truth]
    if weight is not None:
        share = share * weight
    scores = {
        "accuracy": m.accuracy_score(truth, guess, **w),
        "weighted_accuracy": np.average(truth == guess, weights=share),
        "balanced_accuracy": m.balanced_accuracy_score(truth, guess, **w),
        "matthews_correlation": m.matthews_corrcoef(truth, guess, **w),
        "log_loss": m.log_loss(truth, probability, labels=range(len(classes)), **w),
    }
    for average in ("macro", "micro", "weighted"):
        scores[f"AUC_{average}"] = m.roc_auc_score(known, probability, average=average, **w)
        scores[f"average_precision_score_{average}"] = m.average_precision_score(known, probability, average=average, **w)
        for name in ("f1", "precision", "recall"):
            score = getattr(m, f"{name}_score")
            scores[f"{name}_score_{average}"] = score(truth, guess, average=average, zero_division=0, **w)
    if len(classes) == 2:
        one = list(classes).index(positive) if positive in list(classes) else 1
        scores["AUC_binary"] = m.roc_auc_score(truth == one, probability[:, one], **w)
        scores["average_precision_score_binary"] = m.average_precision_score(truth == one, probability[:, one], **w)
        for name in ("f1", "precision", "recall"):
            scores[f"{name}_score_binary"] = getattr(m, f"{name}_score")(truth == one, guess == one, zero_division=0, **w)
    chance = 1 / len(classes)
    scores["norm_macro_recall"] = (scores["recall_score_macro"] - chance) / (1 - chance)
    return {name: float(score) for name, score in scores.items()}
'''
NUMBER_SCORES = '''
def measure(y, guess, size, weight=None):
    """All scores of a regressor; normalised ones are divided by `size`, the range of the target."""
    w = {"sample_weight": weight}
    scores = {
        "explained_variance": m.explained_variance_score(y, guess, **w),
        "mean_absolute_error": m.mean_absolute_error(y, guess, **w),
        "mean_absolute_percentage_error": m.mean_absolute_percentage_error(y, guess, **w) * 100,
        "median_absolute_error": m.median_absolute_error(y, guess, **w),
        "r2_score": m.r2_score(y, guess, **w),
        "root_mean_squared_error": m.root_mean_squared_error(y, guess, **w),
        "spearman_correlation": pd.Series(y).corr(pd.Series(guess), method="spearman") if np.ptp(guess) else 0.0,
    }
    if min(y) >= 0:
        scores["root_mean_squared_log_error"] = m.root_mean_squared_error(np.log1p(y), np.log1p(np.clip(guess, 0, None)), **w)
    for name in ("mean_absolute_error", "median_absolute_error", "root_mean_squared_error", "root_mean_squared_log_error"):
        if name in scores:
            scores[f"normalized_{name}"] = scores[name] / size
    return {name: float(score) for name, score in scores.items()}
'''
CHECKING = """
guesses = []
for train, test in splits:
    fitted = clone(model).fit(X.iloc[train], y.iloc[train]{fit})
    guesses.append(fitted.{predict}(X.iloc[test]))
checked, guess = np.concatenate([test for _, test in splits]), np.concatenate(guesses)
truth = y.iloc[checked].to_numpy()
scores = measure(truth, guess, {more})
mlflow.log_metrics(scores)
pd.Series(scores, name="score").to_frame()
"""
WEIGHING = '''
from sklearn.pipeline import Pipeline

class Weighed(Pipeline):
    """A pipeline whose last step is told how much each row counts."""

    def fit(self, X, y=None, sample_weight=None):
        last, _ = self.steps[-1]
        return super().fit(X, y, **({} if sample_weight is None else {f"{last}__sample_weight": sample_weight}))

def weighed(*steps):
    return Weighed(make_pipeline(*steps).steps)
'''
KEEPING = """
model.fit(X, y{fit})
shutil.rmtree("mlflow-model", ignore_errors=True)
mlflow.sklearn.save_model(
    model,
    "mlflow-model",
    serialization_format="cloudpickle",
    signature=infer_signature(X.head(100), model.predict(X.head(100))),
    input_example=X.head(3),
    pip_requirements={requirements},
)
"""


def trial(
    settings: Settings, found: Explored, title: str, imports: Sequence[str], model: str
) -> bytes:
    """The notebook that tries one model.

    Args:
        imports: lines that the model's code needs.
        model: code of the pipeline from raw columns; `features` stands for the featurisation.
    """
    is_class = settings.task == "classification"
    lines = sorted({line for text in imports for line in text.splitlines()})
    libraries = [
        name for name in ("lightgbm", "xgboost") if any(f"from {name} " in line for line in lines)
    ]
    needs = "mlflow.sklearn.get_default_pip_requirements(include_cloudpickle=True)"
    for name in libraries:
        needs += f' + ["{name}"]'
    checking = CHECKING.format(
        predict="predict_proba" if is_class else "predict",
        more=("classes" if is_class else "size") + (", weight[checked]" if settings.weight else ""),
        fit=", sample_weight=weight[train]" if settings.weight else "",
    )
    fit = ", sample_weight=weight" if settings.weight else ""
    if settings.weight:
        model = model.replace("make_pipeline(features", "weighed(features")
    return written(
        (
            "markdown",
            f"# {title}\nOne trial for {settings.task} of `{settings.target}`: run it again and the score is the same.",
        ),
        ("parameters", 'prepared: "Folder" = "prepared"'),
        ("", "\n".join(["from sklearn import metrics as m", *lines]) + "\n" + COMMON),
        ("markdown", "## Data"),
        ("", _reading(settings)),
        ("", _splits(settings, found)),
        ("markdown", "## Model"),
        ("", featurising(settings, found.columns)),
        *([("", WEIGHING)] if settings.weight else []),
        ("", f"model = {model}\nmodel"),
        ("markdown", "## How good it is"),
        ("", CLASS_SCORES if is_class else NUMBER_SCORES),
        ("", checking),
        *plots(settings.task, "weight[checked]" if settings.weight else ""),
        ("markdown", "## The model, of all rows"),
        ("", KEEPING.format(requirements=needs, fit=fit)),
        (
            "outputs",
            f'score: float = scores["{settings.metric}"]\nmodel: "Folder" = "mlflow-model"',
        ),
    )


def _reading(settings: Settings) -> str:
    lines = [
        f"target, seed = {settings.target!r}, {settings.seed}",
        'table = pd.read_parquet(f"{prepared}/train.parquet")',
    ]
    if settings.has_validation:
        lines += [
            "n_train = len(table)",
            'table = pd.concat([table, pd.read_parquet(f"{prepared}/validation.parquet")], ignore_index=True)',
        ]
    roles = f"{settings.roles!r}" if len(settings.roles) > 1 else "target"
    lines += [f"X, y = table.drop(columns={roles}), table[target]"]
    if settings.weight:
        lines += [f"weight = table[{settings.weight!r}].to_numpy()"]
    if settings.task == "classification":
        lines += [f"classes, positive = np.unique(y), {settings.positive!r}"]
    else:
        lines += ["size = np.ptp(y)"]
    return "\n".join([*lines, "X.head()"])


def _splits(settings: Settings, found: Explored) -> str:
    """Azure ML's rules: what the job says, else a hold-out of many rows, else folds."""
    kind = "Stratified" if settings.task == "classification" else ""
    if settings.has_validation:
        return "# The rows given for validation check the model.\nsplits = [(np.arange(n_train), np.arange(n_train, len(table)))]"
    if settings.splits:
        return f"# 1 is a row that trains, 0 one that checks the model.\nsplits = [(np.flatnonzero(table[name] == 1), np.flatnonzero(table[name] == 0)) for name in {settings.splits!r}]"
    is_large = found.n_rows > HOLD_OUT_ROWS and settings.n_folds is None
    if settings.hold_out or is_large:
        name = f"{kind}ShuffleSplit"
        made = f"{name}(1, test_size={settings.hold_out or 0.1}, random_state=seed)"
    else:
        name = f"{kind}KFold"
        made = f"{name}({found.n_folds}, shuffle=True, random_state=seed)"
    return f"from sklearn.model_selection import {name}\n\nsplits = list({made}.split(X, y))\nlen(splits)"
