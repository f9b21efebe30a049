"""Folders and files of the caller's machine, sent to the workspace once by their content."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pathspec

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.sdk.transport import Transport

MAX_FILES = 100_000
MAX_BYTES = 100 << 30
NEVER = (
    ".git/",
    "__pycache__/",
    ".ipynb_checkpoints/",
    ".venv/",
    "venv/",
    "node_modules/",
    ".mlws/",
)
"""What no snapshot takes, in the words of .gitignore."""


def send(transport: Transport, path: Path, *, code: bool) -> str:
    """Send a file or folder; answers its `snapshot:` reference.

    Args:
        code: leave out what `.amlignore`, or else `.gitignore`, in the folder names, and what is
            never code (caches, virtual environments, `.git`). Data is sent whole.
    Raises:
        Invalid: there is nothing at `path`, or too much.
    """
    files = dict(_files(path, code))
    snapshot = Snapshot(
        files=[_frozen(name, file) for name, file in files.items()], is_file=path.is_file()
    )
    by_blob = {entry.blob: files[entry.path] for entry in snapshot.files}
    answer = transport.call("codes.create_or_update", {"snapshot": snapshot})
    for blob in answer["missing"]:
        transport.put_blob(blob, by_blob[blob])
    if answer["missing"]:
        transport.call("codes.create_or_update", {"snapshot": snapshot})
    return str(answer["snapshot"])


def git_state(transport: Transport, folder: Path) -> GitState | None:
    """The repository around `folder`, with the uncommitted changes as a patch; None outside of one.

    The remote's address loses a password that it may carry.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    diff = _git(folder, "diff", "HEAD", "--binary", "--", ".")
    dirty = bool(_git(folder, "status", "--porcelain", "--", "."))
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    return GitState(
        repository=_without_password(_git(folder, "config", "--get", "remote.origin.url")),
        branch=None if branch == "HEAD" else branch,
        commit=commit,
        dirty=dirty,
        diff=_send_patch(transport, diff) if diff else None,
    )


def _files(path: Path, code: bool) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield path.name, path
        return
    if not path.is_dir():
        raise Invalid.of([Problem(f"there is no file or folder '{path}'.", "path")])
    ignored = _ignored(path) if code else None
    size = 0
    for count, (name, file) in enumerate(_walk(path, "", ignored), 1):
        size += file.stat().st_size
        if count > MAX_FILES or size > MAX_BYTES:
            raise Invalid.of(
                [
                    Problem(
                        f"'{path}' holds more than {MAX_FILES:,} files or {MAX_BYTES >> 30} GiB."
                        " Name what is not needed in a file '.amlignore' there, or choose a"
                        " smaller folder.",
                        "code" if code else "path",
                    )
                ]
            )
        yield name, file


def _walk(
    folder: Path,
    prefix: str,
    ignored: pathspec.GitIgnoreSpec | None,
    above: frozenset[tuple[int, int]] = frozenset(),
) -> Iterator[tuple[str, Path]]:
    """Files below `folder`, links followed; a link to a folder above is not entered again."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if ignored is None or not ignored.match_file(f"{name}/"):
                yield from _walk(Path(entry.path), f"{name}/", ignored, above | {here})
        elif entry.is_file() and (ignored is None or not ignored.match_file(name)):
            yield name, Path(entry.path)


def _ignored(folder: Path) -> pathspec.GitIgnoreSpec:
    lines = list(NEVER)
    for name in (".amlignore", ".gitignore"):
        if (folder / name).is_file():
            lines += (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
            break
    return pathspec.GitIgnoreSpec.from_lines(lines)


def _frozen(name: str, file: Path) -> SnapshotFile:
    digest = hashlib.sha256()
    size = 0
    with file.open("rb") as source:
        while piece := source.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return SnapshotFile(
        path=name,
        blob=digest.hexdigest(),
        size_bytes=size,
        executable=os.access(file, os.X_OK),
    )


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers, or None when it refuses or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, check=False, timeout=60
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return (
        done.stdout.decode(errors="surrogateescape").rstrip("\n") if done.returncode == 0 else None
    )


def _without_password(url: str | None) -> str | None:
    if not url or "://" not in url or "@" not in url:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('@')[2]}"


def _send_patch(transport: Transport, patch: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "uncommitted.patch"
        file.write_bytes(patch.encode(errors="surrogateescape") + b"\n")
        return send(transport, file, code=False)
