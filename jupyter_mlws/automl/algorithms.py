"""The algorithms by Azure ML's names: code that makes one, and the values that its parameters may take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_mlws.execution.search.space import Position

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two, evenly or by their magnitude."""

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    @property
    def distribution(self) -> dict[str, Any]:
        """As sweeps write it."""
        ends = [math.log(self.low), math.log(self.high)] if self.is_log else [self.low, self.high]
        kind = f"{'q' if self.is_whole else ''}{'log' if self.is_log else ''}uniform"
        steps = {"q": 1} if self.is_whole else {}
        return {"type": kind, "min_value": ends[0], "max_value": ends[1], **steps}

    def position(self, value: float) -> float:
        """Where a value lies in the distribution."""
        within = min(max(value, self.low), self.high)
        return math.log(within) if self.is_log else within


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
        weighs: whether it can be told how much each row counts.
    """

    label: str
    imports: str
    code: str
    first: Values
    space: Mapping[str, Range | Sequence[Any]]
    scales: str = ""
    weighs: bool = True

    def source(self, values: Values, *, seed: int, cores: int) -> str:
        """Code of a pipeline from raw columns, `features` first."""
        said = "".join(f", {name}={value!r}" for name, value in values.items())
        made = self.code.format(values=said, seed=seed, cores=cores).replace("(, ", "(")
        scale = f"{self.scales}, " if self.scales else ""
        return f"make_pipeline(features, {scale}{made})"

    @property
    def distributions(self) -> dict[str, Any]:
        """What may be drawn, as sweeps write it."""
        return {
            name: each.distribution
            if isinstance(each, Range)
            else {"type": "choice", "values": list(each)}
            for name, each in self.space.items()
        }

    def positions(self, values: Values) -> dict[str, Position]:
        """Where values lie; those that are not drawn are left out."""
        return {
            name: each.position(values[name])
            if isinstance(each, Range)
            else list(each).index(values[name])
            for name, each in self.space.items()
            if name in values
        }


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
        weighs=False,
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
        weighs=False,
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
        weighs=False,
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

OF_TABLES = {"classification": CLASSIFIERS, "regression": REGRESSORS}
