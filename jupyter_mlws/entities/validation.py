"""From what pydantic says of an input to problems that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from jupyter_mlws.entities.errors import Invalid, Problem

M = TypeVar("M", bound=BaseModel)
TAGS = frozenset({"union_tag_invalid", "union_tag_not_found"})
"""Errors of pydantic about the field that tells members of a union apart."""


def validated(model: type[M], data: Any, *, prefix: str = "") -> M:
    """`data` as a `model`.

    Raises:
        Invalid: with a problem for each field that is wrong; fields carry `prefix`.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid.of(problems(model, error, data, prefix=prefix)) from None


def problems(
    model: type[BaseModel], error: ValidationError, data: Any, *, prefix: str = ""
) -> list[Problem]:
    """One problem for each field of `data`, however many branches of a union refused it."""
    found: dict[str, Problem] = {}
    for item in error.errors(include_url=False):
        path = _path(item, data)
        field = ".".join([*([prefix] if prefix else []), *(str(part) for part in path)])
        if field not in found or item["type"] == "extra_forbidden":
            found[field] = Problem(_message(model, item, [str(part) for part in path]), field)
    # What other members of a union say of the whole is noise where one says what is wrong inside.
    return [
        problem
        for field, problem in found.items()
        if not any(other.startswith(f"{field}.") for other in found if field)
    ]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def _path(item: Any, data: Any) -> list[int | str]:
    """Where in `data` an error is: pydantic also names the members of unions on the way."""
    path: list[int | str] = []
    here = data
    for place, part in enumerate(item["loc"], 1):
        is_key = isinstance(part, str)
        has_key = isinstance(here, Mapping) and part in here
        has_item = isinstance(here, (list, tuple)) and not is_key and part < len(here)
        if has_key or has_item:
            here = here[part]
        elif is_key and isinstance(here, BaseModel) and hasattr(here, part):
            here = getattr(here, part)
        elif is_key and not (item["type"] == "missing" and place == len(item["loc"])):
            continue
        path.append(part)
    if item["type"] in TAGS:  # which member of a union is meant is said by a field of its own
        path.append(item["ctx"]["discriminator"].strip("'"))
    return path


def _message(model: type[BaseModel], item: Any, path: list[str]) -> str:
    kind, got = item["type"], item.get("input")
    if kind == "extra_forbidden":
        return f"unknown key '{path[-1]}'.{did_you_mean(path[-1], _keys(model, path[:-1]))}"
    if kind == "missing":
        return "is required."
    if kind == "union_tag_not_found":
        return "is required."
    if kind == "union_tag_invalid":
        tag, known = item["ctx"]["tag"], item["ctx"]["expected_tags"].replace("'", "").split(", ")
        return f"'{tag:.80}' is none of: {', '.join(known)}.{did_you_mean(tag, known)}"
    message = str(item["msg"]).removeprefix("Value error, ")
    if isinstance(got, (str, int, float, bool)) and kind != "value_error":
        message = f"{message} (got {got!r:.80})"
    return message if message.endswith((".", "?")) else f"{message}."


def _keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """Keys that may stand at `path` of `model`, as far as they can be followed."""
    here: Any = model
    parts = iter(path)
    for part in parts:
        fields = getattr(here, "model_fields", {})
        if part not in fields:
            return []
        annotation = fields[part].annotation
        if get_origin(annotation) in (dict, list):
            next(parts, None)
        here = next(iter(_models(annotation)), None)
    return [info.alias or name for name, info in getattr(here, "model_fields", {}).items()]


def _models(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)
