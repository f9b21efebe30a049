"""A run as OpenLineage tells it: one event of its start and one of its end.

Source: the public specification, https://openlineage.io/spec/2-0-2/OpenLineage.json.
"""

from __future__ import annotations

import uuid
from typing import Any

from jupyter_mlws._version import __version__
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import records
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunRow

PRODUCER = f"https://pypi.org/project/jupyter_mlws/{__version__}"
SPEC = "https://openlineage.io/spec"
ENDS = {"Completed": "COMPLETE", "Failed": "FAIL", "Canceled": "ABORT"}


def events(ws: Workspace, run_id: str) -> list[dict[str, Any]]:
    """The events of a run: its start, and its end when it has ended.

    Raises:
        NotFound: there is no such run.
    """
    row = ws.store.get_run(run_id)
    node = f"run:{run_id}"
    inputs = [
        _dataset(ws, source, relation)
        for source, relation, _, _ in ws.store.edges(node, outgoing=False)
        if relation == Relation.INPUT
    ]
    outputs = [
        _dataset(ws, target, relation)
        for _, relation, target, _ in ws.store.edges(node)
        if relation == Relation.OUTPUT
    ]
    common = {
        "producer": PRODUCER,
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": _uuid(ws, run_id), "facets": _run_facets(ws, row)},
        "job": {"namespace": ws.url, "name": _job_name(ws, row), "facets": _job_facets(ws, row)},
        "inputs": inputs,
    }
    begin = row.start_ms or row.created_ms
    made = [{"eventType": "START", "eventTime": _time(begin), **common, "outputs": []}]
    if Status(row.status).is_final:
        end = row.end_ms or begin
        kind = ENDS.get(row.status, "OTHER")
        made.append({"eventType": kind, "eventTime": _time(end), **common, "outputs": outputs})
    return made


def _time(moment_ms: int) -> str:
    return from_ms(moment_ms).isoformat().replace("+00:00", "Z")


def _uuid(ws: Workspace, run_id: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{ws.url}/runs/{run_id}"))


def _facet(name: str, version: str, /, **fields: Any) -> dict[str, Any]:
    url = f"{SPEC}/facets/{version}/{name}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": url, **fields}


def _job_name(ws: Workspace, row: RunRow) -> str:
    return f"{ws.store.get_experiment(row.experiment_id).name}.{row.type}"


def _run_facets(ws: Workspace, row: RunRow) -> dict[str, Any]:
    made: dict[str, Any] = {
        "processing_engine": _facet(
            "ProcessingEngineRunFacet", "1-1-1", version=__version__, name="jupyter_mlws"
        ),
    }
    if row.parent_id:
        parent = ws.store.get_run(row.parent_id, with_data=False)
        made["parent"] = _facet(
            "ParentRunFacet",
            "1-0-1",
            run={"runId": _uuid(ws, parent.run_id)},
            job={"namespace": ws.url, "name": _job_name(ws, parent)},
        )
    record = ws.store.find_record(records.KIND, row.run_id)
    error = record.doc.get("error") if record else None
    if error:
        made["errorMessage"] = _facet(
            "ErrorMessageRunFacet", "1-0-1", message=error["message"], programmingLanguage="python"
        )
    return made


def _job_facets(ws: Workspace, row: RunRow) -> dict[str, Any]:
    made = {
        "jobType": _facet(
            "JobTypeJobFacet",
            "2-0-3",
            processingType="BATCH",
            integration="JUPYTER_MLWS",
            jobType=row.type.upper(),
        )
    }
    record = ws.store.find_record(records.KIND, row.run_id)
    git = record.doc.get("git") if record else None
    if git and git.get("repository"):
        made["sourceCodeLocation"] = _facet(
            "SourceCodeLocationJobFacet",
            "1-0-1",
            type="git",
            url=git["repository"],
            repoUrl=git["repository"],
            version=git["commit"],
            **({"branch": git["branch"]} if git.get("branch") else {}),
        )
    return made


def _dataset(ws: Workspace, node: str, relation: str) -> dict[str, Any]:
    kind, _, rest = node.partition(":")
    name, _, version = rest.rpartition("@") if "@" in rest else (rest, "", "")
    facets: dict[str, Any] = {}
    if version:
        facets["version"] = _facet("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=version)
    record = ws.store.find_record(kind, name, version) if version else None
    if record and record.doc.get("description"):
        facets["documentation"] = _facet(
            "DocumentationDatasetFacet", "1-0-1", description=record.doc["description"]
        )
    side = "inputFacets" if relation == Relation.INPUT else "outputFacets"
    return {"namespace": ws.url, "name": f"{kind}/{name}", "facets": facets, side: {}}
