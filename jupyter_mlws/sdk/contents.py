"""Data and models on this machine: fetched once from the workspace, then found again by its content."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.reading import addresses
from jupyter_mlws.reading.places import connect

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

REFERENCE = re.compile(
    r"^(?:azureml:)?(?P<name>[^:/@]+)(?::(?P<version>[^:/@]+)|@(?P<label>[^:/@]+))?$"
)
DONE = ".mlws-complete"


def cache() -> Path:
    """Where fetched data is kept: `MLWS_CACHE`, or a folder in the user's own cache."""
    if given := os.environ.get("MLWS_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "jupyter_mlws" / "data"


def find(client: MLClient, reference: str, noun: str = "data") -> Any:
    """The version that `NAME`, `NAME:VERSION` or `NAME@LABEL` means.

    Raises:
        Invalid: it is no such reference.
        NotFound: there is no such version.
    """
    match = REFERENCE.match(reference)
    if match is None:
        raise Invalid(f"'{reference}' is not of the form NAME, NAME:VERSION or NAME@LABEL.")
    return client.call(
        f"{noun}.get", name=match["name"], version=match["version"], label=match["label"]
    )


def local(client: MLClient, reference: str) -> Path:
    """Data on this machine: a version of data, or an address; a file, or a folder.

    Raises:
        NotFound: there is nothing.
        Unavailable: its storage does not answer.
    """
    address = addresses.parse(reference)
    if address is None:
        asset = find(client, reference)
        return _version(client, "data", asset)
    return _datastore(client, address) if address.datastore else _storage(address)


def model(client: MLClient, reference: str) -> Path:
    """A model on this machine: its folder, or its file where it is a single one.

    Raises:
        NotFound: there is no such version, or its files are elsewhere.
    """
    return _version(client, "models", find(client, reference, "models"))


def _version(client: MLClient, noun: str, asset: Any) -> Path:
    name, version = asset.name, asset.version
    files = client.call(f"{noun}.list_files", name=name, version=version)
    said = sorted((file.path, file.size_bytes, file.stamp) for file in files)
    folder = _folder(client, repr((noun, name, version, said)))
    if not (folder / DONE).exists():
        _clear(folder)
        for file in files:
            client.transport.download(
                f"{noun}.read_file",
                {"name": name, "version": version, "path": file.path},
                folder / addresses.inside(file.path),
            )
        (folder / DONE).touch()
    is_file = asset.type == "uri_file" or (asset.type == "custom_model" and len(files) == 1)
    return folder / files[0].path if is_file else folder


def _datastore(client: MLClient, address: addresses.Address) -> Path:
    from jupyter_mlws.reading.places import matcher

    base = address.path
    if address.is_glob:
        base = re.split(r"[*?\[]", base)[0].rpartition("/")[0]
    found = list(_walked(client, address.datastore, base))
    if address.is_glob:
        fits = matcher(address.path)
        found = [entry for entry in found if fits(entry.path)]
    if not found:
        raise NotFound(f"There is nothing at '{address.text}'.")
    said = sorted((entry.path, entry.size_bytes, entry.modified_at) for entry in found)
    folder = _folder(client, repr((address.datastore, said)))
    is_file = len(found) == 1 and found[0].path == base
    cut = len(base.rpartition("/")[0]) if is_file else len(base)
    names = {entry.path: entry.path[cut:].lstrip("/") for entry in found}
    if not (folder / DONE).exists():
        _clear(folder)
        for path, name in names.items():
            client.transport.download(
                "datastores.read_file",
                {"name": address.datastore, "path": path},
                folder / addresses.inside(name),
            )
        (folder / DONE).touch()
    return folder / names[base] if is_file else folder


def _walked(client: MLClient, name: str, path: str) -> Any:
    """All files at or below a path of a datastore."""
    for entry in client.call("datastores.list_files", name=name, path=path):
        if entry.is_folder:
            yield from _walked(client, name, entry.path)
        else:
            yield entry


def _storage(address: addresses.Address) -> Path:
    """What lies on an open storage, fetched with this machine's own identity."""
    assert address.spec is not None
    place = connect(address.spec, {})
    files, is_file = place.files(address.path)
    said = [(file.path, file.size_bytes, file.stamp) for file in files]
    folder = cache() / hashlib.sha256(repr((address.text, said)).encode()).hexdigest()[:32]
    if not (folder / DONE).exists():
        _clear(folder)
        for file in files:
            place.download(file, folder / addresses.inside(file.path))
        (folder / DONE).touch()
    return folder / files[0].path if is_file else folder


def _folder(client: MLClient, said: str) -> Path:
    where = str(getattr(client.transport, "url", ""))
    return cache() / hashlib.sha256(f"{where}|{said}".encode()).hexdigest()[:32]


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
