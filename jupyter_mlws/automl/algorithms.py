"""The algorithms by Azure ML's names: code that makes one, and the values that its parameters may take."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two, evenly or by their magnitude."""

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    def draw(self, dice: random.Random, near: float | None) -> float:
        """One of them; near another when there is one."""
        low, high = self._inner(self.low), self._inner(self.high)
        if near is None:
            place = dice.uniform(low, high)
        else:
            place = min(high, max(low, dice.gauss(self._inner(near), (high - low) / 6)))
        value = 10**place if self.is_log else place
        return round(value) if self.is_whole else float(f"{value:.4g}")

    def _inner(self, value: float) -> float:
        import math

        return math.log10(value) if self.is_log else value


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A way to learn.

    Attributes:
        label: how the leaderboard calls it.
        imports: the line that the notebook needs.
        code: the estimator; `{values}` stands for drawn parameters, `{seed}` and `{cores}` for numbers.
        first: values of the first trial.
        space: what may be drawn.
        scales: the step before it, where it needs columns of like size.
    """

    label: str
    imports: str
    code: str
    first: Values
    space: Mapping[str, Range | Sequence[Any]]
    scales: str = ""

    def source(self, values: Values, *, seed: int, cores: int) -> str:
        """Code of a pipeline from raw columns, `features` first."""
        said = "".join(f", {name}={value!r}" for name, value in values.items())
        made = self.code.format(values=said, seed=seed, cores=cores).replace("(, ", "(")
        scale = f"{self.scales}, " if self.scales else ""
        return f"make_pipeline(features, {scale}{made})"

    def draw(self, dice: random.Random, near: Values | None) -> Values:
        """Other values; near good ones when there are any."""
        drawn: Values = {}
        for name, values in self.space.items():
            known = (near or {}).get(name)
            if isinstance(values, Range):
                drawn[name] = values.draw(dice, known)
            elif known is not None and dice.random() < 0.7:
                drawn[name] = known
            else:
                drawn[name] = dice.choice(list(values))
        return drawn


SCALED = "StandardScaler()"
_BOOST: dict[str, Range | Sequence[Any]] = {
    "n_estimators": Range(50, 800, is_log=True, is_whole=True),
    "learning_rate": Range(0.01, 0.3, is_log=True),
    "subsample": Range(0.5, 1),
    "colsample_bytree": Range(0.4, 1),
    "reg_lambda": Range(0.001, 30, is_log=True),
}
_LEAVES = {**_BOOST, "num_leaves": Range(4, 128, is_log=True, is_whole=True)}
_DEPTH = {**_BOOST, "max_depth": Range(2, 10, is_whole=True)}
_FOREST: dict[str, Range | Sequence[Any]] = {
    "n_estimators": Range(100, 600, is_log=True, is_whole=True),
    "max_features": ("sqrt", 0.3, 0.6, 1.0),
    "min_samples_leaf": Range(1, 20, is_log=True, is_whole=True),
}
_HIST: dict[str, Range | Sequence[Any]] = {
    "learning_rate": Range(0.01, 0.3, is_log=True),
    "max_iter": Range(50, 500, is_log=True, is_whole=True),
    "max_leaf_nodes": Range(4, 64, is_log=True, is_whole=True),
    "l2_regularization": Range(0.001, 30, is_log=True),
}
_KNN: dict[str, Range | Sequence[Any]] = {
    "n_neighbors": Range(1, 50, is_log=True, is_whole=True),
    "weights": ("uniform", "distance"),
}
_TREE: dict[str, Range | Sequence[Any]] = {
    "max_depth": Range(2, 20, is_whole=True),
    "min_samples_leaf": Range(1, 50, is_log=True, is_whole=True),
}
_C: dict[str, Range | Sequence[Any]] = {"C": Range(0.001, 100, is_log=True)}
_ALPHA: dict[str, Range | Sequence[Any]] = {"alpha": Range(1e-5, 10, is_log=True)}
_SMALL_LEAVES = {"n_estimators": 150, "learning_rate": 0.06, "num_leaves": 15}
_SMALL_DEPTH = {"n_estimators": 150, "learning_rate": 0.06, "max_depth": 4}
_ALL_TREES = {"n_estimators": 200}


def _sklearn(module: str, name: str) -> str:
    return f"from sklearn.{module} import {name}"


CLASSIFIERS: dict[str, Algorithm] = {
    "light_gbm": Algorithm(
        "LightGBM",
        "from lightgbm import LGBMClassifier",
        "LGBMClassifier(subsample_freq=1, random_state={seed}, n_jobs={cores}, verbose=-1{values})",
        _SMALL_LEAVES,
        _LEAVES,
    ),
    "logistic_regression": Algorithm(
        "LogisticRegression",
        _sklearn("linear_model", "LogisticRegression"),
        "LogisticRegression(max_iter=2000{values})",
        {"C": 1.0},
        _C,
        SCALED,
    ),
    "extreme_random_trees": Algorithm(
        "ExtremeRandomTrees",
        _sklearn("ensemble", "ExtraTreesClassifier"),
        "ExtraTreesClassifier(random_state={seed}, n_jobs={cores}{values})",
        _ALL_TREES,
        _FOREST,
    ),
    "xg_boost_classifier": Algorithm(
        "XGBoostClassifier",
        "from sklearn.ensemble import VotingClassifier\nfrom xgboost import XGBClassifier",
        # A vote of one: XGBoost takes only whole numbers as classes, and this turns labels into such.
        'VotingClassifier([("xgb", XGBClassifier(random_state={seed}, n_jobs={cores}{values}))], voting="soft")',
        _SMALL_DEPTH,
        _DEPTH,
    ),
    "random_forest": Algorithm(
        "RandomForest",
        _sklearn("ensemble", "RandomForestClassifier"),
        "RandomForestClassifier(random_state={seed}, n_jobs={cores}{values})",
        _ALL_TREES,
        _FOREST,
    ),
    "gradient_boosting": Algorithm(
        "GradientBoosting",
        _sklearn("ensemble", "HistGradientBoostingClassifier"),
        "HistGradientBoostingClassifier(random_state={seed}{values})",
        {"learning_rate": 0.06, "max_iter": 120, "max_leaf_nodes": 15},
        _HIST,
    ),
    "svm": Algorithm(
        "SVM",
        _sklearn("calibration", "CalibratedClassifierCV") + "\n" + _sklearn("svm", "SVC"),
        "CalibratedClassifierCV(SVC(random_state={seed}{values}), ensemble=False)",
        {"C": 1.0},
        _C,
        SCALED,
    ),
    "linear_svm": Algorithm(
        "LinearSVM",
        _sklearn("calibration", "CalibratedClassifierCV") + "\n" + _sklearn("svm", "LinearSVC"),
        "CalibratedClassifierCV(LinearSVC(random_state={seed}{values}), ensemble=False)",
        {"C": 1.0},
        _C,
        SCALED,
    ),
    "sgd": Algorithm(
        "SGD",
        _sklearn("linear_model", "SGDClassifier"),
        'SGDClassifier(loss="log_loss", random_state={seed}{values})',
        {"alpha": 0.001},
        _ALPHA,
        SCALED,
    ),
    "knn": Algorithm(
        "KNN",
        _sklearn("neighbors", "KNeighborsClassifier"),
        "KNeighborsClassifier(n_jobs={cores}{values})",
        {"n_neighbors": 5},
        _KNN,
        SCALED,
    ),
    "decision_tree": Algorithm(
        "DecisionTree",
        _sklearn("tree", "DecisionTreeClassifier"),
        "DecisionTreeClassifier(random_state={seed}{values})",
        {"max_depth": 5},
        _TREE,
    ),
    "multinomial_naive_bayes": Algorithm(
        "MultinomialNaiveBayes",
        _sklearn("naive_bayes", "MultinomialNB") + "\n" + _sklearn("preprocessing", "MinMaxScaler"),
        "MultinomialNB({values})",
        {"alpha": 1.0},
        _ALPHA,
        "MinMaxScaler(clip=True)",
    ),
    "bernoulli_naive_bayes": Algorithm(
        "BernoulliNaiveBayes",
        _sklearn("naive_bayes", "BernoulliNB"),
        "BernoulliNB({values})",
        {"alpha": 1.0},
        _ALPHA,
        SCALED,
    ),
}
"""Strong and quick ones first: they are tried in this order."""

REGRESSORS: dict[str, Algorithm] = {
    "light_gbm": Algorithm(
        "LightGBM",
        "from lightgbm import LGBMRegressor",
        "LGBMRegressor(subsample_freq=1, random_state={seed}, n_jobs={cores}, verbose=-1{values})",
        _SMALL_LEAVES,
        _LEAVES,
    ),
    "elastic_net": Algorithm(
        "ElasticNet",
        _sklearn("linear_model", "ElasticNet"),
        "ElasticNet(max_iter=5000{values})",
        {"alpha": 0.01, "l1_ratio": 0.5},
        {**_ALPHA, "l1_ratio": Range(0.05, 1)},
        SCALED,
    ),
    "extreme_random_trees": Algorithm(
        "ExtremeRandomTrees",
        _sklearn("ensemble", "ExtraTreesRegressor"),
        "ExtraTreesRegressor(random_state={seed}, n_jobs={cores}{values})",
        _ALL_TREES,
        _FOREST,
    ),
    "xg_boost_regressor": Algorithm(
        "XGBoostRegressor",
        "from xgboost import XGBRegressor",
        "XGBRegressor(random_state={seed}, n_jobs={cores}{values})",
        _SMALL_DEPTH,
        _DEPTH,
    ),
    "random_forest": Algorithm(
        "RandomForest",
        _sklearn("ensemble", "RandomForestRegressor"),
        "RandomForestRegressor(random_state={seed}, n_jobs={cores}{values})",
        _ALL_TREES,
        _FOREST,
    ),
    "gradient_boosting": Algorithm(
        "GradientBoosting",
        _sklearn("ensemble", "HistGradientBoostingRegressor"),
        "HistGradientBoostingRegressor(random_state={seed}{values})",
        {"learning_rate": 0.06, "max_iter": 120, "max_leaf_nodes": 15},
        _HIST,
    ),
    "lasso_lars": Algorithm(
        "LassoLars",
        _sklearn("linear_model", "LassoLars"),
        "LassoLars(random_state={seed}{values})",
        {"alpha": 0.01},
        _ALPHA,
        SCALED,
    ),
    "sgd": Algorithm(
        "SGD",
        _sklearn("compose", "TransformedTargetRegressor")
        + "\n"
        + _sklearn("linear_model", "SGDRegressor"),
        "TransformedTargetRegressor(SGDRegressor(random_state={seed}{values}), transformer=StandardScaler())",
        {"alpha": 0.001},
        _ALPHA,
        SCALED,
    ),
    "knn": Algorithm(
        "KNN",
        _sklearn("neighbors", "KNeighborsRegressor"),
        "KNeighborsRegressor(n_jobs={cores}{values})",
        {"n_neighbors": 5},
        _KNN,
        SCALED,
    ),
    "decision_tree": Algorithm(
        "DecisionTree",
        _sklearn("tree", "DecisionTreeRegressor"),
        "DecisionTreeRegressor(random_state={seed}{values})",
        {"max_depth": 5},
        _TREE,
    ),
}
"""Strong and quick ones first: they are tried in this order."""

ALGORITHMS = {"classification": CLASSIFIERS, "regression": REGRESSORS}


@dataclass(frozen=True, slots=True)
class Draw:
    """What one trial tries."""

    algorithm: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tried:
    """A draw, and how good it was; more is better, None when it failed."""

    draw: Draw
    score: float | None


def next_draw(
    known: Mapping[str, Algorithm], tried: Sequence[Tried], number: int, seed: int
) -> Draw:
    """What trial `number` tries: each algorithm once, then values near those of the best three.

    Args:
        known: the algorithms that may be used.
        tried: trials that have ended.
    """
    names = list(known)
    if number < len(names):
        return Draw(names[number], dict(known[names[number]].first))
    dice = random.Random(seed * 100_003 + number)
    best: dict[str, Tried] = {}
    for one in tried:
        before = best.get(one.draw.algorithm)
        if one.score is not None and (
            before is None or before.score is None or one.score > before.score
        ):
            best[one.draw.algorithm] = one
    order = sorted(best.values(), key=lambda one: -(one.score or 0.0))[:3]
    if not order or dice.random() < 0.1:
        name = dice.choice(names)
        return Draw(name, known[name].draw(dice, None))
    chosen = dice.choices(order, weights=[4, 2, 1][: len(order)])[0].draw
    near = chosen.values if dice.random() < 0.7 else None
    return Draw(chosen.algorithm, known[chosen.algorithm].draw(dice, near))
