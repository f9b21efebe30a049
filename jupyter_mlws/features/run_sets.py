"""Questions about many runs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.run import special_float
from jupyter_mlws.entities.run_set import MetricSpread, RunColumns, RunFolder, RunGroup
from jupyter_mlws.store.base import Entity, RunQuery, Store

FOLDER = "mlws.folder"
"""The tag that says in which folder a run is."""
MOST_RUNS = 10_000
MOST_COLUMNS = 60
MOST_METRICS = 40
MOST_IDS = 1000
ENTITIES: dict[str, Entity] = {
    "metrics": "metric",
    "params": "parameter",
    "tags": "tag",
    "attributes": "attribute",
}


def columns(store: Store, query: RunQuery, names: Sequence[str]) -> RunColumns:
    """Values of columns of the newest runs."""
    if len(names) > MOST_COLUMNS:
        raise Invalid.field("columns", f"are {len(names)}; at most {MOST_COLUMNS} are answered.")
    wanted = {name: column(name, "columns") for name in names}
    if any(entity == "attribute" for entity, _ in wanted.values()):
        raise Invalid.field("columns", "must begin with 'metrics.', 'params.' or 'tags.'.")
    query = _bounded(query)
    rows, token = store.search_runs(query)
    ids = [row.run_id for row in rows]
    found: dict[str, list[float | str | None]] = {}
    for name, (entity, key) in wanted.items():
        values = store.run_values(ids, entity, key)
        found[name] = [_plain(values.get(run_id)) for run_id in ids]
    return RunColumns(
        n_runs=len(ids) if token is None else store.count_runs(query),
        run_ids=ids,
        names=[row.name for row in rows],
        columns=found,
    )


def groups(store: Store, query: RunQuery, by: str, metrics: Sequence[str]) -> list[RunGroup]:
    """All runs of a query by their value of something."""
    if len(metrics) > MOST_METRICS:
        raise Invalid.field("metrics", f"are {len(metrics)}; at most {MOST_METRICS} are answered.")
    entity, key = column(by, "by")
    if entity == "metric":
        raise Invalid.field("by", "Runs are not grouped by a metric: take a param or a tag.")
    return [
        RunGroup(
            value=group.value,
            n_runs=group.n_runs,
            newest_at=from_ms(group.newest_ms),
            metrics={
                name: MetricSpread(
                    n=spread.n,
                    mean=special_float(spread.mean),
                    min=special_float(spread.least),
                    max=special_float(spread.greatest),
                )
                for name, spread in group.metrics.items()
            },
        )
        for group in store.group_runs(query, entity, key, metrics=metrics)
    ]


def folders(store: Store) -> list[RunFolder]:
    """Folders that have runs, by path."""
    query = RunQuery(filter=f"tags.`{FOLDER}` IS NOT NULL")
    found = store.group_runs(query, "tag", FOLDER)
    return sorted(
        (RunFolder(path=group.value or "", n_runs=group.n_runs) for group in found),
        key=lambda folder: folder.path,
    )


def explained(
    store: Store, query: RunQuery, metric: str
) -> tuple[dict[str, float], dict[str, dict[str, str]]]:
    """A metric and all params of the newest runs, by run."""
    rows, _ = store.search_runs(_bounded(query))
    numbers: dict[str, float] = {}
    params: dict[str, dict[str, str]] = {}
    for row in rows:
        value = next((point.value for point in row.metrics if point.key == metric), None)
        if value is not None and value == value:
            numbers[row.run_id] = value
            for key, word in row.params.items():
                params.setdefault(key, {})[row.run_id] = word
    return numbers, params


def chosen(filter: str, run_ids: Sequence[str] | None) -> str:
    """A filter that leaves only some runs."""
    if run_ids is None:
        return filter
    if not 1 <= len(run_ids) <= MOST_IDS:
        raise Invalid.field("run_ids", f"must be 1 to {MOST_IDS}; for more there is the filter.")
    quoted = ", ".join("'" + run_id.replace("'", "''") + "'" for run_id in run_ids)
    ids = f"attributes.run_id IN ({quoted})"
    return f"({filter}) AND {ids}" if filter.strip() else ids


def column(name: str, field: str) -> tuple[Entity, str]:
    """What `metrics.auc` and the like stand for.

    Raises:
        Invalid: it stands for nothing.
    """
    prefix, dot, key = name.partition(".")
    if not dot or not key or prefix not in ENTITIES:
        raise Invalid.field(field, f"'{name:.60}' must begin with {', '.join(ENTITIES)} and a dot.")
    return ENTITIES[prefix], key


def _bounded(query: RunQuery) -> RunQuery:
    return replace(query, max_results=min(query.max_results, MOST_RUNS))


def _plain(value: float | str | None) -> float | str | None:
    return special_float(value) if isinstance(value, float) else value
