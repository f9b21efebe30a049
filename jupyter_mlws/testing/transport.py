"""A workspace that only keeps what it is sent, for tests of the SDK without a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.snapshot import Snapshot


class MemoryTransport:
    """Takes snapshots and blobs, and answers other operations from `answers`.

    Attributes:
        calls: every call, in order, as (operation, arguments).
        blobs: bytes by their hash.
        snapshots: complete snapshots by their reference.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("__", "."): answer for name, answer in answers.items()}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.blobs: dict[str, bytes] = {}
        self.snapshots: dict[str, Snapshot] = {}

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Take a snapshot, or give the prepared answer."""
        self.calls.append((name, arguments))
        if name == "codes.create_or_update":
            return self._take(arguments["snapshot"])
        if name not in self.answers:
            raise NotFound(f"No answer is prepared for '{name}'.")
        return self.answers[name]

    def download(self, name: str, arguments: dict[str, Any], target: Path) -> None:
        """Write the prepared bytes."""
        self.calls.append((name, arguments))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.answers[name])

    def put_blob(self, blob: str, source: Path) -> None:
        """Keep a file's bytes."""
        self.blobs[blob] = source.read_bytes()

    def close(self) -> None:
        """Nothing is held."""

    def _take(self, snapshot: Snapshot) -> dict[str, Any]:
        missing = sorted({file.blob for file in snapshot.files} - set(self.blobs))
        if not missing:
            self.snapshots[snapshot.reference] = snapshot
        return {"snapshot": snapshot.reference, "missing": missing}
