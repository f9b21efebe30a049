"""Data that is brought in: rows of a database as Parquet, files of another storage as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.connection import Connection, DatabaseSource, DataImport, FileSource
from jupyter_mlws.entities.datastore import S3, AzureBlob, AzureDataLakeGen2, Credentials, Sql
from jupyter_mlws.entities.errors import Invalid, NotFound, Problem
from jupyter_mlws.entities.mltable import FILE
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.entities.yaml import dump
from jupyter_mlws.execution import names, outputs
from jupyter_mlws.execution.places import Places
from jupyter_mlws.execution.vault import CONNECTION
from jupyter_mlws.reading import databases
from jupyter_mlws.reading.places import Place, connect

if TYPE_CHECKING:
    from jupyter_mlws.store.base import Blobs, Store

ROWS = "data.parquet"
TABLE = {
    "type": "mltable",
    "paths": [{"file": f"./{ROWS}"}],
    "transformations": ["read_parquet"],
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to.

    Attributes:
        path: where it lies now.
        snapshot: the content, where the workspace keeps it.
    """

    type: str
    path: str
    snapshot: Snapshot | None


def check(spec: DataImport, places: Places) -> None:
    """Refuse an import that cannot be done, before its source is asked.

    Raises:
        Invalid: it names no connection, or its files go nowhere.
    """
    name = _name(spec.source.connection)
    if name and places.store.find_record(CONNECTION, name) is None:
        try:
            found, _ = places.spec(name)
        except NotFound:
            message = f"there is no connection and no datastore '{name}'."
            problem = Problem(message, "source.connection", here=True)
            raise Invalid.of([problem]) from None
        if isinstance(spec.source, DatabaseSource) != isinstance(found, Sql):
            wanted = (
                "a database" if isinstance(spec.source, DatabaseSource) else "a storage of files"
            )
            raise Invalid.field("source.connection", f"'{name}' is not {wanted}.")
    if isinstance(spec.source, DatabaseSource) and spec.type == "uri_file" and spec.path:
        raise Invalid.field("type", "rows are a table or a folder: use mltable or uri_folder.")
    if spec.path:
        problems = list(outputs.path_problems(spec.path, "path", places))
        if problems:
            raise Invalid.of(problems)


def run(
    spec: DataImport, store: Store, blobs: Blobs, places: Places, folder: Path
) -> tuple[Imported, dict[str, str]]:
    """Bring the data in; answers what it became, and what is worth keeping about where it is from.

    Args:
        folder: for what is on its way; empty.
    Raises:
        Invalid: the source refuses.
        Unavailable: it cannot be reached.
    """
    if isinstance(spec.source, DatabaseSource):
        said, secrets = _database(_name(spec.source.connection), places)
        url = databases.url_of(said, secrets)
        n_rows, _ = databases.export(url, spec.source, folder / ROWS, tuple(secrets.values()))
        told = {
            "mlws.import.source": url.render_as_string(hide_password=True),
            "mlws.import.query": spec.source.query
            or spec.source.table_name
            or spec.source.stored_procedure
            or "",
            "mlws.import.rows": str(n_rows),
        }
        if spec.type == "mltable":
            (folder / FILE).write_text(dump(TABLE))
        files = sorted(path for path in folder.iterdir())
        kept = [_kept(path, path.name, blobs) for path in files] if not spec.path else []
        snapshot = Snapshot(files=kept, is_file=spec.type == "uri_file") if kept else None
        if spec.path:
            return Imported(spec.type, _delivered(spec, folder, places), None), told
        assert snapshot
        return Imported(spec.type, snapshot.reference, snapshot), told
    place, path = _storage(spec.source, places)
    found, is_file = place.files(path)
    for file in found:
        place.download(file, folder / file.path)
    type_ = "uri_file" if is_file and spec.type == "uri_file" else spec.type
    if type_ == "uri_file" and not is_file:
        raise Invalid.field("type", f"'{spec.source.path}' is a folder: use type uri_folder.")
    if type_ == "mltable" and all(file.path != FILE for file in found):
        type_ = "uri_folder"
    told = {"mlws.import.source": spec.source.path, "mlws.import.files": str(len(found))}
    if spec.path:
        return Imported(type_, _delivered(spec, folder, places), None), told
    kept = [_kept(folder / file.path, file.path, blobs) for file in found]
    snapshot = Snapshot(files=kept, is_file=type_ == "uri_file")
    return Imported(type_, snapshot.reference, snapshot), told


def _delivered(spec: DataImport, folder: Path, places: Places) -> str:
    """Copy what was fetched to the datastore of `path`; answers the address of the folder."""
    assert spec.path
    given = spec.path.rstrip("/") + "/"
    text = outputs.target(given, name=names.make(), output_name=spec.name, places=places)
    place, below = places.open(text)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        place.upload(file, f"{below}/{file.relative_to(folder).as_posix()}")
    return text


def _kept(path: Path, name: str, blobs: Blobs) -> SnapshotFile:
    blob, size = blobs.put_file(path)
    return SnapshotFile(path=name, blob=blob, size_bytes=size)


def _name(reference: str | None) -> str:
    return (reference or "").removeprefix("azureml:").rpartition("/")[2]


def _database(name: str, places: Places) -> tuple[Sql | Connection, dict[str, str]]:
    record = places.store.find_record(CONNECTION, name)
    if record is None:
        spec, secrets = places.spec(name)
        assert isinstance(spec, Sql)
        return spec, secrets
    connection, secrets = _connection(name, record.doc, places)
    return connection, secrets


def _connection(
    name: str, doc: dict[str, Any], places: Places
) -> tuple[Connection, dict[str, str]]:
    fields = {**doc["spec"], "name": name, "credentials": doc["credentials"]}
    record = places.store.get_record(CONNECTION, name)
    return Connection.model_validate(fields), places.vault.connection(record)


def _storage(source: FileSource, places: Places) -> tuple[Place, str]:
    """The storage that files come from: of an address, a datastore, or a connection."""
    name = _name(source.connection)
    if not name:
        return places.open(source.path)
    found = places.find(source.path)
    path = found[0].path if found else source.path
    record = places.store.find_record(CONNECTION, name)
    if record is None:
        spec, secrets = places.spec(name)
        if spec.type == "sql":
            raise Invalid.field("source.connection", f"'{name}' is a database.")
        place = connect(spec, secrets)
        places.guard(place, path)
        return place, path
    connection, secrets = _connection(name, record.doc, places)
    return connect(*_as_datastore(connection, secrets, found[1] if found else None)), path


def _as_datastore(
    connection: Connection, secrets: dict[str, str], addressed: Any
) -> tuple[Any, dict[str, str]]:
    """The storage that a connection opens: its target is an address, or `source.path` is."""
    given = {k: v for k, v in (connection.credentials or {}).items() if k != "type"}
    target = connection.target or ""
    match connection.type:
        case "s3":
            bucket = target.removeprefix("s3://").strip("/").partition("/")[0]
            spec: Any = (
                addressed if isinstance(addressed, S3) else S3(name="_", bucket=bucket or "_")
            )
        case "azure_blob" | "azure_data_lake_gen2" if isinstance(
            addressed, (AzureBlob, AzureDataLakeGen2)
        ):
            spec = addressed
        case _:
            raise Invalid.field(
                "source.connection",
                f"files cannot be read through a connection of type {connection.type}: make a datastore.",
            )
    credentials = Credentials.model_construct(**given) if given else None
    return spec.model_copy(update={"credentials": credentials}), secrets
