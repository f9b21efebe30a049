"""Runs as a pandas DataFrame that shows itself well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from jupyter_mlws.entities.run import Run

FACTS = ("name", "status", "experiment_name", "user", "started_at", "ended_at")
SHOWN = ("name", "status", "started_at")
"""Of the facts, those that are shown; all are there."""
KINDS = ("metrics", "params", "tags")


class RunFrame(pd.DataFrame):  # type: ignore[misc]
    """Runs, one in each row: facts, then `metrics.NAME`, `params.NAME` and `tags.NAME`.

    It is a DataFrame in all: filter, sort, join and plot it. Params are texts, as they were logged; a
    run without a value has a gap there. Only its display is its own: in a notebook it shows the columns
    in which its runs differ.
    """

    @classmethod
    def of(cls, runs: Sequence[Run]) -> RunFrame:
        """The frame of some runs, in their order."""
        frame = cls([_row(run) for run in runs], columns=_columns(runs))
        for fact in ("started_at", "ended_at"):
            frame[fact] = pd.to_datetime(frame[fact], utc=True)
        return frame

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The runs as plain JSON, without gaps."""
        return [
            {name: _plain(value) for name, value in row.items() if not _is_gap(value)}
            for row in self.to_dict("records")
        ]

    @property
    def _constructor(self) -> Callable[..., RunFrame]:
        return RunFrame

    def _repr_html_(self) -> str:
        if not len(self):
            return "<p>No runs.</p>"
        return str(self._differing().to_html(border=0, **self._style()))

    def __repr__(self) -> str:
        if not len(self):
            return "No runs."
        return str(self._differing().to_string(**self._style()))

    def _style(self) -> dict[str, Any]:
        return {
            "index": not pd.api.types.is_integer_dtype(self.index),
            "max_rows": pd.get_option("display.max_rows"),
            "na_rep": "",
            "float_format": lambda value: f"{value:.6g}",
        }

    def _differing(self) -> pd.DataFrame:
        """What is shown: without what is equal for all, the workspace's own, and identifiers.

        Who has chosen columns without `run_id` sees what was chosen.
        """
        is_whole = "run_id" in self.columns
        names = [name for name in self.columns if not is_whole or self._is_telling(str(name))]
        shown = pd.DataFrame(self)[names]
        for name in shown.select_dtypes("datetimetz").columns:
            shown[name] = shown[name].dt.strftime("%Y-%m-%d %H:%M:%S")
        return shown

    def _is_telling(self, name: str) -> bool:
        kind = name.partition(".")[0]
        if kind not in KINDS:
            return name in SHOWN or name not in (*FACTS, "run_id")
        if name.startswith(("metrics.system/", "tags.mlflow.")):
            return False
        return len(self) == 1 or self[name].nunique(dropna=False) > 1


def _row(run: Run) -> dict[str, Any]:
    row = {"run_id": run.run_id, **{fact: getattr(run, fact) for fact in FACTS}}
    row["status"] = run.status.value
    row |= {f"metrics.{key}": float(value) for key, value in run.metrics.items()}
    row |= {f"params.{key}": value for key, value in run.params.items()}
    return row | {f"tags.{key}": value for key, value in run.tags.items()}


def _columns(runs: Sequence[Run]) -> list[str]:
    """All facts, then each kind's keys in the order in which runs have them."""
    keys = [
        dict.fromkeys(f"{kind}.{key}" for run in runs for key in getattr(run, kind))
        for kind in KINDS
    ]
    return ["run_id", *FACTS, *(name for kind in keys for name in kind)]


def _is_gap(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, pd.Timestamp) else value
