"""AutoML: look at the leaderboard, stop with what was found."""

from __future__ import annotations

from contextlib import suppress

from jupyter_mlws.automl import board
from jupyter_mlws.automl.running import Search
from jupyter_mlws.entities.errors import Conflict
from jupyter_mlws.entities.leaderboard import Leaderboard, TaskView
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import records
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace


@operation("jobs/read")
def get(ws: Workspace, name: str) -> Leaderboard:
    """An AutoML job with all of its trials, what was found in the data, and what matters.

    Raises:
        NotFound: there is no such job.
        Invalid: it is no AutoML job.
    """
    return board.leaderboard(_search(ws, name), ws.store)


@operation("jobs/read")
def list_tasks(ws: Workspace) -> list[TaskView]:
    """What an AutoML job may say here: tasks, their metrics, and the algorithms that are installed."""
    return board.tasks()


@operation("jobs/write")
def stop(ws: Workspace, name: str) -> Leaderboard:
    """Try no more and keep the best so far: what runs is canceled, and the job completes.

    Raises:
        NotFound: there is no such job.
        Conflict: it has ended or is about to, or no trial has a score yet.
    """
    search = _search(ws, name)
    status = search.family.job.status
    if status.is_final or status in (Status.CANCEL_REQUESTED, Status.FINALIZING):
        raise Conflict(f"AutoML job '{name}' is {status.value}: there is nothing to stop.")
    if not search.ranked:
        raise Conflict(f"No trial of '{name}' has a score yet: cancel the job, or wait for one.")
    doc = records.get(ws.store, name).doc
    plan = search.settings.model_copy(update={"is_stopped": True}).model_dump(mode="json")
    with ws.change(f"job:{name}", stopped=True) as tx:
        tx.put_record(records.KIND, name, {**doc, "plan": plan})
    for child in search.family.children.values():
        if not child.status.is_final:
            with suppress(Conflict):  # it has just ended
                records.cancel(ws.store, child.name, ws.principal.name)
    ws.dispatcher.look(name)
    ws.dispatcher.wake()
    return get(ws, name)


def _search(ws: Workspace, name: str) -> Search:
    return board.search_of(ws.store, ws.blobs, ws.url, name)
