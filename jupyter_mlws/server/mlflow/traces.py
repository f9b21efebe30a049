"""Traces: what a call did, span by span, and what people and judges say of it.

A trace is a record; its spans are one JSON file among the artifacts, which the client writes and reads
by itself. That is the form of the protocol for servers that take no spans one by one: `/v1/traces` says so.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_mlws.entities.errors import Denied
from jupyter_mlws.server.mlflow import limits, spans, trace_search, wire
from jupyter_mlws.server.mlflow.artifacts import root_of
from jupyter_mlws.server.mlflow.experiments import experiment_id_of, require_active
from jupyter_mlws.server.mlflow.experiments import find as find_experiment
from jupyter_mlws.server.mlflow.lineage import SOURCE_RUN, TRACE
from jupyter_mlws.server.mlflow.runs import writable
from jupyter_mlws.server.mlflow.table import Call, Door, endpoint
from jupyter_mlws.server.mlflow.wire import Fields, Json, absent, invalid, missing
from jupyter_mlws.store.base import Doc, Record

STATES = {0: "STATE_UNSPECIFIED", 1: "OK", 2: "ERROR", 3: "IN_PROGRESS"}
LOCATION = "mlflow.artifactLocation"
LINKED_PROMPTS = "mlflow.linkedPrompts"
MAX_PAGE = 500
MAX_LINKS = 100
VALUES = ("feedback", "expectation", "issue")
"""An assessment is one of these."""
CHANGEABLE = ("assessment_name", *VALUES, "rationale", "metadata")

_TRACE_ID = re.compile(r"[A-Za-z0-9][\w-]{0,99}")
_UPPER = re.compile(r"[A-Z]")


@endpoint("POST", "traces", "runs/write", version="3.0")
def start(call: Call) -> Json:
    """Keep a trace that has ended. The same one again, as retries send it, adds to what is there."""
    info = call.fields.object("trace").object("trace_info")
    trace_id = info.required("trace_id")
    if not _TRACE_ID.fullmatch(trace_id):
        raise wire.bad_value(info.name("trace_id"), trace_id, "It must be a plain word.")
    place = info.object("trace_location").object("mlflow_experiment")
    experiment = find_experiment(call, place)
    require_active(experiment)
    doc = _read_info(info)
    doc["experiment_id"] = experiment.experiment_id
    source = doc["metadata"].get(SOURCE_RUN)
    if source:
        call.may_write(source)
    elif call.principal.run_id is not None:
        doc["metadata"][SOURCE_RUN] = call.principal.run_id
    doc["tags"][LOCATION] = artifact_uri(call.door, trace_id, doc)
    with call.store.change(call.who, "runs/write", f"{TRACE}:{trace_id}", created=True) as tx:
        before = call.store.find_record(TRACE, trace_id)
        if before is not None:
            _may_write(call, before)
            doc = _merged(before.doc, doc)
        tx.put_record(TRACE, trace_id, doc)
    return {"trace": {"trace_info": view_of(find(call, trace_id))}}


@endpoint("GET", "traces/{trace_id}", "runs/read", version="3.0")
def get_info(call: Call) -> Json:
    """One trace without its spans."""
    return {"trace": {"trace_info": view_of(find(call, call.fields.required("trace_id")))}}


@endpoint("GET", "traces/get", "runs/read", version="3.0", heavy=True)
def get(call: Call) -> Json:
    """One trace with its spans."""
    return {"trace": _whole(call, find(call, call.fields.required("trace_id")))}


@endpoint("GET", "traces/batchGet", "runs/read", version="3.0", heavy=True)
def get_many(call: Call) -> Json:
    """Several traces with their spans; unknown ones are left out."""
    return wire.present({"traces": [_whole(call, record) for record in _asked(call)]})


@endpoint("POST", "traces/batchGetInfos", "runs/read", version="3.0", heavy=True)
def get_many_infos(call: Call) -> Json:
    """Several traces without their spans; unknown ones are left out."""
    return wire.present({"trace_infos": [view_of(record) for record in _asked(call)]})


@endpoint("POST", "traces/search", "runs/read", version="3.0", heavy=True)
def search(call: Call) -> Json:
    """Traces of experiments that match a filter; the newest first unless ordered."""
    fields = call.fields
    if not fields.has("locations"):
        raise missing("locations")
    asked = trace_search.read(fields.text("filter") or "", fields.texts("order_by"))
    offset = wire.offset_of(fields.text("page_token"))
    n_results = fields.max_results(100, MAX_PAGE)
    records = [
        record
        for experiment_id in dict.fromkeys(_experiments(fields))
        for record in call.store.list_records(TRACE, where={"experiment_id": experiment_id})
    ]
    found = asked.chosen(records, lambda record: read_spans(call, record))
    page = found[offset : offset + n_results + 1]
    token = wire.next_page(offset + n_results, more=len(page) > n_results)
    traces = [view_of(record) for record in page[:n_results]]
    return wire.present({"traces": traces, "next_page_token": token})


@endpoint("POST", "traces/delete-traces", "runs/write", version="2.0")
@endpoint("POST", "traces/delete-traces", "runs/write", version="3.0")
def delete(call: Call) -> Json:
    """Delete traces for good, with their spans: those that are named, or the oldest ones."""
    fields = call.fields
    experiment_id = experiment_id_of(fields.required("experiment_id"))
    names = fields.texts("request_ids")
    until_ms, most = fields.integer("max_timestamp_millis"), fields.integer("max_traces")
    _check_deletion(names, until_ms, most)
    records = [
        record
        for record in call.store.list_records(TRACE, where={"experiment_id": experiment_id})
        if (record.name in names if until_ms is None else record.doc["request_ms"] <= until_ms)
    ]
    records.sort(key=lambda record: (record.doc["request_ms"], record.name))
    records = records[:most]
    for record in records:
        _may_write(call, record)
    if records:
        with call.store.change(
            call.who, "runs/write", f"experiment:{experiment_id}", n_deleted_traces=len(records)
        ) as tx:
            for record in records:
                tx.delete_record(TRACE, record.name)
                folder = folder_of(call.door, record)
                if folder is not None:
                    tx.delete_artifacts(folder)
    return {"traces_deleted": len(records)}


@endpoint("PATCH", "traces/{trace_id}/tags", "runs/write", version="2.0")
@endpoint("PATCH", "traces/{trace_id}/tags", "runs/write", version="3.0")
def set_tag(call: Call) -> Json:
    """Set a tag."""
    key, value = call.fields.required("key"), call.fields.text("value") or ""
    limits.check_key(key, "key", "key")
    with edit(call, tags=[key]) as doc:
        doc["tags"][key] = value[: limits.TAG_LENGTH]
    return {}


@endpoint("DELETE", "traces/{trace_id}/tags", "runs/write", version="2.0")
@endpoint("DELETE", "traces/{trace_id}/tags", "runs/write", version="3.0")
def delete_tag(call: Call) -> Json:
    """Drop a tag."""
    key, trace_id = call.fields.required("key"), call.fields.required("trace_id")
    with edit(call, dropped_tags=[key]) as doc:
        if doc["tags"].pop(key, None) is None:
            raise absent(f"No trace tag with key '{key}' for trace with ID '{trace_id}'")
    return {}


@endpoint("POST", "traces/link-to-run", "runs/write", heavy=True)
def link_to_run(call: Call) -> Json:
    """Let traces be found by a run that did not make them."""
    names = call.fields.texts("trace_ids")
    if not names:
        raise missing("trace_ids")
    if len(names) > MAX_LINKS:
        raise invalid(
            f"Cannot link more than {MAX_LINKS} traces to a run in a single request. "
            f"Provided {len(names)} traces."
        )
    run = writable(call, call.fields.required("run_id"))
    with call.store.change(call.who, "runs/write", f"run:{run.run_id}", n_traces=len(names)) as tx:
        for name in names:
            doc = find(call, name).doc
            doc["runs"] = [*dict.fromkeys([*doc["runs"], run.run_id])]
            tx.put_record(TRACE, name, doc)
    return {}


@endpoint("POST", "traces/link-prompts", "runs/write")
def link_prompts(call: Call) -> Json:
    """Note the versions of prompts that a trace has used, as the tag that clients read."""
    used = [
        {"name": item.required("name"), "version": item.required("version")}
        for item in call.fields.objects("prompt_versions")
    ]
    with edit(call, n_prompts=len(used)) as doc:
        there = wire.decode_list(doc["tags"].get(LINKED_PROMPTS, "[]"))
        new = [prompt for prompt in used if prompt not in there]
        doc["tags"][LINKED_PROMPTS] = wire.encode_list([*there, *new])
    return {}


@endpoint("POST", "traces/{trace_id}/assessments", "runs/write", version="3.0")
def create_assessment(call: Call) -> Json:
    """Say something of a trace; it may take the place of what was said before."""
    trace_id = call.fields.required("trace_id")
    given = _read_assessment(call.fields.object("assessment"), trace_id)
    with edit(call, assessment=given["assessment_id"]) as doc:
        overridden = given.get("overrides")
        if overridden:
            _assessment(doc, trace_id, overridden)["valid"] = False
        doc["assessments"].append(given)
    return {"assessment": given}


@endpoint("GET", "traces/{trace_id}/assessments/{assessment_id}", "runs/read", version="3.0")
def get_assessment(call: Call) -> Json:
    """One assessment."""
    trace_id = call.fields.required("trace_id")
    doc = find(call, trace_id).doc
    return {"assessment": _assessment(doc, trace_id, call.fields.required("assessment_id"))}


@endpoint("PATCH", "traces/{trace_id}/assessments/{assessment_id}", "runs/write", version="3.0")
def update_assessment(call: Call) -> Json:
    """Change the fields of an assessment that `update_mask` names."""
    trace_id, assessment_id = (
        call.fields.required("trace_id"),
        call.fields.required("assessment_id"),
    )
    given = call.fields.object("assessment")
    names = [_snake(name) for name in (call.fields.text("update_mask") or "").split(",") if name]
    for name in names:
        if name not in CHANGEABLE:
            raise wire.bad_value("update_mask", name, f"It must be one of {CHANGEABLE}.")
    with edit(call, assessment=assessment_id) as doc:
        found = _assessment(doc, trace_id, assessment_id)
        for name in names:
            if name in VALUES and name not in found:
                raise invalid(f"Cannot update {name} value on another kind of assessment.")
            found[name] = given.get(name)
        found["last_update_time"] = spans.time_text(_now_ms())
    return {"assessment": found}


@endpoint("DELETE", "traces/{trace_id}/assessments/{assessment_id}", "runs/write", version="3.0")
def delete_assessment(call: Call) -> Json:
    """Take back an assessment; what it took the place of holds again."""
    trace_id, assessment_id = (
        call.fields.required("trace_id"),
        call.fields.required("assessment_id"),
    )
    with edit(call, dropped_assessment=assessment_id) as doc:
        gone = _assessment(doc, trace_id, assessment_id)
        doc["assessments"].remove(gone)
        for other in doc["assessments"]:
            if other["assessment_id"] == gone.get("overrides"):
                other["valid"] = True
    return {}


def find(call: Call, trace_id: str) -> Record:
    """The trace of an id.

    Raises:
        Refused: there is none.
    """
    record = call.store.find_record(TRACE, trace_id)
    if record is None:
        raise absent(f"Trace with ID '{trace_id}' not found.")
    return record


@contextmanager
def edit(call: Call, **facts: Any) -> Iterator[Doc]:
    """Change the document of the trace that a call names.

    Raises:
        Refused: there is none.
        Denied: the caller is a job, and another's run made the trace.
    """
    trace_id = call.fields.required("trace_id")
    with call.store.change(call.who, "runs/write", f"{TRACE}:{trace_id}", **facts) as tx:
        record = find(call, trace_id)
        _may_write(call, record)
        yield record.doc
        tx.put_record(TRACE, trace_id, record.doc)


def artifact_uri(door: Door, trace_id: str, doc: Doc) -> str:
    """Where the trace's spans and attachments lie."""
    return f"{door.location(doc['experiment_id']).rstrip('/')}/traces/{trace_id}/artifacts"


def folder_of(door: Door, record: Record) -> str | None:
    """The folder of a trace's artifacts from the artifact root; None where another server has them."""
    return root_of(artifact_uri(door, record.name, record.doc))


def read_spans(call: Call, record: Record) -> list[Json]:
    """The spans of a trace as its client wrote them; none when they are not there yet."""
    folder = folder_of(call.door, record)
    return [] if folder is None else spans.read(call.door.workspace, f"{folder}/{spans.FILE}")


def view_of(record: Record) -> Json:
    """The trace as the protocol answers it, without spans."""
    doc = record.doc
    info: Json = {
        "trace_id": record.name,
        "client_request_id": doc["client_request_id"],
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": str(doc["experiment_id"])},
        },
        "request_preview": doc["request_preview"],
        "response_preview": doc["response_preview"],
        "request_time": spans.time_text(doc["request_ms"]),
        "execution_duration": spans.duration_text(doc["duration_ms"]),
        "state": doc["state"],
        "trace_metadata": doc["metadata"],
        "tags": doc["tags"],
        "assessments": doc["assessments"],
    }
    return wire.present(info)


def _read_info(info: Fields) -> Doc:
    trace_id = info.required("trace_id")
    return {
        "client_request_id": info.text("client_request_id"),
        "request_preview": info.text("request_preview"),
        "response_preview": info.text("response_preview"),
        "request_ms": spans.read_time(info.required("request_time"), info.name("request_time")),
        "duration_ms": spans.read_duration(
            info.text("execution_duration"), info.name("execution_duration")
        ),
        "state": info.enum("state", STATES) or STATES[0],
        "metadata": dict(info.mapping("trace_metadata")),
        "tags": _read_tags(info),
        "assessments": [_read_assessment(item, trace_id) for item in info.objects("assessments")],
        "runs": [],
    }


def _read_tags(info: Fields) -> dict[str, str]:
    tags = {}
    for key, value in info.mapping("tags").items():
        limits.check_key(key, info.name("tags"), "key")
        tags[key] = value[: limits.TAG_LENGTH]
    return tags


def _merged(before: Doc, new: Doc) -> Doc:
    known = {item["assessment_id"] for item in new["assessments"]}
    kept = [item for item in before["assessments"] if item["assessment_id"] not in known]
    return {
        **new,
        "tags": {**before["tags"], **new["tags"]},
        "metadata": {**before["metadata"], **new["metadata"]},
        "assessments": [*kept, *new["assessments"]],
        "runs": before["runs"],
    }


def _read_assessment(fields: Fields, trace_id: str) -> Json:
    kinds = [kind for kind in VALUES if fields.has(kind)]
    if len(kinds) != 1:
        raise invalid(f"An assessment needs exactly one of {', '.join(VALUES)}.")
    source = fields.object("source")
    at = spans.time_text(_now_ms())
    return wire.present(
        {
            "assessment_id": fields.text("assessment_id") or f"a-{uuid.uuid4().hex}",
            "assessment_name": fields.required("assessment_name"),
            "trace_id": trace_id,
            "span_id": fields.text("span_id") or None,
            "source": {
                "source_type": source.get("source_type") or "SOURCE_TYPE_UNSPECIFIED",
                "source_id": source.text("source_id") or "default",
            },
            "create_time": fields.text("create_time") or at,
            "last_update_time": fields.text("last_update_time") or at,
            kinds[0]: dict(fields.object(kinds[0]).items()),
            "rationale": fields.text("rationale"),
            "metadata": fields.mapping("metadata") or None,
            "overrides": fields.text("overrides") or None,
            "valid": fields.boolean("valid") is not False,
        }
    )


def _assessment(doc: Doc, trace_id: str, assessment_id: str) -> Json:
    for found in doc["assessments"]:
        if found["assessment_id"] == assessment_id:
            assert isinstance(found, dict)
            return found
    raise absent(f"Assessment with ID '{assessment_id}' not found for trace '{trace_id}'")


def _whole(call: Call, record: Record) -> Json:
    found = [spans.to_otlp(span) for span in read_spans(call, record)]
    return wire.present({"trace_info": view_of(record), "spans": found})


def _asked(call: Call) -> list[Record]:
    names = call.fields.texts("trace_ids")
    if not names:
        raise missing("trace_ids")
    found = (call.store.find_record(TRACE, name) for name in dict.fromkeys(names))
    within = set(call.fields.texts("experiment_ids"))
    return [
        record
        for record in found
        if record and (not within or str(record.doc["experiment_id"]) in within)
    ]


def _experiments(fields: Fields) -> Iterator[int]:
    for place in fields.objects("locations"):
        if place.has("mlflow_experiment"):
            experiment = place.object("mlflow_experiment")
            yield experiment_id_of(experiment.required("experiment_id"))


def _check_deletion(names: list[str], until_ms: int | None, most: int | None) -> None:
    if until_ms is None and not names:
        raise invalid("Either `max_timestamp_millis` or `trace_ids` must be specified.")
    if until_ms is not None and names:
        raise invalid("Only one of `max_timestamp_millis` and `trace_ids` can be specified.")
    if names and most is not None:
        raise invalid("`max_traces` can't be specified if `trace_ids` is specified.")
    if most is not None and most <= 0:
        raise invalid(f"`max_traces` must be a positive integer, received {most}.")


def _may_write(call: Call, record: Record) -> None:
    if call.principal.run_id is not None:
        source = record.doc["metadata"].get(SOURCE_RUN)
        if source is None:
            raise Denied(
                f"The token of job '{call.principal.run_id}' may not write to '{record.name}'."
            )
        call.may_write(source)


def _snake(name: str) -> str:
    return _UPPER.sub(lambda match: f"_{match.group().lower()}", name.strip())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
