"""Code side by side: commands, git states, the files of snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from jupyter_mlws.entities.comparison import (
    CodeComparison,
    CodeFile,
    FileDiff,
    LineCount,
    Why,
)
from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.snapshot import SnapshotFile
from jupyter_mlws.features.comparing import lines, notebooks
from jupyter_mlws.features.comparing.subjects import Subject, differ, union, value_row
from jupyter_mlws.store.base import Blobs

COUNTED = 200
"""Changed files whose lines are counted."""
PROBE = 8192

Kind = Literal["text", "notebook", "binary"]


def compare(runs: Sequence[Subject]) -> CodeComparison:
    """The code of runs."""
    found = [_files(run) for run in runs]
    rows = [
        _row(runs[0].ws.blobs, path, [files.get(path) for files in found]) for path in union(found)
    ]
    _count(runs[0].ws.blobs, [row for row in rows if row.differs][:COUNTED])
    return CodeComparison(
        missing=missing(runs),
        command=value_row("command", [_command(run) for run in runs]),
        git=[_git(run) for run in runs],
        files=rows,
        notebooks=[notebooks.executed_name(run) for run in runs],
    )


def changed_files(base: Subject, other: Subject) -> list[str]:
    """Paths whose content differs; none where one of the snapshots is missing."""
    if base.code is None or other.code is None:
        return []
    found = [{path: file.blob for path, file in _files(run).items()} for run in (base, other)]
    return [path for path in union(found) if found[0].get(path) != found[1].get(path)]


def diff(base: Subject, other: Subject, path: str, *, in_code: bool) -> FileDiff:
    """Two versions of a text file; a run without the file has it empty.

    Raises:
        NotFound: neither has it.
    """
    files = [_found(run, path, in_code=in_code) for run in (base, other)]
    if files == [None, None]:
        raise NotFound(f"Neither '{base.run_id}' nor '{other.run_id}' has a '{path}'.")
    texts, why = [], {}
    for run, file in zip((base, other), files, strict=True):
        text = read_text(run.ws.blobs, file)
        if isinstance(text, str):
            texts.append(text)
        else:
            why[run.run_id] = text[0]
    if why:
        return FileDiff(path=path, missing=why, hunks=[], counts=LineCount(), unified="")
    return FileDiff(
        path=path,
        missing={},
        hunks=lines.hunks(texts[0], texts[1]),
        counts=lines.counted(texts[0], texts[1]),
        unified=lines.unified(path, texts[0], texts[1]),
    )


def missing(runs: Sequence[Subject]) -> dict[str, Why]:
    """Runs without a snapshot of code."""
    why: dict[str, Why] = {}
    for run in runs:
        if run.doc is None:
            why[run.run_id] = "no_job"
        elif run.code is None:
            why[run.run_id] = "file_gone" if run.spec.get("code") else "no_code"
    return why


def read_text(blobs: Blobs, file: SnapshotFile | None) -> str | tuple[Why]:
    """The text of a file, empty where there is none; or why it cannot be shown."""
    if file is None:
        return ""
    if file.size_bytes > lines.LARGEST:
        return ("too_large",)
    try:
        return blobs.get(file.blob).decode("utf-8", "replace")
    except NotFound:
        return ("file_gone",)


def _found(run: Subject, path: str, *, in_code: bool) -> SnapshotFile | None:
    if in_code:
        return _files(run).get(path)
    row = run.artifacts.get(path)
    if row is None or row.blob is None:
        return None
    return SnapshotFile(path=path, blob=row.blob, size_bytes=row.size_bytes)


def _files(run: Subject) -> dict[str, SnapshotFile]:
    return {file.path: file for file in run.code.files} if run.code else {}


def _row(blobs: Blobs, path: str, files: list[SnapshotFile | None]) -> CodeFile:
    found = [None if file is None else file.blob for file in files]
    return CodeFile(
        path=path,
        kind=_kind(blobs, path, found if differ(found) else []),
        blobs=found,
        sizes=[None if file is None else file.size_bytes for file in files],
        counts=[None] * len(files),
        differs=differ(found),
    )


def _kind(blobs: Blobs, path: str, found: list[str | None]) -> Kind:
    """What a file is; only those that differ are looked into, for a snapshot may hold thousands."""
    if path.endswith(".ipynb"):
        return "notebook"
    for blob in filter(None, found):
        try:
            with blobs.open(blob) as file:
                return "binary" if b"\0" in file.read(PROBE) else "text"
        except NotFound:
            return "binary"
    return "text"


def _count(blobs: Blobs, rows: list[CodeFile]) -> None:
    for row in rows:
        texts = [_text(blobs, row, at) for at in range(len(row.blobs))]
        for at, text in enumerate(texts):
            if at and text is not None and texts[0] is not None:
                row.counts[at] = lines.counted(texts[0], text)


def _text(blobs: Blobs, row: CodeFile, at: int) -> str | None:
    blob, size = row.blobs[at], row.sizes[at]
    if row.kind == "binary" or (size or 0) > lines.LARGEST:
        return None
    try:
        text = blobs.get(blob).decode("utf-8", "replace") if blob else ""
    except NotFound:
        return None
    return notebooks.source_text(text) if row.kind == "notebook" else text


def _command(run: Subject) -> str | None:
    command = run.spec.get("command") or run.spec.get("notebook")
    return command or run.row.tags.get("mlflow.source.name")


def _git(run: Subject) -> GitState | None:
    if run.doc and run.doc.get("git"):
        return GitState.model_validate(run.doc["git"])
    commit = run.row.tags.get("mlflow.source.git.commit")
    return GitState(commit=commit) if commit else None
