"""Which files of a code folder are used, told from the text of what is run."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from jupyter_mlws.entities.errors import NotFound

Read = Callable[[str], bytes]

SIDE = (".ipynb", ".md", ".rst", ".yml", ".yaml")
"""Endings of files that stand beside the code, and count only where they are named."""
_WORD = re.compile(r"[^\s'\"`;|&<>()=,{}\[\]$]+")
_MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)


def fingerprint(text: str) -> str:
    """A short hash of a text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def normal(source: str, *, without: Iterable[str] = ()) -> str:
    """Python code without what makes no difference: comments, empty lines, layout.

    Args:
        without: names whose assignments at the top do not count.
    """
    tree = parsed(source)
    if tree is None:
        lines = (line.rstrip() for line in source.splitlines())
        return "\n".join(line for line in lines if line.strip())
    names = set(without)
    tree.body = [node for node in tree.body if not _assigns(node, names)]
    magics = "\n".join(line.strip() for line in _MAGIC.findall(source))
    return ast.dump(tree) + magics


def parsed(source: str) -> ast.Module | None:
    """The syntax of Python code, lines of magic left out; None when it is no Python."""
    try:
        return ast.parse(_MAGIC.sub("pass", source) if _MAGIC.search(source) else source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def used(
    files: Iterable[str], sources: Iterable[str], read: Read, *, start: str = "", strict: bool
) -> set[str]:
    """The files that some sources use: modules they import, files and folders they name.

    Args:
        files: all files of the code folder.
        sources: Python code that is run.
        start: folder from which it is run.
        strict: leave out what is not named; else only other modules, and what stands beside the code.
    """
    search = _Search(set(files), read, start)
    for source in sources:
        search.follow(source, start)
    return search.modules | {
        path
        for path in search.files - search.modules
        if search.is_named(path)
        or not (strict or path.endswith((".py", *SIDE)) or path.rpartition("/")[2] == "MLTable")
    }


def words(line: str) -> list[str]:
    """The words of a shell line."""
    return [word.removeprefix("./") for word in _WORD.findall(line)]


@dataclass
class _Search:
    files: set[str]
    read: Read
    start: str
    modules: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)

    def follow(self, source: str, folder: str) -> None:
        tree = parsed(source)
        if tree is None:
            self.named.update(part for word in words(source) for part in word.split("/"))
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.named.update(part for word in words(node.value) for part in word.split("/"))
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                for path in self._imported(node, folder):
                    self.add(path)

    def add(self, path: str) -> None:
        if path in self.modules:
            return
        self.modules.add(path)
        try:
            self.follow(self.read(path).decode("utf-8", "replace"), posixpath.dirname(path))
        except NotFound:
            self.modules.discard(path)

    def is_named(self, path: str) -> bool:
        """Whether the name of the file, of a folder it is in, or of a module is in a text."""
        *folders, name = path.split("/")
        stem = name.removesuffix(".py")
        return name in self.named or stem in self.named or any(f in self.named for f in folders)

    def _imported(self, node: ast.Import | ast.ImportFrom, folder: str) -> Iterator[str]:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            places = [folder, self.start, ""]
        else:
            base = node.module or ""
            names = [base, *(f"{base}.{alias.name}".strip(".") for alias in node.names)]
            places = [folder, self.start, ""]
            if node.level:
                places = [posixpath.normpath(posixpath.join(folder, *[".."] * (node.level - 1)))]
        for name in filter(None, names):
            for place in dict.fromkeys(places):
                yield from self._module(name.split("."), place)

    def _module(self, parts: list[str], place: str) -> Iterator[str]:
        for length in range(1, len(parts) + 1):
            path = posixpath.normpath(posixpath.join(place, *parts[:length]))
            for found in (f"{path}.py", f"{path}/__init__.py"):
                if found in self.files:
                    yield found


def _assigns(node: ast.stmt, names: set[str]) -> bool:
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id in names
    return (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in names
    )
