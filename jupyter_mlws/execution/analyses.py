"""Profiles and comparisons: worked out by a process of their own, once for equal content, and kept."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.errors import MlwsError, Unavailable, from_dict
from jupyter_mlws.entities.profile import Analysis, TablePreview
from jupyter_mlws.reading.request import Request

if TYPE_CHECKING:
    from jupyter_mlws.store.base import Store

KIND = "analysis"
FORM = "1"
"""Changes when profiles and comparisons tell something else, so that they are worked out anew."""
AT_ONCE = 2
REMEMBERED = 50


class Analyses:
    """What is being worked out now. Any thread may call it."""

    def __init__(self) -> None:
        self._running: dict[str, Analysis] = {}
        self._news = threading.Condition()
        self._turn = threading.Semaphore(AT_ONCE)

    def get(self, store: Store, key: str, request: Request, who: str, *, action: str) -> Analysis:
        """The answer where it is known; otherwise how far it is, started when it was not."""
        record = store.find_record(KIND, key)
        if record is not None:
            return Analysis.model_validate(record.doc)
        with self._news:
            found = self._running.get(key)
            if found is None or found.state == "failed":
                self._forget()
                found = self._running[key] = Analysis(state="running")
                # Nobody waits for it when the service ends: what was not finished is begun anew.
                threading.Thread(
                    target=self._work,
                    args=(store, key, request, who, action),
                    name="mlws-analysis",
                    daemon=True,
                ).start()
            return found

    def wait(self, key: str, seen: Analysis, timeout_s: float) -> Analysis:
        """How far it is, as soon as that is further than `seen`; a final state comes at once."""
        with self._news:
            self._news.wait_for(
                lambda: seen.state != "running" or self._running.get(key, seen) != seen, timeout_s
            )
            return self._running.get(key, seen)

    def preview(self, request: Request) -> TablePreview:
        """Some rows of a table.

        Raises:
            Invalid: it is no table, or cannot be read.
        """
        for line in _lines(request):
            if "answer" in line:
                return TablePreview.model_validate(line["answer"])
        raise Unavailable("The table could not be read: the process that reads it has ended.")

    def _work(self, store: Store, key: str, request: Request, who: str, action: str) -> None:
        made = Analysis(state="failed", error="The process that reads it has ended.")
        try:
            for line in self._in_turn(request):
                if "answer" in line:
                    made = Analysis.model_validate(line["answer"])
                else:
                    self._tell(key, Analysis(state="running", **line))
            if made.state == "ready":
                with store.change(who, action, f"{KIND}:{key}") as tx:
                    tx.put_record(KIND, key, made.model_dump(mode="json"))
        except MlwsError as error:
            made = Analysis(state="failed", error=error.message)
        finally:
            self._tell(key, made)

    def _in_turn(self, request: Request) -> Iterator[dict[str, Any]]:
        with self._turn:
            yield from _lines(request)

    def _forget(self) -> None:
        done = [key for key, state in self._running.items() if state.state != "running"]
        for key in done[:-REMEMBERED]:
            del self._running[key]

    def _tell(self, key: str, state: Analysis) -> None:
        with self._news:
            self._running[key] = state
            self._news.notify_all()


def key_of(request: Request) -> str:
    """Under what the answer is kept: equal content has an equal key, whatever its version is called."""
    said = [
        (sorted((f.name, f.size_bytes, f.stamp) for f in table.files), table.mltable)
        for table in request.tables
    ]
    return hashlib.sha256(repr((FORM, request.task, said)).encode()).hexdigest()


def _lines(request: Request) -> Iterator[dict[str, Any]]:
    """What the process says, line by line.

    Raises:
        MlwsError: of the class that it raised.
    """
    with _process() as process:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(request.model_dump_json().encode())
            process.stdin.close()
        except BrokenPipeError:
            return
        for text in process.stdout:
            line = json.loads(text)
            if "error" in line:
                raise from_dict(line["error"])
            yield line


@contextmanager
def _process() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_mlws.reading"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",  # what lies in a person's folder is no module of ours
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
