"""The trials of a sweep: what is made of a point to run, and what became of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel

from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.sweep import SweepJob, TrialState
from jupyter_mlws.execution.base import Family, Start
from jupyter_mlws.execution.search.drawing import Told
from jupyter_mlws.execution.search.space import Bounds, Dimension, Point, flattened, values
from jupyter_mlws.execution.search.stopping import Course

NUMBER = "mlws.sweep.number"
POINT = "mlws.sweep.point"
STOPPED = "mlws.sweep.stopped"
"""Tag of a trial that a policy has stopped: why."""
STOPPED_AT = "mlws.sweep.stopped_at"
HYPERPARAMETERS = "hyperparameters"
"""Tag by which Azure ML tells what was drawn."""
BEST = "best_child_run_id"
"""Property by which Azure ML tells which trial was the best."""

DRAWN = re.compile(r"\$\{\{\s*search_space\.(\w+)\s*\}\}")


class Round(BaseModel):
    """Trials from number `first` on are drawn within `bounds`."""

    first: int = 0
    bounds: dict[str, list[float | int]] = {}


class Plan(BaseModel):
    """What a sweep must know to draw and to start its trials.

    Attributes:
        template: a trial's job without what is drawn.
        concurrent: most trials that run at the same time.
    """

    seed: int
    concurrent: int
    template: dict[str, Any]
    rounds: list[Round] = [Round()]

    def round_of(self, number: int) -> Round:
        """The round in which a trial is drawn."""
        return next(each for each in reversed(self.rounds) if each.first <= number)

    def dimensions(self, spec: SweepJob, number: int) -> list[Dimension]:
        """What is drawn for a trial."""
        bounds: Bounds = self.round_of(number).bounds
        return flattened(spec.search_space, bounds)


@dataclass(frozen=True)
class Trial:
    """A trial, as its job tells of it.

    Attributes:
        reports: what it has logged of the primary metric, in its order.
    """

    job: Job
    number: int
    point: Point
    reports: tuple[float, ...]
    maximize: bool

    @property
    def name(self) -> str:
        """Of its job."""
        return self.job.name

    @property
    def state(self) -> TrialState:
        """How it stands."""
        ends = (Status.CANCEL_REQUESTED, Status.FINALIZING, Status.CANCELED)
        if STOPPED in self.job.tags and self.job.status in ends:
            return "stopped"
        return state_of(self.job.status)

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return not self.job.status.is_final

    @cached_property
    def value(self) -> float | None:
        """The best that it has logged."""
        known = [value for value in self.reports if not math.isnan(value)]
        return (max if self.maximize else min)(known, default=None)

    @property
    def told(self) -> Told:
        """As the ways of drawing see it."""
        states: dict[str, Literal["running", "completed", "stopped", "failed"]] = {
            "waiting": "running",
            "running": "running",
            "completed": "completed",
            "stopped": "stopped",
        }
        state = "running" if self.is_active else states.get(self.state, "failed")
        if state == "completed" and (self.value is None or math.isinf(self.value)):
            state = "failed"
        return Told(self.point, state, self.value)

    @property
    def course(self) -> Course:
        """As the rules that stop it see it."""
        at = self.job.tags.get(STOPPED_AT)
        running = self.job.status is Status.RUNNING and at is None
        return Course(self.reports, "running" if running else "done", int(at) if at else None)


_STATES: Mapping[Status, TrialState] = {
    Status.NOT_STARTED: "waiting",
    Status.QUEUED: "waiting",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELED: "canceled",
}


def state_of(status: Status) -> TrialState:
    """How a trial stands whose job is in this state."""
    return _STATES.get(status, "running")


@dataclass(frozen=True)
class Trials:
    """All trials of a sweep, by number."""

    family: Family
    plan: Plan
    all: list[Trial] = field(default_factory=list)

    @classmethod
    def of(cls, family: Family) -> Trials:
        """The trials of a sweep and its children."""
        spec = family.spec
        assert isinstance(spec, SweepJob)
        maximize = spec.objective.goal == "maximize"
        found = [
            Trial(
                job=job,
                number=int(job.properties[NUMBER]),
                point=json.loads(job.properties[POINT]),
                reports=tuple(family.history(job.name, spec.objective.primary_metric)),
                maximize=maximize,
            )
            for job in family.children.values()
            if NUMBER in job.properties
        ]
        plan = Plan.model_validate(family.plan)
        return cls(family, plan, sorted(found, key=lambda trial: trial.number))

    @property
    def spec(self) -> SweepJob:
        """The sweep as it was asked for."""
        assert isinstance(self.family.spec, SweepJob)
        return self.family.spec

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        return self.spec.objective.goal == "maximize"

    @property
    def ranked(self) -> list[Trial]:
        """The completed trials that have a value, the best first; of equal ones the earlier."""
        sign = -1 if self.maximize else 1
        known = [trial for trial in self.all if trial.told.state == "completed"]
        return sorted(known, key=lambda trial: (sign * (trial.value or 0.0), trial.number))

    @property
    def best(self) -> Trial | None:
        """The best trial that has completed."""
        return next(iter(self.ranked), None)

    def start(self, number: int, point: Point, attempt: int = 1) -> Start:
        """The job of a trial."""
        spec, dimensions = self.spec, self.plan.dimensions(self.spec, number)
        drawn = values(dimensions, point, spec.sampling_algorithm.base)
        return Start(
            document(self.plan.template, drawn, self.family.job.name, number, point), attempt
        )


def document(
    template: Mapping[str, Any], drawn: Mapping[str, Any], sweep: str, number: int, point: Point
) -> dict[str, Any]:
    """The job of a trial, made of the sweep's template and what was drawn."""
    is_notebook = template["type"] == "notebook"
    given = {name: _given(value, is_notebook=is_notebook) for name, value in drawn.items()}
    said = json.dumps(drawn, ensure_ascii=False)
    return {
        **template,
        "name": f"{sweep}_{number}",
        "display_name": f"{template.get('display_name') or sweep}_{number}",
        "inputs": {**template.get("inputs", {}), **given},
        "tags": {**template.get("tags", {}), HYPERPARAMETERS: said},
        "properties": {NUMBER: str(number), POINT: json.dumps(point)},
    }


def _given(value: Any, *, is_notebook: bool) -> Any:
    """A drawn value as an input: a map is text in a command line, and a dict in a notebook."""
    if not isinstance(value, dict):
        return value
    if is_notebook:
        return {"type": "uri_folder", "value": value}
    return json.dumps(value, ensure_ascii=False)
