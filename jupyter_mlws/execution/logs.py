"""Logs of jobs: pieces of growing files, cut where text may be cut."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.job import LogChunk, LogFile
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import artifacts, records
from jupyter_mlws.store.base import Blobs, Store

STANDARD = "user_logs/std_log.txt"
FOLDERS = ("user_logs", "system_logs")


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of one attempt of a job.

    They are read from the attempt's folder; those of the last attempt from the run's artifacts when the
    folder is gone.
    """

    store: Store
    blobs: Blobs
    name: str
    attempt: int
    folder: Path

    @classmethod
    def of(
        cls,
        store: Store,
        blobs: Blobs,
        name: str,
        attempt: int | None,
        folder: Callable[[str, int], Path],
    ) -> Logs:
        """The logs of an attempt, of the newest when none is named.

        Args:
            folder: gives the folder of a job's attempt.
        Raises:
            NotFound: there is no such job or attempt.
        """
        newest = records.get(store, name).doc["attempt"]
        attempt = newest if attempt is None else attempt
        if not 1 <= attempt <= newest:
            raise NotFound(f"Job '{name}' has no attempt {attempt}: there are 1 to {newest}.")
        return cls(store, blobs, name, attempt, folder(name, attempt))

    def files(self) -> list[LogFile]:
        """The log files, those of the job's own output first."""
        found = [
            LogFile(path=path.relative_to(self.folder).as_posix(), size_bytes=path.stat().st_size)
            for name in FOLDERS
            for path in sorted((self.folder / name).rglob("*"))
            if path.is_file()
        ]
        return found or self._list_kept()

    def read(self, path: str, offset: int, limit: int) -> LogChunk:
        """At most `limit` bytes from `offset` on, as text; negative offsets count from the end.

        A character is never cut: an unfinished one is left for the next piece until the log is complete.

        Raises:
            NotFound: there is no such log.
        """
        complete = self._is_complete()  # before reading: what is written later is not missed
        try:
            return piece(self._file(path), path, offset, limit, complete=complete)
        except FileNotFoundError:
            if path == STANDARD and not complete:
                return LogChunk(
                    path=path, text="", offset=0, next_offset=0, size_bytes=0, ended=False
                )
            raise NotFound(f"Job '{self.name}' has no log '{path}'.") from None

    def _is_complete(self) -> bool:
        if self.attempt < records.get(self.store, self.name).doc["attempt"]:
            return True
        return Status(self.store.get_run(self.name, with_data=False).status).is_final

    def _file(self, path: str) -> Path:
        """Where a log lies; a path that leaves the folder of logs is none."""
        folder = path.partition("/")[0]
        if folder not in FOLDERS or "\0" in path:
            raise NotFound(f"Job '{self.name}' has no log '{path}': see its list of logs.")
        found = (self.folder / path).resolve()
        if found.is_file():
            if not found.is_relative_to((self.folder / folder).resolve()):
                raise NotFound(f"'{path}' is no log of job '{self.name}'.")
            return found
        return self._kept(path)

    def _kept(self, path: str) -> Path:
        try:
            blob = self.store.get_artifact(f"{self._root()}/{path}").blob
        except NotFound:
            raise FileNotFoundError(path) from None
        return self.blobs.path(blob or "")

    def _list_kept(self) -> list[LogFile]:
        root = self._root()
        return [
            LogFile(path=row.path.removeprefix(f"{root}/"), size_bytes=row.size_bytes)
            for name in FOLDERS
            for row in self.store.list_artifacts(f"{root}/{name}", recursive=True)
            if row.blob
        ]

    def _root(self) -> str:
        return artifacts.root(self.store, self.store.get_run(self.name, with_data=False))


def piece(file: Path, path: str, offset: int, limit: int, *, complete: bool) -> LogChunk:
    """At most `limit` bytes of a log from `offset` on, cut where text may be cut.

    Args:
        path: what the log is called.
        complete: whether nothing will be added any more.
    Raises:
        FileNotFoundError: there is no such file.
    """
    with file.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        start = max(0, size + offset) if offset < 0 else min(offset, size)
        log.seek(start)
        data = log.read(limit)
    if offset < 0:
        start, data = _from_character(start, data)
    at_end = start + len(data) >= size
    text, used = _decode(data, final=complete and at_end)
    return LogChunk(
        path=path,
        text=text,
        offset=start,
        next_offset=start + used,
        size_bytes=size,
        ended=complete and at_end,
    )


def _from_character(start: int, data: bytes) -> tuple[int, bytes]:
    """Skip the rest of a character whose beginning was cut off."""
    rest = 0
    while rest < min(3, len(data)) and data[rest] & 0xC0 == 0x80:
        rest += 1
    return start + rest, data[rest:]


def _decode(data: bytes, *, final: bool) -> tuple[str, int]:
    """The text and how many bytes it took; broken bytes become U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final)
    return text, len(data) - len(decoder.getstate()[0])
