"""What another tracking server kept, as it is brought in: with its ids and its times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from jupyter_mlws.entities.record import Spec, View

RUN_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$"
MODEL_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$"
MlflowStatus = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]


class ImportedExperiment(Spec):
    """An experiment; the same name is the same experiment."""

    experiment_id: str
    name: str = Field(min_length=1, max_length=500)
    archived: bool = False
    created_ms: int
    updated_ms: int
    tags: dict[str, str] = Field(default_factory=dict)


class ImportedDataset(Spec):
    """A data set that a run read, and the tags of that use."""

    name: str
    digest: str
    source_type: str
    source: str
    schema_: str | None = Field(default=None, alias="schema")
    profile: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class ImportedRun(Spec):
    """A run without its points and files."""

    run_id: str = Field(pattern=RUN_ID)
    experiment_id: int
    """Of the experiment here."""
    name: str
    user: str = ""
    status: MlflowStatus
    start_ms: int | None = None
    end_ms: int | None = None
    archived: bool = False
    params: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    datasets: list[ImportedDataset] = Field(default_factory=list)
    model_inputs: list[str] = Field(default_factory=list)
    model_outputs: dict[str, int] = Field(default_factory=dict)
    """Ids of logged models, each with the step at which it was made."""


class ImportedPoint(Spec):
    """One value of a metric."""

    key: str = Field(min_length=1)
    value: float
    ts_ms: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class ImportedFile(Spec):
    """A file whose bytes are here already."""

    path: str
    """From the root of the artifacts of its owner."""
    blob: str = Field(pattern=r"^[0-9a-f]{64}$")


class ImportedLoggedModel(Spec):
    """A model that a run logged."""

    model_id: str = Field(pattern=MODEL_ID)
    experiment_id: int
    name: str
    model_type: str | None = None
    source_run_id: str | None = None
    status: str
    created_ms: int
    updated_ms: int
    params: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)


class ImportedVersion(Spec):
    """A version of a registered model."""

    version: int = Field(ge=1)
    source: str
    location: str
    """Where its files lie; of files that were brought in, here."""
    run_id: str | None = None
    model_id: str | None = None
    run_link: str | None = None
    description: str | None = None
    stage: str = "None"
    created_ms: int
    updated_ms: int
    tags: dict[str, str] = Field(default_factory=dict)


class ImportedModel(Spec):
    """A registered model with all its versions."""

    name: str = Field(min_length=1, max_length=256)
    description: str | None = None
    created_ms: int
    updated_ms: int
    tags: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
    versions: list[ImportedVersion] = Field(default_factory=list)


class ImportCount(View):
    """How many of one kind there are, and how many of them are not here as they are there."""

    kind: str
    n: int = 0
    n_new: int = 0
    n_changed: int = 0
    size_bytes: int | None = None


class ImportReport(View):
    """What was brought in, or would be."""

    source: str
    dry_run: bool
    counts: list[ImportCount]
    failures: list[str] = Field(default_factory=list)


STATUS_HERE: Mapping[str, str] = {
    "RUNNING": "Running",
    "SCHEDULED": "Queued",
    "FINISHED": "Completed",
    "FAILED": "Failed",
    "KILLED": "Canceled",
}
