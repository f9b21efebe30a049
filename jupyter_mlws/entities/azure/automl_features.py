"""What an AutoML job may say about how columns become features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from jupyter_mlws.entities.azure.base import Shape
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.validation import did_you_mean, validated

if TYPE_CHECKING:
    from jupyter_mlws.entities.azure.automl import Featurization

TRANSFORMERS = (
    *("text_target_encoder", "one_hot_encoder", "cat_target_encoder", "tf_idf"),
    *("wo_e_target_encoder", "label_encoder", "word_embedding", "naive_bayes"),
    *("count_vectorizer", "hash_one_hot_encoder"),
)
"""By Azure ML's names; those that are not used here are blocked anyway."""
ENCODERS = ("one_hot_encoder", "cat_target_encoder", "label_encoder")
PARAMS = ("imputer", "tf_idf", "hash_one_hot_encoder")


class Filling(Shape):
    """What stands for a missing value."""

    strategy: Literal["mean", "median", "most_frequent", "constant", "ffill"]
    fill_value: Any = None


class Imputer(Shape):
    """What fills the gaps of which columns."""

    fields: list[str] = Field(min_length=1)
    parameters: Filling


def blocked(features: Featurization | None) -> list[str]:
    """The transformers that may not be used, those that Azure ML knows."""
    known = {_plain(name): name for name in TRANSFORMERS}
    said = (features and features.blocked_transformers) or []
    return [known[_plain(name)] for name in said if _plain(name) in known]


def imputers(features: Featurization | None) -> list[Imputer]:
    """What fills gaps otherwise than by the median or a category of their own.

    Raises:
        Invalid: with the field that is wrong.
    """
    said = ((features and features.transformer_params) or {}).get("imputer", [])
    where = "featurization.transformer_params.imputer"
    return [validated(Imputer, one, prefix=f"{where}.{at}") for at, one in enumerate(said)]


def feature_problems(features: Featurization | None) -> Iterator[Problem]:
    """What is wrong, or cannot be done here."""
    where = "featurization.blocked_transformers"
    for at, name in enumerate((features and features.blocked_transformers) or ()):
        if _plain(name) not in {_plain(known) for known in TRANSFORMERS}:
            hint = did_you_mean(name, TRANSFORMERS)
            yield Problem(f"'{name}' is no transformer.{hint}", f"{where}.{at}")
    if set(ENCODERS) <= set(blocked(features)):
        yield Problem(f"one of {', '.join(ENCODERS)} is needed for categories.", where, here=True)
    where = "featurization.transformer_params"
    for name in ((features and features.transformer_params) or {}).keys() - {"imputer"}:
        text = "is not done here: edit a trial's notebook instead."
        known = f"'{name}' has no parameters (there are: {', '.join(PARAMS)})."
        yield Problem(text if name in PARAMS else known, f"{where}.{name}", here=name in PARAMS)
    try:
        found = imputers(features)
    except Invalid as error:
        yield from error.problems
        return
    seen: set[str] = set()
    for at, one in enumerate(found):
        field = f"{where}.imputer.{at}"
        if twice := [name for name in one.fields if name in seen]:
            yield Problem(f"'{twice[0]}' is filled already.", f"{field}.fields")
        seen |= set(one.fields)
        if one.parameters.strategy == "ffill":
            text = "'ffill' is not done here: rows of a table have no order"
            yield Problem(f"{text}.", f"{field}.parameters.strategy", here=True)
        if one.parameters.strategy == "constant" and one.parameters.fill_value is None:
            yield Problem("is required by strategy constant.", f"{field}.parameters.fill_value")


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
