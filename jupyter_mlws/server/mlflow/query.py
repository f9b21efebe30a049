"""Searches over documents: models, versions and logged models, which are few beside runs.

The store's search language, worked out in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key
from typing import Any, TypeVar

from jupyter_mlws.store.filters import And, Comparison, Condition, Not, Or

T = TypeVar("T")
Scalar = str | float | None

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def chosen(condition: Condition | None, holds_for: Callable[[Comparison], bool]) -> bool:
    """Whether a condition chooses the thing of which `holds_for` knows the single comparisons."""
    match condition:
        case None:
            return True
        case And(parts):
            return all(chosen(part, holds_for) for part in parts)
        case Or(parts):
            return any(chosen(part, holds_for) for part in parts)
        case Not(part):
            return not chosen(part, holds_for)
    return holds_for(condition)


def holds(comparison: Comparison, actual: Scalar) -> bool:
    """Whether a comparison holds for a value; of what is absent only `IS NULL` holds."""
    operator, value = comparison.operator, comparison.value
    if operator in {"IS NULL", "IS NOT NULL"}:
        return (actual is None) == (operator == "IS NULL")
    if actual is None:
        return False
    if isinstance(value, tuple):
        return (actual in value) == (operator == "IN")
    if operator in {"LIKE", "ILIKE"}:
        flags = re.DOTALL | (re.IGNORECASE if operator == "ILIKE" else 0)
        return re.fullmatch(_pattern(str(value)), str(actual), flags) is not None
    return ORDER[operator](actual, value)


def certain(condition: Condition | None) -> Iterable[Comparison]:
    """The comparisons that hold for everything the condition chooses."""
    if isinstance(condition, Comparison):
        yield condition
    if isinstance(condition, And):
        for part in condition.parts:
            yield from certain(part)


def ordered(items: Iterable[T], order: Sequence[tuple[Callable[[T], Any], bool]]) -> list[T]:
    """The items by several keys, each descending (True) or not; absent values come last."""

    def compare(a: T, b: T) -> int:
        for key, descending in order:
            left, right = key(a), key(b)
            if left == right:
                continue
            if left is None or right is None:
                return 1 if left is None else -1
            return 1 if (left < right) == descending else -1
        return 0

    return sorted(items, key=cmp_to_key(compare))


def _pattern(like: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in like)
