"""YAML to data, with lines."""

import pytest

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.yaml import dump, override, parse

JOB = """\
$schema: https://example.org/commandJob.schema.json
command: >-
  echo
  hello
inputs:
  lr: 0.1
  data:
    path: ./data
tags: {when: 2024-01-02, on: off}
"""


def problems_of(text: str | bytes) -> list[Problem]:
    with pytest.raises(Invalid) as caught:
        parse(text, file="job.yml")
    return list(caught.value.problems)


def test_a_field_knows_its_line() -> None:
    document = parse(JOB, file="job.yml")

    found = document.located(Problem("wrong", "inputs.data.path"))

    assert (found.file, found.line) == ("job.yml", 8)


def test_a_missing_field_is_said_at_the_field_around_it() -> None:
    document = parse(JOB, file="job.yml")

    assert document.located(Problem("is required", "inputs.data.type")).line == 7


def test_scalars_are_yaml_1_1_but_dates_stay_text() -> None:
    data = parse(JOB).data

    assert data["tags"] == {"when": "2024-01-02", True: False}
    assert data["command"] == "echo hello"


def test_a_byte_order_mark_is_not_part_of_the_first_key() -> None:
    assert parse(b"\xef\xbb\xbfcommand: x").data == {"command": "x"}


def test_broken_utf8_names_its_line() -> None:
    assert problems_of(b"a: 1\nb: \xff\n")[0].line == 2


def test_a_syntax_error_names_file_and_line() -> None:
    problem = problems_of("a: 1\nb: [1, 2\nc: 3\n")[0]

    assert problem.file == "job.yml"
    assert problem.line in {2, 3}


def test_a_key_that_stands_twice_is_refused() -> None:
    problem = problems_of("a: 1\nb: {x: 1, x: 2}\n")[0]

    assert (problem.field, problem.line) == ("b.x", 2)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "42"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "mapping" in problems_of(text)[0].message


def test_code_in_yaml_is_not_run() -> None:
    assert problems_of("a: !!python/object/apply:os.getcwd []")


def test_set_makes_mappings_and_reads_values_as_yaml() -> None:
    changed = override(parse("inputs: {list: [1, 2]}"), ["limits.timeout=60", "inputs.list.0=x"])

    assert changed.data == {"inputs": {"list": ["x", 2]}, "limits": {"timeout": 60}}


def test_set_leaves_the_document_it_came_from() -> None:
    document = parse("inputs: {a: 1}")

    override(document, ["inputs.a=2"])

    assert document.data == {"inputs": {"a": 1}}


@pytest.mark.parametrize("assignment", ["inputs.a.b=1", "nothing", "=1"])
def test_a_set_that_has_no_place_is_refused(assignment: str) -> None:
    with pytest.raises(Invalid):
        override(parse("inputs: {a: text}"), [assignment])


def test_what_is_dumped_reads_the_same() -> None:
    data = {"name": "é", "inputs": {"a": 1.5, "b": [True, None]}}

    assert parse(dump(data)).data == data
