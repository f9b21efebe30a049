"""From a description to what is built here: a Python and requirements, or a container. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from jupyter_mlws.entities.environment import EnvironmentFields
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.execution.environments import conda, curated

KERNEL = "ipykernel"
"""What every environment gets, so that notebooks run in it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make.

    Attributes:
        python: version that is wanted; None for the workspace's own.
        requirements: lines of a requirements file.
        image: of the container that jobs run in; what is to be built for it is in `build`.
        build: reference to the snapshot of a build context.
        dockerfile: path in the build context.
        kernel: an installed kernelspec, used as it is.
    """

    python: str | None = None
    requirements: tuple[str, ...] = ()
    image: str | None = None
    build: str | None = None
    dockerfile: str = "Dockerfile"
    kernel: str | None = None

    @property
    def digest(self) -> str:
        """Hash of it all."""
        said = orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(said).hexdigest()[:32]

    @property
    def is_container(self) -> bool:
        """Whether jobs run in a container."""
        return self.image is not None or self.build is not None

    def to_doc(self) -> dict[str, Any]:
        """As JSON."""
        return {key: value for key, value in asdict(self).items() if value}

    @classmethod
    def of_doc(cls, doc: dict[str, Any]) -> Recipe:
        """What `to_doc` wrote."""
        return cls(**{**doc, "requirements": tuple(doc.get("requirements", ()))})


def of_fields(
    fields: EnvironmentFields, *, has_containers: Callable[[], bool], field: str = "environment"
) -> tuple[Recipe, list[str]]:
    """The recipe of a description, and what it takes otherwise than it says.

    Args:
        has_containers: whether Docker or Podman can be used.
        field: begins the names of fields in problems.
    Raises:
        Invalid: it cannot run here, with the reason for each field.
    """
    problems: list[Problem] = []
    warnings: list[str] = []
    if fields.os_type == "windows":
        problems.append(Problem("jobs run on this machine, which is no Windows.", "os_type"))
    foreign = (name for name in ("datastore", "inference_config") if getattr(fields, name))
    warnings += [f"{name}: without meaning here." for name in foreign]
    if fields.kernel:
        _raise(problems, field)
        return Recipe(kernel=fields.kernel), warnings
    if fields.build:
        if not fields.build.path.startswith("snapshot:"):
            problems.append(Problem(f"'{fields.build.path}' was not sent along.", "build.path"))
        if not has_containers():
            problems.append(Problem(_needs("build"), "build"))
        _raise(problems, field)
        return Recipe(build=fields.build.path, dockerfile=fields.build.dockerfile_path), warnings
    lines, python = _requirements(fields, problems, warnings)
    base = curated.base(fields.image) if fields.image else None
    if fields.image and base is None:
        if lines or python:
            text = f"'{fields.image}' is no image of Azure ML or Python, and packages cannot be put into it"
            problems.append(Problem(f"{text}: use `build`, or leave the image out.", "image"))
        elif not has_containers():
            problems.append(Problem(_needs(f"image '{fields.image}'"), "image"))
        _raise(problems, field)
        return Recipe(image=fields.image), warnings
    if base:
        if base.curated:
            lines = [*base.curated.requirements, *lines]
        python = python or base.python
        warnings.append(f"image: '{fields.image}' means a Python environment of this machine.")
    _raise(problems, field)
    return plain(lines, python), warnings


def plain(lines: list[str] | tuple[str, ...], python: str | None = None) -> Recipe:
    """The recipe of requirements alone; a kernel is always among them."""
    wanted = [line for line in dict.fromkeys(line.strip() for line in lines) if line]
    if not any(line.replace("_", "-").lower().startswith(KERNEL) for line in wanted):
        wanted.append(KERNEL)
    return Recipe(python=python, requirements=tuple(wanted))


def _requirements(
    fields: EnvironmentFields, problems: list[Problem], warnings: list[str]
) -> tuple[list[str], str | None]:
    lines: list[str] = []
    python = fields.python
    if isinstance(fields.conda_file, str):
        problems.append(Problem(f"'{fields.conda_file}' was not sent along.", "conda_file"))
    elif fields.conda_file is not None:
        found = conda.read(fields.conda_file)
        problems += found.problems
        warnings += found.warnings
        lines += found.requirements
        python = python or found.python
    for name, given in (
        ("requirements", [_code(line) for line in (fields.requirements or "").splitlines()]),
        ("pip", list(fields.pip or [])),
    ):
        problems += conda.pip_problems(given, name)
        lines += given
    return lines, python


def _code(line: str) -> str:
    """A line of a requirements file without its comment."""
    return "" if line.lstrip().startswith("#") else line.partition(" #")[0].strip()


def _needs(what: str) -> str:
    return (
        f"{what} needs Docker or Podman, and neither answers on this machine: start one, or describe"
        " the environment by `conda_file`, `requirements` or `pip`."
    )


def _raise(problems: list[Problem], field: str) -> None:
    if problems:
        prefix = f"{field}." if field else ""
        raise Invalid.of([Problem(item.message, f"{prefix}{item.field}") for item in problems])
