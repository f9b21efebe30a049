"""Secrets: set or replaced, given to jobs as environment variables, never read back."""

from __future__ import annotations

import re

from jupyter_mlws.entities.connection import Secret
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.record import from_ms, to_ms
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution.vault import SECRET
from jupyter_mlws.features.datastores import context_of
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,126}")
MAX_LENGTH = 100_000
MOST_USES = 20


@operation("secrets/write")
def set_(ws: Workspace, name: str, value: str, description: str | None = None) -> Secret:
    """Keep a secret under a name, or replace its value; a job asks for it as `${{secrets.NAME}}`.

    Raises:
        Invalid: it is no name, or the value is empty or too long.
    """
    if not NAME.fullmatch(name):
        message = f"'{name:.60}' is no name: use letters, digits, _ and -, a letter first."
        raise Invalid.field("name", message)
    if not 1 <= len(value) <= MAX_LENGTH:
        raise Invalid.field("value", f"must have 1 to {MAX_LENGTH} characters.")
    known = ws.store.find_record(SECRET, name)
    before = known.doc if known else {}
    now_ms, who = to_ms(ws.clock()), ws.principal.name
    doc = {
        "sealed": ws.places.seal.close(value),
        "description": description if description is not None else before.get("description"),
        "created_by": before.get("created_by", who),
        "created_ms": before.get("created_ms", now_ms),
        "modified_by": who,
        "updated_ms": now_ms,
        "last_used_ms": before.get("last_used_ms"),
    }
    with ws.change(f"{SECRET}:{name}", replaced=known is not None) as tx:
        tx.put_record(SECRET, name, doc)
    return get(ws, name)


@operation("secrets/read")
def list_(ws: Workspace) -> list[Secret]:
    """All secrets by name, without their values."""
    return [_view(ws, record) for record in ws.store.list_records(SECRET, limit=1000)]


@operation("secrets/read")
def get(ws: Workspace, name: str) -> Secret:
    """One secret, without its value.

    Raises:
        NotFound: there is none of this name.
    """
    record = ws.store.find_record(SECRET, name)
    if record is None:
        known = {record.name for record in ws.store.list_records(SECRET, limit=1000)}
        raise NotFound(f"There is no secret '{name}'.{did_you_mean(name, known)}")
    return _view(ws, record)


@operation("secrets/write")
def delete(ws: Workspace, name: str) -> None:
    """Forget a secret; jobs that ask for it are refused from now on.

    Raises:
        NotFound: there is none of this name.
    """
    get(ws, name)
    with ws.change(f"{SECRET}:{name}") as tx:
        tx.delete_record(SECRET, name)


def _view(ws: Workspace, record: Record) -> Secret:
    doc = record.doc
    used = [target for _, _, target, _ in ws.store.edges(f"{SECRET}:{record.name}")]
    names = [target.partition(":")[2] for target in used]
    last = doc.get("last_used_ms")
    return Secret(
        name=record.name,
        description=doc.get("description"),
        creation_context=context_of(doc),
        last_used_at=from_ms(last) if last else None,
        used_by=names[:MOST_USES],
        n_uses=len(names),
    )
