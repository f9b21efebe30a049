"""A notebook's parameters as a form: filled in, checked and run as a job."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import orjson

from jupyter_mlws.entities.errors import Invalid, MlwsError
from jupyter_mlws.entities.interface import Interface, Port
from jupyter_mlws.entities.values import value_of
from jupyter_mlws.ipython.controls import alert
from jupyter_mlws.ipython.display import JobCard
from jupyter_mlws.sdk.builders import notebook

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

_DESCRIPTION = {"description_width": "12em"}
_WIDE = widgets.Layout(width="36em")


class JobForm(widgets.VBox):  # type: ignore[misc]
    """Controls for the inputs of a notebook, and a button *Run as job*.

    A wrong value is told beside its control while it is typed, and the button waits until all are right.
    What the workspace refuses is told at the control it speaks of.

    Attributes:
        interface: what the notebook takes.
        job: the card of the job that was started last.
    """

    def __init__(
        self, client: MLClient, path: str | os.PathLike[str], fields: Mapping[str, Any]
    ) -> None:
        self._client = client
        self._path = Path(path)
        self._job_fields = dict(fields)
        self.job: JobCard | None = None
        self.interface = self._read()
        self._fields = {port.name: _Field(port, self._check) for port in self.interface.inputs}
        self._button = widgets.Button(description="Run as job", button_style="primary", icon="play")
        self._button.on_click(lambda button: self.submit())
        self._message = widgets.HTML()
        self._result = widgets.Output()
        rows = [field.widget for field in self._fields.values()] or [_empty(self.interface)]
        super().__init__([*rows, self._button, self._message, self._result])
        self.add_class("jp-MlwsWidget")
        self._check()

    @property
    def values(self) -> dict[str, Any]:
        """What is filled in and differs from the notebook's own values.

        Raises:
            Invalid: something is wrong.
        """
        return {name: field.value for name, field in self._fields.items() if field.is_changed}

    def set(self, **values: Any) -> None:
        """Fill in values.

        Raises:
            Invalid: there is no such input.
        """
        for name, value in values.items():
            if name not in self._fields:
                raise Invalid.field(f"inputs.{name}", "the notebook has no input of this name.")
            self._fields[name].set(value)

    def submit(self) -> JobCard | None:
        """Run the notebook as a job; None, and messages in the form, when it was refused."""
        self._message.value = ""
        self._result.outputs = ()
        if not self._check():
            return None
        try:
            inputs = {name: _sent(value) for name, value in self.values.items()}
            spec = notebook(self._path, inputs=inputs, **self._job_fields)
            self.job = JobCard(self._client, self._client.jobs.create_or_update(spec))
        except MlwsError as error:
            self._show(error)
            return None
        self._result.append_display_data(self.job)
        return self.job

    def _read(self) -> Interface:
        try:
            content = orjson.loads(self._path.read_bytes())
        except OSError as error:
            raise Invalid.field("notebook", f"'{self._path}': {error.strerror}.") from None
        except orjson.JSONDecodeError as error:
            raise Invalid.field("notebook", f"'{self._path}' is no notebook: {error}.") from None
        found = self._client.call("notebooks.interface", notebook=content)
        return Interface.model_validate(found)

    def _check(self) -> bool:
        """Whether all is right; the button says so."""
        wrong = [field for field in self._fields.values() if not field.check()]
        self._button.disabled = bool(wrong)
        return not wrong

    def _show(self, error: MlwsError) -> None:
        rest = []
        for problem in error.problems:
            name = problem.field.removeprefix("inputs.").split(".")[0]
            if name in self._fields:
                self._fields[name].complain(problem.message)
            else:
                rest.append(str(problem))
        if rest or not error.problems:
            self._message.value = alert("\n".join(rest) or error.message)


class _Field:
    """The control of one input, with its help and what is wrong with it."""

    def __init__(self, port: Port, changed: Callable[[], object]) -> None:
        self._port = port
        self._control = _control(port)
        self._initial = self._control.value
        self._error = widgets.HTML()
        help_text = f" <small>{html.escape(port.description)}</small>" if port.description else ""
        beside = widgets.HBox([self._control, widgets.HTML(help_text)])
        self.widget = widgets.VBox([beside, self._error])
        self._control.observe(lambda change: changed(), names="value")

    @property
    def is_changed(self) -> bool:
        """Whether the value is not the notebook's own."""
        return bool(self._control.value != self._initial)

    @property
    def value(self) -> Any:
        """The value in the type of the input.

        Raises:
            Invalid: it is wrong.
        """
        try:
            return value_of(self._port, _plain(self._control.value))
        except ValueError as error:
            raise Invalid.field(f"inputs.{self._port.name}", str(error)) from None

    def set(self, value: Any) -> None:
        """Fill in a value as the control has it."""
        is_text = isinstance(self._control, (widgets.Text, widgets.Textarea, widgets.Password))
        shown = orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value
        self._control.value = str(shown) if is_text else shown

    def check(self) -> bool:
        """Whether the value is right; says so beside the control when it is not."""
        try:
            if self.is_changed or self._port.required:
                _ = self.value
        except Invalid as error:
            self.complain(error.problems[0].message)
            return False
        self._error.value = ""
        return True

    def complain(self, message: str) -> None:
        """Say what is wrong."""
        self._error.value = alert(message)


def _control(port: Port) -> widgets.ValueWidget:
    """The control that fits the type; numbers are typed in, as a slider would clip what is out of range."""
    label = f"{port.name}{' *' if port.required else ''}"
    common: dict[str, Any] = {"description": label, "style": _DESCRIPTION, "layout": _WIDE}
    if port.choices is not None:
        options = [*port.choices] if port.default in port.choices else ["", *port.choices]
        return widgets.Dropdown(options=options, value=_first(port, options), **common)
    if port.type == "boolean" and port.default is not None:
        return widgets.Checkbox(value=bool(port.default), indent=True, **common)
    if port.type == "date":
        day = date.fromisoformat(port.default) if port.default else None
        return widgets.DatePicker(value=day, **common)
    if port.type == "secret":
        return widgets.Password(placeholder="not shown, not stored in the notebook", **common)
    if port.type in {"list", "object"}:
        text = "" if port.default is None else orjson.dumps(port.default).decode()
        return widgets.Textarea(value=text, placeholder="JSON", rows=2, **common)
    default = "" if port.default is None else str(port.default)
    return widgets.Text(value=default, placeholder=_placeholder(port), **common)


def _first(port: Port, options: list[Any]) -> Any:
    return port.default if port.default in options else options[0]


def _placeholder(port: Port) -> str:
    low = port.minimum if port.minimum is not None else port.exclusive_minimum
    high = port.maximum if port.maximum is not None else port.exclusive_maximum
    if low is None and high is None:
        return str(port.type)
    return f"{'' if low is None else f'{low:g}'} … {'' if high is None else f'{high:g}'}"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _sent(value: Any) -> Any:
    """Lists and objects travel as JSON text: a job's inputs are plain values."""
    return orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value


def _empty(interface: Interface) -> widgets.Widget:
    if interface.has_parameters:
        return widgets.HTML("The cell tagged <code>parameters</code> assigns nothing.")
    return widgets.HTML("This notebook takes no inputs: tag a cell with <code>parameters</code>.")
