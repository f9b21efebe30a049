"""A job's named outputs: checked when it is submitted, registered as assets with its final status."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.asset import AssetSpec, data_spec, model_spec
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.job import LITERAL_TYPES, JobSpec, Output
from jupyter_mlws.execution import assets
from jupyter_mlws.execution.inputs import typed
from jupyter_mlws.store.base import Blobs, Store, Transaction

CONTROL = "azureml.pipeline.control"
"""The run's property in which a script gives the values of outputs, as a JSON mapping."""


def problems(spec: JobSpec, store: Store) -> Iterator[Problem]:
    """What is wrong with the assets that the outputs are to become."""
    for key, output in spec.outputs.items():
        if output.version and not output.name:
            yield Problem("a version needs a `name`.", f"outputs.{key}.version")
        if not output.name:
            continue
        if output.type in LITERAL_TYPES:
            yield Problem("a value is no data that could be registered.", f"outputs.{key}.name")
            continue
        try:
            asset = _spec(output, "snapshot:")
        except Invalid as error:
            for problem in error.problems:
                yield replace(problem, field=f"outputs.{key}.{problem.field}")
            continue
        kind = assets.kind_of(output.type)
        known = store.find_record(kind, asset.name)
        if output.version and store.find_record(kind, asset.name, output.version):
            message = f"there is a {kind} '{asset.name}' version '{output.version}' already."
            yield Problem(message, f"outputs.{key}.version")
        if kind == "data" and known and known.doc.get("type") not in (None, output.type):
            message = f"the versions of '{asset.name}' are {known.doc['type']}."
            yield Problem(message, f"outputs.{key}.type")


def values(spec: JobSpec, paths: Mapping[str, Path], tags: Mapping[str, str]) -> dict[str, Any]:
    """What the outputs came to that are values: in the run's tag, or the one line of their file.

    Args:
        paths: local path of each output.
    Raises:
        Invalid: one is not there, or of another type.
    Source: Azure ML's primitive outputs (`azureml.pipeline.control`); the file is ours.
    """
    said = json.loads(tags[CONTROL]) if CONTROL in tags else {}
    found: dict[str, Any] = {}
    for name, output in spec.outputs.items():
        if output.type not in LITERAL_TYPES or name not in paths:
            continue
        if name in said:
            given = said[name]
        elif paths[name].is_file():
            given = paths[name].read_text(encoding="utf-8", errors="replace").strip()
        else:
            raise Invalid(
                f"Output '{name}' is a value and was not given: write it to ${{{{outputs.{name}}}}}"
                f" or set the run's property {CONTROL}."
            )
        try:
            found[name] = typed(output.type, given)
        except Invalid:
            raise Invalid(f"Output '{name}' is {given!r:.80}, which is no {output.type}.") from None
    return found


def drafts(spec: JobSpec, name: str, store: Store, blobs: Blobs) -> list[assets.Draft]:
    """The assets that an ended job's outputs become.

    Raises:
        Invalid: an output is not there, or is not of its type.
    """
    found = []
    for key, output in spec.outputs.items():
        if output.name:
            path = f"azureml://jobs/{name}/outputs/{key}"
            kind = assets.kind_of(output.type)
            try:
                found.append(assets.draft(store, blobs, kind, _spec(output, path)))
            except Invalid as error:
                raise Invalid(f"Output '{key}' cannot be registered: {error.message}") from None
    return found


def register(
    made: list[assets.Draft], who: str, store: Store, blobs: Blobs, tx: Transaction
) -> None:
    """Add the assets inside the change that ends the job.

    Raises:
        AlreadyExists: another made this version in the meantime.
        Conflict: another gave the asset another type in the meantime.
    """
    for draft in made:
        assets.add(store, blobs, tx, draft, who=who)


def _spec(output: Output, path: str) -> AssetSpec:
    read = model_spec if assets.kind_of(output.type) == "model" else data_spec
    fields = {
        "name": output.name,
        "version": output.version,
        "type": output.type,
        "path": path,
        "description": output.description,
    }
    return read({key: value for key, value in fields.items() if value is not None})
