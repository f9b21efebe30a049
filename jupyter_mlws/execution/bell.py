"""The bell at the service's door: supervisors ring it when an attempt has changed."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jupyter_mlws.execution.supervisor import short_path


class Bell:
    """Listens on the datagram socket `path`; calls `heard` with the folder of each attempt that rings."""

    def __init__(self, path: Path, heard: Callable[[Path], None]) -> None:
        self._path = path
        self._heard = heard
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to listen.

        Raises:
            OSError: the socket cannot be made.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                self._path.unlink()
            with short_path(str(self._path.parent)) as folder:
                self._socket.bind(f"{folder}/{self._path.name}")
        except OSError:
            self._socket.close()
            raise
        self._path.chmod(0o600)
        loop.add_reader(self._socket, self._read)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop listening."""
        loop.remove_reader(self._socket)
        self._socket.close()
        with suppress(FileNotFoundError):
            self._path.unlink()

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self._heard(Path(os.fsdecode(self._socket.recv(1 << 16))))
