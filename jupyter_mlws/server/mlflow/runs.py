"""Runs: made, written to, searched."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import orjson

from jupyter_mlws.entities.errors import Conflict, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.features import run_links
from jupyter_mlws.server.mlflow import limits, lineage, names, wire
from jupyter_mlws.server.mlflow.experiments import (
    OUR_VIEWS,
    VIEWS,
    experiment_id_of,
    require_active,
)
from jupyter_mlws.server.mlflow.experiments import find as find_experiment
from jupyter_mlws.server.mlflow.metrics import read_point, read_points, run_id_of, views
from jupyter_mlws.server.mlflow.table import Call, Door, endpoint, large
from jupyter_mlws.server.mlflow.wire import Fields, Json, Refused, absent, invalid, missing, pairs
from jupyter_mlws.store.base import Point, RunMark, RunQuery, RunRow

STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
TO_OURS = {
    "RUNNING": Status.RUNNING,
    "SCHEDULED": Status.QUEUED,
    "FINISHED": Status.COMPLETED,
    "FAILED": Status.FAILED,
    "KILLED": Status.CANCELED,
}
TO_THEIRS = {
    Status.NOT_STARTED.value: "SCHEDULED",
    Status.QUEUED.value: "SCHEDULED",
    Status.PREPARING.value: "SCHEDULED",
    Status.STARTING.value: "SCHEDULED",
    Status.RUNNING.value: "RUNNING",
    Status.CANCEL_REQUESTED.value: "RUNNING",
    Status.FINALIZING.value: "RUNNING",
    Status.COMPLETED.value: "FINISHED",
    Status.FAILED.value: "FAILED",
    Status.CANCELED.value: "KILLED",
}
MLFLOW = "mlflow"
"""Type of the runs that clients make by themselves; the status of all others is the dispatcher's."""

RUN_NAME = "mlflow.runName"
PARENT = "mlflow.parentRunId"
USER = "mlflow.user"
MODEL_HISTORY = "mlflow.log-model.history"


@endpoint("POST", "runs/create", "runs/write", heavy=large)
def create(call: Call) -> Json:
    """Make a run."""
    fields = call.fields
    tags = dict(read_tag(tag) for tag in fields.objects("tags"))
    name = _name_of(fields.text("run_name") or "", tags.get(RUN_NAME))
    start_ms = fields.integer("start_time")
    experiment = find_experiment(
        call, Fields({"experiment_id": fields.text("experiment_id") or "0"})
    )
    require_active(experiment)
    tags[RUN_NAME] = name
    row = RunRow(
        run_id=uuid.uuid4().hex,
        experiment_id=experiment.experiment_id,
        name=name,
        type=MLFLOW,
        user=fields.text("user_id") or tags.get(USER) or call.who,
        status=Status.RUNNING.value,
        created_ms=0,
        start_ms=_now_ms() if start_ms is None else start_ms,
        end_ms=None,
        archived=False,
        parent_id=_parent_of(call, tags),
        tags=tags,
    )
    with call.store.change(
        call.who, "runs/write", f"run:{row.run_id}", created=True, status=row.status
    ) as tx:
        tx.create_run(
            row.run_id,
            row.experiment_id,
            name=name,
            type=MLFLOW,
            user=row.user,
            status=row.status,
            start_ms=row.start_ms,
            parent_id=row.parent_id,
            tags=tags,
        )
    return {"run": view_of(call.door, row, {})}


@endpoint("GET", "runs/get", "runs/read")
def get(call: Call) -> Json:
    """One run with all its data."""
    row = find(call, run_id_of(call), with_data=True)
    return {"run": view_of(call.door, row, lineage.of_runs(call.store, [row.run_id]))}


@endpoint("POST", "runs/update", "runs/write")
def update(call: Call) -> Json:
    """End or rename a run. A job's end is the dispatcher's to say: there only the name changes."""
    fields = call.fields
    row = writable(call, run_id_of(call))
    status = fields.enum("status", STATUSES)
    end_ms = fields.integer("end_time")
    name = fields.text("run_name") or None
    ours = TO_OURS[status] if status and row.type == MLFLOW else None
    if row.type != MLFLOW:
        end_ms = None
    facts = {"status": ours and ours.value, "name": name}
    changed = {key: value for key, value in facts.items() if value is not None}
    with call.store.change(call.who, "runs/write", f"run:{row.run_id}", **changed) as tx:
        tx.update_run(
            row.run_id,
            name=name,
            status=ours and ours.value,
            end_ms=end_ms,
        )
    after = replace(
        row,
        name=name or row.name,
        status=ours.value if ours else row.status,
        end_ms=row.end_ms if end_ms is None else end_ms,
    )
    return {"run_info": info_of(call.door, after)}


@endpoint("POST", "runs/delete", "runs/write")
def delete(call: Call) -> Json:
    """Mark a run deleted."""
    return _set_archived(call, True)


@endpoint("POST", "runs/restore", "runs/write")
def restore(call: Call) -> Json:
    """Take back the deletion of a run."""
    return _set_archived(call, False)


@endpoint("POST", "runs/log-metric", "runs/write")
def log_metric(call: Call) -> Json:
    """Append a point to a metric."""
    run_id = run_id_of(call)
    point = read_point(dict(call.fields.items()))
    row = writable(call, run_id)
    _check_models(call, [point])
    with call.store.change(call.who, "runs/write", f"run:{row.run_id}", metrics=[point.key]) as tx:
        tx.log(row.run_id, metrics=(point,))
    return {}


@endpoint("POST", "runs/log-parameter", "runs/write")
def log_param(call: Call) -> Json:
    """Set a param, once."""
    row = writable(call, run_id_of(call))
    key, value = read_param(call.fields)
    try:
        with call.store.change(call.who, "runs/write", f"run:{row.run_id}", params=[key]) as tx:
            tx.log(row.run_id, params={key: value})
    except Conflict:
        old = call.store.get_run(row.run_id).params[key]
        raise invalid(
            f"Changing param values is not allowed. Param with key='{key}' was already logged "
            f"with value='{old}' for run ID='{row.run_id}'. Attempted logging new value '{value}'."
        ) from None
    return {}


@endpoint("POST", "runs/log-batch", "runs/write", heavy=large)
def log_batch(call: Call) -> Json:
    """Append points, set params and tags; all of it or nothing."""
    fields = call.fields
    run_id = run_id_of(call)
    points = read_points(fields.get("metrics"))
    params = [read_param(param) for param in fields.objects("params")]
    tags = dict(read_tag(tag) for tag in fields.objects("tags"))
    limits.check_batch(len(points), len(params), len(fields.objects("tags")))
    _check_unique([key for key, _ in params])
    row = writable(call, run_id)
    _check_models(call, points)
    facts = {
        "metrics": sorted({point.key for point in points}),
        "params": [key for key, _ in params],
        "tags": list(tags),
    }
    changed = {key: value for key, value in facts.items() if value}
    if not changed:
        return {}
    try:
        with call.store.change(call.who, "runs/write", f"run:{row.run_id}", **changed) as tx:
            tx.log(row.run_id, metrics=points, params=dict(params), tags=tags)
    except Conflict:
        raise _changed_params(call, row.run_id, dict(params)) from None
    return {}


@endpoint("POST", "runs/set-tag", "runs/write")
def set_tag(call: Call) -> Json:
    """Set a tag; `mlflow.runName` renames the run."""
    row = writable(call, run_id_of(call))
    key, value = read_tag(call.fields)
    with call.store.change(call.who, "runs/write", f"run:{row.run_id}", tags=[key]) as tx:
        tx.log(row.run_id, tags={key: value})
    return {}


@endpoint("POST", "runs/delete-tag", "runs/write")
def delete_tag(call: Call) -> Json:
    """Drop a tag."""
    row = writable(call, run_id_of(call))
    key = call.fields.required("key")
    try:
        with call.store.change(
            call.who, "runs/write", f"run:{row.run_id}", dropped_tags=[key]
        ) as tx:
            tx.log(row.run_id, drop_tags=[key])
    except NotFound:
        raise absent(f"No tag with name: {key} in run with id {row.run_id}") from None
    return {}


@endpoint("POST", "runs/log-inputs", "runs/write", heavy=large)
def log_inputs(call: Call) -> Json:
    """Say which data sets and models a run read."""
    run_id = run_id_of(call)
    inputs = [lineage.read_input(item) for item in call.fields.objects("datasets")]
    model_ids = [item.required("model_id") for item in call.fields.objects("models")]
    row = writable(call, run_id)
    if inputs or model_ids:
        with call.store.change(
            call.who, "runs/write", f"run:{row.run_id}", n_inputs=len(inputs) + len(model_ids)
        ) as tx:
            run_links.add_inputs(call.store, tx, row.run_id, row.experiment_id, inputs, model_ids)
    return {}


@endpoint("POST", "runs/outputs", "runs/write")
def log_outputs(call: Call) -> Json:
    """Say which models a run made."""
    run_id = run_id_of(call)
    if not call.fields.has("models"):
        raise missing("models")
    models = [
        (item.required("model_id"), item.integer("step") or 0)
        for item in call.fields.objects("models")
    ]
    row = writable(call, run_id)
    with call.store.change(
        call.who, "runs/write", f"run:{row.run_id}", n_outputs=len(models)
    ) as tx:
        run_links.add_outputs(tx, row.run_id, models)
    return {}


@endpoint("POST", "runs/log-model", "runs/write")
def log_model(call: Call) -> Json:
    """Note the model that a 2.x client has logged."""
    row = writable(call, run_id_of(call))
    text = call.fields.required("model_json")
    try:
        model = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid(f"Malformed model info. \n {text} \n is not a valid JSON.") from None
    wanted = {"artifact_path", "flavors", "utc_time_created", "run_id"}
    lacking = wanted.difference(model if isinstance(model, dict) else ())
    if lacking:
        raise invalid(f"Model json is missing mandatory fields: {lacking}")
    history = call.store.get_run(row.run_id).tags.get(MODEL_HISTORY, "[]")
    value = wire.encode_list([*wire.decode_list(history), model])
    with call.store.change(call.who, "runs/write", f"run:{row.run_id}", tags=[MODEL_HISTORY]) as tx:
        tx.log(row.run_id, tags={MODEL_HISTORY: value})
    return {}


@endpoint("POST", "runs/search", "runs/read", heavy=True)
def search(call: Call) -> Json:
    """Runs that match a filter, in order, by pages."""
    fields = call.fields
    query = RunQuery(
        experiment_ids=[experiment_id_of(text) for text in fields.texts("experiment_ids")],
        filter=fields.text("filter") or "",
        order_by=fields.texts("order_by"),
        view=OUR_VIEWS[fields.enum("run_view_type", VIEWS)],
        max_results=fields.max_results(1000, 50_000),
        page_token=fields.text("page_token") or None,
    )
    if not query.experiment_ids:
        return {}
    marks, token = call.store.search_marks(query)
    views = call.door.rendered.all(marks, lambda run_ids: _render(call, run_ids))
    answer: Json = {"runs": views} if views else {}
    return {**answer, "next_page_token": token} if token else answer


@endpoint("GET", "artifacts/list", "artifacts/read", heavy=True)
def list_artifacts(call: Call) -> Json:
    """Files and folders below a run's artifacts, by their paths from there."""
    from jupyter_mlws.server.mlflow.artifacts import files_below

    row = find(call, run_id_of(call))
    uri = artifact_uri(call.door, row)
    files = files_below(call.store, uri, call.fields.text("path") or "")
    return {"root_uri": uri, **({"files": files} if files else {})}


def find(call: Call, run_id: str, *, with_data: bool = False) -> RunRow:
    """The run of an id.

    Raises:
        Refused: there is none.
    """
    try:
        return call.store.get_run(run_id, with_data=with_data)
    except NotFound:
        raise absent(f"Run with id={run_id} not found") from None


def writable(call: Call, run_id: str) -> RunRow:
    """The run of an id, when it may be written to.

    Raises:
        Refused: there is none, or it is deleted.
        Denied: the caller is a job and the run is another's.
    """
    row = find(call, run_id)
    call.may_write(run_id)
    if row.archived:
        raise invalid(f"The run {run_id} must be in the 'active' state. Current state is deleted.")
    return row


def read_param(fields: Fields) -> tuple[str, str]:
    """Key and value of a param, cut to what is kept."""
    key = fields.required("key")
    limits.check_key(key, fields.name("key"), "Param key")
    return key, (fields.text("value") or "")[: limits.PARAM_LENGTH]


def read_tag(fields: Fields) -> tuple[str, str]:
    """Key and value of a tag, cut to what is kept."""
    key = fields.required("key")
    limits.check_key(key, fields.name("key"), fields.name("key"))
    return key, (fields.text("value") or "")[: limits.TAG_LENGTH]


def artifact_uri(door: Door, row: RunRow) -> str:
    """Where the run keeps its artifacts."""
    return f"{door.location(row.experiment_id).rstrip('/')}/{row.run_id}/artifacts"


def info_of(door: Door, row: RunRow) -> Json:
    """What the protocol calls a run's info."""
    info: Json = {
        "run_id": row.run_id,
        "run_uuid": row.run_id,
        "run_name": row.name,
        "experiment_id": str(row.experiment_id),
        "user_id": row.user,
        "status": TO_THEIRS[row.status],
        "start_time": row.created_ms if row.start_ms is None else row.start_ms,
        "artifact_uri": artifact_uri(door, row),
        "lifecycle_stage": "deleted" if row.archived else "active",
    }
    if row.end_ms is not None:
        info["end_time"] = row.end_ms
    return info


def view_of(door: Door, row: RunRow, links: Mapping[str, lineage.Links]) -> Json:
    """The run as the protocol answers it; empty lists are left out."""
    tags = row.tags if RUN_NAME in row.tags else {**row.tags, RUN_NAME: row.name}
    data: Json = {"tags": pairs(tags)}
    if row.metrics:
        data["metrics"] = views(row.metrics)
    if row.params:
        data["params"] = pairs(row.params)
    view: Json = {"info": info_of(door, row), "data": data, "inputs": {}, "outputs": {}}
    found = links.get(row.run_id)
    if found:
        view["inputs"], view["outputs"] = found.inputs, found.outputs
    return view


def _render(call: Call, run_ids: Sequence[str]) -> Iterator[tuple[RunMark, bytes]]:
    """Those of the runs that there are, each as its JSON."""
    rows = call.store.get_runs(run_ids)
    links = lineage.of_runs(call.store, [row.run_id for row in rows])
    for row in rows:
        yield RunMark(row.run_id, row.changed), wire.encode(view_of(call.door, row, links))


def _name_of(run_name: str, tag: str | None) -> str:
    if run_name and tag and run_name != tag:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different "
            f"values (run_name='{run_name}', mlflow.runName='{tag}')."
        )
    return (run_name or tag or names.made_up())[: limits.TAG_LENGTH]


def _parent_of(call: Call, tags: Mapping[str, str]) -> str | None:
    parent = tags.get(PARENT)
    if parent:
        call.may_write(parent)
        return parent
    return call.principal.run_id


def _set_archived(call: Call, archived: bool) -> Json:
    row = find(call, run_id_of(call))
    call.may_write(row.run_id)
    if row.archived != archived:
        with call.store.change(
            call.who, "runs/write", f"run:{row.run_id}", archived=archived
        ) as tx:
            tx.update_run(row.run_id, archived=archived)
    return {}


def _check_unique(keys: Sequence[str]) -> None:
    seen: set[str] = set()
    twice = [key for key in keys if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
    if twice:
        raise invalid(
            f"Duplicate parameter keys have been submitted: {twice}. "
            "Please ensure the request contains only one param value per param key."
        )


def _check_models(call: Call, points: Sequence[Point]) -> None:
    for model_id in {point.model_id for point in points if point.model_id}:
        if call.store.find_record(run_links.LOGGED_MODEL, model_id) is None:
            raise invalid(f"Logged model with ID '{model_id}' not found.")


def _changed_params(call: Call, run_id: str, params: Mapping[str, str]) -> Refused:
    there = call.store.get_run(run_id).params
    changed = [
        {"key": key, "old_value": there[key], "new_value": value}
        for key, value in params.items()
        if key in there and there[key] != value
    ]
    return invalid(
        f"Changing param values is not allowed. Params were already logged='{changed}' "
        f"for run ID='{run_id}'."
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
