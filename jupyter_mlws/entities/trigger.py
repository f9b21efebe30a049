"""Triggers: what starts by a call or by an event."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.record import CreationContext, Moment, Spec, View
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.validation import did_you_mean, validated


class Parameter(Spec):
    """A value that a call may or must bring."""

    type: Literal["string", "number", "integer", "boolean"] = "string"
    description: str | None = None
    required: bool = False
    enum: list[Any] | None = None
    """The only values that are taken."""


class _TriggerSpec(Spec):
    name: str = Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    description: str | None = Field(default=None, max_length=5000)
    tags: dict[str, str] = Field(default_factory=dict)
    schedule: str | None = None
    """Name of the schedule whose job is started."""
    create_job: dict[str, Any] | str | None = None
    """A job as its YAML says it, or `azureml:NAME` of an earlier one."""

    @model_validator(mode="after")
    def _one_action(self) -> _TriggerSpec:
        if (self.schedule is None) == (self.create_job is None):
            raise ValueError("exactly one of schedule and create_job is needed")
        return self


class HttpTrigger(_TriggerSpec):
    """Starts a job when its address is called with its own token."""

    type: Literal["http"] = "http"
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """What a call may bring; each is an input of the job. Others are refused."""
    rate_per_minute: int = Field(default=60, ge=1, le=6000)


class EventTrigger(_TriggerSpec):
    """Starts a job when something has happened in the workspace."""

    type: Literal["event"] = "event"
    events: list[str] = Field(min_length=1)
    """Such as `data.created`, `job.failed`; `*` stands for any part."""
    filter: dict[str, str] = Field(default_factory=dict)
    """Facts of the event that must fit, such as `name: sales-*`."""
    inputs: dict[str, str] = Field(default_factory=dict)
    """Inputs of the job, by the fact that they take: `sales: reference`."""
    path: str | None = None
    """Where files arrive, such as `azureml://datastores/NAME/paths/incoming/*.csv`."""
    poll_seconds: int = Field(default=30, ge=1, le=86_400)
    """Between two looks at `path`; a file has arrived when two looks found it the same."""

    @field_validator("events")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return known_events(value)

    @model_validator(mode="after")
    def _place_of_files(self) -> EventTrigger:
        waits = any(fnmatchcase(FILE_ARRIVED, pattern) for pattern in self.events)
        if self.path is None and FILE_ARRIVED in self.events:
            raise ValueError(f"event {FILE_ARRIVED} needs a path where files arrive")
        if self.path is not None and not waits:
            raise ValueError(f"a path belongs to event {FILE_ARRIVED}")
        return self


def trigger_spec(data: dict[str, Any]) -> HttpTrigger | EventTrigger:
    """A trigger as its YAML says it.

    Raises:
        Invalid: with a problem for each field that is wrong.
    """
    kind = data.get("type")
    if kind == "http":
        return validated(HttpTrigger, data)
    if kind == "event":
        return validated(EventTrigger, data)
    raise Invalid.field("type", f"is 'http' or 'event' (got {kind!r:.40}).")


class TriggerFire(View):
    """A start by a trigger."""

    time: Moment
    job: str | None = None
    status: Status | None = None
    cause: str = ""
    """Id of the event, or who called."""
    reason: str = ""
    """Why no job was started."""


class TriggerView(View):
    """A trigger as the workspace keeps it."""

    name: str
    type: Literal["http", "event"]
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    schedule: str | None = None
    create_job: dict[str, Any] | None = None
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    rate_per_minute: int | None = None
    events: list[str] = Field(default_factory=list)
    filter: dict[str, str] = Field(default_factory=dict)
    inputs: dict[str, str] = Field(default_factory=dict)
    path: str | None = None
    poll_seconds: int | None = None
    url: str | None = None
    """Where a call is sent: `POST` with `{"inputs": {…}}` and `Authorization: Bearer TOKEN`."""
    is_enabled: bool
    recent: list[TriggerFire] = Field(default_factory=list)
    creation_context: CreationContext


class NewTrigger(TriggerView):
    """A trigger just made; the token of an HTTP trigger is shown this once."""

    token: str | None = None


def known_events(patterns: list[str]) -> list[str]:
    """The patterns, when each fits some kind of event.

    Raises:
        ValueError: one fits none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(kind, pattern) for kind in EVENTS):
            raise ValueError(f"there is no event '{pattern:.60}'.{did_you_mean(pattern, EVENTS)}")
    return patterns


FILE_ARRIVED = "file.arrived"
DRIFTED = "data.drifted"
EVENTS = {
    "job.created": "A job was put into the queue.",
    "job.completed": "A job has ended well.",
    "job.failed": "A job has failed.",
    "job.canceled": "A job was canceled.",
    "data.created": "There is a new version of data.",
    DRIFTED: "A new version of data has columns that differ much from the version before.",
    FILE_ARRIVED: "There is a new file, or a changed one, where an event trigger looks.",
    "model.registered": "There is a new version of a model.",
    "component.created": "There is a new version of a component.",
    "environment.created": "There is a new version of an environment.",
    "schedule.failed": "A schedule could not start its job.",
    "schedule.missed": "Fire times of a schedule went by and are not made up for.",
    "schedule.skipped": "A fire time was skipped because the job before had not ended.",
}
"""What can be listened for."""
