"""Connections to the database: how they are opened, shared between threads and let go."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound, Unavailable
from jupyter_mlws.store import migrations

Synchronous = Literal["OFF", "NORMAL", "FULL"]
READERS_KEPT = 8
WRITER_CACHE_KIB = 65536
READER_CACHE_KIB = 16384

TOO_MUCH = ("too complex", "too many", "too large", "too big")
PASSING = ("full", "locked", "disk I/O", "readonly", "unable to open")
"""Parts of SQLite's messages: about what was asked, and about the disk."""


@contextmanager
def typed_errors() -> Iterator[None]:
    """Turn what SQLite and its driver raise about the input or the disk into our errors."""
    try:
        yield
    except (OverflowError, UnicodeEncodeError) as error:
        raise Invalid(f"This cannot be stored: {error}.") from error
    except sqlite3.OperationalError as error:
        text = str(error)
        if any(words in text for words in TOO_MUCH):
            raise Invalid(f"This is too much for the database: {text}.") from error
        if any(words in text for words in PASSING):
            raise Unavailable(f"The database cannot be used now: {text}.") from error
        raise
    except sqlite3.DataError as error:  # a text or blob beyond SQLite's limit
        raise Invalid(f"This cannot be stored: {error}.") from error
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error) or "not a database" in str(error):
            raise Unavailable(f"The database is damaged: {error}. Restore a backup.") from error
        raise


class Connections:
    """One connection that writes, and some that read; any thread may use any of them in turn.

    Attributes:
        path: the database file.
        lock: to be held while writing.
    """

    def __init__(self, path: Path, *, readonly: bool, synchronous: Synchronous) -> None:
        self.path = path
        self.lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        with typed_errors():
            if readonly:
                self._require_current()
            else:
                self._writer = self._open_writer(synchronous)

    def require_writer(self) -> sqlite3.Connection:
        """The writing connection; only for the holder of `lock`.

        Raises:
            Conflict: opened for reading only.
            Unavailable: closed.
        """
        if self._closed:
            raise Unavailable("The store is closed.")
        if self._writer is None:
            raise Conflict("The store was opened for reading only.")
        return self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the last commit."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._open_reader()
        try:
            with typed_errors():
                yield connection
        finally:
            if self._closed or len(self._idle) >= READERS_KEPT:
                connection.close()
            else:
                self._idle.append(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one and the same commit until it is given back."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close all; a reader that is busy is closed when it is done."""
        self._closed = True
        with self.lock:
            if self._writer is not None:
                self._writer.close()
            while self._idle:
                self._idle.pop().close()

    def _open_writer(self, synchronous: Synchronous) -> sqlite3.Connection:
        _create_private(self.path)
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            _tune(connection, WRITER_CACHE_KIB)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_autocheckpoint = 4000")
            connection.execute("PRAGMA journal_size_limit = 67108864")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            migrations.upgrade(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        if self._closed:
            raise Unavailable("The store is closed.")
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        _tune(connection, READER_CACHE_KIB)
        return connection

    def _require_current(self) -> None:
        if not self.path.is_file():
            raise NotFound(f"There is no database '{self.path}'.")
        with closing(self._open_reader()) as connection:
            if migrations.pending(connection):
                raise Conflict("An older release wrote this workspace: start its service once.")


def _tune(connection: sqlite3.Connection, cache_kib: int) -> None:
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA mmap_size = 268435456")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")


def _create_private(path: Path) -> None:
    """Make sure the file is there and its owner's only; SQLite gives its helpers the same mode."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def now_ms() -> int:
    """This moment in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
