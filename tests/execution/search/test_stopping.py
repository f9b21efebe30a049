from __future__ import annotations

import math
from typing import Any

import pytest

from jupyter_mlws.entities.azure.sweep import EarlyTermination
from jupyter_mlws.execution.search.stopping import Course, checkpoint, stops


def courses(*reports: list[float], **more: Course) -> dict[str, Course]:
    made = {f"t{n}": Course(values, "running") for n, values in enumerate(reports)}
    return {**made, **more}


def stopped(policy: dict[str, Any], seen: dict[str, Course], *, maximize: bool = True) -> set[str]:
    return set(stops(EarlyTermination.model_validate(policy), seen, maximize=maximize))


BANDIT = {"type": "bandit", "slack_factor": 0.2}


def test_a_bandit_stops_what_is_below_the_best_by_its_factor() -> None:
    # 0.8 / 1.2 is 0.667
    assert stopped(BANDIT, courses([0.8], [0.66], [0.67])) == {"t1"}


def test_a_bandit_stops_what_is_below_the_best_by_its_amount() -> None:
    policy = {"type": "bandit", "slack_amount": 0.1}

    assert stopped(policy, courses([0.8], [0.69], [0.71])) == {"t1"}


def test_a_bandit_that_minimises_stops_what_is_above() -> None:
    assert stopped(BANDIT, courses([1.0], [1.19], [1.21]), maximize=False) == {"t2"}


@pytest.mark.parametrize("maximize", [True, False])
def test_the_best_is_never_stopped_by_a_bandit_also_below_zero(maximize: bool) -> None:
    seen = courses([-1.0], [-2.0], [-0.5])
    best = "t2" if maximize else "t1"

    assert best not in stopped(BANDIT, seen, maximize=maximize)
    assert stopped(BANDIT, seen, maximize=maximize)


def test_a_trial_is_compared_with_what_others_had_at_the_same_report() -> None:
    assert stopped(BANDIT, courses([0.5, 0.9, 0.95], [0.5])) == set()


def test_the_best_so_far_counts_and_not_the_last() -> None:
    assert stopped(BANDIT, courses([0.8, 0.8], [0.8, 0.1])) == set()


def test_completed_trials_set_the_bar_and_are_not_stopped() -> None:
    seen = courses([0.1], done=Course([0.9], "done"), low=Course([0.0], "done"))

    assert stopped(BANDIT, seen) == {"t0"}


def test_a_policy_looks_at_multiples_of_its_interval_after_its_delay() -> None:
    policy = EarlyTermination(type="median_stopping", evaluation_interval=2, delay_evaluation=5)

    assert [checkpoint(policy, n) for n in (1, 4, 5, 6, 7, 8)] == [None, None, None, 6, 6, 8]


def test_no_reports_are_no_reason_to_stop() -> None:
    assert stopped(BANDIT, courses([0.9], [])) == set()


def test_a_value_that_is_no_number_is_no_report() -> None:
    assert stopped(BANDIT, courses([0.9], [math.nan])) == set()


def test_the_median_of_running_averages_is_the_bar() -> None:
    policy = {"type": "median_stopping"}

    assert stopped(policy, courses([0.1, 0.1], [0.2, 0.2], [0.3, 0.3])) == {"t0"}


def test_a_trial_alone_is_not_below_the_median() -> None:
    assert stopped({"type": "median_stopping"}, courses([0.1], [])) == set()


TRUNCATION = {"type": "truncation_selection", "truncation_percentage": 50}


def test_truncation_stops_the_lowest_share_of_those_that_run() -> None:
    seen = courses([0.1], [0.2], [0.3], [0.4], done=Course([0.0], "done"))

    assert stopped(TRUNCATION, seen) == {"t0", "t1"}


def test_truncation_stops_its_share_once() -> None:
    seen = courses([0.3], [0.4], a=Course([0.1], "done", 1), b=Course([0.2], "done", 1))

    assert stopped(TRUNCATION, seen) == set()


def test_a_verdict_says_why() -> None:
    policy = EarlyTermination.model_validate(BANDIT)

    found = stops(policy, courses([2.0], [4.0]), maximize=False)["t1"]

    assert str(found) == "bandit: 4 at report 1, the bar was 2.4"
