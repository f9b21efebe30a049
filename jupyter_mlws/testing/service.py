"""A real service in a process of its own, for tests."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jupyter_mlws.sdk import service


@contextmanager
def running_service(workspace: Path) -> Iterator[service.Running]:
    """The service of `workspace`, started for the block and stopped after it."""
    running = service.start(workspace)
    try:
        yield running
    finally:
        service.stop(workspace, force=True)


def kill(running: service.Running) -> None:
    """End a service as a crash would, and wait until it is gone."""
    os.kill(running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while _lives(running.pid) and time.monotonic() < deadline:
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
