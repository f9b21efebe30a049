"""Errors survive the wire."""

import pytest

from jupyter_mlws.entities.errors import BY_CODE, Invalid, MlwsError, Problem, from_dict


@pytest.mark.parametrize("cls", BY_CODE.values())
def test_an_error_comes_back_as_the_same_class(cls: type[MlwsError]) -> None:
    error = cls("no", problems=[Problem("wrong", "a.b", 3, "job.yml")])

    back = from_dict(error.to_dict())

    assert type(back) is cls
    assert (back.message, back.problems) == (error.message, error.problems)


def test_codes_are_unique() -> None:
    assert len(BY_CODE) == len({cls.code for cls in BY_CODE.values()})


def test_a_problem_reads_as_file_line_field_message() -> None:
    assert str(Problem("wrong", "a.b", 3, "job.yml")) == "job.yml:3: a.b: wrong"


def test_an_invalid_input_tells_all_its_problems() -> None:
    error = Invalid.of([Problem("one", "a"), Problem("two", "b")])

    assert str(error) == "a: one\nb: two"
