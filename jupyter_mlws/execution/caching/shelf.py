"""Where results are found again: by their key, and the last ones of each step."""

from __future__ import annotations

import time
from typing import Any

from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import artifacts, records
from jupyter_mlws.execution.caching.key import Key
from jupyter_mlws.store.base import Doc, RunRow, Store, Transaction

RESULTS = "cache"
"""Kind of the records: name is the key, the document says whose result it is."""
HISTORIES = "cache-history"
"""Kind of the records: name is the step, the document has its last results and their parts."""
MOST = 20


def find(store: Store, key: Key, max_age_s: int | None) -> tuple[str | None, str | None]:
    """The job that has the result, and the one whose result is too old."""
    record = store.find_record(RESULTS, key.digest)
    if record is None:
        return None, None
    name = str(record.doc["job"])
    job = store.find_record(records.KIND, name)
    # it may have run again since, with other inputs
    if job is None or (job.doc.get("cache") or {}).get("key") != key.digest:
        return None, None
    if store.get_run(name, with_data=False).status != Status.COMPLETED.value:
        return None, None
    age_s = time.time() - record.doc["ended_ms"] / 1000
    return (None, name) if max_age_s is not None and age_s > max_age_s else (name, None)


def nearest(store: Store, step: str, key: Key, without: str) -> str | None:
    """The earlier job of the same step from which the least differs; the newest of these."""
    record = store.find_record(HISTORIES, step)
    if record is None:
        return None
    marks = key.fingerprints
    found = [row for row in record.doc["jobs"] if row["job"] != without]
    if not found:
        return None

    def distance(place: int) -> tuple[int, int]:
        there = found[place]["marks"]
        return sum(there.get(name) != mark for name, mark in marks.items()), -place

    return str(found[min(range(len(found)), key=distance)]["job"])


def keep(store: Store, tx: Transaction, name: str, doc: Doc) -> None:
    """Let the result of a job that completes now be found, inside the change that ends it."""
    cache = doc.get("cache")
    if not cache or not cache.get("key") or cache["policy"] == "off":
        return
    tx.put_record(RESULTS, cache["key"], {"job": name, "ended_ms": time.time_ns() // 1_000_000})
    record = store.find_record(HISTORIES, cache["step"])
    rows = [row for row in (record.doc["jobs"] if record else []) if row["job"] != name]
    marks = Key(cache["parts"]).fingerprints
    rows.append({"job": name, "marks": marks})
    tx.put_record(HISTORIES, cache["step"], {"jobs": rows[-MOST:]})


def copy(store: Store, tx: Transaction, source: RunRow, place: str, name: str) -> None:
    """Make what a run left another run's too: files, latest metrics, params, values."""
    root = artifacts.root(store, source)
    for row in store.list_artifacts(root, recursive=True):
        if row.blob:
            tx.put_artifact(f"{place}/{row.path[len(root) + 1 :]}", row.blob, row.size_bytes)
    points = [point for point in source.metrics if not point.key.startswith("system/")]
    tags = {k: v for k, v in source.tags.items() if k.startswith("mlws.output.")}
    tx.log(name, metrics=points, params=source.params, tags=tags)


def identity(experiment: str, spec: Any, step: str | None) -> str:
    """What makes jobs the same step at different times."""
    what = step or getattr(spec, "notebook", None) or spec.display_name or spec.type
    return f"{experiment}/{what}"[:255]
