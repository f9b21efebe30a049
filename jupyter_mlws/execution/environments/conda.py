"""Conda files, as far as pip can follow them; `conda.yaml` has the names of packages.

Source: conda's match specification (`name=version=build`, `channel::name`), PEP 440 for pip's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from jupyter_mlws.entities.errors import Problem

_MATCH = re.compile(
    r"^(?:[^:\s]+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)\s*(?P<rest>(?:[\s=<>!~].*)?)$"
)
_SENT = re.compile(r"^(?:-e|--editable|-c|--constraint|-r|--requirement)\b")


@dataclass
class Found:
    """What a conda file asks for.

    Attributes:
        python: the version, as a requirement such as `3.10` or `>=3.9,<3.12`.
    """

    python: str | None = None
    requirements: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(file: Mapping[str, Any], where: str = "conda_file") -> Found:
    """What the file means for pip; what has no counterpart is a problem that names it."""
    found = Found()
    dependencies = file.get("dependencies", [])
    if not isinstance(dependencies, list):
        found.problems.append(Problem("must be a list.", f"{where}.dependencies"))
        return found
    dropped: list[str] = []
    for place, item in enumerate(dependencies):
        here = f"{where}.dependencies.{place}"
        if isinstance(item, Mapping) and set(item) == {"pip"} and isinstance(item["pip"], list):
            _take_pip(item["pip"], f"{here}.pip", found)
        elif isinstance(item, str):
            _take(item, here, found, dropped)
        else:
            found.problems.append(Problem("is neither a package nor a `pip:` list.", here))
    if dropped:
        names = ", ".join(dropped)
        found.warnings.append(f"{where}: {names}: left out, pip's packages bring what they need.")
    return found


def pip_problems(lines: list[Any], where: str) -> Iterator[Problem]:
    """What is wrong with lines for pip: those that mean a file, which was not sent along."""
    for place, line in enumerate(lines):
        if not isinstance(line, str):
            yield Problem("must be a text.", f"{where}.{place}")
        elif _SENT.match(line.strip()) or re.match(r"^(\.{0,2}/|file:|\.$)", line.strip()):
            yield Problem(f"'{line}' lies in a folder that is not sent along.", f"{where}.{place}")


def _take_pip(lines: list[Any], where: str, found: Found) -> None:
    problems = list(pip_problems(lines, where))
    found.problems += problems
    if not problems:
        found.requirements += [line.strip() for line in lines if line.strip()]


def _take(item: str, where: str, found: Found, dropped: list[str]) -> None:
    match = _MATCH.match(item.strip())
    if match is None:
        found.problems.append(Problem(f"'{item:.80}' is no package of conda.", where))
        return
    name, version = match["name"].lower(), _version(match["rest"])
    known = _known()
    if version is None:
        found.problems.append(Problem(f"'{item:.80}': pip knows no such version.", where))
    elif name == "python":
        found.python = re.sub(r"^==", "", version).removesuffix(".*") or None
    elif name in known["meaningless"]:
        dropped.append(name)
    elif name in known["same"] or name in known["other"]:
        found.requirements.append(known["other"].get(name, name) + version)
    else:
        found.problems.append(
            Problem(
                f"'{name}' is a package of conda that is not known to be on PyPI: write it into the"
                " `pip:` part under its name there, or leave it out.",
                where,
            )
        )


@cache
def _known() -> dict[str, Any]:
    text = files(__package__).joinpath("conda.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def _version(rest: str) -> str | None:
    """A version of conda as pip's; None where there is no such thing."""
    rest = rest.strip()
    if not rest or rest == "*":
        return ""
    if "|" in rest:
        return None
    if rest[0] in "<>!~":
        return re.sub(r"\s+", "", rest)
    is_exact = rest.startswith("==")
    value = re.split(r"[=\s]", rest.lstrip("= "), maxsplit=1)[0]
    if not re.fullmatch(r"[0-9][\w.!+*]*(,[<>=!~]+[\w.*]+)*", value):
        return None
    if is_exact or value.endswith("*") or "," in value:
        return f"=={value}"
    return f"=={value}.*"
