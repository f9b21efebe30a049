"""What is described by a document alone and needs no files: datastores, connections, imports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, Union

from pydantic import BaseModel

from jupyter_mlws.entities.compute import compute_fields
from jupyter_mlws.entities.connection import Connection, DataImport, connection_spec, import_spec
from jupyter_mlws.entities.datastore import DatastoreSpec, datastore_spec
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.registry import registry_spec
from jupyter_mlws.entities.webhook import webhook_spec
from jupyter_mlws.entities.yaml import Document, override
from jupyter_mlws.sdk.documents import read

DocumentSource = Union[BaseModel, Mapping[str, Any], str, "os.PathLike[str]", TextIO]
CHECKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "datastores": datastore_spec,
    "connections": connection_spec,
    "data": import_spec,
    "webhooks": webhook_spec,
    "computes": compute_fields,
    "registries": registry_spec,
}
ARGUMENTS = {
    "datastores": "datastore",
    "connections": "connection",
    "data": "data_import",
    "webhooks": "webhook",
    "computes": "compute",
    "registries": "registry",
}
"""Name of the argument that takes the document."""


@contextmanager
def described(
    noun: str,
    source: DocumentSource,
    changes: Mapping[str, Any] | None = None,
    assignments: list[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """The document of `source`, checked; problems found inside the block get file and line.

    Raises:
        Invalid: it cannot be read, or a field is wrong.
    """
    document = _document(source)
    given = {key: value for key, value in (changes or {}).items() if value is not None}
    document = override(
        Document({**document.data, **given}, document.lines, document.file), assignments or []
    )
    try:
        CHECKS[noun](document.data)
        yield document.data
    except Invalid as error:
        raise document.invalid(error) from None


def load_datastore(source: str | os.PathLike[str] | TextIO) -> DatastoreSpec:
    """The datastore that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    with described("datastores", source) as document:
        return datastore_spec(document)


def load_connection(source: str | os.PathLike[str] | TextIO) -> Connection:
    """The connection that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    with described("connections", source) as document:
        return connection_spec(document)[0]


def load_import(source: str | os.PathLike[str] | TextIO) -> DataImport:
    """The import that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    with described("data", source) as document:
        return import_spec(document)


def _document(source: DocumentSource) -> Document:
    if isinstance(source, BaseModel):
        data = source.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
        if "type" in type(source).model_fields:
            data["type"] = source.type  # type: ignore[attr-defined]
        return Document(data, {}, None)
    if isinstance(source, Mapping):
        return override(Document(dict(source), {}, None), [])
    if isinstance(source, (str, os.PathLike)):
        return read(Path(source))[0]
    return read(source)[0]
