"""Views: how a page shows things, saved for everybody and shared by a link."""

from __future__ import annotations

import secrets
from typing import Any, Literal

import orjson

from jupyter_mlws.entities.errors import AlreadyExists, Invalid, NotFound
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.run_set import SavedView, SavedViewSpec
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record

KIND = "view"
MOST_BYTES = 64 << 10


@operation("views/read")
def list_(ws: Workspace, page: Literal["runs"] = "runs") -> list[SavedView]:
    """Views of a page, oldest first."""
    return [_view_of(row) for row in ws.store.list_records(KIND, where={"page": page})]


@operation("views/read")
def get(ws: Workspace, id: str) -> SavedView:
    """One view."""
    return _view_of(_find(ws, id))


@operation("views/write")
def create(ws: Workspace, view: SavedViewSpec) -> SavedView:
    """Save a view.

    Raises:
        AlreadyExists: the page has one of this name.
        Invalid: its state is too large.
    """
    view_id = secrets.token_hex(4)
    _require_fit(ws, view, view_id)
    by = {"created_by": ws.principal.name, "last_modified_by": ws.principal.name}
    with ws.change(f"view:{view_id}", name=view.name) as tx:
        tx.add_record(KIND, view_id, {**view.model_dump(mode="json"), **by})
    return get(ws, view_id)


@operation("views/write")
def update(
    ws: Workspace, id: str, name: str | None = None, state: dict[str, Any] | None = None
) -> SavedView:
    """Rename a view, or save what it shows now.

    Raises:
        AlreadyExists: another view of the page has this name.
        Invalid: its state is too large.
    """
    doc = _find(ws, id).doc
    changed = {
        **doc,
        "name": doc["name"] if name is None else name,
        "state": doc["state"] if state is None else state,
        "last_modified_by": ws.principal.name,
    }
    fields = {field: changed[field] for field in SavedViewSpec.model_fields}
    if not 1 <= len(changed["name"]) <= 100:
        raise Invalid.field("name", "must have 1 to 100 characters.")
    _require_fit(ws, SavedViewSpec.model_validate(fields), id)
    with ws.change(f"view:{id}", name=changed["name"]) as tx:
        tx.put_record(KIND, id, changed)
    return get(ws, id)


@operation("views/write")
def delete(ws: Workspace, id: str) -> None:
    """Forget a view; the runs it shows stay."""
    _find(ws, id)
    with ws.change(f"view:{id}") as tx:
        tx.delete_record(KIND, id)


def _find(ws: Workspace, view_id: str) -> Record:
    found = ws.store.find_record(KIND, view_id)
    if found is None:
        raise NotFound(f"There is no view '{view_id:.60}'.")
    return found


def _require_fit(ws: Workspace, view: SavedViewSpec, view_id: str) -> None:
    size = len(orjson.dumps(view.state))
    if size > MOST_BYTES:
        raise Invalid.field("state", f"is {size} bytes of JSON; at most {MOST_BYTES} are kept.")
    if any(other.name == view.name and other.id != view_id for other in list_(ws, view.page)):
        raise AlreadyExists(f"There is a view '{view.name}' already: choose another name.")


def _view_of(row: Record) -> SavedView:
    return SavedView(
        id=row.name,
        created_at=from_ms(row.created_ms),
        last_modified_at=from_ms(row.updated_ms),
        **row.doc,
    )
