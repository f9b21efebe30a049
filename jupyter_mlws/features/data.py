"""Data: files, folders and tables with versions that never change."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_mlws.entities.asset import AssetSpec, Data, data_spec
from jupyter_mlws.entities.connection import import_spec
from jupyter_mlws.entities.errors import Denied, Invalid, NotFound
from jupyter_mlws.entities.import_job import as_said, job_of
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.lineage import AssetUse
from jupyter_mlws.entities.mltable import FILE, table_spec
from jupyter_mlws.entities.profile import Analysis, TablePreview
from jupyter_mlws.execution import assets, contents, records
from jupyter_mlws.execution.analyses import key_of
from jupyter_mlws.features import uses
from jupyter_mlws.features.assets import bind, held
from jupyter_mlws.features.jobs import Validation, judged
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.reading import addresses
from jupyter_mlws.reading.request import Request, TableRef

MAX_ROWS = 1000
MAX_WAIT_S = 30


def settle(ws: Workspace, spec: AssetSpec) -> list[str]:
    """Check where data lies, copy it to the datastore that is asked for, and read its MLTable file.

    Raises:
        Invalid: its address is wrong, names no datastore, or its MLTable file is wrong.
    """
    assert isinstance(spec, Data)
    warnings = []
    if ws.registry and spec.datastore:
        raise Invalid.field("datastore", "a registry has none: it holds the files itself.")
    try:
        if spec.datastore:
            ws.places.spec(name := spec.datastore.removeprefix("azureml:"))
            if spec.path.startswith("snapshot:"):
                spec.path = _uploaded(ws, spec.path, name)
        found = None if ws.registry else ws.places.find(spec.path)
    except (NotFound, Denied) as error:
        raise Invalid.field("datastore" if spec.datastore else "path", error.message) from None
    except Invalid as error:
        raise error if error.problems else Invalid.field("path", error.message) from None
    if found and found[1].type == "sql":
        raise Invalid.field("path", "is a database: `mlws data import` brings its rows in.")
    if spec.auto_delete_setting:
        warnings.append("auto_delete_setting: nothing is removed by itself here.")
    if spec.type == "mltable" and not found:
        _check_table(ws, spec.path)
    return warnings


bind("data", "data", data_spec, module=__name__, settle=settle)


@operation("data/read", in_registries=True)
def preview(
    ws: Workspace,
    name: str,
    version: str | None = None,
    path: str | None = None,
    offset: int = 0,
    limit: int = 100,
) -> TablePreview:
    """Some rows of the table that a version is; of the latest when none is named.

    Args:
        path: one file of it, or a folder in it; all of it when absent.
        limit: 1 to 1000.
    Raises:
        Invalid: it is no table, or cannot be read; with the line where the reader tells it.
        NotFound: there is no such version or file.
    """
    if not 1 <= limit <= MAX_ROWS:
        raise Invalid.field("limit", f"must be 1 to {MAX_ROWS} (got {limit}).")
    if offset < 0:
        raise Invalid.field("offset", f"must not be negative (got {offset}).")
    table = _table(ws, name, version, path)
    return ws.analyses.preview(Request(task="preview", tables=[table], offset=offset, limit=limit))


@operation("data/read", in_registries=True)
async def profile(
    ws: Workspace, name: str, version: str | None = None, wait_s: float = 0
) -> Analysis:
    """What the columns of a version look like; worked out once for equal content, in the background.

    Args:
        wait_s: seconds to wait for news, at most 30.
    Raises:
        NotFound: there is no such version.
    """
    table = await asyncio.to_thread(_table, ws, name, version, None)
    return await _answer(ws, Request(task="profile", tables=[table]), wait_s)


@operation("data/read", in_registries=True)
async def compare(ws: Workspace, name: str, version: str, base: str, wait_s: float = 0) -> Analysis:
    """How a version differs from another: columns, and the distribution of each.

    Args:
        base: the earlier version.
        wait_s: seconds to wait for news, at most 30.
    Raises:
        NotFound: there is no such version.
    """
    tables = [await asyncio.to_thread(_table, ws, name, which, None) for which in (base, version)]
    return await _answer(ws, Request(task="compare", tables=tables), wait_s)


@operation("data/read")
def list_uses(ws: Workspace, name: str, version: str | None = None) -> list[AssetUse]:
    """The runs that read or made a version, newest first; of the latest when none is named.

    Raises:
        NotFound: there is no such version.
    """
    return uses.of(ws, assets.find(ws.store, "data", name, version))


@operation("data/write")
def import_data(ws: Workspace, data_import: dict[str, Any]) -> Job:
    """Bring in rows of a database or files of another storage: a job, which makes the new version.

    Args:
        data_import: as its YAML says it.
    Raises:
        Invalid: a field is wrong, or there is no such connection; nothing is stored.
    """
    job = job_of(import_spec(data_import))
    try:
        name = ws.dispatcher.desk.submit(job, user=ws.principal.name)
    except Invalid as error:
        raise as_said(error) from None
    ws.dispatcher.wake()
    return records.load(ws.store, ws.url, name)


@operation("data/read")
def validate_import(ws: Workspace, data_import: dict[str, Any]) -> Validation:
    """Check an import as `import_data` would, without asking its source."""
    try:
        job = job_of(import_spec(data_import))
        ws.dispatcher.desk.check(job, user=ws.principal.name)
    except Invalid as error:
        return judged(as_said(error).problems)
    return judged([])


async def _answer(ws: Workspace, request: Request, wait_s: float) -> Analysis:
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise Invalid.field("wait_s", f"must be 0 to {MAX_WAIT_S} (got {wait_s}).")
    key = key_of(request)
    seen = await asyncio.to_thread(
        ws.analyses.get, ws.store, key, request, ws.principal.name, action=ws.action
    )
    if wait_s and seen.state == "running":
        return await asyncio.to_thread(ws.analyses.wait, key, seen, wait_s)
    return seen


def _table(ws: Workspace, name: str, version: str | None, path: str | None) -> TableRef:
    record = assets.find(ws.store, "data", name, version)
    content = held(ws, record)
    type_ = str(record.doc["content"]["type"])
    if path:
        inside = addresses.inside(path)
        files = [f for f in content.files if f.path == inside or f.path.startswith(f"{inside}/")]
        if not files:
            raise NotFound(f"There is no '{path}' in data '{name}'.")
        content, type_ = contents.Content(files, len(files) == 1), "uri_folder"
    return contents.table(type_, content, ws.store, ws.blobs, ws.places)


def _check_table(ws: Workspace, path: str) -> None:
    """Refuse a table whose MLTable file is wrong, while somebody is there who can mend it."""
    try:
        content = contents.of(path, ws.store, ws.blobs, ws.places)
    except NotFound as error:
        raise Invalid.field("path", error.message) from None
    for file in content.files:
        if file.path == FILE:
            table_spec(file.read())


def _uploaded(ws: Workspace, reference: str, datastore: str) -> str:
    """Local files on the datastore that was asked for; answers their address."""
    content = contents.of(reference, ws.store, ws.blobs, ws.places)
    base = f"azureml://datastores/{datastore}/paths/LocalUpload/{content.key[:32]}"
    place, below = ws.places.open(base)
    for file in content.files:
        assert file.local
        place.upload(file.local, f"{below}/{file.path}")
    return f"{base}/{content.files[0].path}" if content.is_file else f"{base}/"
