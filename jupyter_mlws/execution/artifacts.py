"""A job's files on their way into its run's artifacts, and back out as another job's input."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.store.base import Blobs, RunRow, Store

FOLDERS = {
    "work/outputs": "outputs",
    "work/logs": "logs",
    "named-outputs": "named-outputs",
    "user_logs": "user_logs",
    "system_logs": "system_logs",
}
"""Folders of an attempt that are kept, and their place among the artifacts."""

REFERENCE = re.compile(
    r"^azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths(?:/(?P<path>.*))?)?/?$"
    r"|^runs:/(?P<run>[^/]+)(?:/(?P<below>.*))?$"
)
SETTLED_S = 2.0
"""Seconds after which a file is kept for the first time, while the job runs."""
SPEED = 10e6
"""Bytes of a growing file that are kept again in each second, while the job runs."""


def root(store: Store, row: RunRow) -> str:
    """Where the run's artifacts lie under the workspace's artifact root."""
    return place(store.get_experiment(row.experiment_id).artifact_location, row.run_id)


def place(location: str, run_id: str) -> str:
    """Where the artifacts of a run of an experiment at `location` lie under the artifact root."""
    return f"{location.removeprefix('mlflow-artifacts:').strip('/')}/{run_id}/artifacts"


def load(store: Store, reference: str) -> Snapshot:
    """What a job left at `azureml://jobs/J/outputs/O/paths/P` or `runs:/RUN/P`, frozen.

    Raises:
        Invalid: it is no such reference.
        NotFound: there is no such run, or nothing at that path.
    """
    match = REFERENCE.match(reference)
    if not match:
        raise Invalid(f"'{reference}' is no reference to what a job left.")
    place = root(store, store.get_run(match["job"] or match["run"], with_data=False))
    if match["output"] and match["output"] not in ("artifacts", "default"):
        place += f"/named-outputs/{match['output']}"
    if path := (match["path"] or match["below"] or "").strip("/"):
        place += f"/{path}"
    return frozen(store, place, reference)


def frozen(store: Store, place: str, reference: str) -> Snapshot:
    """What lies among the artifacts at `place`.

    Raises:
        NotFound: nothing does.
    """
    below = [
        SnapshotFile(path=row.path[len(place) + 1 :], blob=row.blob, size_bytes=row.size_bytes)
        for row in store.list_artifacts(place, recursive=True)
        if row.blob
    ]
    if below:
        return Snapshot(files=below)
    try:
        row = store.get_artifact(place)
    except NotFound:
        raise NotFound(f"There is nothing at '{reference}'.") from None
    name = place.rpartition("/")[2]
    return Snapshot(
        files=[SnapshotFile(path=name, blob=row.blob or "", size_bytes=row.size_bytes)],
        is_file=True,
    )


def _sayable(name: str) -> str:
    """The name as an artifact can have it: what is no text, and backslashes, are replaced."""
    return name.encode("utf-8", "replace").decode().replace("\\", "_")


class Harvest:
    """Keeps the files of one attempt. Used by one thread at a time.

    Args:
        place: the run's artifact root.
        subject: of the events it causes.
    """

    def __init__(self, store: Store, blobs: Blobs, place: str, folder: Path, subject: str) -> None:
        self._store, self._blobs = store, blobs
        self._place, self._folder, self._subject = place, folder, subject
        self._seen: dict[Path, tuple[int, int]] = {}
        self._not_before: dict[Path, float] = {}
        self._kept = {
            row.path: row.blob for row in store.list_artifacts(place, recursive=True) if row.blob
        }

    def collect(self, *, final: bool, more: Mapping[str, Path] = {}) -> int:
        """Keep what is new or has changed; answers how many files.

        Args:
            final: whether the job has ended, so that nothing is left for later.
            more: further files, from the path among the artifacts.
        Raises:
            Unavailable: the disk is full.
        """
        found = []
        for name, path in [*self._files(), *more.items()]:
            if kept := self._keep(name, path, final):
                found.append(kept)
        if found:
            with self._store.change(
                "dispatcher", "artifacts/write", self._subject, n_files=len(found)
            ) as tx:
                for artifact, blob, size_bytes in found:
                    tx.put_artifact(artifact, blob, size_bytes)
            self._kept.update({artifact: blob for artifact, blob, _ in found})
        return len(found)

    def _files(self) -> Iterator[tuple[str, Path]]:
        for folder, name in FOLDERS.items():
            top = self._folder / folder
            for base, folders, files in os.walk(top):
                folders.sort()
                for file in sorted(files):
                    path = Path(base, file)
                    yield f"{name}/{path.relative_to(top).as_posix()}", path

    def _keep(self, name: str, path: Path, final: bool) -> tuple[str, str, int] | None:
        """The artifact that a file is now; None when nothing is to be done."""
        try:
            facts = path.stat()
            signature = (facts.st_mtime_ns, facts.st_size)
            if not stat.S_ISREG(facts.st_mode) or self._seen.get(path) == signature:
                return None
            if not final and not self._is_due(path, facts):
                return None
            blob, size_bytes = self._blobs.put_file(path)
        except (FileNotFoundError, PermissionError):
            return None  # gone in the meantime, a dangling link, or not ours to read
        self._seen[path] = signature
        artifact = f"{self._place}/{_sayable(name)}"
        return None if self._kept.get(artifact) == blob else (artifact, blob, size_bytes)

    def _is_due(self, path: Path, facts: os.stat_result) -> bool:
        """Whether a file is kept now: soon after its first write, then as its size allows."""
        now = time.time()
        if now < self._not_before.setdefault(path, facts.st_mtime + SETTLED_S):
            return False
        self._not_before[path] = now + facts.st_size / SPEED
        return True
