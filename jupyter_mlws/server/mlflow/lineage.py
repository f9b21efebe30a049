"""What runs read and made: data sets and models, as edges of the workspace's lineage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.features.run_links import DATASET, LOGGED_MODEL
from jupyter_mlws.server.mlflow import limits
from jupyter_mlws.server.mlflow.experiments import experiment_id_of
from jupyter_mlws.server.mlflow.table import Call, endpoint
from jupyter_mlws.server.mlflow.wire import Fields, Json, invalid, missing, pairs
from jupyter_mlws.store.base import Store

TRACE = "trace"
SOURCE_RUN = "mlflow.sourceRun"
"""Metadata of a trace: the run that made it."""
MAX_EXPERIMENTS = 20


@dataclass(slots=True)
class Links:
    """The inputs and outputs of a run, as the protocol answers them."""

    inputs: Json = field(default_factory=dict)
    outputs: Json = field(default_factory=dict)


@endpoint("POST", "experiments/search-datasets", "experiments/read", heavy=True)
def search_datasets(call: Call) -> Json:
    """Name, digest and context of the data sets that runs of experiments have read."""
    texts = call.fields.texts("experiment_ids")
    if not texts:
        raise invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(texts) > MAX_EXPERIMENTS:
        raise invalid(
            f"SearchDatasets request cannot specify more than {MAX_EXPERIMENTS} experiment_ids. "
            f"Received {len(texts)} experiment_ids."
        )
    found = []
    for experiment_id in map(experiment_id_of, texts):
        where = {"experiment_id": experiment_id}
        for record in call.store.list_records(DATASET, where=where):
            edges = call.store.edges(f"{DATASET}:{record.name}@{record.version}")
            contexts = {doc.get("tags", {}).get("mlflow.data.context") for *_, doc in edges}
            for context in sorted(contexts, key=str):
                summary = {
                    "experiment_id": str(experiment_id),
                    "name": record.doc["name"],
                    "digest": record.version,
                }
                found.append(summary if context is None else {**summary, "context": context})
    return {"dataset_summaries": found} if found else {}


def read_input(fields: Fields) -> tuple[Json, dict[str, str]]:
    """A data set and the tags of its use."""
    if not fields.has("dataset"):
        raise missing(fields.name("dataset"))
    given = fields.object("dataset")
    dataset: Json = {name: given.required(name) for name in ("name", "digest", "source_type")}
    for name in ("source", "schema", "profile"):
        value = given.text(name)
        if value is not None:
            dataset[name] = value
    if "source" not in dataset:
        raise missing(given.name("source"))
    for name, limit in limits.DATASET_LENGTHS.items():
        limits.check_length(name, dataset.get(name, ""), limit)
    return dataset, dict(_read_input_tag(tag) for tag in fields.objects("tags"))


def of_runs(store: Store, run_ids: Sequence[str]) -> dict[str, Links]:
    """The inputs and outputs of those runs that have some."""
    found: dict[str, Links] = {}
    datasets: dict[str, Json] = {}
    nodes = [f"run:{run_id}" for run_id in run_ids]
    for source, relation, target, doc in store.edges(*nodes, outgoing=False):
        if relation == Relation.INPUT:
            links = found.setdefault(target.removeprefix("run:"), Links())
            _add_input(store, links.inputs, source, doc, datasets)
    for source, relation, target, doc in store.edges(*nodes):
        kind, _, model_id = target.partition(":")
        if relation == Relation.OUTPUT and kind == LOGGED_MODEL:
            links = found.setdefault(source.removeprefix("run:"), Links())
            models = links.outputs.setdefault("model_outputs", [])
            models.append({"model_id": model_id, "step": doc.get("step", 0)})
    return found


def _add_input(
    store: Store, inputs: Json, source: str, doc: dict[str, Any], datasets: dict[str, Json]
) -> None:
    kind, _, reference = source.partition(":")
    if kind == LOGGED_MODEL:
        inputs.setdefault("model_inputs", []).append({"model_id": reference})
    elif kind == DATASET:
        if source not in datasets:
            name, _, version = reference.rpartition("@")
            record = store.get_record(DATASET, name, version)
            datasets[source] = {k: v for k, v in record.doc.items() if k != "experiment_id"}
        item: Json = {"dataset": datasets[source]}
        if doc.get("tags"):
            item["tags"] = pairs(doc["tags"])
        inputs.setdefault("dataset_inputs", []).append(item)


def _read_input_tag(fields: Fields) -> tuple[str, str]:
    key, value = fields.required("key"), fields.text("value") or ""
    limits.check_length("key", key, limits.INPUT_TAG_KEY_LENGTH)
    limits.check_length("value", value, limits.INPUT_TAG_LENGTH)
    return key, value
