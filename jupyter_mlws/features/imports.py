"""What another tracking server kept, brought in with its ids: the workspace's side of it.

Each verb may be called again with the same: it then changes nothing. `mlws import mlflow` calls them.
"""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound, Problem
from jupyter_mlws.entities.imported import (
    STATUS_HERE,
    ImportedDataset,
    ImportedExperiment,
    ImportedFile,
    ImportedLoggedModel,
    ImportedModel,
    ImportedPoint,
    ImportedRun,
    ImportedVersion,
)
from jupyter_mlws.entities.run import Experiment
from jupyter_mlws.features import approvals, experiments
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.run_links import LOGGED_MODEL, add_inputs, add_outputs
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Point, RunRow, Times

KIND = "import"
"""Kind of the records that say what was brought in as which content."""
MLFLOW = "mlflow"
MODEL = "model"
OWNERS = ("run", LOGGED_MODEL)


@operation("imports/write")
def known(ws: Workspace, names: list[str]) -> dict[str, str]:
    """Which of these were brought in whole, each with the digest of what it was then.

    Args:
        names: such as `run:ID`, `logged_model:ID`, `model:NAME`, `experiment:NAME`.
    """
    found = {name: ws.store.find_record(KIND, name) for name in names}
    return {name: record.doc["digest"] for name, record in found.items() if record}


@operation("imports/write")
def finish(ws: Workspace, name: str, digest: str) -> None:
    """Note that something is here whole.

    Args:
        name: such as `run:ID`.
        digest: of what it is where it came from.
    """
    with ws.change(f"import:{name}", digest=digest) as tx:
        tx.put_record(KIND, name, {"digest": digest})


@operation("imports/write")
def put_experiment(ws: Workspace, experiment: ImportedExperiment) -> Experiment:
    """Make an experiment, or find the one of its name, which stays as it is but for new tags."""
    found = ws.store.find_experiment(experiment.name)
    if found is None:
        return _made(ws, experiment)
    new = {key: value for key, value in experiment.tags.items() if found.tags.get(key) != value}
    if new:
        with ws.change(f"experiment:{experiment.name}", tags=sorted(new)) as tx:
            tx.update_experiment(found.experiment_id, tags=new)
    return experiments.view_of(ws.store.get_experiment(found.experiment_id))


@operation("imports/write")
def put_run(ws: Workspace, run: ImportedRun) -> None:
    """Make a run or bring it up to date, with params, tags, data sets and links to models.

    Raises:
        Conflict: a job has this id, or a param is here with another value.
    """
    row = _run(ws, run.run_id)
    if row is not None and row.type != MLFLOW:
        raise Conflict(f"'{run.run_id}' is a job of this workspace.")
    status = STATUS_HERE[run.status]
    with ws.change(f"run:{run.run_id}", imported=True, created=row is None, status=status) as tx:
        if row is None:
            tx.create_run(
                run.run_id,
                run.experiment_id,
                name=run.name,
                user=run.user,
                status=status,
                start_ms=run.start_ms,
                created_ms=run.start_ms,
                tags=run.tags,
            )
        tx.update_run(
            run.run_id,
            name=run.name,
            status=status,
            start_ms=run.start_ms,
            end_ms=run.end_ms,
            archived=run.archived,
        )
        tx.log(run.run_id, params=run.params, tags=run.tags)
        inputs = [(_dataset(dataset), dataset.tags) for dataset in run.datasets]
        experiment_id = run.experiment_id if row is None else row.experiment_id
        add_inputs(ws.store, tx, run.run_id, experiment_id, inputs, run.model_inputs)
        add_outputs(tx, run.run_id, run.model_outputs.items())


@operation("imports/write")
def log(ws: Workspace, run_id: str, points: list[ImportedPoint]) -> None:
    """Add points to the metrics of a run; those that are here stay once."""
    metrics = [Point(**dict(point)) for point in points]
    with ws.change(f"run:{run_id}", metrics=sorted({point.key for point in points})) as tx:
        tx.log(run_id, metrics=metrics)


@operation("imports/write")
def put_files(ws: Workspace, owner: str, files: list[ImportedFile]) -> list[str]:
    """Say which files a run or logged model has; answers the blobs that must be sent first.

    Args:
        owner: `run:ID` or `logged_model:ID`.
    """
    root = _root(ws, owner)
    missing = sorted({file.blob for file in files if not ws.blobs.has(file.blob)})
    if not missing:
        with ws.change(owner, n_files=len(files)) as tx:
            for file in files:
                size_bytes = ws.blobs.path(file.blob).stat().st_size
                tx.put_artifact(f"{root}/{file.path}", file.blob, size_bytes)
    return missing


@operation("imports/write")
def put_logged_model(ws: Workspace, model: ImportedLoggedModel) -> None:
    """Make a logged model or bring it up to date."""
    doc = model.model_dump(exclude={"model_id", "created_ms", "updated_ms"})
    times = Times(model.created_ms, model.updated_ms)
    with ws.change(f"{LOGGED_MODEL}:{model.model_id}", imported=True) as tx:
        tx.put_record(LOGGED_MODEL, model.model_id, doc, times=times)


@operation("imports/write")
def put_model(ws: Workspace, model: ImportedModel) -> None:
    """Make a registered model with its versions or bring it up to date.

    Raises:
        Conflict: a model of this name with other versions is here.
        Denied: a version would enter or leave a stage that needs approval, and the caller may not give it.
    """
    there = ws.store.find_record(MODEL, model.name)
    _require_mergeable(ws, model)
    last = max((version.version for version in model.versions), default=0)
    doc: dict[str, Any] = there.doc if there else {"aliases": {}, "tags": {}, "last_version": 0}
    doc = {
        **doc,
        "name": model.name,
        "description": model.description,
        "tags": {**doc["tags"], **model.tags},
        "aliases": {**doc["aliases"], **model.aliases},
        "last_version": max(doc["last_version"], last),
        "created_ms": model.created_ms,
        "updated_ms": model.updated_ms,
    }
    times = Times(model.created_ms, model.updated_ms)
    with ws.change(f"{MODEL}:{model.name}", imported=True, n_versions=len(model.versions)) as tx:
        tx.put_record(MODEL, model.name, doc, times=times)
        for version in model.versions:
            known = ws.store.find_record(MODEL, model.name, str(version.version))
            before = known.doc["stage"] if known else "None"
            approvals.require_move(ws.store, ws.principal, model.name, before, version.stage)
            asked = {"requests": known.doc["requests"]} if known and "requests" in known.doc else {}
            tx.put_record(
                MODEL,
                model.name,
                {**version.model_dump(), "name": model.name, **asked},
                version=str(version.version),
                times=Times(version.created_ms, version.updated_ms),
            )


def _made(ws: Workspace, given: ImportedExperiment) -> Experiment:
    """A new experiment, with its own id if that is free here."""
    free = given.experiment_id.isdecimal() and not _is_experiment(ws, int(given.experiment_id))
    times = Times(given.created_ms, given.updated_ms)
    try:
        with ws.change(f"experiment:{given.name}", imported=True) as tx:
            made = tx.create_experiment(
                given.name,
                tags=given.tags,
                experiment_id=int(given.experiment_id) if free else None,
                archived=given.archived,
                times=times,
            )
            tx.note(experiment_id=made)
    except AlreadyExists:
        return put_experiment(ws, given)  # somebody else was first
    return experiments.view_of(ws.store.get_experiment(made))


def _is_experiment(ws: Workspace, experiment_id: int) -> bool:
    try:
        ws.store.get_experiment(experiment_id)
    except NotFound:
        return False
    return True


def _run(ws: Workspace, run_id: str) -> RunRow | None:
    try:
        return ws.store.get_run(run_id, with_data=False)
    except NotFound:
        return None


def _dataset(dataset: ImportedDataset) -> dict[str, Any]:
    return dataset.model_dump(by_alias=True, exclude={"tags"}, exclude_none=True)


def _root(ws: Workspace, owner: str) -> str:
    """Where the artifacts of a run or logged model lie below the workspace's artifact root."""
    kind, _, name = owner.partition(":")
    if kind == "run":
        experiment_id = ws.store.get_run(name, with_data=False).experiment_id
        below = f"{name}/artifacts"
    elif kind == LOGGED_MODEL:
        experiment_id = int(ws.store.get_record(LOGGED_MODEL, name).doc["experiment_id"])
        below = f"models/{name}/artifacts"
    else:
        raise Invalid.of([Problem(f"'{owner:.60}' is none of {', '.join(OWNERS)}.", "owner")])
    location = ws.store.get_experiment(experiment_id).artifact_location
    scheme, _, path = location.partition(":")
    if scheme != "mlflow-artifacts":
        raise Invalid(f"The artifacts of experiment {experiment_id} are kept at '{location}'.")
    return f"{path.strip('/')}/{below}"


def _require_mergeable(ws: Workspace, model: ImportedModel) -> None:
    if ws.store.find_record(KIND, f"{MODEL}:{model.name}") is not None:
        return
    for version in model.versions:
        there = ws.store.find_record(MODEL, model.name, str(version.version))
        if there is not None and not _is_same(version, there.doc):
            raise Conflict(
                f"There is a model '{model.name}' with another version {version.version}:"
                " rename one of the two."
            )


def _is_same(version: ImportedVersion, doc: dict[str, Any]) -> bool:
    return bool(version.source == doc.get("source") and version.run_id == doc.get("run_id"))
