"""Checking a file, whatever it describes: by its shape, the files it names, and the workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities import kinds
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.kinds import Kind
from jupyter_mlws.entities.mltable import FILE, table_spec
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.entities.yaml import Document, override
from jupyter_mlws.sdk.assets import send, shipment
from jupyter_mlws.sdk.described import ARGUMENTS, described
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.jobs import raise_for, submission
from jupyter_mlws.sdk.schedules import arranged

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

SUPPLIED = "endpoint_name"
"""The field that scripts give on the command line more often than the file has it."""
NESTED = {
    "component": "component",
    "trial": "component",
    "environment": "environment",
    "model": "model",
}
"""Fields that may name a file of another kind, and its noun."""
ASSETS = frozenset({"data", "models", "components", "environments"})


def check(
    client: MLClient,
    file: str | os.PathLike[str],
    changes: Mapping[str, Any] | None = None,
    assignments: list[str] | None = None,
) -> dict[str, Any]:
    """What is wrong with a file, and what of it cannot be done here.

    Args:
        changes: fields that the command line gives.
        assignments: `a.b=value`, as `--set` takes them.
    Returns:
        `passed`, `errors`, `warnings`, `obstacles`, as `jobs.validate` answers them.
    Raises:
        Invalid: a field is wrong, with its line.
    """
    document, origin = read(file)
    given = {key: value for key, value in (changes or {}).items() if value is not None}
    document = override(
        Document({**document.data, **given}, document.lines, document.file), assignments or []
    )
    kind = kind_of(document)
    if kind.model is not None:
        return _by_shape(document, origin, kind)
    answer = _by_workspace(client, document, origin, kind, file, given, assignments)
    located = [document.located(Problem(**problem)) for problem in answer["errors"]]
    raise_for(located)
    answer["obstacles"] = [
        _plain(document.located(Problem(**problem))) for problem in answer["obstacles"]
    ]
    return answer


def kind_of(document: Document) -> Kind:
    """What a document describes.

    Raises:
        Invalid: nothing in it says it.
    """
    try:
        if document.file and Path(document.file).name == FILE:
            return kinds.SEGMENTS["mltable"]
        return kinds.find(document.data)
    except LookupError as error:
        raise Invalid.of([document.located(error.args[0])]) from None


def _by_workspace(
    client: MLClient,
    document: Document,
    origin: Path,
    kind: Kind,
    file: str | os.PathLike[str],
    given: dict[str, Any],
    assignments: list[str] | None,
) -> dict[str, Any]:
    call = client.transport.call
    answer: dict[str, Any]
    if kind.noun == "jobs":
        with submission(file, given, check=True, assignments=assignments) as made:
            made.send(client.transport)
            answer = call("jobs.validate", {"job": made.document})
    elif kind.noun in ASSETS:
        with shipment(kind.noun, file, given, assignments) as (data, folder):
            send(client.transport, data, folder)
            answer = call(f"{kind.noun}.validate", {"asset": data})
    elif kind.noun == "schedules":
        with arranged(client.transport, file, assignments) as (schedule, _):
            answer = call("schedules.validate", {"schedule": schedule})
    elif kind.noun == "mltable":
        table_spec(Path(file).read_bytes(), str(file))
        answer = {"passed": True, "errors": [], "warnings": []}
    else:
        noun, verb = (
            ("data", "validate_import") if kind.noun == "imports" else (kind.noun, "validate")
        )
        with described(noun, file, given, assignments) as data:
            answer = call(f"{noun}.{verb}", {ARGUMENTS[noun]: data})
    return {"obstacles": [], **answer}


def _by_shape(document: Document, origin: Path, kind: Kind) -> dict[str, Any]:
    data, warnings = document.data, []
    assert kind.model is not None
    if SUPPLIED in kind.model.model_fields and data.get(SUPPLIED) is None:
        data = {**data, SUPPLIED: "supplied-later"}
        warnings.append(f"{SUPPLIED}: to be supplied with --endpoint-name.")
    try:
        raise_for([*kind.check(data), *_missing(data, origin, kind)])
    except Invalid as error:
        raise document.invalid(error) from None
    for field, noun in NESTED.items():
        if (path := nested(data.get(field), origin)) is not None:
            _check_nested(path, noun, document, field)
    obstacle = Problem(f"{kind.reason}.", "type" if "type" in data else "$schema", here=True)
    return {
        "passed": True,
        "errors": [],
        "warnings": warnings,
        "obstacles": [_plain(document.located(obstacle))],
    }


def nested(value: Any, origin: Path) -> Path | None:
    """The YAML file that a field names in place of what it stands for."""
    if not isinstance(value, str):
        return None
    path = origin / value.removeprefix("file:")
    is_file = value.startswith("file:") or value.endswith((".yml", ".yaml"))
    return path if is_file and path.is_file() else None


def _check_nested(path: Path, noun: str, outer: Document, field: str) -> None:
    document, _ = read(path)
    try:
        kind = kinds.find(document.data)
    except LookupError:
        return  # environments and models need say nothing: their noun is the field's
    if not kind.noun.startswith(noun):
        message = f"'{path.name}' describes one of {kind.noun}, and no {noun}."
        raise Invalid.of([outer.located(Problem(message, field))])
    try:
        raise_for(kind.check(document.data))
    except Invalid as error:
        raise document.invalid(error) from None


def _missing(data: Mapping[str, Any], origin: Path, kind: Kind) -> Iterator[Problem]:
    """Local files that are named and not there."""
    for field in (*kind.files, *NESTED):
        value: Any = data
        for part in field.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if not isinstance(value, str) or "${{" in value or not _is_path(field, value):
            continue
        if not (origin / Path(value.removeprefix("file:")).expanduser()).exists():
            yield Problem(f"there is no '{value}' in {origin}.", field)


def _is_path(field: str, value: str) -> bool:
    """Whether a value means a file; a component or environment may be a name as well."""
    if field in NESTED or field == "job_definition":
        return value.startswith(("file:", "./", "../")) or value.endswith((".yml", ".yaml"))
    return is_local(value)


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "field": problem.field,
        "line": problem.line,
        "file": problem.file,
        "here": problem.here,
    }
