"""What the wizards in a notebook and in JupyterLab share, and what the wizard knows of columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.profile import ColumnProfile
from jupyter_mlws.entities.record import json_schema
from jupyter_mlws.ipython import automl_words as words
from jupyter_mlws.ipython.automl_draft import Schema, bounds_of, parsed

PANEL = Path(__file__).parents[2] / "labextension/src/panels/automl-words.ts"


def column(**facts: Any) -> ColumnProfile:
    said = {"name": "c", "type": "VARCHAR", "family": "text", "n_missing": 0, "n_distinct": 5}
    return ColumnProfile(**{**said, **facts})


@pytest.mark.parametrize("kind", ["TASKS", "HINTS", "TYPES", "METRICS"])
def test_the_words_are_those_of_jupyterlab(kind: str) -> None:
    panel = re.sub(r"\s+", " ", PANEL.read_text(encoding="utf-8"))
    said = dict(re.findall(r"(\w+): trans\.__\( ?'([^']*)',? ?\)", panel))

    mine: dict[str, str] = getattr(words, kind)
    assert mine == {name: said[name] for name in mine}


@pytest.mark.parametrize(
    ("facts", "task"),
    [
        ({}, "classification"),
        ({"family": "boolean", "type": "BOOLEAN"}, "classification"),
        ({"family": "number", "type": "BIGINT", "n_distinct": 20}, "classification"),
        ({"family": "number", "type": "BIGINT", "n_distinct": 21}, "regression"),
        ({"family": "number", "type": "DECIMAL(9,2)", "n_distinct": 3}, "regression"),
    ],
)
def test_a_target_proposes_a_task(facts: dict[str, Any], task: str) -> None:
    assert words.task_of(column(**facts)) == task


@pytest.mark.parametrize(
    ("facts", "hints"),
    [
        ({}, []),
        ({"n_distinct": 1}, ["constant"]),
        ({"n_distinct": 99}, ["identifier"]),
        ({"n_distinct": 99, "family": "number", "type": "DOUBLE"}, []),
        ({"n_missing": 51}, ["missing"]),
        ({"n_infinite": 1, "family": "number", "type": "DOUBLE"}, ["infinite"]),
        ({"family": "moment", "type": "DATE"}, ["moment"]),
    ],
)
def test_what_is_striking_about_a_column(facts: dict[str, Any], hints: list[str]) -> None:
    assert words.hints_of(column(**facts), 100) == hints


def test_what_a_task_alone_is_asked_is_of_the_schema() -> None:
    schema = Schema(json_schema(AutoMLJob))

    block = schema.block("forecasting")

    assert next(iter(block)) == "time_column_name"
    assert [name for name, field in block.items() if field["is_required"]] == ["time_column_name"]
    assert bounds_of(block["forecast_horizon"]) == "1 …"
    assert parsed("auto", block["forecast_horizon"]) == "auto"
    assert parsed(" 12 ", block["forecast_horizon"]) == 12
    assert parsed("1, 7", block["target_lags"]) == [1, 7]
    assert parsed("shop, town", block["time_series_id_column_names"]) == ["shop", "town"]
    assert parsed("", block["frequency"]) is None
    assert schema.block("regression") == {}
