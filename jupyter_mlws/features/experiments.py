"""Experiments: named groups of runs."""

from __future__ import annotations

from typing import Literal

from jupyter_mlws.entities.record import Page, from_ms
from jupyter_mlws.entities.run import Experiment
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
