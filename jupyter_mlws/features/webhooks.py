"""Webhooks: who is told what has happened, by HTTP, chat or mail."""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.record import CreationContext, from_ms
from jupyter_mlws.entities.webhook import Delivery, Webhook, webhook_spec
from jupyter_mlws.execution.automation.webhooks import DELIVERY, KIND
from jupyter_mlws.features import deliveries
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record


@operation("webhooks/write")
def create_or_update(ws: Workspace, webhook: dict[str, Any]) -> Webhook:
    """Create a webhook, or put another in the place of the one of this name.

    Args:
        webhook: as its YAML says it. A secret or password that is left out stays as it was.
    Raises:
        Invalid: a field is wrong; nothing is stored.
    """
    spec = webhook_spec(webhook)
    before = ws.store.find_record(KIND, spec.name)
    seal = ws.dispatcher.desk.seal
    given = {"secret": spec.secret, "password": spec.smtp.password if spec.smtp else None}
    sealed = dict(before.doc["secrets"]) if before else {}
    sealed |= {key: seal.close(value) for key, value in given.items() if value}
    said = spec.model_dump(
        mode="json", exclude_unset=True, exclude={"secret": True, "smtp": {"password"}}
    )
    doc = {
        "spec": said,
        "secrets": sealed,
        "enabled": True,
        "since": before.doc["since"] if before else ws.store.last_event(),
        "created_by": before.doc["created_by"] if before else ws.principal.name,
        "modified_by": ws.principal.name,
    }
    with ws.change(f"webhook:{spec.name}", created=before is None) as tx:
        tx.put_record(KIND, spec.name, doc)
    ws.automation.webhooks.changed()
    return get(ws, spec.name)


@operation("webhooks/read")
def list_(ws: Workspace) -> list[Webhook]:
    """All webhooks, by name."""
    return [_view(ws, row) for row in sorted(ws.store.list_records(KIND), key=lambda r: r.name)]


@operation("webhooks/read")
def get(ws: Workspace, name: str) -> Webhook:
    """One webhook.

    Raises:
        NotFound: there is none of this name.
    """
    return _view(ws, _record(ws, name))


@operation("webhooks/write")
def enable(ws: Workspace, name: str) -> Webhook:
    """Tell a webhook of what happens from now on."""
    return _set_enabled(ws, name, True)


@operation("webhooks/write")
def disable(ws: Workspace, name: str) -> Webhook:
    """Tell a webhook nothing new; what is queued is still sent."""
    return _set_enabled(ws, name, False)


@operation("webhooks/write")
def test(ws: Workspace, name: str) -> Delivery:
    """Queue a delivery that says nothing but that it arrives."""
    _record(ws, name)
    event = ws.automation.webhooks.test(name)
    return deliveries.get(ws, f"{name}/{event}")


@operation("webhooks/write")
def delete(ws: Workspace, name: str) -> None:
    """Delete a webhook with its deliveries."""
    _record(ws, name)
    with ws.change(f"webhook:{name}", deleted=True) as tx:
        tx.delete_record(KIND, name)
        tx.delete_record(DELIVERY, name)
    ws.automation.webhooks.forget(name)


def _record(ws: Workspace, name: str) -> Record:
    record = ws.store.find_record(KIND, name)
    if record is None:
        raise NotFound(f"There is no webhook '{name}'.")
    return record


def _set_enabled(ws: Workspace, name: str, enabled: bool) -> Webhook:
    if _record(ws, name).doc["enabled"] != enabled:
        with ws.change(f"webhook:{name}", enabled=enabled) as tx:
            doc = _record(ws, name).doc
            since = ws.store.last_event() if enabled else doc["since"]
            changed = {"enabled": enabled, "since": since, "modified_by": ws.principal.name}
            tx.put_record(KIND, name, {**doc, **changed})
        ws.automation.webhooks.changed()
    return get(ws, name)


def _view(ws: Workspace, record: Record) -> Webhook:
    doc, spec = record.doc, record.doc["spec"]
    states = [row.doc["state"] for row in ws.store.list_records(DELIVERY, name=record.name)]
    return Webhook(
        name=record.name,
        description=spec.get("description"),
        format=spec.get("format", "cloudevents"),
        url=spec.get("url"),
        emails=spec.get("emails", []),
        events=spec["events"],
        filter=spec.get("filter", {}),
        is_signed="secret" in doc["secrets"],
        is_enabled=doc["enabled"],
        pending=states.count("pending"),
        dead=states.count("dead"),
        creation_context=CreationContext(
            created_at=from_ms(record.created_ms),
            created_by=doc["created_by"],
            last_modified_at=from_ms(record.updated_ms),
            last_modified_by=doc["modified_by"],
        ),
    )
