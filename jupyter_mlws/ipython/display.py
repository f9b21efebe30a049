"""Runs and jobs as a notebook shows them: a live card in JupyterLab, a plain table everywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.run import Run

if TYPE_CHECKING:
    from typing_extensions import Self

    from jupyter_mlws.sdk.client import MLClient

MIME = "application/vnd.mlws.run+json"
"""What JupyterLab's renderer of ours takes: the fields of `RunCard.state`."""

_SYMBOLS = {"Completed": "✓", "Failed": "✗", "Canceled": "∅", "Running": "▶"}
_COLORS = {
    "Completed": "var(--jp-success-color1, #2e7d32)",
    "Failed": "var(--jp-error-color1, #c62828)",
    "Running": "var(--jp-brand-color1, #1565c0)",
}
_STYLE = (
    "border:1px solid var(--jp-border-color2, #bdbdbd);border-radius:3px;padding:8px 12px;"
    "display:inline-block;color:var(--jp-ui-font-color1, inherit);"
    "background:var(--jp-layout-color1, transparent)"
)
_CELL = "text-align:left;padding:2px 12px 2px 0"


class RunCard:
    """A run as it stood when it was last looked at.

    Attributes:
        run: the run itself.
    """

    kind = "run"

    def __init__(self, client: MLClient, run: Run) -> None:
        self._client = client
        self.run = run

    @property
    def id(self) -> str:
        """The run's id, which for a job is its name."""
        return self.run.run_id

    def refresh(self) -> Self:
        """Look again."""
        self.run = self._client.call("runs.get", run_id=self.id)
        return self

    @property
    def state(self) -> dict[str, Any]:
        """How it stands, as JSON."""
        run = self.run
        return {
            "kind": self.kind,
            "run_id": run.run_id,
            "name": run.name,
            "experiment_name": run.experiment_name,
            "type": run.type,
            "status": run.status.value,
            "started_at": run.started_at.isoformat() if run.started_at else None,
            "ended_at": run.ended_at.isoformat() if run.ended_at else None,
            "metrics": run.metrics,
            "params": run.params,
            "url": None,
            "error": None,
        }

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        state = self.state
        return {MIME: state, "text/html": _html(state), "text/plain": _text(state)}

    def __repr__(self) -> str:
        return _text(self.state)


class JobCard(RunCard):
    """A job and what it has logged.

    Attributes:
        job: the job itself.
    """

    kind = "job"

    def __init__(self, client: MLClient, job: Job) -> None:
        super().__init__(client, client.call("runs.get", run_id=job.name))
        self.job = job

    @property
    def name(self) -> str:
        """The job's name."""
        return self.job.name

    def refresh(self) -> Self:
        """Look again."""
        self.job = self._client.call("jobs.get", name=self.job.name)
        return super().refresh()

    def wait(self) -> Self:
        """Come back when the job has ended.

        Raises:
            JobFailed: it did not complete.
        """
        from jupyter_mlws.sdk.jobs import Done

        Done(self._client.jobs.wait(self.job.name)).check()
        return self.refresh()

    @property
    def state(self) -> dict[str, Any]:
        """How it stands, as JSON."""
        studio = self.job.services.get("Studio")
        return {
            **super().state,
            "url": studio.endpoint if studio else None,
            "error": self.job.error.message if self.job.error else None,
            "progress": self.job.progress.model_dump() if self.job.progress else None,
        }


class AssetList:
    """Versions of data, models or environments, as a table."""

    COLUMNS = ("name", "version", "type", "labels", "description", "created_at")

    def __init__(self, assets: Sequence[Any], noun: str = "data") -> None:
        self._assets = list(assets)
        self._noun = noun

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each, as JSON."""
        return [
            {
                "name": asset.name,
                "version": asset.version,
                "type": asset.type,
                "labels": ", ".join([*asset.labels, *(["latest"] if asset.latest else [])]),
                "description": asset.description or "",
                "created_at": asset.creation_context.created_at.isoformat(timespec="seconds"),
            }
            for asset in self._assets
        ]

    def __len__(self) -> int:
        return len(self._assets)

    def _repr_html_(self) -> str:
        if not self._assets:
            return f"<p>No {self._noun}.</p>"
        head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in self.COLUMNS)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="{_CELL}">{escape(str(row[c]))}</td>' for c in self.COLUMNS)
            + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        lines = [
            f"{row['name']}:{row['version']}  {row['type']}  {row['labels']}" for row in self.rows
        ]
        return "\n".join(lines) or f"No {self._noun}."


class EnvironmentCard:
    """A version of an environment: what it asks for, and how far it is made."""

    def __init__(self, asset: Any, build: Any) -> None:
        self.asset = asset
        self.build = build

    @property
    def state(self) -> dict[str, Any]:
        """Its fields and its build, as JSON."""
        build = self.build
        return {
            "name": self.asset.name,
            "version": self.asset.version,
            "state": build.state,
            "message": build.message,
            "python": build.python,
            "kernel": build.kernel,
            "packages": build.n_packages,
            "requirements": ", ".join(build.requirements),
            "warnings": ", ".join(build.warnings),
        }

    def _repr_html_(self) -> str:
        title = escape(f"{self.asset.name}:{self.asset.version}")
        rows = {key: value for key, value in self.state.items() if value not in (None, "")}
        return f'<div style="{_STYLE}"><strong>{title}</strong>{_html_table("", rows)}</div>'

    def __repr__(self) -> str:
        state = self.state
        line = f"{state['name']}:{state['version']}  {state['state']}"
        return "  ".join(filter(None, (line, state["message"], state["requirements"])))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def badge(status: str) -> str:
    """A status as a word with its sign and color, as HTML."""
    color = _COLORS.get(status, "inherit")
    return f'<span style="color:{color}">{_SYMBOLS.get(status, "…")} {escape(status)}</span>'


def _html(state: Mapping[str, Any]) -> str:
    status = str(state["status"])
    title = f"<strong>{escape(str(state['name']))}</strong>"
    parts = [
        f"<div>{title} {badge(status)} <small>{escape(str(state['experiment_name']))}</small></div>"
    ]
    if state["error"]:
        parts.append(f'<div style="color:{_COLORS["Failed"]}">{escape(str(state["error"]))}</div>')
    tables = {heading: _own(state[heading]) for heading in ("metrics", "params")}
    parts += [_html_table(heading, rows) for heading, rows in tables.items() if rows]
    parts.append(f"<small><code>{escape(str(state['run_id']))}</code></small>")
    return f'<div class="jp-MlwsRunCard" style="{_STYLE}">{"".join(parts)}</div>'


def _html_table(heading: str, rows: Mapping[str, Any]) -> str:
    body = "".join(
        f'<tr><td style="{_CELL}">{escape(key)}</td><td style="{_CELL}">{escape(_shown(value))}</td></tr>'
        for key, value in rows.items()
    )
    caption = f"<caption>{heading}</caption>" if heading else ""
    return f"<table>{caption}<tbody>{body}</tbody></table>"


def _text(state: Mapping[str, Any]) -> str:
    status = str(state["status"])
    line = f"{state['kind']} {state['run_id']} · {_SYMBOLS.get(status, '…')} {status}"
    metrics = ", ".join(f"{key}={_shown(value)}" for key, value in _own(state["metrics"]).items())
    return "\n".join(filter(None, (line, state["error"], metrics)))


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the workspace measured itself."""
    return {key: value for key, value in values.items() if not key.startswith("system/")}
