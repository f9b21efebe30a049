"""Logs of jobs: pieces of growing files, cut where text may be cut."""

from __future__ import annotations

import codecs
import os
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.job import LogChunk, LogFile, LogTime
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import artifacts, records
from jupyter_mlws.store.base import Blobs, Store

STANDARD = "user_logs/std_log.txt"
FOLDERS = ("user_logs", "system_logs")
TIMES = "supervisor/times"
"""Byte offset and milliseconds in lines of `PAIR` bytes, noted as the standard log is written."""
PAIR = 32


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
            found = piece(self._file(path), path, offset, limit, complete=complete)
        except FileNotFoundError:
            if path == STANDARD and not complete:
                return LogChunk(
                    path=path, text="", offset=0, next_offset=0, size_bytes=0, ended=False
                )
            raise NotFound(f"Job '{self.name}' has no log '{path}'.") from None
        if path == STANDARD and found.text:
            found.times = times(self.folder / TIMES, self._file(path), found)
        return found

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


def times(notes: Path, file: Path, chunk: LogChunk) -> list[LogTime]:
    """When the lines of a piece were written; nothing where that was not noted.

    A line has the time of its first character.

    Args:
        notes: what the supervisor noted.
        file: the log.
    """
    try:
        with notes.open("rb") as opened, file.open("rb") as log:
            log.seek(chunk.offset)
            return _times(opened, chunk.offset, log.read(chunk.next_offset - chunk.offset))
    except FileNotFoundError:
        return []


def _times(notes: BinaryIO, start: int, data: bytes) -> list[LogTime]:
    n_pairs = notes.seek(0, os.SEEK_END) // PAIR

    def pair(at: int) -> tuple[int, int]:
        notes.seek(at * PAIR)
        offset, time_ms = notes.read(PAIR).split()
        return int(offset), int(time_ms)

    first = bisect_right(range(n_pairs), start, key=lambda at: pair(at)[0]) - 1
    found: dict[int, int] = {}
    line = seen = 0
    for at in range(max(0, first), n_pairs):
        offset, time_ms = pair(at)
        place = max(0, offset - start)
        if place >= len(data) and at > first:
            break
        line += data.count(b"\n", seen, place)
        seen = place
        begins = place == 0 or data[place - 1 : place] == b"\n"
        found[line if begins else line + 1] = time_ms
    return [LogTime(line=line, time_ms=time_ms) for line, time_ms in found.items()]


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
