"""Assets in the store: versions are added once, found by number or label, and become files.

An asset is the record of its name without a version, which holds what all versions share; a version
is the record of the same name with its version. MLflow's registry keeps its models in this shape.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from jupyter_mlws.entities import registry
from jupyter_mlws.entities.asset import LATEST, AssetSpec, Model
from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.entities.yaml import parse
from jupyter_mlws.execution import artifacts, snapshots
from jupyter_mlws.store.base import Blobs, Doc, Record, Store, Transaction

REFERENCE = re.compile(
    r"^(?:azureml:(?P<name>[^:/@]+)(?::(?P<version>[^:/@]+)|@(?P<label>[^:/@]+))"
    r"|models:/(?P<model>[^/@]+)(?:/(?P<number>[^/]+)|@(?P<alias>[^/]+)))$"
)
SCHEME = "mlflow-artifacts:/"
FOLDERS = frozenset({"uri_folder", "mltable", "mlflow_model", "triton_model"})
MARKERS = {"mltable": "MLTable", "mlflow_model": "MLmodel"}
"""The file that a folder of this type must hold."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that can be added: its checks are done, nothing is stored.

    Attributes:
        files: what it holds; None where its content is elsewhere or none.
        run_id: the run whose output it is.
    """

    kind: str
    spec: AssetSpec
    content: Doc
    files: Snapshot | None = None
    run_id: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def draft(
    store: Store, blobs: Blobs, kind: str, spec: AssetSpec, *, files: Snapshot | None = None
) -> Draft:
    """The version that `spec` asks for.

    Args:
        files: its content, when that is no path yet.
    Raises:
        Invalid: its path leads nowhere or to something of another type.
    """
    content, run_id = spec.content, None
    path = content.get("path")
    if path is not None and files is None:
        try:
            if path.startswith("snapshot:"):
                files = snapshots.load(store, blobs, path)
            elif match := artifacts.REFERENCE.match(path):
                files, run_id = artifacts.load(store, path), match["job"] or match["run"]
            elif REFERENCE.match(path) or "://" not in path or isinstance(spec, Model):
                raise Invalid.field("path", f"'{path}' is no address and was not sent along.")
        except NotFound as error:
            raise Invalid.field("path", error.message) from None
    if files is not None and path is not None:
        _check_type(str(content["type"]), files)
        content["path"] = files.reference
        if content["type"] == "mlflow_model" and "flavors" not in content:
            content["flavors"] = _flavors(files, blobs)
    for field, folder in _folders(content):
        try:
            snapshots.load(store, blobs, folder)
        except (NotFound, Invalid) as error:
            raise Invalid.field(field, error.message) from None
    return Draft(kind, spec, content, files, run_id)


def add(
    store: Store,
    blobs: Blobs,
    tx: Transaction,
    made: Draft,
    *,
    who: str,
    version: str = "",
    archived: bool = False,
) -> str:
    """Add a version inside a change; answers its version.

    Args:
        archived: whether no list shows the asset.
    Raises:
        AlreadyExists: there is one of this version.
        Conflict: the asset's versions have another type.
    """
    name, now_ms = made.spec.name, time.time_ns() // 1_000_000
    found = store.find_record(made.kind, name)
    asset = found.doc if found else _new(name, now_ms)
    if made.kind == "data" and asset.get("type", made.content["type"]) != made.content["type"]:
        raise Conflict(
            f"The versions of '{name}' are {asset['type']}: choose another name for a"
            f" {made.content['type']}."
        )
    version = made.spec.version or version or str(asset["last_version"] + 1)
    if version.isdecimal():
        asset["last_version"] = max(asset["last_version"], int(version))
    asset.update(updated_ms=now_ms, type=made.content.get("type"), newest=version)
    doc: Doc = {
        "name": name,
        "version": version,
        "description": made.spec.description,
        "tags": made.spec.tags,
        "properties": made.spec.properties,
        "content": made.content,
        "digest": made.digest,
        "run_id": made.run_id,
        "created_by": who,
        "modified_by": who,
        "created_ms": now_ms,
        "updated_ms": now_ms,
    }
    if made.files is not None:
        manifest = blobs.put(made.files.encode())
        tx.put_record("code", manifest, {"n_files": len(made.files.files)})
    if isinstance(made.spec, Model):
        doc.update(_registered(tx, made, version))
    tx.add_record(made.kind, name, doc, version=version)
    if archived:
        tx.put_record(made.kind, name, doc, version=version, archived=True)
    hidden = found.archived if found else archived
    tx.put_record(made.kind, name, asset, archived=hidden)
    tx.note(**{"version": version, f"made:{made.kind}:{name}": version})
    if made.run_id:
        tx.link(f"run:{made.run_id}", Relation.OUTPUT, f"{made.kind}:{name}@{version}")
    return version


def find(
    store: Store, kind: str, name: str, version: str | None = None, label: str | None = None
) -> Record:
    """A version; the latest when neither version nor label is named.

    Raises:
        NotFound: there is none.
    """
    asset = store.find_record(kind, name)
    if asset is None:
        known = {record.name for record in store.list_records(kind, limit=1000)}
        raise NotFound(f"There is no {kind} '{name}'.{did_you_mean(name, known)}")
    if version is None and label not in (None, LATEST):
        version = str(asset.doc["aliases"].get(label, ""))
        if not version:
            known = {LATEST, *asset.doc["aliases"]}
            raise NotFound(
                f"There is no label '{label}' of {kind} '{name}'"
                f" (there are: {', '.join(sorted(known))})."
            )
    if version is None:
        version = latest(store, kind, name)
    record = store.find_record(kind, name, version) if version else None
    if record is None:
        what = f"version '{version}'" if version else "version"
        raise NotFound(f"There is no {what} of {kind} '{name}'.")
    return record


def latest(store: Store, kind: str, name: str) -> str:
    """The version that was created last and is not archived; empty when there is none."""
    versions = [record for record in store.list_records(kind, name=name) if record.version]
    return versions[-1].version if versions else ""


def resolve(store: Store, kind: str, reference: str) -> Record | None:
    """The version that a reference names; None where it is no reference to an asset.

    Raises:
        NotFound: there is no such version.
    """
    if shared := registry.REFERENCE.match(reference):
        name = registry.kept_name(shared["registry"], shared["name"])
        kind = registry.KINDS[shared["noun"]]
        version = shared["version"]
        if version and (found := store.find_record(kind, name, version)):
            return found
        raise NotFound(f"There is no registry '{shared['registry']}' on this machine.")
    match = REFERENCE.match(reference)
    if match is None:
        return None
    if match["model"]:
        number = match["number"]
        if number == LATEST:
            number = None
        return find(store, "model", match["model"], number, match["alias"])
    return find(store, kind, match["name"], match["version"], match["label"])


def is_newest(store: Store, made: Draft) -> bool:
    """Whether the latest version of the asset has this content already."""
    version = latest(store, made.kind, made.spec.name)
    record = store.find_record(made.kind, made.spec.name, version) if version else None
    return record is not None and record.doc.get("digest") == made.digest


def kind_of(type_: str) -> str:
    """Of what kind the assets are that an input or output of this type takes."""
    return "model" if type_.endswith("_model") else "data"


def path_of(record: Record) -> str:
    """Where a version's content is: `snapshot:…`, an address, or MLflow's `mlflow-artifacts:/…`."""
    content = record.doc.get("content")
    return str(content["path"] if content else record.doc["location"])


def files(store: Store, blobs: Blobs, record: Record) -> Snapshot:
    """What a version holds.

    Raises:
        NotFound: its content lies elsewhere.
    """
    content = record.doc.get("content")
    named = content or {}
    build = named.get("build") or {}
    reference = str(named.get("path") or named.get("code") or build.get("path") or "")
    if content is None and (location := str(record.doc["location"])).startswith(SCHEME):
        return artifacts.frozen(store, location.removeprefix(SCHEME).strip("/"), location)
    if reference.startswith("snapshot:"):
        return snapshots.load(store, blobs, reference)
    where = f": it is at '{reference}'" if reference else ""
    name = f"{record.kind} '{record.name}' version '{record.version}'"
    raise NotFound(f"The workspace has no files of {name}{where}.")


def _folders(content: Doc) -> Iterator[tuple[str, str]]:
    """The fields that name a folder which was sent along, and what they name."""
    if code := content.get("code"):
        yield "code", code
    if build := content.get("build"):
        yield "build.path", build["path"]
    if isinstance(content.get("conda_file"), str):
        yield "conda_file", content["conda_file"]


def _new(name: str, now_ms: int) -> Doc:
    return {
        "name": name,
        "description": None,
        "tags": {},
        "aliases": {},
        "last_version": 0,
        "created_ms": now_ms,
        "updated_ms": now_ms,
    }


def _registered(tx: Transaction, made: Draft, version: str) -> Doc:
    """What MLflow's registry says of a version, whose files it finds among the artifacts."""
    assert isinstance(made.spec, Model)
    assert made.files is not None
    place = f"registered/{made.spec.name}/{version}"
    for file in made.files.files:
        tx.put_artifact(f"{place}/{file.path}", file.blob, file.size_bytes)
    source = made.spec.path if made.run_id else f"{SCHEME}{place}"
    return {
        "version": int(version),
        "stage": made.spec.stage or "None",
        "source": source,
        "location": f"{SCHEME}{place}",
        "run_link": None,
        "model_id": None,
    }


def _check_type(type_: str, found: Snapshot) -> None:
    if type_ == "uri_file" and not found.is_file:
        raise Invalid.field("type", "the path is a folder: use type uri_folder.")
    if type_ in FOLDERS and found.is_file:
        raise Invalid.field("type", f"the path is a file, and a {type_} is a folder.")
    marker = MARKERS.get(type_)
    if marker and all(file.path != marker for file in found.files):
        raise Invalid.field("path", f"there is no file '{marker}' in it, as a {type_} has.")


def _flavors(found: Snapshot, blobs: Blobs) -> dict[str, Any]:
    said = parse(snapshots.read(found, blobs)("MLmodel"), file="MLmodel").data.get("flavors")
    return said if isinstance(said, dict) else {}
