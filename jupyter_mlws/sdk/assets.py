"""What happens to an asset on the caller's side: read from YAML, its files sent and fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, Union

from jupyter_mlws.entities.asset import SPECS, AssetSpec, Component, Data, Model
from jupyter_mlws.entities.errors import Invalid, NotFound, Problem
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.entities.yaml import Document, override
from jupyter_mlws.sdk import environments, foreign, snapshot
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.jobs import Submission, with_components
from jupyter_mlws.sdk.transport import Transport

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

AssetSource = Union[AssetSpec, Mapping[str, Any], str, "os.PathLike[str]", TextIO]


@contextmanager
def shipment(
    noun: str,
    source: AssetSource,
    changes: Mapping[str, Any] | None = None,
    assignments: list[str] | None = None,
) -> Iterator[tuple[dict[str, Any], Path]]:
    """The asset of `source`, checked, and from where its paths start.

    Problems that are found inside the block get file and line.

    Raises:
        Invalid: it cannot be read, or a field is wrong.
    """
    document, origin = _document(source)
    given = {key: value for key, value in (changes or {}).items() if value is not None}
    document = override(replace(document, data={**document.data, **given}), assignments or [])
    document = with_components(document, origin)
    try:
        SPECS[noun](document.data)
        yield document.data, origin
    except Invalid as error:
        raise document.invalid(error) from None


def send(transport: Transport, document: dict[str, Any], origin: Path) -> None:
    """Send local files, and put references in their place.

    Raises:
        Invalid: a path leads nowhere.
    """
    value = document.get("path")
    if isinstance(value, str) and is_local(value) and not value.startswith("models:/"):
        document["path"] = snapshot.send(transport, _found(value, origin, "path"), code=False)
    made = Submission(document, origin)
    made.send(transport)
    if made.git is not None and "code" in document:
        document["properties"] = {**(document.get("properties") or {}), **_source(made.git)}
    if any(field in document for field in ("conda_file", "requirements", "build")):
        environments.send(transport, document, origin)


def download(
    client: MLClient, noun: str, name: str, version: str | None, target: Path
) -> list[Path]:
    """Fetch the files of a version into `target`; answers where they lie now."""
    version = version or client.call(f"{noun}.get", name=name).version
    root = target.resolve()
    made = []
    for file in client.call(f"{noun}.list_files", name=name, version=version):
        place = (root / file.path).resolve()
        if root not in place.parents:
            raise NotFound(f"'{file.path}' leads out of the folder.")
        client.transport.download(
            f"{noun}.read_file", {"name": name, "path": file.path, "version": version}, place
        )
        made.append(place)
    return made


def load_data(source: str | os.PathLike[str] | TextIO) -> Data:
    """The data that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    made = _load("data", source)
    assert isinstance(made, Data)
    return made


def load_model(source: str | os.PathLike[str] | TextIO) -> Model:
    """The model that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    made = _load("models", source)
    assert isinstance(made, Model)
    return made


def load_component(source: str | os.PathLike[str] | TextIO) -> Component:
    """The component that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    made = _load("components", source)
    assert isinstance(made, Component)
    return made


def _source(git: GitState) -> dict[str, str]:
    """The properties by which Azure ML tells where code came from."""
    said = {
        "azureml.git.repository_uri": git.repository,
        "azureml.git.branch": git.branch,
        "azureml.git.commit": git.commit,
        "azureml.git.dirty": str(git.dirty),
    }
    return {key: value for key, value in said.items() if value is not None}


def _load(noun: str, source: str | os.PathLike[str] | TextIO) -> AssetSpec:
    with shipment(noun, source) as (document, origin):
        spec = SPECS[noun](document)
    object.__setattr__(spec, "__mlws_origin__", origin)
    return spec


def _document(source: AssetSource) -> tuple[Document, Path]:
    if isinstance(source, AssetSpec):
        origin = getattr(source, "__mlws_origin__", Path.cwd())
        data = source.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        if "type" in type(source).model_fields:
            data["type"] = source.type  # type: ignore[attr-defined]
        return Document(data, {}, None), origin
    if (said := foreign.described(source)) is not None:
        return Document(said[0], {}, None), said[1]
    if isinstance(source, Mapping):
        return override(Document(dict(source), {}, None), []), Path.cwd()
    return read(source)


def _found(text: str, origin: Path, field: str) -> Path:
    path = origin / Path(text.removeprefix("file:")).expanduser()
    if not path.exists():
        raise Invalid.of([Problem(f"there is no '{text}' in {origin}.", field)])
    return path.resolve()
