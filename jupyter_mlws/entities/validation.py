"""From what pydantic says of an input to problems that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jupyter_mlws.entities.errors import Invalid, Problem

M = TypeVar("M", bound=BaseModel)


BRANCHES = {
    *("bool", "int", "float", "str", "Input", "Output", "InlineEnvironment"),
    *("cron", "recurrence"),
}
"""Names of the members of unions, as pydantic puts them into a path."""


def validated(model: type[M], data: Any, *, prefix: str = "") -> M:
    """`data` as a `model`.

    Raises:
        Invalid: with a problem for each field that is wrong; fields carry `prefix`.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid.of(problems(model, error, prefix=prefix)) from None


def problems(model: type[BaseModel], error: ValidationError, *, prefix: str = "") -> list[Problem]:
    """One problem for each field, however many branches of a union refused it."""
    found: dict[str, Problem] = {}
    for item in error.errors(include_url=False):
        path = [part for part in item["loc"] if not _is_branch(part)]
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


def _is_branch(part: int | str) -> bool:
    """Whether pydantic put the name of a union's member into the path."""
    return isinstance(part, str) and (
        part in BRANCHES
        or part.startswith(("function-", "lax-or-strict", "constrained-", "dict[", "list["))
    )


def _message(model: type[BaseModel], item: Any, path: list[str]) -> str:
    kind, got = item["type"], item.get("input")
    if kind == "extra_forbidden":
        return f"unknown key '{path[-1]}'.{did_you_mean(path[-1], _keys(model, path[:-1]))}"
    if kind == "missing":
        return "is required."
    message = str(item["msg"]).removeprefix("Value error, ")
    if isinstance(got, (str, int, float, bool)) and kind != "value_error":
        message = f"{message} (got {got!r:.80})"
    return message if message.endswith((".", "?")) else f"{message}."


def _keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """Keys that may stand at `path` of `model`, as far as they can be followed."""
    here: Any = model
    for part in path:
        fields = getattr(here, "model_fields", {})
        if part not in fields:
            return []
        here = next(iter(_models(fields[part].annotation)), None)
    return [info.alias or name for name, info in getattr(here, "model_fields", {}).items()]


def _models(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)
