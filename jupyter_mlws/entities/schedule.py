"""Schedules: what starts by the clock.

Source: the Azure ML v2 schedule YAML schema; the fields marked *ours* are not in it.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)

from jupyter_mlws.entities.monitor import MonitorDefinition
from jupyter_mlws.entities.record import CreationContext, Moment, Spec, View
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.scalars import fold
from jupyter_mlws.entities.zones import zone

WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CRON_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31"),
    ("month", "1-12 or JAN-DEC"),
    ("day of week", "0-6 or SUN-SAT (0 is Sunday)"),
)
MAX_AGE_S = 366 * 86400
READ_ONLY = ("id", "is_enabled", "provisioning_state", "creation_context", "next_run", "recent")
"""Fields that a saved schedule has and that are dropped when it is created again."""


def _iso(moment: datetime) -> str:
    return moment.isoformat()


LocalMoment = Annotated[datetime, PlainSerializer(_iso, when_used="json", return_type=str)]
"""A time that stands in the trigger's zone when it names no offset of its own."""


class _Timed(Spec):
    """What every trigger by the clock has."""

    start_time: LocalMoment | None = None
    """First moment at which it may fire; in the time zone of the trigger unless it has an offset."""
    end_time: LocalMoment | None = None
    """No fire after this moment."""
    time_zone: str = "UTC"
    """Such as `Asia/Tokyo` or `Tokyo Standard Time`."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zone(value)
        return value

    @model_validator(mode="after")
    def _in_order(self) -> _Timed:
        start, end = self.at("start_time"), self.at("end_time")
        if start and end and end < start:
            raise ValueError("end_time lies before start_time")
        return self

    def at(self, field: Literal["start_time", "end_time"]) -> datetime | None:
        """`start_time` or `end_time` in UTC."""
        moment: datetime | None = getattr(self, field)
        if moment is None:
            return None
        local = moment if moment.tzinfo else moment.replace(tzinfo=zone(self.time_zone))
        return local.astimezone(timezone.utc)


class CronTrigger(_Timed):
    """Fires by a cron expression of five fields."""

    model_config = ConfigDict(title="Cron")

    type: Literal["cron"] = "cron"
    expression: str = Field(max_length=500)
    """MINUTE HOUR DAY-OF-MONTH MONTH DAY-OF-WEEK, such as `0 7 * * 1-5`."""

    @field_validator("expression")
    @classmethod
    def _readable(cls, value: str) -> str:
        from cronsim import CronSim, CronSimError

        fields = value.split()
        if len(fields) != len(CRON_FIELDS):
            raise ValueError(
                f"has {len(fields)} fields; five are expected:"
                " minute, hour, day of month, month, day of week"
            )
        probe = datetime(2000, 1, 1)  # noqa: DTZ001 - only to read the expression
        for place, (text, (name, allowed)) in enumerate(zip(fields, CRON_FIELDS, strict=True)):
            alone = ["*"] * len(fields)
            alone[place] = text
            try:
                CronSim(" ".join(alone), probe)
            except CronSimError:
                raise ValueError(
                    f"'{text}' is no {name} (field {place + 1}): {allowed}, *, lists, ranges, steps"
                ) from None
        try:
            next(CronSim(value, probe))
        except (CronSimError, StopIteration):
            raise ValueError(f"'{value}' never comes true: no month has such a day") from None
        return " ".join(fields)


def _listed(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) or value is None else [value]


def _day(value: Any) -> Any:
    """A day of the week by its name or its first three letters, in any case."""
    if isinstance(value, list):
        return [_day(item) for item in value]
    if isinstance(value, str):
        found = [day for day in WEEK_DAYS if value.lower() in (day, day[:3])]
        return found[0] if found else value.lower()
    return value


class RecurrencePattern(Spec):
    """At which times of the day, and on which days; lists combine with each other."""

    hours: Annotated[list[Annotated[int, Field(ge=0, le=23)]], BeforeValidator(_listed)] = Field(
        min_length=1
    )
    minutes: Annotated[list[Annotated[int, Field(ge=0, le=59)]], BeforeValidator(_listed)] = Field(
        min_length=1
    )
    week_days: Annotated[
        list[Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]]
        | None,
        BeforeValidator(_day),
        BeforeValidator(_listed),
    ] = None
    month_days: Annotated[
        list[Annotated[int, Field(ge=1, le=31)]] | None, BeforeValidator(_listed)
    ] = None
    """Days 29 to 31 do not fire in shorter months."""


class RecurrenceTrigger(_Timed):
    """Fires every so many minutes, hours, days, weeks or months."""

    model_config = ConfigDict(title="Recurrence")

    type: Literal["recurrence"] = "recurrence"
    frequency: Annotated[Literal["minute", "hour", "day", "week", "month"], BeforeValidator(fold)]
    interval: int = Field(ge=1, le=1000)
    schedule: RecurrencePattern | None = None

    @model_validator(mode="after")
    def _fitting(self) -> RecurrenceTrigger:
        pattern = self.schedule
        if pattern and pattern.month_days and self.frequency != "month":
            raise ValueError(f"month_days go with 'frequency: month', not {self.frequency}")
        if pattern and pattern.week_days and self.frequency not in {"week", "month"}:
            raise ValueError(f"week_days go with 'frequency: week', not {self.frequency}")
        return self


TimeTrigger = Annotated[CronTrigger | RecurrenceTrigger, Field(discriminator="type")]


class MissedRuns(Spec):
    """What happens to fire times at which the workspace did not run; *ours*."""

    policy: Annotated[Literal["skip", "latest", "all"], BeforeValidator(fold)] = "latest"
    """`skip` none is made up for, `latest` only the newest, `all` each of them."""
    max_age_s: int = Field(default=86400, ge=60, le=MAX_AGE_S)
    """What is older is never made up for."""


class ImportSource(Spec):
    """From where data are imported."""

    type: Annotated[Literal["database", "file_system"], BeforeValidator(fold)]
    connection: str
    query: str | None = None
    stored_procedure: str | None = None
    stored_procedure_params: list[dict[str, Any]] | None = None
    path: str | None = None


class ImportData(Spec):
    """Data that are fetched from elsewhere and become a version of an asset."""

    type: Annotated[Literal["uri_file", "uri_folder", "mltable"], BeforeValidator(fold)] = "mltable"
    name: str
    version: str | None = None
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    path: str | None = None
    """Where the copies are kept; in the workspace when absent, which Azure ML has not."""
    source: ImportSource


class ScheduleSpec(Spec):
    """Something that is started by the clock."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    name: str = Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    display_name: str | None = Field(default=None, max_length=256)
    description: str | None = Field(default=None, max_length=5000)
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    trigger: TimeTrigger
    create_job: dict[str, Any] | str | None = None
    """A job as its YAML says it, `azureml:NAME` of an earlier one, or one of them as `job` with changes."""
    import_data: ImportData | None = None
    create_monitor: MonitorDefinition | None = None
    missed_runs: MissedRuns = Field(default_factory=MissedRuns)
    overlap: Annotated[Literal["skip", "queue", "cancel", "allow"], BeforeValidator(fold)] = "allow"
    """When the job before has not ended: skip this one, queue it, cancel the old one, allow both. *Ours.*"""
    jitter_s: int = Field(default=0, ge=0, le=3600)
    """Each start is put off by up to so many seconds, so that not all start at once. *Ours.*"""

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if k not in READ_ONLY}

    @field_validator("tags", "properties", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {str(k): v if isinstance(v, str) else str(v) for k, v in value.items()}

    @model_validator(mode="after")
    def _one_action(self) -> ScheduleSpec:
        given = [
            name
            for name in ("create_job", "import_data", "create_monitor")
            if getattr(self, name) is not None
        ]
        if len(given) != 1:
            raise ValueError(
                "exactly one of create_job, import_data and create_monitor is needed"
                f" (got {', '.join(given) or 'none'})"
            )
        return self


class FireTime(View):
    """A moment at which a trigger fires."""

    time: Moment
    local: str
    """The same in the trigger's zone, ISO 8601 with offset."""
    offset_change_s: int = 0
    """By how much the zone's offset from UTC has changed since the time before: daylight saving."""
    moved: bool = False
    """Whether the clock skips the wall time that was asked for, and the next that exists stands in."""


class Preview(View):
    """What a trigger means."""

    sentence: str
    """In English."""
    time_zone: str
    """By its IANA name."""
    times: list[FireTime]
    warnings: list[str] = Field(default_factory=list)


class Fire(View):
    """What became of a fire time."""

    due: Moment
    kind: Literal["due", "missed", "manual", "backfill", "http", "event"]
    outcome: Literal["started", "skipped", "missed", "failed"]
    job: str | None = None
    status: Status | None = None
    """Of the job, as it is now."""
    reason: str = ""


class Backfill(View):
    """Fire times of the past that are being made up for."""

    times: list[Moment]
    jobs: list[str]
    """Started so far; the others follow as these end."""
    waiting: int


class Schedule(View):
    """A schedule as the workspace keeps it."""

    id: str
    name: str
    display_name: str
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    trigger: TimeTrigger
    create_job: dict[str, Any] | None = None
    import_data: dict[str, Any] | None = None
    create_monitor: dict[str, Any] | None = None
    missed_runs: MissedRuns
    overlap: str
    jitter_s: int
    is_enabled: bool
    provisioning_state: str = "Succeeded"
    sentence: str
    time_zone: str
    next_run: Moment | None = None
    recent: list[Fire] = Field(default_factory=list)
    """The last fires, newest first."""
    waiting: int = 0
    """Fires that are queued behind a job that has not ended, and of a back-fill."""
    warnings: list[str] = Field(default_factory=list)
    creation_context: CreationContext
