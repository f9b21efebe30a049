"""A job's outputs: checked when it is submitted; kept on datastores, registered as assets when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.asset import AssetSpec, data_spec, model_spec
from jupyter_mlws.entities.errors import Invalid, NotFound, Problem
from jupyter_mlws.entities.job import LITERAL_TYPES, JobSpec, Output
from jupyter_mlws.execution import artifacts, assets
from jupyter_mlws.execution.expressions import EXPRESSION
from jupyter_mlws.execution.inputs import typed
from jupyter_mlws.execution.places import Places
from jupyter_mlws.store.base import Blobs, Store, Transaction

CONTROL = "azureml.pipeline.control"
"""The run's property in which a script gives the values of outputs, as a JSON mapping."""
READ_ONLY = frozenset({"http", "sql", "azure_file", "azure_data_lake_gen1", "hdfs"})
"""Types of datastore to which no output can go."""


def problems(spec: JobSpec, store: Store, places: Places) -> Iterator[Problem]:
    """What is wrong with where the outputs go, and with the assets that they are to become."""
    for key, output in spec.outputs.items():
        if output.path:
            yield from path_problems(output.path, f"outputs.{key}.path", places)
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


def target(path: str, *, name: str, output_name: str, places: Places) -> str:
    """Where an output goes: `path` with the job, the output and the default datastore filled in."""
    known = {"name": name, "output_name": output_name, "default_datastore": places.default}
    return EXPRESSION.sub(lambda match: known[match[1]], path)


def deliver(spec: JobSpec, name: str, folder: Path, places: Places) -> int:
    """Copy what was written to outputs with a path to their datastores; answers how many files.

    Files that are there are replaced, others stay.

    Raises:
        Unavailable: a datastore does not answer.
    """
    n_files = 0
    for key, output in spec.outputs.items():
        if not output.path:
            continue
        place, below = places.open(target(output.path, name=name, output_name=key, places=places))
        source = folder / key
        if source.is_file():
            place.upload(source, below if not output.path.endswith("/") else f"{below}/{key}")
            n_files += 1
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            place.upload(file, f"{below}/{file.relative_to(source).as_posix()}".strip("/"))
            n_files += 1
    return n_files


def drafts(spec: JobSpec, name: str, store: Store, blobs: Blobs) -> list[assets.Draft]:
    """The assets that an ended job's outputs become.

    Raises:
        Invalid: an output is not there, or is not of its type.
    """
    found = []
    for key, output in spec.outputs.items():
        if output.name:
            path = _address(name, key, output, store)
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


def path_problems(path: str, field: str, places: Places) -> Iterator[Problem]:
    """What is wrong with the address that something is to be written to."""
    for match in EXPRESSION.finditer(path):
        if match[1] not in ("name", "output_name", "default_datastore"):
            message = "there are `name`, `output_name` and `default_datastore`."
            yield Problem(f"{match[0]}: {message}", field)
            return
    try:
        found = places.find(target(path, name="job", output_name="output", places=places))
    except (Invalid, NotFound) as error:
        yield Problem(error.message, field)
        return
    if found is None:
        yield Problem(f"'{path}' is no address: say azureml://datastores/NAME/paths/PATH.", field)
    elif found[1].type in READ_ONLY:
        yield Problem(f"'{path}' cannot be written to.", field)
    elif found[0].is_glob:
        yield Problem("a pattern is no place to write to.", field)


def _address(job: str, key: str, output: Output, store: Store) -> str:
    """Where an output lies; the one file in a folder where a file was to be."""
    path = f"azureml://jobs/{job}/outputs/{key}"
    if output.type == "uri_file":
        with suppress(NotFound):  # said better by the draft
            found = artifacts.load(store, path)
            if not found.is_file and len(found.files) == 1:
                return f"{path}/paths/{found.files[0].path}"
    return path


def _spec(output: Output, path: str) -> AssetSpec:
    read = model_spec if assets.kind_of(output.type) == "model" else data_spec
    fields = {
        "name": output.name,
        "version": output.version,
        "type": output.type,
        "path": path,
        "description": output.description,
        "tags": output.tags,
        "properties": output.properties,
    }
    return read({key: value for key, value in fields.items() if value is not None})
