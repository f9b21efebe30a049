"""Texts line by line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from jupyter_mlws.entities.comparison import DiffLine, Hunk, LineCount

CONTEXT = 3
LARGEST = 1_000_000
"""Bytes; larger texts are not compared."""


def counted(base: str, other: str) -> LineCount:
    """How many lines were added and removed."""
    count = LineCount()
    for tag, i1, i2, j1, j2 in _opcodes(base.splitlines(), other.splitlines()):
        if tag != "equal":
            count.removed += i2 - i1
            count.added += j2 - j1
    return count


def hunks(base: str, other: str, context: int = CONTEXT) -> list[Hunk]:
    """Where two texts differ, with the lines around."""
    old, new = base.splitlines(), other.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new)
    found = []
    for group in matcher.get_grouped_opcodes(context):
        lines = [line for code in group for line in _lines(code, old, new)]
        found.append(Hunk(base_start=group[0][1] + 1, other_start=group[0][3] + 1, lines=lines))
    return found


def all_lines(base: str, other: str) -> list[DiffLine]:
    """Two texts as one, every line of both."""
    old, new = base.splitlines(), other.splitlines()
    return [line for code in _opcodes(old, new) for line in _lines(code, old, new)]


def unified(path: str, base: str, other: str) -> str:
    """The difference as a patch."""
    lines = difflib.unified_diff(
        base.splitlines(), other.splitlines(), f"a/{path}", f"b/{path}", lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


Code = tuple[str, int, int, int, int]


def _opcodes(old: Sequence[str], new: Sequence[str]) -> list[Code]:
    return list(difflib.SequenceMatcher(None, old, new).get_opcodes())


def _lines(code: Code, old: Sequence[str], new: Sequence[str]) -> list[DiffLine]:
    tag, i1, i2, j1, j2 = code
    if tag == "equal":
        return [
            DiffLine(op="same", text=old[i], base=i + 1, other=j1 + i - i1 + 1)
            for i in range(i1, i2)
        ]
    removed = [DiffLine(op="removed", text=old[i], base=i + 1) for i in range(i1, i2)]
    return removed + [DiffLine(op="added", text=new[j], other=j + 1) for j in range(j1, j2)]
