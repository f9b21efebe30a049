"""Files that come in parts, kept until all are there: an upload that is interrupted goes on."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from pathlib import Path

import orjson

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.store.base import Blobs, BlobWriter
from jupyter_mlws.store.blobs import CHUNK_BYTES, FileBlobWriter, disk_errors, flush_folder

MAX_PARTS = 10_000
"""As many as S3 takes."""
ID = re.compile(r"[0-9a-f]{32}")
PART = re.compile(r"(\d{5})-([0-9a-f]{64})")
UNFINISHED = "unfinished-"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes in parts.

    Attributes:
        owner: who sends it; nobody else may.
        target: what it is to become, in the words of who began it.
        blob: what it became, once its parts were put together.
    """

    id: str
    owner: str
    target: str
    n_parts: int
    blob: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part that is there; its tag is the SHA-256 of its bytes."""

    number: int
    tag: str
    size_bytes: int


class Uploads:
    """Uploads as folders: what it is to become, and a file for each part that has come.

    All state is on the disk. Who changes a whole upload holds its lock; parts come side by side.

    Args:
        path: the folder, made when the first upload begins.
    """

    def __init__(self, path: Path, blobs: Blobs) -> None:
        self._path = path
        self._blobs = blobs

    def begin(self, owner: str, target: str, n_parts: int, id: str | None = None) -> Upload:
        """Begin an upload, or find the one of this id that was begun.

        Raises:
            Invalid: it has no part, or too many.
            Unavailable: the disk is full.
        """
        if not 1 <= n_parts <= MAX_PARTS:
            message = f"must be 1 to {MAX_PARTS} (got {n_parts})."
            raise Invalid.field("num_parts", message)
        upload = Upload(id or secrets.token_hex(16), owner, target, n_parts)
        folder = self._path / upload.id
        with disk_errors():
            # The mode given to mkdir is that of the last folder alone.
            self._path.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            with _locked(folder):
                if not (folder / "upload.json").exists():
                    _write(folder, upload)
        return self.get(upload.id, owner)

    def get(self, id: str, owner: str) -> Upload:
        """The upload of this id.

        Raises:
            NotFound: there is none, or it is another's.
        """
        try:
            upload = _read(self._folder(id))
        except FileNotFoundError:
            upload = None
        if upload is None or upload.owner != owner:
            raise NotFound(f"There is no upload '{id}' of '{owner}'.")
        return upload

    def writer(self, upload: Upload, number: int) -> BlobWriter:
        """Begin a part; once committed it takes the place of one that came under its number before.

        Raises:
            Invalid: there is no part of this number.
            Conflict: the parts were put together already.
        """
        if not 1 <= number <= upload.n_parts:
            raise Invalid.field("part_number", f"must be 1 to {upload.n_parts} (got {number}).")
        if upload.blob:
            raise Conflict(f"Upload '{upload.id}' is complete.")
        return FileBlobWriter(_Parts(self._folder(upload.id), number))

    def parts(self, upload: Upload) -> list[Part]:
        """The parts that have come, by their numbers."""
        found = []
        for path in self._folder(upload.id).iterdir():
            if match := PART.fullmatch(path.name):
                fact = path.stat()
                found.append((fact.st_mtime_ns, Part(int(match[1]), match[2], fact.st_size)))
        # A crash may leave two of one number: the later one counts.
        last = {part.number: part for _, part in sorted(found, key=itemgetter(0))}
        return [last[number] for number in sorted(last)]

    def assemble(self, upload: Upload) -> tuple[str, int]:
        """Put all parts together to a blob; answers it and its size. Asked again, it answers the same.

        Raises:
            NotFound: the upload was given up meanwhile.
            Conflict: parts are missing.
            Unavailable: the disk is full; the parts are still there.
        """
        folder = self._folder(upload.id)
        with _held(folder, upload.id):
            upload = self.get(upload.id, upload.owner)
            if upload.blob is None or upload.size_bytes is None or not self._blobs.has(upload.blob):
                upload = self._put_together(folder, upload)
            for part in folder.glob("*-*"):
                part.unlink(missing_ok=True)
        assert upload.blob is not None
        assert upload.size_bytes is not None
        return upload.blob, upload.size_bytes

    def forget(self, upload: Upload) -> None:
        """Give an upload up, with the parts that have come."""
        folder = self._folder(upload.id)
        with _held(folder, upload.id):
            shutil.rmtree(folder)

    def sweep(self, before_s: float) -> tuple[int, int]:
        """Forget the uploads that nothing has come for since; answers how many, and their bytes."""
        n = size_bytes = 0
        for folder in self._path.glob("*"):
            with suppress(NotFound), _held(folder, folder.name):
                facts = [path.stat() for path in (folder, *folder.iterdir())]
                if max(fact.st_mtime for fact in facts) < before_s:
                    shutil.rmtree(folder)
                    n += 1
                    size_bytes += sum(fact.st_size for fact in facts[1:])
        return n, size_bytes

    def _put_together(self, folder: Path, upload: Upload) -> Upload:
        parts = self.parts(upload)
        missing = {*range(1, upload.n_parts + 1)} - {part.number for part in parts}
        if missing:
            some = ", ".join(map(str, sorted(missing)[:10]))
            raise Conflict(f"{len(missing)} of {upload.n_parts} parts are missing: {some}.")
        writer = self._blobs.writer()
        try:
            for part in parts:
                with (folder / f"{part.number:05}-{part.tag}").open("rb") as source:
                    while data := source.read(CHUNK_BYTES):
                        writer.write(data)
            blob, size_bytes = writer.commit()
        finally:
            writer.abort()
        done = replace(upload, blob=blob, size_bytes=size_bytes)
        with disk_errors():
            _write(folder, done)
        return done

    def _folder(self, id: str) -> Path:
        if not ID.fullmatch(id):
            raise NotFound(f"There is no upload '{id}'.")
        return self._path / id


class _Parts:
    """The shelf that one part of an upload is put on."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._number = number

    def unfinished(self) -> Path:
        return self._folder / f"{UNFINISHED}{secrets.token_hex(8)}"

    def has(self, blob: str) -> bool:
        return False  # the part that came last counts, so it is always put there anew

    def keep(self, unfinished: Path, blob: str) -> None:
        with _held(self._folder, self._folder.name):
            if _read(self._folder).blob:
                raise Conflict(f"Upload '{self._folder.name}' is complete.")
            unfinished.replace(self._folder / f"{self._number:05}-{blob}")
            for path in self._folder.glob(f"{self._number:05}-*"):
                if not path.name.endswith(blob):
                    path.unlink()
            flush_folder(self._folder)


def _read(folder: Path) -> Upload:
    return Upload(**orjson.loads((folder / "upload.json").read_bytes()))


def _write(folder: Path, upload: Upload) -> None:
    draft = folder / "upload.tmp"
    with draft.open("wb") as file:
        file.write(orjson.dumps(asdict(upload)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / "upload.json")
    flush_folder(folder)


@contextmanager
def _held(folder: Path, id: str) -> Iterator[None]:
    """Hold the lock of an upload that must be there."""
    try:
        with _locked(folder):
            yield
    except FileNotFoundError:
        raise NotFound(f"There is no upload '{id}'.") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
