"""The cell that carries a run's values."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution.notebooks.injection import code as code_of
from jupyter_mlws.execution.notebooks.injection import inject, secret_variable
from tests.execution.notebooks.making import code, notebook

PYTHON: dict[str, Any] = {"language": "python", "kernel": "python3"}


def ids(*cells: dict[str, Any], **values: Any) -> list[str]:
    """Ids of the cells after `values` were injected."""
    made = nbformat.from_dict(notebook(*cells))
    inject(made, values, types={}, **PYTHON)
    return [cell.id for cell in made.cells]


def test_values_mean_the_same_in_the_notebook() -> None:
    values: dict[str, Any] = {
        "text": 'it\'s "quoted"\n\\ and ü',
        "numbers": [1, 2.5, None, True],
        "nested": {"a": {"b": []}},
        "day": "2026-01-31",
        "at": "2026-01-31T14:02:00+00:00",
        "place": "data/x.csv",
        "nothing": None,
    }
    types = {"day": "date", "at": "datetime", "place": "path", "nothing": "date"}
    variables: dict[str, Any] = {}

    exec(code_of(values, types=types, **PYTHON), variables)

    del variables["__builtins__"]
    assert variables == {
        **values,
        "day": dt.date(2026, 1, 31),
        "at": dt.datetime(2026, 1, 31, 14, 2, tzinfo=dt.timezone.utc),
        "place": Path("data/x.csv"),
    }


def test_a_secret_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(secret_variable("key"), "open-sesame")
    variables: dict[str, Any] = {}

    source = code_of({}, types={}, secrets=["key"], **PYTHON)
    exec(source, variables)

    assert "open-sesame" not in source
    assert variables["key"] == os.environ["MLWS_SECRET_KEY"]


def test_the_cell_stands_behind_the_parameters() -> None:
    found = ids(code("a", id="a"), code("x = 1", "parameters", id="p"), code("b", id="b"), x=2)

    assert found == ["a", "p", "injected-parameters", "b"]


def test_without_parameters_it_stands_first() -> None:
    assert ids(code("a", id="a"), x=2) == ["injected-parameters", "a"]


def test_it_takes_the_place_of_what_an_earlier_run_injected() -> None:
    cells = (code("x = 1", "parameters", id="p"), code("x = 5", "injected-parameters", id="old"))

    assert ids(*cells, x=2) == ["p", "old"]


def test_nothing_to_assign_changes_nothing() -> None:
    assert ids(code("x = 1", "parameters", id="p")) == ["p"]


def test_other_languages_get_their_own_assignments() -> None:
    found = code_of({"x": 0.5, "on": True}, language="R", kernel="ir", types={}, secrets=["key"])

    assert found == '# Parameters\nx = 0.5\non = TRUE\nkey = Sys.getenv("MLWS_SECRET_KEY")'


def test_a_language_without_assignments_is_refused() -> None:
    with pytest.raises(Invalid, match="cannot be passed to brainf"):
        code_of({"x": 1}, language="brainf", kernel="bf", types={})
    with pytest.raises(Invalid, match="secrets cannot be passed to brainf"):
        code_of({}, language="brainf", kernel="bf", types={}, secrets=["key"])
