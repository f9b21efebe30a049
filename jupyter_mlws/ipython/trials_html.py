"""The trials of a job as HTML: the table, what stands above it, and one of them in full."""

from __future__ import annotations

import json
from html import escape

from jupyter_mlws.ipython.controls import alert
from jupyter_mlws.ipython.display import badge
from jupyter_mlws.ipython.trials import (
    MOST_ROWS,
    STATES,
    Board,
    Trial,
    arguments,
    duration,
    number,
    seconds_between,
    signed,
)

_COLORS = {
    "completed": "var(--jp-success-color1, #2e7d32)",
    "failed": "var(--jp-error-color1, #c62828)",
    "running": "var(--jp-brand-color1, #1565c0)",
}
_CELL = "padding:3px 14px 3px 6px;text-align:left;vertical-align:top"
_NUMBER = f"{_CELL};text-align:right;font-variant-numeric:tabular-nums"
_LINE = "border-bottom:1px solid var(--jp-border-color2, #8884)"
_CHOSEN = "background:rgba(33, 150, 243, 0.22)"


def heading_html(board: Board) -> str:
    """How the job stands, and its best score."""
    view = board.view
    least = "Least" if view.goal == "minimize" else "Greatest"
    facts = [f"{board.n_ended} of {view.max_total_trials} trials"]
    seconds = seconds_between(view.started_at, view.ended_at)
    if seconds is not None and (view.ended_at or not view.status.is_final):
        facts.insert(0, duration(seconds))
    if board.left_s is not None:
        facts.append(f"time left {duration(round(board.left_s))}")
    best = board.best
    score = f"{number(view.best_value)} · {best.title}" if best else "–"
    return (
        f'<div style="line-height:1.6"><strong>{escape(view.display_name)}</strong>'
        f" {badge(view.status.value)} {' · '.join(map(escape, facts))}</div>"
        f'<div style="line-height:1.6">{escape(board.what.capitalize())}.'
        f" {least} {escape(view.primary_metric)}: <strong>{escape(score)}</strong></div>"
    )


def table_html(board: Board, chosen: str = "", *, with_lost: bool = True, link: str = "") -> str:
    """The table.

    Args:
        chosen: name of the trial that is marked.
        link: JupyterLab's address of a trial's notebook, with `{name}`; empty without JupyterLab.
    """
    shown = [trial for trial in board.trials if with_lost or not trial.is_lost]
    if not shown:
        return f"<p>{'All trials so far came to nothing.' if board.trials else 'No trial yet.'}</p>"
    heads = ["#", board.heading, board.view.primary_metric, "vs. best", "State", "Duration"]
    heads += ["Notebook"] if any(trial.has_notebook for trial in shown) else []
    numbers = {heads[0], *heads[2:4], "Duration"}
    style = f"{_LINE};position:sticky;top:0;background:var(--jp-layout-color1, transparent)"
    head = "".join(
        f'<th scope="col" style="{_NUMBER if name in numbers else _CELL};{style}">{_broken(name)}</th>'
        for name in heads
    )
    rows = "".join(
        _row(board, trial, trial.name == chosen, link, len(heads)) for trial in shown[:MOST_ROWS]
    )
    more = f"<p>The first {MOST_ROWS} of {len(shown)}.</p>" if len(shown) > MOST_ROWS else ""
    return (
        '<div tabindex="0" role="region" aria-label="Trials" style="max-height:320px;overflow:auto">'
        f'<table style="border-collapse:collapse;line-height:1.5"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def details_html(trial: Trial, link: str) -> str:
    """All that is known of a trial."""
    head = f"<strong>{escape(trial.title)}</strong> {notebook_link(trial, link)}"
    facts = {name: number(value) for name, value in trial.metrics.items() if "/" not in name}
    rows = [(name, value) for name, value in facts.items() if value]
    table = "".join(
        '<div style="display:flex;justify-content:space-between;gap:12px;break-inside:avoid">'
        f"<span>{escape(name)}</span><span>{escape(value)}</span></div>"
        for name, value in rows
    )
    said = f'<pre style="margin:4px 0;white-space:pre-wrap">{escape(arguments(trial))}</pre>'
    error = alert(trial.error) if trial.error else ""
    parts = [
        head,
        error,
        said if trial.values else "",
        f'<div style="columns:2 22em;column-gap:40px;max-width:60em">{table}</div>',
        f"<small><code>{escape(trial.name)}</code></small>",
    ]
    return f'<div style="line-height:1.5">{"".join(parts)}</div>'


def notebook_link(trial: Trial, link: str) -> str:
    """A link to the executed notebook: a tab of JupyterLab's there, JupyterLab itself elsewhere."""
    if not trial.has_notebook or not link:
        return ""
    said = escape(json.dumps({"name": trial.name}))
    return (
        f'<a href="{escape(link.replace("{name}", trial.name))}" target="_blank" rel="noopener"'
        f' data-commandlinker-command="mlws:notebook-open" data-commandlinker-args="{said}"'
        ' style="color:var(--jp-content-link-color, inherit);text-decoration:underline"'
        f' aria-label="Open notebook of {escape(trial.title)}">Open</a>'
    )


def _row(board: Board, trial: Trial, is_chosen: bool, link: str, n_cells: int) -> str:
    change = board.change(trial)
    is_best = trial.name == board.view.best
    color = _COLORS.get(trial.state, "inherit")
    title = escape(trial.error or arguments(trial))
    name, state = escape(trial.title), STATES[trial.state]
    weight, plain = 600 if is_best else 400, "white-space:nowrap"
    cells = [
        f'<td style="{_NUMBER};{_LINE}">{trial.number}</td>',
        f'<th scope="row" style="{_CELL};{_LINE};font-weight:{weight}" title="{title}">{name}</th>',
        f'<td style="{_NUMBER};{_LINE}">{number(trial.value)}</td>',
        f'<td style="{_NUMBER};{_LINE}">{"best" if is_best else signed(change)}</td>',
        f'<td style="{_CELL};{_LINE};{plain};color:{color}" title="{title}">{state}</td>',
        f'<td style="{_NUMBER};{_LINE};{plain}">{_took(trial)}</td>',
    ]
    if n_cells > len(cells):
        cells.append(f'<td style="{_CELL};{_LINE}">{notebook_link(trial, link)}</td>')
    mark = f' aria-selected="true" style="{_CHOSEN}"' if is_chosen else ""
    return f'<tr data-trial="{escape(trial.name)}"{mark}>{"".join(cells)}</tr>'


def _broken(name: str) -> str:
    """A name that may be broken after its underscores."""
    return escape(name).replace("_", "_<wbr>")


def _took(trial: Trial) -> str:
    """Of a running trial in whole minutes: who reads the table is not to be disturbed each second."""
    seconds = trial.duration_s()
    if seconds is None or (trial.ended_at is None and trial.state != "running"):
        return ""
    if trial.ended_at is None:
        return f"{int(seconds // 60)} min" if seconds >= 60 else "under 1 min"
    return duration(seconds)
