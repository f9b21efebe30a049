"""Deleting for good: rows, names and files of runs and experiments that were archived before.

What was deleted leaves its event behind, and nothing else. The bytes of files are freed by the next
collection, since others may have equal ones.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.features.run_links import DATASET, LOGGED_MODEL
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunRow, Transaction

MLFLOW = "mlflow"
"""Type of the runs that clients make by themselves: no job of ours works on them."""
MODEL = "model"
DEFAULT = 0


@dataclass(slots=True)
class Deleted:
    """How much went."""

    n_runs: int = 0
    n_experiments: int = 0


def delete_run(ws: Workspace, run_id: str) -> None:
    """Delete an archived run with its metrics, files, and the models that only it has.

    Raises:
        NotFound: there is no such run.
        Conflict: it is not archived, its job has not ended, or a registered model has its files there.
    """
    with ws.change(f"run:{run_id}", deleted=True) as tx:
        # Looked at with the store locked for others: nobody restores or starts it meanwhile.
        row = ws.store.get_run(run_id, with_data=False)
        _require_deletable(ws, row)
        n_files = sum(tx.delete_artifacts(place) for place in _places(ws, row))
        for model_id in _logged_models(ws, run_id):
            tx.delete_record(LOGGED_MODEL, model_id)
            tx.delete_record("import", f"{LOGGED_MODEL}:{model_id}")
        tx.delete_record("job", run_id)
        tx.delete_record("import", f"run:{run_id}")
        tx.note(name=row.name, n_points=tx.delete_run(run_id), n_files=n_files)
    shutil.rmtree(ws.path / "jobs" / run_id, ignore_errors=True)


def delete_experiment(ws: Workspace, experiment_id: int) -> Deleted:
    """Delete an archived experiment with all its runs; its name is free afterwards.

    What is interrupted goes on where it was when it is asked for again.

    Raises:
        NotFound: there is no such experiment.
        Invalid: it is the default one.
        Conflict: it is not archived, or one of its runs cannot be deleted.
    """
    if experiment_id == DEFAULT:
        raise Invalid.field("experiment_id", "the default experiment stays.")
    experiment = ws.store.get_experiment(experiment_id)
    if not experiment.archived:
        raise Conflict(f"Experiment '{experiment.name}' is not archived: archive it first.")
    deleted = Deleted()
    for run_id in ws.store.archived_before(2**62, experiment_id=experiment_id)[0]:
        delete_run(ws, run_id)
        deleted.n_runs += 1
    with ws.change(f"experiment:{experiment.name}", deleted=True) as tx:
        tx.note(experiment_id=experiment_id, n_runs=deleted.n_runs)
        if not ws.store.get_experiment(experiment_id).archived:
            raise Conflict(f"Experiment '{experiment.name}' was restored meanwhile.")
        _delete_belongings(ws, tx, experiment_id)
        tx.delete_record("import", f"experiment:{experiment.name}")
        tx.delete_experiment(experiment_id)
    deleted.n_experiments += 1
    return deleted


def delete_archived(ws: Workspace, before_ms: int) -> Deleted:
    """Delete what was archived before a moment, as far as nothing keeps it."""
    deleted = Deleted()
    run_ids, experiment_ids = ws.store.archived_before(before_ms)
    for run_id in run_ids:
        try:
            delete_run(ws, run_id)
            deleted.n_runs += 1
        except (Conflict, NotFound):
            continue  # restored or deleted meanwhile, or a model needs it
    for experiment_id in experiment_ids:
        try:
            more = delete_experiment(ws, experiment_id)
        except (Conflict, NotFound, Invalid):
            continue
        deleted.n_runs += more.n_runs
        deleted.n_experiments += more.n_experiments
    return deleted


def _require_deletable(ws: Workspace, row: RunRow) -> None:
    run_id = row.run_id
    if not row.archived:
        raise Conflict(f"Run '{run_id}' is not archived: archive it first.")
    if row.type != MLFLOW and not Status(row.status).is_final:
        raise Conflict(f"Job '{run_id}' is {row.status}: only an ended job can be deleted.")
    models = set(_logged_models(ws, run_id))
    for record in ws.store.list_records(MODEL, view="all"):
        doc = record.doc
        if record.version and (doc.get("run_id") == run_id or doc.get("model_id") in models):
            raise Conflict(
                f"Version {record.version} of model '{record.name}' has its files in run"
                f" '{run_id}': delete that first."
            )


def _logged_models(ws: Workspace, run_id: str) -> list[str]:
    where = {"source_run_id": run_id}
    return [row.name for row in ws.store.list_records(LOGGED_MODEL, view="all", where=where)]


def _places(ws: Workspace, row: RunRow) -> Iterator[str]:
    """Folders of the run and its models among the artifacts; none where another server keeps them."""
    root = _root(ws, row.experiment_id)
    if root is not None:
        yield f"{root}/{row.run_id}"
        for model_id in _logged_models(ws, row.run_id):
            yield f"{root}/models/{model_id}"


def _root(ws: Workspace, experiment_id: int) -> str | None:
    location = ws.store.get_experiment(experiment_id).artifact_location
    scheme, _, path = location.partition(":")
    return path.strip("/") if scheme == "mlflow-artifacts" else None


def _delete_belongings(ws: Workspace, tx: Transaction, experiment_id: int) -> None:
    """Data sets, logged models and files of an experiment that belonged to no run."""
    where = {"experiment_id": experiment_id}
    for row in ws.store.list_records(DATASET, view="all", where=where):
        tx.delete_record(DATASET, row.name, version=row.version)
    for row in ws.store.list_records(LOGGED_MODEL, view="all", where=where):
        tx.delete_record(LOGGED_MODEL, row.name)
    root = _root(ws, experiment_id)
    if root == str(experiment_id):
        tx.delete_artifacts(root)
