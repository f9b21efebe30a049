"""Transfers: what another tool keeps, on its way into the workspace."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jupyter_mlws.entities.imported import ImportReport
from jupyter_mlws.entities.record import Moment, Spec, View


class TransferSpec(Spec):
    """What is to be brought in, and how."""

    source: str = Field(min_length=1, max_length=2000)
    """A tracking URI such as `http://host:5000` or `sqlite:////data/mlflow.db`, or a folder of the service's
    machine."""
    artifacts: str | None = None
    """Where `mlflow-artifacts:` begins, for a database whose server does not run."""
    dry_run: bool = False
    """Only count what would be brought in."""
    with_files: bool = True
    deep: bool = False
    """Bring in again also what looks the same."""


class Transfer(View):
    """A transfer, and how far it is."""

    id: str
    source: str
    """Without a password that its address may carry."""
    dry_run: bool
    state: Literal["running", "done", "failed", "canceled"] = "running"
    step: int = 0
    """Grows with each news."""
    report: ImportReport | None = None
    """What was met so far."""
    error: str | None = None
    started_by: str
    started_at: Moment
    ended_at: Moment | None = None
