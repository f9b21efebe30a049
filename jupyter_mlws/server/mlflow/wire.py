"""The protocol's JSON: reading requests field by field, its errors, its special numbers.

Source: the REST API of MLflow 3.17 as its Python client speaks it (protobuf's JSON mapping).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from jupyter_mlws.entities import errors

Json = dict[str, Any]

STATUS = {
    "INVALID_PARAMETER_VALUE": 400,
    "BAD_REQUEST": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_CONFLICT": 409,
    "RESOURCE_EXHAUSTED": 507,
    "INTERNAL_ERROR": 500,
    "NOT_IMPLEMENTED": 501,
    "TEMPORARILY_UNAVAILABLE": 503,
}
"""HTTP status of each code. The client retries 429, 500, 502, 503 and 504 for minutes, so nothing
permanent has one of these: an existing name is a 400, a full disk a 507."""

CODES: dict[type[errors.MlwsError], str] = {
    errors.Invalid: "INVALID_PARAMETER_VALUE",
    errors.Unauthenticated: "UNAUTHENTICATED",
    errors.Denied: "PERMISSION_DENIED",
    errors.NotFound: "RESOURCE_DOES_NOT_EXIST",
    errors.AlreadyExists: "RESOURCE_ALREADY_EXISTS",
    errors.Conflict: "RESOURCE_CONFLICT",
    errors.Unavailable: "TEMPORARILY_UNAVAILABLE",
    errors.PluginMissing: "NOT_IMPLEMENTED",
}

SEE_DOCS = "See the API docs for more information about request parameters."
INT64 = range(-(2**63), 2**63)
_POSITION = re.compile(r" \(at character \d+\)")
"""Where a filter is wrong, as our own pages read it; MLflow's messages go without."""
_INTEGER = re.compile(r"[+-]?\d{1,19}")


class Refused(Exception):
    """A request that is answered with one of the protocol's errors."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return STATUS[self.code]

    def to_dict(self) -> Json:
        """The body of the answer."""
        return {"error_code": self.code, "message": self.message}

    @classmethod
    def of(cls, error: errors.MlwsError) -> Refused:
        """The protocol's error for one of ours."""
        text = "; ".join(problem.message for problem in error.problems) or error.message
        return cls(CODES.get(type(error), "INTERNAL_ERROR"), _POSITION.sub("", text))


def invalid(message: str) -> Refused:
    """The error of a request that must be changed."""
    return Refused("INVALID_PARAMETER_VALUE", message)


def absent(message: str) -> Refused:
    """The error of a thing that is not there."""
    return Refused("RESOURCE_DOES_NOT_EXIST", message)


def taken(message: str) -> Refused:
    """The error of a name that is in use."""
    return Refused("RESOURCE_ALREADY_EXISTS", message)


def missing(name: str) -> Refused:
    """The error of a required field that is not there."""
    return invalid(f"Missing value for required parameter '{name}'. {SEE_DOCS}")


def bad_value(name: str, value: object, why: str) -> Refused:
    """The error of a value that its field cannot have."""
    return invalid(f"Invalid value {_compact(value)} for parameter '{name}' supplied: {why}")


def wrong_type(name: str, value: object) -> Refused:
    """The error of a value of another type than the field's."""
    return bad_value(name, value, f" Hint: Value was of type '{type(value).__name__}'. {SEE_DOCS}")


def decode(body: bytes) -> Json:
    """The JSON object of a request body; an empty body is an empty object.

    Very old clients send a JSON string that holds the JSON, and some send a bare `NaN`.

    Raises:
        Refused: it is not a JSON object.
    """
    if not body:
        return {}
    found = _parse(body)
    if isinstance(found, str):
        found = _parse(found.encode())
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused("BAD_REQUEST", "The request body must be a JSON object.")
    return found


def encode(answer: Json) -> bytes:
    """The answer as compact JSON."""
    return orjson.dumps(answer)


def encode_list(items: list[Json]) -> str:
    """A list as the JSON text that some tags hold."""
    return orjson.dumps(items).decode()


def decode_list(text: str) -> list[Json]:
    """The list in a JSON text; an empty one when a user has put something else there."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    return found if isinstance(found, list) else []


def double(value: float) -> float | str:
    """`value` as the protocol answers it: NaN as text, an infinity as the largest double.

    The real server keeps infinities as the largest doubles in its SQL store, and its users' programs
    see those. We keep what was logged, for our own pages and commands, and answer as it does.
    """
    if value != value:
        return "NaN"
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def pairs(mapping: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags or params as the protocol lists them."""
    return [{"key": key, "value": value} for key, value in mapping.items()]


def present(fields: Json) -> Json:
    """The fields that are set: without None and without empty lists."""
    return {key: value for key, value in fields.items() if value is not None and value != []}


def next_page(offset: int, *, more: bool) -> str | None:
    """The token of the page that begins at `offset`; None when nothing follows."""
    return base64.b64encode(encode({"offset": offset})).decode() if more else None


def offset_of(token: str | None) -> int:
    """Where the page of `token` begins.

    Raises:
        Refused: the token is not one of ours.
    """
    if not token:
        return 0
    try:
        offset = orjson.loads(base64.b64decode(token, validate=True))["offset"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise invalid("Invalid page token, could not base64-decode") from None
    if not isinstance(offset, int) or offset < 0:
        raise invalid("Invalid page token, could not base64-decode")
    return offset


class Fields:
    """The fields of a request or of an object in it, read by type.

    Optional fields are also found by their lowerCamelCase name, as protobuf's JSON allows.
    A field that is absent, null or (where required) empty text counts as missing.
    """

    __slots__ = ("_prefix", "_values")

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix

    def name(self, field: str) -> str:
        """The field's full name, for messages."""
        return f"{self._prefix}.{field}" if self._prefix else field

    def get(self, field: str) -> Any:
        """The raw value, None when it is absent."""
        value = self._values.get(field)
        return self._values.get(_camel(field)) if value is None else value

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and raw values as they were sent."""
        return self._values.items()

    def has(self, field: str) -> bool:
        """Whether the field was sent."""
        return self.get(field) is not None

    def text(self, field: str) -> str | None:
        """A text, None when absent."""
        value = self.get(field)
        if value is None or isinstance(value, str):
            return value
        raise wrong_type(self.name(field), value)

    def required(self, field: str) -> str:
        """A text that must be there."""
        value = self._values.get(field)
        if type(value) is str and value:
            return value
        if value is None or value == "":
            raise missing(self.name(field))
        raise wrong_type(self.name(field), value)

    def integer(self, field: str) -> int | None:
        """A 64-bit integer, None when absent."""
        value = self.get(field)
        return None if value is None else integer(value, self.name(field))

    def boolean(self, field: str) -> bool | None:
        """A truth value, None when absent; queries carry it as text."""
        value = self.get(field)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        raise invalid(f"Invalid boolean value: {value}, must be 'true' or 'false'.")

    def texts(self, field: str) -> list[str]:
        """A list of texts, empty when absent."""
        value = self.get(field)
        if value is None:
            return []
        if isinstance(value, str) and isinstance(self._values, Query):
            return [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise wrong_type(self.name(field), value)
        return value

    def objects(self, field: str) -> list[Fields]:
        """A list of objects, empty when absent."""
        value = self.get(field)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise wrong_type(self.name(field), value)
        return [Fields(item, f"{self.name(field)}[{i}]") for i, item in enumerate(value)]

    def object(self, field: str) -> Fields:
        """An object, an empty one when absent."""
        value = self.get(field)
        if value is None:
            return Fields({}, self.name(field))
        if not isinstance(value, dict):
            raise wrong_type(self.name(field), value)
        return Fields(value, self.name(field))

    def mapping(self, field: str) -> dict[str, str]:
        """An object of texts, empty when absent."""
        value = self.get(field)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise wrong_type(self.name(field), value)
        return value

    def enum(self, field: str, names: Mapping[int, str]) -> str | None:
        """The name of an enum's value, sent as name or number; None when absent."""
        value = self.get(field)
        if value is None:
            return None
        if isinstance(value, str) and value in names.values():
            return value
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, int) and value in names:
            return names[value]
        known = ", ".join(names.values())
        raise bad_value(self.name(field), value, f"It must be one of {known}.")

    def max_results(self, default: int, most: int) -> int:
        """How many results a page may have."""
        value = self.integer("max_results")
        if value is None:
            return default
        fault = f"Invalid value {value} for parameter 'max_results' supplied."
        if value <= 0:
            raise invalid(f"{fault} It must be a positive integer")
        if value > most:
            raise invalid(f"{fault} It must be at most {most}")
        return value


class Query(dict[str, Any]):
    """The fields of a query string: a field that stands there once is a text, else a list."""

    @classmethod
    def of(cls, arguments: Mapping[str, Iterable[bytes]]) -> Query:
        """The query as tornado parsed it."""
        found = cls()
        for name, values in arguments.items():
            texts = [value.decode("utf-8", "replace") for value in values]
            found[name] = texts[0] if len(texts) == 1 else texts
        return found


def integer(value: object, name: str) -> int:
    """A 64-bit integer from a JSON number or a decimal text.

    Raises:
        Refused: it is none.
    """
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value in INT64:
        return value
    raise wrong_type(name, value)


def number(value: object, name: str) -> float:
    """A double from a JSON number, a numeric text, `NaN`, `Infinity` or `-Infinity`.

    Raises:
        Refused: it is none.
    """
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            raise wrong_type(name, value) from None
    if isinstance(value, str) and "_" not in value:
        try:
            return float(value)
        except ValueError:
            pass
    raise wrong_type(name, value)


def _parse(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("BAD_REQUEST", f"The request body is not JSON: {error}") from None


def _compact(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return text if len(text) <= 1000 else f"{text[:1000]}..."


@lru_cache(maxsize=512)
def _camel(field: str) -> str:
    head, *rest = field.split("_")
    return head + "".join(word.title() for word in rest)
