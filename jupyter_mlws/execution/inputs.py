"""A job's inputs: checked when it is submitted, laid out as values and files when it starts.

Data of a datastore is fetched by the workspace before the job starts, so that a job never sees what opens it.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyter_mlws.entities.errors import Denied, Invalid, NotFound, Problem
from jupyter_mlws.entities.job import LITERAL_TYPES, Input, JobSpec
from jupyter_mlws.entities.registry import reference_of
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.execution import artifacts, assets, contents, snapshots
from jupyter_mlws.execution.places import Places
from jupyter_mlws.reading import addresses
from jupyter_mlws.store.base import Blobs, Record, Store

DOWNLOAD_TIMEOUT_S = 60
"""Seconds without a byte after which a download has failed."""


EVALUATED = frozenset({"eval_mount", "eval_download"})
"""Modes in which an MLTable is the files that it lists."""


def problems(
    spec: JobSpec, store: Store, blobs: Blobs, places: Places, *, pending: Collection[str] = ()
) -> Iterator[Problem]:
    """What is wrong with the inputs, as far as it can be told before the job starts.

    Args:
        pending: inputs that come later.
    """
    for name, given in spec.inputs.items():
        if not isinstance(given, Input) or name in pending:
            continue
        try:
            if is_literal(given):
                _literal(given)
            else:
                _check_data(given, store, blobs, places)
        except Invalid as error:
            inner = error.problems[0] if error.problems else Problem(error.message)
            field = ".".join(filter(None, ("inputs", name, inner.field)))
            # What a path leads to is a matter of this workspace; the file may be right.
            here = inner.field == "path" and bool(given.path) and not is_literal(given)
            yield Problem(inner.message, field, here=here)


def lay_out(
    spec: JobSpec, folder: Path, store: Store, blobs: Blobs, places: Places
) -> dict[str, Any]:
    """The value of each input: literals with their types, data as local paths below `folder`.

    Raises:
        Invalid: data cannot be had (any more).
    """
    return {
        name: _value(name, given, folder, store, blobs, places)
        for name, given in spec.inputs.items()
    }


def content(given: Input, store: Store, blobs: Blobs) -> Snapshot | None:
    """What an input that is data holds now; None where it lies on the web.

    Raises:
        NotFound: it leads nowhere.
        Invalid: it means something of another type.
    """
    path = _content(given, store)
    return None if _is_web(path) else _find(path, store, blobs)


def is_literal(given: Input | bool | int | float | str) -> bool:
    """Whether an input is a value and not data at a path."""
    if not isinstance(given, Input):
        return True
    return given.type in LITERAL_TYPES or (given.value is not None and given.path is None)


def _value(name: str, given: Any, folder: Path, store: Store, blobs: Blobs, places: Places) -> Any:
    if not isinstance(given, Input):
        return given
    if is_literal(given):
        return _literal(given)
    try:
        path = _content(given, store)
        if given.mode == "direct":
            return path
        if given.mode in EVALUATED:
            return str(_evaluated(path, folder / name, store, blobs, places))
        if _is_web(path):
            return str(_download(path, folder / name, name))
        if addresses.parse(path):
            return str(_fetched(given, path, folder / name, places))
        found = _find(path, store, blobs)
        snapshots.make_private(folder / name)
        return str(snapshots.lay_out(found, blobs, folder / name, writable=False))
    except (NotFound, Denied) as error:
        raise Invalid.field(f"inputs.{name}", error.message) from None


def _fetched(given: Input, path: str, folder: Path, places: Places) -> Path:
    """Data of a datastore on this machine: linked where it is here already, copied otherwise."""
    place, below = places.open(path)
    found, is_file = place.files(below)
    if given.type == "uri_file" and not is_file:
        raise NotFound(f"'{path}' is a folder: use type uri_folder.")
    if given.type in assets.FOLDERS and is_file:
        raise NotFound(f"'{path}' is a file: use type uri_file.")
    snapshots.make_private(folder)
    if place.is_local and given.mode != "download" and not addresses.GLOB.search(below):
        link = folder / (addresses.file_name(path) or "data")
        link.symlink_to(place.full(below))
        return link
    for file in found:
        place.download(file, folder / file.path)
        (folder / file.path).chmod(0o400)
    return folder / found[0].path if is_file else folder


def _evaluated(path: str, folder: Path, store: Store, blobs: Blobs, places: Places) -> Path:
    """A folder with the files that an MLTable lists."""
    content = contents.of(path, store, blobs, places)
    _, files = contents.listed(content, store, blobs, places)
    snapshots.make_private(folder)
    for file in files:
        target = folder / addresses.inside(file.path)
        snapshots.make_private(target.parent)
        if (local := file.fetch(target)) != target:
            snapshots.copy(local, target, writable=False)
        target.chmod(0o400)
    return folder


def _literal(given: Input) -> Any:
    """The value with the type that the input declares."""
    value = given.value
    if given.path is not None:
        raise Invalid.field("path", f"an input of type {given.type} has a `value` and no path.")
    if value is None:
        raise Invalid.field("value", "is required.")
    return typed(given.type, value)


def typed(kind: str, value: Any) -> Any:
    """A value in the type that is declared for it.

    Raises:
        Invalid: it is of none that can be read so.
    Source: azure-ai-ml's parsing of component parameters.
    """
    try:
        match kind:
            case "integer":
                return int(float(value)) if not isinstance(value, int) else int(value)
            case "number":
                return float(value)
            case "boolean":
                return _boolean(value)
            case "string":
                return str(value)
            case _:
                return value
    except (TypeError, ValueError, OverflowError):
        raise Invalid.field("value", f"{value!r:.80} is no {kind}.") from None


def _boolean(value: Any) -> bool:
    if str(value).lower() not in {"true", "false"}:
        raise ValueError
    return str(value).lower() == "true"


def _check_data(given: Input, store: Store, blobs: Blobs, places: Places) -> None:
    if not given.path:
        raise Invalid.field("path", "is required.")
    if given.value is not None:
        raise Invalid.field("value", "data has a `path` and no value.")
    if given.mode in EVALUATED and given.type != "mltable":
        raise Invalid.field("mode", f"{given.mode} is for type mltable.")
    try:
        path = _content(given, store)
        found = None if _is_web(path) else places.find(path)
    except NotFound as error:
        raise Invalid.field("path", error.message) from None
    except Invalid as error:
        raise Invalid.field("path", error.message) if not error.problems else error from None
    if found:
        if given.mode != "direct" and found[1].type == "sql":
            raise Invalid.field("path", "is a database: `mlws data import` brings its rows in.")
        return
    if _is_web(path):
        if given.type not in ("uri_file", "custom_model"):
            message = "only a single file can be read from the web: use type uri_file."
            raise Invalid.field("type", message)
        return
    if given.mode == "direct" and path.startswith("snapshot:"):
        raise Invalid.field("mode", "local data has no address that could be passed on.")
    try:
        snapshot = _find(path, store, blobs)
    except NotFound as error:
        raise Invalid.field("path", error.message) from None
    if given.type == "uri_file" and not snapshot.is_file:
        raise Invalid.field("type", f"'{given.path}' is a folder: use type uri_folder.")
    if given.type in ("uri_folder", "mltable", "mlflow_model") and snapshot.is_file:
        raise Invalid.field("type", f"'{given.path}' is a file: use type uri_file.")


def pinned(spec: JobSpec, store: Store) -> dict[str, Record]:
    """The asset version that each input means; the spec's own references are made exact.

    A label may move later: what the job consumes is decided when it is submitted.
    """
    found = {}
    for name, given in spec.inputs.items():
        if isinstance(given, Input) and given.path and not is_literal(given):
            record = assets.resolve(store, assets.kind_of(given.type), given.path)
            if record is not None:
                given.path = reference_of(record.kind, record.name, record.version)
                found[name] = record
    return found


def _content(given: Input, store: Store) -> str:
    """Where an input's content is: that of the asset it names, or its own path."""
    path = given.path or ""
    record = assets.resolve(store, assets.kind_of(given.type), path)
    if record is None:
        return path
    if record.kind != assets.kind_of(given.type):
        raise Invalid.field("type", f"'{path}' is a {record.kind}.")
    if record.kind == "data" and (kind := record.doc["content"]["type"]) != given.type:
        raise Invalid.field("type", f"'{path}' is {kind}: say 'type: {kind}'.")
    return assets.path_of(record)


def _find(path: str, store: Store, blobs: Blobs) -> Snapshot:
    if path.startswith(assets.SCHEME):
        return artifacts.frozen(store, path.removeprefix(assets.SCHEME).strip("/"), path)
    if path.startswith("snapshot:"):
        return snapshots.load(store, blobs, path)
    if path.startswith(("azureml://jobs/", "runs:/")):
        return artifacts.load(store, path)
    raise NotFound(
        f"'{path}' was not sent along; data is a local path, https://…,"
        " azureml:NAME:VERSION, azureml:NAME@LABEL, azureml://datastores/NAME/paths/…,"
        " azureml://jobs/NAME/outputs/OUTPUT/paths/… or runs:/RUN/PATH."
    )


def _is_web(path: str) -> bool:
    return path.startswith(("https://", "http://"))


def _download(url: str, folder: Path, name: str) -> Path:
    snapshots.make_private(folder)
    last = unquote(urlsplit(url).path.rpartition("/")[2])
    path = folder / (re.sub(r"[^\w.-]", "_", last).lstrip(".") or name)
    part = path.with_name(f"{path.name}.part")
    try:
        with (
            urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as answer,
            part.open("wb") as file,
        ):
            while chunk := answer.read(1 << 20):
                file.write(chunk)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise Invalid.field(f"inputs.{name}", f"'{url}' cannot be read: {error}.") from None
    part.chmod(0o400)
    return part.replace(path)
