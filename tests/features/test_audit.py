"""The audit: who changed what and when, newest first, filtered, in pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.store.base import Point
from jupyter_mlws.testing.jobs import Workroom
from jupyter_mlws.testing.store import add_run

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def told(room: Workroom) -> None:
    """Five changes by two people, and what a run logs."""
    for who, action, subject in (
        ("ana", "models/write", "model:iris"),
        ("bob", "models/approve", "model:iris@1"),
        ("bob", "models/write", "model:iris2@1"),
        ("ana", "data/write", "data:iris@1"),
    ):
        with room.store.change(who, action, subject, described=True):
            pass
    add_run(room.store, "r1", metrics={"auc": 1})
    with room.store.change("bob", "runs/write", "run:r1", metrics=["auc"]) as tx:
        tx.log("r1", metrics=[Point("auc", 2, 0)])


def subjects(call: Call, **asked: Any) -> list[str]:
    return [event.subject for event in call("audit.list", **asked).items]


def test_the_newest_stands_first_and_what_runs_log_only_when_asked_for(call: Call) -> None:
    assert subjects(call)[:2] == ["run:r1", "data:iris@1"]
    assert subjects(call, entity="run:r1") == ["run:r1"]
    assert subjects(call, entity="run:r1", with_logging=True) == ["run:r1", "run:r1"]


def test_what_the_service_did_by_itself_can_be_left_out(call: Call, room: Workroom) -> None:
    with room.store.change("dispatcher", "jobs/status", "job:j", status="Running"):
        pass

    assert subjects(call)[0] == "job:j"
    assert "job:j" not in subjects(call, people_only=True)
    assert "model:iris@1" in subjects(call, people_only=True)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"user": "bob"}, ["model:iris2@1", "model:iris@1"]),
        ({"entity": "model:iris"}, ["model:iris@1", "model:iris"]),
        ({"entity": "model:iris@1"}, ["model:iris@1"]),
        ({"entity": "model"}, ["model:iris2@1", "model:iris@1", "model:iris"]),
        ({"action": "models/approve"}, ["model:iris@1"]),
        ({"action": "data/*"}, ["data:iris@1"]),
        ({"action": "data/[w]rite"}, []),
        ({"user": "ana", "entity": "model"}, ["model:iris"]),
        ({"user": "nobody"}, []),
    ],
)
def test_it_is_filtered_by_user_entity_and_action(
    call: Call, asked: dict[str, str], found: list[str]
) -> None:
    assert subjects(call, **asked) == found


def test_it_is_filtered_by_time(call: Call, room: Workroom) -> None:
    first = from_ms(room.store.events()[0].time_ms)

    assert subjects(call, until=first - timedelta(seconds=1)) == []
    assert subjects(call, since=first) == subjects(call)
    assert subjects(call, since=first + timedelta(days=1)) == []


def test_pages_follow_each_other_without_gap_or_double(call: Call) -> None:
    whole, pages, token = subjects(call), [], None
    while True:
        page = call("audit.list", max_results=2, page_token=token)
        pages += [event.subject for event in page.items]
        token = page.next_page_token
        if token is None:
            break

    assert pages == whole


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"max_results": 0}, "must be 1 to 1000"),
        ({"page_token": "x"}, "no token of a page"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "must not be before"),
        ({"since": "yesterday"}, "since"),
    ],
)
def test_wrong_filters_are_refused(call: Call, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        call("audit.list", **asked)
