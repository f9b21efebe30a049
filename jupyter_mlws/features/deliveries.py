"""Deliveries: what webhooks were told, and how that went."""

from __future__ import annotations

from typing import Literal

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.webhook import Attempt, Delivery
from jupyter_mlws.execution.automation.webhooks import DELIVERY
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record


@operation("webhooks/read")
def list_(
    ws: Workspace,
    webhook: str | None = None,
    state: Literal["pending", "delivered", "dead"] | None = None,
    max_results: int = 100,
) -> list[Delivery]:
    """Deliveries, newest first; `dead` are those that were given up.

    Args:
        webhook: only of this one.
        max_results: 1 to 1000.
    """
    if not 1 <= max_results <= 1000:
        raise Invalid.field("max_results", f"must be 1 to 1000 (got {max_results}).")
    rows = ws.store.list_records(DELIVERY, name=webhook, where={"state": state} if state else {})
    return [_view(row) for row in reversed(rows[-max_results:])]


@operation("webhooks/read")
def get(ws: Workspace, id: str) -> Delivery:
    """One delivery with all its tries.

    Args:
        id: as `list` tells it: WEBHOOK/EVENT.
    Raises:
        NotFound: there is none.
    """
    return _view(_record(ws, id))


@operation("webhooks/write")
def redeliver(ws: Workspace, id: str) -> Delivery:
    """Send it again, as soon as may be, with all its retries.

    Raises:
        NotFound: there is none.
    """
    record = _record(ws, id)
    ws.automation.webhooks.again(record.name, record.version)
    return get(ws, id)


def _record(ws: Workspace, id: str) -> Record:
    webhook, _, event = id.partition("/")
    record = ws.store.find_record(DELIVERY, webhook, event)
    if record is None or not event:
        raise NotFound(f"There is no delivery '{id:.200}'.")
    return record


def _view(record: Record) -> Delivery:
    doc = record.doc
    return Delivery(
        id=f"{record.name}/{record.version}",
        webhook=record.name,
        event=doc["kind"],
        subject=doc["event"]["subject"],
        state=doc["state"],
        created_at=from_ms(record.created_ms),
        next_attempt_at=from_ms(doc["next_ms"]) if doc["state"] == "pending" else None,
        attempts=[
            Attempt(
                time=from_ms(attempt["time_ms"]),
                status_code=attempt["status_code"],
                error=attempt["error"],
                duration_ms=attempt["duration_ms"],
            )
            for attempt in doc["attempts"]
        ],
    )
