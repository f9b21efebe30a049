"""Values given for the inputs of a notebook: converted to their types and checked, all at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import yaml

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.interface import ASSET_TYPES, Interface, Port
from jupyter_mlws.entities.validation import did_you_mean

EXPRESSION = "${{"
"""What a value holds that is filled in only when the job starts."""


def convert(interface: Interface, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` in the types of the inputs; inputs that are not given are left out.

    Dates stay texts (ISO 8601) and paths stay texts, so that all that is answered is JSON. Texts from a
    command line are read as the type wants them: `10`, `1e-3`, `true`, `[1, 2]`, `{a: 1}`.

    Raises:
        Invalid: with a problem for each unknown name, missing input and wrong value, fields named
            `inputs.<name>`.
    """
    ports = {port.name: port for port in interface.inputs}
    found = [
        Problem(_unknown(name, interface, ports), f"inputs.{name}")
        for name in values
        if name not in ports
    ]
    converted: dict[str, Any] = {}
    for name, port in ports.items():
        try:
            if name in values:
                converted[name] = value_of(port, values[name])
            elif port.required:
                raise ValueError(f"is required ({port.type}).")
        except ValueError as error:
            found.append(Problem(str(error), f"inputs.{name}"))
    if found:
        raise Invalid.of(found)
    return converted


def value_of(port: Port, value: Any) -> Any:
    """`value` in the type of `port`.

    Raises:
        ValueError: it is of another type, out of range or not among the choices.
    """
    if isinstance(value, str) and EXPRESSION in value:
        return value
    if value is None or (value == "" and port.type not in {"string", "any", "secret"}):
        if port.required:
            raise ValueError(f"is required ({port.type}).")
        return None
    made = _READERS[port.type](value)
    if port.choices is not None and made not in port.choices:
        known = ", ".join(str(choice) for choice in port.choices)
        hint = did_you_mean(str(made), [str(choice) for choice in port.choices])
        raise ValueError(f"must be one of: {known} (got {made!r:.80}).{hint}")
    if isinstance(made, (int, float)) and not isinstance(made, bool):
        _check_range(port, made)
    return made


def _check_range(port: Port, value: float) -> None:
    limits: list[tuple[float | None, str, bool]] = [
        (port.minimum, "at least", port.minimum is not None and value < port.minimum),
        (port.maximum, "at most", port.maximum is not None and value > port.maximum),
        (
            port.exclusive_minimum,
            "greater than",
            port.exclusive_minimum is not None and value <= port.exclusive_minimum,
        ),
        (
            port.exclusive_maximum,
            "less than",
            port.exclusive_maximum is not None and value >= port.exclusive_maximum,
        ),
    ]
    for limit, words, broken in limits:
        if limit is not None and broken:
            raise ValueError(f"must be {words} {limit:g} (got {value:g}).")


def _unknown(name: str, interface: Interface, ports: Mapping[str, Port]) -> str:
    if not interface.has_parameters:
        return "the notebook takes no inputs: tag the cell that assigns them with 'parameters'."
    known = f" It has: {', '.join(ports)}." if ports else " It has no inputs."
    return f"the notebook has no input of this name.{did_you_mean(name, ports) or known}"


def _wrong(words: str, value: Any) -> ValueError:
    return ValueError(f"must be {words} (got {value!r:.80}).")


def _boolean(value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    key = str(value).strip().lower()
    if isinstance(value, (bool, int, str)) and key in words:
        return words[key]
    raise _wrong("true or false", value)


def _number(value: Any) -> float:
    made = value if isinstance(value, (int, float)) else _parsed_number(value)
    if isinstance(made, bool) or not math.isfinite(made):
        raise _wrong("a finite number", value)
    return made


def _parsed_number(value: Any) -> float:
    try:
        return int(value) if str(value).lstrip("+-").isdecimal() else float(value)
    except (TypeError, ValueError):
        raise _wrong("a number", value) from None


def _integer(value: Any) -> int:
    try:
        made = _number(value)
    except ValueError:
        raise _wrong("a whole number", value) from None
    if made != int(made):
        raise _wrong("a whole number", value)
    return int(made)


def _string(value: Any) -> str:
    if isinstance(value, (str, bool, int, float)):
        return str(value)
    raise _wrong("a text", value)


def _path(value: Any) -> str:
    if isinstance(value, str) and "\0" not in value:
        return value
    raise _wrong("a path", value)


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(
            str(value)[:10] if isinstance(value, datetime) else str(value)
        ).isoformat()
    except ValueError:
        raise _wrong("a date such as 2026-01-31", value) from None


def _datetime(value: Any) -> str:
    text = str(value).strip()
    try:
        return datetime.fromisoformat(
            text[:-1] + "+00:00" if text[-1:] in "zZ" else text
        ).isoformat()
    except ValueError:
        raise _wrong("a time such as 2026-01-31T14:02:00", value) from None


def _list(value: Any) -> list[Any]:
    made = _parsed(value)
    if isinstance(made, (list, tuple)):
        return list(made)
    raise _wrong("a list such as [1, 2]", value)


def _object(value: Any) -> dict[str, Any]:
    made = _parsed(value)
    if isinstance(made, dict):
        return made
    raise _wrong('an object such as {"a": 1}', value)


def _parsed(value: Any) -> Any:
    """A text as the YAML it is, so that JSON and what people type both work."""
    if not isinstance(value, str):
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value


def _any(value: Any) -> Any:
    """A text that is a number, a truth value or JSON becomes that, as `papermill -p` does."""
    made = _parsed(value)
    return value if made is None or isinstance(made, (date, datetime)) else made


_READERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": lambda value: float(_number(value)),
    "string": _string,
    "date": _date,
    "datetime": _datetime,
    "list": _list,
    "object": _object,
    "path": _path,
    "secret": _string,
    "figure": _path,
    "any": _any,
} | dict.fromkeys(ASSET_TYPES, _path)
