"""A comparison of runs as a notebook shows it: tables of what differs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from jupyter_mlws.sdk.comparison import Compared, Grid

_CELL = "text-align:left;vertical-align:top;padding:2px 16px 2px 0"
_CHANGED = "background:var(--jp-warn-color3, #fff8e1);color:var(--jp-ui-font-color1, inherit)"


class RunComparison:
    """Runs side by side: only what differs.

    Attributes:
        compared: all of it, as the workspace answered.
    """

    def __init__(self, compared: Compared) -> None:
        self.compared = compared

    @property
    def state(self) -> dict[str, Any]:
        """All of it as JSON."""
        return self.compared.state

    def to_frame(self) -> Any:
        """Metrics and parameters that differ as a pandas table, a column for each run."""
        import pandas as pd

        facts = self.compared.facts
        rows = {row.key: row.values for row in [*facts.metrics, *facts.params] if row.differs}
        return pd.DataFrame.from_dict(rows, orient="index", columns=self.compared.names)

    def _repr_html_(self) -> str:
        verdicts = "".join(f"<p>{escape(text)}</p>" for text in self.compared.verdicts)
        grids = "".join(self._html(grid) for grid in self.compared.grids() if _is_shown(grid))
        return f'<div class="jp-MlwsComparison">{verdicts}{grids}</div>'

    def _html(self, grid: Grid) -> str:
        heads = "".join(
            f'<th style="{_CELL}">{escape(name)}</th>' for name in ("", *self.compared.names)
        )
        rows = "".join(f"<tr>{''.join(_html_cells(row))}</tr>" for row in grid.rows)
        notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in grid.notes)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<h4>{grid.title}</h4>{table if grid.rows else ''}{notes}"

    def __repr__(self) -> str:
        lines = list(self.compared.verdicts)
        for grid in filter(_is_shown, self.compared.grids()):
            lines += ["", grid.title]
            lines += ["  " + "  |  ".join(row) for row in grid.rows]
            lines += [f"  {note}" for note in grid.notes]
        return "\n".join(lines)


def _is_shown(grid: Grid) -> bool:
    return bool(grid.rows or grid.notes)


def _html_cells(row: list[str]) -> Iterator[str]:
    name, base, *others = row
    yield f'<th style="{_CELL}">{escape(name)}</th><td style="{_CELL}">{escape(base)}</td>'
    for cell in others:
        style = f"{_CELL};{_CHANGED}" if cell != base else _CELL
        yield f'<td style="{style}">{escape(cell)}</td>'
