"""What the first notebook of an AutoML job finds wrong with a table, and what it keeps for the trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_mlws.automl import exploring
from jupyter_mlws.automl.settings import settings
from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.validation import validated


@pytest.fixture
def table() -> pd.DataFrame:
    """Sixty rows with weights and two columns of folds."""
    dice = np.random.default_rng(0)
    made = pd.DataFrame(
        {"id": range(60), "age": dice.uniform(1, 80, 60), "w": 1.0, "y": ["a", "b"] * 30}
    )
    made["town"] = ["Oslo", "Rome", "Nara"] * 20
    made["first"] = [1, 1, 0, 0] * 15
    made["second"] = [0, 0, 1, 1] * 15
    return made


def explored(
    folder: Path, monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame, **said: Any
) -> dict[str, Any]:
    """All names of the notebook, after its cells were run in `folder`."""
    monkeypatch.chdir(folder)
    table.to_csv("data.csv", index=False)
    given = {"task": "classification", "training_data": {"type": "uri_file", "path": "azureml:t:1"}}
    spec = validated(AutoMLJob, {**given, "target_column_name": "y", **said})
    written = json.loads(exploring.notebook(settings(spec, ["light_gbm"], cores=1)))
    names: dict[str, Any] = {}
    for cell in written["cells"]:
        if cell["cell_type"] == "code":
            code = "".join(cell["source"])
            exec(compile(code, "notebook", "exec"), names)
            if cell["metadata"]["tags"] == ["parameters"]:
                names |= {"training_data": "data.csv", "test_data": "test.csv"}
    return names


def filled(name: str, strategy: str, value: Any = None) -> dict[str, Any]:
    said = {"fields": [name], "parameters": {"strategy": strategy, "fill_value": value}}
    return {"featurization": {"transformer_params": {"imputer": [said]}}}


@pytest.mark.parametrize(
    ("said", "change", "error"),
    [
        ({"weight_column_name": "v"}, {}, "weight_column_name: there is no column 'v'"),
        ({"weight_column_name": "w"}, {"w": -1.0}, "1 rows have a negative weight in 'w'"),
        ({"weight_column_name": "w"}, {"w": None}, "1 rows have no number in 'w'"),
        ({"cv_split_column_names": ["third"]}, {}, "there is no column 'third'"),
        ({"cv_split_column_names": ["first"]}, {"first": 2}, "'first' must have 1 for rows"),
        ({"cv_split_column_names": ["first"]}, {"y": "c"}, ""),
        (filled("town", "mean"), {}, "'mean' is of numbers, and 'town' has categories"),
        (filled("harbour", "median"), {}, "there is no column 'harbour'"),
        (filled("age", "constant", "x"), {}, "'x' is no value of 'age'"),
    ],
)
def test_a_column_that_cannot_be_used_is_named_with_its_field(
    said: dict[str, Any],
    change: dict[str, Any],
    error: str,
    table: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in change.items():
        table.loc[2, name] = value

    if error:
        with pytest.raises(
            ValueError, match=f"{next(iter(said))}.*: .*{error.rsplit(': ', maxsplit=1)[-1]}"
        ):
            explored(tmp_path, monkeypatch, table, **said)
    else:
        names = explored(tmp_path, monkeypatch, table, **said)
        assert "rare classes" in {rail["name"] for rail in names["guardrails"]}


def test_a_fold_without_a_class_that_trains_is_refused(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table["first"] = (table["y"] == "a").astype(int)

    with pytest.raises(ValueError, match="in 'first' no row trains of class b"):
        explored(tmp_path, monkeypatch, table, cv_split_column_names=["first"])


def test_rows_for_the_test_are_put_aside_alike_and_no_trial_gets_them(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = explored(
        tmp_path,
        monkeypatch,
        table,
        test_data_size=0.2,
        weight_column_name="w",
        cv_split_column_names=["first", "second"],
    )

    train = pd.read_parquet(tmp_path / "prepared/train.parquet")
    test = pd.read_parquet(tmp_path / "prepared/test.parquet")
    assert names["columns"]["numeric"] == ["age"]
    assert (len(train), len(test)) == (48, 12)
    assert set(train) == {"age", "town", "w", "y", "first", "second"}
    assert test["y"].value_counts().to_dict() == {"a": 6, "b": 6}
    assert not set(train["age"]) & set(test["age"])
    said = {rail["name"]: rail for rail in names["guardrails"]}
    assert said["test data"]["state"] == "Passed"
    assert said["rows for the test"]["text"].startswith("12 are put aside")


def test_test_data_is_checked_against_the_rows_that_train(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = table.head(10).copy()
    test.loc[9, "y"] = "c"
    test.to_csv(tmp_path / "test.csv", index=False)
    given = {"test_data": {"type": "uri_file", "path": "azureml:t:2"}}

    names = explored(tmp_path, monkeypatch, table, **given)

    said = {rail["name"]: rail for rail in names["guardrails"]}
    assert said["test data"]["state"] == "Alerted"
    assert said["test data"]["text"].startswith("9 of its 9 rows")
    assert said["classes of test_data"]["text"].startswith("1 rows are left out")
    test.drop(columns="age").to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(ValueError, match="test_data: there is no column 'age'"):
        explored(tmp_path, monkeypatch, table, **given)
