"""Experiments: named groups of runs."""

from __future__ import annotations

from typing import Literal

from jupyter_mlws.entities.errors import Denied
from jupyter_mlws.entities.record import Page, from_ms
from jupyter_mlws.entities.run import Experiment
from jupyter_mlws.features.deletion import delete_experiment
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import ExperimentRow


@operation("experiments/read")
def list_(
    ws: Workspace,
    filter: str = "",
    view: Literal["active", "archived", "all"] = "active",
    max_results: int = 1000,
    page_token: str | None = None,
) -> Page[Experiment]:
    """Experiments, newest first.

    Args:
        filter: such as `name LIKE 'churn%'`.
    """
    rows, token = ws.store.search_experiments(
        filter=filter, view=view, max_results=max_results, page_token=page_token
    )
    return Page[Experiment](items=[view_of(row) for row in rows], next_page_token=token)


@operation("experiments/read")
def get(ws: Workspace, experiment_id: int) -> Experiment:
    """One experiment."""
    return view_of(ws.store.get_experiment(experiment_id))


@operation("experiments/write")
def update(
    ws: Workspace,
    experiment_id: int,
    name: str | None = None,
    tags: dict[str, str] | None = None,
    drop_tags: list[str] | None = None,
) -> Experiment:
    """Rename an experiment, set and drop tags.

    Raises:
        AlreadyExists: the name is taken, perhaps by an archived one.
    """
    row = _own(ws, experiment_id)
    with ws.change(f"experiment:{row.name}", name=name, tags=sorted(tags or ())) as tx:
        tx.update_experiment(experiment_id, name=name, tags=tags or {}, drop_tags=drop_tags or ())
    return get(ws, experiment_id)


@operation("experiments/write")
def archive(ws: Workspace, experiment_id: int) -> Experiment:
    """Hide an experiment and its runs from lists."""
    return _set_archived(ws, experiment_id, True)


@operation("experiments/write")
def restore(ws: Workspace, experiment_id: int) -> Experiment:
    """Show an archived experiment and all its runs in lists again."""
    return _set_archived(ws, experiment_id, False)


@operation("experiments/delete")
def delete(ws: Workspace, experiment_id: int) -> None:
    """Delete an archived experiment for good, with its runs and files; its name is free again.

    Raises:
        Invalid: it is the default one.
        Conflict: it is not archived, or one of its runs cannot be deleted.
    """
    delete_experiment(ws, experiment_id)


def _set_archived(ws: Workspace, experiment_id: int, archived: bool) -> Experiment:
    row = _own(ws, experiment_id)
    if row.archived != archived:
        with ws.change(f"experiment:{row.name}", archived=archived) as tx:
            tx.update_experiment(experiment_id, archived=archived)
    return get(ws, experiment_id)


def _own(ws: Workspace, experiment_id: int) -> ExperimentRow:
    """The experiment, when the caller is no job: a job changes its own run only."""
    row = ws.store.get_experiment(experiment_id)
    if ws.principal.run_id is not None:
        raise Denied(f"The token of job '{ws.principal.run_id}' may not change '{row.name}'.")
    return row


def view_of(row: ExperimentRow) -> Experiment:
    """The experiment as the workspace answers it."""
    return Experiment(
        experiment_id=str(row.experiment_id),
        name=row.name,
        artifact_location=row.artifact_location,
        archived=row.archived,
        created_at=from_ms(row.created_ms),
        last_modified_at=from_ms(row.updated_ms),
        tags=dict(row.tags),
    )
