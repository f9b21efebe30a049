"""The runs of a comparison, with what was asked for and what was kept of each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from jupyter_mlws.entities.comparison import ComparedRun, ValueRow
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.execution import records, snapshots
from jupyter_mlws.features.run_files import RunFiles
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import ArtifactRow, Doc, RunRow

MOST = 20
"""Runs that are compared at the same time."""

T = TypeVar("T")


@dataclass(frozen=True)
class Subject:
    """One run of a comparison."""

    ws: Workspace
    row: RunRow

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.row.run_id

    @cached_property
    def doc(self) -> Doc | None:
        """What the workspace keeps of the run's job; None when an MLflow client made the run."""
        record = self.ws.store.find_record(records.KIND, self.run_id)
        return record.doc if record else None

    @property
    def spec(self) -> dict[str, Any]:
        """The job as it was submitted; empty where there is none."""
        return self.doc["spec"] if self.doc else {}

    @cached_property
    def code(self) -> Snapshot | None:
        """The snapshot of its code."""
        reference = self.spec.get("code")
        if not reference:
            return None
        try:
            return snapshots.load(self.ws.store, self.ws.blobs, reference)
        except NotFound:
            return None

    @cached_property
    def files(self) -> RunFiles:
        """What it left."""
        return RunFiles(self.ws, self.row)

    @cached_property
    def artifacts(self) -> dict[str, ArtifactRow]:
        """All files that it left, by path."""
        return {path: row for path, row in self.files.items("", recursive=True) if row.blob}

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end."""
        if self.row.start_ms is None or self.row.end_ms is None:
            return None
        return max(0, self.row.end_ms - self.row.start_ms) / 1000

    @property
    def head(self) -> ComparedRun:
        """What is shown of it first."""
        row = self.row
        return ComparedRun(
            run_id=row.run_id,
            name=row.name,
            experiment_name=self.ws.store.get_experiment(row.experiment_id).name,
            type=row.type,
            status=Status(row.status),
            user=row.user,
            created_at=from_ms(row.created_ms),
            duration_s=self.duration_s,
        )


def subjects(ws: Workspace, run_ids: Sequence[str]) -> list[Subject]:
    """The runs of these ids.

    Raises:
        Invalid: there are fewer than 2 or more than 20, or one is named twice.
        NotFound: there is no such run.
    """
    if not 2 <= len(run_ids) <= MOST:
        raise Invalid.field("run_ids", f"name 2 to {MOST} runs (got {len(run_ids)}).")
    twice = [run_id for at, run_id in enumerate(run_ids) if run_id in run_ids[:at]]
    if twice:
        raise Invalid.field("run_ids", f"'{twice[0]}' is named twice.")
    return [Subject(ws, ws.store.get_run(run_id)) for run_id in run_ids]


def pair(ws: Workspace, run_id: str, other_run_id: str) -> tuple[Subject, Subject]:
    """The baseline and the run that is held against it."""
    return (
        Subject(ws, ws.store.get_run(run_id, with_data=False)),
        Subject(ws, ws.store.get_run(other_run_id, with_data=False)),
    )


def value_row(key: str, values: Sequence[float | str | None]) -> ValueRow:
    """A row, and whether its values differ."""
    return ValueRow(key=key, values=list(values), differs=differ(values))


def differ(values: Iterable[Hashable]) -> bool:
    """Whether not all are equal."""
    return len(set(values)) > 1


def union(maps: Iterable[dict[str, T]], order: Callable[[str], Any] = str.lower) -> list[str]:
    """All keys of some dicts, each once, in order."""
    return sorted({key for found in maps for key in found}, key=lambda key: (order(key), key))
