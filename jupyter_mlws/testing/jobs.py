"""What every job type promises, as tests; and a dispatcher to run jobs with."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from jupyter_mlws.entities.compute import ComputeSpec
from jupyter_mlws.entities.errors import Conflict
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.run import FINAL, Status
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.execution import records
from jupyter_mlws.execution.base import Compute, JobType
from jupyter_mlws.execution.dispatcher import COMPUTE_KIND, Dispatcher
from jupyter_mlws.execution.registries import Registries
from jupyter_mlws.execution.submission import DEFAULT_COMPUTE, Types
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore

URL = "http://127.0.0.1:9/mlws"
PATIENCE_S = 30


class Workroom:
    """A workspace with a running dispatcher and no doors.

    Opening another one on the same path, after `close`, is what a restart of the service is.

    Args:
        types, computes: the installed ones when absent.
    """

    def __init__(
        self,
        path: Path,
        *,
        types: Types | None = None,
        computes: Mapping[str, Compute] | None = None,
    ) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.store = SqliteStore(path / "workspace.db")
        self.blobs = FileBlobs(path / "blobs")
        self.minted: list[str] = []
        self.revoked: list[str] = []
        self.n_rings = 0
        self.on_ring: Callable[[], None] | None = None
        self._news = threading.Condition()
        self._stop_listening = self.store.subscribe(lambda seq: self._ring())
        self.registries = Registries(path.parent / "registries", SqliteStore, FileBlobs)
        self.dispatcher = Dispatcher(
            store=self.store,
            blobs=self.blobs,
            path=path,
            url=URL,
            mint=self._mint,
            revoke=lambda job: self.revoked.append(job.name),
            ring=self._ring,
            registries=self.registries,
            types=types,
            computes=computes,
            standby=0,
        )
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self.loop.run_forever, name="mlws-workroom", daemon=True
        )
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.dispatcher.start(), self.loop).result(PATIENCE_S)

    def __enter__(self) -> Workroom:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in self.unfinished():
            with suppress(Conflict):  # it ended meanwhile
                self.cancel(name)
        for name in self.unfinished():
            self.wait(name)
        self.close()

    def close(self) -> None:
        """End the dispatcher; jobs run on."""
        asyncio.run_coroutine_threadsafe(self.dispatcher.stop(), self.loop).result(PATIENCE_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        self._stop_listening()
        self.store.close()
        self.registries.close()

    def submit(self, job: Mapping[str, Any] = {}, *, user: str = "ana", **more: Any) -> str:
        """Put a job into the queue; answers its name."""
        name = self.dispatcher.desk.submit({**job, **more}, user=user)
        self.dispatcher.wake()
        return name

    def snapshot(self, files: Mapping[str, bytes], *, is_file: bool = False) -> str:
        """Send a folder; answers its reference."""
        made = Snapshot(
            files=[
                SnapshotFile(path=path, blob=self.blobs.put(data), size_bytes=len(data))
                for path, data in files.items()
            ],
            is_file=is_file,
        )
        with self.store.change("ana", "blobs/write", f"code:{made.digest}") as tx:
            tx.put_record("code", self.blobs.put(made.encode()), {"n_files": len(files)})
        return made.reference

    def job(self, name: str) -> Job:
        """The job as it stands."""
        return records.load(self.store, URL, name)

    def cancel(self, name: str) -> None:
        """Ask that a job ends."""
        records.cancel(self.store, name, "ana")
        self.dispatcher.wake()

    def set_slots(self, slots: int) -> None:
        """Change how many jobs run at the same time."""
        spec = ComputeSpec(name=DEFAULT_COMPUTE, slots=slots)
        with self.store.change("ana", "computes/write", "compute:local") as tx:
            tx.put_record(COMPUTE_KIND, spec.name, spec.model_dump(mode="json"))
        self.dispatcher.wake()
        self.until(lambda: self.dispatcher.load()[DEFAULT_COMPUTE].spec == spec, lambda: "no turn")

    def run(self, job: Mapping[str, Any] = {}, **more: Any) -> Job:
        """Submit a job and wait for its end."""
        return self.wait(self.submit(job, **more))

    def wait(self, name: str, *statuses: Status) -> Job:
        """The job as soon as it has one of `statuses`; a final one when none is named."""
        wanted = statuses or tuple(FINAL)
        self.until(
            lambda: self.job(name).status in wanted,
            lambda: f"{self.job(name).status}, not {wanted}: {self.job(name).error}",
        )
        return self.job(name)

    def wait_for_log(self, name: str, text: bytes) -> None:
        """Go on as soon as the log of the newest attempt has `text`."""
        self.until(
            lambda: text in self.log(name), lambda: f"the log has no {text!r}: {self.log(name)!r}"
        )

    def until(self, condition: Callable[[], bool], message: Callable[[], str]) -> None:
        """Go on as soon as `condition` holds."""
        deadline = time.monotonic() + PATIENCE_S
        with self._news:
            while not condition():
                assert time.monotonic() < deadline, message()
                self._news.wait(
                    0.05
                )  # what is no event, such as a turn of the dispatcher, rings not

    def folder(self, name: str) -> Path:
        """The folder of the job's newest attempt."""
        return self.dispatcher.folder(name, self.job(name).attempt)

    def log(self, name: str) -> bytes:
        """What the newest attempt has written so far."""
        try:
            return (self.folder(name) / "user_logs" / "std_log.txt").read_bytes()
        except FileNotFoundError:
            return b""

    def artifacts(self, name: str) -> dict[str, bytes]:
        """The run's artifacts."""
        row = self.store.get_run(name)
        root = f"{row.experiment_id}/{name}/artifacts"
        return {
            found.path.removeprefix(f"{root}/"): self.blobs.get(found.blob or "")
            for found in self.store.list_artifacts(root, recursive=True)
            if found.blob
        }

    def unfinished(self) -> list[str]:
        """Names of the jobs that have not ended."""
        names = [record.name for record in self.store.list_records(records.KIND)]
        return [name for name in names if not self.job(name).status.is_final]

    def _mint(self, job: Job) -> str:
        self.minted.append(job.name)
        return f"token-of-{job.name}-{job.attempt}"

    def _ring(self) -> None:
        with self._news:
            self.n_rings += 1
            self._news.notify_all()
        if self.on_ring:
            self.on_ring()


class JobTypeSuite:
    """Tests of a job type: subclass it and give the fixtures.

    `job_type` is a new instance; `good_job`, `failing_job` and `bad_job` are functions from a `Workroom`, to
    which they may send code first, to a job that completes at once, fails by itself, is refused.
    """

    @pytest.fixture
    def room(self, job_type: JobType, tmp_path: Path) -> Iterator[Workroom]:
        """A workspace that knows this type alone."""
        kind = job_type.spec.model_fields["type"].default
        with Workroom(tmp_path / "workspace", types={kind: job_type}) as room:
            yield room

    def test_a_good_job_completes(
        self, room: Workroom, good_job: Callable[[Workroom], dict[str, Any]]
    ) -> None:
        job = room.run(good_job(room))

        assert job.error is None
        assert job.status is Status.COMPLETED

    def test_a_failing_job_says_why(
        self, room: Workroom, failing_job: Callable[[Workroom], dict[str, Any]]
    ) -> None:
        job = room.run(failing_job(room))

        assert job.status is Status.FAILED
        assert job.error
        assert job.error.message

    def test_what_cannot_run_is_refused_before_anything_is_stored(
        self, room: Workroom, bad_job: Callable[[Workroom], dict[str, Any]]
    ) -> None:
        from jupyter_mlws.entities.errors import Invalid

        job = bad_job(room)
        before = room.store.last_event()

        with pytest.raises(Invalid) as refused:
            room.submit(job)

        assert all(problem.field for problem in refused.value.problems)
        assert room.store.last_event() == before

    def test_its_log_is_kept_with_the_run(
        self, room: Workroom, good_job: Callable[[Workroom], dict[str, Any]]
    ) -> None:
        job = room.run(good_job(room))

        assert room.artifacts(job.name)["user_logs/std_log.txt"] == room.log(job.name)

    def test_its_token_is_in_no_log_and_ends_with_it(
        self, room: Workroom, good_job: Callable[[Workroom], dict[str, Any]]
    ) -> None:
        job = room.run(good_job(room))

        assert room.minted == [job.name]
        assert room.revoked == [job.name]
        assert b"token-of-" not in b"".join(room.artifacts(job.name).values())

    def test_finishing_again_after_a_crash_says_the_same(
        self, room: Workroom, failing_job: Callable[[Workroom], dict[str, Any]]
    ) -> None:
        first = room.run(failing_job(room))
        records_ = records.get(room.store, first.name)
        with room.store.change("test", "test", f"job:{first.name}") as tx:
            tx.update_run(first.name, status=Status.FINALIZING.value)
            tx.put_record(records.KIND, first.name, {**records_.doc, "error": None})

        room.dispatcher.wake()
        again = room.wait(first.name)

        assert again.status is first.status
        assert again.error == first.error
