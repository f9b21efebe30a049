"""One attempt of a job, from its empty folder to its final state. All of it blocks: for worker threads."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.compute import ComputeSpec
from jupyter_mlws.entities.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    Invalid,
    MlwsError,
    NotFound,
    PluginMissing,
    Unavailable,
)
from jupyter_mlws.entities.job import Cause, Job, JobError, JobSpec
from jupyter_mlws.entities.record import now, to_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.execution import (
    artifacts,
    failures,
    inputs,
    limits,
    outputs,
    packages,
    records,
    snapshots,
    surroundings,
)
from jupyter_mlws.execution.assets import Draft
from jupyter_mlws.execution.base import (
    Compute,
    Handle,
    JobContext,
    JobType,
    Outcome,
    Report,
    Step,
)
from jupyter_mlws.execution.caching import shelf
from jupyter_mlws.execution.environments.choice import Choice
from jupyter_mlws.execution.environments.library import Library
from jupyter_mlws.execution.kernelspecs import Runtime
from jupyter_mlws.execution.places import Places
from jupyter_mlws.execution.sealing import Seal
from jupyter_mlws.execution.secrets import JobSecrets, job_secrets
from jupyter_mlws.execution.submission import Types
from jupyter_mlws.store.base import Point

if TYPE_CHECKING:
    from jupyter_mlws.store.base import Blobs, Store, Transaction

logger = logging.getLogger(__name__)

HARVEST_GAP_S = 5.0
PROGRESS_GAP_S = 1.0
UNCANCELED = frozenset({Status.PREPARING, Status.STARTING, Status.RUNNING})


@dataclass(frozen=True, slots=True)
class Workshop:
    """What attempts are made with.

    Attributes:
        path: the workspace's directory.
        url: base address of the service.
        mint: makes a token for a job's own processes.
        revoke: ends all tokens of a job.
        seal: opens what was sealed when the job was submitted.
        places: where data lies beside the blobs.
        standby: how many processes of each kind are kept ready.
        library: makes the environments that jobs run in.
    """

    store: Store
    blobs: Blobs
    path: Path
    url: str
    mint: Callable[[Job], str]
    revoke: Callable[[Job], None]
    types: Types
    computes: Mapping[str, Compute]
    seal: Seal
    places: Places
    standby: int
    library: Library

    def compute(self, name: str) -> Compute:
        """The compute of this name.

        Raises:
            PluginMissing: there is none any more.
        """
        if name not in self.computes:
            raise PluginMissing(f"There is no compute '{name}' any more.")
        return self.computes[name]

    def folder(self, name: str, attempt: int) -> Path:
        """The folder of a job's attempt."""
        return self.path / "jobs" / name / str(attempt)


class Attempt:
    """The newest attempt of a job. One thread at a time; may be made anew at any moment.

    `furnish` until it answers True, `begin`, then `look` until it answers True, then `finish`. A new
    instance, in another process too, takes up where the store, the attempt's folder and the compute say
    that the last one was.

    Raises:
        Invalid: this release cannot read the job's spec.
        PluginMissing: the job's compute is gone.
    """

    def __init__(self, shop: Workshop, name: str) -> None:
        self._shop = shop
        self.name = name
        record = records.get(shop.store, name)
        kind = shop.types[record.doc["spec"]["type"]]
        assert isinstance(kind, JobType)
        self._kind = kind
        self._spec: JobSpec = validated(kind.spec, record.doc["spec"])
        self._doc = record.doc
        self._compute = shop.compute(record.doc["compute"])
        self._folder = shop.folder(name, record.doc["attempt"])
        self._handle: Handle | None = record.doc["handle"]
        self._choice = Choice.of_doc(record.doc["environment"])
        self._furnishing: Future[Runtime] | None = None
        self._has_waited = False
        self._context: JobContext | None = None
        self._report: Report | None = None
        self._error: JobError | None = None
        self._harvest: artifacts.Harvest | None = None
        self._usage_position = 0
        self._harvest_at = time.monotonic() + HARVEST_GAP_S
        self._progress_at = 0.0
        self._cancel_sent = False
        self._canceling = False
        self._made: list[Draft] = []
        self._given: dict[str, Any] = {}

    def furnish(self) -> bool:
        """See to the environment; whether there is nothing to wait for any more."""
        move = records.move(self._store, self.name, Status.PREPARING, of=records.WAITING)
        if not move and self._status() not in UNCANCELED:
            return True
        if self._handle or self._compute.find(self._folder):
            return True
        if self._furnishing is None:
            who = self._doc["created_by"]
            self._furnishing = self._shop.library.furnish(self._choice, who)
        if not self._furnishing.done():
            self._has_waited = True
            self._show_build()
            return False
        if error := self._furnishing.exception():
            self._show_build()
            self._error = failures.of_environment(error, self._choice.label, self._folder)
        return True

    def begin(self) -> bool:
        """Start the process, or find it again; whether there is one to look at."""
        if self._status() not in records.ACTIVE:
            return False
        try:
            self._handle = self._handle or self._compute.find(self._folder)
            if self._handle is None and self._error is None and self._status() in UNCANCELED:
                self._launch()
        except Exception as error:
            if not isinstance(error, MlwsError):
                logger.exception("Job '%s' could not be prepared", self.name)
            self._error = failures.of_preparation(error, self._folder)
        return self._handle is not None

    def look(self) -> bool:
        """Take note of how the process stands; whether it has ended."""
        assert self._handle
        if not self._cancel_sent and self._status() is Status.CANCEL_REQUESTED:
            self._compute.cancel(self._handle)
            self._cancel_sent = True
        self._report = report = self._compute.poll(self._handle)
        if report.state == "ended":
            return True
        if report.state == "running":
            self._note_running(report)
            self._collect_live()
        return False

    def conclude(self) -> bool:
        """Write down that no process of it is left; whether there is something to finish."""
        status = self._status()
        asked = status is Status.CANCEL_REQUESTED
        self._canceling = asked or self._doc.get("canceling", False)
        return status is Status.FINALIZING or records.move(
            self._store,
            self.name,
            Status.FINALIZING,
            of=records.ACTIVE,
            doc={"canceling": self._canceling},
        )

    def finish(self) -> bool:
        """Keep all that the attempt left and give the job its final state; whether it starts again."""
        outcome = self._outcome()
        try:
            self._keep(outcome)
            written = self._folder / "named-outputs"
            outputs.deliver(self._spec, self.name, written, self._shop.places)
        except (Unavailable, Denied, Invalid, NotFound, PluginMissing, OSError) as error:
            outcome.error = outcome.error or JobError(cause=Cause.STORAGE, message=str(error))
        if outcome.error is None:
            try:
                outcome.values |= self._values()
            except (Invalid, ValueError) as error:
                outcome.error = JobError(cause=Cause.MISSING_OUTPUT, message=str(error))
        self._given = outcome.values
        if outcome.error is None:
            try:
                self._made = outputs.drafts(self._spec, self.name, self._store, self._shop.blobs)
            except Invalid as error:
                outcome.error = JobError(cause=Cause.MISSING_OUTPUT, message=error.message)
        self._shop.revoke(self._job())
        return self._close(outcome.error, canceling=self._canceling)

    # Starting
    def _launch(self) -> None:
        context = self._prepared()
        step = self._kind.plan(context)
        starting = {Status.PREPARING, Status.STARTING}
        if records.move(self._store, self.name, Status.STARTING, of=starting):
            self._handle = self._compute.submit(self._limited(step, context), self._folder)
            self._note_standby(step)
            self._note_packages()

    def _limited(self, step: Step, context: JobContext) -> Step:
        """The step with what holds for every type of job: its limits, and what no log may show."""
        return replace(
            step,
            timeout_s=step.timeout_s or self._spec.limits.timeout,
            memory_bytes=min(filter(None, (step.memory_bytes, context.memory_bytes)), default=None),
            redact=[*step.redact, *context.secrets.values(), context.env["MLWS_TOKEN"]],
        )

    def _prepared(self) -> JobContext:
        values, outputs = surroundings.lay_out(
            self._spec, self._folder, self._store, self._shop.blobs, self._shop.places
        )
        if self._has_waited:
            self._show_build()
        facts = {"inputs": values, "outputs": {name: str(path) for name, path in outputs.items()}}
        notes = self._folder / "context.json"
        notes.touch(mode=0o600)
        notes.write_text(json.dumps(facts))
        self._context = self._make_context(values, outputs, self._shop.mint(self._job()))
        return self._context

    def _show_build(self) -> None:
        """Show the growing log of the environment's build among the job's own logs."""
        assert self._choice.recipe
        shown = self._folder / failures.BUILD_LOG
        snapshots.make_private(shown.parent)
        with suppress(FileExistsError, FileNotFoundError):  # shown already, or not begun yet
            os.link(self._shop.library.builder.log(self._choice.recipe), shown)

    def _runtime(self) -> Runtime:
        if self._furnishing and not self._furnishing.exception():
            return self._furnishing.result()
        return self._shop.library.runtime(self._choice)

    def _make_context(
        self, values: dict[str, Any], outputs: dict[str, Path], token: str
    ) -> JobContext:
        job = self._job()
        given = self._secrets(begins=bool(token))
        runtime = self._runtime()
        env = surroundings.job_env(
            job,
            self._spec,
            url=self._shop.url,
            token=token,
            workspace=self._shop.path.name,
            root_run=self._root_run(),
            folder=self._folder,
            runtime=runtime,
            values=values,
            outputs=outputs,
            secrets=given.named,
        )
        gpus = self._place.gpus
        if gpus is not None and "CUDA_VISIBLE_DEVICES" not in self._spec.environment_variables:
            env["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, gpus))
        return JobContext(
            job=job,
            spec=self._spec,
            folder=self._folder,
            inputs=values,
            outputs=outputs,
            env=env,
            kernel=runtime.kernel,
            python=runtime.python,
            container=runtime.container,
            memory_bytes=self._memory_bytes(),
            store=self._store,
            blobs=self._shop.blobs,
            places=self._shop.places,
            secrets=given.all,
        )

    def _memory_bytes(self) -> int | None:
        share = limits.share_bytes(self._place, self._doc["slots"])
        return min(filter(None, (limits.memory_bytes(self._spec), share)), default=None)

    def _secrets(self, *, begins: bool) -> JobSecrets:
        """What the job may know; when it begins, that it was asked for is written down."""
        vault = self._shop.places.vault
        given = job_secrets(self._spec, self._doc["secrets"], vault, strict=begins)
        for name in given.named if begins else ():
            vault.note_use(name, self.name)
        return given

    def _recalled(self) -> JobContext:
        """The context of a started attempt; made anew from what was noted, it has no token."""
        if self._context is None:
            facts = json.loads((self._folder / "context.json").read_bytes())
            outputs = {name: Path(path) for name, path in facts["outputs"].items()}
            self._context = self._make_context(facts["inputs"], outputs, "")
        return self._context

    def _note_standby(self, step: Step) -> None:
        """Have the next process of this kind ready before it is asked for."""
        if step.standby and self._shop.standby:
            env = surroundings.base_env(self._runtime())
            self._compute.prepare(step.argv, env, self._shop.standby)

    # Running
    def _note_running(self, report: Report) -> None:
        if self._doc["handle"] is None:
            self._doc = {**self._doc, "handle": self._handle}
            records.move(
                self._store,
                self.name,
                Status.RUNNING,
                of={Status.STARTING},
                doc={"handle": self._handle},
                start_ms=report.started_ms,
            )

    def _note_packages(self) -> None:
        """Keep which packages the job runs with; it is under way, so asking costs it nothing."""
        runtime = self._runtime()
        known = runtime.is_python and runtime.container is None
        found = packages.of(runtime.python) if known else None
        if found is None:
            return
        digest, facts = found
        with self._store.change(
            "dispatcher", "jobs/packages", f"job:{self.name}", packages=digest
        ) as tx:
            if self._store.find_record(packages.KIND, digest) is None:
                tx.put_record(packages.KIND, digest, facts)
            doc = records.get(self._store, self.name).doc
            tx.put_record(records.KIND, self.name, {**doc, "packages": digest})

    def _collect_live(self) -> None:
        at = time.monotonic()
        if at >= self._progress_at:
            self._progress_at = at + PROGRESS_GAP_S
            self._note_progress()
        if at >= self._harvest_at:
            self._harvest_at = at + HARVEST_GAP_S
            self._note_usage()
            try:
                self._harvester().collect(final=False)
            except (Unavailable, OSError) as error:
                logger.warning("Job '%s': its files cannot be kept yet: %s", self.name, error)

    def _note_progress(self) -> None:
        try:
            progress = self._kind.progress(self._recalled())
        except Exception:
            logger.exception("Job '%s': its type cannot tell its progress", self.name)
            return
        found = progress.model_dump(mode="json") if progress else None
        if found != self._doc["progress"]:
            self._doc = {**self._doc, "progress": found}
            records.amend(self._store, self.name, "jobs/progress", progress=found)

    def _note_usage(self) -> None:
        """Log new samples; the step is the second of the attempt, so that none is logged twice."""
        assert self._handle
        samples, self._usage_position = self._compute.usage(self._handle, self._usage_position)
        began_ms = self._report.started_ms if self._report else None
        points = [
            Point(
                key=f"system/{key}",
                value=value,
                ts_ms=int(sample["time_ms"]),
                step=max(0, int(sample["time_ms"]) - (began_ms or int(sample["time_ms"]))) // 1000,
            )
            for sample in samples
            for key, value in sample.items()
            if key != "time_ms"
        ]
        if points:
            with self._store.change(
                "dispatcher", "runs/write", f"run:{self.name}", n_system_metrics=len(points)
            ) as tx:
                tx.log(self.name, metrics=points)

    # Ending
    def _outcome(self) -> Outcome:
        """What the job type makes of the report; its exception is the job's failure."""
        if self._error or self._report is None:
            return Outcome(error=self._error)
        try:
            outcome = self._kind.finish(self._recalled(), self._report)
        except Exception as error:
            logger.exception("Job '%s': its type could not finish it", self.name)
            return Outcome(error=failures.of_preparation(error, self._folder))
        self._note_progress()
        outcome.error = outcome.error or failures.of_report(self._report, self._folder)
        return outcome

    def _keep(self, outcome: Outcome) -> None:
        if self._handle:
            self._note_usage()
            if "packages" not in records.get(self._store, self.name).doc:
                self._note_packages()
        if self._folder.exists():
            self._harvester().collect(final=True, more=outcome.files)
        known = self._store.get_run(self.name).params
        given = {
            name: str(value)
            for name, value in self._literals().items()
            if name not in known and name not in outcome.params
        }
        params = {**given, **{k: v for k, v in outcome.params.items() if k not in known}}
        at_ms = to_ms(now())
        points = [Point(key, value, at_ms) for key, value in outcome.metrics.items()]
        if params or points or outcome.tags:
            with self._store.change("dispatcher", "runs/write", f"run:{self.name}") as tx:
                tx.log(self.name, metrics=points, params=params, tags=outcome.tags)

    def _values(self) -> dict[str, Any]:
        if not (self._folder / "context.json").exists():
            return {}  # canceled before it was prepared
        tags = self._store.get_run(self.name).tags
        return outputs.values(self._spec, self._recalled().outputs, tags)

    def _literals(self) -> dict[str, Any]:
        values = self._recalled().inputs if (self._folder / "context.json").exists() else {}
        return {
            name: values[name]
            for name, given in self._spec.inputs.items()
            if inputs.is_literal(given) and name in values and name not in self._doc["secrets"]
        }

    def _close(self, error: JobError | None, *, canceling: bool) -> bool:
        """Give the job its final status, or a new attempt; whether it starts again."""
        canceled = self._report.canceled if self._report else canceling
        if canceled or (canceling and error):
            return self._end(Status.CANCELED, None)
        if error is None:
            try:
                return self._end(Status.COMPLETED, None)
            except (AlreadyExists, Conflict) as refused:
                message = f"An output cannot be registered: {refused.message}"
                error = JobError(cause=Cause.WRONG_TYPE, message=message)
        if error.cause is Cause.TIMEOUT:
            return self._end(Status.CANCELED, error)
        if self._doc["retries"] < self._spec.job_retries:
            return again(self._store, self.name, "dispatcher", "jobs/retry", of=Status.FINALIZING)
        return self._end(Status.FAILED, error)

    def _end(self, status: Status, error: JobError | None) -> bool:
        report = self._report
        made = self._made if status is Status.COMPLETED else []
        who = self._doc["created_by"]

        def register(tx: Transaction) -> None:
            outputs.register(made, who, self._store, self._shop.blobs, tx)
            if status is Status.COMPLETED:
                shelf.keep(self._store, tx, self.name, self._doc)

        records.move(
            self._store,
            self.name,
            status,
            of={Status.FINALIZING},
            doc={
                "error": error.model_dump(mode="json") if error else None,
                "canceling": False,
                "values": self._given,
            },
            start_ms=report.started_ms if report else None,
            end_ms=(report.ended_ms if report else None) or to_ms(now()),
            also=register,
        )
        return False

    # Looking up
    @property
    def _store(self) -> Store:
        return self._shop.store

    @property
    def _place(self) -> ComputeSpec:
        """The job's compute as it is now."""
        found = self._store.find_record("compute", self._doc["compute"])
        return ComputeSpec.model_validate(found.doc) if found else ComputeSpec(name="gone")

    def _status(self) -> Status:
        return Status(self._store.get_run(self.name, with_data=False).status)

    def _job(self) -> Job:
        return records.load(self._store, self._shop.url, self.name)

    def _root_run(self) -> str:
        row = self._store.get_run(self.name, with_data=False)
        while row.parent_id:
            row = self._store.get_run(row.parent_id, with_data=False)
        return row.run_id

    def _harvester(self) -> artifacts.Harvest:
        if self._harvest is None:
            row = self._store.get_run(self.name, with_data=False)
            place = artifacts.root(self._store, row)
            self._harvest = artifacts.Harvest(
                self._store, self._shop.blobs, place, self._folder, f"run:{self.name}"
            )
        return self._harvest


def give_up(shop: Workshop, name: str, error: MlwsError) -> None:
    """Fail a job that cannot even be taken into our hands."""
    folder = shop.folder(name, records.get(shop.store, name).doc["attempt"])
    found = failures.of_preparation(error, folder)
    records.move(
        shop.store,
        name,
        Status.FAILED,
        of=records.WAITING | records.ACTIVE,
        doc={"error": found.model_dump(mode="json")},
        end_ms=to_ms(now()),
    )


def again(
    store: Store,
    name: str,
    who: str,
    action: str,
    *,
    of: Status,
    children: Sequence[str] | None = None,
    chosen: Sequence[str] | None = None,
    more: Mapping[str, Any] = {},
) -> bool:
    """Put a job that has the status `of` into the queue once more; whether it had.

    Args:
        children: of a parent, those that run again; those that have not completed when absent.
        chosen: of a parent, what alone is to run.
        more: what else changes of its document.
    """
    doc = records.get(store, name).doc
    by_itself = doc["retries"] + 1 if of is Status.FINALIZING else 0
    fresh = {
        "attempt": doc["attempt"] + 1,
        "retries": by_itself,
        "handle": None,
        "error": None,
        "progress": None,
        "canceling": False,
        "wanted": records.wanted_again(store, name, of=children),
        "chosen": None if chosen is None else list(chosen),
        **more,
    }
    return records.move(
        store, name, Status.QUEUED, of={of}, who=who, action=action, doc=fresh, clear_end=True
    )
