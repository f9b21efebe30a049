"""A chart of a metric that follows runs as they go on, in a notebook's cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.run import Run, Series
from jupyter_mlws.ipython.display import RunCard
from jupyter_mlws.ipython.following import Following
from jupyter_mlws.sdk.client import MLClient

MOST_RUNS = 20
POINTS = 2000
"""Most points of a line; spikes stay."""


class LiveChart:
    """One metric of some runs over its steps, redrawn until all of them have ended.

    Attributes:
        figure: plotly's `FigureWidget`, to be changed as one likes.

    Args:
        run_ids: at most 20.
        log: whether the values are drawn on a logarithmic axis.
    Raises:
        Invalid: there are no runs, or too many.
        NotFound: there is no such run.
    """

    def __init__(
        self, client: MLClient, run_ids: Sequence[str], metric: str, *, log: bool = False
    ) -> None:
        import plotly.graph_objects as go

        if not 1 <= len(run_ids) <= MOST_RUNS:
            raise Invalid.field("runs", f"must be 1 to {MOST_RUNS} (got {len(run_ids)}).")
        self._client = client
        self._metric = metric
        runs = [client.call("runs.get", run_id=run_id) for run_id in dict.fromkeys(run_ids)]
        self._open = [run.run_id for run in runs]
        self.figure: Any = go.FigureWidget(
            data=[{"type": "scatter", "mode": "lines", "name": run.name} for run in runs],
            layout={
                "title": {"text": metric},
                "xaxis": {"title": {"text": "step"}},
                "yaxis": {"type": "log" if log else "linear"},
                "showlegend": True,
                "uirevision": metric,  # a zoom survives new points
                "height": 360,
                "margin": {"l": 60, "r": 20, "t": 50, "b": 50},
            },
        )
        self._lines = dict(zip(self._open, self.figure.data, strict=True))
        self._following = Following(self._draw, "mlws-chart", is_open=self._draw())

    @property
    def is_live(self) -> bool:
        """Whether any of the runs may still get points."""
        return self._following.is_live

    def stop(self) -> None:
        """Draw no more; what is drawn stays."""
        self._following.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until all runs have ended and all their points are drawn; whether they have."""
        return self._following.wait(timeout_s)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.figure._repr_mimebundle_(include=include, exclude=exclude)

    def __repr__(self) -> str:
        lines = ", ".join(f"{line.name}: {len(line.x or ())}" for line in self._lines.values())
        return f"{self._metric} ({lines} points)"

    def _draw(self) -> bool:
        """Draw what there is; whether more may come."""
        # Who ended before its points were read has no more of them.
        runs: list[Run] = [self._client.call("runs.get", run_id=run_id) for run_id in self._open]
        found: list[Series] = self._client.call(
            "runs.series", run_ids=self._open, keys=[self._metric], max_points=POINTS
        )
        with self.figure.batch_update():
            for series in found:
                line = self._lines[series.run_id]
                line.x, line.y = series.steps, [_number(value) for value in series.values]
        self._open = [run.run_id for run in runs if not run.status.is_final]
        return bool(self._open)


def run_ids_of(runs: Any) -> list[str]:
    """Ids of one run or many, given by id, card, run, list or frame."""
    if isinstance(runs, str):
        return [runs]
    if isinstance(runs, RunCard):
        return [runs.id]
    if isinstance(runs, Run):
        return [runs.run_id]
    if isinstance(runs, pd.DataFrame):
        return list(runs["run_id"])
    return [run_id for run in runs for run_id in run_ids_of(run)]


def _number(value: float | str) -> float | None:
    """A value as a line has it: a gap where there is no number."""
    return None if isinstance(value, str) else value
