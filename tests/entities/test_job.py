"""Job specs: what a file may say, and how a mistake is told."""

from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import CommandJob, NotebookJob
from jupyter_mlws.entities.record import json_schema
from jupyter_mlws.entities.validation import validated


def messages(**fields: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        validated(CommandJob, {"command": "true", **fields})
    return {problem.field: problem.message for problem in caught.value.problems}


def test_an_unknown_key_is_named_with_the_likely_one() -> None:
    assert messages(enviroment="x") == {
        "enviroment": "unknown key 'enviroment'. Did you mean 'environment'?"
    }


def test_an_unknown_key_deep_inside_is_named_once() -> None:
    assert list(messages(inputs={"data": {"path": "./x", "modus": "download"}})) == [
        "inputs.data.modus"
    ]


def test_a_missing_command_is_said_in_a_word() -> None:
    with pytest.raises(Invalid, match="command: is required"):
        validated(CommandJob, {})


def test_a_wrong_type_tells_what_came() -> None:
    assert "got 'soon'" in messages(limits={"timeout": "soon"})["limits.timeout"]


@pytest.mark.parametrize("name", ["a b", "ä", "-x", "../x", "x" * 256])
def test_a_job_name_that_is_no_name_is_refused(name: str) -> None:
    assert "name" in messages(name=name)


@pytest.mark.parametrize("name", ["1x", "a-b", "path", "HOME"])
def test_an_input_name_that_would_be_no_variable_is_refused(name: str) -> None:
    assert "inputs" in messages(inputs={name: 1})


def test_enum_values_come_in_any_case() -> None:
    job = validated(
        CommandJob,
        {"command": "true", "inputs": {"d": {"type": "URI_FILE", "path": "x", "mode": "roMount"}}},
    )

    assert (job.inputs["d"].type, job.inputs["d"].mode) == ("uri_file", "ro_mount")  # type: ignore[union-attr]


def test_scalars_in_text_maps_become_text() -> None:
    job = validated(CommandJob, {"command": "true", "tags": {"n": 1, "on": True}})

    assert job.tags == {"n": "1", "on": "True"}


def test_an_empty_output_is_a_folder() -> None:
    job = validated(CommandJob, {"command": "true", "outputs": {"model": None}})

    assert job.outputs["model"].type == "uri_folder"


def test_literals_keep_their_type() -> None:
    job = validated(
        NotebookJob, {"notebook": "a.ipynb", "inputs": {"a": 1, "b": 1.0, "c": True, "d": "1"}}
    )

    assert [type(value) for value in job.inputs.values()] == [int, float, bool, str]


def test_an_optional_field_is_one_type_in_the_schema() -> None:
    schema = json_schema(CommandJob)["properties"]["display_name"]

    assert schema["type"] == "string"
    assert "default" not in schema
