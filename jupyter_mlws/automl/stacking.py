"""What joins the models of a stack, by Azure ML's names."""

from __future__ import annotations

from jupyter_mlws.automl.algorithms import Values
from jupyter_mlws.automl.settings import Settings

_LINEAR = "from sklearn.linear_model import"
_LIGHT = "from lightgbm import"
LEARNERS: dict[str, tuple[str, str, Values]] = {
    "logistic_regression": (_LINEAR, "LogisticRegression", {"max_iter": 2000}),
    "logistic_regression_cv": (_LINEAR, "LogisticRegressionCV", {"max_iter": 2000}),
    "light_gbm_classifier": (_LIGHT, "LGBMClassifier", {"random_state": 0, "verbose": -1}),
    "ridge_cv": (_LINEAR, "RidgeCV", {}),
    "linear_regression": (_LINEAR, "LinearRegression", {}),
    "elastic_net": (_LINEAR, "ElasticNet", {}),
    "elastic_net_cv": (_LINEAR, "ElasticNetCV", {}),
    "light_gbm_regressor": (_LIGHT, "LGBMRegressor", {"random_state": 0, "verbose": -1}),
}
"""Where it is imported from, its class, and the arguments that it has unless the job says others."""


def learner(settings: Settings) -> tuple[str, str]:
    """The line that imports it, and the code that makes it."""
    default = "logistic_regression" if settings.task == "classification" else "ridge_cv"
    source, name, values = LEARNERS[settings.meta or default]
    said = ", ".join(
        f"{key}={value!r}" for key, value in {**values, **settings.meta_values}.items()
    )
    return f"{source} {name}", f"{name}({said})"
