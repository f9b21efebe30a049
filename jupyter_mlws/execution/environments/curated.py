"""Names of Azure ML's curated environments and base images, and what they mean here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Curated:
    """A curated environment as it is built here.

    Attributes:
        note: how it differs from what the name says; empty where it does not.
    """

    name: str
    requirements: tuple[str, ...]
    note: str = ""


def find(name: str) -> Curated | None:
    """The curated environment of this name; None where there is none."""
    short = name.lower().removeprefix("azureml-")
    for entry in _entries():
        if match := re.fullmatch(entry["pattern"], short):
            version = match.groupdict().get("v", "")
            lines = tuple(line.replace("{v}", version) for line in entry["pip"])
            return Curated(name, lines, entry.get("note", ""))
    return None


def names() -> list[str]:
    """The names that lists offer."""
    return [entry["show"] for entry in _entries() if "show" in entry]


@dataclass(frozen=True, slots=True)
class Base:
    """What a container image means without a container."""

    python: str | None = None
    curated: Curated | None = None


def base(image: str) -> Base | None:
    """The meaning of a base image: a plain Python, or a curated environment; None for any other."""
    path = image.removeprefix("docker.io/").removeprefix("library/")
    name, _, tag = path.partition(":")
    if name == "python":
        version = re.match(r"\d+(\.\d+)*", tag)
        return Base(python=version[0] if version else None)
    if not name.startswith("mcr.microsoft.com/azureml/"):
        return None
    last = name.removeprefix("mcr.microsoft.com/azureml/")
    if last.startswith("curated/"):
        curated = find(last.removeprefix("curated/"))
        return Base(curated=curated) if curated else None
    if python := re.search(r"-py(?:thon)?(3)\.?(\d+)", last):
        return Base(python=f"{python[1]}.{python[2]}")
    return Base()


@cache
def _entries() -> list[dict[str, Any]]:
    text = files(__package__).joinpath("curated.yaml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)
    return found
