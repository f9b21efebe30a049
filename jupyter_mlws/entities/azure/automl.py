"""AutoML jobs: tables, forecasts, images and text."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities import job
from jupyter_mlws.entities.azure.base import Folded, Lower, Shape
from jupyter_mlws.entities.azure.sweep import EarlyTermination, Sampling
from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import Input, JobSpec
from jupyter_mlws.entities.validation import did_you_mean, validated

CLASSIFYING = (
    "auc_weighted",
    "accuracy",
    "norm_macro_recall",
    "average_precision_score_weighted",
    "precision_score_weighted",
)
REGRESSING = (
    "normalized_root_mean_squared_error",
    "spearman_correlation",
    "r2_score",
    "normalized_mean_absolute_error",
)
METRICS: dict[str, tuple[str, ...]] = {
    "classification": CLASSIFYING,
    "regression": REGRESSING,
    "forecasting": REGRESSING,
    "image_classification": CLASSIFYING,
    "image_classification_multilabel": ("iou", *CLASSIFYING),
    "image_object_detection": ("mean_average_precision",),
    "image_instance_segmentation": ("mean_average_precision",),
    "text_classification": CLASSIFYING,
    "text_classification_multilabel": ("accuracy",),
    "text_ner": ("accuracy",),
}
"""The primary metrics of each task; the first is its default."""

TREES = (
    *("gradient_boosting", "decision_tree", "knn", "sgd", "random_forest"),
    *("extreme_random_trees", "light_gbm"),
)
REGRESSORS = (*TREES, "elastic_net", "lasso_lars", "xg_boost_regressor")
ALGORITHMS: dict[str, tuple[str, ...]] = {
    "classification": (
        *TREES,
        *("logistic_regression", "multinomial_naive_bayes", "bernoulli_naive_bayes"),
        *("svm", "linear_svm", "xg_boost_classifier"),
    ),
    "regression": REGRESSORS,
    "forecasting": (
        *REGRESSORS,
        *("auto_arima", "prophet", "naive", "seasonal_naive", "average", "seasonal_average"),
        *("exponential_smoothing", "arimax", "tcn_forecaster"),
    ),
}
"""The algorithms of each task on tables."""

META_LEARNERS: dict[str, tuple[str, ...]] = {
    "classification": ("logistic_regression", "logistic_regression_cv", "light_gbm_classifier"),
    "regression": ("elastic_net", "elastic_net_cv", "light_gbm_regressor", "linear_regression"),
}
"""What may join the models of a stack."""

TABULAR = frozenset(ALGORITHMS)
TEXTUAL = frozenset({"text_classification", "text_classification_multilabel", "text_ner"})
Count = Annotated[int, Field(ge=1)]


class Limits(job.Limits):
    """How much is tried."""

    timeout_minutes: Count | None = None
    trial_timeout_minutes: Count | None = None
    max_trials: Count | None = None
    max_concurrent_trials: Count | None = None
    max_cores_per_trial: int | None = None
    max_nodes: Count | None = None
    enable_early_termination: bool | None = None
    exit_score: float | None = None


class Featurization(Shape):
    """What is done to columns before training."""

    mode: Annotated[Literal["auto", "off", "custom", False] | None, Lower] = None
    dataset_language: str | None = None
    column_name_and_types: dict[str, str] | None = None
    blocked_transformers: list[str] | None = None
    transformer_params: dict[str, list[dict[str, Any]]] | None = None
    enable_dnn_featurization: bool | None = None


class Stack(Shape):
    """How models are stacked."""

    stack_meta_learner_type: str | None = None
    stack_meta_learner_train_percentage: float | None = Field(default=None, gt=0, lt=1)
    stack_meta_learner_kwargs: dict[str, Any] | None = None


class Training(Shape):
    """What is trained."""

    enable_onnx_compatible_models: bool | None = None
    enable_dnn_training: bool | None = None
    enable_model_explainability: bool | None = None
    enable_stack_ensemble: bool | None = None
    enable_vote_ensemble: bool | None = None
    ensemble_model_download_timeout_minutes: int | None = None
    stack_ensemble_settings: Stack | None = None
    training_mode: Annotated[Literal["auto", "distributed", "non_distributed"] | None, Folded] = (
        None
    )
    allowed_training_algorithms: list[str] | None = None
    blocked_training_algorithms: list[str] | None = None


class Forecasting(Shape):
    """What is forecast."""

    time_column_name: str
    forecast_horizon: Count | Literal["auto"] | None = None
    """How many steps ahead; 1 when not said."""
    time_series_id_column_names: str | list[str] | None = None
    """The columns that tell one series from another."""
    frequency: str | None = None
    """The step between two moments as a pandas offset; found out when not said."""
    target_lags: Count | list[Count] | Literal["auto"] | None = None
    """How many steps back the regressors look; `auto` when not said."""
    target_rolling_window_size: Annotated[int, Field(ge=2)] | Literal["auto"] | None = None
    feature_lags: Annotated[Literal["none", "auto"] | None, Lower] = None
    seasonality: Count | Literal["auto"] | None = None
    """Steps after which it repeats; by the frequency when not said."""
    use_stl: Annotated[Literal["none", "season", "seasontrend"] | None, Lower] = None
    short_series_handling_config: Annotated[
        Literal["none", "auto", "pad", "drop"] | None, Lower
    ] = None
    """`auto` when not said: short series are left out, or filled up when all are short."""
    target_aggregate_function: Annotated[
        Literal["none", "sum", "max", "min", "mean"] | None, Lower
    ] = None
    country_or_region_for_holidays: str | None = None
    cv_step_size: Count | None = None
    """Steps from the origin of one fold to that of the next; the horizon when not said."""
    features_unknown_at_forecast_time: str | list[str] | None = None

    @field_validator(
        "time_series_id_column_names", "features_unknown_at_forecast_time", mode="before"
    )
    @classmethod
    def _list_as_text(cls, value: Any) -> Any:
        """Azure's SDK writes a list of names as Python does, in one text."""
        if isinstance(value, str) and value.startswith("["):
            try:
                return ast.literal_eval(value)
            except (ValueError, SyntaxError):
                return value
        return value

    @property
    def series(self) -> list[str]:
        """The columns that tell one series from another."""
        return _names(self.time_series_id_column_names)

    @property
    def unknown(self) -> list[str]:
        """The columns that nobody knows when the forecast is made."""
        return _names(self.features_unknown_at_forecast_time)


def _names(said: str | list[str] | None) -> list[str]:
    return [said] if isinstance(said, str) else list(said or ())


class TrialSweep(Shape):
    """How the spaces of image and text models are searched."""

    sampling_algorithm: str | Sampling
    early_termination: EarlyTermination | None = None


class AutoMLJob(JobSpec):
    """Find the model that fits the data best."""

    model_config = ConfigDict(title="AutoML")

    data_fields: ClassVar[tuple[str, ...]] = ("training_data", "validation_data", "test_data")

    type: Annotated[Literal["automl"], Lower] = "automl"
    task: Annotated[
        Literal[
            "classification",
            "regression",
            "forecasting",
            "image_classification",
            "image_classification_multilabel",
            "image_object_detection",
            "image_instance_segmentation",
            "text_classification",
            "text_classification_multilabel",
            "text_ner",
        ],
        Folded,
    ]
    training_data: Input
    validation_data: Input | None = None
    test_data: Input | None = None
    target_column_name: str | None = None
    primary_metric: str | None = None
    log_verbosity: Annotated[
        Literal["not_set", "debug", "info", "warning", "error", "critical"] | None, Folded
    ] = None
    limits: Limits = Field(default_factory=Limits)
    environment_id: str | None = None
    featurization: Featurization | None = None
    training: Training | None = None
    forecasting: Forecasting | None = None
    positive_label: Any = None
    validation_data_size: float | None = Field(default=None, gt=0, lt=1)
    test_data_size: float | None = Field(default=None, gt=0, lt=1)
    n_cross_validations: Annotated[int, Field(ge=2)] | Literal["auto"] | None = None
    cv_split_column_names: list[str] | None = None
    weight_column_name: str | None = None
    sweep: TrialSweep | None = None
    training_parameters: dict[str, Any] | None = None
    search_space: list[dict[str, Any]] | None = None

    @field_validator("training_data", "validation_data", "test_data", mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        """A path alone is that of an MLTable."""
        if isinstance(value, str):
            return {"type": "mltable", "path": value}
        if isinstance(value, dict) and "type" not in value:
            return {"type": "mltable", **value}
        return value

    @model_validator(mode="after")
    def _data_is_input(self) -> AutoMLJob:
        """Data is checked, made exact and traced as any job's inputs are."""
        for name in self.data_fields:
            if (given := getattr(self, name)) is not None:
                self.inputs[name] = given
        return self

    def set_limits(self, **limits: Any) -> None:
        """How much is tried, in the words of the YAML's `limits`."""
        self.limits = validated(Limits, limits, prefix="limits")

    def set_training(self, **training: Any) -> None:
        """What is trained, in the words of the YAML's `training`."""
        self.training = validated(Training, training, prefix="training")

    def set_featurization(self, **featurization: Any) -> None:
        """What is done to columns, in the words of the YAML's `featurization`."""
        self.featurization = validated(Featurization, featurization, prefix="featurization")

    def set_forecast_settings(self, **forecasting: Any) -> None:
        """What is forecast, in the words of the YAML's `forecasting`; what was said before stays."""
        before = self.forecasting.model_dump(exclude_none=True) if self.forecasting else {}
        said = {**before, **forecasting}
        self.forecasting = validated(Forecasting, said, prefix="forecasting")


def loosely(word: str) -> str:
    """A word as Azure ML compares it: no case, no underscores."""
    return word.lower().replace("_", "")


def problems(spec: AutoMLJob) -> Iterator[Problem]:
    """What in an AutoML job does not fit its task."""
    if not spec.target_column_name and spec.task != "text_ner":
        yield Problem("is required.", "target_column_name")
    if spec.primary_metric:
        yield from _known(spec.primary_metric, METRICS[spec.task], "primary_metric", spec.task)
    if spec.task in TEXTUAL and spec.validation_data is None:
        yield Problem(f"is required by task {spec.task}.", "validation_data")
    if (spec.task == "forecasting") != (spec.forecasting is not None):
        message = "is required by" if spec.task == "forecasting" else "belongs to"
        yield Problem(f"{message} task forecasting.", "forecasting")
    elif spec.forecasting is not None:
        yield from _two_roles(spec.target_column_name, spec.forecasting)
    allowed = spec.training and spec.training.allowed_training_algorithms
    blocked = spec.training and spec.training.blocked_training_algorithms
    for field, names in (("allowed", allowed), ("blocked", blocked)):
        for index, name in enumerate(names or ()):
            where = f"training.{field}_training_algorithms.{index}"
            yield from _known(name, ALGORITHMS.get(spec.task, ()), where, spec.task)
    stack = spec.training and spec.training.stack_ensemble_settings
    if stack and loosely(stack.stack_meta_learner_type or "none") != "none":
        # Forecasts are stacked as numbers are.
        known = META_LEARNERS.get(spec.task, META_LEARNERS["regression"])
        where = "training.stack_ensemble_settings.stack_meta_learner_type"
        yield from _known(stack.stack_meta_learner_type or "", known, where, spec.task)
    yield from _foreign(spec)
    yield from _split_twice(spec)
    yield from _roles(spec)


def _two_roles(target: str | None, said: Forecasting) -> Iterator[Problem]:
    """Columns that are said to be two things, and fields that need another."""
    time, series = said.time_column_name, said.series
    if time == target:
        yield Problem("is the target too.", "forecasting.time_column_name")
    if taken := {time, target} & set(series):
        message = f"'{min(map(str, taken))}' is the time or the target too."
        yield Problem(message, "forecasting.time_series_id_column_names")
    if taken := {time, target, *series} & set(said.unknown):
        message = f"'{min(map(str, taken))}' is no feature."
        yield Problem(message, "forecasting.features_unknown_at_forecast_time")
    if (said.target_aggregate_function or "none") != "none" and said.frequency is None:
        message = "needs `frequency`: the step that is summed up."
        yield Problem(message, "forecasting.target_aggregate_function")


def _known(word: str, known: Iterable[str], field: str, task: str) -> Iterator[Problem]:
    by_word = {loosely(name): name for name in known}
    if loosely(word) not in by_word:
        hint = did_you_mean(word, by_word.values())
        choices = ", ".join(by_word.values()) or "none"
        yield Problem(f"'{word}' is not for task {task} (there are: {choices}).{hint}", field)


def _foreign(spec: AutoMLJob) -> Iterator[Problem]:
    """Fields that another kind of task has."""
    is_tabular = spec.task in TABULAR
    own = ("training", "n_cross_validations", "cv_split_column_names", "weight_column_name")
    others = ("sweep", "search_space", "training_parameters")
    for field in others if is_tabular else own:
        if getattr(spec, field) is not None:
            what = "images and text" if is_tabular else "tables"
            yield Problem(f"belongs to tasks on {what}.", field)


def _split_twice(spec: AutoMLJob) -> Iterator[Problem]:
    """Rows that are chosen in two ways."""
    if spec.test_data is not None and spec.test_data_size is not None:
        yield Problem("is not given together with test_data.", "test_data_size")
    if spec.cv_split_column_names is None:
        return
    if not spec.cv_split_column_names:
        yield Problem("names no column.", "cv_split_column_names")
    for field in ("validation_data", "validation_data_size", "n_cross_validations"):
        if getattr(spec, field) is not None:
            yield Problem(f"is not given together with {field}.", "cv_split_column_names")


def _roles(spec: AutoMLJob) -> Iterator[Problem]:
    """Columns that are to be two things at once."""
    taken = {spec.target_column_name: "target_column_name"}
    columns = [(spec.weight_column_name, "weight_column_name")]
    columns += [
        (name, f"cv_split_column_names.{index}")
        for index, name in enumerate(spec.cv_split_column_names or ())
    ]
    for name, field in columns:
        if name in taken and name is not None:
            yield Problem(f"'{name}' is {taken[name]} already.", field)
        taken.setdefault(name, field)
    said = (spec.featurization and spec.featurization.column_name_and_types) or {}
    for name in said:
        if taken.get(name, "target_column_name") != "target_column_name":
            where = f"featurization.column_name_and_types.{name}"
            yield Problem(f"is no feature, but {taken[name]}.", where)
