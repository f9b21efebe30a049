"""Jobs that run other jobs: asked again after each change what to start now."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid
from jupyter_mlws.entities.job import Cause, GitState, Job, JobError, JobSpec
from jupyter_mlws.entities.record import now, to_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import artifacts, failures, records
from jupyter_mlws.execution.attempt import Workshop
from jupyter_mlws.execution.base import Outcome, ParentJobType
from jupyter_mlws.execution.submission import Desk
from jupyter_mlws.store.base import Point, RunQuery

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent job. One thread at a time; keeps nothing, so that a restart loses nothing."""

    shop: Workshop
    desk: Desk
    name: str

    def step(self) -> bool:
        """Start what is to be started now; whether the job has ended."""
        records.move(
            self.shop.store,
            self.name,
            Status.RUNNING,
            of=records.WAITING | {Status.PREPARING, Status.STARTING},
            start_ms=to_ms(now()),
        )
        job = records.load(self.shop.store, self.shop.url, self.name)
        children = self._children()
        if self.patience_s() == 0:
            self._give_up(
                JobError(cause=Cause.TIMEOUT, message="The job ran longer than its limit.")
            )
            return self._cancel(children)
        if job.status in (Status.CANCEL_REQUESTED, Status.FINALIZING):
            return self._cancel(children)
        if job.status.is_final:
            return True
        try:
            answer = self._kind(job).next(job, children)
            if isinstance(answer, Outcome):
                self._keep(answer)
                return self._end(answer.error)
            self._start(job, answer, {child.name for child in children})
        except Exception as error:
            logger.exception("Parent job '%s' cannot go on", self.name)
            self._give_up(failures.of_preparation(error, self._folder(job)))
            return self._cancel(self._children())
        return False

    def patience_s(self) -> float | None:
        """Seconds until the job's time-out, at least 0; None when it has none or is not running."""
        store = self.shop.store
        row = store.get_run(self.name, with_data=False)
        limits = records.get(store, self.name).doc["spec"].get("limits", {})
        limit: float | None = limits.get("timeout")
        if limit is None or row.start_ms is None or Status(row.status) is not Status.RUNNING:
            return None
        return max(0.0, row.start_ms / 1000 + limit - now().timestamp())

    def _kind(self, job: Job) -> ParentJobType:
        kind = self.shop.types[job.type]
        assert isinstance(kind, ParentJobType)
        return kind

    def _children(self) -> list[Job]:
        store, token = self.shop.store, None
        found: list[Job] = []
        while True:
            query = RunQuery(
                parent_id=self.name, types=list(self.shop.types), view="all", page_token=token
            )
            rows, token = store.search_runs(query)
            found += [
                records.view(store, self.shop.url, row, records.get(store, row.run_id))
                for row in rows
            ]
            if token is None:
                return sorted(found, key=lambda job: (job.creation_context.created_at, job.name))

    def _start(self, job: Job, specs: Sequence[JobSpec], known: set[str]) -> None:
        git = GitState.model_validate(job.git) if job.git else None
        for spec in specs:
            if spec.name is None:
                raise Invalid.field("name", "a child of a parent job needs a name.")
            if spec.name in known:
                continue
            given = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
            given |= {
                "type": spec.type,
                "experiment_name": job.experiment_name,
                "parent_job_name": self.name,
            }
            try:
                self.desk.submit(given, user=job.user, git=git)
            except AlreadyExists:
                raise Invalid.field("name", f"'{spec.name}' is another job's already.") from None

    def _give_up(self, error: JobError) -> None:
        records.move(
            self.shop.store,
            self.name,
            Status.CANCEL_REQUESTED,
            of={Status.RUNNING},
            doc={"error": error.model_dump(mode="json")},
        )

    def _cancel(self, children: Sequence[Job]) -> bool:
        """End the children; whether all have ended, and with them the job."""
        for child in children:
            if not child.status.is_final:
                try:
                    records.cancel(self.shop.store, child.name, "dispatcher")
                except Conflict:
                    continue  # it ended meanwhile
        if not all(child.status.is_final for child in self._children()):
            return False
        doc = records.get(self.shop.store, self.name).doc["error"]
        error = JobError.model_validate(doc) if doc else None
        return self._end(error, canceled=error is None or error.cause is Cause.TIMEOUT)

    def _keep(self, outcome: Outcome) -> None:
        store, blobs = self.shop.store, self.shop.blobs
        place = artifacts.root(store, store.get_run(self.name, with_data=False))
        files = {path: blobs.put_file(file) for path, file in outcome.files.items()}
        at_ms = to_ms(now())
        points = [Point(key, value, at_ms) for key, value in outcome.metrics.items()]
        with store.change("dispatcher", "runs/write", f"run:{self.name}") as tx:
            for path, (blob, size_bytes) in files.items():
                tx.put_artifact(f"{place}/{path}", blob, size_bytes)
            tx.log(self.name, metrics=points, params=outcome.params, tags=outcome.tags)

    def _end(self, error: JobError | None, *, canceled: bool = False) -> bool:
        final = Status.CANCELED if canceled else Status.FAILED if error else Status.COMPLETED
        return records.move(
            self.shop.store,
            self.name,
            final,
            of=records.ACTIVE,
            doc={"error": error.model_dump(mode="json") if error else None},
            end_ms=to_ms(now()),
        )

    def _folder(self, job: Job) -> Path:
        return self.shop.folder(self.name, job.attempt)
