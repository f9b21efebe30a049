from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlws.execution.queueing import Ticket, admitted, order

TICKETS = st.lists(
    st.builds(
        Ticket,
        name=st.uuids().map(str),
        user=st.sampled_from("abc"),
        slots=st.integers(1, 4),
        priority=st.integers(1, 3),
        turn=st.integers(0, 1000),
    ),
    max_size=20,
)


def ticket(
    name: str, user: str = "ana", *, slots: int = 1, priority: int = 2, at: int = 0
) -> Ticket:
    return Ticket(name, user, slots, priority, at)


def names(tickets: object) -> str:
    return "".join(t.name for t in tickets)  # type: ignore[attr-defined]


def test_who_came_first_starts_first() -> None:
    waiting = [ticket("b", at=2), ticket("c", at=3), ticket("a", at=1)]

    assert names(order(waiting, [])) == "abc"


def test_higher_priority_comes_before_longer_waiting() -> None:
    waiting = [
        ticket("l", priority=1),
        ticket("m", priority=2, at=1),
        ticket("h", priority=3, at=2),
    ]

    assert names(order(waiting, [])) == "hml"


def test_users_take_turns_however_many_jobs_one_has() -> None:
    waiting = [ticket(name, "ana", at=i) for i, name in enumerate("abcd")] + [
        ticket("x", "ben", at=10),
        ticket("y", "ben", at=11),
    ]

    assert names(order(waiting, [])) == "axbycd"


def test_who_holds_slots_already_waits_for_the_others() -> None:
    running = [ticket("r", "ana", slots=2)]
    waiting = [ticket("a", "ana"), ticket("x", "ben", at=5), ticket("y", "ben", at=6)]

    assert names(order(waiting, running)) == "xya"


def test_only_as_many_start_as_slots_are_free() -> None:
    waiting = [ticket(name, at=i) for i, name in enumerate("abc")]

    assert names(admitted(waiting, [ticket("r")], slots=3)) == "ab"


def test_a_wide_job_is_not_overtaken() -> None:
    waiting = [ticket("w", slots=3), ticket("s", at=1)]

    assert admitted(waiting, [ticket("r")], slots=3) == []
    assert names(admitted(waiting, [], slots=4)) == "ws"


def test_a_job_wider_than_the_compute_gets_all_of_it() -> None:
    wide = ticket("w", slots=8)

    assert names(admitted([wide, ticket("s", at=1)], [], slots=2)) == "w"
    assert admitted([ticket("s")], [wide], slots=2) == []


def test_nobody_starts_when_slots_have_shrunk_below_what_is_held() -> None:
    assert admitted([ticket("a")], [ticket("r"), ticket("q")], slots=1) == []


@given(TICKETS, TICKETS, st.integers(1, 8))
def test_slots_are_never_exceeded(waiting: list[Ticket], running: list[Ticket], slots: int) -> None:
    started = admitted(waiting, running, slots)

    held = sum(min(t.slots, slots) for t in running)
    assert held + sum(min(t.slots, slots) for t in started) <= slots or not started


@given(TICKETS)
def test_everybody_is_in_the_order_once(waiting: list[Ticket]) -> None:
    assert Counter(order(waiting, [])) == Counter(waiting)


@given(TICKETS.filter(bool), st.integers(1, 8))
def test_somebody_starts_when_all_slots_are_free(waiting: list[Ticket], slots: int) -> None:
    assert admitted(waiting, [], slots)
