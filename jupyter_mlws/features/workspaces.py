"""The workspace itself: its state, its care."""

from __future__ import annotations

import re

from jupyter_mlws._version import __version__
from jupyter_mlws.entities.compute import Backup, CheckReport, GcReport, WorkspaceInfo
from jupyter_mlws.entities.errors import Conflict, Invalid
from jupyter_mlws.entities.record import to_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.features.deletion import Deleted, delete_archived
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunQuery

RETENTION = ("setting", "retention")
"""Kind and name of the record that says how long archived things are kept."""
MOST_DAYS = 36_500
WAITING = [Status.NOT_STARTED, Status.QUEUED]
WORKING = [
    Status.PREPARING,
    Status.STARTING,
    Status.RUNNING,
    Status.CANCEL_REQUESTED,
    Status.FINALIZING,
]


@operation("workspaces/read")
def show(ws: Workspace) -> WorkspaceInfo:
    """The workspace, its service and what the caller may do."""

    def jobs(statuses: list[Status]) -> int:
        types = list(ws.dispatcher.types)
        return ws.store.count_runs(
            RunQuery(statuses=[status.value for status in statuses], types=types)
        )

    return WorkspaceInfo(
        name=ws.path.name,
        path=str(ws.path),
        version=__version__,
        url=ws.url,
        started_at=ws.started_at,
        user=ws.principal.name,
        actions=ws.principal.actions,
        n_runs=ws.store.count_runs(RunQuery()),
        n_jobs_running=jobs(WORKING),
        n_jobs_queued=jobs(WAITING),
        last_event=ws.store.last_event(),
        retention_days=_retention_days(ws),
    )


@operation("workspaces/announce")
def announce(ws: Workspace, page: str) -> None:
    """Say where people look at this workspace; links to jobs lead there from then on.

    Args:
        page: address of JupyterLab, such as `http://127.0.0.1:8888/lab`.
    Raises:
        Invalid: it is no http address.
    """
    if not re.match(r"https?://[^\s?#]+$", page):
        raise Invalid.field("page", f"'{page}' is no http address without query.")
    known = ws.store.find_record("page", "front-end")
    if known is None or known.doc["url"] != page:
        with ws.change("page:front-end", url=page) as tx:
            tx.put_record("page", "front-end", {"url": page})


@operation("workspaces/stop")
def stop(ws: Workspace, force: bool = False) -> WorkspaceInfo:
    """Stop the service of this workspace; the next client starts it again.

    Args:
        force: also when jobs wait or run. They go on, and the next service takes them up.
    Raises:
        Conflict: it is busy.
    """
    info = show(ws)
    if not force and not ws.dispatcher.is_idle:
        raise Conflict(
            f"{info.n_jobs_running} jobs run and {info.n_jobs_queued} wait. With 'force' the service"
            " stops all the same; they go on and are taken up again."
        )
    ws.shutdown()
    return info


@operation("workspaces/check")
def check(ws: Workspace, deep: bool = False) -> CheckReport:
    """Whether rows, edges and blobs agree.

    Args:
        deep: also read every blob and compare it with its hash.
    """
    from jupyter_mlws.store import care

    return care.check(ws.store, ws.blobs, deep=deep)


@operation("workspaces/write")
def update(ws: Workspace, retention_days: float | None = None) -> WorkspaceInfo:
    """Change settings of the workspace.

    Args:
        retention_days: how long archived runs and experiments are kept: `gc` deletes those that were
            archived longer ago for good. Kept for ever when absent.
    Raises:
        Invalid: it is negative.
    """
    if retention_days is not None and not 0 <= retention_days <= MOST_DAYS:
        raise Invalid.field("retention_days", f"must be 0 to {MOST_DAYS} (got {retention_days}).")
    with ws.change("workspace:retention", retention_days=retention_days) as tx:
        tx.put_record(*RETENTION, {"days": retention_days})
    return show(ws)


@operation("workspaces/gc")
def gc(
    ws: Workspace, environments_unused_days: float = 30, uploads_unused_days: float = 7
) -> GcReport:
    """Delete what was archived longer ago than is kept, and free what nobody needs.

    That is blobs, built environments, and uploads in parts that were broken off.

    Args:
        environments_unused_days: built environments not used for so long go; they are made anew from
            their lock when they are needed.
        uploads_unused_days: uploads in parts that nothing has come for so long were abandoned.
    Raises:
        Invalid: a number of days is negative.
    """
    from jupyter_mlws.store import care

    if environments_unused_days < 0:
        raise Invalid.field("environments_unused_days", "must not be negative.")
    if uploads_unused_days < 0:
        raise Invalid.field("uploads_unused_days", "must not be negative.")
    deleted = Deleted()
    if (days := _retention_days(ws)) is not None:
        before_ms = to_ms(ws.clock()) - round(days * 86_400_000)
        deleted = delete_archived(ws, before_ms)
    freed = care.gc(ws.store, ws.blobs)
    n, size = ws.dispatcher.library.sweep(environments_unused_days * 86_400)
    n_uploads, n_upload_bytes = ws.uploads.sweep(
        ws.clock().timestamp() - uploads_unused_days * 86_400
    )
    more = {
        "n_runs": deleted.n_runs,
        "n_experiments": deleted.n_experiments,
        "n_environments": n,
        "n_environment_bytes": size,
        "n_uploads": n_uploads,
        "n_upload_bytes": n_upload_bytes,
    }
    return freed.model_copy(update=more)


@operation("workspaces/backup")
def backup(ws: Workspace, path: str) -> Backup:
    """Copy the workspace into one file on the service's machine, while it runs.

    Args:
        path: the file to write, absolute; it must not exist.
    """
    from jupyter_mlws.store import care

    return care.backup(ws.store, ws.blobs, path)


def _retention_days(ws: Workspace) -> float | None:
    record = ws.store.find_record(*RETENTION)
    return record.doc["days"] if record else None
