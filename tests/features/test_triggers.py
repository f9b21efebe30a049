"""Triggers: by call with typed inputs, by event exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from jupyter_mlws.execution.automation.engine import Automation
from jupyter_mlws.execution.automation.happenings import Follower
from jupyter_mlws.features import operations
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.clock import Clock
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]


@pytest.fixture
def clock() -> Clock:
    return Clock("2026-03-01T00:00Z")


@pytest.fixture
def ws(ws: Workspace, room: Workroom, clock: Clock) -> Workspace:
    automation = Automation(room.store, room.dispatcher, clock=clock)
    return replace(ws, clock=clock, automation=automation)


def calling(ws: Workspace, operation: str, **arguments: Any) -> Any:
    return operations.prepare(operations.find(operation), ws, arguments)()


def http(call: Call, name: str = "deploy", **more: Any) -> Any:
    parameters = {"n": {"type": "integer", "required": True}, "who": {"enum": ["ana", "bob"]}}
    job = {"command": "echo ${{inputs.n}} ${{inputs.who}}", "inputs": {"n": 0, "who": "ana"}}
    trigger = {
        "name": name,
        "type": "http",
        "parameters": parameters,
        "create_job": job,
        **more,
    }
    return call("triggers.create_or_update", trigger=trigger)


def on_event(call: Call, **more: Any) -> Any:
    trigger = {
        "name": "watch",
        "type": "event",
        "create_job": {"command": "true"},
        "events": ["job.completed"],
        **more,
    }
    return call("triggers.create_or_update", trigger=trigger)


def started_by(ws: Workspace, name: str) -> list[str]:
    jobs = calling(ws, "jobs.list", max_results=1000).items
    return sorted(job.name for job in jobs if job.tags.get("mlws.trigger") == name)


def test_a_call_starts_the_job_with_its_inputs(call: Call, ws: Workspace) -> None:
    made = http(call)
    caller = ws.of(ws.tokens.principal(made.token))

    fire = calling(caller, "triggers.fire", name="deploy", inputs={"n": 5})

    assert made.url.endswith("/api/triggers/deploy:fire")
    assert call("jobs.get", name=fire.job).inputs == {"n": 5, "who": "ana"}
    assert call("triggers.get", name="deploy").recent[0].job == fire.job
    assert call("triggers.list")[0].name == "deploy"


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({}, "inputs.n"),
        ({"n": "5"}, "inputs.n"),
        ({"n": True}, "inputs.n"),
        ({"n": 1, "who": "eve"}, "inputs.who"),
        ({"n": 1, "command": "rm"}, "inputs.command"),
    ],
)
def test_a_wrong_payload_names_the_field_and_starts_nothing(
    call: Call, ws: Workspace, inputs: dict[str, Any], field: str
) -> None:
    http(call)

    with pytest.raises(Invalid) as refused:
        call("triggers.fire", name="deploy", inputs=inputs)

    assert [problem.field for problem in refused.value.problems] == [field]
    assert started_by(ws, "deploy") == []


def test_the_token_may_do_nothing_else(call: Call, ws: Workspace) -> None:
    token = http(call).token
    http(call, "other")
    caller = ws.of(ws.tokens.principal(token))

    with pytest.raises(Denied, match="not that of trigger 'other'"):
        calling(caller, "triggers.fire", name="other", inputs={"n": 1})
    for operation in ("jobs.list", "workspaces.show", "triggers.list"):
        with pytest.raises(Denied):
            calling(caller, operation)


def test_a_renewed_token_ends_the_old_one(call: Call, ws: Workspace) -> None:
    old = http(call).token
    new = call("triggers.renew_token", name="deploy").token

    assert ws.tokens.principal(new) == Principal(name="trigger:deploy", role="Trigger")
    with pytest.raises(Unauthenticated):
        ws.tokens.principal(old)
    call("triggers.delete", name="deploy")
    with pytest.raises(Unauthenticated):
        ws.tokens.principal(new)


def test_calls_are_bounded(call: Call, clock: Clock) -> None:
    http(call, rate_per_minute=2)
    for _ in range(2):
        call("triggers.fire", name="deploy", inputs={"n": 1})

    with pytest.raises(Unavailable, match="2 calls a minute"):
        call("triggers.fire", name="deploy", inputs={"n": 1})
    clock.move("2026-03-01T00:01Z")
    assert call("triggers.fire", name="deploy", inputs={"n": 1}).job


def test_a_trigger_that_is_off_refuses(call: Call) -> None:
    http(call)
    call("triggers.disable", name="deploy")

    with pytest.raises(Conflict, match="switched off"):
        call("triggers.fire", name="deploy", inputs={"n": 1})


def test_the_job_of_a_schedule_is_started(call: Call, ws: Workspace) -> None:
    schedule = {
        "name": "nightly",
        "trigger": {"type": "cron", "expression": "0 1 * * *"},
        "create_job": {"command": "true"},
    }
    call("schedules.create_or_update", schedule=schedule)
    http(call, create_job=None, schedule="nightly", parameters={})

    fire = call("triggers.fire", name="deploy")

    tags = call("jobs.get", name=fire.job).tags
    assert tags == {"mlws.schedule": "nightly", "mlws.trigger": "deploy"}


def test_an_event_starts_a_job_once_across_restarts(
    call: Call, ws: Workspace, room: Workroom, clock: Clock
) -> None:
    room.wait(room.submit(command="true", display_name="before"))
    on_event(
        call,
        filter={"display_name": "train-*"},
        create_job={"command": "echo ${{inputs.of}}", "inputs": {"of": ""}},
        inputs={"of": "job"},
    )
    wanted = room.submit(command="true", display_name="train-1")
    room.wait(wanted)
    room.wait(room.submit(command="true", display_name="clean"))
    position = room.store.get_record(Follower.KIND, "triggers").doc

    ws.automation.triggers.turn()
    with room.store.change("test", "test", "a crash before the cursor was kept") as tx:
        tx.put_record(Follower.KIND, "triggers", position)
    again = Automation(room.store, room.dispatcher, clock=clock)
    again.triggers.turn()

    (job,) = started_by(ws, "watch")
    assert call("jobs.get", name=job).inputs == {"of": wanted}
    assert "job.completed" in call("triggers.get", name="watch").recent[0].cause


def test_what_happens_while_nothing_reads_is_not_lost(
    call: Call, ws: Workspace, room: Workroom, clock: Clock
) -> None:
    on_event(call)
    for number in range(3):
        room.wait(room.submit(command="true", name=f"job{number}"))

    Automation(room.store, room.dispatcher, clock=clock).triggers.turn()

    assert len(started_by(ws, "watch")) == 3


def test_a_trigger_is_not_started_by_its_own_jobs(
    call: Call, ws: Workspace, room: Workroom
) -> None:
    on_event(call)
    room.wait(room.submit(command="true"))
    ws.automation.triggers.turn()
    (first,) = started_by(ws, "watch")
    room.wait(first)

    ws.automation.triggers.turn()

    assert started_by(ws, "watch") == [first]


def test_new_versions_of_data_and_models_are_events(
    call: Call, ws: Workspace, room: Workroom
) -> None:
    job = {"command": "echo ${{inputs.x}}", "inputs": {"x": ""}}
    on_event(
        call,
        events=["data.created", "model.*"],
        filter={"name": "sales*"},
        inputs={"x": "reference"},
        create_job=job,
    )
    path = room.snapshot({"a.csv": b"1"}, is_file=True)
    for name in ("sales", "other"):
        asset = {"name": name, "type": "uri_file", "path": path}
        call("data.create_or_update", asset=asset)

    ws.automation.triggers.turn()

    (started,) = started_by(ws, "watch")
    assert call("jobs.get", name=started).inputs == {"x": "azureml:sales:1"}


def test_an_event_whose_job_cannot_start_is_told(call: Call, ws: Workspace, room: Workroom) -> None:
    schedule = {
        "name": "gone",
        "trigger": {"type": "cron", "expression": "0 1 * * *"},
        "create_job": {"command": "true"},
    }
    call("schedules.create_or_update", schedule=schedule)
    on_event(call, create_job=None, schedule="gone")
    call("schedules.disable", name="gone")
    call("schedules.delete", name="gone")
    room.wait(room.submit(command="true"))

    ws.automation.triggers.turn()
    ws.automation.triggers.turn()

    (fire,) = call("triggers.get", name="watch").recent
    assert (fire.job, "no schedule 'gone'" in fire.reason) == (None, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "mail"}, "type"),
        ({"name": "a b"}, "name"),
        ({"create_job": None}, ""),
        ({"schedule": "nightly"}, ""),
        ({"create_job": None, "schedule": "nobody"}, "schedule"),
        ({"create_job": {"command": "true", "compute": "gpu"}}, "create_job.compute"),
        ({"events": []}, "events"),
        ({"events": ["job.exploded"]}, "events"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_trigger_names_the_field(call: Call, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        on_event(call, **change)

    assert field in {problem.field for problem in refused.value.problems}
    with pytest.raises(NotFound):
        call("triggers.get", name="watch")


def test_the_service_stays_for_calls(call: Call, ws: Workspace) -> None:
    on_event(call)
    idle = ws.automation.is_needed
    http(call)

    assert (idle, ws.automation.is_needed) == (False, True)


@pytest.fixture
def incoming(call: Call, tmp_path: Path) -> Path:
    """The folder of datastore `landing`."""
    folder = tmp_path / "landing"
    (folder / "incoming").mkdir(parents=True)
    call(
        "datastores.create_or_update",
        datastore={"name": "landing", "type": "file", "path": str(folder)},
    )
    return folder / "incoming"


LANDING = "azureml://datastores/landing/paths/incoming"


def on_file(call: Call, **more: Any) -> Any:
    job = {
        "command": "cat ${{inputs.table}}",
        "inputs": {"table": {"type": "uri_file", "path": f"{LANDING}/old.csv"}},
    }
    said = {"events": ["file.arrived"], "path": f"{LANDING}/*.csv", "inputs": {"table": "uri"}}
    return on_event(call, create_job=job, **{**said, **more})


def look(ws: Workspace, clock: Clock, times: int = 1) -> None:
    for _ in range(times):
        ws.automation.triggers.watching.turn()
        clock.forward(timedelta(seconds=30))
    ws.automation.triggers.turn()


def tables(ws: Workspace) -> list[str]:
    jobs = [calling(ws, "jobs.get", name=name) for name in started_by(ws, "watch")]
    return sorted(job.inputs["table"]["path"].rpartition("/")[2] for job in jobs)


def test_a_file_that_arrives_starts_a_job_once_it_is_whole(
    call: Call, ws: Workspace, clock: Clock, incoming: Path
) -> None:
    (incoming / "old.csv").write_text("a\n1\n")
    made = on_file(call)
    look(ws, clock, 3)
    assert tables(ws) == []

    (incoming / "new.csv").write_text("a\n")
    (incoming / "new.txt").write_text("of no interest")
    look(ws, clock)
    (incoming / "new.csv").write_text("a\n1\n2\n")
    look(ws, clock)
    assert tables(ws) == []
    look(ws, clock)
    assert tables(ws) == ["new.csv"]
    look(ws, clock, 3)
    assert tables(ws) == ["new.csv"]
    assert made.path == f"{LANDING}/*.csv"
    assert call("triggers.get", name="watch").recent[0].cause == f"file.arrived {LANDING}/new.csv"


def test_a_file_that_changes_or_comes_again_has_arrived_again(
    call: Call, ws: Workspace, clock: Clock, incoming: Path
) -> None:
    on_file(call)
    look(ws, clock)
    (incoming / "day.csv").write_text("1")
    look(ws, clock, 2)
    (incoming / "day.csv").write_text("changed")
    look(ws, clock, 2)
    (incoming / "day.csv").unlink()
    look(ws, clock, 2)
    (incoming / "day.csv").write_text("again")
    look(ws, clock, 2)

    assert tables(ws) == ["day.csv"] * 3


def test_files_that_come_while_nothing_runs_are_found_and_those_while_it_is_off_are_not(
    call: Call, ws: Workspace, room: Workroom, clock: Clock, incoming: Path
) -> None:
    on_file(call)
    look(ws, clock)
    (incoming / "by-night.csv").write_text("1")
    again = Automation(room.store, room.dispatcher, clock=clock)
    before = again.is_needed
    ws = replace(ws, automation=again)
    look(ws, clock, 2)
    assert tables(ws) == ["by-night.csv"]

    calling(ws, "triggers.disable", name="watch")
    assert (before, again.is_needed) == (True, False)
    (incoming / "unseen.csv").write_text("1")
    look(ws, clock, 3)
    calling(ws, "triggers.enable", name="watch")
    look(ws, clock, 3)
    (incoming / "seen.csv").write_text("1")
    look(ws, clock, 2)

    assert tables(ws) == ["by-night.csv", "seen.csv"]
    calling(ws, "triggers.delete", name="watch")
    assert room.store.list_records("watch") == []


def test_a_trigger_is_not_started_by_the_files_of_another(
    call: Call, ws: Workspace, clock: Clock, incoming: Path
) -> None:
    on_file(call)
    on_event(
        call, name="logs", events=["*"], path=f"{LANDING}/*.log", create_job={"command": "true"}
    )
    look(ws, clock)
    (incoming / "a.csv").write_text("1")
    (incoming / "b.log").write_text("1")
    look(ws, clock, 2)

    causes = [fire.cause for fire in call("triggers.get", name="logs").recent]
    assert [cause for cause in causes if cause.startswith("file")] == [
        f"file.arrived {LANDING}/b.log"
    ]
    assert tables(ws) == ["a.csv"]


def test_many_files_at_once_each_start_one_job(
    call: Call, ws: Workspace, clock: Clock, incoming: Path
) -> None:
    on_event(call, events=["file.arrived"], path=f"{LANDING}/", inputs={})
    look(ws, clock)
    for n in range(600):
        (incoming / f"{n}.csv").write_text("1")
    look(ws, clock, 4)

    assert len(started_by(ws, "watch")) == 600


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"path": None}, ""),
        ({"path": f"{LANDING}/*", "events": ["job.failed"]}, ""),
        ({"path": "azureml://datastores/nowhere/paths/x"}, "path"),
        ({"path": "incoming/*.csv"}, "path"),
        ({"poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_a_place_where_no_file_can_be_seen_is_refused(
    call: Call, room: Workroom, incoming: Path, more: dict[str, Any], field: str
) -> None:
    (incoming / "old.csv").write_text("a\n")
    with pytest.raises(Invalid) as refused:
        on_file(call, **more)

    assert [problem.field for problem in refused.value.problems] == [field]
    assert room.store.list_records("trigger") == []


def test_a_version_that_drifts_starts_a_job_and_one_like_the_last_does_not(
    call: Call, ws: Workspace, room: Workroom, incoming: Path
) -> None:
    def version(numbers: list[int], **more: Any) -> None:
        name = f"{len(room.store.list_records('data', name='sales', view='all'))}.csv"
        lines = [
            ",".join(["id", "amount", *more]),
            *(f"{n},{n % 7 + numbers[n % len(numbers)]}" for n in range(400)),
        ]
        (incoming / name).write_text("\n".join(lines) + "\n")
        path = f"{LANDING}/{name}"
        call("data.create_or_update", asset={"name": "sales", "path": path, "type": "uri_file"})

    def turn() -> None:
        ws.automation._compare()
        ws.automation.triggers.turn()

    on_event(
        call,
        events=["data.drifted"],
        filter={"columns": "*amount*"},
        create_job={"command": "echo ${{inputs.psi}}", "inputs": {"psi": ""}},
        inputs={"psi": "psi"},
    )
    version([0])
    version([0, 0])
    turn()
    assert started_by(ws, "watch") == []
    version([0, 900])
    turn()
    turn()

    [job] = started_by(ws, "watch")
    assert float(calling(ws, "jobs.get", name=job).inputs["psi"]) > 0.25
    [event] = [row for row in room.store.events() if row.action == "data/drifted"]
    assert (event.change["base"], event.change["version"]) == ("2", "3")
