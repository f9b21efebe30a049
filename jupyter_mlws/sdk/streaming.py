"""What a job does, printed while it does it, as `az ml job stream` does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.job import Job
from jupyter_mlws.sdk.jobs import Done

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

LOG = "user_logs/std_log.txt"


class LogPrinter:
    """Follows a job's log by its offset, so that a restart of the service loses and repeats nothing.

    A job that has no process of its own, such as a pipeline or a sweep, is told by what its jobs do.
    """

    def __init__(self, client: MLClient, name: str, out: TextIO | None = None) -> None:
        self._client = client
        self._name = name
        self._out = out or sys.stdout

    def follow(self) -> Job:
        """Print until the job ends."""
        job = self._client.call("jobs.get", name=self._name)
        studio = job.services.get("Studio")
        head = [f"RunId: {job.name}", f"Web View: {studio.endpoint if studio else ''}", ""]
        self._print("\n".join(head))
        if not self._follow_log():
            self._follow_jobs()
        job = Done(self._client.call("jobs.get", name=self._name), self._client).result()
        self._print(
            "\n".join(
                ["", "Execution Summary", "=" * 17, *head[:2], f"Status: {job.status.value}", ""]
            )
        )
        if job.error:
            self._print(f"{job.error.message}\n")
        return job

    def _follow_log(self) -> bool:
        """Print the log until it ends; whether there is one."""
        offset = 0
        title = "\n".join(["", f"Streaming {LOG}", "=" * 31, "", ""])
        while True:
            try:
                wait_s = 20 if offset else 1  # before its first line it may turn out to have no log
                chunk = self._client.call(
                    "jobs.read_log", name=self._name, offset=offset, wait_s=wait_s
                )
            except NotFound:
                return False
            if chunk.text or chunk.ended:
                self._print(title + chunk.text)
                title = ""
            offset = chunk.next_offset
            if chunk.ended:
                return True

    def _follow_jobs(self) -> None:
        self._print("\n")
        last = self._client.call("workspaces.show").last_event
        told: dict[str, str] = {}
        for job in reversed(list(self._jobs())):
            self._tell(told, job.name, job.status.value)
        own = f"job:{self._name}"
        while not self._client.call("jobs.get", name=self._name).status.is_final:
            mine = False
            while not mine:
                events = self._client.call("events.list", after=last, wait_s=20)
                for event in events:
                    last = event.seq
                    status = event.change.get("status")
                    if event.subject.startswith(f"{own}_") and status:
                        self._tell(told, event.subject.removeprefix("job:"), str(status))
                    mine = mine or event.subject == own
                mine = mine or not events
        for job in reversed(list(self._jobs())):
            self._tell(told, job.name, job.status.value)

    def _jobs(self) -> Iterator[Job]:
        """Those that it started so far, the newest first."""
        token = None
        while True:
            page = self._client.call(
                "jobs.list",
                parent_job_name=self._name,
                max_results=1000,
                page_token=token,
                view="all",
            )
            yield from page.items
            token = page.next_page_token
            if not token:
                return

    def _tell(self, told: dict[str, str], name: str, status: str) -> None:
        if told.get(name) != status:
            told[name] = status
            self._print(f"{name.removeprefix(f'{self._name}_')}: {status}\n")

    def _print(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
