"""What our widgets share."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import ipywidgets as widgets


def alert(message: str) -> str:
    """A message about something that is wrong, as HTML."""
    color = "var(--jp-error-color1, #c62828)"
    return f'<span role="alert" style="color:{color};white-space:pre-line">{escape(message)}</span>'


def close_all(parts: Iterable[object]) -> None:
    """Take widgets away with all that is in them, their layouts and styles too."""
    for part in parts:
        if isinstance(part, widgets.Widget):
            close_all(getattr(part, "children", ()))
            close_all([getattr(part, "layout", None), getattr(part, "style", None)])
            part.close()
