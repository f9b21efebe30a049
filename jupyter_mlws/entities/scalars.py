"""How Azure ML reads single values: names, enum words, numbers that mean text."""

from __future__ import annotations

from typing import Any

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""What assets and their versions may be called."""


def fold(value: Any) -> Any:
    """Azure ML takes enum values in any case and in camelCase."""
    if not isinstance(value, str):
        return value
    snake = "".join(
        f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(value)
    )
    return value.lower() if value.isupper() else snake


def text(value: Any) -> Any:
    """Azure ML takes numbers where it means text."""
    return str(value) if isinstance(value, (int, float)) else value
