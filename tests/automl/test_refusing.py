"""What an AutoML job says that cannot be done is refused, with the field's name."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlws.automl import board
from jupyter_mlws.automl.choosing import ALGORITHMS, chosen
from jupyter_mlws.automl.forecast import check, offset
from jupyter_mlws.automl.job import AutoMLJobType
from jupyter_mlws.automl.settings import settings
from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.leaderboard import TaskView
from jupyter_mlws.entities.validation import validated

IMPUTER = {"imputer": [{"fields": ["a"], "parameters": {"strategy": "mean"}}]}
TABLE = {"type": "uri_file", "path": "azureml:table:1"}
BLOCKED, PARAMS = "featurization.blocked_transformers", "featurization.transformer_params"
ENCODERS = ["one_hot_encoder", "cat_target_encoder", "label_encoder"]


def filled(*strategies: str) -> dict[str, Any]:
    said = [{"fields": ["a"], "parameters": {"strategy": strategy}} for strategy in strategies]
    return {"featurization": {"transformer_params": {"imputer": said}}}


def job(**more: Any) -> AutoMLJob:
    said = {"task": "classification", "training_data": TABLE, "target_column_name": "y", **more}
    if said["task"] == "forecasting":
        said.setdefault("forecasting", {"time_column_name": "t"})
    return validated(AutoMLJob, said)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"task": "image_object_detection"}, "task"),
        ({"test_data": TABLE, "test_data_size": 0.2}, "test_data_size"),
        ({"weight_column_name": "y"}, "weight_column_name"),
        ({"cv_split_column_names": []}, "cv_split_column_names"),
        ({"cv_split_column_names": ["a", "y"]}, "cv_split_column_names.1"),
        ({"cv_split_column_names": ["a", "a"]}, "cv_split_column_names.1"),
        (
            {"cv_split_column_names": ["a"], "weight_column_name": "a"},
            "cv_split_column_names.0",
        ),
        ({"cv_split_column_names": ["a"], "n_cross_validations": 3}, "cv_split_column_names"),
        ({"cv_split_column_names": ["a"], "validation_data": TABLE}, "cv_split_column_names"),
        (
            {
                "weight_column_name": "a",
                "featurization": {"column_name_and_types": {"a": "Numeric"}},
            },
            "featurization.column_name_and_types.a",
        ),
        ({"code": "snapshot:1"}, "code"),
        ({"inputs": {"x": 1}}, "inputs.x"),
        ({"outputs": {"model": {"type": "mlflow_model"}}}, "outputs.model"),
        ({"featurization": {"mode": "off"}}, "featurization.mode"),
        (
            {"featurization": {"column_name_and_types": {"a": "Number"}}},
            "featurization.column_name_and_types.a",
        ),
        ({"featurization": {"blocked_transformers": ["TfIdff"]}}, BLOCKED + ".0"),
        ({"featurization": {"blocked_transformers": ENCODERS}}, BLOCKED),
        ({"featurization": {"transformer_params": {"tf_idf": []}}}, PARAMS + ".tf_idf"),
        (filled("mode"), PARAMS + ".imputer.0.parameters.strategy"),
        (filled("ffill"), PARAMS + ".imputer.0.parameters.strategy"),
        (filled("constant"), PARAMS + ".imputer.0.parameters.fill_value"),
        (filled("mean", "mean"), PARAMS + ".imputer.1.fields"),
        (
            {"training": {"stack_ensemble_settings": {"stack_meta_learner_type": "elastic_net"}}},
            "training.stack_ensemble_settings.stack_meta_learner_type",
        ),
        (
            {"training": {"stack_ensemble_settings": {"stack_meta_learner_train_percentage": 0.3}}},
            "training.stack_ensemble_settings.stack_meta_learner_train_percentage",
        ),
        (
            {"training": {"stack_ensemble_settings": {"stack_meta_learner_kwargs": {"C=1, x": 1}}}},
            "training.stack_ensemble_settings.stack_meta_learner_kwargs.C=1, x",
        ),
        ({"training": {"enable_dnn_training": True}}, "training.enable_dnn_training"),
        ({"training": {"training_mode": "distributed"}}, "training.training_mode"),
        (
            {"training": {"allowed_training_algorithms": ["lasso_lars"]}},
            "training.allowed_training_algorithms.0",
        ),
        ({"primary_metric": "r2_score"}, "primary_metric"),
        ({"target_column_name": None}, "target_column_name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_refused_at_its_field(more: dict[str, Any], field: str) -> None:
    found = [problem.field for problem in AutoMLJobType().problems(job(**more))]
    assert found == [field]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"validation_data": TABLE}, "validation_data"),
        ({"validation_data_size": 0.2}, "validation_data_size"),
        ({"test_data": TABLE}, "test_data"),
        ({"test_data_size": 0.2}, "test_data_size"),
        ({"weight_column_name": "w"}, "weight_column_name"),
        ({"cv_split_column_names": ["fold"]}, "cv_split_column_names"),
        ({"training": {"enable_stack_ensemble": True}}, "training.enable_stack_ensemble"),
        ({"training": {"enable_dnn_training": True}}, "training.enable_dnn_training"),
        (
            {"training": {"stack_ensemble_settings": {"stack_meta_learner_type": "elastic_net"}}},
            "training.stack_ensemble_settings",
        ),
        (
            {"featurization": {"blocked_transformers": ["tf_idf"]}},
            "featurization.blocked_transformers",
        ),
        (
            {"featurization": {"transformer_params": IMPUTER}},
            "featurization.transformer_params",
        ),
        (
            {"training": {"enable_model_explainability": True}},
            "training.enable_model_explainability",
        ),
        *(
            (
                {"training": {"allowed_training_algorithms": [name]}},
                "training.allowed_training_algorithms.0",
            )
            for name in ("Prophet", "Arimax", "TCNForecaster", "svm")
        ),
        (
            {"featurization": {"column_name_and_types": {"a": "Text"}}},
            "featurization.column_name_and_types.a",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_forecast_cannot_have_is_refused_at_its_field(
    more: dict[str, Any], field: str
) -> None:
    found = [problem.field for problem in AutoMLJobType().problems(job(task="forecasting", **more))]
    assert found == [field]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"time_column_name": "y"}, "time_column_name"),
        ({"time_series_id_column_names": ["a", "t"]}, "time_series_id_column_names"),
        ({"features_unknown_at_forecast_time": "y"}, "features_unknown_at_forecast_time"),
        ({"target_aggregate_function": "sum"}, "target_aggregate_function"),
        ({"use_stl": "season"}, "use_stl"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_forecast_is_refused_at_the_field_that_is_wrong(said: dict[str, Any], field: str) -> None:
    spec = job(task="forecasting", forecasting={"time_column_name": "t", **said})
    found = [problem.field for problem in AutoMLJobType().problems(spec)]
    assert found == [f"forecasting.{field}"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"frequency": "fortnight"}, "frequency"),
        ({"country_or_region_for_holidays": "Atlantis"}, "country_or_region_for_holidays"),
    ],
)
def test_frequencies_and_countries_are_looked_up(said: dict[str, Any], field: str) -> None:
    spec = job(task="forecasting", forecasting={"time_column_name": "t", **said})
    with pytest.raises(Invalid) as refused:
        check(spec)
    assert [problem.field for problem in refused.value.problems] == [f"forecasting.{field}"]


def test_a_forecast_has_the_defaults_of_azure_ml_and_its_old_names_of_steps() -> None:
    said = {
        "time_column_name": "t",
        "time_series_id_column_names": "shop",
        "frequency": "2H",
        "target_lags": [3, 1, 3],
        "country_or_region_for_holidays": "JP",
    }
    spec = job(task="forecasting", forecasting=said)
    assert list(AutoMLJobType().problems(spec)) == []
    check(spec)
    plan = settings(spec, ["naive"], cores=4)
    assert plan.metric == "normalized_root_mean_squared_error"
    assert (plan.votes, plan.stacks, plan.explains) == (True, False, False)
    assert plan.forecast
    assert (plan.forecast.horizon, plan.forecast.frequency) == (1, "2h")
    assert (plan.forecast.lags, plan.forecast.series, plan.forecast.short) == (
        [1, 3],
        ["shop"],
        "auto",
    )
    assert [offset(old) for old in ("H", "15T", "M", "Q-DEC", "W-SUN", "MS")] == [
        "h",
        "15min",
        "ME",
        "QE-DEC",
        "W-SUN",
        "MS",
    ]


def test_a_plain_job_has_no_problem_and_the_defaults_of_azure_ml() -> None:
    spec = job()
    assert list(AutoMLJobType().problems(spec)) == []
    plan = settings(spec, ["light_gbm"], cores=4)
    assert plan.metric == "AUC_weighted"
    assert (plan.max_trials, plan.n_parallel, plan.cores) == (1000, 1, 4)
    assert (plan.votes, plan.stacks, plan.explains, plan.stops_early) == (True,) * 4


def test_algorithms_are_named_in_azure_ml_s_spellings() -> None:
    spec = job(training={"blocked_training_algorithms": ["LightGBM", "logistic_regression"]})
    names = chosen(spec, list(ALGORITHMS["classification"]))
    assert "xg_boost_classifier" in names
    assert not {"light_gbm", "logistic_regression"} & set(names)


@pytest.mark.parametrize("task", board.tasks(), ids=lambda task: task.task)
def test_all_that_is_offered_is_taken(task: TaskView) -> None:
    names = [algorithm.name for algorithm in task.algorithms]
    types = {f"column {at}": type_ for at, type_ in enumerate(task.column_types)}
    assert names
    assert task.metrics[0] == settings(job(task=task.task), names, cores=1).metric
    for metric in task.metrics:
        spec = job(
            task=task.task,
            primary_metric=metric,
            training={"allowed_training_algorithms": names},
            featurization={"column_name_and_types": types},
        )
        assert list(AutoMLJobType().problems(spec)) == []
        assert settings(spec, names, cores=1).metric == metric
        assert chosen(spec, list(ALGORITHMS[task.task])) == names
