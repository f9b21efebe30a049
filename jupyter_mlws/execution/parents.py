"""Jobs that run other jobs: asked again after each change what to start now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, MlwsError, NotFound
from jupyter_mlws.entities.job import Cause, GitState, Input, Job, JobError, JobSpec
from jupyter_mlws.entities.record import now, to_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.execution import artifacts, assets, failures, inputs, outputs, records, snapshots
from jupyter_mlws.execution.attempt import Workshop
from jupyter_mlws.execution.base import Outcome, ParentJobType, Standing, Start, Stop
from jupyter_mlws.execution.families import Families
from jupyter_mlws.execution.submission import Desk
from jupyter_mlws.store.base import Point, Transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent job. One thread at a time; keeps only what can be read again: a restart loses nothing."""

    shop: Workshop
    desk: Desk
    name: str
    families: Families

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
        children = self.families.children(self.name)
        if self.patience_s() == 0:
            self._give_up(
                JobError(cause=Cause.TIMEOUT, message="The job ran longer than its limit.")
            )
            return self._cancel(job, children)
        if job.status in (Status.CANCEL_REQUESTED, Status.FINALIZING):
            return self._cancel(job, children)
        if job.status.is_final:
            return True
        try:
            return self._advance(job, children)
        except Exception as error:
            if not isinstance(error, MlwsError):
                logger.exception("Parent job '%s' cannot go on", self.name)
            self._give_up(failures.of_preparation(error, self._folder(job)))
            return self._cancel(job, self.families.children(self.name))

    def _advance(self, job: Job, children: dict[str, Job]) -> bool:
        """Start what is due, again as long as something was over at once; whether the job has ended."""
        kind = self._kind(job)
        family = self.families.of(self.name, kind.spec, children)
        self._tell(job, kind.standing(family))
        while True:
            answer = kind.next(family)
            if isinstance(answer, Outcome):
                self._keep(family.spec, answer)
                return self._end(family.spec, answer)
            self._stop([each for each in answer if isinstance(each, Stop)])
            starts = [each for each in answer if isinstance(each, Start)]
            over = self._start(job, starts, children)
            family = replace(family, children=children)
            if not any(children[name].status.is_final for name in over):
                return False

    def watches(self) -> bool:
        """Whether it wants to look when something was logged."""
        doc = records.get(self.shop.store, self.name).doc
        kind = self._kind(records.load(self.shop.store, self.shop.url, self.name))
        return kind.watches(validated(kind.spec, doc["spec"]))

    def _tell(self, job: Job, standing: Standing) -> None:
        """Write down how far it is, when that has changed."""
        properties = {**job.properties, **standing.properties}
        if (standing.progress, properties) != (job.progress, job.properties):
            progress = standing.progress.model_dump(mode="json") if standing.progress else None
            found = {"progress": progress, "properties": standing.properties}
            records.amend(self.shop.store, self.name, "jobs/progress", **found)

    def _stop(self, stops: Sequence[Stop]) -> None:
        for stop in stops:
            try:
                records.cancel(self.shop.store, stop.name, "dispatcher", tags=stop.tags)
            except Conflict:
                continue  # it ended meanwhile

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

    def _start(self, job: Job, starts: Sequence[Start], children: dict[str, Job]) -> list[str]:
        """Start what has not been started; answers the names, whose jobs are among the children now."""
        git = GitState.model_validate(job.git) if job.git else None
        begun = []
        for start in starts:
            name = start.document.get("name")
            if name is None:
                raise Invalid.field("name", "a child of a parent job needs a name.")
            if name in children and children[name].attempt >= start.attempt:
                continue
            given = {
                **start.document,
                "experiment_name": job.experiment_name,
                "parent_job_name": self.name,
            }
            if start.files:
                given["code"] = snapshots.put(
                    start.files, self.shop.store, self.shop.blobs, who="dispatcher"
                )
            try:
                if name in children:
                    self.desk.submit_again(given, user=job.user, attempt=start.attempt)
                else:
                    self.desk.submit(given, user=job.user, git=git)
            except AlreadyExists:
                raise Invalid.field("name", f"'{name}' is another job's already.") from None
            except Invalid as error:
                raise Invalid(f"'{name}' cannot start: {error.message}") from None
            children[name] = records.load(self.shop.store, self.shop.url, name)
            begun.append(name)
        return begun

    def _give_up(self, error: JobError) -> None:
        records.move(
            self.shop.store,
            self.name,
            Status.CANCEL_REQUESTED,
            of={Status.RUNNING},
            doc={"error": error.model_dump(mode="json")},
        )

    def _cancel(self, job: Job, children: Mapping[str, Job]) -> bool:
        """End the children; whether all have ended, and with them the job."""
        for child in children.values():
            if not child.status.is_final:
                try:
                    records.cancel(self.shop.store, child.name, "dispatcher")
                except Conflict:
                    continue  # it ended meanwhile
        children = self.families.children(self.name)
        if not all(child.status.is_final for child in children.values()):
            return False
        doc = records.get(self.shop.store, self.name).doc["error"]
        error = JobError.model_validate(doc) if doc else None
        stopped = error is None or error.cause is Cause.TIMEOUT
        left = Outcome()
        if stopped:
            kind = self._kind(job)
            family = self.families.of(self.name, kind.spec, children)
            left = kind.salvage(family)
            if left != Outcome():
                self._keep(family.spec, left)
        return self._end(None, replace(left, error=error), canceled=stopped)

    def _keep(self, spec: JobSpec, outcome: Outcome) -> None:
        store, blobs = self.shop.store, self.shop.blobs
        place = artifacts.root(store, store.get_run(self.name, with_data=False))
        files = {path: blobs.put_file(file) for path, file in outcome.files.items()}
        for name, address in outcome.outputs.items():
            files |= self._brought_up(f"named-outputs/{name}", address)
        at_ms = to_ms(now())
        points = [Point(key, value, at_ms) for key, value in outcome.metrics.items()]
        params = {**self._literals(spec), **outcome.params}
        with store.change("dispatcher", "runs/write", f"run:{self.name}") as tx:
            if outcome.outputs:
                tx.delete_artifacts(f"{place}/named-outputs")
            for path, (blob, size_bytes) in files.items():
                tx.put_artifact(f"{place}/{path}", blob, size_bytes)
            tx.log(self.name, metrics=points, params=params, tags=outcome.tags)

    def _brought_up(self, path: str, address: str | dict[str, str]) -> dict[str, tuple[str, int]]:
        """The files of another job's output, as this one's."""
        found: dict[str, tuple[str, int]] = {}
        if isinstance(address, dict):
            for name, inner in address.items():
                found |= self._brought_up(f"{path}/{name}", inner)
            return found
        try:
            there = artifacts.load(self.shop.store, address)
        except NotFound:
            return found
        for file in there.files:
            where = path if there.is_file else f"{path}/{file.path}"
            found[where] = (file.blob, file.size_bytes)
        return found

    def _literals(self, spec: JobSpec) -> dict[str, str]:
        known = self.shop.store.get_run(self.name).params
        return {
            name: str(given.value if isinstance(given, Input) else given)
            for name, given in spec.inputs.items()
            if inputs.is_literal(given) and name not in known
        }

    def _end(self, spec: JobSpec | None, outcome: Outcome, *, canceled: bool = False) -> bool:
        made: list[assets.Draft] = []
        doc = records.get(self.shop.store, self.name).doc
        if outcome.error is None and not canceled and spec is not None:
            try:
                found = outputs.drafts(spec, self.name, self.shop.store, self.shop.blobs)
                made = [draft for draft in found if not assets.is_newest(self.shop.store, draft)]
            except Invalid as error:
                outcome.error = JobError(cause=Cause.MISSING_OUTPUT, message=error.message)
        error_ = outcome.error
        final = Status.CANCELED if canceled else Status.FAILED if error_ else Status.COMPLETED

        def register(tx: Transaction) -> None:
            store, blobs = self.shop.store, self.shop.blobs
            outputs.register(
                made if final is Status.COMPLETED else [], doc["created_by"], store, blobs, tx
            )

        return records.move(
            self.shop.store,
            self.name,
            final,
            of=records.ACTIVE,
            doc={
                "error": error_.model_dump(mode="json") if error_ else None,
                "values": outcome.values,
                "properties": outcome.properties or doc.get("properties", {}),
            },
            end_ms=to_ms(now()),
            also=register,
        )

    def _folder(self, job: Job) -> Path:
        return self.shop.folder(self.name, job.attempt)
