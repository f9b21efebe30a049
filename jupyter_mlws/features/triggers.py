"""Triggers: jobs that start by an HTTP call or by an event."""

from __future__ import annotations

import secrets
from typing import Any

from jupyter_mlws.entities.access import Token
from jupyter_mlws.entities.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    PluginMissing,
    Problem,
)
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.record import CreationContext, from_ms, now
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.trigger import (
    EVENTS,
    EventTrigger,
    HttpTrigger,
    NewTrigger,
    TriggerFire,
    TriggerView,
    trigger_spec,
)
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution.automation import scheduler, starting, watching
from jupyter_mlws.execution.automation.triggers import FIRE, KIND, said
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record

N_RECENT = 20
PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


@operation("triggers/write")
def create_or_update(
    ws: Workspace, trigger: dict[str, Any], git: GitState | None = None
) -> NewTrigger:
    """Create a trigger, or put another in the place of the one of this name.

    Args:
        trigger: as its YAML says it: `type: http` or `type: event`, and `schedule` or `create_job`.
        git: the repository that the job's code came from.
    Raises:
        Invalid: a field is wrong, or the job could not run; nothing is stored.
        Conflict: there is one of another type by this name.
    """
    spec = trigger_spec(trigger)
    kind = spec.type
    before = ws.store.find_record(KIND, spec.name)
    if before and before.doc["spec"]["type"] != kind:
        raise Conflict(f"There is a trigger '{spec.name}' of another type: delete it first.")
    if isinstance(spec, EventTrigger) and spec.path is not None:
        _check_path(ws, spec.path)
    plan = None
    if spec.schedule is not None:
        if ws.store.find_record(scheduler.KIND, spec.schedule) is None:
            raise Invalid.field("schedule", f"there is no schedule '{spec.schedule}'.")
    elif spec.create_job is not None:
        known = (before.doc["plan"] or {}).get("secrets", {}) if before else {}
        plan = starting.plan(ws.dispatcher.desk, spec.create_job, spec.name, git, known).to_doc()
    kept = spec.model_dump(mode="json", exclude_unset=True, exclude={"create_job"})
    doc = {
        "spec": {**kept, "type": kind},
        "plan": plan,
        "enabled": True,
        "since": before.doc["since"] if before else ws.store.last_event(),
        "created_by": before.doc["created_by"] if before else ws.principal.name,
        "modified_by": ws.principal.name,
    }
    with ws.change(f"trigger:{spec.name}", created=before is None) as tx:
        tx.put_record(KIND, spec.name, doc)
    ws.automation.triggers.changed()
    token = _mint(ws, spec.name) if kind == "http" and before is None else None
    return NewTrigger(**_fields(ws, spec.name), token=token)


@operation("triggers/read")
def list_(ws: Workspace) -> list[TriggerView]:
    """All triggers, by name."""
    return [_view(ws, row) for row in sorted(ws.store.list_records(KIND), key=lambda r: r.name)]


@operation("triggers/read")
def get(ws: Workspace, name: str) -> TriggerView:
    """One trigger, with its last starts.

    Raises:
        NotFound: there is none of this name.
    """
    return _view(ws, _record(ws, name))


@operation("triggers/read")
def list_events(ws: Workspace) -> dict[str, str]:
    """The kinds of events that triggers and webhooks listen for."""
    return EVENTS


@operation("triggers/write")
def enable(ws: Workspace, name: str) -> TriggerView:
    """Let a trigger start jobs again, from now on."""
    return _set_enabled(ws, name, True)


@operation("triggers/write")
def disable(ws: Workspace, name: str) -> TriggerView:
    """Let a trigger start no more jobs; calls are refused."""
    return _set_enabled(ws, name, False)


@operation("triggers/write")
def renew_token(ws: Workspace, name: str) -> NewTrigger:
    """A new token for an HTTP trigger; the old one is worth nothing from now on.

    Raises:
        Conflict: it is no HTTP trigger.
    """
    if _record(ws, name).doc["spec"]["type"] != "http":
        raise Conflict(f"Trigger '{name}' waits for events: it has no token.")
    return NewTrigger(**_fields(ws, name), token=_mint(ws, name))


@operation("triggers/write")
def delete(ws: Workspace, name: str) -> None:
    """Delete a trigger, with its token; its jobs stay."""
    _record(ws, name)
    ws.tokens.revoke(_token_id(name), by=ws.principal.name)
    with ws.change(f"trigger:{name}", deleted=True) as tx:
        tx.delete_record(KIND, name)
        tx.delete_record(FIRE, name)
        tx.delete_record(watching.KIND, name)
    ws.automation.triggers.changed()


@operation("triggers/fire")
def fire(ws: Workspace, name: str, inputs: dict[str, Any] | None = None) -> TriggerFire:
    """Start the job of an HTTP trigger; its own token may do this and nothing else.

    Args:
        inputs: values for its parameters.
    Raises:
        Invalid: an input is unknown, missing or of another type.
        Conflict: the trigger is switched off.
        Unavailable: it was called too often in the last minute.
        Denied: the token is another trigger's.
    """
    if ws.principal.role == "Trigger" and ws.principal.name != _user(name):
        raise Denied(f"This token is not that of trigger '{name}'.")
    record = _record(ws, name)
    if record.doc["spec"]["type"] != "http":
        raise Conflict(f"Trigger '{name}' waits for events: it cannot be called.")
    spec = HttpTrigger.model_validate(said(record.doc))
    given = _checked(spec, inputs or {})
    job = ws.automation.triggers.call(record, given, ws.principal.name)
    return TriggerFire(time=ws.clock(), job=job, status=_status(ws, job), cause=ws.principal.name)


def _checked(spec: HttpTrigger, inputs: dict[str, Any]) -> dict[str, Any]:
    problems = []
    for key, value in inputs.items():
        parameter = spec.parameters.get(key)
        if parameter is None:
            hint = did_you_mean(key, spec.parameters)
            problems.append(Problem(f"this trigger takes no '{key}'.{hint}", f"inputs.{key}"))
            continue
        is_bool = isinstance(value, bool) and parameter.type != "boolean"
        if is_bool or not isinstance(value, PYTHON[parameter.type]):
            problems.append(Problem(f"must be a {parameter.type}.", f"inputs.{key}"))
        elif parameter.enum is not None and value not in parameter.enum:
            known = ", ".join(map(str, parameter.enum))
            problems.append(Problem(f"must be one of {known}.", f"inputs.{key}"))
    for key, parameter in spec.parameters.items():
        if parameter.required and key not in inputs:
            problems.append(Problem("is required.", f"inputs.{key}"))
    if problems:
        raise Invalid.of(problems)
    return inputs


def _check_path(ws: Workspace, path: str) -> None:
    """Refuse a place where no file can be seen to arrive."""
    try:
        found = ws.places.find(path)
        if found is not None and found[1].type == "sql":
            raise Invalid("a database has no files: `mlws data import` reads it by a schedule.")
        if found is None:
            known = "azureml://datastores/NAME/paths/…, or that of an open storage"
            raise Invalid(f"'{path:.200}' is no address of files (such as {known}).")
        ws.places.open(path)
    except (Invalid, NotFound, Denied, PluginMissing) as error:
        raise Invalid.field("path", error.message) from None


def _record(ws: Workspace, name: str) -> Record:
    record = ws.store.find_record(KIND, name)
    if record is None:
        raise NotFound(f"There is no trigger '{name}'.")
    return record


def _set_enabled(ws: Workspace, name: str, enabled: bool) -> TriggerView:
    if _record(ws, name).doc["enabled"] != enabled:
        with ws.change(f"trigger:{name}", enabled=enabled) as tx:
            doc = _record(ws, name).doc
            # What happened while it was off stays without answer.
            since = ws.store.last_event() if enabled else doc["since"]
            changed = {"enabled": enabled, "since": since, "modified_by": ws.principal.name}
            tx.put_record(KIND, name, {**doc, **changed})
        ws.automation.triggers.changed()
    return get(ws, name)


def _mint(ws: Workspace, name: str) -> str:
    ws.tokens.revoke(_token_id(name), by=ws.principal.name)
    made = f"mlws_{secrets.token_urlsafe(32)}"
    spec = Token(
        id=_token_id(name),
        name=f"Trigger {name}",
        user=_user(name),
        role="Trigger",
        created_at=now(),
    )
    ws.tokens.add(made, spec, by=ws.principal.name)
    return made


def _token_id(name: str) -> str:
    return f"trigger:{name}"


def _user(name: str) -> str:
    return f"trigger:{name}"


def _status(ws: Workspace, job: str | None) -> Status | None:
    try:
        return Status(ws.store.get_run(job, with_data=False).status) if job else None
    except NotFound:
        return None


def _fields(ws: Workspace, name: str) -> dict[str, Any]:
    view = get(ws, name)
    return {field: getattr(view, field) for field in TriggerView.model_fields}


def _view(ws: Workspace, record: Record) -> TriggerView:
    doc, spec = record.doc, record.doc["spec"]
    is_http = spec["type"] == "http"
    fires = ws.store.list_records(FIRE, name=record.name)[-N_RECENT:]
    return TriggerView(
        **said(doc),
        url=f"{ws.url}/api/triggers/{record.name}:fire" if is_http else None,
        is_enabled=doc["enabled"],
        recent=[
            TriggerFire(
                time=from_ms(fire.doc["time_ms"]),
                job=fire.doc["job"],
                status=_status(ws, fire.doc["job"]),
                cause=fire.doc["cause"],
                reason=fire.doc["reason"],
            )
            for fire in reversed(fires)
        ],
        creation_context=CreationContext(
            created_at=from_ms(record.created_ms),
            created_by=doc["created_by"],
            last_modified_at=from_ms(record.updated_ms),
            last_modified_by=doc["modified_by"],
        ),
    )
