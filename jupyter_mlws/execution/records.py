"""Jobs in the store: a run for what is tracked, a record of kind `job` for what was asked.

The run has status, times, tags, metrics; the record's document has `spec` (as submitted), `git`,
`attempt`, `retries`, `handle`, `error`, `warnings`, `progress`, `created_by`, `modified_by`. Status words
are changed here only, and only in the order of `Status`: who comes too late changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from jupyter_mlws.entities.errors import Conflict, NotFound
from jupyter_mlws.entities.job import GitState, Job, JobService
from jupyter_mlws.entities.record import CreationContext, from_ms, now, to_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.store.base import Doc, Record, RunQuery, RunRow, Store, Transaction

KIND = "job"
NOTE = "mlflow.note.content"
INTERNAL_TAGS = "mlflow."

ACTIVE = frozenset(
    {
        Status.PREPARING,
        Status.STARTING,
        Status.RUNNING,
        Status.CANCEL_REQUESTED,
        Status.FINALIZING,
    }
)
"""Statuses of a job that the dispatcher has in its hands."""
WAITING = frozenset({Status.NOT_STARTED, Status.QUEUED})


def get(store: Store, name: str) -> Record:
    """The record of a job.

    Raises:
        NotFound: there is no such job.
    """
    record = store.find_record(KIND, name)
    if record is None:
        raise NotFound(f"There is no job '{name}'.")
    return record


def move(
    store: Store,
    name: str,
    to: Status,
    *,
    of: Collection[Status],
    who: str = "dispatcher",
    action: str = "jobs/status",
    doc: Doc | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    clear_end: bool = False,
    also: Callable[[Transaction], None] | None = None,
) -> bool:
    """Give a job the status `to`, when it has one of those in `of`; whether it had.

    Args:
        doc: what changes of the record's document, in the same transaction.
        also: writes more in the same transaction; its errors undo the whole.
    """
    try:
        with store.change(who, action, f"job:{name}", status=to.value) as tx:
            if Status(store.get_run(name, with_data=False).status) not in of:
                raise _MovedOn
            tx.update_run(
                name, status=to.value, start_ms=start_ms, end_ms=end_ms, clear_end=clear_end
            )
            if doc is not None:
                tx.put_record(KIND, name, {**get(store, name).doc, **doc})
                tx.note(**{key: doc[key] for key in ("attempt", "error") if key in doc})
            if also is not None:
                also(tx)
    except _MovedOn:
        return False
    return True


def amend(store: Store, name: str, action: str, **doc: Any) -> None:
    """Change the document of a job and nothing else."""
    with store.change("dispatcher", action, f"job:{name}", **doc) as tx:
        tx.put_record(KIND, name, {**get(store, name).doc, **doc})


def view(store: Store, url: str, row: RunRow, record: Record) -> Job:
    """The job as the workspace answers it; `row` with its data."""
    doc, spec = record.doc, record.doc["spec"]
    facts = {
        "id": f"{url}/api/jobs/{row.run_id}",
        "name": row.run_id,
        "type": row.type,
        "display_name": row.name,
        "description": row.tags.get(NOTE),
        "experiment_name": store.get_experiment(row.experiment_id).name,
        "experiment_id": str(row.experiment_id),
        "status": Status(row.status),
        "user": row.user,
        "compute": doc["compute"],
        "tags": {k: v for k, v in row.tags.items() if not k.startswith(INTERNAL_TAGS)},
        "properties": {
            **spec.get("properties", {}),
            **git_properties(doc.get("git")),
            **_reuse(doc.get("reused_from")),
            **doc.get("properties", {}),
        },
        "archived": row.archived,
        "attempt": doc["attempt"],
        "error": doc.get("error"),
        "warnings": doc["warnings"],
        "progress": doc.get("progress"),
        "parent_job_name": row.parent_id,
        "values": doc.get("values", {}),
        "reused_from": doc.get("reused_from"),
        "git": doc.get("git"),
        "creation_context": CreationContext(
            created_at=from_ms(row.created_ms),
            created_by=doc["created_by"],
            last_modified_at=from_ms(record.updated_ms),
            last_modified_by=doc["modified_by"],
        ),
        "started_at": None if row.start_ms is None else from_ms(row.start_ms),
        "ended_at": None if row.end_ms is None else from_ms(row.end_ms),
        "services": _services(store, url, row.run_id),
    }
    used = doc.get("environment") or {}
    if used.get("version"):
        # What a label meant or stood in the job has a version since it was submitted.
        facts["environment"] = f"azureml:{used['name']}:{used['version']}"
    return Job.model_validate({**spec, **facts})


def load(store: Store, url: str, name: str) -> Job:
    """The job of this name.

    Raises:
        NotFound: there is no such job.
    """
    record = get(store, name)
    return view(store, url, store.get_run(name), record)


def children(store: Store, name: str) -> list[RunRow]:
    """The runs of a job's children, without their data, oldest first."""
    found: list[RunRow] = []
    token: str | None = None
    while True:
        query = RunQuery(parent_id=name, view="all", page_token=token, with_data=False)
        rows, token = store.search_runs(query)
        found += [row for row in rows if store.find_record(KIND, row.run_id)]
        if token is None:
            return sorted(found, key=lambda row: (row.created_ms, row.run_id))


def wanted_again(store: Store, name: str, *, of: Collection[str] | None = None) -> dict[str, int]:
    """Of a parent's children that are to run again, the numbers of their next attempts.

    Args:
        of: their names; those that have not completed when absent, or all when all have.
    """
    rows = children(store, name)
    if of is None:
        of = [row.run_id for row in rows if row.status != Status.COMPLETED.value]
        of = of or [row.run_id for row in rows]
    attempts = {row.run_id: int(get(store, row.run_id).doc["attempt"]) for row in rows}
    return {child: attempts[child] + 1 for child in of if child in attempts}


def _reuse(source: str | None) -> dict[str, str]:
    """The properties by which Azure ML tells that a step was reused."""
    return {"azureml.isreused": "true", "azureml.reusedrunid": source} if source else {}


def git_properties(git: Doc | None) -> dict[str, str]:
    """The properties by which Azure ML and MLflow tell where code came from."""
    if git is None:
        return {}
    state = GitState.model_validate(git)
    found = {
        "mlflow.source.git.repoURL": state.repository,
        "mlflow.source.git.branch": state.branch,
        "mlflow.source.git.commit": state.commit,
        "azureml.git.repository_uri": state.repository,
        "azureml.git.branch": state.branch,
        "azureml.git.commit": state.commit,
        "azureml.git.dirty": str(state.dirty),
    }
    return {key: value for key, value in found.items() if value is not None}


def cancel(store: Store, name: str, who: str, *, tags: Mapping[str, str] = {}) -> bool:
    """Ask that a job and its children end; whether the dispatcher has something to do.

    Args:
        tags: set on its run if it had not ended.
    Raises:
        NotFound: there is no such job.
        Conflict: it has ended otherwise.
    """
    get(store, name)
    ended_ms = to_ms(now())

    def ask(to: Status, of: Collection[Status], end_ms: int | None = None) -> bool:
        return move(
            store,
            name,
            to,
            of=of,
            who=who,
            action="jobs/cancel",
            end_ms=end_ms,
            also=(lambda tx: tx.log(name, tags=tags)) if tags else None,
        )

    if ask(Status.CANCELED, WAITING, ended_ms):
        return False
    if ask(Status.CANCEL_REQUESTED, ACTIVE - {Status.CANCEL_REQUESTED, Status.FINALIZING}):
        return True
    status = Status(store.get_run(name, with_data=False).status)
    if status in (Status.COMPLETED, Status.FAILED):
        raise Conflict(f"Job '{name}' has ended: it is {status.value}.")
    return status is Status.CANCEL_REQUESTED


def _services(store: Store, url: str, name: str) -> dict[str, JobService]:
    page = store.find_record("page", "front-end")
    studio = f"{page.doc['url']}?mlws=runs/{name}" if page else f"{url}/api/jobs/{name}"
    return {
        "Studio": JobService(type="Studio", endpoint=studio),
        "Tracking": JobService(type="Tracking", endpoint=f"{url}/mlflow"),
    }


class _MovedOn(Exception):
    """Somebody else changed the status first."""
