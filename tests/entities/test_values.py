"""Values for a notebook's inputs: converted, and all that is wrong told at once."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.interface import Interface, Port, PortType
from jupyter_mlws.entities.values import convert, value_of


def interface(*ports: Port, has_parameters: bool = True) -> Interface:
    return Interface(language="python", has_parameters=has_parameters, inputs=list(ports))


@pytest.mark.parametrize(
    ("type_", "given_", "made"),
    [
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("boolean", 1, True),
        ("integer", "10", 10),
        ("integer", 10.0, 10),
        ("integer", "1e3", 1000),
        ("number", "1e-3", 0.001),
        ("number", 2, 2.0),
        ("string", 5, "5"),
        ("string", "", ""),
        ("date", "2026-01-31", "2026-01-31"),
        ("datetime", "2026-01-31T14:02:00Z", "2026-01-31T14:02:00+00:00"),
        ("list", "[1, b]", [1, "b"]),
        ("list", (1, 2), [1, 2]),
        ("object", '{"a": 1}', {"a": 1}),
        ("dataset", "data/rows.csv", "data/rows.csv"),
        ("any", "1.5", 1.5),
        ("any", "word", "word"),
        ("number", "${{inputs.x}}", "${{inputs.x}}"),
    ],
)
def test_a_value_becomes_what_its_type_says(type_: Any, given_: Any, made: Any) -> None:
    value = value_of(Port(name="x", type=type_), given_)

    assert value == made
    assert type(value) is type(made)


@pytest.mark.parametrize(
    ("type_", "given_", "words"),
    [
        ("boolean", "maybe", "must be true or false (got 'maybe')"),
        ("boolean", 2, "must be true or false"),
        ("integer", "1.5", "must be a whole number"),
        ("integer", True, "must be a whole number"),
        ("number", "much", "must be a number"),
        ("number", float("nan"), "must be a finite number"),
        ("number", "inf", "must be a finite number"),
        ("date", "31.1.2026", "must be a date"),
        ("datetime", "soon", "must be a time"),
        ("list", "{}", "must be a list"),
        ("object", "[1]", "must be an object"),
        ("list", "[1", "must be a list"),
        ("file", 5, "must be a path"),
        ("path", "a\0b", "must be a path"),
    ],
)
def test_a_value_of_another_type_is_refused(type_: Any, given_: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        value_of(Port(name="x", type=type_), given_)


@pytest.mark.parametrize(
    ("limits", "value", "words"),
    [
        ({"minimum": 1}, 0, "at least 1"),
        ({"maximum": 1}, 2, "at most 1"),
        ({"exclusive_minimum": 0}, 0, "greater than 0"),
        ({"exclusive_maximum": 1}, 1, "less than 1"),
    ],
)
def test_a_number_out_of_range_is_refused(
    limits: dict[str, float], value: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        value_of(Port(name="x", type="number", **limits), value)


def test_a_choice_that_is_not_there_gets_a_spelling_hint() -> None:
    port = Port(name="kind", type="string", choices=["forest", "linear"])

    with pytest.raises(ValueError, match=r"must be one of: forest, linear.*Did you mean 'forest'"):
        value_of(port, "forrest")


def test_all_problems_are_told_at_once_and_named() -> None:
    ports = interface(
        Port(name="lr", type="number"), Port(name="rows", type="dataset", required=True)
    )

    with pytest.raises(Invalid) as refused:
        convert(ports, {"lr": "fast", "row": 1})

    assert [problem.field for problem in refused.value.problems] == [
        "inputs.row",
        "inputs.lr",
        "inputs.rows",
    ]


def test_inputs_that_are_not_given_are_left_to_the_notebook() -> None:
    assert convert(interface(Port(name="lr", type="number", default=0.1)), {}) == {}


def test_an_empty_text_takes_a_number_away() -> None:
    assert value_of(Port(name="depth", type="integer"), "") is None
    with pytest.raises(ValueError, match="is required"):
        value_of(Port(name="depth", type="integer", required=True), "")


def test_a_notebook_without_parameters_says_how_to_get_some() -> None:
    with pytest.raises(Invalid, match="tag the cell"):
        convert(interface(has_parameters=False), {"x": 1})


@given(st.text())
def test_any_text_is_converted_or_refused(text: str) -> None:
    kinds: dict[PortType, type | tuple[type, ...]] = {
        "boolean": bool,
        "integer": int,
        "number": float,
        "date": str,
        "datetime": str,
        "list": list,
        "object": dict,
    }
    for kind, cls in kinds.items():
        with suppress(ValueError):
            made = value_of(Port(name="x", type=kind), text)
            assert made is None or "${{" in text or isinstance(made, cls)
