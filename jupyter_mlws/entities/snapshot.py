"""Snapshots: folders as lists of blobs, named by their content."""

from __future__ import annotations

import hashlib
import re

import orjson
from pydantic import Field

from jupyter_mlws.entities.record import Spec

REFERENCE = re.compile(r"^snapshot:([0-9a-f]{64})(?:/(.*))?$")
"""A snapshot, and optionally a path inside it."""
GIT = re.compile(r"^(?:[\w.-]+@[\w.-]+:.+|(?:https?|ssh|git|file)://.+)\.git(?:#.*)?$")
"""Addresses that are of a git repository without saying `git+`."""


class SnapshotFile(Spec):
    """One file of a snapshot."""

    path: str = Field(min_length=1, max_length=5000)
    """Relative, with `/`."""
    blob: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)
    executable: bool = False


class Snapshot(Spec):
    """A folder, or a single file, frozen."""

    files: list[SnapshotFile]
    is_file: bool = False
    """Whether it is one file and not a folder."""

    def encode(self) -> bytes:
        """The manifest as bytes; equal folders give equal bytes."""
        rows = sorted((f.path, f.blob, f.size_bytes, f.executable) for f in self.files)
        return orjson.dumps({"is_file": self.is_file, "files": rows})

    @classmethod
    def decode(cls, manifest: bytes) -> Snapshot:
        """The snapshot that `encode` wrote."""
        body = orjson.loads(manifest)
        keys = ("path", "blob", "size_bytes", "executable")
        files = [
            SnapshotFile.model_construct(**dict(zip(keys, row, strict=True)))
            for row in body["files"]
        ]
        return cls.model_construct(files=files, is_file=body["is_file"])

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest: the snapshot's identity."""
        return hashlib.sha256(self.encode()).hexdigest()

    @property
    def reference(self) -> str:
        """How a job names it."""
        return f"snapshot:{self.digest}"


class MissingBlobs(Spec):
    """The blobs that must still be sent before a snapshot can be made."""

    snapshot: str
    missing: list[str]


def is_local(path: str) -> bool:
    """Whether a path means a file on the caller's machine."""
    return path.startswith("file:") or not (
        "://" in path
        or path.startswith(("azureml:", "runs:", "git+"))
        or REFERENCE.match(path)
        or is_repository(path)
    )


def is_repository(path: str) -> bool:
    """Whether `code` means a git repository elsewhere."""
    return path.startswith("git+") or bool(GIT.match(path))
