"""Notebooks side by side, by cell and output.

Cells that carry an id are found by it: both runs come from the same notebook. Others are found by their
likeness, as nbdime does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from jupyter_mlws.entities.comparison import CellDiff, NotebookDiff, OutputDiff, Why
from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.features.comparing import lines
from jupyter_mlws.features.comparing.subjects import Subject

LARGEST = 30_000_000
"""Bytes; larger notebooks are not compared."""
SHARED = 0.5
"""Part of the cells of the smaller notebook whose ids must be in the larger one."""

Cell = dict[str, Any]
Pair = tuple[int | None, int | None]


def executed_name(run: Subject) -> str | None:
    """Path of the run's executed notebook among its artifacts."""
    name = str(run.spec.get("notebook") or "").rpartition("/")[2]
    for path in (name, f"outputs/{name}"):
        if name and path in run.artifacts:
            return path
    kept = [path for path in run.artifacts if path.endswith(".ipynb")]
    return kept[0] if len(kept) == 1 and run.row.type in {"notebook", "mlflow"} else None


def diff(base: Subject, other: Subject, path: str | None, *, in_code: bool) -> NotebookDiff:
    """Two notebooks: those at `path` in the code or among the artifacts, or the executed ones."""
    found: list[tuple[str | None, Cell | None]] = []
    why: dict[str, Why] = {}
    for run in (base, other):
        name = path or executed_name(run)
        notebook = _read(run, name, in_code=in_code)
        if isinstance(notebook, str):
            why[run.run_id] = notebook
            found.append((name, None))
        else:
            found.append((name, notebook))
    (base_path, old), (other_path, new) = found
    cells = [] if old is None or new is None else compared(old, new)
    return NotebookDiff(base_path=base_path, other_path=other_path, missing=why, cells=cells)


def changed_cells(base: Subject, other: Subject) -> list[int]:
    """Code cells of the notebook whose source differs, by their place in `other`, counted from 1."""
    texts = [_source_notebook(run) for run in (base, other)]
    if texts[0] is None or texts[1] is None or texts[0] == texts[1]:
        return []
    old, new = _parsed(texts[0]), _parsed(texts[1])
    if old is None or new is None or not _share_ids(old["cells"], new["cells"]):
        return []
    return [
        j + 1
        for i, j in _by_id(old["cells"], new["cells"])
        if j is not None and (i is None or _source(old["cells"][i]) != _source(new["cells"][j]))
    ]


def compared(old: Cell, new: Cell) -> list[CellDiff]:
    """The cells of two notebooks, each with what is different in it."""
    before, after = old["cells"], new["cells"]
    pairs = _by_id(before, after) if _share_ids(before, after) else _by_likeness(old, new)
    return [
        _cell(i, None if i is None else before[i], j, None if j is None else after[j])
        for i, j in pairs
    ]


def source_text(text: str) -> str:
    """The sources of a notebook's cells as one text."""
    notebook = _parsed(text)
    if notebook is None:
        return text
    return "\n".join(_source(cell) for cell in notebook["cells"])


def _read(run: Subject, name: str | None, *, in_code: bool) -> Cell | Why:
    if in_code and run.code is None:
        return "no_job" if run.doc is None else "no_code"
    if in_code:
        assert run.code
        rows = {file.path: (file.blob, file.size_bytes) for file in run.code.files}
    else:
        rows = {path: (row.blob or "", row.size_bytes) for path, row in run.artifacts.items()}
    if name is None or name not in rows:
        return "no_notebook"
    blob, size_bytes = rows[name]
    if size_bytes > LARGEST:
        return "too_large"
    try:
        return _parsed(run.ws.blobs.get(blob).decode("utf-8", "replace")) or "no_notebook"
    except NotFound:
        return "file_gone"


def _source_notebook(run: Subject) -> str | None:
    name = run.spec.get("notebook")
    for file in run.code.files if run.code and name else ():
        if file.path == name and file.size_bytes <= lines.LARGEST:
            try:
                return run.ws.blobs.get(file.blob).decode("utf-8", "replace")
            except NotFound:
                return None
    return None


def _parsed(text: str) -> Cell | None:
    """A notebook of format 4 with its texts joined; None for what is none."""
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)
        found: Cell = json.loads(nbformat.writes(notebook, split_lines=False))
    except (ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError, AttributeError):
        return None
    return found


def _by_id(before: list[Cell], after: list[Cell]) -> list[Pair]:
    ids = [[str(cell.get("id", "")) for cell in cells] for cells in (before, after)]
    matcher = SequenceMatcher(None, ids[0], ids[1], autojunk=False)
    return [pair for code in matcher.get_opcodes() for pair in _pairs(*code)]


def _pairs(tag: str, i1: int, i2: int, j1: int, j2: int) -> Iterator[Pair]:
    if tag == "equal":
        yield from zip(range(i1, i2), range(j1, j2), strict=True)
        return
    yield from ((i, None) for i in range(i1, i2))
    yield from ((None, j) for j in range(j1, j2))


def _share_ids(before: list[Cell], after: list[Cell]) -> bool:
    ids = [{cell["id"] for cell in cells if cell.get("id")} for cells in (before, after)]
    smaller = min(len(before), len(after))
    return len(ids[0] & ids[1]) >= max(1, SHARED * smaller)


def _by_likeness(old: Cell, new: Cell) -> list[Pair]:
    """Pairs as nbdime finds them.

    Source: nbdime's diff format: a list of `addrange`, `removerange` and `patch` in the order of their keys.
    """
    from nbdime.diffing.notebooks import diff_notebooks
    from nbformat import from_dict

    changes = [
        op
        for change in diff_notebooks(from_dict(old), from_dict(new))
        if change["key"] == "cells" and change["op"] == "patch"
        for op in change["diff"]
    ]
    pairs: list[Pair] = []
    i = j = 0
    for op in changes:
        while i < op["key"]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        if op["op"] == "addrange":
            for _ in op["valuelist"]:
                pairs.append((None, j))
                j += 1
        elif op["op"] == "removerange":
            for _ in range(op["length"]):
                pairs.append((i, None))
                i += 1
    pairs += zip(range(i, len(old["cells"])), range(j, len(new["cells"])), strict=True)
    return pairs


def _cell(i: int | None, old: Cell | None, j: int | None, new: Cell | None) -> CellDiff:
    before, after = _source(old) if old else "", _source(new) if new else ""
    outputs = _outputs((old or {}).get("outputs", []), (new or {}).get("outputs", []))
    is_same = before == after and all(output.state == "same" for output in outputs)
    state = "added" if old is None else "removed" if new is None else None
    return CellDiff(
        state=state or ("same" if is_same else "changed"),
        cell_type=str((new or old or {}).get("cell_type", "code")),
        base=None if i is None else i + 1,
        other=None if j is None else j + 1,
        source=lines.all_lines(before, after),
        source_differs=before != after,
        outputs=[] if is_same else outputs,
    )


def _outputs(before: list[Cell], after: list[Cell]) -> list[OutputDiff]:
    keys = [
        [json.dumps(_bare(output), sort_keys=True) for output in side] for side in (before, after)
    ]
    found = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(
        None, keys[0], keys[1], autojunk=False
    ).get_opcodes():
        for at in range(max(i2 - i1, j2 - j1)):
            base = before[i1 + at] if i1 + at < i2 else None
            other = after[j1 + at] if j1 + at < j2 else None
            state = (
                "same"
                if tag == "equal"
                else "added"
                if base is None
                else "removed"
                if other is None
                else "changed"
            )
            found.append(OutputDiff(state=state, base=base, other=other))
    return found


def _bare(output: Cell) -> Cell:
    """An output without what every execution changes."""
    return {
        key: value for key, value in output.items() if key not in {"execution_count", "metadata"}
    }


def _source(cell: Cell) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)
