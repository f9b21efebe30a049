"""Transfers: each a process of its own that speaks to the service as the one who started it."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import orjson

from jupyter_mlws.entities.errors import Conflict, NotFound, from_dict
from jupyter_mlws.entities.imported import ImportReport
from jupyter_mlws.entities.record import now
from jupyter_mlws.entities.transfer import Transfer, TransferSpec

AT_ONCE = 2
REMEMBERED = 20


class Transfers:
    """What is being brought in, and what was; forgotten with the service. Any thread may call it."""

    def __init__(self) -> None:
        self._transfers: dict[str, Transfer] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._news = threading.Condition(threading.RLock())

    def start(
        self, spec: TransferSpec, who: str, url: str, token: str, ended: Callable[[Transfer], None]
    ) -> Transfer:
        """Begin a transfer.

        Args:
            url: of the service.
            token: the process speaks to the service with it.
            ended: is told once, when it is over.
        Raises:
            Conflict: enough are running.
        """
        transfer = Transfer(
            id=secrets.token_hex(6),
            source=without_password(spec.source),
            dry_run=spec.dry_run,
            started_by=who,
            started_at=now(),
        )
        task = {**spec.model_dump(), "url": url, "token": token}
        with self._news:
            if len(self._processes) >= AT_ONCE:
                raise Conflict(f"{AT_ONCE} transfers are running: wait for one, or cancel it.")
            self._forget()
            process = self._processes[transfer.id] = subprocess.Popen(
                [sys.executable, "-m", "jupyter_mlws.sdk.import_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd="/",  # what lies in a person's folder is no module of ours
            )
            self._transfers[transfer.id] = transfer
        threading.Thread(
            target=self._follow,
            args=(transfer.id, process, task, ended),
            name="mlws-transfer",
            daemon=True,
        ).start()
        return transfer

    def all(self) -> list[Transfer]:
        """Those that are remembered, newest first."""
        with self._news:
            return list(self._transfers.values())[::-1]

    def get(self, id: str, after: int | None = None, wait_s: float = 0) -> Transfer:
        """How far it is; with `after`, as soon as its `step` is greater, or after a while.

        Raises:
            NotFound: there is none.
        """
        with self._news:
            if id not in self._transfers:
                raise NotFound(f"There is no transfer '{id}'.")
            if after is not None:
                self._news.wait_for(lambda: self._is_news(id, after), wait_s)
            return self._transfers[id]

    def cancel(self, id: str) -> Transfer:
        """End it; what is here already stays. One that has ended stays as it is.

        Raises:
            NotFound: there is none.
        """
        self.get(id)
        with self._news:
            process = self._processes.get(id)
            if process is not None:
                self._tell(id, state="canceled", ended_at=now())
                process.kill()
            return self._transfers[id]

    def _is_news(self, id: str, after: int) -> bool:
        transfer = self._transfers[id]
        return transfer.state != "running" or transfer.step > after

    def _follow(
        self,
        id: str,
        process: subprocess.Popen[bytes],
        task: dict[str, Any],
        ended: Callable[[Transfer], None],
    ) -> None:
        last: dict[str, Any] = {"state": "failed", "error": "Its process has ended unexpectedly."}
        with process:
            assert process.stdin
            assert process.stdout
            try:
                process.stdin.write(orjson.dumps(task))
                process.stdin.close()
            except BrokenPipeError:
                pass  # it was canceled at once
            for text in process.stdout:
                line = orjson.loads(text)
                if "error" in line:
                    last = {"state": "failed", "error": str(from_dict(line["error"]).message)}
                else:
                    report = ImportReport.model_validate(line["report"])
                    report.source = self._transfers[id].source
                    self._tell(id, report=report)
                    if line["done"]:
                        last = {"state": "done"}
        with self._news:
            del self._processes[id]
            self._tell(id, **last, ended_at=now())
        ended(self._transfers[id])

    def _tell(self, id: str, **changes: Any) -> None:
        """Note news; after the end there are none."""
        with self._news:
            transfer = self._transfers[id]
            if transfer.state == "running":
                step = {"step": transfer.step + 1}
                self._transfers[id] = transfer.model_copy(update={**changes, **step})
            self._news.notify_all()

    def _forget(self) -> None:
        done = [key for key, transfer in self._transfers.items() if transfer.state != "running"]
        for key in done[:-REMEMBERED]:
            del self._transfers[key]


def without_password(address: str) -> str:
    """An address as it may be shown and kept."""
    return re.sub(r"//[^/@]*@", "//", address)
