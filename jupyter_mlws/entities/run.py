"""Runs: what was executed, and the numbers, words and files it left."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import Field

from jupyter_mlws.entities.record import Moment, Spec, View


class Status(str, Enum):
    """Where a run stands, in the words of Azure ML.

    Source: Azure ML job status; order of the values is the order in which they are passed.
    """

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    STARTING = "Starting"
    RUNNING = "Running"
    CANCEL_REQUESTED = "CancelRequested"
    FINALIZING = "Finalizing"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self in FINAL


FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})


class Experiment(View):
    """A named group of runs."""

    experiment_id: str
    name: str
    artifact_location: str
    """Where its runs keep their artifacts, as an `mlflow-artifacts:` address."""
    archived: bool = False
    created_at: Moment
    last_modified_at: Moment
    tags: dict[str, str] = Field(default_factory=dict)


class Run(View):
    """One execution: a job, or what an MLflow client logged by itself."""

    run_id: str
    experiment_id: str
    experiment_name: str
    name: str
    type: str
    """`mlflow` for a run that a client made, else the job's type."""
    status: Status
    user: str
    parent_run_id: str | None = None
    archived: bool = False
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
    metrics: dict[str, float | str] = Field(default_factory=dict)
    """The latest value of each; the texts `NaN`, `Infinity`, `-Infinity` stand for what JSON lacks."""
    params: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)


class Series(View):
    """The points of one metric of one run, thinned to what a chart can show."""

    run_id: str
    key: str
    n_points: int
    """How many points there are in all; more than `len(values)` when thinned."""
    steps: list[int]
    times_ms: list[int]
    values: list[float | str]


class Artifact(View):
    """A file or folder that a run left."""

    path: str
    """Relative to the run's artifacts, with `/`."""
    is_dir: bool = False
    size_bytes: int | None = None


class DatasetInput(Spec):
    """A data set that a run read, as MLflow logs it."""

    name: str
    digest: str
    source_type: str
    source: str
    schema_: str | None = Field(default=None, alias="schema")
    profile: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)


def special_float(value: float) -> float | str:
    """`value` as JSON can carry it: NaN and the infinities as text."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


Json = dict[str, Any]
