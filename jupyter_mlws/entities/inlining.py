"""Component files that a pipeline names, put in their place; lines still lead into the right file.

Source: Azure ML v2 YAML: `component: ./FILE.yml`, `component: file:FILE.yml`, `jobs: {NODE: file:FILE.yml}`.
Paths inside a file are relative to that file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.entities.yaml import Document, parse

MOST_DEEP = 20
"""Files in files; more are taken for files that name each other."""
FIELDS = ("component", "trial")

Read = Callable[[str], bytes]


def inlined(document: Document, read: Read) -> Document:
    """The document with all component files that it names in it.

    Args:
        read: the content of a file, by its path from where the document lies; raises OSError.
    Raises:
        Invalid: with a problem for each file that is not there or cannot be read as YAML.
    """
    made = _Inlining(read)
    data = made.pipeline(document.data, (), "", 0)
    if made.problems:
        raise Invalid.of([document.located(problem) for problem in made.problems])
    return replace(document, data=data, parts={**document.parts, **made.parts})


def is_file(reference: Any) -> bool:
    """Whether a component's reference is the path of a file."""
    if not isinstance(reference, str):
        return False
    return reference.startswith(("./", "../", "/", "file:")) or (
        reference.endswith((".yml", ".yaml")) and is_local(reference)
    )


def named_files(data: dict[str, Any]) -> Iterator[str]:
    """The component files and notebooks that a pipeline names itself, as it writes them."""
    if is_file(data.get("component")):
        yield data["component"]
    jobs = data.get("jobs")
    for node in (jobs if isinstance(jobs, dict) else {}).values():
        if isinstance(node, dict):
            yield from (node[key] for key in FIELDS if is_file(node.get(key)))
            yield from _notebook(node)
        elif is_file(node):
            yield node


def _notebook(node: dict[str, Any]) -> Iterator[str]:
    notebook, code = node.get("notebook"), node.get("code")
    if isinstance(notebook, str) and (code is None or (isinstance(code, str) and is_local(code))):
        yield posixpath.normpath(posixpath.join(code or "", notebook))


@dataclass
class _Inlining:
    read: Read
    parts: dict[tuple[str, ...], Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def pipeline(
        self, data: dict[str, Any], where: tuple[str, ...], folder: str, depth: int
    ) -> dict[str, Any]:
        made = self.references(data, where, folder, depth)
        jobs = made.get("jobs")
        if isinstance(jobs, dict):
            made["jobs"] = {
                key: self.node(node, (*where, "jobs", str(key)), folder, depth)
                for key, node in jobs.items()
            }
        return made

    def node(self, node: Any, where: tuple[str, ...], folder: str, depth: int) -> Any:
        if isinstance(node, str) and node.startswith("file:"):
            return self.file(node, where, folder, depth)
        return self.pipeline(node, where, folder, depth) if isinstance(node, dict) else node

    def references(
        self, data: dict[str, Any], where: tuple[str, ...], folder: str, depth: int
    ) -> dict[str, Any]:
        made = dict(data)
        for key in FIELDS:
            reference = made.get(key)
            if is_file(reference):
                made[key] = self.file(str(reference), (*where, key), folder, depth)
            elif isinstance(reference, dict):
                made[key] = self.pipeline(reference, (*where, key), folder, depth)
        return made

    def file(self, reference: str, where: tuple[str, ...], folder: str, depth: int) -> Any:
        path = posixpath.normpath(posixpath.join(folder, reference.removeprefix("file:")))
        problem = ".".join(where)
        if depth >= MOST_DEEP:
            self.problems.append(Problem(f"'{path}' leads to itself.", problem))
            return reference
        try:
            part = parse(self.read(path), file=path)
        except OSError:
            self.problems.append(Problem(f"there is no '{path}'.", problem))
            return reference
        except Invalid as error:
            self.problems += error.problems
            return reference
        self.parts[where] = part
        inner = posixpath.dirname(path)
        return self.pipeline(rebased(part.data, inner), where, inner, depth + 1)


def rebased(data: dict[str, Any], folder: str) -> dict[str, Any]:
    """A component from a file in `folder`, with its local paths as they are seen from outside."""
    made = dict(data)
    keys = ("code",) if made.get("code") else ("code", "notebook")
    for key in keys:
        if isinstance(made.get(key), str) and is_local(made[key]):
            made[key] = posixpath.join(folder, made[key].removeprefix("file:"))
    if "environment" in made:
        made["environment"] = _environment(made["environment"], folder)
    if isinstance(made.get("task"), dict):
        made["task"] = rebased(made["task"], folder)
    if isinstance(made.get("jobs"), dict):
        made["jobs"] = {
            key: rebased(node, folder) if isinstance(node, dict) else node
            for key, node in made["jobs"].items()
        }
    return made


def _environment(said: Any, folder: str) -> Any:
    """An environment's files as they are seen from outside."""
    if isinstance(said, str) and said.startswith("file:"):
        return f"file:{posixpath.join(folder, said.removeprefix('file:'))}"
    if not isinstance(said, dict):
        return said
    made = dict(said)
    for key in ("conda_file", "requirements"):
        if isinstance(path := made.get(key), str) and "\n" not in path:
            made[key] = posixpath.join(folder, path.removeprefix("file:"))
    if isinstance(build := made.get("build"), dict) and isinstance(build.get("path"), str):
        made["build"] = {**build, "path": posixpath.join(folder, build["path"])}
    return made
