"""JSON Schema of a notebook's inputs, for forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_mlws.entities.interface import Port

_SHAPES: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "string": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "list": {"type": "array", "x-widget": "json"},
    "object": {"type": "object", "x-widget": "json"},
    "path": {"type": "string", "x-widget": "path"},
    "file": {"type": "string", "x-widget": "file"},
    "folder": {"type": "string", "x-widget": "folder"},
    "dataset": {"type": "string", "x-widget": "dataset"},
    "model": {"type": "string", "x-widget": "model"},
    "secret": {"type": "string", "format": "password", "writeOnly": True, "x-widget": "secret"},
    "figure": {"type": "string", "x-widget": "file"},
    "any": {},
}


def input_schema(ports: Sequence[Port]) -> dict[str, Any]:
    """The inputs as one object; `x-widget` and `x-log` are hints for the control of a field."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {port.name: _property(port) for port in ports},
        "additionalProperties": False,
    }
    required = [port.name for port in ports if port.required]
    return schema | ({"required": required} if required else {})


def _property(port: Port) -> dict[str, Any]:
    made: dict[str, Any] = {"title": port.name.replace("_", " "), **_SHAPES[port.type]}
    optional = {
        "description": port.description or None,
        "default": None if port.type == "secret" else port.default,
        "enum": port.choices,
        "minimum": port.minimum,
        "maximum": port.maximum,
        "exclusiveMinimum": port.exclusive_minimum,
        "exclusiveMaximum": port.exclusive_maximum,
        "x-log": port.log or None,
    }
    return made | {key: value for key, value in optional.items() if value is not None}
