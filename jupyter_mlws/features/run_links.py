"""What runs read and made, written as edges: data sets and logged models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.store.base import Store, Transaction

DATASET = "dataset"
LOGGED_MODEL = "logged_model"


def add_inputs(
    store: Store,
    tx: Transaction,
    run_id: str,
    experiment_id: int,
    inputs: Iterable[tuple[dict[str, Any], Mapping[str, str]]],
    model_ids: Iterable[str],
) -> None:
    """Link what a run reads to it. A data set is known by experiment, name and digest.

    Args:
        inputs: data sets (name, digest, source_type, source, schema, profile), each with the tags of
            its use.
    """
    for dataset, tags in inputs:
        name, version = f"{experiment_id}/{dataset['name']}", dataset["digest"]
        if store.find_record(DATASET, name, version) is None:
            doc = {"experiment_id": experiment_id, **dataset}
            tx.put_record(DATASET, name, doc, version=version)
        tx.link(
            f"{DATASET}:{name}@{version}", Relation.INPUT, f"run:{run_id}", {"tags": dict(tags)}
        )
    for model_id in model_ids:
        tx.link(f"{LOGGED_MODEL}:{model_id}", Relation.INPUT, f"run:{run_id}")


def add_outputs(tx: Transaction, run_id: str, models: Iterable[tuple[str, int]]) -> None:
    """Link a run to the models that it makes, with the step at which."""
    for model_id, step in models:
        tx.link(f"run:{run_id}", Relation.OUTPUT, f"{LOGGED_MODEL}:{model_id}", {"step": step})
