"""Places where data lies, opened: list, read, write. One seam over fsspec, with our errors."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from jupyter_mlws.entities.datastore import DatastoreEntry, DatastoreSpec
from jupyter_mlws.entities.errors import Denied, Invalid, NotFound, Unavailable
from jupyter_mlws.reading.addresses import GLOB, NAMELESS, inside
from jupyter_mlws.reading.storages import STORAGES

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem

FOREIGN_ERRORS = (
    ("azure.core.exceptions", "AzureError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("asyncio", "TimeoutError"),
    ("fsspec.exceptions", "FSTimeoutError"),
)
"""What the libraries of storages raise beside OSError: module and class."""
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a place.

    Attributes:
        path: relative to what was asked for, with `/`.
        full: as the file system names it.
        stamp: changes when the content does, as far as the storage tells.
    """

    path: str
    full: str
    size_bytes: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Place:
    """A storage that is open.

    Attributes:
        root: the datastore's own folder, as the file system names it.
        secrets: values that no message may show.
    """

    spec: DatastoreSpec
    fs: AbstractFileSystem
    root: str
    secrets: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether its files are files of this machine."""
        return self.spec.type == "file"

    def full(self, path: str) -> str:
        """A path below the root as the file system names it."""
        if self._is_web and self.spec.name == NAMELESS:
            return f"{self.root}/{path}" if path else self.root
        path = inside(path)
        return f"{self.root.rstrip('/')}/{path}" if path else self.root

    def files(self, path: str) -> tuple[list[FoundFile], bool]:
        """The files at a path, below it, or that fit it; and whether it is one file itself.

        Raises:
            NotFound: there is none.
            Unavailable: the storage does not answer, or refuses the credentials.
        """
        with self.errors(path):
            if GLOB.search(path) and not self._is_web:
                base = inside(path[: GLOB.search(path).start()].rpartition("/")[0])  # type: ignore[union-attr]
                found = self._below(base)
                fits = matcher(path)
                prefix = f"{base}/" if base else ""
                files = [self._file(base, full, info) for full, info in found.items()]
                chosen = [file for file in files if fits(f"{prefix}{file.path}")]
                if not chosen:
                    raise NotFound(f"No file fits '{path}'.")
                return chosen, False
            info = self._info(path)
            if info is not None and info.get("type") == "file":
                return [self._file(path.rpartition("/")[0], info["name"], info)], True
            below = self._below(path)
            if not below:
                raise NotFound(f"There is nothing at {self._where(path)}.")
            return [self._file(path, full, info) for full, info in sorted(below.items())], False

    def list(self, path: str) -> list[DatastoreEntry]:
        """What is directly in a folder, folders first.

        Raises:
            NotFound: there is no such folder.
        """
        with self.errors(path):
            full = self.full(path)
            rows = self.fs.ls(full, detail=True)
            prefix = f"{inside(path)}/" if inside(path) else ""
            found = [
                DatastoreEntry(
                    path=prefix + row["name"].rstrip("/").rpartition("/")[2],
                    is_folder=row["type"] == "directory",
                    size_bytes=None if row["type"] == "directory" else row.get("size"),
                    modified_at=_moment(row),
                )
                for row in rows
                if row["name"].rstrip("/") != full.rstrip("/")
            ]
            return sorted(found, key=lambda entry: (not entry.is_folder, entry.path))

    def open(self, full: str) -> BinaryIO:
        """The bytes of a file, as `FoundFile.full` names it."""
        with self.errors(full):
            return cast(BinaryIO, self.fs.open(full, "rb"))

    def download(self, file: FoundFile, target: Path) -> None:
        """Copy a file to this machine, whole or not at all."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        try:
            with self.errors(file.path), self.open(file.full) as source, part.open("wb") as sink:
                while chunk := source.read(CHUNK):
                    sink.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def upload(self, source: Path, path: str) -> None:
        """Copy a file of this machine to a path below the root; what is there is replaced.

        Raises:
            Invalid: the storage can only be read.
        """
        if self._is_web:
            raise Invalid(f"Datastore '{self.spec.name}' can only be read: it is of type http.")
        with self.errors(path):
            full = self.full(path)
            self.fs.makedirs(full.rpartition("/")[0], exist_ok=True)
            self.fs.put_file(str(source), full)

    @contextmanager
    def errors(self, path: str) -> Iterator[None]:
        """The storage's errors as ours, without what is secret."""
        where = self._where(path)
        try:
            yield
        except FileNotFoundError:
            raise NotFound(f"There is no {where}.") from None
        except (PermissionError, NotADirectoryError) as error:
            raise Denied(f"{where} cannot be opened: {self._told(error)}") from None
        except _foreign() as error:
            raise Unavailable(f"{where} cannot be reached: {self._told(error)}") from None

    @property
    def _is_web(self) -> bool:
        return self.spec.type == "http"

    def _where(self, path: str) -> str:
        name = self.spec.name
        if name == NAMELESS:
            return f"'{self.full(path)}'"
        return f"'{path}' of datastore '{name}'"

    def _told(self, error: BaseException) -> str:
        text = " ".join(str(error).split()) or type(error).__name__
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(secret, "********")
        return text[:500] + ("" if text.endswith(".") else ".")

    def _info(self, path: str) -> dict[str, Any] | None:
        try:
            return cast("dict[str, Any]", self.fs.info(self.full(path)))
        except FileNotFoundError:
            return None

    def _below(self, path: str) -> dict[str, dict[str, Any]]:
        return cast(
            "dict[str, dict[str, Any]]", self.fs.find(self.full(path), detail=True, withdirs=False)
        )

    def _file(self, base: str, full: str, info: Mapping[str, Any]) -> FoundFile:
        top = self.full(base).rstrip("/")
        relative = str(full).removeprefix(top).lstrip("/")
        keys = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "size")
        said = "|".join(str(info[key]) for key in keys if info.get(key) is not None)
        size = int(info.get("size") or 0)
        return FoundFile(relative, str(full), size, hashlib.sha256(said.encode()).hexdigest()[:16])


def connect(spec: DatastoreSpec, secrets: Mapping[str, str]) -> Place:
    """Open a storage.

    Raises:
        Invalid: files of this type of storage cannot be read here.
        PluginMissing: a library is missing; the message names it.
    """
    kind = spec.type
    fs, root = STORAGES[kind](spec, secrets)
    return Place(spec, fs, root, tuple(secrets.values()))


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a path fits a glob; `*` stays within one folder, `**` does not."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]

    def fits(path: str) -> bool:
        return _fits(parts, path.split("/"))

    return fits


def _fits(parts: list[str], names: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_fits(parts[1:], names[i:]) for i in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], parts[0]) and _fits(parts[1:], names[1:])


def _moment(row: Mapping[str, Any]) -> str | None:
    for key in ("mtime", "LastModified", "last_modified", "updated"):
        value = row.get(key)
        if isinstance(value, datetime):
            return value.isoformat(timespec="seconds")
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, timezone.utc).isoformat(timespec="seconds")
        if isinstance(value, str) and re.match(r"\d{4}-", value):
            return value
    return None


def _foreign() -> tuple[type[Exception], ...]:
    """The errors of storages: Python's own, and those of the libraries that are in use."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in FOREIGN_ERRORS)
    return (OSError, ValueError, *(cls for cls in found if isinstance(cls, type)))
