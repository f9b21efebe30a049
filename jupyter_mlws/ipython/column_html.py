"""Columns of a table as HTML: what is striking about each, and how the values of one are spread."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from jupyter_mlws.entities.profile import ColumnProfile, Profile
from jupyter_mlws.ipython.automl_words import HINTS, TYPES, hints_of

MOST_ROWS = 200
MOST_VALUES = 8
_CELL = "padding:2px 16px 2px 0;text-align:left;white-space:nowrap"
_NUMBER = f"{_CELL};text-align:right"
_LINE = "border-bottom:1px solid var(--jp-border-color2, #8884)"
_BAR = "var(--jp-brand-color1, #1565c0)"
_TAG = (
    "border:1px solid var(--jp-warn-color1, #ef6c00);border-radius:3px;padding:0 4px;"
    "margin-right:4px;font-size:90%"
)


def columns_html(profile: Profile, target: str, types: Mapping[str, str]) -> str:
    """A table of the columns.

    Args:
        types: what columns are to be taken for, by name.
    """
    heads = ("Column", "Type", "Missing", "Distinct", "Taken for", "Mind")
    head = "".join(
        f'<th scope="col" style="{_NUMBER if name in heads[2:4] else _CELL};{_LINE}">{name}</th>'
        for name in heads
    )
    rows = "".join(
        _row(column, profile.n_rows, column.name == target, types.get(column.name, ""))
        for column in profile.columns[:MOST_ROWS]
    )
    n = len(profile.columns)
    more = f"<p>The first {MOST_ROWS} of {n}.</p>" if n > MOST_ROWS else ""
    return (
        '<div tabindex="0" role="region" aria-label="Columns" style="max-height:220px;overflow:auto">'
        f'<table style="border-collapse:collapse;line-height:1.5"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def shape_html(column: ColumnProfile, n_rows: int, *, as_classes: bool) -> str:
    """How often each class is there, or how the values are spread."""
    drawn = _classes(column, n_rows) if as_classes or not column.histogram else _histogram(column)
    missing = (
        f"<div>Rows in which it is missing ({share(column.n_missing, n_rows)}) are left out.</div>"
        if column.n_missing
        else ""
    )
    title = "How often each class is there" if as_classes else "How the values are spread"
    return f'<div style="line-height:1.5"><small>{title}</small>{drawn}{missing}</div>'


def share(part: int, whole: int) -> str:
    """A part in percent: `3 %`, and never 0 % of something."""
    percent = 100 * part / max(1, whole)
    return "under 1 %" if 0 < percent < 1 else f"{percent:.0f} %"


def _row(column: ColumnProfile, n_rows: int, is_target: bool, type_: str) -> str:
    hints = "".join(
        f'<span style="{_TAG}">{HINTS[hint]}</span>' for hint in hints_of(column, n_rows)
    )
    about = "" if column.n_distinct is None else f"{column.n_distinct:,}"
    taken = "predicted" if is_target else TYPES.get(type_, type_) or "Automatic"
    return (
        f'<tr data-column="{escape(column.name)}"{_weight(is_target)}>'
        f'<th scope="row" style="{_CELL};{_LINE};font-weight:inherit">{escape(column.name)}</th>'
        f'<td style="{_CELL};{_LINE}"><code>{escape(column.type)}</code></td>'
        f'<td style="{_NUMBER};{_LINE}">{share(column.n_missing, n_rows) if column.n_missing else ""}</td>'
        f'<td style="{_NUMBER};{_LINE}">{about}</td>'
        f'<td style="{_CELL};{_LINE}">{escape(taken)}</td>'
        f'<td style="{_CELL};{_LINE}">{hints}</td></tr>'
    )


def _weight(is_target: bool) -> str:
    return ' style="font-weight:600"' if is_target else ' style="font-weight:400"'


def _classes(column: ColumnProfile, n_rows: int) -> str:
    most = max((item.count for item in column.top), default=1)
    rows = "".join(
        f'<tr><td style="{_CELL}">{escape(str(item.value)) or "(empty)"}</td>'
        f'<td style="width:160px"><div style="height:10px;background:{_BAR};'
        f'width:{100 * item.count / most:.0f}%"></div></td>'
        f'<td style="{_NUMBER};padding-left:8px">{item.count:,}</td>'
        f'<td style="{_NUMBER}">{share(item.count, n_rows)}</td></tr>'
        for item in column.top[:MOST_VALUES]
    )
    n_more = (column.n_distinct or 0) - min(len(column.top), MOST_VALUES)
    more = f"<div>and {n_more:,} more</div>" if n_more > 0 else ""
    return f'<table aria-label="Most frequent values">{rows}</table>{more}'


def _histogram(column: ColumnProfile) -> str:
    most = max((bin_.count for bin_ in column.histogram), default=0) or 1
    bars = "".join(
        f'<div title="{_shown(bin_.low)} – {_shown(bin_.high)}: {bin_.count:,}" style="flex:1;'
        f'background:{_BAR};height:{max(2, 56 * bin_.count / most):.0f}px"></div>'
        for bin_ in column.histogram
    )
    median = _shown(column.quantiles.get("0.5"))
    low, high = _shown(column.min), _shown(column.max)
    label = f"From {low} to {high}, most often near {median}"
    return (
        f'<div role="img" aria-label="{label}" style="display:flex;align-items:flex-end;gap:1px;'
        f'width:300px;height:58px">{bars}</div>'
        f'<div style="display:flex;justify-content:space-between;width:300px"><span>{low}</span>'
        f"<span>median {median}</span><span>{high}</span></div>"
    )


def _shown(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, (int, float)) else escape(str(value or ""))
