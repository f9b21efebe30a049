"""Many runs at once: their values in columns, groups of them, folders, and views that show them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from jupyter_mlws.entities.record import Moment, Spec, View

ExportFormat = Literal["csv", "parquet", "notebook"]


class RunColumns(View):
    """Values of chosen columns of runs, column by column; newest runs first."""

    n_runs: int
    """How many runs fit the filter; more than `len(run_ids)` when there are too many to answer."""
    run_ids: list[str]
    names: list[str]
    columns: dict[str, list[float | str | None]]
    """By column as it was asked for; null where a run has no value."""


class MetricSpread(View):
    """A metric over some runs."""

    n: int
    """How many runs have a number."""
    mean: float | str
    min: float | str
    max: float | str


class RunGroup(View):
    """Runs with the same value of what they are grouped by."""

    value: str | None
    """Null for the runs without it."""
    n_runs: int
    newest_at: Moment
    metrics: dict[str, MetricSpread] = Field(default_factory=dict)


class RunFolder(View):
    """A folder that some runs were moved to."""

    path: str
    """Such as `churn/ablations`."""
    n_runs: int
    """Runs in the folder itself, without those in folders below."""


class ParamImportance(View):
    """How much of a metric a param explains."""

    param: str
    importance: float
    """0: knowing the param says nothing about the metric's rank; 1: it says all."""
    correlation: float | None = None
    """Spearman's, from -1 to 1; null for a param that is no number."""
    n_values: int
    n_runs: int
    """How many runs have both."""


class SavedViewSpec(Spec):
    """How a page shows things, kept under a name for all who use the workspace."""

    name: str = Field(min_length=1, max_length=100)
    page: Literal["runs"] = "runs"
    state: dict[str, Any] = Field(default_factory=dict)
    """What the page asks for and how it looks; the page's own affair. At most 64 kB as JSON."""


class SavedView(SavedViewSpec):
    """A view as the workspace keeps it."""

    id: str
    created_by: str
    created_at: Moment
    last_modified_by: str
    last_modified_at: Moment
