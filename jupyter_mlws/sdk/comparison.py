"""A comparison of runs as text: what the terminal and a notebook without our renderer show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.comparison import (
    REASONS,
    ArtifactComparison,
    CodeComparison,
    Comparison,
    DataComparison,
    EnvironmentComparison,
    NotebookDiff,
    ValueRow,
    Verdict,
)

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

MOST_NAMED = 4
"""Names that a verdict tells of each kind; the rest is counted."""


@dataclass(frozen=True)
class Grid:
    """A section of a comparison as a table.

    Attributes:
        rows: name, then a cell for each run.
        notes: what cannot be compared, and why.
    """

    title: str
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Compared:
    """Runs side by side, with all sections.

    Attributes:
        facts: verdicts, metrics and parameters.
    """

    facts: Comparison
    code: CodeComparison
    environments: EnvironmentComparison
    data: DataComparison
    artifacts: ArtifactComparison

    @classmethod
    def of(cls, client: MLClient, run_ids: Sequence[str], metric: str | None = None) -> Compared:
        """Ask for all sections; the first run is the baseline.

        Raises:
            Invalid: there are fewer than 2 or more than 20 runs, or one is named twice.
            NotFound: there is no such run.
        """
        ids = list(run_ids)
        return cls(
            client.call("runs.compare", run_ids=ids, metric=metric),
            client.call("runs.compare_code", run_ids=ids),
            client.call("runs.compare_environments", run_ids=ids),
            client.call("runs.compare_data", run_ids=ids),
            client.call("runs.compare_artifacts", run_ids=ids),
        )

    @property
    def state(self) -> dict[str, Any]:
        """All of it as JSON."""
        sections = {"code": self.code, "environments": self.environments, "data": self.data}
        found = {name: section.model_dump(mode="json") for name, section in sections.items()}
        found["artifacts"] = self.artifacts.model_dump(mode="json")
        return {**self.facts.model_dump(mode="json"), **found}

    @property
    def names(self) -> list[str]:
        """Names of the runs; the id where two have the same."""
        heads = self.facts.runs
        names = [head.name for head in heads]
        return [head.run_id if names.count(head.name) > 1 else head.name for head in heads]

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each run after the first."""
        pairs = zip(self.names[1:], self.facts.verdicts, strict=True)
        return [sentence(name, verdict) for name, verdict in pairs]

    def grids(self, *, everything: bool = False) -> list[Grid]:
        """The sections as tables, those rows that differ or all of them."""

        def kept(rows: Sequence[Any]) -> list[Any]:
            return [row for row in rows if everything or row.differs]

        facts = self.facts
        metrics = [
            [row.key, *map(_measured, row.values, row.relative)] for row in kept(facts.metrics)
        ]
        environment = [
            _cells(row) for row in kept([*self.environments.facts, *self.environments.packages])
        ]
        data = [[row.key, *map(_read, row.inputs)] for row in kept(self.data.inputs)]
        artifacts = [
            [row.path, *map(_left, row.blobs, row.sizes)] for row in kept(self.artifacts.artifacts)
        ]
        return [
            Grid("Metrics", metrics),
            Grid("Parameters", [_cells(row) for row in kept(facts.params)]),
            Grid("Code", self._code(kept), self._notes(self.code.missing)),
            Grid("Environment", environment, self._notes(self.environments.missing)),
            Grid("Data", data, self._notes(self.data.missing)),
            Grid("Artifacts", artifacts, self._notes(self.artifacts.missing)),
        ]

    def _code(self, kept: Callable[[Sequence[Any]], list[Any]]) -> list[list[str]]:
        rows = [_cells(row) for row in kept([self.code.command])]
        for file in kept(self.code.files):
            counts = zip(file.blobs, file.counts, strict=True)
            cells = [_lines(blob, count, file.blobs[0]) for blob, count in counts]
            rows.append([file.path, *cells])
        return rows

    def _notes(self, missing: dict[str, Any]) -> list[str]:
        names = dict(zip((head.run_id for head in self.facts.runs), self.names, strict=True))
        return [f"{names[run_id]}: {REASONS[why]}." for run_id, why in missing.items()]


def sentence(name: str, verdict: Verdict) -> str:
    """Such as `b: val_auc +1.8%, better; 2.1× the time; differs in lr, data 'iris', cell 7`."""
    differs = [
        *verdict.params[:MOST_NAMED],
        *(
            [f"{len(verdict.params) - MOST_NAMED} more parameters"]
            * (len(verdict.params) > MOST_NAMED)
        ),
        *(f"data '{key}'" for key in verdict.data[:MOST_NAMED]),
        *(f"cell {cell}" for cell in verdict.cells[:MOST_NAMED]),
    ]
    if not verdict.cells:
        differs += verdict.files[:MOST_NAMED]
    if verdict.environment:
        differs.append("packages")
    parts = list(_measures(verdict))
    parts.append(f"differs in {', '.join(differs)}" if differs else "no other difference is known")
    return f"{name}: {'; '.join(parts)}"


def patch(diff: NotebookDiff) -> str:
    """The cells of two notebooks that differ, as text."""
    lines = []
    for cell in diff.cells:
        if cell.state == "same":
            continue
        lines.append(
            f"@@ {cell.cell_type} cell {cell.base or '–'} → {cell.other or '–'}: {cell.state}"
        )
        signs = {"same": " ", "added": "+", "removed": "-"}
        lines += [f"{signs[line.op]}{line.text}" for line in cell.source]
        lines += [f"~ output {output.state}" for output in cell.outputs if output.state != "same"]
    return "\n".join(lines)


def _measures(verdict: Verdict) -> Iterator[str]:
    if verdict.metric and verdict.value is not None:
        change = f" {verdict.relative:+.2%}" if verdict.relative else " equal"
        word = {True: ", better", False: ", worse", None: ""}[verdict.better]
        yield f"{verdict.metric} {verdict.value:.5g}{change}{word}"
    if verdict.slowdown:
        yield f"{verdict.slowdown:.2g}× the time"


def _cells(row: ValueRow) -> list[str]:
    return [row.key, *(_shown(value) for value in row.values)]


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _measured(value: Any, relative: float | None) -> str:
    return f"{_shown(value)} ({relative:+.2%})" if relative else _shown(value)


def _lines(blob: str | None, count: Any, base: str | None) -> str:
    if blob is None:
        return "–"
    if count is None or blob == base:
        return blob[:8]
    return f"+{count.added} -{count.removed}"


def _read(item: Any) -> str:
    if item is None:
        return "–"
    version = f"@{item.version}" if item.version else ""
    rows = f" ({item.n_rows} rows)" if item.n_rows is not None else ""
    return f"{item.kind} {item.name}{version}{rows}"


def _left(blob: str | None, size: int | None) -> str:
    return "–" if blob is None else f"{size} B {blob[:8]}"
