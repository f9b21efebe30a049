"""Whether two files are equal but for the times and ids that their format carries. Pure functions."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import yaml

VOLATILE = frozenset(
    {"run_id", "utc_time_created", "model_uuid", "artifact_path", "model_id", "model_size_bytes"}
)
"""Fields of `MLmodel` that differ from run to run; the files whose size it tells are compared themselves."""
RUN_ID = "_mlflow_run_id"
"""Attribute that MLflow's autologging puts into estimators."""
MAX_UNPACKED_BYTES = 1 << 29
"""Larger archives are compared as they are: what is in them would not fit into memory."""


def alike(path: str, old: bytes, new: bytes) -> bool:
    """Whether two versions of a file say the same; False for formats that carry no time and no id."""
    name = path.rpartition("/")[2].lower()
    read = next((read for ending, read in READERS.items() if name.endswith(ending)), None)
    try:
        return read is not None and bool(read(old) == read(new))
    except (yaml.YAMLError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, OSError):
        return False


def _model(data: bytes) -> Any:
    said = yaml.safe_load(data)
    if not isinstance(said, dict):
        raise ValueError("MLmodel is a mapping")
    return {key: value for key, value in said.items() if key not in VOLATILE}


def _notebook(data: bytes) -> Any:
    """Sources and outputs of a notebook, without when its cells ran."""
    import nbformat

    cells = nbformat.reads(data.decode(), as_version=4).cells
    return [(cell.cell_type, cell.source, cell.get("outputs")) for cell in cells]


def _archive(data: bytes) -> dict[str, bytes]:
    """Digests of an archive's members by name, without when they were written."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise ValueError("too large")
        return {name: hashlib.sha256(archive.read(name)).digest() for name in archive.namelist()}


def _skops(data: bytes) -> Any:
    """A model of scikit-learn, with numbers in the place of the memory addresses of its objects.

    Source: skops.io, whose `schema.json` has a tree of nodes; `__id__` is an object's address, which also
    names the member that holds its array.
    """
    members = _archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    del members["schema.json"]
    numbers: dict[Any, int] = {}

    def plain(node: Any, key: str = "") -> Any:
        if isinstance(node, dict):
            return {
                name: None if name == RUN_ID else plain(value, name) for name, value in node.items()
            }
        if isinstance(node, list):
            return [plain(value) for value in node]
        if key == "__id__":
            return numbers.setdefault(node, len(numbers))
        return members.get(node, node) if key == "file" else node

    return plain(schema), sorted(members.values())


def _unpacked(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        found = file.read(MAX_UNPACKED_BYTES + 1)
    if len(found) > MAX_UNPACKED_BYTES:
        raise ValueError("too large")
    return found


READERS: dict[str, Callable[[bytes], Any]] = {
    "mlmodel": _model,
    ".ipynb": _notebook,
    ".skops": _skops,
    ".npz": _archive,
    ".zip": _archive,
    ".gz": _unpacked,
}
