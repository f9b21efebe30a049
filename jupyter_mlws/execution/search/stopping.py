"""Rules that end a trial before its time, counted in reports of the primary metric.

A rule looks at a trial at each multiple of `evaluation_interval` reports from `delay_evaluation` on, and
at what the others had reported by then, whenever they did.

Source: Azure ML v2, early termination policies of sweep jobs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from jupyter_mlws.entities.azure.sweep import EarlyTermination


@dataclass(frozen=True, slots=True)
class Course:
    """What a trial has reported.

    Attributes:
        reports: values of the primary metric, in their order.
        state: `done` has ended by itself.
        stopped_at: at which report a rule has stopped it.
    """

    reports: Sequence[float]
    state: str
    stopped_at: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a trial is to be stopped."""

    policy: str
    report: int
    value: float
    bar: float

    def __str__(self) -> str:
        return (
            f"{self.policy}: {self.value:.6g} at report {self.report}, the bar was {self.bar:.6g}"
        )


def stops(
    policy: EarlyTermination, courses: Mapping[str, Course], *, maximize: bool
) -> dict[str, Verdict]:
    """The running trials that are to be stopped now, and why."""
    signed = {
        name: Course(
            [value if maximize else -value for value in course.reports if not math.isnan(value)],
            course.state,
            course.stopped_at,
        )
        for name, course in courses.items()
    }
    found: dict[str, Verdict] = {}
    for name, course in signed.items():
        at = checkpoint(policy, len(course.reports))
        if course.state != "running" or at is None:
            continue
        bar = _RULES[policy.type](policy, signed, name, at)
        own = max(course.reports[:at])
        if bar is not None and own < bar:
            sign = 1 if maximize else -1
            found[name] = Verdict(policy.type, at, sign * own, sign * bar)
    return found


def checkpoint(policy: EarlyTermination, n_reports: int) -> int | None:
    """The newest number of reports at which the rule looks; None before the first."""
    interval = policy.evaluation_interval or 1
    at = n_reports // interval * interval
    return at if at >= max(1, policy.delay_evaluation or 0) else None


def bandit(
    policy: EarlyTermination, courses: Mapping[str, Course], name: str, at: int
) -> float | None:
    """Too far below the best at the same report: by a factor, or by an amount.

    Of a negative best, the factor is taken of its size: B / (1 + f) would lie above it.
    """
    best = max(max(course.reports[:at]) for course in courses.values() if course.reports)
    if policy.slack_amount is not None:
        return best - policy.slack_amount
    factor = policy.slack_factor or 0.0
    return best / (1 + factor) if best >= 0 else best * (1 + factor)


def median_stopping(
    policy: EarlyTermination, courses: Mapping[str, Course], name: str, at: int
) -> float | None:
    """Below the median of the running averages of all trials that have come so far."""
    averages = [
        fmean(course.reports[:at]) for course in courses.values() if len(course.reports) >= at
    ]
    return median(averages) if len(averages) > 1 else None


def truncation_selection(
    policy: EarlyTermination, courses: Mapping[str, Course], name: str, at: int
) -> float | None:
    """Among the lowest share of those that run; who was stopped at this report counts to the share."""
    pool = {
        key: max(course.reports[:at])
        for key, course in courses.items()
        if len(course.reports) >= at
        and (course.state == "running" or (course.stopped_at or 0) >= at)
    }
    n_lowest = len(pool) * (policy.truncation_percentage or 0) // 100
    order = sorted(pool.items(), key=lambda item: (item[1], item[0]))
    lowest = {key for key, _ in order[:n_lowest]}
    return order[n_lowest][1] if name in lowest and n_lowest < len(order) else None


_RULES: Mapping[str, Callable[[EarlyTermination, Mapping[str, Course], str, int], float | None]] = {
    "bandit": bandit,
    "median_stopping": median_stopping,
    "truncation_selection": truncation_selection,
}
