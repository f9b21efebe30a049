"""Schedules: jobs that start by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.record import CreationContext, Moment, Page, from_ms, to_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.schedule import (
    Backfill,
    CronTrigger,
    Fire,
    Preview,
    RecurrenceTrigger,
    Schedule,
    ScheduleSpec,
)
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.entities.zones import zone
from jupyter_mlws.execution.automation import starting, times
from jupyter_mlws.execution.automation.scheduler import KIND, STATE, fresh_state, kept
from jupyter_mlws.features.jobs import Validation, judged
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record

MAX_RESULTS = 1000
MAX_BACKFILL = 10_000


@operation("schedules/write")
def create_or_update(
    ws: Workspace, schedule: dict[str, Any], git: GitState | None = None
) -> Schedule:
    """Create a schedule, or put another in the place of the one of this name; it is enabled.

    Args:
        schedule: as its YAML says it; the job stands in it, with snapshot references in place of files.
        git: the repository that the job's code came from.
    Raises:
        Invalid: a field is wrong, or the job could not run; nothing is stored.
    """
    spec = validated(ScheduleSpec, schedule)
    before = ws.store.find_record(KIND, spec.name)
    known = before.doc["plan"]["secrets"] if before else {}
    plan = starting.of_spec(ws.dispatcher.desk, spec, git, known)
    now = ws.clock()
    said = spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"create_job"})
    keeps_time = before is not None and before.doc["spec"]["trigger"] == said["trigger"]
    created_ms = before.doc["created_ms"] if before and keeps_time else to_ms(now)
    doc = {
        "spec": said,
        "plan": plan.to_doc(),
        "enabled": True,
        "created_ms": created_ms,
        "created_by": before.doc["created_by"] if before else ws.principal.name,
        "modified_by": ws.principal.name,
    }
    settled = times.first_settled(spec.trigger, from_ms(created_ms))
    with ws.change(f"schedule:{spec.name}", created=before is None) as tx:
        tx.put_record(KIND, spec.name, doc)
        state = ws.store.find_record(STATE, spec.name)
        if state is None:
            tx.put_record(STATE, spec.name, fresh_state(settled))
        elif not keeps_time:
            tx.put_record(STATE, spec.name, {**state.doc, "settled_ms": to_ms(settled)})
    ws.automation.scheduler.changed(spec.name)
    return get(ws, spec.name)


@operation("schedules/read")
def validate(ws: Workspace, schedule: dict[str, Any]) -> Validation:
    """Check a schedule as `create` would, and store nothing."""
    try:
        spec = validated(ScheduleSpec, schedule)
        starting.of_spec(ws.dispatcher.desk, spec, None)
    except Invalid as error:
        return judged(error.problems)
    return Validation(passed=True, errors=[], warnings=_warnings(spec.trigger))


@operation("schedules/read")
def list_(
    ws: Workspace,
    include_disabled: bool = True,
    disabled_only: bool = False,
    max_results: int = 200,
    page_token: str | None = None,
) -> Page[Schedule]:
    """Schedules by name.

    Args:
        include_disabled: also those that are switched off.
        disabled_only: only those.
        max_results: 1 to 1000.
    """
    if not 1 <= max_results <= MAX_RESULTS:
        raise Invalid.field("max_results", f"must be 1 to {MAX_RESULTS} (got {max_results}).")
    rows = [
        row
        for row in sorted(ws.store.list_records(KIND), key=lambda row: row.name)
        if (include_disabled or disabled_only or row.doc["enabled"])
        and not (disabled_only and row.doc["enabled"])
        and row.name > (page_token or "")
    ]
    page = rows[:max_results]
    token = page[-1].name if len(rows) > len(page) else None
    return Page[Schedule](items=[_view(ws, row) for row in page], next_page_token=token)


@operation("schedules/read")
def get(ws: Workspace, name: str) -> Schedule:
    """One schedule.

    Raises:
        NotFound: there is none of this name.
    """
    return _view(ws, _record(ws, name))


@operation("schedules/write")
def update(
    ws: Workspace,
    name: str,
    display_name: str | None = None,
    description: str | None = None,
    tags: dict[str, str] | None = None,
) -> Schedule:
    """Change words and tags; for all else create it again under the same name.

    Args:
        tags: tags to be set; others stay.
    """
    _record(ws, name)
    with ws.change(f"schedule:{name}", tags=sorted(tags or ())) as tx:
        doc = _record(ws, name).doc
        spec = doc["spec"]
        given = {"display_name": display_name, "description": description}
        spec |= {key: value for key, value in given.items() if value is not None}
        spec["tags"] = {**spec.get("tags", {}), **(tags or {})}
        validated(ScheduleSpec, {**kept(doc).model_dump(mode="json", exclude_unset=True), **spec})
        tx.put_record(KIND, name, {**doc, "modified_by": ws.principal.name})
    return get(ws, name)


@operation("schedules/write")
def enable(ws: Workspace, name: str) -> Schedule:
    """Let a schedule fire again, from now on; what it missed while it was off stays missed."""
    return _set_enabled(ws, name, True)


@operation("schedules/write")
def disable(ws: Workspace, name: str) -> Schedule:
    """Let a schedule fire no more; jobs that it has started go on."""
    return _set_enabled(ws, name, False)


@operation("schedules/write")
def trigger(ws: Workspace, name: str, inputs: dict[str, Any] | None = None) -> Fire:
    """Start the job of a schedule once, now, also when it is disabled.

    Args:
        inputs: in the place of the job's own.
    Raises:
        Invalid: an input is wrong, or the job could not run any more.
    """
    record = _record(ws, name)
    now = ws.clock().replace(microsecond=0)
    user = ws.principal.name
    job = ws.automation.scheduler.submit(record, now, "manual", user=user, inputs=inputs)
    return _fire(ws, {"due_ms": to_ms(now), "kind": "manual", "outcome": "started", "job": job})


@operation("schedules/write")
def delete(ws: Workspace, name: str) -> None:
    """Delete a schedule; its jobs stay.

    Raises:
        Conflict: it is enabled: disable it first.
    """
    if _record(ws, name).doc["enabled"]:
        raise Conflict(f"Schedule '{name}' is enabled: disable it before you delete it.")
    with ws.change(f"schedule:{name}", deleted=True) as tx:
        tx.delete_record(KIND, name)
        tx.delete_record(STATE, name)
    ws.automation.scheduler.changed(name)


@operation("schedules/write")
def backfill(
    ws: Workspace,
    name: str,
    start_time: datetime,
    end_time: datetime | None = None,
    count: int | None = None,
    parallel: int = 1,
    dry_run: bool = False,
) -> Backfill:
    """Make up for fire times of the past, oldest first.

    Args:
        start_time: first moment to make up for; in the zone of the schedule unless it has an offset.
        end_time: last moment; now when absent.
        count: at most so many.
        parallel: how many of these jobs run at the same time.
        dry_run: only say which times these are.
    Raises:
        Invalid: no fire time lies there, or more than 10,000 do.
        Conflict: another back-fill of this schedule has not ended.
    """
    record = _record(ws, name)
    spec = kept(record.doc)
    tz = zone(spec.trigger.time_zone)
    start, end = (
        moment if moment is None or moment.tzinfo else moment.replace(tzinfo=tz)
        for moment in (start_time, end_time)
    )
    assert start is not None
    last = min(end, ws.clock()) if end else ws.clock()
    if count is not None and not 1 <= count <= MAX_BACKFILL:
        raise Invalid.field("count", f"must be 1 to {MAX_BACKFILL:,} (got {count}).")
    if not 1 <= parallel <= 100:
        raise Invalid.field("parallel", f"must be 1 to 100 (got {parallel}).")
    open_trigger = spec.trigger.model_copy(update={"start_time": None})
    anchor = spec.trigger.at("start_time") or from_ms(record.doc["created_ms"])
    if not isinstance(open_trigger, CronTrigger) and not open_trigger.schedule:
        # What counts from its start counts backwards from there too.
        open_trigger = spec.trigger.model_copy(update={"start_time": start})
        anchor = start
    found = takewhile(
        lambda due: due <= last,
        times.due_times(open_trigger, anchor, start - timedelta(microseconds=1)),
    )
    chosen = list(islice(found, count or MAX_BACKFILL + 1))
    if not chosen:
        raise Invalid.field("start_time", "no fire time lies between there and the end.")
    if len(chosen) > MAX_BACKFILL:
        raise Invalid.field(
            "count", f"there are more than {MAX_BACKFILL:,} fire times: say how many."
        )
    if not dry_run:
        with ws.change(f"schedule:{name}", backfill=len(chosen)) as tx:
            state = ws.store.get_record(STATE, name).doc
            if state["backfill"]:
                left = len(state["backfill"]["times"])
                raise Conflict(f"A back-fill of '{name}' goes on: {left} times wait.")
            due_ms = [to_ms(due) for due in chosen]
            state["backfill"] = {"times": due_ms, "parallel": parallel, "jobs": []}
            tx.put_record(STATE, name, state)
        ws.automation.scheduler.changed(name)
    return Backfill(times=chosen, jobs=[], waiting=0 if dry_run else len(chosen))


@operation("schedules/write")
def cancel_backfill(ws: Workspace, name: str) -> Backfill:
    """Start no more jobs of a back-fill; those that were started go on.

    Raises:
        Conflict: there is no back-fill.
    """
    _record(ws, name)
    with ws.change(f"schedule:{name}", backfill=0) as tx:
        state = ws.store.get_record(STATE, name).doc
        ended = state["backfill"]
        if not ended:
            raise Conflict(f"There is no back-fill of '{name}'.")
        tx.put_record(STATE, name, {**state, "backfill": None})
    ws.automation.scheduler.changed(name)
    left = [from_ms(due_ms) for due_ms in ended["times"]]
    return Backfill(times=left, jobs=ended["jobs"], waiting=0)


@operation("schedules/read")
def preview(
    ws: Workspace, trigger: dict[str, Any], count: int = 10, after: Moment | None = None
) -> Preview:
    """What a trigger means, and when it fires next.

    Args:
        trigger: as a schedule's YAML says it.
        count: how many fire times, at most 1000.
        after: from when on; now when absent.
    Raises:
        Invalid: the trigger is wrong; the problem says which field.
    """
    if not 1 <= count <= MAX_RESULTS:
        raise Invalid.field("count", f"must be 1 to {MAX_RESULTS} (got {count}).")
    made = _trigger(trigger)
    now = ws.clock()
    start = after or times.first_settled(made, now)
    return Preview(
        sentence=times.sentence(made),
        time_zone=zone(made.time_zone).key,
        times=times.upcoming(made, now, start, count),
        warnings=_warnings(made),
    )


@operation("schedules/read")
def next_times(ws: Workspace, name: str, count: int = 10) -> Preview:
    """When a schedule fires next, with daylight-saving changes marked; also when it is disabled.

    Args:
        count: how many fire times, at most 1000.
    """
    if not 1 <= count <= MAX_RESULTS:
        raise Invalid.field("count", f"must be 1 to {MAX_RESULTS} (got {count}).")
    record = _record(ws, name)
    made = kept(record.doc).trigger
    created = from_ms(record.doc["created_ms"])
    settled = from_ms(ws.store.get_record(STATE, name).doc["settled_ms"])
    after = settled if record.doc["enabled"] else max(settled, ws.clock())
    return Preview(
        sentence=times.sentence(made),
        time_zone=zone(made.time_zone).key,
        times=times.upcoming(made, created, after, count),
        warnings=_warnings(made),
    )


def _trigger(given: dict[str, Any]) -> CronTrigger | RecurrenceTrigger:
    kinds: dict[Any, type[CronTrigger] | type[RecurrenceTrigger]] = {
        "cron": CronTrigger,
        "recurrence": RecurrenceTrigger,
    }
    kind = given.get("type")
    if kind not in kinds:
        raise Invalid.field("trigger.type", f"is 'cron' or 'recurrence' (got {kind!r:.40}).")
    return validated(kinds[kind], given, prefix="trigger")


def _warnings(trigger: CronTrigger | RecurrenceTrigger) -> list[str]:
    if isinstance(trigger, CronTrigger):
        _, _, days, months, _ = trigger.expression.split()
        if (days, months) != ("*", "*"):
            return ["Day of month and month are honoured here; Azure ML takes them as `*`."]
    return []


def _record(ws: Workspace, name: str) -> Record:
    record = ws.store.find_record(KIND, name)
    if record is None:
        raise NotFound(f"There is no schedule '{name}'.")
    return record


def _set_enabled(ws: Workspace, name: str, enabled: bool) -> Schedule:
    record = _record(ws, name)
    if record.doc["enabled"] != enabled:
        with ws.change(f"schedule:{name}", enabled=enabled) as tx:
            doc = _record(ws, name).doc
            tx.put_record(KIND, name, {**doc, "enabled": enabled, "modified_by": ws.principal.name})
            if enabled:
                state = ws.store.get_record(STATE, name).doc
                settled_ms = max(state["settled_ms"], to_ms(ws.clock()))
                tx.put_record(STATE, name, {**state, "settled_ms": settled_ms})
        ws.automation.scheduler.changed(name)
    return get(ws, name)


def _view(ws: Workspace, record: Record) -> Schedule:
    doc, spec = record.doc, record.doc["spec"]
    state = ws.store.get_record(STATE, record.name).doc
    full = kept(doc)
    made = full.trigger
    given = {key: spec[key] for key in ("tags", "properties", "description") if key in spec}
    waiting = len(state["queue"]) + len((state["backfill"] or {"times": ()})["times"])
    return Schedule(
        id=f"{ws.url}/api/schedules/{record.name}",
        name=record.name,
        display_name=spec.get("display_name") or record.name,
        trigger=made,
        create_job=full.create_job if isinstance(full.create_job, dict) else None,
        import_data=spec.get("import_data"),
        create_monitor=spec.get("create_monitor"),
        missed_runs=full.missed_runs,
        overlap=full.overlap,
        jitter_s=full.jitter_s,
        is_enabled=doc["enabled"],
        sentence=times.sentence(made),
        time_zone=zone(made.time_zone).key,
        next_run=ws.automation.scheduler.next_run(record.name),
        recent=[_fire(ws, fire) for fire in state["recent"]],
        waiting=waiting,
        warnings=_warnings(made),
        creation_context=CreationContext(
            created_at=from_ms(record.created_ms),
            created_by=doc["created_by"],
            last_modified_at=from_ms(record.updated_ms),
            last_modified_by=doc["modified_by"],
        ),
        **given,
    )


def _fire(ws: Workspace, fire: dict[str, Any]) -> Fire:
    status = None
    if job := fire.get("job"):
        try:
            status = Status(ws.store.get_run(job, with_data=False).status)
        except NotFound:
            status = None
    return Fire(
        due=from_ms(fire["due_ms"]),
        kind=fire["kind"],
        outcome=fire["outcome"],
        job=fire.get("job"),
        status=status,
        reason=fire.get("reason", ""),
    )
