"""Computes: where jobs run, and how busy they are.

Source: the Azure ML v2 compute YAML schemas; `type: local` and its fields are ours.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.azure.compute import (
    Application,
    Assigned,
    ComputeIdentity,
    ComputeSchedules,
    Network,
    SetupScripts,
    SshSettings,
)
from jupyter_mlws.entities.record import Moment, Spec, View
from jupyter_mlws.entities.scalars import fold, text
from jupyter_mlws.entities.validation import validated

READ_ONLY = (
    "id",
    "state",
    "provisioning_state",
    "provisioning_errors",
    "created_on",
    "creation_context",
    "resource_id",
    "services",
    "os_type",
    "last_operation",
)
"""Fields that a saved compute has and that are dropped when it is created again."""

LOCAL_TYPES = ("local", "amlcompute", "computeinstance")
"""Types that run on this machine."""


class ComputeFields(Spec):
    """What all computes share."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,31}$")
    type: str = "local"
    description: str | None = Field(default=None, max_length=5000)
    tags: dict[str, str] = Field(default_factory=dict)
    location: str | None = None
    identity: ComputeIdentity | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, value: Any) -> Any:
        """A compute that was saved from the workspace loads again."""
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if k not in READ_ONLY}

    @field_validator("tags", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Azure ML turns the scalars in these maps into text."""
        return {str(k): text(v) for k, v in value.items()} if isinstance(value, dict) else value

    def placed(self) -> tuple[dict[str, Any], list[str]]:
        """What it comes to on this machine, and what it means otherwise than it says."""
        return {}, []

    def _foreign(self, *names: str) -> list[str]:
        given = [name for name in names if name in self.model_fields_set]
        return [f"{', '.join(given)}: without meaning on this machine."] if given else []


class Local(ComputeFields):
    """Slots on this machine."""

    model_config = ConfigDict(title="Local")

    type: Literal["local"] = "local"
    slots: int | None = Field(default=None, ge=1)
    """How many jobs of one slot run at the same time; one for each core when absent."""
    memory: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?\s*[kKmMgGtT]?[iI]?[bB]?$")
    """Memory of all its jobs together, such as `16g`; each job gets its share by slots."""
    gpus: list[int] | None = None
    """Numbers of the GPUs that its jobs see; all when absent."""
    idle_time_before_shutdown_minutes: float | None = Field(default=None, gt=0)
    """After so long without a job the processes that are kept ready end."""

    def placed(self) -> tuple[dict[str, Any], list[str]]:
        """What it comes to on this machine, and what it means otherwise than it says."""
        minutes = self.idle_time_before_shutdown_minutes
        return {
            "slots": self.slots or os.cpu_count() or 1,
            "memory": self.memory,
            "gpus": self.gpus,
            "idle_s": None if minutes is None else minutes * 60,
        }, self._foreign("location", "identity")


class AmlCompute(ComputeFields):
    """A cluster of Azure ML: here as many jobs at a time as it has nodes."""

    model_config = ConfigDict(title="Compute cluster")

    type: Literal["amlcompute"] = "amlcompute"
    size: str | None = None
    tier: Annotated[Literal["dedicated", "low_priority"] | None, BeforeValidator(fold)] = None
    min_instances: int = Field(default=0, ge=0)
    max_instances: int = Field(default=4, ge=1)
    idle_time_before_scale_down: int | None = Field(default=None, ge=0)
    ssh_public_access_enabled: bool | None = None
    ssh_settings: SshSettings | None = None
    network_settings: Network | None = None
    enable_node_public_ip: bool | None = None

    @model_validator(mode="after")
    def _in_order(self) -> AmlCompute:
        if self.min_instances > self.max_instances:
            raise ValueError(
                f"min_instances ({self.min_instances}) is more than max_instances"
                f" ({self.max_instances})"
            )
        return self

    def placed(self) -> tuple[dict[str, Any], list[str]]:
        """What it comes to on this machine, and what it means otherwise than it says."""
        cores = os.cpu_count() or 1
        slots = min(self.max_instances, cores)
        said = f"max_instances is {self.max_instances}, and there are {cores} cores"
        warnings = [f"amlcompute: its jobs run on this machine, {slots} at a time ({said})."]
        warnings += self._foreign(
            "size", "tier", "min_instances", "ssh_settings", "network_settings",
            "ssh_public_access_enabled", "enable_node_public_ip", "location", "identity",
        )  # fmt: skip
        return {"slots": slots, "idle_s": self.idle_time_before_scale_down or None}, warnings


class ComputeInstance(ComputeFields):
    """A machine of Azure ML for one person: here slots for jobs that can be stopped and started."""

    model_config = ConfigDict(title="Compute instance")

    type: Literal["computeinstance"] = "computeinstance"
    size: str | None = None
    ssh_settings: SshSettings | None = None
    ssh_public_access_enabled: bool | None = None
    create_on_behalf_of: Assigned | None = None
    schedules: ComputeSchedules | None = None
    idle_time_before_shutdown: str | None = None
    idle_time_before_shutdown_minutes: int | None = Field(default=None, ge=15, le=4320)
    setup_scripts: SetupScripts | None = None
    custom_applications: list[Application] | None = None
    enable_node_public_ip: bool | None = None
    network_settings: Network | None = None
    enable_root_access: bool | None = None
    enable_sso: bool | None = None
    enable_os_patching: bool | None = None
    release_quota_on_stop: bool | None = None

    def placed(self) -> tuple[dict[str, Any], list[str]]:
        """What it comes to on this machine, and what it means otherwise than it says."""
        slots = os.cpu_count() or 1
        warnings = [f"computeinstance: it is this machine, {slots} jobs at a time."]
        warnings += self._foreign(
            "size", "ssh_settings", "ssh_public_access_enabled", "create_on_behalf_of", "schedules",
            "setup_scripts", "custom_applications", "network_settings", "enable_node_public_ip",
            "enable_root_access", "enable_sso", "enable_os_patching", "release_quota_on_stop",
            "idle_time_before_shutdown", "location", "identity",
        )  # fmt: skip
        minutes = self.idle_time_before_shutdown_minutes
        return {"slots": slots, "idle_s": None if minutes is None else minutes * 60}, warnings


class Attached(ComputeFields):
    """A compute of another engine, whose plug-in reads the other fields."""

    model_config = ConfigDict(extra="allow", title="Attached")


TYPES: dict[str, type[ComputeFields]] = {
    "local": Local,
    "amlcompute": AmlCompute,
    "computeinstance": ComputeInstance,
}
"""The types of compute that need no other engine."""


def compute_fields(document: dict[str, Any]) -> ComputeFields:
    """The compute that a document describes; other types than ours are left to their plug-ins.

    Raises:
        Invalid: a field is wrong.
    """
    given = document.get("type", "local")
    folded = str(fold(given)).replace("_", "")
    kind = TYPES.get(folded, Attached)
    return validated(kind, {**document, "type": folded if folded in TYPES else given})


class ComputeSpec(Spec):
    """A place where jobs run, as the workspace keeps it."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,31}$")
    type: str = "local"
    slots: int = Field(default=1, ge=1)
    """How many jobs of one slot run at the same time."""
    memory: str | None = None
    gpus: list[int] | None = None
    idle_s: float | None = None
    """Seconds without a job after which it rests; an instance stops."""
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    is_stopped: bool = False
    """Whether no job starts on it."""
    said: dict[str, Any] = Field(default_factory=dict)
    """The fields of its file."""

    @property
    def plugin(self) -> str:
        """The plug-in that runs its jobs."""
        return "local" if self.type in LOCAL_TYPES else self.type


class Compute(View):
    """A compute and its load now."""

    name: str
    type: str
    state: Literal["Running", "Stopped"] = "Running"
    """Jobs wait while it is stopped."""
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    slots: int
    slots_used: int
    memory: str | None = None
    """Memory of all its jobs together, where that is limited."""
    idle_minutes: float | None = None
    """After how many minutes without a job it rests."""
    running: list[str]
    """Names of the jobs that hold slots."""
    queued: list[str]
    """Names of the jobs that wait, in the order in which they will start."""
    sessions: list[str] = Field(default_factory=list)
    """Names of the notebooks' kernels that hold slots."""
    kernels: list[str] = Field(default_factory=list)
    """Names of the kernelspecs that start on it."""
    cores: int
    memory_bytes: int
    memory_used_bytes: int
    cpu_percent: float
    gpus: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    """What its file says that means something else here, or nothing."""


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
    n_uploads: int = 0
    """Uploads in parts that were abandoned."""
    n_upload_bytes: int = 0


class Backup(View):
    """A copy of the workspace in one file."""

    path: str
    size_bytes: int
    n_blobs: int
