"""What a table looks like: some of its rows, the profile of its columns, and how two tables differ."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from jupyter_mlws.entities.record import View

Family = Literal["number", "text", "moment", "boolean", "other"]
"""What can be said of a column."""


class TableColumn(View):
    """A column of a table."""

    name: str
    type: str
    """As the reader calls it, such as BIGINT."""
    family: Family


class TablePreview(View):
    """Some rows of a table."""

    columns: list[TableColumn]
    rows: list[list[Any]]
    """Values as JSON; what JSON has not is text."""
    offset: int
    n_rows: int | None = None
    """Rows of the whole table, where that is known without reading it."""
    has_more: bool
    files: int
    """How many files the table is read from."""


class HistogramBin(View):
    """A bar of a histogram."""

    low: float | str
    high: float | str
    count: int


class TopValue(View):
    """A value and how often it is there."""

    value: Any
    count: int


class ColumnProfile(TableColumn):
    """What a column looks like. Moments are ISO 8601."""

    n_missing: int
    """Null, and not a number."""
    n_empty: int | None = None
    """Texts without a character."""
    n_distinct: int | None = None
    distinct_is_approximate: bool = False
    min: float | str | None = None
    max: float | str | None = None
    mean: float | str | None = None
    std: float | None = None
    variance: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    """Excess: 0 for a normal distribution."""
    n_zero: int | None = None
    n_infinite: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    mean_length: float | None = None
    quantiles: dict[str, float | str] = Field(default_factory=dict)
    """By probability, such as `0.5`; approximate for large tables."""
    histogram: list[HistogramBin] = Field(default_factory=list)
    top: list[TopValue] = Field(default_factory=list)
    """The most frequent values, most frequent first."""
    top_is_approximate: bool = False


class Profile(View):
    """What a table looks like."""

    n_rows: int
    n_columns: int
    size_bytes: int
    columns: list[ColumnProfile]
    seconds: float
    """How long it took."""
    peak_memory_bytes: int
    """Most memory that was used for it."""


class ColumnChange(View):
    """How a column of one version differs from that of another."""

    name: str
    state: Literal["same", "changed", "added", "removed", "retyped"]
    type_before: str | None = None
    type_after: str | None = None
    psi: float | None = None
    """Population stability index; under 0.1 is little, over 0.25 much."""
    js_distance: float | None = None
    """Jensen-Shannon distance, 0 to 1."""
    ks_statistic: float | None = None
    """Greatest distance of the cumulative distributions over the bins; numbers only."""
    missing_before: float | None = None
    """Share of the rows."""
    missing_after: float | None = None
    mean_before: float | None = None
    mean_after: float | None = None
    labels: list[str] = Field(default_factory=list)
    """Of the bins: values, or bounds."""
    before: list[float] = Field(default_factory=list)
    """Shares of the bins."""
    after: list[float] = Field(default_factory=list)


class VersionComparison(View):
    """How two versions differ."""

    n_rows_before: int
    n_rows_after: int
    columns: list[ColumnChange]


class Analysis(View):
    """Something about data that takes time, and how far it is."""

    state: Literal["running", "ready", "failed"]
    progress: float = 0
    """0 to 1."""
    step: str = ""
    """What is being done, such as the name of a column."""
    error: str | None = None
    profile: Profile | None = None
    comparison: VersionComparison | None = None
