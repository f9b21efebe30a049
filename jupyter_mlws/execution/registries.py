"""The registries of a machine: directories with rows and blobs, which all its workspaces open.

What a workspace uses of a registry it keeps: under a name of its own, with the same bytes on the disk. So a
job can be made again when the registry is gone.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.asset import LATEST, SPECS
from jupyter_mlws.entities.errors import AlreadyExists, Denied, Invalid, NotFound, Problem
from jupyter_mlws.entities.registry import (
    EVERYBODY,
    KINDS,
    NOUNS,
    REFERENCE,
    RegistrySpec,
    kept_name,
    reference_of,
)
from jupyter_mlws.entities.scalars import NAME
from jupyter_mlws.entities.snapshot import REFERENCE as SNAPSHOT
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution import assets
from jupyter_mlws.store.base import Blobs, Doc, Record, Store

KIND = "registry"
NAMED = frozenset({"environment", "component", "trial"})
"""Fields of a component that name an asset."""
DATABASE = "registry.db"
TEXTS = frozenset(
    {"tags", "properties", "description", "command", "environment_variables", "comment"}
)
"""Fields in which an address is no reference."""


@dataclass(frozen=True)
class Shelf:
    """Rows and the blobs that they name."""

    store: Store
    blobs: Blobs


@dataclass(frozen=True)
class Open(Shelf):
    """A registry that is open."""

    name: str
    path: Path
    inode: int
    """Of its database: another of the same name is another registry."""

    def principal(self, user: str) -> Principal:
        """What a user may do here.

        Raises:
            Denied: nothing.
        """
        access: dict[str, str] = self.store.get_record(KIND, self.name).doc["access"]
        role = access.get(user) or access.get(EVERYBODY)
        if role is None:
            raise Denied(
                f"'{user}' has no role in registry '{self.name}'. Its owner can grant one."
            )
        return Principal(name=user, role=role)


AZURE = "azureml"
"""Azure ML's own registry, whose names are looked up among what the workspace has."""


class Registries:
    """Opens registries when they are asked for.

    Args:
        folder: where they lie, each in a folder of its name.
        open_store: opens the rows at a path.
        open_blobs: opens the blobs at a path.
    """

    def __init__(
        self,
        folder: Path,
        open_store: Callable[[Path], Store],
        open_blobs: Callable[[Path], Blobs],
    ) -> None:
        self.folder = folder
        self._open_store = open_store
        self._open_blobs = open_blobs
        self._open: dict[str, Open] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """The registries that there are."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{DATABASE}"))

    def get(self, name: str) -> Open:
        """A registry, open.

        Raises:
            NotFound: there is none of this name.
        """
        path = self.folder / name
        if not re.fullmatch(NAME, name) or not (path / DATABASE).is_file():
            hint = did_you_mean(name, self.names())
            raise NotFound(f"There is no registry '{name}' on this machine.{hint}")
        inode = (path / DATABASE).stat().st_ino
        with self._lock:
            known = self._open.get(name)
            if known is None or known.inode != inode:
                if known:
                    known.store.close()
                store = self._open_store(path / DATABASE)
                known = Open(store, self._open_blobs(path / "blobs"), name, path, inode)
                self._open[name] = known
            return known

    def create(self, spec: RegistrySpec, who: str) -> Open:
        """Make a registry, or describe the one of this name anew.

        Raises:
            Denied: it is there, and another's.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / spec.name
        if not (path / DATABASE).is_file():
            path.mkdir(mode=0o700, exist_ok=True)
            self._open_store(path / DATABASE).close()
        made = self.get(spec.name)
        doc = spec.model_dump(mode="json", include={"description", "tags", "location", "access"})
        with made.store.change(who, "registries/write", f"registry:{spec.name}") as tx:
            before = made.store.find_record(KIND, spec.name)
            if before and not _is_owner(before.doc["access"], who):
                raise Denied(f"Registry '{spec.name}' is not {who}'s.")
            doc["access"] = {**doc["access"], who: "Owner"}
            doc["created_by"] = before.doc["created_by"] if before else who
            doc["modified_by"] = who
            tx.put_record(KIND, spec.name, doc)
        return made

    def delete(self, name: str, who: str) -> None:
        """Remove a registry and all that it holds; workspaces keep what they use of it.

        Raises:
            NotFound: there is none of this name.
            Denied: it is another's.
        """
        found = self.get(name)
        if not _is_owner(found.store.get_record(KIND, name).doc["access"], who):
            raise Denied(f"Registry '{name}' is not {who}'s.")
        with self._lock:
            self._open.pop(name, None)
            found.store.close()
        shutil.rmtree(found.path)

    def close(self) -> None:
        """Let go of all that are open."""
        with self._lock:
            for registry in self._open.values():
                registry.store.close()
            self._open.clear()

    def bring(self, document: Mapping[str, Any], here: Shelf, who: str) -> dict[str, Any]:
        """The document with exact references, after keeping here what it names of registries.

        A registry that is not on this machine is left to those who look the reference up.

        Raises:
            Invalid: a registry has no such version, or lets `who` not read it; with the field.
        """
        found: dict[str, Any] = {}
        problems = []
        for field, text in _references(document):
            if text in found:
                continue
            try:
                found[text] = self._brought(text, here, who)
            except (NotFound, Denied) as error:
                problems.append(Problem(error.message, field, here=True))
        if problems:
            raise Invalid.of(problems)
        return _replaced(document, found) if found else dict(document)

    def _brought(self, text: str, here: Shelf, who: str) -> str:
        match = REFERENCE.match(text)
        assert match is not None
        kind, version = KINDS[match["noun"]], match["version"]
        name = kept_name(match["registry"], match["name"])
        if version and here.store.find_record(kind, name, version):
            return text
        if match["registry"] not in (known := self.names()):
            if match["registry"] != AZURE and did_you_mean(match["registry"], known):
                self.get(match["registry"])  # refuses, with the hint
            return text
        registry = self.get(match["registry"])
        if not registry.principal(who).may(f"{match['noun']}/read"):
            raise Denied(f"'{who}' may not read {match['noun']} of '{registry.name}'.")
        label = match["label"] or LATEST
        record = assets.find(
            registry.store, kind, match["name"], version, None if version else label
        )
        self.keep(record, registry, here, who)
        return reference_of(kind, record.name, record.version, registry.name)

    def keep(self, record: Record, registry: Open, here: Shelf, who: str) -> None:
        """Keep a version of a registry, and what it names of registries."""
        self.bring(record.doc["content"], here, who)
        keep(record, registry, here, who)


def keep(record: Record, registry: Open, here: Shelf, who: str) -> None:
    """Keep a version of a registry here."""
    name = kept_name(registry.name, record.name)
    if here.store.find_record(record.kind, name, record.version):
        return
    content, noun = record.doc["content"], NOUNS[record.kind]
    for snapshot in snapshots_of(content):
        transfer(snapshot, registry, here, who)
    described = {key: record.doc[key] for key in ("name", "version", "description", "tags")}
    spec = SPECS[noun]({**content, **described, "properties": record.doc.get("properties", {})})
    made = assets.draft(here.store, here.blobs, record.kind, spec)
    made = replace(made, spec=spec.model_copy(update={"name": name}))
    subject = f"{record.kind}:{name}"
    with (
        suppress(AlreadyExists),  # another request was first
        here.store.change(who, f"{noun}/write", subject, registry=registry.name) as tx,
    ):
        maker = record.doc.get("created_by", who)
        assets.add(here.store, here.blobs, tx, made, who=maker, archived=True)


def transfer(reference: str, source: Shelf, target: Shelf, who: str) -> None:
    """Let a snapshot of one place be one of another."""
    match = SNAPSHOT.match(reference)
    assert match is not None
    digest = match[1]
    if target.store.find_record("code", digest):
        return
    snapshot = Snapshot.decode(source.blobs.get(digest))
    for file in snapshot.files:
        target.blobs.take(source.blobs, file.blob)
    target.blobs.take(source.blobs, digest)
    with target.store.change(who, "blobs/write", f"code:{digest}") as tx:
        tx.put_record("code", digest, {"n_files": len(snapshot.files)})


def elsewhere(content: Doc) -> Iterator[Problem]:
    """What in a version's content only some workspace has, so that no registry can hold it."""
    path = str(content.get("path") or "")
    if path and not path.startswith(("snapshot:", "http:", "https:")):
        message = f"'{path}' is of one workspace: give local files, or `share` the version."
        yield Problem(message, "path")
    for holder, key, field in named(content):
        if assets.REFERENCE.match(text := holder[key]):
            message = f"'{text}' is of one workspace: share it, and name it azureml://registries/…"
            yield Problem(message, field)


def named(value: Any, field: str = "") -> Iterator[tuple[dict[str, Any], str, str]]:
    """Where a component names assets: the map, the key in it, and the field as people write it."""
    for key, item in value.items() if isinstance(value, dict) else ():
        place = f"{field}.{key}" if field else key
        if key in NAMED and isinstance(item, str):
            yield value, key, place
        else:
            yield from named(item, place)


def snapshots_of(content: Doc) -> Iterator[str]:
    """The snapshots that a version's content names."""
    for _, text in _texts(content, ""):
        if SNAPSHOT.match(text):
            yield text


def _references(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, text in _texts(document, ""):
        if REFERENCE.match(text):
            yield field, text


def _texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """All texts in a document that may refer to something, with their fields."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in TEXTS:
                yield from _texts(item, f"{field}.{key}" if field else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _texts(item, f"{field}.{index}")


def _replaced(value: Any, exact: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return exact.get(value, value)
    if isinstance(value, Mapping):
        return {
            key: item if key in TEXTS else _replaced(item, exact) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_replaced(item, exact) for item in value]
    return value


def _is_owner(access: Mapping[str, str], who: str) -> bool:
    return access.get(who) == "Owner"
