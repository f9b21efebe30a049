"""Columns become numbers as the job says."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_mlws.automl.featurising import featurising
from jupyter_mlws.automl.settings import settings
from jupyter_mlws.automl.trying import COMMON
from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.validation import validated

COLUMNS = {
    "numeric": ["age", "fare", "zone"],
    "categorical": ["town", "deck"],
    "high_cardinality": ["street"],
    "text": ["note"],
    "date": [],
}


@pytest.fixture
def table() -> pd.DataFrame:
    """Four rows, the last of them without any value."""
    return pd.DataFrame(
        {
            "age": [1.0, 2, 6, None],
            "fare": [1.0, 2, 6, None],
            "zone": [5.0, 5, 7, None],
            "town": ["Oslo", "Oslo", "Rome", None],
            "deck": ["A", "B", "A", None],
            "street": ["a", "b", "a", None],
            "note": ["ax by", "ax cz", "by cz", None],
        }
    )


def features(table: pd.DataFrame, **featurization: Any) -> np.ndarray:
    """What a job with this featurization makes of the table."""
    said = {"task": "regression", "training_data": {"type": "uri_file", "path": "azureml:t:1"}}
    spec = validated(AutoMLJob, {**said, "target_column_name": "y", "featurization": featurization})
    names: dict[str, Any] = {"seed": 0}
    exec(COMMON + featurising(settings(spec, [], cores=1), COLUMNS), names)
    with warnings.catch_warnings():
        # Of TargetEncoder, that scikit-learn 1.11 will want to know its folds in another way.
        warnings.simplefilter("ignore", FutureWarning)
        twice = pd.concat([table, table], ignore_index=True)  # enough for folds
        made = names["features"].fit_transform(twice, [0.1, 1.2, 2.3, 3.4] * 2)
    return np.asarray(made, float)[: len(table)]


def test_gaps_are_filled_by_the_strategy_of_their_column(table: pd.DataFrame) -> None:
    def imputer(strategy: str, *fields: str, **more: Any) -> dict[str, Any]:
        return {"fields": list(fields), "parameters": {"strategy": strategy, **more}}

    found = features(
        table,
        transformer_params={
            "imputer": [
                imputer("mean", "age"),
                imputer("most_frequent", "zone", "town"),
                imputer("constant", "deck", fill_value="C"),
            ]
        },
    )

    age, zone, fare = found[3, :3]
    assert (age, zone, fare) == (3, 5, 2)
    oslo, rome = found[:, 3:5].T
    assert (oslo.tolist(), rome.tolist()) == ([1, 1, 0, 1], [0, 0, 1, 0])
    assert found[:, 5:8].tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_blocked_transformers_are_replaced_by_others(table: pd.DataFrame) -> None:
    usual = features(table)
    assert usual.shape[1] == 3 + 3 + 3 + 1 + 3

    ordinal = features(table, blocked_transformers=["OneHotEncoder", "cat_target_encoder", "TfIdf"])

    assert ordinal[:, 3].tolist() == [0, 0, 1, -1]
    assert ordinal[:, 5].tolist() == [0, 1, 0, -1]
    assert ordinal.shape[1] == 3 + 2 + 1 + 3
    assert features(table, blocked_transformers=["WordEmbedding"]).tolist() == usual.tolist()


def test_words_are_counted_where_tf_idf_is_blocked(table: pd.DataFrame) -> None:
    table["note"] = ["cat dog", "cat cat", "dog", None]

    found = features(table, blocked_transformers=["tf_idf"])

    assert found[:, -2:].tolist() == [[1, 1], [2, 0], [0, 1], [0, 0]]
