"""Jobs: create, follow, cancel, look into."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound, Problem
from jupyter_mlws.entities.job import GitState, Job, LogChunk, LogFile, NotebookExecution
from jupyter_mlws.entities.lineage import Reproduction, ReproductionPlan
from jupyter_mlws.entities.pipeline import Why
from jupyter_mlws.entities.record import Field, Page, View, json_schema
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.execution import attempt as attempts
from jupyter_mlws.execution import records, snapshots
from jupyter_mlws.execution.caching import words
from jupyter_mlws.execution.logs import STANDARD, Logs
from jupyter_mlws.execution.notebooks import interface
from jupyter_mlws.execution.notebooks.record import read_execution, to_come
from jupyter_mlws.features.operations import Download, operation
from jupyter_mlws.features.tracing import reproducing
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunQuery

MAX_CHUNK = 4 << 20
MAX_WAIT_S = 60
MAX_RESULTS = 1000


class Validation(View):
    """What checking a job found."""

    passed: bool
    """Whether the file is right, as Azure ML means it."""
    errors: list[dict[str, Any]]
    warnings: list[str]
    obstacles: list[dict[str, Any]] = Field(default_factory=list)
    """What is right as such and cannot be done in this workspace; creating it fails with these."""


class JobType(View):
    """A type of job, and the JSON Schema of its spec for forms."""

    type: str
    title: str
    description: str
    spec_schema: dict[str, Any]


def judged(problems: Iterable[Problem], warnings: Iterable[str] = ()) -> Validation:
    """What problems come to: errors of the file, and obstacles of this workspace."""
    found = list(problems)
    errors = [asdict(problem) for problem in found if not problem.here]
    obstacles = [asdict(problem) for problem in found if problem.here]
    return Validation(
        passed=not errors, errors=errors, warnings=list(warnings), obstacles=obstacles
    )


@operation("jobs/write")
def create_or_update(ws: Workspace, job: dict[str, Any], git: GitState | None = None) -> Job:
    """Submit a job.

    Args:
        job: the job as its YAML says it; `code` and local data are snapshot references by now.
        git: the repository that the code folder came from.
    Raises:
        Invalid: a field is wrong; nothing is stored.
        AlreadyExists: there is a job or run of this name.
    """
    name = ws.dispatcher.desk.submit(job, user=ws.principal.name, git=git)
    ws.dispatcher.wake()
    return get(ws, name)


@operation("jobs/read")
def validate(ws: Workspace, job: dict[str, Any]) -> Validation:
    """Check a job as `create` would, and store nothing."""
    try:
        checked = ws.dispatcher.desk.check(job, user=ws.principal.name)
    except Invalid as error:
        return judged(error.problems)
    except AlreadyExists as error:
        taken = {"message": error.message, "field": "name", "line": None, "file": None}
        return Validation(passed=False, errors=[taken], warnings=[])
    return Validation(passed=True, errors=[], warnings=checked.warnings)


@operation("jobs/read")
def list_(
    ws: Workspace,
    parent_job_name: str | None = None,
    experiment_name: str | None = None,
    status: Status | None = None,
    type: str | None = None,
    view: Literal["active", "archived", "all"] = "active",
    max_results: int = 50,
    page_token: str | None = None,
) -> Page[Job]:
    """Jobs, newest first.

    Args:
        max_results: 1 to 1000.
    """
    if not 1 <= max_results <= MAX_RESULTS:
        raise Invalid.field("max_results", f"must be 1 to {MAX_RESULTS} (got {max_results}).")
    experiment_ids = None
    if experiment_name is not None:
        experiment = ws.store.find_experiment(experiment_name)
        if experiment is None:
            return Page[Job](items=[])
        experiment_ids = [experiment.experiment_id]
    rows, token = ws.store.search_runs(
        RunQuery(
            experiment_ids=experiment_ids,
            view=view,
            max_results=max_results,
            page_token=page_token,
            parent_id=parent_job_name,
            types=[type] if type else list(ws.dispatcher.types),
            statuses=[status.value] if status else None,
        )
    )
    items = [records.view(ws.store, ws.url, row, records.get(ws.store, row.run_id)) for row in rows]
    return Page[Job](items=items, next_page_token=token)


@operation("jobs/read")
def get(ws: Workspace, name: str) -> Job:
    """One job.

    Raises:
        NotFound: there is none of this name.
    """
    return records.load(ws.store, ws.url, name)


@operation("jobs/write")
def update(
    ws: Workspace,
    name: str,
    display_name: str | None = None,
    description: str | None = None,
    tags: dict[str, str] | None = None,
) -> Job:
    """Change what may change after a job was submitted.

    Args:
        tags: tags to be set; others stay.
    """
    record = records.get(ws.store, name)
    changed = {**(tags or {}), **({} if description is None else {records.NOTE: description})}
    with ws.change(f"job:{name}", name=display_name, tags=sorted(changed)) as tx:
        if display_name is not None:
            tx.update_run(name, name=display_name)
        tx.log(name, tags=changed)
        tx.put_record(records.KIND, name, {**record.doc, "modified_by": ws.principal.name})
    return get(ws, name)


@operation("jobs/write")
def cancel(ws: Workspace, name: str) -> Job:
    """Ask that a job stops; its whole process tree ends.

    Raises:
        Conflict: it has ended otherwise.
    """
    records.cancel(ws.store, name, ws.principal.name)
    ws.dispatcher.wake()
    return get(ws, name)


@operation("jobs/write")
def retry(ws: Workspace, name: str) -> Job:
    """Start a new attempt of a job that has failed or was canceled.

    Raises:
        Conflict: it has completed, or has not ended yet.
    """
    who = ws.principal.name
    if not any(
        attempts.again(ws.store, name, who, ws.action, of=status)
        for status in (Status.FAILED, Status.CANCELED)
    ):
        status = get(ws, name).status.value
        raise Conflict(
            f"Job '{name}' is {status}: only one that failed or was canceled is retried."
        )
    ws.dispatcher.wake()
    return get(ws, name)


@operation("jobs/read")
def plan_reproduction(ws: Workspace, name: str) -> ReproductionPlan:
    """What running a job again as it was would hold fast, and what it cannot.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not ended.
    """
    return reproducing.plan(ws, name)


@operation("jobs/write")
def reproduce(ws: Workspace, name: str) -> Job:
    """Run an ended job again as it was: code, environment, data versions, parameters.

    Its report is `jobs.get_reproduction`. Outputs become no versions and go to no datastore.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not ended.
        Invalid: it cannot run any more.
    """
    again = reproducing.submit(ws, name)
    ws.dispatcher.wake()
    return get(ws, again)


@operation("jobs/read")
def get_reproduction(ws: Workspace, name: str) -> Reproduction:
    """How a reproduction compares with its original: metrics bit for bit, files by hash.

    Args:
        name: of the reproduction.
    Raises:
        NotFound: there is no such job, or it reproduces none.
    """
    return reproducing.report(ws, name)


@operation("jobs/write")
def archive(ws: Workspace, name: str) -> Job:
    """Hide an ended job from lists.

    Raises:
        Conflict: it has not ended yet.
    """
    status = get(ws, name).status
    if not status.is_final:
        raise Conflict(f"Job '{name}' is {status.value}: only an ended job can be archived.")
    return _set_archived(ws, name, True)


@operation("jobs/write")
def restore(ws: Workspace, name: str) -> Job:
    """Show an archived job in lists again."""
    records.get(ws.store, name)
    return _set_archived(ws, name, False)


@operation("jobs/read")
def list_logs(ws: Workspace, name: str, attempt: int | None = None) -> list[LogFile]:
    """The log files of a job's attempt; of the newest when none is named."""
    return _logs(ws, name, attempt).files()


@operation("jobs/read")
async def read_log(
    ws: Workspace,
    name: str,
    path: str = STANDARD,
    offset: int = 0,
    limit: int = 262144,
    attempt: int | None = None,
    wait_s: float = 0,
) -> LogChunk:
    """A piece of a log from `offset` on; waits for growth when there is nothing new yet.

    Args:
        path: which log, as `list_logs` names it.
        offset: bytes from the start; negative ones count from the end.
        limit: most bytes to read, at most 4 MB.
        wait_s: seconds to wait for new text, at most 60.
    Raises:
        NotFound: there is no such job, attempt or log.
        Invalid: the limit is too small for a character.
    """
    if limit < 4:
        raise Invalid.field("limit", f"must be at least 4 (got {limit}).")
    deadline = time.monotonic() + min(wait_s, MAX_WAIT_S)

    def read() -> LogChunk:
        return _logs(ws, name, attempt).read(path, offset, min(limit, MAX_CHUNK))

    while True:
        n_rings = ws.feed.n_rings
        chunk = await asyncio.to_thread(read)
        left_s = deadline - time.monotonic()
        if chunk.text or chunk.ended or left_s <= 0:
            return chunk
        await ws.feed.wait(left_s, n_rings=n_rings)


@operation("jobs/read")
def get_notebook(ws: Workspace, name: str, attempt: int | None = None) -> NotebookExecution:
    """The executed notebook of a notebook job, as far as it is, with the state of its cells.

    Before it has begun, all cells of the notebook wait.

    Raises:
        NotFound: it is no notebook job, or ended before it had begun.
    """
    record = records.get(ws.store, name)
    source = record.doc.get("reused_from") or name
    folder = _logs(ws, source, attempt if source == name else None).folder
    found = read_execution(folder)
    if found is not None:
        return found
    path = record.doc["spec"].get("notebook")
    if path and not get(ws, name).status.is_final:
        content = ws.blobs.path(_file(ws, name, Path(path).as_posix()).blob).read_bytes()
        return to_come(folder, interface.parse(content, path), path)
    raise NotFound(f"Job '{name}' has no executed notebook.")


@operation("jobs/read")
def why(ws: Workspace, name: str) -> Why:
    """Why a job ran, or why the result of an earlier one was taken in its place.

    Raises:
        NotFound: there is no such job.
    """
    return words.why(ws.store, name)


@operation("jobs/read")
def get_code(ws: Workspace, name: str) -> list[dict[str, Any]]:
    """The files of the code snapshot: path, size_bytes, blob."""
    return [
        {"path": file.path, "size_bytes": file.size_bytes, "blob": file.blob}
        for file in _code(ws, name).files
    ]


@operation("jobs/read")
def read_code(ws: Workspace, name: str, path: str) -> Download:
    """One file of the code snapshot.

    Raises:
        NotFound: the job has no such file.
    """
    return Download(ws.blobs.path(_file(ws, name, path).blob), path.rpartition("/")[2])


@operation("jobs/read")
def list_types(ws: Workspace) -> list[JobType]:
    """The types of job that this workspace can run."""
    return [
        JobType(
            type=name,
            title=kind.spec.model_config.get("title") or name,
            description=inspect.cleandoc(kind.spec.__doc__ or ""),
            spec_schema=json_schema(kind.spec),
        )
        for name, kind in sorted(ws.dispatcher.types.items())
    ]


def _logs(ws: Workspace, name: str, attempt: int | None) -> Logs:
    return Logs.of(ws.store, ws.blobs, name, attempt, ws.dispatcher.folder)


def _code(ws: Workspace, name: str) -> Snapshot:
    reference = records.get(ws.store, name).doc["spec"].get("code")
    return snapshots.load(ws.store, ws.blobs, reference) if reference else snapshots.EMPTY


def _file(ws: Workspace, name: str, path: str) -> SnapshotFile:
    for file in _code(ws, name).files:
        if file.path == path:
            return file
    raise NotFound(f"There is no '{path}' in the code of job '{name}'.")


def _set_archived(ws: Workspace, name: str, archived: bool) -> Job:
    with ws.change(f"job:{name}", archived=archived) as tx:
        tx.update_run(name, archived=archived)
    return get(ws, name)
