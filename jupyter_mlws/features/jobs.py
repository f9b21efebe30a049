"""Jobs: create, follow, cancel, look into."""

from __future__ import annotations

from typing import Any, Literal

from jupyter_mlws.entities.job import GitState, Job, LogChunk, LogFile, NotebookExecution
from jupyter_mlws.entities.record import Page, View
from jupyter_mlws.entities.run import Status
from jupyter_mlws.features.operations import Download, operation
from jupyter_mlws.features.workspace import Workspace


class Validation(View):
    """What checking a job found."""

    passed: bool
    errors: list[dict[str, Any]]
    warnings: list[str]


class JobType(View):
    """A type of job, and the JSON Schema of its spec for forms."""

    type: str
    title: str
    description: str
    spec_schema: dict[str, Any]


@operation("jobs/write")
def create_or_update(ws: Workspace, job: dict[str, Any], git: GitState | None = None) -> Job:
    """Submit a job.

    Args:
        job: the job as its YAML says it; `code` and local data are snapshot references by now.
        git: the repository that the code folder came from.
    Raises:
        Invalid: a field is wrong; nothing is stored.
        AlreadyExists: there is a job of this name.
    """
    raise NotImplementedError


@operation("jobs/read")
def validate(ws: Workspace, job: dict[str, Any]) -> Validation:
    """Check a job as `create` would, and store nothing."""
    raise NotImplementedError


@operation("jobs/read")
def list_(
    ws: Workspace,
    parent_job_name: str | None = None,
    experiment_name: str | None = None,
    status: Status | None = None,
    type: str | None = None,  # noqa: A002
    view: Literal["active", "archived", "all"] = "active",
    max_results: int = 50,
    page_token: str | None = None,
) -> Page[Job]:
    """Jobs, newest first."""
    raise NotImplementedError


@operation("jobs/read")
def get(ws: Workspace, name: str) -> Job:
    """One job."""
    raise NotImplementedError


@operation("jobs/write")
def update(
    ws: Workspace,
    name: str,
    display_name: str | None = None,
    description: str | None = None,
    tags: dict[str, str] | None = None,
) -> Job:
    """Change what may change after a job was submitted."""
    raise NotImplementedError


@operation("jobs/write")
def cancel(ws: Workspace, name: str) -> Job:
    """Ask that a job stops; its whole process tree ends."""
    raise NotImplementedError


@operation("jobs/write")
def retry(ws: Workspace, name: str) -> Job:
    """Start a new attempt of a job that has failed or was canceled."""
    raise NotImplementedError


@operation("jobs/write")
def archive(ws: Workspace, name: str) -> Job:
    """Hide an ended job from lists."""
    raise NotImplementedError


@operation("jobs/write")
def restore(ws: Workspace, name: str) -> Job:
    """Show an archived job in lists again."""
    raise NotImplementedError


@operation("jobs/read")
def list_logs(ws: Workspace, name: str, attempt: int | None = None) -> list[LogFile]:
    """The log files of a job's attempt; of the newest when none is named."""
    raise NotImplementedError


@operation("jobs/read")
async def read_log(
    ws: Workspace,
    name: str,
    path: str = "user_logs/std_log.txt",
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
    """
    raise NotImplementedError


@operation("jobs/read")
def get_notebook(ws: Workspace, name: str, attempt: int | None = None) -> NotebookExecution:
    """The executed notebook of a notebook job, as far as it is, with the state of its cells."""
    raise NotImplementedError


@operation("jobs/read")
def get_code(ws: Workspace, name: str) -> list[dict[str, Any]]:
    """The files of the code snapshot: path, size_bytes, blob."""
    raise NotImplementedError


@operation("jobs/read")
def read_code(ws: Workspace, name: str, path: str) -> Download:
    """One file of the code snapshot."""
    raise NotImplementedError


@operation("jobs/read")
def list_types(ws: Workspace) -> list[JobType]:
    """The types of job that this workspace can run."""
    raise NotImplementedError
