"""Connections: how other services are reached; what opens them is sealed and never answered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jupyter_mlws.entities.connection import CREDENTIALS, ConnectionView, connection_spec
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.record import to_ms
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution.vault import CONNECTION
from jupyter_mlws.features.datastores import context_of
from jupyter_mlws.features.jobs import Validation
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record


@operation("connections/write")
def create_or_update(ws: Workspace, connection: dict[str, Any]) -> ConnectionView:
    """Create a connection, or put another in its place.

    Args:
        connection: as its YAML says it.
    Raises:
        Invalid: a field is wrong; nothing is stored.
    """
    spec, credential = connection_spec(connection)
    given = credential.model_dump(exclude_none=True) if credential else {}
    plain, sealed = ws.places.vault.sealed(given, credential.SECRETS if credential else ())
    known = ws.store.find_record(CONNECTION, spec.name)
    now_ms, who = to_ms(ws.clock()), ws.principal.name
    doc = {
        "spec": spec.model_dump(
            mode="json", exclude_none=True, exclude={"schema_", "credentials", "name"}
        ),
        "credentials": plain,
        "sealed": sealed,
        "created_by": known.doc["created_by"] if known else who,
        "created_ms": known.doc["created_ms"] if known else now_ms,
        "modified_by": who,
        "updated_ms": now_ms,
    }
    with ws.change(f"{CONNECTION}:{spec.name}", type=spec.type, replaced=known is not None) as tx:
        tx.put_record(CONNECTION, spec.name, doc)
    return get(ws, spec.name)


@operation("connections/read")
def validate(ws: Workspace, connection: dict[str, Any]) -> Validation:
    """Check a connection as `create` would, and store nothing."""
    try:
        connection_spec(connection)
    except Invalid as error:
        return Validation(passed=False, errors=[asdict(p) for p in error.problems], warnings=[])
    return Validation(passed=True, errors=[], warnings=[])


@operation("connections/read")
def list_(ws: Workspace, of_type: str | None = None) -> list[ConnectionView]:
    """All connections, by name.

    Args:
        of_type: only those of this type.
    """
    found = [_view(record) for record in ws.store.list_records(CONNECTION, limit=1000)]
    return sorted((c for c in found if of_type in (None, c.type)), key=lambda item: item.name)


@operation("connections/read")
def get(ws: Workspace, name: str) -> ConnectionView:
    """One connection.

    Raises:
        NotFound: there is none of this name.
    """
    return _view(_record(ws, name))


@operation("connections/write")
def delete(ws: Workspace, name: str) -> None:
    """Forget a connection.

    Raises:
        NotFound: there is none of this name.
    """
    _record(ws, name)
    with ws.change(f"{CONNECTION}:{name}") as tx:
        tx.delete_record(CONNECTION, name)


def _record(ws: Workspace, name: str) -> Record:
    record = ws.store.find_record(CONNECTION, name)
    if record is None:
        known = {record.name for record in ws.store.list_records(CONNECTION, limit=1000)}
        raise NotFound(f"There is no connection '{name}'.{did_you_mean(name, known)}")
    return record


def _view(record: Record) -> ConnectionView:
    doc = record.doc
    kind = doc["credentials"].get("type")
    assert kind is None or kind in CREDENTIALS
    return ConnectionView(
        **doc["spec"],
        id=f"azureml:{record.name}",
        name=record.name,
        credentials=doc["credentials"],
        secrets=sorted(doc["sealed"]),
        creation_context=context_of(doc),
    )
