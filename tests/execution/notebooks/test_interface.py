"""What a notebook takes and gives, read without a kernel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.interface import Interface, Port
from jupyter_mlws.execution.notebooks.interface import parse, read, with_ids
from tests.execution.notebooks.making import code, notebook, text


def inputs(source: str) -> dict[str, Port]:
    """The inputs that a parameters cell declares, by name."""
    return {port.name: port for port in interface(source).inputs}


def interface(source: str, outputs: str = "") -> Interface:
    return read(notebook(code(source, "parameters"), code(outputs, "outputs")))


def said(port: Port) -> dict[str, Any]:
    """What the port says beyond its name."""
    return port.model_dump(exclude_defaults=True, exclude={"name"})


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("x: float = 1e-3", {"type": "number", "default": 0.001}),
        ("x = -3", {"type": "integer", "default": -3}),
        ("x = True", {"type": "boolean", "default": True}),
        ("x = 'a=b # c'", {"type": "string", "default": "a=b # c"}),
        ("x = 2**10 - 1", {"type": "integer", "default": 1023}),
        ("x: int | None = None", {"type": "integer"}),
        ("x: Optional[str] = None", {"type": "string"}),
        ("x: int | float = 1", {"type": "number", "default": 1}),
        ("x: Literal['a', 'b'] = 'a'", {"type": "string", "default": "a", "choices": ["a", "b"]}),
        ("x: 'Literal[1, 2]' = 1", {"type": "integer", "default": 1, "choices": [1, 2]}),
        ("x: list[int] = [1, 2]", {"type": "list", "default": [1, 2]}),
        ("x: dict[str, int] = {'a': 1}", {"type": "object", "default": {"a": 1}}),
        ("x = Path('data')", {"type": "path", "default": "data"}),
        ("x = date(2026, 1, 31)", {"type": "date", "default": "2026-01-31"}),
        ("x: datetime.datetime = None", {"type": "datetime"}),
        ("x: Dataset", {"type": "dataset", "required": True}),
        ("x: 'Model | str' = ...", {"type": "model", "required": True}),
        ("x: 'Secret' = 'default'", {"type": "secret"}),
        ("x: float = compute()", {"type": "number"}),
        ("x: Annotated[int, 'hint'] = 3", {"type": "integer", "default": 3}),
    ],
)
def test_an_assignment_declares_an_input(line: str, port: dict[str, Any]) -> None:
    assert said(inputs(line)["x"]) == port


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("x = 1.0  # [1e-5..1 log] rate", {"minimum": 1e-5, "maximum": 1.0, "log": True}),
        ("x = 1.0  # [0.1..0.9]", {"minimum": 0.1, "maximum": 0.9}),
        ("x = 1  # [>=1]", {"minimum": 1.0}),
        ("x = 1  # [>0, <=9]", {"exclusive_minimum": 0.0, "maximum": 9.0}),
        ("x = 'a'  # [a|b]", {"choices": ["a", "b"]}),
        ("x = 1  # [1|2|4]", {"choices": [1, 2, 4]}),
        ("x = 1  # [seconds] how long", {"description": "[seconds] how long"}),
    ],
)
def test_a_bracket_gives_limits(line: str, port: dict[str, Any]) -> None:
    assert port.items() <= said(inputs(line)["x"]).items()


def test_the_comment_is_the_help_also_over_several_lines() -> None:
    found = inputs("x = [\n  1,\n  2,\n]  # which\ny = 1  # how many")

    assert (found["x"].description, found["y"].description) == ("which", "how many")


def test_magics_and_imports_say_nothing_and_break_nothing() -> None:
    found = interface("%matplotlib inline\n!ls\nfrom datetime import date\nx = 1")

    assert [port.name for port in found.inputs] == ["x"]
    assert found.unreadable == []


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("a = 1\nx = compute()", 2, "'x' is computed"),
        ("for i in []:\n    x = 1", 1, "only plain assignments"),
        ("x.y = 1", 1, "plain names"),
        ("x: Foo = 1", 1, "'Foo' is not a type"),
        ("x = = 1", 1, "not Python"),
        ("x = 10 ** 10 ** 10", 1, "'x' is computed"),
    ],
)
def test_what_cannot_be_read_says_why(source: str, line: int, reason: str) -> None:
    found = interface(source).unreadable

    assert found[0].line == line
    assert reason in found[0].reason


def test_outputs_are_the_names_of_their_cell() -> None:
    outputs = interface("", "accuracy: float = acc\nmodel: Model\ntable, plot\nbest = x.y").outputs

    assert {port.name: port.type for port in outputs} == {
        "accuracy": "number",
        "model": "model",
        "table": "any",
        "plot": "any",
        "best": "any",
    }


def test_only_the_first_cell_with_a_tag_is_read() -> None:
    found = read(notebook(code("x = 1", "parameters"), code("y = 2", "parameters", id="second")))

    assert [port.name for port in found.inputs] == ["x"]
    assert found.unreadable[0].cell_id == "second"


def test_a_stored_interface_speaks_first() -> None:
    stored = {"interface": {"inputs": {"lr": {"type": "number"}}, "outputs": [{"name": "auc"}]}}

    found = read(notebook(code("x = 1", "parameters"), mlws=stored))

    assert [port.name for port in found.inputs] == ["lr"]
    assert [port.name for port in found.outputs] == ["auc"]


def test_a_broken_stored_interface_is_told_and_passed_over() -> None:
    stored = {"interface": {"inputs": [{"type": "no such type"}]}}

    found = read(notebook(code("x = 1", "parameters"), mlws=stored))

    assert [port.name for port in found.inputs] == ["x"]
    assert "broken" in found.unreadable[0].reason


def test_other_languages_are_read_as_far_as_they_are_alike() -> None:
    cell = code('x <- 0.5 # rate\nname = "a"\nflag <- TRUE', "parameters")

    found = read(notebook(cell, language_info={"name": "R"}, kernelspec={"name": "ir"}))

    assert (found.language, found.kernel) == ("R", "ir")
    assert {port.name: port.default for port in found.inputs} == {
        "x": 0.5,
        "name": "a",
        "flag": True,
    }


def test_the_schema_is_what_a_form_needs() -> None:
    source = (
        "lr: float = 0.1  # [0..1 log] rate\nkey: 'Secret' = 'x'\nrows: 'Dataset'\nday: date = None"
    )

    schema = interface(source).input_schema

    assert schema["required"] == ["rows"]
    assert schema["properties"] == {
        "lr": {
            "title": "lr",
            "type": "number",
            "description": "rate",
            "default": 0.1,
            "minimum": 0.0,
            "maximum": 1.0,
            "x-log": True,
        },
        "key": {
            "title": "key",
            "type": "string",
            "format": "password",
            "writeOnly": True,
            "x-widget": "secret",
        },
        "rows": {"title": "rows", "type": "string", "x-widget": "dataset"},
        "day": {"title": "day", "type": "string", "format": "date"},
    }


def test_a_caller_may_change_what_was_answered() -> None:
    body = notebook(code("x = 1", "parameters"))
    read(body).inputs.clear()

    assert len(read(body).inputs) == 1


def test_a_notebook_without_tags_takes_nothing() -> None:
    found = read(notebook(text("# Title"), code("x = 1")))

    assert (found.has_parameters, found.inputs, found.outputs) == (False, [], [])


def test_broken_json_is_told_with_its_line() -> None:
    with pytest.raises(Invalid) as refused:
        parse(b'{\n  "cells": [,]\n}', "train.ipynb")

    problem = refused.value.problems[0]
    assert (problem.field, problem.file, problem.line) == ("notebook", "train.ipynb", 2)


def test_cells_of_old_files_are_called_by_their_place() -> None:
    cells = [{**code("1"), "id": "same"}, {**code("2"), "id": "same"}, code("3")]
    del cells[2]["id"]

    assert [cell["id"] for cell in with_ids(notebook(*cells))["cells"]] == [
        "same",
        "cell-1",
        "cell-2",
    ]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_in_a_parameters_cell_is_read_or_told(source: str) -> None:
    found = interface(source)

    assert all(item.reason for item in found.unreadable)


KEYS = st.sampled_from(["cells", "metadata", "source", "cell_type", "tags", "kernelspec", "mlws"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, ANY_JSON))
def test_any_json_is_a_notebook_or_refused(body: dict[str, Any]) -> None:
    try:
        found: Interface | None = read({"nbformat": 4, **body})
    except Invalid:
        found = None

    assert found is None or isinstance(body["cells"], list)
