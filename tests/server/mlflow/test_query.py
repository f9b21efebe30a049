"""Searches over documents."""

from __future__ import annotations

from functools import partial

import pytest

from jupyter_mlws.server.mlflow import query
from jupyter_mlws.server.mlflow.registry import VERSIONS
from jupyter_mlws.store.filters import Comparison, parse


@pytest.mark.parametrize(
    ("operator", "value", "actual", "expected"),
    [
        ("=", "a", "a", True),
        ("!=", "a", "a", False),
        ("!=", "a", None, False),
        ("<", 2.0, 1, True),
        (">=", 2.0, float("nan"), False),
        ("LIKE", "a%", "abc", True),
        ("LIKE", "A%", "abc", False),
        ("ILIKE", "A_C", "abc", True),
        ("LIKE", "a.c", "abc", False),
        ("LIKE", "%", "two\nlines", True),
        ("IN", ("a", "b"), "b", True),
        ("NOT IN", ("a", "b"), "b", False),
        ("IS NULL", None, None, True),
        ("IS NOT NULL", None, "a", True),
    ],
)
def test_a_comparison_holds_or_not(
    operator: str, value: query.Scalar, actual: query.Scalar, expected: bool
) -> None:
    assert query.holds(Comparison("tag", "k", operator, value), actual) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "abc"),
        ("name = 'a' OR name = 'b'", "ab"),
        ("NOT name = 'a'", "bc"),
        ("(name = 'a' OR name = 'b') AND name != 'a'", "b"),
    ],
)
def test_conditions_combine(text: str, names: str) -> None:
    condition = parse(text, VERSIONS)

    found = [name for name in "abc" if query.chosen(condition, partial(query.holds, actual=name))]

    assert "".join(found) == names


def test_only_what_holds_for_all_is_certain() -> None:
    condition = parse("name = 'a' AND (run_id = 'b' OR run_id = 'c') AND NOT name = 'd'", VERSIONS)

    assert [comparison.value for comparison in query.certain(condition)] == ["a"]


@pytest.mark.parametrize(("descending", "expected"), [(False, [1, 2, None]), (True, [2, 1, None])])
def test_what_is_absent_comes_last_either_way(descending: bool, expected: list[int | None]) -> None:
    assert query.ordered([None, 2, 1], [(lambda item: item, descending)]) == expected


def test_ties_are_broken_by_the_next_key() -> None:
    order = [(lambda item: item[0], False), (lambda item: item[1], True)]

    assert query.ordered([(1, 1), (0, 1), (1, 2)], order) == [(0, 1), (1, 2), (1, 1)]
