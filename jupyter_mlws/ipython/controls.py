"""What our widgets share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import ipywidgets as widgets

LABEL = {"description_width": "9em"}
WIDTH = "32em"


class Field:
    """A control with its help, and what is wrong with it.

    Attributes:
        path: of the field that it fills, dotted.

    Args:
        read: from what the control has to what the field gets; None leaves the field out.
    """

    def __init__(
        self, path: str, control: Any, *, help: str = "", read: Callable[[Any], Any] | None = None
    ) -> None:
        self.path = path
        self.control = control
        self._read = read or (lambda value: value)
        self._help = widgets.HTML()
        self.help(help)
        self._error = widgets.HTML(layout={"display": "none", "margin": "0 0 0 9em"})
        row = {"flex_flow": "row wrap", "align_items": "center"}
        self.widget = widgets.VBox([widgets.HBox([control, self._help], layout=row), self._error])

    @property
    def value(self) -> Any:
        """What the field gets; None for nothing."""
        return self._read(self.control.value)

    @property
    def is_shown(self) -> bool:
        """Whether it is asked."""
        return bool(self.widget.layout.display != "none")

    def concerns(self, path: str) -> bool:
        """Whether what is at a path is filled in here."""
        return path == self.path or path.startswith(f"{self.path}.")

    def show(self, is_shown: bool) -> None:
        """Ask it, or not."""
        show(self.widget, is_shown)

    def help(self, text: str) -> None:
        """What helps to fill it in."""
        self._help.value = f"<small>{escape(text)}</small>" if text else ""

    def complain(self, message: str) -> None:
        """Say what is wrong; nothing when the message is empty."""
        self._error.value = alert(message) if message else ""
        show(self._error, bool(message))


def alert(message: str) -> str:
    """A message about something that is wrong, as HTML."""
    color = "var(--jp-error-color1, #c62828)"
    return f'<span role="alert" style="color:{color};white-space:pre-line">{escape(message)}</span>'


def show(widget: widgets.DOMWidget, is_shown: bool) -> None:
    """Show a widget, or not."""
    widget.layout.display = "" if is_shown else "none"


def text_control(label: str, value: Any = None, placeholder: str = "") -> widgets.Text:
    """A line to type in."""
    shown = "" if value is None else str(value)
    width = widgets.Layout(width=WIDTH)
    return widgets.Text(
        value=shown, description=label, placeholder=placeholder, style=LABEL, layout=width
    )


def choice_control(label: str, options: Iterable[Any], value: Any = None) -> widgets.Dropdown:
    """One of some."""
    width = widgets.Layout(width=WIDTH)
    made = widgets.Dropdown(options=list(options), description=label, style=LABEL, layout=width)
    if value is not None:
        made.value = value
    return made


def close_all(parts: Iterable[object]) -> None:
    """Take widgets away with all that is in them, their layouts and styles too."""
    for part in parts:
        if isinstance(part, widgets.Widget):
            close_all(getattr(part, "children", ()))
            close_all([getattr(part, "layout", None), getattr(part, "style", None)])
            part.close()
