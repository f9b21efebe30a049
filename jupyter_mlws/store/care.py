"""Care of a workspace's rows and blobs: check them, free what nobody needs, back up, restore."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import orjson

from jupyter_mlws.entities.compute import Backup, CheckReport, Finding, GcReport
from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound, Unavailable
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.store.base import Blobs, Store
from jupyter_mlws.store.blobs import CHUNK_BYTES, FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore

DATABASE = "workspace.db"
BLOBS = "blobs"
MANIFEST = "manifest.json"
FORMAT = 1
"""A backup is a zip file: the database, then each blob by its name, then what must be in it."""

log = logging.getLogger(__name__)


def check(store: Store, blobs: Blobs, *, deep: bool = False) -> CheckReport:
    """Whether rows agree with each other and with the blobs.

    Args:
        deep: also read every blob and compare it with its name.
    """
    report = store.check()
    sizes = {info.blob: info.size_bytes for info in blobs.list()}
    findings = list(report.findings)
    for subject, blob, size_bytes in _references(store, blobs, findings):
        if blob not in sizes:
            findings.append(_finding("blob", subject, f"its blob {blob} is missing"))
        elif size_bytes not in {None, sizes[blob]}:
            there = f"its blob {blob} has {sizes[blob]} bytes, not {size_bytes}"
            findings.append(_finding("blob", subject, there))
    if deep:
        changed = (blob for blob in sizes if _hash_of(blobs, blob) != blob)
        findings += [_finding("blob", blob, "its bytes have changed") for blob in changed]
    return CheckReport(
        n_rows=report.n_rows, n_blobs=len(sizes), n_bytes=sum(sizes.values()), findings=findings
    )


def gc(store: Store, blobs: Blobs, *, grace_s: float = 3600) -> GcReport:
    """Free the blobs that no row needs.

    Args:
        grace_s: how long ago they must have been used last. Who is about to refer to a blob has
            that long to do so.
    Raises:
        Conflict: a snapshot cannot be read, so that what it needs is not known.
    """
    used_before_ms = int((time.time() - grace_s) * 1000)
    findings: list[Finding] = []
    needed = {blob for _, blob, _ in _references(store, blobs, findings)}
    needed.update(store.referenced_blobs())
    if findings:
        raise Conflict(f"Nothing was freed: {findings[0].subject}: {findings[0].message}.")
    n_blobs = n_bytes = 0
    for info in blobs.list():
        if info.blob not in needed and blobs.delete(info.blob, used_before_ms=used_before_ms):
            n_blobs += 1
            n_bytes += info.size_bytes
    return GcReport(n_blobs=n_blobs, n_bytes=n_bytes)


def backup(store: Store, blobs: Blobs, path: Path | str) -> Backup:
    """Write rows, as of one moment, and the blobs they need into one file; writers go on.

    Raises:
        Invalid: `path` is not absolute, or its folder is not there.
        AlreadyExists: `path` is there.
        Unavailable: the disk is full; no file is left.
    """
    path = Path(path)
    if not path.is_absolute() or not path.parent.is_dir():
        raise Invalid.field("path", f"'{path}' must be absolute, in a folder that is there.")
    if path.exists():
        raise AlreadyExists(f"'{path}' is there already: choose another name.")
    with _unfinished_folder(path) as folder:
        n_blobs = _write_backup(store, blobs, folder)
        (folder / "backup").replace(path)
    return Backup(path=str(path), size_bytes=path.stat().st_size, n_blobs=n_blobs)


def restore(file: Path | str, directory: Path | str) -> Backup:
    """Make a workspace directory of a backup; no service may use the directory.

    Raises:
        NotFound: there is no such file.
        Invalid: the file is damaged or no backup; nothing was written to `directory`.
        AlreadyExists: `directory` has something in it.
        Unavailable: the disk is full; nothing was written to `directory`.
    """
    file, directory = Path(file), Path(directory).absolute()
    if not file.is_file():
        raise NotFound(f"There is no file '{file}'.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise AlreadyExists(f"'{directory}' is not empty: choose another directory.")
    with _unfinished_folder(directory) as folder:
        made = folder / "workspace"
        made.mkdir(mode=0o700)
        n_blobs = _read_backup(file, made)
        made.replace(directory)
    return Backup(path=str(directory), size_bytes=file.stat().st_size, n_blobs=n_blobs)


def _references(
    store: Store, blobs: Blobs, findings: list[Finding]
) -> Iterator[tuple[str, str, int | None]]:
    """What needs a blob, the blob, and its size where that is known."""
    for row in store.list_artifacts("", recursive=True):
        if row.blob is not None:
            yield f"artifact {row.path}", row.blob, row.size_bytes
    for record in store.list_records("code", view="all"):
        subject = f"snapshot {record.name}"
        yield subject, record.name, None
        try:
            files = Snapshot.decode(blobs.get(record.name)).files
        except NotFound:
            findings.append(_finding("snapshot", subject, "its list of files is missing"))
            continue
        except (orjson.JSONDecodeError, KeyError, TypeError):
            findings.append(_finding("snapshot", subject, "its list of files is damaged"))
            continue
        for found in files:
            yield f"{subject}/{found.path}", found.blob, found.size_bytes


def _finding(kind: str, subject: str, message: str) -> Finding:
    return Finding(kind=kind, subject=subject, message=message)


def _hash_of(blobs: Blobs, blob: str) -> str:
    try:
        with blobs.open(blob) as source:
            return _copy(source, None)[0]
    except NotFound:
        return blob  # freed since it was listed


def _copy(source: IO[bytes], target: IO[bytes] | None) -> tuple[str, int]:
    """Copy all bytes, or only read them; answers their SHA-256 and how many they are."""
    digest, size_bytes = hashlib.sha256(), 0
    while data := source.read(CHUNK_BYTES):
        digest.update(data)
        size_bytes += len(data)
        if target is not None:
            target.write(data)
    return digest.hexdigest(), size_bytes


@contextmanager
def _unfinished_folder(path: Path) -> Iterator[Path]:
    """A private folder beside `path`, gone afterwards."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise Unavailable(f"'{path}' cannot be written: {error.strerror or error}.") from error


def _write_backup(store: Store, blobs: Blobs, folder: Path) -> int:
    store.backup(folder / DATABASE)
    missing = []
    with (
        closing(SqliteStore(folder / DATABASE, readonly=True)) as copy,
        (folder / "backup").open("xb") as file,
        zipfile.ZipFile(file, "w") as archive,
    ):
        needed = {blob for _, blob, _ in _references(copy, blobs, [])}
        database = _add(archive, DATABASE, (folder / DATABASE).open("rb"))
        for blob in sorted(needed):
            try:
                _add(archive, f"{BLOBS}/{blob}", blobs.open(blob))
            except NotFound:
                missing.append(blob)
                log.warning("Blob %s is missing and so not in the backup", blob)
        manifest = {
            "format": FORMAT,
            "database": database,
            "blobs": sorted(needed.difference(missing)),
            "missing": missing,
        }
        archive.writestr(MANIFEST, orjson.dumps(manifest))
        os.fchmod(file.fileno(), 0o600)
        archive.close()
        file.flush()
        os.fsync(file.fileno())
    return len(needed) - len(missing)


def _add(archive: zipfile.ZipFile, name: str, source: IO[bytes]) -> str:
    """Put a file's bytes into the archive; answers their SHA-256."""
    with source, archive.open(name, "w", force_zip64=True) as target:
        return _copy(source, target)[0]


def _read_backup(file: Path, made: Path) -> int:
    try:
        with zipfile.ZipFile(file) as archive:
            return _extract(archive, made)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError) as error:
        raise Invalid(f"'{file}' is damaged or no backup: {error}.") from error
    except (ValueError, TypeError, RuntimeError) as error:  # manifest, names, encryption flags
        raise Invalid(f"'{file}' is damaged or no backup: {error}.") from error


def _extract(archive: zipfile.ZipFile, made: Path) -> int:
    manifest = orjson.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise Invalid(f"A newer release wrote the backup (format {manifest['format']}).")
    with archive.open(DATABASE) as source, (made / DATABASE).open("xb") as target:
        os.fchmod(target.fileno(), 0o600)
        if _copy(source, target)[0] != manifest["database"]:
            raise Invalid("The backup is damaged: its database has changed.")
    blobs = FileBlobs(made / BLOBS)
    for blob in manifest["blobs"]:
        with archive.open(f"{BLOBS}/{blob}") as source:
            writer = blobs.writer()
            while data := source.read(CHUNK_BYTES):
                writer.write(data)
            if writer.commit()[0] != blob:
                raise Invalid(f"The backup is damaged: blob {blob} has changed.")
    return len(manifest["blobs"])
