"""Which outputs fit which inputs, and which values."""

from __future__ import annotations

from typing import Any, get_args

from jupyter_mlws.entities.interface import Port, PortType
from jupyter_mlws.entities.job import DATA_TYPES, LITERAL_TYPES
from jupyter_mlws.entities.pipeline import NodePort
from jupyter_mlws.entities.values import value_of

FAMILY = {
    "uri_file": "file",
    "file": "file",
    "uri_folder": "folder",
    "folder": "folder",
    "figure": "folder",
    "mltable": "table",
    "dataset": "table",
    "mlflow_model": "model",
    "model": "model",
    "custom_model": "model",
    "triton_model": "model",
    "path": "path",
}
"""Of types that are files; all others are values."""

REFUSED = {
    ("file", "folder"),
    ("file", "table"),
    ("folder", "file"),
    ("model", "file"),
    ("model", "table"),
    ("table", "model"),
}
"""Files that cannot be taken for one another. A table is a folder that may hold a single file."""

WIDER = {
    "string": {"integer", "number", "boolean", "date", "datetime", "path"},
    "number": {"integer"},
    "date": {"string"},
    "datetime": {"string", "date"},
    "list": {"object", "string"},
    "object": {"list", "string"},
    "secret": {"string"},
    "path": {"string"},
}
"""Which other values an input of a type takes."""


def is_data(type_: str) -> bool:
    """Whether what has this type is files and no value."""
    return type_ in FAMILY


def data_type(type_: str) -> str:
    """The type that a job's input or output has for a port of this type."""
    if type_ in DATA_TYPES or type_ in LITERAL_TYPES:
        return type_
    return {"file": "uri_file", "model": "mlflow_model"}.get(type_, "uri_folder")


def mismatch(given: str, taken: str) -> str | None:
    """Why what has the type `given` does not fit an input of type `taken`; None when it fits."""
    if "any" in (given, taken) or given == taken:
        return None
    if is_data(given) != is_data(taken):
        if taken == "path" and given == "string":
            return None
        what = "files" if is_data(given) else "a value"
        wants = "files" if is_data(taken) else "a value"
        return f"{given} is {what}, and {taken} takes {wants}"
    if is_data(given):
        pair = (FAMILY[given], FAMILY[taken])
        is_loose = pair == ("file", "model") and taken != "custom_model"
        return f"{given} is no {taken}" if pair in REFUSED or is_loose else None
    return None if given in WIDER.get(taken, ()) else f"{given} is no {taken}"


def converted(port: NodePort, value: Any) -> Any:
    """A value in the type of a port, checked against its limits and choices.

    Raises:
        ValueError: it does not fit.
    """
    if is_data(port.type):
        if port.type == "path" and isinstance(value, str):
            return value
        raise ValueError(f"takes files ({port.type}): give a mapping with `path`, or bind it.")
    kind = port.type if port.type in get_args(PortType) else "any"
    return value_of(
        Port.model_validate(
            {
                "name": port.name,
                "type": kind,
                "required": port.required,
                "choices": port.choices,
                "minimum": port.minimum,
                "maximum": port.maximum,
            }
        ),
        value,
    )


def literal_type(value: Any) -> str:
    """The type of a value as YAML has it."""
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "any")
