"""A job's named outputs: checked when it is submitted, registered as assets with its final status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jupyter_mlws.entities.asset import AssetSpec, data_spec, model_spec
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.job import JobSpec, Output
from jupyter_mlws.execution import assets
from jupyter_mlws.store.base import Blobs, Store, Transaction


def problems(spec: JobSpec, store: Store) -> Iterator[Problem]:
    """What is wrong with the assets that the outputs are to become."""
    for key, output in spec.outputs.items():
        if output.version and not output.name:
            yield Problem("a version needs a `name`.", f"outputs.{key}.version")
        if not output.name:
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
