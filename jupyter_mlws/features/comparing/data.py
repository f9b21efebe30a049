"""Data side by side: inputs with their versions, rows and columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jupyter_mlws.entities.comparison import DataComparison, DataInput, DataRow, Why
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.entities.snapshot import REFERENCE
from jupyter_mlws.features.comparing.subjects import Subject, union

DATASET = "dataset"
ROWS = ("num_rows", "num_examples", "n_rows")


def compare(runs: Sequence[Subject]) -> DataComparison:
    """What runs read, by the name of the input."""
    found = [inputs(run) for run in runs]
    why: dict[str, Why] = {
        run.run_id: "no_inputs" for run, read in zip(runs, found, strict=True) if not read
    }
    rows = []
    for key in union(found):
        read = [listed.get(key) for listed in found]
        rows.append(DataRow(key=key, inputs=read, differs=any(item != read[0] for item in read)))
    return DataComparison(missing=why, inputs=rows)


def changed(base: Subject, other: Subject) -> list[str]:
    """Names of the inputs that differ."""
    found = [inputs(run) for run in (base, other)]
    return [key for key in union(found) if found[0].get(key) != found[1].get(key)]


def inputs(run: Subject) -> dict[str, DataInput]:
    """What a run read: the job's inputs with a path, and data sets that a client logged."""
    read: dict[str, DataInput] = {}
    for name, given in run.spec.get("inputs", {}).items():
        if isinstance(given, dict) and given.get("path"):
            read[name] = _of_path(str(given["path"]))
    for source, relation, _, doc in run.ws.store.edges(f"run:{run.run_id}", outgoing=False):
        if relation != Relation.INPUT:
            continue
        kind, _, reference = source.partition(":")
        if kind == DATASET:
            item = _of_dataset(run, reference)
            context = doc.get("tags", {}).get("mlflow.data.context")
            read[f"{item.name} ({context})" if context else item.name] = item
        else:
            name, _, version = reference.rpartition("@")
            asset = DataInput(kind=kind, name=name or reference, version=version or None)
            for key in doc.get("inputs") or [asset.name]:
                read[key] = asset
    return read


def _of_path(path: str) -> DataInput:
    match = REFERENCE.match(path)
    if match:
        return DataInput(kind="file", name=match[2] or "", version=match[1][:12])
    if path.startswith(("azureml://jobs/", "runs:/")):
        return DataInput(kind="job", name=path, source=path)
    return DataInput(kind="path", name=path, source=path)


def _of_dataset(run: Subject, reference: str) -> DataInput:
    name, _, digest = reference.rpartition("@")
    record = run.ws.store.find_record(DATASET, name, digest)
    doc = record.doc if record else {}
    profile = _json(doc.get("profile"))
    rows = next((profile[key] for key in ROWS if isinstance(profile.get(key), int)), None)
    return DataInput(
        kind=DATASET,
        name=str(doc.get("name") or name.partition("/")[2]),
        version=digest,
        source=_source(doc),
        n_rows=rows,
        columns=_columns(_json(doc.get("schema"))),
    )


def _source(doc: dict[str, Any]) -> str | None:
    source = _json(doc.get("source"))
    shown = source.get("uri") or source.get("url") or source.get("path")
    return str(shown) if shown else doc.get("source_type")


def _columns(schema: dict[str, Any]) -> dict[str, str] | None:
    listed = schema.get("mlflow_colspec")
    if not isinstance(listed, list):
        return None
    return {
        str(column.get("name", at)): str(column.get("type", ""))
        for at, column in enumerate(listed)
        if isinstance(column, dict)
    }


def _json(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
