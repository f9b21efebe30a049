"""Answers on the terminal: JSON, YAML, a table, or bare values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click
import jmespath
from jmespath.exceptions import JMESPathError

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.yaml import dump

FORMATS = ("json", "yaml", "table", "tsv", "none")
COLUMNS = (
    "name",
    "run_id",
    "id",
    "type",
    "display_name",
    "status",
    "experiment_name",
    "role",
    "user",
    "slots",
    "slots_used",
    "started_at",
    "ended_at",
    "time",
    "who",
    "action",
    "subject",
    "path",
    "version",
)
"""What a table shows of items that have more."""
N_METRICS = 4
"""How many metrics a table of runs shows."""


def show(answer: Any, output: str, query: str | None = None) -> None:
    """Print an answer of the workspace.

    Raises:
        Invalid: `query` is no JMESPath.
    """
    if answer is None:
        return
    items = answer.get("items") if isinstance(answer, dict) and "items" in answer else answer
    if query:
        try:
            items = jmespath.search(query, items)
        except JMESPathError as error:
            raise Invalid.field("--query", str(error)) from None
    text = render(items, output)
    if text:
        click.echo(text)


def render(items: Any, output: str) -> str:
    """`items` in one of `FORMATS`."""
    match output:
        case "none":
            return ""
        case "yaml":
            return dump(_without_nulls(items)).rstrip("\n")
        case "tsv":
            return "\n".join("\t".join(_cells(row)) for row in _rows(items))
        case "table":
            return _table(items)
        case _:
            return json.dumps(items, indent=2, ensure_ascii=False)


def _table(items: Any) -> str:
    rows = _rows(items)
    if not rows or not isinstance(rows[0], dict):
        return "\n".join("  ".join(_cells(row)) for row in rows)
    metrics = _metrics(rows)
    rows = [{**row, **_rounded(row.get("metrics"))} for row in rows]
    columns = [name for name in COLUMNS if any(row.get(name) not in (None, "") for row in rows)]
    columns = [*columns, *metrics] or list(rows[0])
    lines = [[name if name in metrics else name.replace("_", " ").capitalize() for name in columns]]
    lines += [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _metrics(rows: Sequence[Any]) -> list[str]:
    """The metrics that most of the rows have; those of the machine are not what a table is read for."""
    counts = Counter(
        name for row in rows for name in row.get("metrics") or () if not name.startswith("system/")
    )
    return [name for name, _ in counts.most_common(N_METRICS)]


def _rounded(metrics: Any) -> dict[str, Any]:
    return {
        name: f"{value:.5g}" if isinstance(value, float) else value
        for name, value in (metrics or {}).items()
    }


def _rows(items: Any) -> Sequence[Any]:
    return items if isinstance(items, list) else ([] if items is None else [items])


def _cells(row: Any) -> list[str]:
    if isinstance(row, dict):
        return [_cell(value) for value in row.values()]
    return [_cell(value) for value in row] if isinstance(row, list) else [_cell(row)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
