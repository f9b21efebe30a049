"""Code: folders sent once, by content."""

from __future__ import annotations

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.snapshot import MissingBlobs, Snapshot
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace


@operation("blobs/write", in_registries=True)
def create_or_update(ws: Workspace, snapshot: Snapshot) -> MissingBlobs:
    """Say what a folder holds; answers which blobs must still be sent to `PUT /blobs/SHA256`.

    A snapshot can be used once nothing is missing; saying the same again is no error.

    Raises:
        Invalid: a path is absolute, leaves the folder or stands there twice.
    """
    _check_paths(snapshot)
    missing = sorted({file.blob for file in snapshot.files if not ws.blobs.has(file.blob)})
    if not missing:
        manifest = ws.blobs.put(snapshot.encode())
        with ws.change(f"code:{manifest}", n_files=len(snapshot.files)) as tx:
            tx.put_record("code", manifest, {"n_files": len(snapshot.files)})
    return MissingBlobs(snapshot=snapshot.reference, missing=missing)


def _check_paths(snapshot: Snapshot) -> None:
    seen: set[str] = set()
    found = []
    for file in snapshot.files:
        parts = file.path.split("/")
        if any(part in {"", ".", ".."} for part in parts) or "\\" in file.path or "\0" in file.path:
            found.append(Problem(f"'{file.path}' is no path inside a folder.", "snapshot.files"))
        if file.path in seen:
            found.append(Problem(f"'{file.path}' is there twice.", "snapshot.files"))
        seen.add(file.path)
    if found:
        raise Invalid.of(found)
