"""Logged models: what a run's `log_model` makes, before (or without) being registered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_mlws.features.run_links import LOGGED_MODEL
from jupyter_mlws.server.mlflow import limits, names, query, wire
from jupyter_mlws.server.mlflow.artifacts import files_below
from jupyter_mlws.server.mlflow.experiments import experiment_id_of, require_active
from jupyter_mlws.server.mlflow.experiments import find as find_experiment
from jupyter_mlws.server.mlflow.metrics import views
from jupyter_mlws.server.mlflow.table import Call, Door, endpoint
from jupyter_mlws.server.mlflow.wire import Fields, Json, absent, invalid, missing, pairs
from jupyter_mlws.store.base import Doc, Point, Record
from jupyter_mlws.store.filters import Comparison, Condition, Language, parse

STATUSES = {
    1: "LOGGED_MODEL_PENDING",
    2: "LOGGED_MODEL_READY",
    3: "LOGGED_MODEL_UPLOAD_FAILED",
}
LANGUAGE = Language(
    entities={
        **dict.fromkeys(("attribute", "attributes"), "attribute"),
        **dict.fromkeys(("metric", "metrics"), "metric"),
        **dict.fromkeys(("param", "params"), "parameter"),
        **dict.fromkeys(("tag", "tags"), "tag"),
    },
    texts={
        name: name
        for name in (
            "name",
            "model_id",
            "model_type",
            "status",
            "source_run_id",
            "experiment_id",
            "artifact_location",
        )
    },
    numbers={
        **dict.fromkeys(
            ("creation_timestamp", "creation_time", "creation_timestamp_ms"), "created"
        ),
        **dict.fromkeys(
            ("last_updated_timestamp", "last_updated_time", "last_updated_timestamp_ms"), "updated"
        ),
    },
)
IN_STORE = ("name", "source_run_id", "model_type")
"""Attributes that the store compares by itself when a filter asks for equality."""
MAX_PAGE = 50_000

Metrics = list[tuple[str, Point]]


@endpoint("POST", "logged-models", "runs/write")
def create(call: Call) -> Json:
    """Make a logged model that waits for its files."""
    fields = call.fields
    experiment = find_experiment(call, fields)
    require_active(experiment)
    name = fields.text("name") or names.made_up()
    limits.check_logged_model_name(name)
    source_run_id = fields.text("source_run_id") or None
    if source_run_id:
        call.may_write(source_run_id)
    doc: Doc = {
        "experiment_id": experiment.experiment_id,
        "name": name,
        "model_type": fields.text("model_type"),
        "source_run_id": source_run_id or call.principal.run_id,
        "status": STATUSES[1],
        "params": _read_words(fields, "params"),
        "tags": _read_words(fields, "tags"),
    }
    model_id = f"m-{uuid.uuid4().hex}"
    with call.store.change(
        call.who, "runs/write", f"{LOGGED_MODEL}:{model_id}", created=True, name=name
    ) as tx:
        tx.add_record(LOGGED_MODEL, model_id, doc)
    return _answer(call, model_id)


@endpoint("GET", "logged-models/{model_id}", "runs/read")
def get(call: Call) -> Json:
    """One logged model."""
    return _answer(
        call, call.fields.required("model_id"), deleted=call.fields.boolean("allow_deleted")
    )


@endpoint("PATCH", "logged-models/{model_id}", "runs/write")
def finalize(call: Call) -> Json:
    """Say that the files are there, or that they could not be uploaded."""
    status = call.fields.enum("status", STATUSES)
    if status is None:
        raise missing("status")
    model_id = call.fields.required("model_id")
    with edit(call, model_id, status=status) as doc:
        doc["status"] = status
    return _answer(call, model_id)


@endpoint("DELETE", "logged-models/{model_id}", "runs/write")
def delete(call: Call) -> Json:
    """Mark a logged model deleted; again is no error."""
    model_id = call.fields.required("model_id")
    if not find(call, model_id, deleted=True).archived:
        with edit(call, model_id, archived=True):
            pass
    return {}


@endpoint("PATCH", "logged-models/{model_id}/tags", "runs/write")
def set_tags(call: Call) -> Json:
    """Set tags."""
    tags = _read_words(call.fields, "tags")
    with edit(call, call.fields.required("model_id"), tags=list(tags)) as doc:
        doc["tags"].update(tags)
    return {}


@endpoint("DELETE", "logged-models/{model_id}/tags/{key}", "runs/write")
def delete_tag(call: Call) -> Json:
    """Drop a tag."""
    model_id, key = call.fields.required("model_id"), call.fields.required("key")
    with edit(call, model_id, dropped_tags=[key]) as doc:
        if doc["tags"].pop(key, None) is None:
            raise absent(f"No tag with key {key!r} found for model with ID {model_id!r}.")
    return {}


@endpoint("POST", "logged-models/{model_id}/params", "runs/write")
def log_params(call: Call) -> Json:
    """Add params."""
    params = _read_words(call.fields, "params")
    with edit(call, call.fields.required("model_id"), params=list(params)) as doc:
        doc["params"].update(params)
    return {}


@endpoint("POST", "logged-models/search", "runs/read", heavy=True)
def search(call: Call) -> Json:
    """Logged models that match a filter."""
    fields = call.fields
    if not fields.has("experiment_ids"):
        raise missing("experiment_ids")
    condition = parse(fields.text("filter") or "", LANGUAGE)
    datasets = [_read_dataset(item) for item in fields.objects("datasets")]
    order = [_read_order(item) for item in fields.objects("order_by")]
    offset = wire.offset_of(fields.text("page_token"))
    n_results = fields.max_results(50, MAX_PAGE)
    points = _PointsOnce(call)
    found = [
        record
        for text in fields.texts("experiment_ids")
        for record in _stored(call, experiment_id_of(text), condition)
        if _matches(call.door, record, condition, datasets, points)
    ]
    newest: list[tuple[Callable[[Record], Any], bool]] = [
        (lambda record: record.created_ms, True),
        (lambda record: record.name, False),
    ]
    keys = [(_order_key(call.door, field, dataset, points), down) for field, down, dataset in order]
    page = query.ordered(found, [*keys, *newest])[offset : offset + n_results + 1]
    models = [view_of(call.door, record, points(record.name)) for record in page[:n_results]]
    token = wire.next_page(offset + n_results, more=len(page) > n_results)
    return wire.present({"models": models, "next_page_token": token})


@endpoint("GET", "logged-models/{model_id}/artifacts/directories", "artifacts/read", heavy=True)
def list_artifacts(call: Call) -> Json:
    """Files and folders of a logged model."""
    record = find(call, call.fields.required("model_id"))
    uri = artifact_uri(call.door, record)
    files = files_below(call.store, uri, call.fields.text("artifact_directory_path") or "")
    return wire.present({"root_uri": uri, "files": files})


def find(call: Call, model_id: str, *, deleted: bool | None = False) -> Record:
    """The logged model of an id.

    Raises:
        Refused: there is none, or it is deleted and `deleted` ones are not wanted.
    """
    record = call.store.find_record(LOGGED_MODEL, model_id)
    if record is None or (record.archived and not deleted):
        raise absent(f"Logged model with ID '{model_id}' not found.")
    return record


@contextmanager
def edit(call: Call, model_id: str, **facts: Any) -> Iterator[Doc]:
    """Change a logged model's document; `archived=True` marks it deleted.

    Raises:
        Refused: there is none.
        Denied: the caller is a job, and another's run made the model.
    """
    with call.store.change(call.who, "runs/write", f"{LOGGED_MODEL}:{model_id}", **facts) as tx:
        record = find(call, model_id)
        if call.principal.run_id is not None:
            call.may_write(record.doc["source_run_id"] or "")
        yield record.doc
        tx.put_record(LOGGED_MODEL, model_id, record.doc, archived=facts.get("archived", False))


def artifact_uri(door: Door, record: Record) -> str:
    """Where the model's files lie."""
    location = door.location(record.doc["experiment_id"]).rstrip("/")
    return f"{location}/models/{record.name}/artifacts"


def view_of(door: Door, record: Record, points: Metrics) -> Json:
    """The logged model as the protocol answers it."""
    doc = record.doc
    info: Json = {
        "model_id": record.name,
        "experiment_id": str(doc["experiment_id"]),
        "name": doc["name"],
        "creation_timestamp_ms": record.created_ms,
        "last_updated_timestamp_ms": record.updated_ms,
        "artifact_uri": artifact_uri(door, record),
        "status": doc["status"],
        "model_type": doc["model_type"] or "",
        "source_run_id": doc["source_run_id"] or "",
        "tags": pairs(doc["tags"]),
    }
    data: Json = {"params": pairs(doc["params"]), "metrics": point_views(points)}
    return {"info": wire.present(info), "data": wire.present(data)}


def point_views(points: Metrics) -> list[Json]:
    """Points of a logged model as the protocol answers them."""
    return [
        wire.present(
            {
                **views([point])[0],
                "dataset_name": point.dataset_name,
                "dataset_digest": point.dataset_digest,
                "model_id": point.model_id,
                "run_id": run_id,
            }
        )
        for run_id, point in points
    ]


class _PointsOnce:
    """The points of models, each fetched once and only when a search looks at them."""

    def __init__(self, call: Call) -> None:
        self._store = call.store
        self._found: dict[str, Metrics] = {}

    def __call__(self, model_id: str) -> Metrics:
        if model_id not in self._found:
            self._found[model_id] = self._store.model_points(model_id)
        return self._found[model_id]


Dataset = tuple[str, str | None]


def _answer(call: Call, model_id: str, *, deleted: bool | None = False) -> Json:
    record = find(call, model_id, deleted=deleted)
    return {"model": view_of(call.door, record, call.store.model_points(model_id))}


def _read_words(fields: Fields, name: str) -> dict[str, str]:
    return {item.required("key"): item.text("value") or "" for item in fields.objects(name)}


def _read_dataset(fields: Fields) -> Dataset:
    name = fields.text("dataset_name")
    if not name:
        raise invalid("`dataset_name` in the `datasets` clause must be specified.")
    return name, fields.text("dataset_digest") or None


def _read_order(fields: Fields) -> tuple[str, bool, Dataset | None]:
    field = fields.required("field_name")
    up = fields.boolean("ascending")
    entity, dot, _ = field.partition(".")
    if dot and entity != "metrics":
        raise invalid(f"Invalid order by field name: {field}. Only metrics are supported.")
    if not dot and field not in {**LANGUAGE.texts, **LANGUAGE.numbers}:
        raise invalid(f"Invalid order by field name: {field}")
    name = fields.text("dataset_name")
    dataset = (name, fields.text("dataset_digest") or None) if name else None
    return field, up is False, dataset


def _stored(call: Call, experiment_id: int, condition: Condition | None) -> list[Record]:
    where: dict[str, Any] = {"experiment_id": experiment_id}
    for comparison in query.certain(condition):
        about = (comparison.entity, comparison.operator)
        if about == ("attribute", "=") and comparison.key in IN_STORE:
            where.setdefault(comparison.key, comparison.value)
    return call.store.list_records(LOGGED_MODEL, where=where)


def _matches(
    door: Door,
    record: Record,
    condition: Condition | None,
    datasets: list[Dataset],
    points: _PointsOnce,
) -> bool:
    def holds_for(comparison: Comparison) -> bool:
        match comparison.entity:
            case "metric":
                return any(
                    point.key == comparison.key and query.holds(comparison, point.value)
                    for _, point in points(record.name)
                    if _of_dataset(point, datasets)
                )
            case "tag":
                return query.holds(comparison, record.doc["tags"].get(comparison.key))
            case "parameter":
                return query.holds(comparison, record.doc["params"].get(comparison.key))
        return query.holds(comparison, _attribute(door, record, comparison))

    if datasets and not any(_of_dataset(point, datasets) for _, point in points(record.name)):
        return False
    return query.chosen(condition, holds_for)


def _attribute(door: Door, record: Record, comparison: Comparison) -> Any:
    if comparison.key == "status" and "LOGGED_MODEL_" not in str(comparison.value):
        return record.doc["status"].removeprefix("LOGGED_MODEL_")
    return _attributes(door, record)[comparison.key]


def _attributes(door: Door, record: Record) -> dict[str, Any]:
    doc = record.doc
    return {
        **{name: doc[name] for name in ("name", "model_type", "source_run_id", "status")},
        "experiment_id": str(doc["experiment_id"]),
        "model_id": record.name,
        "artifact_location": artifact_uri(door, record),
        "created": record.created_ms,
        "updated": record.updated_ms,
    }


def _of_dataset(point: Point, datasets: list[Dataset]) -> bool:
    return not datasets or any(
        point.dataset_name == name and digest in {None, point.dataset_digest}
        for name, digest in datasets
    )


def _order_key(
    door: Door, field: str, dataset: Dataset | None, points: _PointsOnce
) -> Callable[[Record], Any]:
    if not field.startswith("metrics."):
        attribute = LANGUAGE.numbers.get(field, field)
        return lambda record: _attributes(door, record)[attribute]
    key = field.removeprefix("metrics.")

    def latest(record: Record) -> float | None:
        seen = [
            point
            for _, point in points(record.name)
            if point.key == key and _of_dataset(point, [dataset] if dataset else [])
        ]
        if not seen:
            return None
        value = max(seen, key=lambda point: (point.ts_ms, point.step)).value
        return None if value != value else value

    return latest
