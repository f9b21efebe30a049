"""What happens to an environment on the caller's side: files that it names are read or sent along."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, TextIO

from jupyter_mlws.entities.asset import Environment, environment_spec
from jupyter_mlws.entities.environment import InlineEnvironment
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.entities.yaml import parse
from jupyter_mlws.sdk import snapshot
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.transport import Transport

_INCLUDE = re.compile(r"^(?:-r|--requirement)(?:\s+|=)(?P<path>\S+)\s*$")


def load_environment(source: str | os.PathLike[str] | TextIO) -> Environment:
    """The environment that a YAML file describes; its paths are absolute.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    document, origin = read(source)
    try:
        spec = environment_spec(document.data)
    except Invalid as error:
        raise document.invalid(error) from None
    assert isinstance(spec, Environment)
    for field in ("conda_file", "requirements"):
        if isinstance(path := getattr(spec, field), str):
            setattr(spec, field, str(origin / path.removeprefix("file:")))
    if spec.build:
        spec.build.path = str(origin / spec.build.path.removeprefix("file:"))
    return spec


def of_job(given: Any, origin: Path, transport: Transport) -> Any:
    """A job's `environment` with all that it names; a reference stays as it is.

    Raises:
        Invalid: a file is not there, or is wrong.
    """
    if isinstance(given, str) and given.startswith("file:"):
        file = _found(given, origin, "environment")
        document, origin = read(file)
        try:
            validated(InlineEnvironment, document.data)
            return send(transport, dict(document.data), origin)
        except Invalid as error:
            raise document.invalid(error) from None
    if isinstance(given, dict):
        return send(transport, dict(given), origin, prefix="environment.")
    return given


def send(
    transport: Transport, fields: dict[str, Any], origin: Path, *, prefix: str = ""
) -> dict[str, Any]:
    """The fields with files read into them, and the build context sent.

    Args:
        prefix: begins the names of fields in problems.
    Raises:
        Invalid: a file is not there, or cannot be read.
    """
    fields.pop("$schema", None)
    if isinstance(conda := fields.get("conda_file"), str) and "\n" not in conda:
        fields["conda_file"] = _conda(_found(conda, origin, f"{prefix}conda_file"))
    if isinstance(path := fields.get("requirements"), str) and "\n" not in path:
        file = _found(path, origin, f"{prefix}requirements")
        fields["requirements"] = "\n".join(_lines(file, set())) + "\n"
    build = fields.get("build")
    path = build.get("path") if isinstance(build, dict) else None
    if isinstance(build, dict) and isinstance(path, str) and not path.startswith("snapshot:"):
        folder = _found(path, origin, f"{prefix}build.path")
        _require_dockerfile(folder, build, f"{prefix}build.dockerfile_path")
        fields["build"] = {**build, "path": snapshot.send(transport, folder, code=True)}
    return fields


def _conda(file: Path) -> dict[str, Any]:
    """A conda file, with the requirements files that it names read into it."""
    data = parse(file.read_bytes(), file=str(file)).data
    for item in data.get("dependencies") or ():
        if isinstance(item, dict) and isinstance(item.get("pip"), list):
            item["pip"] = [
                line for entry in item["pip"] for line in _expanded(str(entry), file.parent, set())
            ]
    return data


def _lines(file: Path, seen: set[Path]) -> list[str]:
    """The lines of a requirements file and of those that it includes, without comments."""
    if file in seen:
        return []
    seen.add(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid.of([Problem(f"cannot be read: {error}", file=str(file))]) from None
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    plain = (line for line in lines if line and not line.startswith("#"))
    return [found for line in plain for found in _expanded(line, file.parent, seen)]


def _expanded(line: str, folder: Path, seen: set[Path]) -> list[str]:
    match = _INCLUDE.match(line)
    return _lines(_found(match["path"], folder, ""), seen) if match else [line]


def _found(text: str, origin: Path, field: str) -> Path:
    path = origin / Path(text.removeprefix("file:")).expanduser()
    if not path.exists():
        raise Invalid.of([Problem(f"there is no '{text}' in {origin}.", field)])
    return path.resolve()


def _require_dockerfile(folder: Path, build: dict[str, Any], field: str) -> None:
    name = build.get("dockerfile_path", "Dockerfile")
    if not (folder / str(name)).is_file():
        raise Invalid.of([Problem(f"there is no '{name}' in {folder}.", field)])
