"""What an AutoML job may say that is right as such and cannot be done here."""

from __future__ import annotations

from collections.abc import Iterator
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.azure import forecasts_here
from jupyter_mlws.entities.azure.automl_features import feature_problems
from jupyter_mlws.entities.errors import Problem

if TYPE_CHECKING:
    from jupyter_mlws.entities.azure.automl import AutoMLJob

TYPES: tuple[str, ...] = ("Numeric", "DateTime", "Categorical", "CategoricalHash", "Text", "Ignore")
MODELS = (
    "models for them are not in packages that can be installed: train in a command or notebook job"
)
TASKS = {
    "image_classification": MODELS,
    "image_classification_multilabel": MODELS,
    "image_object_detection": MODELS,
    "image_instance_segmentation": MODELS,
    "text_classification": f"{MODELS}; columns of text in a table are fine with task classification",
    "text_classification_multilabel": MODELS,
    "text_ner": MODELS,
}
FIELDS = {
    "code": "the notebooks are written by the job",
    "training.ensemble_model_download_timeout_minutes": "ensembles are trained anew",
    "environment_id": "say `environment`",
    "featurization.enable_dnn_featurization": "text becomes TF-IDF",
    "featurization.dataset_language": "text becomes TF-IDF, whatever its language",
    "training.enable_dnn_training": "trials are scikit-learn pipelines",
    "training.enable_onnx_compatible_models": "models are kept as MLflow models",
    "training.stack_ensemble_settings.stack_meta_learner_train_percentage": (
        "the last model of the stack learns from what the others say of folds, all rows"
    ),
}
"""By the field, why it is not done and what to do."""


def obstacles(spec: AutoMLJob) -> Iterator[Problem]:
    """What cannot be done in this workspace."""
    if reason := TASKS.get(spec.task):
        yield Problem(f"'{spec.task}': {reason}.", "task", here=True)
        return
    for field, reason in FIELDS.items():
        said: Any = spec
        for name in field.split("."):
            said = said and getattr(said, name)
        if said:
            yield Problem(f"is not done here: {reason}.", field, here=True)
    stack = spec.training and spec.training.stack_ensemble_settings
    for key in (stack and stack.stack_meta_learner_kwargs) or {}:
        if not key.isidentifier() or iskeyword(key):
            where = f"training.stack_ensemble_settings.stack_meta_learner_kwargs.{key}"
            yield Problem(f"'{key}' is no name of an argument.", where)
    if spec.featurization and spec.featurization.mode in ("off", False):
        text = "columns are always made numbers; call one Numeric to have it so, or edit a notebook"
        yield Problem(f"'off' is not done here: {text}.", "featurization.mode", here=True)
    if spec.training and spec.training.training_mode == "distributed":
        yield Problem(
            "'distributed' is not done here: there is one machine.",
            "training.training_mode",
            here=True,
        )
    for name in spec.inputs.keys() - set(spec.data_fields):
        fields = ", ".join(spec.data_fields)
        yield Problem(f"an AutoML job has no other inputs than {fields}.", f"inputs.{name}")
    for name in spec.outputs.keys() - {"best_model"}:
        yield Problem("an AutoML job has one output, best_model.", f"outputs.{name}")
    types = TYPES
    if spec.task == "forecasting":
        types = forecasts_here.TYPES
        yield from forecasts_here.obstacles(spec, but=FIELDS)
    yield from _wrong_types(spec, types)
    yield from feature_problems(spec.featurization)


def _wrong_types(spec: AutoMLJob, types: tuple[str, ...]) -> Iterator[Problem]:
    said = (spec.featurization and spec.featurization.column_name_and_types) or {}
    for column, type_ in said.items():
        if type_ not in types:
            known = ", ".join(types)
            yield Problem(
                f"'{type_}' is no type of column (there are: {known}).",
                f"featurization.column_name_and_types.{column}",
            )
