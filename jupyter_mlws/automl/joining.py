"""The notebooks that join trials: by a vote that is weighed, or by a last model that reads what they say.

Both go by what the trials have told of rows that they had not seen, so nothing is trained anew.
Source: Caruana et al. 2004, Ensemble selection from libraries of models; Wolpert 1992, Stacked generalization.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_mlws.automl import stacking
from jupyter_mlws.automl.picturing import plots
from jupyter_mlws.automl.settings import Settings
from jupyter_mlws.automl.trying import CLASS_SCORES, NUMBER_SCORES, keeping, reading
from jupyter_mlws.automl.writing import written

VOTE, STACK = "VotingEnsemble", "StackEnsemble"
QUALITY = {
    "AUC_weighted": 'm.roc_auc_score(known, guess, average="weighted"{w})',
    "accuracy": "m.accuracy_score(places, guess.argmax(axis=1){w})",
    "norm_macro_recall": 'm.recall_score(places, guess.argmax(axis=1), average="macro"{w})',
    "average_precision_score_weighted": 'm.average_precision_score(known, guess, average="weighted"{w})',
    "precision_score_weighted": 'm.precision_score(places, guess.argmax(axis=1), average="weighted", zero_division=0{w})',
    "normalized_root_mean_squared_error": "-m.root_mean_squared_error(truth, guess{w})",
    "normalized_mean_absolute_error": "-m.mean_absolute_error(truth, guess{w})",
    "r2_score": "m.r2_score(truth, guess{w})",
    "spearman_correlation": 'pd.Series(truth).corr(pd.Series(guess), method="spearman") if np.ptp(guess) else 0',
}
"""The metric alone: more is better."""
IMPORTS = """
import shutil

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn import metrics as m
"""
MEMBERS = """
told = [np.load(guesses) for _, guesses in members.values()]
checked, guesses = told[0]["rows"], np.stack([one["guess"] for one in told])
assert all(np.array_equal(one["rows"], checked) for one in told), "the trials have told of other rows"
truth = y.iloc[checked].to_numpy()
"""
CLASSES = """
places = np.searchsorted(classes, truth)
known = np.eye(len(classes))[places]
"""
CHOOSING = '''
def quality(guess):
    """More is better."""
    return {quality}

# The member that helps the most is taken, again and again: how often is its weight.
chosen, total = [], 0
for _ in range(25):
    scored = [quality((total + each) / (len(chosen) + 1)) for each in guesses]
    chosen.append(int(np.argmax(scored)))
    total = total + guesses[chosen[-1]]
weights = np.bincount(chosen, minlength=len(guesses)) / len(chosen)
guess = np.tensordot(weights, guesses, axes=1)
pd.Series(weights, members, name="weight").to_frame()
'''
VOTING = """
from sklearn.ensemble import {cls}
from sklearn.frozen import FrozenEstimator

voters = [name for name, weight in zip(members, weights) if weight > 0]
trained = {{name: mlflow.sklearn.load_model(members[name][0]) for name in voters}}
model = {cls}([(name, FrozenEstimator(each)) for name, each in trained.items()], weights=weights[weights > 0].tolist(){more})
model.fit(X, y)
"""
READER = '''
def read(guesses):
    """What the last model reads: what each member says, of classes of all but the first."""
    return np.hstack([each[:, 1:] if each.ndim == 2 else each[:, None] for each in guesses])
'''
LAST_CLASS = """
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedKFold, cross_val_predict
{imported}

last, folds = {last}, StratifiedKFold(3, shuffle=True, random_state=seed)
guess = cross_val_predict(last, read(guesses), truth, cv=folds, method="predict_proba"{params})
last.fit(read(guesses), truth{fit})
"""
LAST_NUMBER = """
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import KFold, cross_val_predict
{imported}

last, folds = {last}, KFold(3, shuffle=True, random_state=seed)
guess = cross_val_predict(last, read(guesses), truth, cv=folds{params})
last.fit(read(guesses), truth{fit})
"""
STACKED = '''
class Stacked({mixin}, BaseEstimator):
    """Asks all members, and the last model what to make of their answers."""

    def __init__(self, members, last):
        self.members, self.last = members, last

    def fit(self, X, y):
        """Nothing: all are trained."""
        return self

    def __sklearn_is_fitted__(self):
        return True
{answering}
model = Stacked([mlflow.sklearn.load_model(each) for each, _ in members.values()], last)
'''
ANSWERING_CLASS = """
    @property
    def classes_(self):
        return self.last.classes_

    def predict_proba(self, X):
        return self.last.predict_proba(read([each.predict_proba(X) for each in self.members]))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
"""
ANSWERING_NUMBER = """
    def predict(self, X):
        return self.last.predict(read([each.predict(X) for each in self.members]))
"""
SCORING = """
scores = measure(truth, guess, {more})
mlflow.log_metrics(scores)
pd.Series(scores, name="score").to_frame()
"""


def notebook(
    settings: Settings, title: str, members: Sequence[tuple[int, str]], imports: Sequence[str]
) -> bytes:
    """The notebook of an ensemble.

    Args:
        title: `VotingEnsemble` or `StackEnsemble`.
        members: number and title of each trial; its model and guesses come as `model_N` and `guesses_N`.
        imports: lines that the members' code needs.
    """
    is_class = settings.task == "classification"
    weight = "weight[checked]" if settings.weight else ""
    given = "\n".join(
        f'model_{n}: "Folder" = "model_{n}"\nguesses_{n}: "File" = "guesses_{n}.npz"'
        for n, _ in members
    )
    listed = "".join(
        f"    {f'trial {n} {name}'!r}: (model_{n}, guesses_{n}),\n" for n, name in members
    )
    more = ("classes" if is_class else "size") + (f", {weight}" if weight else "")
    return written(
        ("markdown", f"# {title}\n{_told(title)}"),
        ("parameters", f'prepared: "Folder" = "prepared"\n{given}'),
        ("", IMPORTS),
        ("markdown", "## Data"),
        ("", reading(settings)),
        ("markdown", "## Members, and what they have told of rows that they had not seen"),
        ("", f"members = {{\n{listed}}}" + MEMBERS + (CLASSES if is_class else "")),
        *(_vote(settings, weight) if title == VOTE else _stack(settings, weight)),
        ("markdown", "## How good it is"),
        ("", CLASS_SCORES if is_class else NUMBER_SCORES),
        ("", SCORING.format(more=more)),
        *plots(settings.task, weight),
        ("markdown", "## The model"),
        ("", keeping(imports)),
        (
            "outputs",
            f'score: float = scores["{settings.metric}"]\nmodel: "Folder" = "mlflow-model"',
        ),
    )


def _told(title: str) -> str:
    if title == VOTE:
        return (
            "The trials that are better together, weighed: run it again and the score is the same."
        )
    return "A last model reads what the best trials say: run it again and the score is the same."


def _vote(settings: Settings, weight: str) -> list[tuple[str, str]]:
    is_class = settings.task == "classification"
    counted = f", sample_weight={weight}" if weight else ""
    quality = QUALITY[settings.metric].format(w=counted)
    cls = "VotingClassifier" if is_class else "VotingRegressor"
    more = ', voting="soft"' if is_class else ""
    return [
        ("markdown", "## Their weights"),
        ("", CHOOSING.format(quality=quality)),
        ("", VOTING.format(cls=cls, more=more)),
    ]


def _stack(settings: Settings, weight: str) -> list[tuple[str, str]]:
    is_class = settings.task == "classification"
    code = LAST_CLASS if is_class else LAST_NUMBER
    mixin = "ClassifierMixin" if is_class else "RegressorMixin"
    answering = ANSWERING_CLASS if is_class else ANSWERING_NUMBER
    imported, last = stacking.learner(settings)
    params = f', params={{"sample_weight": {weight}}}' if weight else ""
    fit = f", sample_weight={weight}" if weight else ""
    return [
        ("markdown", "## The last model"),
        ("", READER + code.format(imported=imported, last=last, params=params, fit=fit)),
        ("", STACKED.format(mixin=mixin, answering=answering)),
    ]
