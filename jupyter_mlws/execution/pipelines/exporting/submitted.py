"""A pipeline job as it was submitted, as a document with the files that it names beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from jupyter_mlws.entities.snapshot import REFERENCE, SnapshotFile
from jupyter_mlws.execution import snapshots
from jupyter_mlws.execution.pipelines import drawing
from jupyter_mlws.execution.pipelines.exporting.azureml import SCHEMA, azureml
from jupyter_mlws.execution.pipelines.exporting.script import script
from jupyter_mlws.execution.submission import Desk
from jupyter_mlws.store.base import Blobs, Store

BundleFormat = Literal["yaml", "azureml", "python"]
COMPONENTS = "components"


@dataclass
class Bundle:
    """Files that belong together, by their path."""

    document: str
    """Path of the pipeline."""
    texts: dict[str, str] = field(default_factory=dict)
    kept: dict[str, SnapshotFile] = field(default_factory=dict)
    """Files of its snapshots."""


def bundle(
    spec: Mapping[str, Any], name: str, format: BundleFormat, store: Store, blobs: Blobs, desk: Desk
) -> Bundle:
    """The job's pipeline in one of its formats, and all files that it ran with.

    Args:
        spec: as it was kept: component files are in it, folders are snapshots.
        name: of the job; the document is called so.
    Raises:
        NotFound: a snapshot is gone.
        Invalid: its names cannot be names in Python.
    """
    layout = _Layout(store, blobs, several=len(_codes(spec)) > 1)
    whole = {"$schema": SCHEMA, **layout.placed(dict(spec), ())}
    document = {**whole, "jobs": {k: layout.step(v) for k, v in whole["jobs"].items()}}
    made = Bundle("", layout.texts, layout.files)
    if format == "python":
        made.document, text = f"{name}.py", script(document, name)
    elif format == "azureml":
        translated, warnings = azureml(document, whole, drawing.drawn(dict(spec), desk))
        made.document = f"{name}.azureml.yml"
        text = "".join(f"# {warning}\n" for warning in warnings) + _dump(translated)
    else:
        made.document, text = f"{name}.pipeline.yml", _dump(document)
    made.texts = {made.document: text, **made.texts}
    return made


@dataclass
class _Layout:
    """Gives each snapshot a folder, and each component that has a name a file."""

    store: Store
    blobs: Blobs
    several: bool
    files: dict[str, SnapshotFile] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    components: dict[str, Any] = field(default_factory=dict)

    def placed(self, said: Any, where: tuple[str, ...]) -> Any:
        """The same with a path for each snapshot."""
        if isinstance(said, dict):
            return {key: self.placed(value, (*where, key)) for key, value in said.items()}
        if isinstance(said, list):
            return [self.placed(value, where) for value in said]
        if isinstance(said, str) and REFERENCE.fullmatch(said):
            if said not in self.places:
                self.places[said] = self._lay_out(said, where)
            return self.places[said]
        return said

    def step(self, said: Any) -> Any:
        """The step with its component's file named; paths in that file lead from it."""
        component = said.get("component") if isinstance(said, dict) else None
        if not isinstance(component, dict) or not component.get("name"):
            return said
        for path, known in self.components.items():
            if known == component:
                return {**said, "component": f"./{path}"}
        stem = f"{COMPONENTS}/{_fit(str(component['name']))}"
        path = _free(f"{stem}.yml", self.components)
        self.components[path] = component
        self.texts[path] = _dump(self._seen_from_below(component))
        return {**said, "component": f"./{path}"}

    def _seen_from_below(self, said: Any) -> Any:
        if isinstance(said, dict):
            return {key: self._seen_from_below(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self._seen_from_below(value) for value in said]
        is_place = isinstance(said, str) and said in self.places.values()
        return f".{said}" if is_place else said

    def _lay_out(self, reference: str, where: tuple[str, ...]) -> str:
        snapshot = snapshots.load(self.store, self.blobs, reference)
        folder = _free(self._folder(where), {path.partition("/")[0] for path in self.files})
        for file in snapshot.files:
            self.files[f"{folder}/{file.path}"] = file
        return f"./{folder}/{snapshot.files[0].path}" if snapshot.is_file else f"./{folder}"

    def _folder(self, where: tuple[str, ...]) -> str:
        field_ = where[-1]
        if field_ == "code":
            step = where[where.index("jobs") + 1] if "jobs" in where else ""
            return _fit(f"code_{step}") if self.several and step else "code"
        return _fit(
            where[-2] if field_ in ("path", "conda_file", "build") and where[1:] else field_
        )


def _codes(said: Any) -> set[str]:
    """Every folder of code that is named."""
    if isinstance(said, list):
        return {code for value in said for code in _codes(value)}
    if not isinstance(said, dict):
        return set()
    code = said.get("code")
    own = {code} if isinstance(code, str) and REFERENCE.fullmatch(code) else set()
    return own.union(*(_codes(value) for value in said.values()))


def _fit(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip(".") or "files"


def _free(path: str, taken: Collection[str]) -> str:
    stem, ending = posixpath.splitext(path) if path.endswith(".yml") else (path, "")
    number, free = 2, path
    while free in taken or free == COMPONENTS:
        free, number = f"{stem}_{number}{ending}", number + 1
    return free


def _dump(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=100)
