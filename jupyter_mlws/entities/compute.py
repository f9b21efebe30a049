"""Computes: where jobs run, and how busy they are."""

from __future__ import annotations

from pydantic import Field

from jupyter_mlws.entities.record import Moment, Spec, View


class ComputeSpec(Spec):
    """A place where jobs run."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,31}$")
    type: str = "local"
    slots: int = Field(default=1, ge=1)
    """How many jobs of one slot run at the same time."""


class Compute(View):
    """A compute and its load now."""

    name: str
    type: str
    slots: int
    slots_used: int
    running: list[str]
    """Names of the jobs that hold slots."""
    queued: list[str]
    """Names of the jobs that wait, in the order in which they will start."""
    cores: int
    memory_bytes: int
    memory_used_bytes: int
    cpu_percent: float
    gpus: list[str] = Field(default_factory=list)


class Event(View):
    """One change of the workspace."""

    seq: int
    time: Moment
    who: str
    action: str
    """What was done, such as `jobs/write`."""
    subject: str
    """What it was done to, such as `job:NAME`."""
    change: dict[str, object] = Field(default_factory=dict)


class WorkspaceInfo(View):
    """A workspace and its service."""

    name: str
    path: str
    version: str
    url: str
    started_at: Moment
    user: str
    """Who asks."""
    actions: list[str]
    """What the caller may do, as action patterns."""
    n_runs: int
    n_jobs_running: int
    n_jobs_queued: int
    last_event: int
    retention_days: float | None = None
    """How long archived runs are kept; for ever when absent."""


class Finding(View):
    """Something that a check of the store found wrong."""

    kind: str
    subject: str
    message: str


class CheckReport(View):
    """What a check of the store looked at and found."""

    n_rows: int
    n_blobs: int
    n_bytes: int
    findings: list[Finding]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class GcReport(View):
    """What a collection freed."""

    n_blobs: int
    n_bytes: int
    n_runs: int = 0
    n_experiments: int = 0
    """Archived ones that were deleted for good."""
    n_environments: int = 0
    n_environment_bytes: int = 0
    """Size of the removed environments; what they shared with the cache of packages is still there."""


class Backup(View):
    """A copy of the workspace in one file."""

    path: str
    size_bytes: int
    n_blobs: int
