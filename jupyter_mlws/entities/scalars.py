"""How Azure ML reads single values: names, enum words, numbers that mean text."""

from __future__ import annotations

import re
from typing import Any

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""What assets and their versions may be called."""


WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where one word of camelCase ends and the next begins; `VSCode` is two."""


def fold(value: Any) -> Any:
    """Azure ML takes enum values in any case and in camelCase."""
    if not isinstance(value, str):
        return value
    return WORD_ENDS.sub("_", value).lower()


def lower(value: Any) -> Any:
    """An enum value without words inside, in any case: `PyTorch`."""
    return value.lower() if isinstance(value, str) else value


def text(value: Any) -> Any:
    """Azure ML takes numbers where it means text."""
    return str(value) if isinstance(value, (int, float)) else value
