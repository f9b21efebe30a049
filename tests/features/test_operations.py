"""The table of operations: what a function's name and signature make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlws.features.operations import Operation
from jupyter_mlws.features.workspace import Workspace


def plain(ws: Workspace, name: str, top: int = 3) -> str:
    """Read."""
    raise AssertionError(ws, name, top)


def with_files(ws: Workspace, text: str, files: dict[str, str] | None = None) -> str:
    """Read what is sent along."""
    raise AssertionError(ws, text, files)


def with_texts(ws: Workspace, keys: list[str] | None = None) -> str:
    """Read several."""
    raise AssertionError(ws, keys)


@pytest.mark.parametrize(
    ("function", "action", "route"),
    [
        (plain, "things/read", ("GET", "/things/{name}:draw")),
        (plain, "things/write", ("POST", "/things/{name}:draw")),
        (with_files, "things/read", ("POST", "/things:draw")),
        (with_texts, "things/read", ("GET", "/things:draw")),
    ],
)
def test_what_fits_no_query_string_is_posted(
    function: Callable[..., Any], action: str, route: tuple[str, str]
) -> None:
    assert Operation("things", "draw", action, function).route == route
