"""The model registry: a view of the workspace's models.

A model is the record `model NAME` without a version, which holds what all versions share; a version
is the record of the same name with its number.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.features import approvals
from jupyter_mlws.features.run_links import LOGGED_MODEL
from jupyter_mlws.server.mlflow import limits, logged_models, query, wire
from jupyter_mlws.server.mlflow.artifacts import SCHEME
from jupyter_mlws.server.mlflow.runs import artifact_uri
from jupyter_mlws.server.mlflow.runs import find as find_run
from jupyter_mlws.server.mlflow.table import Call, endpoint
from jupyter_mlws.server.mlflow.wire import Fields, Json, Refused, absent, invalid, pairs, taken
from jupyter_mlws.store.base import Doc, Record, Transaction
from jupyter_mlws.store.filters import Comparison, Language, Order, parse, parse_order

MODEL = "model"
IS_PROMPT = "mlflow.prompt.is_prompt"
MODEL_VERSIONS = "mlflow.modelVersions"
STAGES = ("None", "Staging", "Production", "Archived")
ACTIVE_STAGES = ("Staging", "Production")
MAX_MODELS = 1000
MAX_VERSIONS = 200_000

_TAGS = {"tag": "tag", "tags": "tag", "attribute": "attribute", "attributes": "attribute"}
_TIMES = {
    "creation_timestamp": "created_ms",
    "last_updated_timestamp": "updated_ms",
    "timestamp": "updated_ms",
}
MODELS = Language(entities=_TAGS, texts={"name": "name"}, numbers={})
MODELS_ORDER = Language(entities=_TAGS, texts={"name": "name"}, numbers=_TIMES)
VERSIONS = Language(
    entities=_TAGS,
    texts={"name": "name", "run_id": "run_id", "source_path": "source", "source": "source"},
    numbers={"version_number": "version"},
)
VERSIONS_ORDER = Language(
    entities=_TAGS, texts={"name": "name"}, numbers={"version_number": "version", **_TIMES}
)


# Models
@endpoint("POST", "registered-models/create", "models/write")
def create(call: Call) -> Json:
    """Register a model, without versions yet."""
    name = call.fields.required("name")
    limits.check_model_name(name)
    tags = dict(_read_tag(tag) for tag in call.fields.objects("tags"))
    now_ms = _now_ms()
    doc: Doc = {
        "name": name,
        "description": call.fields.text("description"),
        "tags": tags,
        "aliases": {},
        "last_version": 0,
        "created_ms": now_ms,
        "updated_ms": now_ms,
    }
    with call.store.change(call.who, "models/write", f"{MODEL}:{name}", created=True) as tx:
        if call.store.find_record(MODEL, name) is not None:
            raise _exists(name)
        tx.add_record(MODEL, name, doc)
    return {"registered_model": model_view(doc, [])}


@endpoint("GET", "registered-models/get", "models/read")
def get(call: Call) -> Json:
    """One model with the newest version of each stage."""
    return _model_answer(call, call.fields.required("name"))


@endpoint("PATCH", "registered-models/update", "models/write")
def update(call: Call) -> Json:
    """Describe a model."""
    name = call.fields.required("name")
    with _edit(call, name, described=True) as (_, doc):
        doc["description"] = call.fields.text("description") or ""
        doc["updated_ms"] = _now_ms()
    return _model_answer(call, name)


@endpoint("POST", "registered-models/rename", "models/write")
def rename(call: Call) -> Json:
    """Give a model with all its versions another name."""
    name, new_name = call.fields.required("name"), call.fields.required("new_name")
    limits.check_model_name(new_name)
    if name != new_name:
        with call.store.change(
            call.who, "models/write", f"{MODEL}:{name}", renamed_to=new_name
        ) as tx:
            _find(call, name)
            if call.store.find_record(MODEL, new_name) is not None:
                raise _exists(new_name)
            for record in call.store.list_records(MODEL, name=name, view="all"):
                doc = {**record.doc, "name": new_name, "updated_ms": _now_ms()}
                tx.put_record(
                    MODEL, new_name, doc, version=record.version, archived=record.archived
                )
            tx.delete_record(MODEL, name)
    return _model_answer(call, new_name)


@endpoint("DELETE", "registered-models/delete", "models/delete")
def delete(call: Call) -> Json:
    """Delete a model with versions, tags and aliases; the files stay with their runs."""
    name = call.fields.required("name")
    with call.store.change(call.who, "models/delete", f"{MODEL}:{name}") as tx:
        _find(call, name)
        tx.delete_record(MODEL, name)
    return {}


@endpoint("GET", "registered-models/search", "models/read", heavy=True)
def search(call: Call) -> Json:
    """Models that match a filter, by name."""
    fields = call.fields
    condition = parse(fields.text("filter") or "", MODELS)
    order = parse_order(fields.texts("order_by"), MODELS_ORDER)
    offset = wire.offset_of(fields.text("page_token"))
    n_results = fields.max_results(100, MAX_MODELS)
    versions: dict[str, list[Doc]] = {}
    models: list[Doc] = []
    for record in call.store.list_records(MODEL):
        if record.version:
            versions.setdefault(record.name, []).append(record.doc)
        elif query.chosen(condition, lambda comparison: _holds(comparison, record.doc)):  # noqa: B023
            models.append(record.doc)
    page = query.ordered(models, [*_keys(order), _key("name")])[offset : offset + n_results + 1]
    found = [model_view(doc, versions.get(doc["name"], [])) for doc in page[:n_results]]
    token = wire.next_page(offset + n_results, more=len(page) > n_results)
    return wire.present({"registered_models": found, "next_page_token": token})


@endpoint("POST", "registered-models/get-latest-versions", "models/read")
@endpoint("GET", "registered-models/get-latest-versions", "models/read")
def get_latest_versions(call: Call) -> Json:
    """The newest version of each stage, or of some stages."""
    name = call.fields.required("name")
    stages = [_stage(stage) for stage in call.fields.texts("stages")]
    _find(call, name)
    newest = _newest(_versions(call, name))
    found = [version_view(doc) for stage, doc in newest.items() if not stages or stage in stages]
    return wire.present({"model_versions": found})


@endpoint("POST", "registered-models/set-tag", "models/write")
def set_tag(call: Call) -> Json:
    """Set a tag of a model."""
    name = call.fields.required("name")
    key, value = _read_tag(call.fields)
    with _edit(call, name, tags=[key]) as (_, doc):
        doc["tags"][key] = value
    return {}


@endpoint("DELETE", "registered-models/delete-tag", "models/write")
def delete_tag(call: Call) -> Json:
    """Drop a tag of a model; one that is not there is no error."""
    name, key = call.fields.required("name"), call.fields.required("key")
    with _edit(call, name, dropped_tags=[key]) as (_, doc):
        doc["tags"].pop(key, None)
    return {}


@endpoint("POST", "registered-models/alias", "models/write")
def set_alias(call: Call) -> Json:
    """Let an alias stand for a version; it moves when there is one."""
    name, alias = call.fields.required("name"), call.fields.required("alias")
    version = _version_of(call.fields)
    limits.check_alias(alias)
    _find(call, name, version)
    with _edit(call, name, alias=alias, alias_of=version) as (_, doc):
        _find(call, name, version)
        doc["aliases"][alias] = version
    return {}


@endpoint("GET", "registered-models/alias", "models/read")
def get_by_alias(call: Call) -> Json:
    """The version that an alias stands for."""
    name, alias = call.fields.required("name"), call.fields.required("alias")
    version = _find(call, name).doc["aliases"].get(alias)
    if version is None:
        raise invalid(f"Registered model alias {alias} not found.")
    return _version_answer(call, name, version)


@endpoint("DELETE", "registered-models/alias", "models/write")
def delete_alias(call: Call) -> Json:
    """Drop an alias; one that is not there is no error."""
    name, alias = call.fields.required("name"), call.fields.required("alias")
    with _edit(call, name, dropped_alias=alias) as (_, doc):
        doc["aliases"].pop(alias, None)
    return {}


# Versions
@endpoint("POST", "model-versions/create", "models/write")
def create_version(call: Call) -> Json:
    """Register files as the next version of a model."""
    fields = call.fields
    name = fields.required("name")
    doc: Doc = {
        "name": name,
        "description": fields.text("description"),
        "run_link": fields.text("run_link") or None,
        "tags": dict(_read_tag(tag) for tag in fields.objects("tags")),
        "stage": "None",
        **_origin(call, is_prompt=_is_prompt(fields)),
    }
    with _edit(call, name, new_version=True) as (tx, model):
        now_ms = _now_ms()
        model["last_version"] += 1
        model["updated_ms"] = now_ms
        version = model["last_version"]
        doc.update(version=version, created_ms=now_ms, updated_ms=now_ms)
        tx.add_record(MODEL, name, doc, version=str(version))
        tx.note(**{"version": str(version), f"made:{MODEL}:{name}": str(version)})
        if doc["run_id"]:
            tx.link(f"run:{doc['run_id']}", Relation.OUTPUT, f"{MODEL}:{name}@{version}")
        if doc["model_id"] and doc["source"].startswith("models:/m-"):
            _tell_logged_model(call, tx, doc["model_id"], name, str(version))
    return {"model_version": version_view(doc)}


@endpoint("GET", "model-versions/get", "models/read")
def get_version(call: Call) -> Json:
    """One version."""
    return _version_answer(call, call.fields.required("name"), _version_of(call.fields))


@endpoint("PATCH", "model-versions/update", "models/write")
def update_version(call: Call) -> Json:
    """Describe a version."""
    name, version = call.fields.required("name"), _version_of(call.fields)
    with _edit(call, name, version, described=True) as (_, doc):
        if call.fields.has("description"):
            doc["description"] = call.fields.text("description")
        doc["updated_ms"] = _now_ms()
    return _version_answer(call, name, version)


@endpoint("DELETE", "model-versions/delete", "models/delete")
def delete_version(call: Call) -> Json:
    """Delete a version and its aliases; its number is never given again."""
    name, version = call.fields.required("name"), _version_of(call.fields)
    _find(call, name, version)
    with _edit(call, name, deleted_version=version) as (tx, doc):
        tx.delete_record(MODEL, name, version=version)
        doc["aliases"] = {key: value for key, value in doc["aliases"].items() if value != version}
        doc["updated_ms"] = _now_ms()
    return {}


@endpoint("GET", "model-versions/search", "models/read", heavy=True)
def search_versions(call: Call) -> Json:
    """Versions that match a filter, last changed first."""
    fields = call.fields
    condition = parse(fields.text("filter") or "", VERSIONS)
    order = parse_order(fields.texts("order_by"), VERSIONS_ORDER)
    offset = wire.offset_of(fields.text("page_token"))
    n_results = fields.max_results(10_000, MAX_VERSIONS)
    name = next(
        (c.value for c in query.certain(condition) if (c.key, c.operator) == ("name", "=")), None
    )
    found = [
        record.doc
        for record in call.store.list_records(MODEL, name=name if isinstance(name, str) else None)
        if record.version
        and query.chosen(condition, lambda comparison: _holds(comparison, record.doc))  # noqa: B023
    ]
    ties = [_key("updated_ms", True), _key("name"), _key("version", True)]
    page = query.ordered(found, [*_keys(order), *ties])[offset : offset + n_results + 1]
    token = wire.next_page(offset + n_results, more=len(page) > n_results)
    views = [version_view(doc) for doc in page[:n_results]]
    return wire.present({"model_versions": views, "next_page_token": token})


@endpoint("GET", "model-versions/get-download-uri", "models/read")
def get_download_uri(call: Call) -> Json:
    """Where a version's files lie."""
    return {"artifact_uri": location_of(call)}


@endpoint("POST", "model-versions/transition-stage", "models/write")
def transition_stage(call: Call) -> Json:
    """Move a version to a stage, and if wished those that are there to the archive."""
    fields = call.fields
    name, version = fields.required("name"), _version_of(fields)
    stage = _stage(fields.required("stage"))
    archive = fields.boolean("archive_existing_versions") or False
    if archive and stage not in ACTIVE_STAGES:
        raise invalid(
            f"Model version transition cannot archive existing model versions because '{stage}' "
            f"is not an Active stage. Valid stages are {list(ACTIVE_STAGES)}"
        )
    with _edit(call, name, version, stage=stage, archive_existing=archive) as (tx, doc):
        approvals.require_move(call.store, call.principal, name, doc["stage"], stage)
        tx.note(from_stage=doc["stage"])
        now_ms = _now_ms()
        for other in _versions(call, name) if archive else ():
            if other["stage"] == stage and other["version"] != doc["version"]:
                approvals.require_move(call.store, call.principal, name, stage, "Archived")
                other.update(stage="Archived", updated_ms=now_ms)
                tx.put_record(MODEL, name, other, version=str(other["version"]))
        doc.update(stage=stage, updated_ms=now_ms)
        model = _find(call, name).doc
        model["updated_ms"] = now_ms
        tx.put_record(MODEL, name, model)
    return _version_answer(call, name, version)


@endpoint("POST", "model-versions/set-tag", "models/write")
def set_version_tag(call: Call) -> Json:
    """Set a tag of a version."""
    name, version = call.fields.required("name"), _version_of(call.fields)
    key, value = _read_tag(call.fields)
    with _edit(call, name, version, tags=[key]) as (_, doc):
        doc["tags"][key] = value
    return {}


@endpoint("DELETE", "model-versions/delete-tag", "models/write")
def delete_version_tag(call: Call) -> Json:
    """Drop a tag of a version; one that is not there is no error."""
    name, version = call.fields.required("name"), _version_of(call.fields)
    key = call.fields.required("key")
    with _edit(call, name, version, dropped_tags=[key]) as (_, doc):
        doc["tags"].pop(key, None)
    return {}


def location_of(call: Call) -> str:
    """Where the files of the version lie that a request names."""
    doc = _find(call, call.fields.required("name"), _version_of(call.fields)).doc
    return str(doc["location"])


def model_view(doc: Doc, versions: Iterable[Doc]) -> Json:
    """A model as the protocol answers it."""
    aliases = [{"alias": alias, "version": version} for alias, version in doc["aliases"].items()]
    view: Json = {
        "name": doc["name"],
        "creation_timestamp": doc["created_ms"],
        "last_updated_timestamp": doc["updated_ms"],
        "description": doc["description"] or None,
        "latest_versions": [version_view(version) for version in _newest(versions).values()],
        "tags": pairs(doc["tags"]),
        "aliases": aliases,
    }
    return wire.present(view)


def version_view(doc: Doc, aliases: Iterable[str] = ()) -> Json:
    """A version as the protocol answers it."""
    view: Json = {
        "name": doc["name"],
        "version": str(doc["version"]),
        "creation_timestamp": doc["created_ms"],
        "last_updated_timestamp": doc["updated_ms"],
        "current_stage": doc["stage"],
        "description": doc["description"] or "",
        "source": doc["source"],
        "run_id": doc["run_id"] or "",
        "run_link": doc["run_link"] or "",
        "status": "READY",
        "tags": pairs(doc["tags"]),
        "aliases": list(aliases),
        "model_id": doc["model_id"],
    }
    return wire.present(view)


def _model_answer(call: Call, name: str) -> Json:
    return {"registered_model": model_view(_find(call, name).doc, _versions(call, name))}


def _version_answer(call: Call, name: str, version: str) -> Json:
    doc = _find(call, name, version).doc
    aliases = _find(call, name).doc["aliases"]
    view = version_view(doc, [alias for alias, value in aliases.items() if value == version])
    logged = call.store.find_record(LOGGED_MODEL, doc["model_id"]) if doc["model_id"] else None
    if logged is not None:
        params = [{"name": key, "value": value} for key, value in logged.doc["params"].items()]
        metrics = logged_models.point_views(call.store.model_points(logged.name))
        view.update(wire.present({"model_params": params, "model_metrics": metrics}))
    return {"model_version": view}


def _find(call: Call, name: str, version: str = "") -> Record:
    record = call.store.find_record(MODEL, name, version)
    if record is None:
        if version:
            raise absent(f"Model Version (name={name}, version={version}) not found")
        raise absent(f"Registered Model with name={name} not found")
    return record


def _versions(call: Call, name: str) -> list[Doc]:
    return [record.doc for record in call.store.list_records(MODEL, name=name) if record.version]


def _newest(versions: Iterable[Doc]) -> dict[str, Doc]:
    """The newest version of each stage."""
    return {doc["stage"]: doc for doc in sorted(versions, key=lambda doc: int(doc["version"]))}


@contextmanager
def _edit(
    call: Call, name: str, version: str = "", **facts: Any
) -> Iterator[tuple[Transaction, Doc]]:
    """Change the document of a model or version; nobody else writes meanwhile."""
    subject = f"{MODEL}:{name}@{version}" if version else f"{MODEL}:{name}"
    with call.store.change(call.who, "models/write", subject, **facts) as tx:
        record = _find(call, name, version)
        yield tx, record.doc
        tx.put_record(MODEL, name, record.doc, version=version, archived=record.archived)


def _version_of(fields: Fields) -> str:
    text = fields.required("version")
    try:
        return str(int(text))
    except ValueError:
        raise invalid(f"Parameter 'version' must be an integer, got '{text}'.") from None


def _stage(text: str) -> str:
    for stage in STAGES:
        if stage.lower() == text.lower():
            return stage
    raise invalid(f"Invalid Model Version stage: {text}. Value must be one of {', '.join(STAGES)}.")


def _read_tag(fields: Fields) -> tuple[str, str]:
    key, value = fields.required("key"), fields.text("value") or ""
    limits.check_key(key, fields.name("key"), "key")
    limits.check_length("value", value, limits.REGISTRY_TAG_LENGTH)
    return key, value


def _is_prompt(fields: Fields) -> bool:
    tags = {tag.required("key"): tag.text("value") for tag in fields.objects("tags")}
    return (tags.get(IS_PROMPT) or "").lower() == "true"


def _holds(comparison: Comparison, doc: Doc) -> bool:
    if comparison.entity == "tag":
        actual = doc["tags"].get(comparison.key)
        if comparison.key == IS_PROMPT and comparison.operator == "!=":
            return bool(actual != comparison.value)
        return query.holds(comparison, actual)
    return query.holds(comparison, doc[comparison.key])


def _key(name: str, descending: bool = False) -> tuple[Any, bool]:
    return (lambda doc: doc[name]), descending


def _keys(order: Iterable[Order]) -> list[tuple[Any, bool]]:
    for item in order:
        if item.entity != "attribute":
            raise invalid(f"Invalid order by key '{item.entity}.{item.key}' specified.")
    return [_key(item.key, item.descending) for item in order]


def _origin(call: Call, *, is_prompt: bool) -> Doc:
    """Source of a version, the run and logged model that made it, and where its files lie."""
    fields = call.fields
    source = fields.required("source")
    run_id, model_id = fields.text("run_id") or None, fields.text("model_id") or None
    if is_prompt:
        return {"source": source, "run_id": run_id, "model_id": model_id, "location": source}
    _check_plain(source)
    if source.startswith("models:/"):
        return _origin_of_model(call, source, run_id, model_id)
    if source.startswith("runs:/"):
        if run_id is None or source.removeprefix("runs:/").split("/")[0] != run_id:
            raise _bad_source(source, "run_id")
        path = source.removeprefix(f"runs:/{run_id}").strip("/")
        location = f"{artifact_uri(call.door, find_run(call, run_id))}/{path}".rstrip("/")
        return {"source": source, "run_id": run_id, "model_id": model_id, "location": location}
    if source.startswith(SCHEME):
        _check_owned(call, source, run_id, model_id)
    return {"source": source, "run_id": run_id, "model_id": model_id, "location": source}


def _origin_of_model(call: Call, source: str, run_id: str | None, model_id: str | None) -> Doc:
    name, _, version = source.removeprefix("models:/").partition("/")
    if not version and name.startswith("m-"):
        if model_id != name:
            raise _bad_source(source, "model_id")
        logged = logged_models.find(call, name)
        return {
            "source": source,
            "run_id": run_id or logged.doc["source_run_id"],
            "model_id": name,
            "location": logged_models.artifact_uri(call.door, logged),
        }
    name, at, alias = name.partition("@")
    if at:
        version = _find(call, name).doc["aliases"].get(alias, "")
    doc = _find(call, name, version or "0").doc
    if (run_id or doc["run_id"]) != doc["run_id"] or (model_id or doc["model_id"]) != doc[
        "model_id"
    ]:
        raise invalid(
            f"Invalid model version source: '{source}'. The run_id and model_id request parameters "
            "must match the referenced model version."
        )
    return {
        "source": f"models:/{name}/{version}",
        "run_id": doc["run_id"],
        "model_id": doc["model_id"],
        "location": doc["location"],
    }


def _check_owned(call: Call, source: str, run_id: str | None, model_id: str | None) -> None:
    """Refuse files that are not those of the run or logged model that is named."""
    if model_id is not None:
        root = logged_models.artifact_uri(call.door, logged_models.find(call, model_id))
    elif run_id is not None:
        root = artifact_uri(call.door, find_run(call, run_id))
    else:
        raise _bad_source(source, "run_id")
    if not f"{source}/".startswith(f"{root}/"):
        raise _bad_source(source, "run_id" if model_id is None else "model_id")


def _check_plain(source: str) -> None:
    """Refuse local paths and ways out of a folder, also escaped ones."""
    scheme = urlsplit(source).scheme.lower()
    if scheme in {"", "file"} or re.fullmatch(r"[a-z]", scheme):
        raise invalid(
            f"Invalid model version source: '{source}'. To use a local path as a model version "
            "source, the run_id request parameter has to be specified and the local path has to be "
            "contained within the artifact directory of the run specified by the run_id."
        )
    seen, decoded = "", source
    while seen != decoded:
        seen, decoded = decoded, unquote_plus(decoded)
    if "\0" in decoded or ".." in re.split(r"[/\\]", decoded):
        raise invalid(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, "
            "local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be "
            "provided without relative path references present. Please provide an absolute path."
        )


def _bad_source(source: str, field: str) -> Refused:
    return invalid(
        f"Invalid model version source: '{source}'. The {field} request parameter must identify "
        "the resource that contains the source."
    )


def _tell_logged_model(call: Call, tx: Transaction, model_id: str, name: str, version: str) -> None:
    """Write into the logged model's tag which versions were made of it."""
    record = logged_models.find(call, model_id)
    known = wire.decode_list(record.doc["tags"].get(MODEL_VERSIONS, "[]"))
    known.append({"name": name, "version": version})
    record.doc["tags"][MODEL_VERSIONS] = wire.encode_list(known)
    tx.put_record(LOGGED_MODEL, model_id, record.doc)


def _exists(name: str) -> Refused:
    return taken(f"Registered Model (name={name}) already exists.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
