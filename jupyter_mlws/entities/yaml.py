"""Text to data, and back to the line of a field that is wrong.

Reads what Azure ML reads: UTF-8 with or without BOM, YAML 1.1 scalars. Dates stay text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from jupyter_mlws.entities.errors import Invalid, Problem

Lines = dict[tuple[str, ...], int]


class _Loader(yaml.SafeLoader):
    """Safe, without dates, and strict about a key that stands twice."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """A YAML document and where its fields stand.

    Attributes:
        data: what it says.
        lines: line of each field, counted from 1, by its path of keys and indices.
        file: its path as the user gave it.
        parts: other documents that were put into this one, by the path of their field.
    """

    data: dict[str, Any]
    lines: Lines
    file: str | None
    parts: Mapping[tuple[str, ...], Document] = field(default_factory=dict)

    def located(self, problem: Problem) -> Problem:
        """The problem with file and line of its field, or of the nearest field around it."""
        if problem.file is not None:
            return problem
        path = tuple(problem.field.split(".")) if problem.field else ()
        for length in range(len(path), 0, -1):
            if (part := self.parts.get(path[:length])) is not None:
                inner = part.located(replace(problem, field=".".join(path[length:])))
                return replace(inner, field=problem.field)
        while path and path not in self.lines:
            path = path[:-1]
        return replace(problem, file=self.file, line=self.lines.get(path))

    def invalid(self, error: Invalid) -> Invalid:
        """The error with all its problems located."""
        return (
            Invalid.of([self.located(problem) for problem in error.problems])
            if error.problems
            else error
        )


def parse(text: str | bytes, *, file: str | None = None) -> Document:
    """Read one YAML document that is a mapping.

    Raises:
        Invalid: it is no UTF-8, no YAML, no mapping, or a key stands in it twice.
    """
    content = _decoded(text, file)
    try:
        node = yaml.compose(content, Loader=_Loader)
        lines: Lines = {(): node.start_mark.line + 1} if node else {}
        problems = list(_walk(node, (), lines))
        data = yaml.load(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else None
        raise Invalid.of([Problem(f"this is no YAML: {message}", "", line, file)]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid.of([Problem(f"this is no YAML: {error}", "", None, file)]) from None
    if not isinstance(data, dict):
        raise Invalid.of([Problem("a mapping of fields is expected here", "", 1, file)])
    if problems:
        raise Invalid.of([replace(problem, file=file) for problem in problems])
    return Document(data, lines, file)


def dump(data: Any) -> str:
    """`data` as YAML, keys in their order."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


def override(document: Document, assignments: Iterable[str]) -> Document:
    """The document after `a.b.c=value` assignments, values read as YAML.

    Missing mappings are made; a list is indexed by position.

    Raises:
        Invalid: an assignment has no `=`, or its parent is neither mapping nor list.
    """
    data = _copied(document.data)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise Invalid.field("--set", f"'{assignment}' is not of the form a.b=value.")
        _assign(data, path.split("."), yaml.load(text, Loader=_Loader), assignment)
    return replace(document, data=data)


def _decoded(text: str | bytes, file: str | None) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise Invalid.of([Problem("this is not UTF-8", "", line, file)]) from None


def _walk(node: yaml.Node | None, path: tuple[str, ...], lines: Lines) -> Iterator[Problem]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            here = (*path, name)
            line = key.start_mark.line + 1
            if name in seen and name != "<<":
                yield Problem(f"'{name}' stands here twice.", ".".join(here), line)
            seen.add(name)
            lines[here] = line
            yield from _walk(value, here, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*path, str(index))
            lines[here] = value.start_mark.line + 1
            yield from _walk(value, here, lines)


def _assign(data: Any, path: Sequence[str], value: Any, assignment: str) -> None:
    here = data
    for key, follows in zip(path, [*path[1:], None], strict=True):
        if isinstance(here, list) and key.isdigit() and int(key) < len(here):
            place: Any = int(key)
        elif isinstance(here, dict):
            place = key
        else:
            raise Invalid.field("--set", f"'{assignment}': there is nothing to set '{key}' in.")
        if follows is None:
            here[place] = value
        elif isinstance(here, dict) and here.get(place) is None:
            here[place] = {}
        here = here[place]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
