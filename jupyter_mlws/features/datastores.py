"""Datastores: named places where data lies; what opens them is sealed and never answered."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.datastore import (
    DEFAULTS,
    Credentials,
    Datastore,
    DatastoreEntry,
    DatastoreSpec,
    Sql,
    datastore_spec,
)
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, MlwsError, NotFound
from jupyter_mlws.entities.profile import TablePreview
from jupyter_mlws.entities.record import CreationContext, View, from_ms, to_ms
from jupyter_mlws.execution.places import DEFAULT_KIND, FOLDERS
from jupyter_mlws.execution.vault import DATASTORE
from jupyter_mlws.features.jobs import Validation
from jupyter_mlws.features.operations import Download, operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.reading import addresses, databases
from jupyter_mlws.reading.places import Place, connect
from jupyter_mlws.reading.request import FileRef, PlaceRef, Request, TableRef
from jupyter_mlws.store.base import Record

MAX_ENTRIES = 5000


class Reachability(View):
    """Whether a datastore can be reached."""

    reachable: bool
    message: str = ""


@operation("datastores/write")
def create_or_update(ws: Workspace, datastore: dict[str, Any]) -> Datastore:
    """Create a datastore, or put another in its place.

    Args:
        datastore: as its YAML says it.
    Raises:
        Invalid: a field is wrong; nothing is stored.
        Conflict: it is one that every workspace has.
    """
    spec = datastore_spec(datastore)
    _check(spec)
    said = spec.model_dump(mode="json", exclude_none=True, exclude={"schema_", "credentials"})
    given = spec.credentials.model_dump(exclude_none=True) if spec.credentials else {}
    plain, sealed = ws.places.vault.sealed(given, Credentials.SECRETS)
    known = ws.store.find_record(DATASTORE, spec.name)
    now_ms, who = to_ms(ws.clock()), ws.principal.name
    doc = {
        "spec": said,
        "credentials": plain,
        "sealed": sealed,
        "created_by": known.doc["created_by"] if known else who,
        "created_ms": known.doc["created_ms"] if known else now_ms,
        "modified_by": who,
        "updated_ms": now_ms,
    }
    with ws.change(f"{DATASTORE}:{spec.name}", type=said["type"], replaced=known is not None) as tx:
        tx.put_record(DATASTORE, spec.name, doc)
    return get(ws, spec.name)


@operation("datastores/read")
def validate(ws: Workspace, datastore: dict[str, Any]) -> Validation:
    """Check a datastore as `create` would, and store nothing."""
    try:
        _check(datastore_spec(datastore))
    except Invalid as error:
        return Validation(passed=False, errors=[asdict(p) for p in error.problems], warnings=[])
    except Conflict as error:
        found = {"message": error.message, "field": "name", "line": None, "file": None}
        return Validation(passed=False, errors=[found], warnings=[])
    return Validation(passed=True, errors=[], warnings=[])


@operation("datastores/read")
def list_(ws: Workspace) -> list[Datastore]:
    """All datastores, by name; those that every workspace has come first."""
    own = [_view(ws, record) for record in ws.store.list_records(DATASTORE, limit=1000)]
    return [*(_default(ws, name) for name in DEFAULTS), *sorted(own, key=lambda item: item.name)]


@operation("datastores/read")
def get(ws: Workspace, name: str) -> Datastore:
    """One datastore.

    Raises:
        NotFound: there is none of this name.
    """
    if name in DEFAULTS:
        return _default(ws, name)
    ws.places.spec(name)
    return _view(ws, ws.store.get_record(DATASTORE, name))


@operation("datastores/read")
def get_default(ws: Workspace) -> Datastore:
    """The datastore that `${{default_datastore}}` means."""
    return get(ws, ws.places.default)


@operation("datastores/write")
def set_default(ws: Workspace, name: str) -> Datastore:
    """Let `${{default_datastore}}` mean a datastore.

    Raises:
        NotFound: there is none of this name.
    """
    ws.places.spec(name)
    with ws.change(f"{DATASTORE}:{name}", default=True) as tx:
        tx.put_record(DEFAULT_KIND, "default", {"name": name})
    return get(ws, name)


@operation("datastores/write")
def update(
    ws: Workspace, name: str, description: str | None = None, tags: dict[str, str] | None = None
) -> Datastore:
    """Change description and tags of a datastore; credentials stay.

    Args:
        tags: tags to be set; others stay.
    Raises:
        NotFound: there is none of this name.
        Conflict: it is one that every workspace has.
    """
    _require_own(name)
    ws.places.spec(name)
    with ws.change(
        f"{DATASTORE}:{name}", described=description is not None, tags=sorted(tags or ())
    ) as tx:
        doc = ws.store.get_record(DATASTORE, name).doc
        if description is not None:
            doc["spec"]["description"] = description
        doc["spec"]["tags"] = {**doc["spec"].get("tags", {}), **(tags or {})}
        doc.update(modified_by=ws.principal.name, updated_ms=to_ms(ws.clock()))
        tx.put_record(DATASTORE, name, doc)
    return get(ws, name)


@operation("datastores/write")
def delete(ws: Workspace, name: str, force: bool = False) -> None:
    """Forget a datastore; its files stay where they are.

    Args:
        force: even when versions of data lie on it, which then lead nowhere.
    Raises:
        NotFound: there is none of this name.
        Conflict: data lies on it, or every workspace has it.
    """
    _require_own(name)
    ws.places.spec(name)
    if not force and (users := _data_on(ws, name)):
        listed = ", ".join(users[:5])
        raise Conflict(f"Data lies on datastore '{name}' ({listed}): archive it, or use force.")
    with ws.change(f"{DATASTORE}:{name}") as tx:
        tx.delete_record(DATASTORE, name)
        if ws.places.default == name:
            tx.delete_record(DEFAULT_KIND, "default")


@operation("datastores/read")
def check(ws: Workspace, name: str) -> Reachability:
    """Whether a datastore answers, with its credentials.

    Raises:
        NotFound: there is none of this name.
    """
    spec, secrets = ws.places.spec(name)
    try:
        if isinstance(spec, Sql):
            databases.check(databases.url_of(spec, secrets), tuple(secrets.values()))
        elif spec.type == "http":
            connect(spec, secrets)
        else:
            _opened(ws, name, "").list("")
    except NotFound:
        return Reachability(reachable=False, message="The folder or container is not there.")
    except MlwsError as error:
        return Reachability(reachable=False, message=error.message)
    return Reachability(reachable=True)


@operation("datastores/read")
def list_files(ws: Workspace, name: str, path: str = "") -> list[DatastoreEntry]:
    """What is in a folder of a datastore, folders first; of a database its tables. At most 5000.

    Raises:
        NotFound: there is no such datastore or folder.
        Unavailable: the storage does not answer, or refuses the credentials.
    """
    spec, secrets = ws.places.spec(name)
    if isinstance(spec, Sql):
        found = databases.tables(databases.url_of(spec, secrets), tuple(secrets.values()))
        return [DatastoreEntry(path=table) for table in found][:MAX_ENTRIES]
    place = _opened(ws, name, path)
    return [entry for entry in place.list(path) if not _is_private(ws, place, entry)][:MAX_ENTRIES]


@operation("datastores/read")
def read_file(ws: Workspace, name: str, path: str) -> Download:
    """One file of a datastore.

    Raises:
        NotFound: there is none.
        Unavailable: the storage does not answer, or refuses the credentials.
    """
    place = _opened(ws, name, path)
    found, is_file = place.files(addresses.inside(path))
    if not is_file:
        raise NotFound(f"'{path}' of datastore '{name}' is a folder.")
    last = path.rstrip("/").rpartition("/")[2]
    if place.is_local:
        return Download(Path(found[0].full), last)
    target = scratch_file(ws)
    place.download(found[0], target)
    return Download(target, last, is_temporary=True)


@operation("datastores/read")
def preview(ws: Workspace, name: str, path: str, offset: int = 0, limit: int = 100) -> TablePreview:
    """Some rows of a table on a datastore: a file, a folder, or a pattern.

    Args:
        limit: 1 to 1000.
    Raises:
        Invalid: it is no table.
        NotFound: there is no such file.
    """
    if not 1 <= limit <= 1000 or offset < 0:
        raise Invalid.field("limit", "must be 1 to 1000, and the offset not negative.")
    place = _opened(ws, name, path)
    found, _ = place.files(path)
    spec, secrets = ws.places.spec(name)
    files = [
        FileRef(
            name=file.path,
            location=file.full,
            place=None if place.is_local else 0,
            size_bytes=file.size_bytes,
        )
        for file in found
    ]
    ref = PlaceRef(spec=spec.model_dump(mode="json", exclude_none=True), secrets=secrets)
    table = TableRef(files=files, places=[] if place.is_local else [ref])
    return ws.analyses.preview(Request(task="preview", tables=[table], offset=offset, limit=limit))


def scratch_file(ws: Workspace) -> Path:
    """A name for bytes on their way through."""
    import secrets

    folder = ws.path / "runtime" / "scratch"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / secrets.token_hex(16)


def _opened(ws: Workspace, name: str, path: str) -> Place:
    spec, secrets = ws.places.spec(name)
    place = connect(spec, secrets)
    ws.places.guard(place, path)
    return place


def _is_private(ws: Workspace, place: Place, entry: DatastoreEntry) -> bool:
    """Whether an entry is the workspace itself."""
    try:
        ws.places.guard(place, entry.path)
    except Denied:
        return True
    return False


def _check(spec: DatastoreSpec) -> None:
    _require_own(spec.name)
    if isinstance(spec, Sql):
        databases.url_of(spec, {})


def _require_own(name: str) -> None:
    if name in DEFAULTS:
        raise Conflict(f"Every workspace has '{name}': choose another name.")


def _data_on(ws: Workspace, name: str) -> list[str]:
    found = []
    for record in ws.store.list_records("data", limit=100_000):
        path = str((record.doc.get("content") or {}).get("path", ""))
        match = addresses.ON_DATASTORE.match(path)
        if record.version and match and match["datastore"].lower() == name:
            found.append(f"{record.name}:{record.version}")
    return found


def _default(ws: Workspace, name: str) -> Datastore:
    moment = ws.started_at
    context = CreationContext(
        created_at=moment, created_by="system", last_modified_at=moment, last_modified_by="system"
    )
    return Datastore(
        id=f"azureml:{name}",
        name=name,
        type="file",
        description="Every workspace has it: a folder of its own.",
        is_default=ws.places.default == name,
        creation_context=context,
        path=str(ws.path / FOLDERS[name]),  # type: ignore[call-arg]
    )


def _view(ws: Workspace, record: Record) -> Datastore:
    doc = record.doc
    return Datastore(
        **{
            **doc["spec"],
            "id": f"azureml:{record.name}",
            "credentials": doc["credentials"],
            "secrets": sorted(doc["sealed"]),
            "is_default": ws.places.default == record.name,
            "creation_context": context_of(doc),
        }
    )


def context_of(doc: dict[str, Any]) -> CreationContext:
    """Who made a thing and who changed it last."""
    return CreationContext(
        created_at=from_ms(doc["created_ms"]),
        created_by=doc["created_by"],
        last_modified_at=from_ms(doc["updated_ms"]),
        last_modified_by=doc["modified_by"],
    )
