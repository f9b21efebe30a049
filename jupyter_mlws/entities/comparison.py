"""Comparisons: what is different between runs, section by section; the first run is the baseline."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.record import Moment, View
from jupyter_mlws.entities.run import Status

Why = Literal[
    "no_job",
    "no_code",
    "no_notebook",
    "no_packages",
    "no_inputs",
    "no_artifacts",
    "file_gone",
    "too_large",
]
"""Why a run has nothing to compare in a section."""

REASONS: dict[str, str] = {
    "no_job": "made by an MLflow client, which sends no snapshot of its code",
    "no_code": "the job has no code folder",
    "no_notebook": "no executed notebook was kept (the job is none, or has not begun)",
    "no_packages": "the packages of its environment were not recorded",
    "no_inputs": "no data was declared or logged as an input",
    "no_artifacts": "it left no files",
    "file_gone": "the snapshot is there, but its files are gone",
    "too_large": "it is too large to be compared here",
}
"""Each `Why` in words."""


class ComparedRun(View):
    """The head of a run in a comparison."""

    run_id: str
    name: str
    experiment_name: str
    type: str
    status: Status
    user: str
    created_at: Moment
    duration_s: float | None = None
    """Seconds from start to end; None while it has not ended."""


class ValueRow(View):
    """One value of each run, in the order in which the runs were named; None where a run has none."""

    key: str
    values: list[float | str | None]
    differs: bool


class MetricRow(ValueRow):
    """One metric of each run, and how far it is from that of the baseline."""

    deltas: list[float | None]
    relative: list[float | None]
    """The deltas as parts of the baseline's value; None where that is zero."""
    goal: Literal["maximize", "minimize"] | None = None
    """What is better, as far as the metric's name tells."""


class Verdict(View):
    """What is different about one run, in facts that make a sentence."""

    run_id: str
    metric: str | None = None
    """The metric that stands for the run."""
    baseline_value: float | None = None
    value: float | None = None
    relative: float | None = None
    better: bool | None = None
    """None where equal, or where nobody knows what is better."""
    slowdown: float | None = None
    """Its duration as a multiple of the baseline's."""
    params: list[str] = Field(default_factory=list)
    data: list[str] = Field(default_factory=list)
    """Inputs that differ."""
    files: list[str] = Field(default_factory=list)
    """Files of the code that differ."""
    cells: list[int] = Field(default_factory=list)
    """Cells of the notebook that differ, counted from 1 as the run has them."""
    environment: bool = False
    """Whether packages differ, where both are known."""


class Comparison(View):
    """What is quick to tell: heads, verdicts, metrics and parameters."""

    runs: list[ComparedRun]
    verdicts: list[Verdict]
    """One for each run after the first."""
    metrics: list[MetricRow]
    params: list[ValueRow]
    """Values that are JSON objects or Python dicts stand apart by their keys."""


class Changes(View):
    """What changed since the run of the same source before this one."""

    previous: ComparedRun | None = None
    verdict: Verdict | None = None
    metrics: list[MetricRow] = Field(default_factory=list)
    """Of the run before and of this one."""


class LineCount(View):
    """How many lines were added and removed."""

    added: int = 0
    removed: int = 0


class CodeFile(View):
    """A file of the runs' code; None where a run does not have it."""

    path: str
    kind: Literal["text", "notebook", "binary"]
    blobs: list[str | None]
    sizes: list[int | None]
    counts: list[LineCount | None]
    """Against the baseline, in lines; None for the baseline, binary and very large files."""
    differs: bool


class CodeComparison(View):
    """The code of runs: command, git state, files of the snapshots, executed notebooks."""

    missing: dict[str, Why]
    """Runs without a snapshot, and why."""
    command: ValueRow
    git: list[GitState | None]
    files: list[CodeFile]
    notebooks: list[str | None]
    """Name of the executed notebook of each run."""


class DiffLine(View):
    """A line of a diff."""

    op: Literal["same", "added", "removed"]
    text: str
    base: int | None = None
    """Line number in the baseline, counted from 1."""
    other: int | None = None


class Hunk(View):
    """Changed lines with those around them."""

    base_start: int
    other_start: int
    lines: list[DiffLine]


class FileDiff(View):
    """Two versions of a text file, line by line."""

    path: str
    missing: dict[str, Why]
    """Runs whose version cannot be shown, and why."""
    hunks: list[Hunk]
    counts: LineCount
    unified: str
    """The same as a patch."""


class OutputDiff(View):
    """Two outputs of a cell (nbformat 4); None where there is none."""

    state: Literal["same", "added", "removed", "changed"]
    base: dict[str, Any] | None = None
    other: dict[str, Any] | None = None


class CellDiff(View):
    """Two versions of a cell."""

    state: Literal["same", "added", "removed", "changed"]
    cell_type: str
    base: int | None = None
    """Place in the baseline's notebook, counted from 1."""
    other: int | None = None
    source: list[DiffLine]
    source_differs: bool
    outputs: list[OutputDiff] = Field(default_factory=list)
    """Empty where the outputs are equal."""


class NotebookDiff(View):
    """Two notebooks, cell by cell, output by output."""

    base_path: str | None = None
    other_path: str | None = None
    missing: dict[str, Why]
    cells: list[CellDiff]


class EnvironmentComparison(View):
    """What the runs ran in."""

    missing: dict[str, Why]
    facts: list[ValueRow]
    """Environment, Python, platform."""
    packages: list[ValueRow]
    """Version by package."""


class DataInput(View):
    """What a run read."""

    kind: str
    """`data`, `model`, `dataset` (logged by an MLflow client), `job`, `file` or `path`."""
    name: str
    version: str | None = None
    """Version of an asset, digest of a dataset or of what was sent along."""
    source: str | None = None
    n_rows: int | None = None
    columns: dict[str, str] | None = None
    """Type by column, where the run logged a schema."""


class DataRow(View):
    """An input by its name; None where a run does not have it."""

    key: str
    inputs: list[DataInput | None]
    differs: bool


class DataComparison(View):
    """What the runs read."""

    missing: dict[str, Why]
    inputs: list[DataRow]


class ArtifactRow(View):
    """A file that the runs left; None where a run did not."""

    path: str
    kind: Literal["image", "table", "text", "notebook", "other"]
    blobs: list[str | None]
    """SHA-256 of the content."""
    sizes: list[int | None]
    differs: bool


class ArtifactComparison(View):
    """Files that the runs left, by path."""

    missing: dict[str, Why]
    artifacts: list[ArtifactRow]
    n_artifacts: int
    """How many paths there are in all; more than `len(artifacts)` when cut."""


class Column(View):
    """A column of a table."""

    name: str
    type: str = ""


class Table(View):
    """Rows of a table file."""

    columns: list[Column]
    rows: list[list[Any]]
    n_rows: int
    """How many there are in all."""
    offset: int = 0


class TableRowDiff(View):
    """Two versions of a row; None where there is none."""

    index: int
    """Counted from 0."""
    base: list[Any] | None = None
    other: list[Any] | None = None
    changed: list[int] = Field(default_factory=list)
    """Places of the columns whose values differ."""


class TableDiff(View):
    """Two versions of a table, row by row in their order."""

    columns: list[str]
    added_columns: list[str]
    removed_columns: list[str]
    rows: list[TableRowDiff]
    """The first of those that differ."""
    n_different: int
    n_rows: list[int]
    """How many rows the baseline's and the other's table have."""
