"""Bytes by their hash, as files on a local disk."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from jupyter_mlws.entities.errors import NotFound, Unavailable
from jupyter_mlws.store.base import BlobInfo, Blobs, BlobWriter

CHUNK_BYTES = 1 << 20
TOUCHED_S = 300
"""A blob that is used again is young again; its file's time is written at most this often."""
STALE_S = 3600
"""Unfinished files that nobody has written to for so long are nobody's any more."""
NAME = re.compile(r"[0-9a-f]{64}")


class FileBlobs(Blobs):
    """Blobs as read-only files, in folders named by their first two digits.

    Args:
        path: the folder, made when it is missing.
    """

    def __init__(self, path: Path | str) -> None:
        self._folder = Path(path).absolute()
        self._unfinished = self._folder / "tmp"
        self._lock = threading.Lock()  # between finding a blob and freeing it
        with disk_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._unfinished.mkdir(mode=0o700, exist_ok=True)
            self._forget_unfinished()

    def writer(self) -> FileBlobWriter:
        return FileBlobWriter(self)

    def put(self, data: bytes) -> str:
        blob = hashlib.sha256(data).hexdigest()
        if not self.has(blob):
            writer = self.writer()
            writer.write(data)
            writer.commit()
        return blob

    def put_file(self, path: Path) -> tuple[str, int]:
        with path.open("rb") as source:
            writer = self.writer()
            try:
                while data := source.read(CHUNK_BYTES):
                    writer.write(data)
                return writer.commit()
            finally:
                writer.abort()

    def take(self, other: Blobs, blob: str) -> None:
        if self.has(blob):
            return
        unfinished = self.unfinished()
        try:
            # Blobs never change and go one name at a time: both places can have the same file.
            os.link(other.path(blob), unfinished)
        except OSError:  # another disk, or one that knows no links
            self.put_file(other.path(blob))
            return
        with disk_errors():
            self.keep(unfinished, blob)

    def has(self, blob: str) -> bool:
        path = self._path(blob)
        if path is None:
            return False
        with self._lock:
            try:
                if time.time() - path.stat().st_mtime > TOUCHED_S:
                    os.utime(path)
            except FileNotFoundError:
                return False
        return True

    def get(self, blob: str) -> bytes:
        with self.open(blob) as file:
            return file.read()

    def open(self, blob: str) -> BinaryIO:
        return self.path(blob).open("rb")

    def path(self, blob: str) -> Path:
        path = self._path(blob)
        if path is None or not path.is_file():
            raise NotFound(f"There is no blob '{blob}'.")
        return path

    def list(self) -> Iterator[BlobInfo]:
        for shard in sorted(self._folder.iterdir()):
            if len(shard.name) != 2:
                continue
            with os.scandir(shard) as entries:
                for entry in entries:
                    if NAME.fullmatch(entry.name):
                        stat = entry.stat()
                        yield BlobInfo(entry.name, stat.st_size, _used_ms(stat))

    def delete(self, blob: str, *, used_before_ms: int | None = None) -> bool:
        path = self._path(blob)
        if path is None:
            return False
        with self._lock:
            try:
                if used_before_ms is not None and _used_ms(path.stat()) >= used_before_ms:
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    def unfinished(self) -> Path:
        """A name for bytes on their way in."""
        return self._unfinished / secrets.token_hex(16)

    def keep(self, unfinished: Path, blob: str) -> None:
        """Give finished bytes their name; equal ones may be there already."""
        path = self._path(blob)
        assert path is not None, "a hash is a name"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished.replace(path)
        flush_folder(path.parent)

    def _path(self, blob: str) -> Path | None:
        """Where a blob lies, or None for what is no hash."""
        return self._folder / blob[:2] / blob if NAME.fullmatch(blob) else None

    def _forget_unfinished(self) -> None:
        for path in self._unfinished.iterdir():
            if time.time() - path.stat().st_mtime > STALE_S:
                path.unlink(missing_ok=True)


class Shelf(Protocol):
    """Where a writer's bytes go: `FileBlobs`, or the parts of an upload."""

    def unfinished(self) -> Path:
        """A name for bytes on their way in."""

    def has(self, blob: str) -> bool:
        """Whether these bytes are there already."""

    def keep(self, unfinished: Path, blob: str) -> None:
        """Give finished bytes their name."""


class FileBlobWriter(BlobWriter):
    """Bytes on their way onto a shelf; they stand there by their SHA-256."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._path = shelf.unfinished()
        with disk_errors():
            self._fd = os.open(
                self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600
            )

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self._size_bytes += len(data)
        rest = memoryview(data)
        with self._giving_up():
            while rest:
                rest = rest[os.write(self._fd, rest) :]

    def commit(self) -> tuple[str, int]:
        blob = self._hash.hexdigest()
        with self._giving_up():
            if self._shelf.has(blob):
                self.abort()
            else:
                os.fchmod(self._fd, 0o400)
                os.fsync(self._fd)
                self._shelf.keep(self._path, blob)
                self._close()
        return blob, self._size_bytes

    def abort(self) -> None:
        if self._fd >= 0:
            self._close()
            self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """Leave nothing behind when the disk fails."""
        try:
            with disk_errors():
                yield
        except Unavailable:
            self.abort()
            raise


def _used_ms(stat: os.stat_result) -> int:
    return stat.st_mtime_ns // 1_000_000


@contextmanager
def disk_errors() -> Iterator[None]:
    """Say what is wrong with the disk.

    Raises:
        Unavailable: it is full, or fails.
    """
    try:
        yield
    except OSError as error:
        raise Unavailable(f"The blob cannot be kept: {error.strerror or error}.") from error


def flush_folder(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
