"""Snapshots on the service's side: looked up, read, and laid out as files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.snapshot import REFERENCE, Snapshot, SnapshotFile
from jupyter_mlws.store.base import Blobs, Store

EMPTY = Snapshot(files=[])


def load(store: Store, blobs: Blobs, reference: str) -> Snapshot:
    """The part of a snapshot that `snapshot:SHA256[/PATH]` names, with paths relative to it.

    Raises:
        Invalid: it is no such reference.
        NotFound: there is no such snapshot, or no such path in it.
    """
    match = REFERENCE.match(reference)
    if not match:
        raise Invalid(f"'{reference}' is no reference to a snapshot.")
    digest, path = match[1], (match[2] or "").strip("/")
    if store.find_record("code", digest) is None:
        raise NotFound(f"There is no snapshot '{digest}': send its files first.")
    whole = Snapshot.decode(blobs.get(digest))
    return _part(whole, path, reference) if path else whole


def put(files: Mapping[str, bytes], store: Store, blobs: Blobs, *, who: str) -> str:
    """Keep files that the workspace itself has written; answers their reference."""
    made = Snapshot(
        files=[
            SnapshotFile(path=path, blob=blobs.put(data), size_bytes=len(data))
            for path, data in files.items()
        ]
    )
    if store.find_record("code", made.digest) is None:
        with store.change(who, "blobs/write", f"code:{made.digest}") as tx:
            tx.put_record("code", blobs.put(made.encode()), {"n_files": len(made.files)})
    return made.reference


def read(snapshot: Snapshot, blobs: Blobs) -> Callable[[str], bytes]:
    """The function from a path in the snapshot to its bytes; it raises NotFound."""
    by_path = {file.path: file.blob for file in snapshot.files}

    def bytes_at(path: str) -> bytes:
        if path not in by_path:
            raise NotFound(f"There is no '{path}' in the code folder.")
        return blobs.get(by_path[path])

    return bytes_at


def lay_out(snapshot: Snapshot, blobs: Blobs, folder: Path, *, writable: bool) -> Path:
    """Copy the files into `folder`; answers the folder, or the file when the snapshot is one."""
    for file in snapshot.files:
        path = folder / file.path
        make_private(path.parent)
        copy(blobs.path(file.blob), path, writable=writable, executable=file.executable)
    return folder / snapshot.files[0].path if snapshot.is_file else folder


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner alone."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def copy(source: Path, path: Path, *, writable: bool, executable: bool = False) -> None:
    """Copy bytes; a copy, because what a job writes must never reach the blob."""
    shutil.copyfile(source, path)
    path.chmod(0o400 | (0o200 if writable else 0) | (0o100 if executable else 0))


def _part(whole: Snapshot, path: str, reference: str) -> Snapshot:
    for file in whole.files:
        if file.path == path:
            name = path.rpartition("/")[2]
            return Snapshot(files=[file.model_copy(update={"path": name})], is_file=True)
    below = [
        SnapshotFile(
            path=file.path[len(path) + 1 :],
            blob=file.blob,
            size_bytes=file.size_bytes,
            executable=file.executable,
        )
        for file in whole.files
        if file.path.startswith(f"{path}/")
    ]
    if not below:
        raise NotFound(f"There is no '{path}' in '{reference.partition('/')[0]}'.")
    return Snapshot(files=below)
