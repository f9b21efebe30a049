"""Data that is brought in: rows of a database as Parquet, files of another storage as they are.

The service says where the data lie and opens the credentials; a process of the job fetches them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from jupyter_mlws.entities.connection import Connection, DatabaseSource, FileSource, Source
from jupyter_mlws.entities.datastore import (
    S3,
    AzureBlob,
    AzureDataLakeGen2,
    Credentials,
    DatastoreSpec,
    Sql,
    datastore_spec,
)
from jupyter_mlws.entities.errors import Invalid, NotFound, Problem
from jupyter_mlws.entities.import_job import OUTPUT, ImportJob
from jupyter_mlws.entities.mltable import FILE
from jupyter_mlws.entities.record import View
from jupyter_mlws.entities.yaml import dump
from jupyter_mlws.execution.places import Places
from jupyter_mlws.execution.vault import CONNECTION
from jupyter_mlws.reading import databases
from jupyter_mlws.reading.places import connect
from jupyter_mlws.reading.request import PlaceRef

ROWS = "data.parquet"
TABLE = {
    "type": "mltable",
    "paths": [{"file": f"./{ROWS}"}],
    "transformations": ["read_parquet"],
}
ERRAND = ".import-errand.json"

Report = Callable[[int, int, str], None]
"""Takes how much is done, of how much (0 when nobody knows), and of what."""


class Errand(View):
    """What the process of an import must know; handed over in a file that is gone once it was read."""

    source: Source
    type: str
    target: Path
    database: str | None = Field(default=None, repr=False)
    """Address of the database, with its password."""
    place: PlaceRef | None = None
    path: str = ""
    secrets: list[str] = Field(default_factory=list, repr=False)

    def put(self, folder: Path) -> None:
        """Leave it for the process, readable by nobody else."""
        descriptor = os.open(folder / ERRAND, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.model_dump_json())

    @classmethod
    def take(cls, folder: Path) -> Errand:
        """The errand that was left in `folder`; the file, which holds secrets, is removed.

        Raises:
            FileNotFoundError: it was taken before.
        """
        path = folder / ERRAND
        errand = cls.model_validate_json(path.read_bytes())
        path.unlink()
        return errand


def problems(spec: ImportJob, places: Places) -> Iterator[Problem]:
    """Why an import cannot be done, before its source is asked."""
    name = _name(spec.source.connection)
    is_database = isinstance(spec.source, DatabaseSource)
    if is_database and spec.outputs[OUTPUT].type == "uri_file":
        message = "rows are a table or a folder: use mltable or uri_folder."
        yield Problem(message, f"outputs.{OUTPUT}.type")
    if not name or places.store.find_record(CONNECTION, name) is not None:
        return
    try:
        found, _ = places.spec(name)
    except NotFound:
        message = f"there is no connection and no datastore '{name}'."
        yield Problem(message, "source.connection", here=True)
        return
    if is_database != isinstance(found, Sql):
        wanted = "a database" if is_database else "a storage of files"
        yield Problem(f"'{name}' is not {wanted}.", "source.connection")


def errand(spec: ImportJob, target: Path, places: Places) -> Errand:
    """What the process must know to bring the data in.

    Raises:
        Invalid: the source is no such thing.
        NotFound: it is not there any more.
    """
    type_ = spec.outputs[OUTPUT].type
    if isinstance(spec.source, DatabaseSource):
        said, secrets = _database(_name(spec.source.connection), places)
        url = databases.url_of(said, secrets).render_as_string(hide_password=False)
        return Errand(
            source=spec.source,
            type=type_,
            target=target,
            database=url,
            secrets=list(secrets.values()),
        )
    storage, secrets, path = _storage(spec.source, places)
    return Errand(
        source=spec.source,
        type=type_,
        target=target,
        place=PlaceRef(
            spec=storage.model_dump(mode="json", by_alias=True, exclude_none=True), secrets=secrets
        ),
        path=path,
        secrets=list(secrets.values()),
    )


def fetch(errand: Errand, report: Report) -> dict[str, Any]:
    """Bring the data in; answers what is worth keeping about where they are from.

    Raises:
        Invalid: the source refuses.
        NotFound: there is nothing.
        Unavailable: it cannot be reached.
    """
    if isinstance(errand.source, DatabaseSource):
        return _fetch_rows(errand, errand.source, report)
    assert errand.place
    place = connect(datastore_spec(errand.place.spec), errand.place.secrets)
    found, is_file = place.files(errand.path)
    if errand.type == "uri_file" and not is_file:
        raise Invalid.field("type", f"'{errand.source.path}' is a folder: use type uri_folder.")
    errand.target.mkdir(mode=0o700, exist_ok=True)
    for number, file in enumerate(found):
        report(number, len(found), "files")
        place.download(file, errand.target / file.path)
    report(len(found), len(found), "files")
    n_bytes = sum(file.size_bytes for file in found)
    return {"source": errand.source.path, "files": len(found), "bytes": n_bytes}


def _fetch_rows(errand: Errand, source: DatabaseSource, report: Report) -> dict[str, Any]:
    from sqlalchemy import make_url

    assert errand.database
    url, rows = make_url(errand.database), errand.target / ROWS
    n_rows, _ = databases.export(
        url, source, rows, errand.secrets, report=lambda done: report(done, 0, "rows")
    )
    if errand.type == "mltable":
        (errand.target / FILE).write_text(dump(TABLE))
    return {
        "source": url.render_as_string(hide_password=True),
        "query": source.query or source.table_name or source.stored_procedure,
        "rows": n_rows,
        "bytes": rows.stat().st_size,
    }


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


def _storage(source: FileSource, places: Places) -> tuple[DatastoreSpec, dict[str, str], str]:
    """The storage that files come from, its secrets, and the path there.

    It is that of an address, a datastore, or a connection.
    """
    name = _name(source.connection)
    found = places.find(source.path)
    path = found[0].path if found else source.path
    record = places.store.find_record(CONNECTION, name) if name else None
    if record is not None:
        connection, secrets = _connection(name, record.doc, places)
        return *_as_datastore(connection, secrets, found[1] if found else None), path
    if name:
        spec, secrets = places.spec(name)
    elif found:
        _, spec, secrets = found
    else:
        raise Invalid.field("source.path", f"'{source.path}' is no address of data.")
    if spec.type == "sql":
        raise Invalid.field("source.connection", f"'{name}' is a database.")
    places.guard(connect(spec, secrets), path)
    return spec, secrets, path


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
