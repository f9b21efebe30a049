"""The trials of an AutoML job or a sweep as a table: best first, with what each came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.leaderboard import Contender, Leaderboard
from jupyter_mlws.entities.sweep import SweepView, TrialView

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 50
"""Rows of the table; the list beside it has all."""
STATES = {
    "waiting": "… waiting",
    "running": "▶ running",
    "completed": "✓ completed",
    "failed": "✗ failed",
    "canceled": "∅ canceled",
    "stopped": "∅ stopped early",
}
LOST = frozenset({"failed", "canceled", "stopped"})
"""States of trials that have come to nothing."""
_LAST = {"running": 1, "waiting": 2}


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        title: its algorithm, or what was drawn for it.
        value: what it came to in the primary metric.
        has_notebook: whether there is an executed notebook to look at.
    """

    name: str
    number: int
    title: str
    state: str
    value: float | None
    error: str
    values: Mapping[str, Any]
    started_at: datetime | None
    ended_at: datetime | None
    has_notebook: bool
    metrics: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def is_lost(self) -> bool:
        """Whether it has come to nothing."""
        return self.state in LOST

    def duration_s(self) -> float | None:
        """Seconds that it took, or takes so far."""
        return seconds_between(self.started_at, self.ended_at)


@dataclass(frozen=True)
class Board:
    """All trials of a job, best first: those with a score, those under way, those that were lost.

    Attributes:
        view: the job as the workspace answered.
        what: what is searched, in a few words.
        heading: what the titles of the trials are.
    """

    view: Leaderboard | SweepView
    what: str
    heading: str
    trials: Sequence[Trial]

    @property
    def best(self) -> Trial | None:
        """The best of the completed trials."""
        return next((trial for trial in self.trials if trial.name == self.view.best), None)

    @property
    def n_ended(self) -> int:
        """How many trials have ended."""
        return sum(trial.state not in _LAST for trial in self.trials)

    @property
    def left_s(self) -> float | None:
        """Seconds of the job's time that are left; None without a limit, or when it has ended."""
        timeout_s: int | None = getattr(self.view, "timeout_s", None)
        if timeout_s is None or self.view.started_at is None or self.view.status.is_final:
            return None
        passed = seconds_between(self.view.started_at, None) or 0.0
        return max(0.0, timeout_s - passed)

    def history(self) -> tuple[list[int], list[float], list[float]]:
        """Numbers of the scored trials, their scores, and the best so far."""
        better = min if self.view.goal == "minimize" else max
        numbers: list[int] = []
        values: list[float] = []
        best: list[float] = []
        for trial in sorted(self.trials, key=lambda trial: trial.number):
            if trial.state == "completed" and trial.value is not None:
                numbers.append(trial.number)
                values.append(trial.value)
                best.append(better(trial.value, best[-1]) if best else trial.value)
        return numbers, values, best

    def change(self, trial: Trial) -> float | None:
        """How far its score is from the best one."""
        best = self.view.best_value
        return None if best is None or trial.value is None else trial.value - best

    def to_frame(self) -> pd.DataFrame:
        """A row for each trial, best first."""
        import pandas as pd

        names = dict.fromkeys(name for trial in self.trials for name in trial.metrics)
        names.pop(self.view.primary_metric, None)
        rows = [
            {
                "trial": trial.name,
                self.heading: trial.title,
                self.view.primary_metric: trial.value,
                "change": self.change(trial),
                "state": trial.state,
                "duration_s": trial.duration_s(),
                **{name: trial.metrics.get(name) for name in names},
            }
            for trial in self.trials
        ]
        return pd.DataFrame(rows)

    def text(self) -> str:
        """The table where there is no HTML."""
        lines = [f"{self.view.display_name}: {self.view.status.value}, {self.what}"]
        for rank, trial in enumerate(self.trials[:MOST_ROWS], 1):
            cells = [f"{rank}.", trial.title, number(trial.value), STATES[trial.state]]
            lines.append("  ".join(filter(None, cells)))
        return "\n".join(lines)


def board_of(view: Leaderboard | SweepView) -> Board:
    """The trials of an AutoML job or a sweep."""
    if isinstance(view, Leaderboard):
        what = f"{view.task} of {view.target}"
        return Board(view, what, "Algorithm", _ranked(map(_contender, view.trials), view.goal))
    what = f"{view.sampling} sweep"
    return Board(view, what, "Values", _ranked(map(_trial, view.trials), view.goal))


def arguments(trial: Trial) -> str:
    """What was drawn for a trial, one in each line."""
    return "\n".join(f"{name}: {_shown(value)}" for name, value in trial.values.items())


def number(value: float | None) -> str:
    """A score with as many digits as people compare."""
    return "" if value is None else f"{value:.5g}"


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return "" if value is None else f"{value:+.3g}".replace("-", "−")


def duration(seconds: float) -> str:
    """A length of time: `0.4 s`, `12 s`, `3:07`, `1:02:45`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    hours, minutes = divmod(total // 60, 60)
    return f"{hours}:{minutes:02}:{total % 60:02}" if hours else f"{minutes}:{total % 60:02}"


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from a moment to another, or to now; None before it started."""
    if start is None:
        return None
    return ((end or datetime.now(timezone.utc)) - start).total_seconds()


def _ranked(trials: Iterable[Trial], goal: str) -> list[Trial]:
    sign = -1 if goal == "maximize" else 1

    def place(trial: Trial) -> tuple[int, float, int]:
        if trial.value is not None and not trial.is_lost:
            return 0, sign * trial.value, trial.number
        return _LAST.get(trial.state, 3), 0.0, trial.number

    return sorted(trials, key=place)


def _contender(trial: Contender) -> Trial:
    return Trial(
        **_shared(trial),
        title=trial.algorithm,
        metrics=trial.metrics,
        has_notebook=trial.started_at is not None,
    )


def _trial(trial: TrialView) -> Trial:
    return Trial(
        **_shared(trial),
        title=", ".join(_drawn(trial.values)),
        has_notebook=trial.notebook and trial.started_at is not None,
    )


def _shared(trial: Contender | TrialView) -> dict[str, Any]:
    names = ("name", "number", "state", "value", "error", "values", "started_at", "ended_at")
    return {name: getattr(trial, name) for name in names}


def _drawn(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name} = {_shown(value)}"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
