"""Schedules under a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.schedule import Schedule
from jupyter_mlws.execution.automation.engine import Automation
from jupyter_mlws.execution.automation.scheduler import STATE, Scheduler
from jupyter_mlws.features import operations
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.clock import Clock
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
DAILY = {"type": "cron", "expression": "0 7 * * *"}
GATE = {"command": "while [ ! -e gate ]; do sleep 0.02; done"}


class Desk:
    """A workspace at a time of one's choice."""

    def __init__(self, ws: Workspace, room: Workroom, clock: Clock) -> None:
        self.ws, self.room, self.clock = ws, room, clock

    def call(self, operation: str, /, **arguments: Any) -> Any:
        return operations.prepare(operations.find(operation), self.ws, arguments)()

    def create(self, name: str = "report", trigger: Any = DAILY, **more: Any) -> Schedule:
        schedule = {"name": name, "trigger": trigger, "create_job": {"command": "true"}, **more}
        made = self.call("schedules.create_or_update", schedule=schedule)
        assert isinstance(made, Schedule)
        return made

    def get(self, name: str = "report") -> Schedule:
        found = self.call("schedules.get", name=name)
        assert isinstance(found, Schedule)
        return found

    def at(self, moment: str) -> list[str]:
        """Let it be this time; answers the names of all jobs."""
        self.clock.move(moment)
        self.turn()
        return self.jobs()

    def turn(self) -> None:
        while (due := self.ws.automation.scheduler.turn()) and due <= self.clock():
            pass

    def jobs(self) -> list[str]:
        return sorted(job.name for job in self.call("jobs.list", max_results=1000).items)

    def restart(self) -> None:
        """Begin anew with what the store says."""
        automation = Automation(self.room.store, self.room.dispatcher, clock=self.clock)
        automation.scheduler.load()
        self.ws = replace(self.ws, automation=automation)


@pytest.fixture
def desk(ws: Workspace, room: Workroom) -> Desk:
    clock = Clock("2026-03-01T00:00Z")
    automation = Automation(room.store, room.dispatcher, clock=clock)
    return Desk(replace(ws, clock=clock, automation=automation), room, clock)


def test_a_due_time_starts_one_job_of_its_name(desk: Desk) -> None:
    desk.create()

    assert desk.at("2026-03-01T06:59:59Z") == []
    assert desk.at("2026-03-01T07:00:00Z") == ["report-20260301T070000Z"]
    assert desk.at("2026-03-01T07:00:30Z") == ["report-20260301T070000Z"]

    job = desk.call("jobs.get", name="report-20260301T070000Z")
    assert (job.display_name, job.experiment_name) == ("report-20260301T070000Z", "report")
    assert job.tags == {"mlws.schedule": "report"}
    (fire,) = desk.get().recent
    assert (fire.kind, fire.outcome, fire.job) == ("due", "started", job.name)
    assert desk.get().next_run == desk.clock.at.replace(day=2, hour=7, minute=0, second=0)


def test_a_restart_neither_doubles_nor_loses_a_fire(desk: Desk) -> None:
    desk.create(missed_runs={"policy": "all", "max_age_s": 10 * 86400})
    desk.at("2026-03-01T07:00Z")

    desk.restart()
    desk.at("2026-03-01T07:00Z")
    desk.clock.move("2026-03-03T12:00Z")
    desk.restart()
    desk.turn()
    desk.restart()
    desk.turn()

    assert desk.jobs() == [f"report-2026030{day}T070000Z" for day in (1, 2, 3)]


def test_two_schedulers_on_one_store_fire_once(desk: Desk) -> None:
    desk.create()
    other = Scheduler(
        desk.room.store, desk.room.dispatcher.desk, wake=lambda: None, clock=desk.clock
    )
    other.load()

    desk.clock.move("2026-03-01T07:00Z")
    other.turn()
    desk.turn()

    assert desk.jobs() == ["report-20260301T070000Z"]


def test_a_crash_while_a_job_is_made_leaves_the_time_due(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.create()
    desk.clock.move("2026-03-01T07:00Z")
    with desk.room.store.change("test", "test", "test") as tx:
        transaction = type(tx)
    put = transaction.put_record

    def broken(self: Any, kind: str, *args: Any, **more: Any) -> None:
        if kind == STATE:
            raise KeyboardInterrupt
        put(self, kind, *args, **more)

    monkeypatch.setattr(transaction, "put_record", broken)
    with pytest.raises(KeyboardInterrupt):
        desk.turn()
    monkeypatch.undo()
    assert desk.jobs() == []

    desk.restart()
    assert desk.at("2026-03-01T07:00:20Z") == ["report-20260301T070000Z"]


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ({"policy": "skip"}, []),
        ({"policy": "latest"}, ["report-20260304T070000Z"]),
        ({"policy": "latest", "max_age_s": 3600}, []),
        (
            {"policy": "all", "max_age_s": 2 * 86400},
            ["report-20260303T070000Z", "report-20260304T070000Z"],
        ),
        (
            {"policy": "all", "max_age_s": 30 * 86400},
            [f"report-2026030{day}T070000Z" for day in (1, 2, 3, 4)],
        ),
    ],
)
def test_missed_runs_follow_their_policy(desk: Desk, missed: Any, expected: list[str]) -> None:
    desk.create(missed_runs=missed)
    desk.clock.move("2026-03-04T12:00Z")
    desk.restart()

    desk.turn()

    assert desk.jobs() == expected
    assert {fire.kind for fire in desk.get().recent} == {"missed"}
    assert desk.at("2026-03-05T07:00Z") == [*expected, "report-20260305T070000Z"]


def test_a_long_absence_of_a_schedule_by_the_minute_costs_one_job(desk: Desk) -> None:
    desk.create(
        trigger={"type": "cron", "expression": "* * * * *"}, missed_runs={"max_age_s": 86400 * 300}
    )
    desk.clock.move("2026-09-01T12:00:30Z")
    desk.restart()

    desk.turn()

    assert desk.jobs() == ["report-20260901T120000Z"]


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        ("America/New_York", "2026-03-07T20:00Z", ["20260308T070000Z", "20260309T061500Z"]),
        ("Europe/Berlin", "2026-03-28T12:00Z", ["20260329T010000Z", "20260330T001500Z"]),
        ("Australia/Lord_Howe", "2026-10-03T04:00Z", ["20261003T153000Z", "20261004T151500Z"]),
        ("America/New_York", "2026-10-31T20:00Z", ["20261101T071500Z", "20261102T071500Z"]),
        ("Europe/Berlin", "2026-10-24T12:00Z", ["20261025T001500Z", "20261026T011500Z"]),
        ("Australia/Lord_Howe", "2026-04-04T04:00Z", ["20260404T154500Z", "20260405T154500Z"]),
    ],
)
def test_daylight_saving_neither_doubles_nor_loses_a_run(
    desk: Desk, zone: str, start: str, expected: list[str]
) -> None:
    desk.clock.move(start)
    desk.create(trigger={"type": "cron", "expression": "15 2 * * *", "time_zone": zone})

    for step in range(4 * 47):
        desk.clock.forward(timedelta(minutes=15))
        if step % 7 == 0:
            desk.restart()
        desk.turn()

    assert desk.jobs() == [f"report-{stamp}" for stamp in expected]


def test_ends_of_months_are_met(desk: Desk) -> None:
    monthly = {"hours": 0, "minutes": 0, "month_days": 31}
    desk.create(
        trigger={"type": "recurrence", "frequency": "month", "interval": 1, "schedule": monthly}
    )
    desk.create("last", trigger={"type": "cron", "expression": "0 0 L * *"})

    for _ in range(31 + 30 + 31):
        desk.clock.forward(timedelta(days=1))
        desk.turn()

    assert desk.jobs() == [
        "last-20260331T000000Z",
        "last-20260430T000000Z",
        "last-20260531T000000Z",
        "report-20260331T000000Z",
        "report-20260531T000000Z",
    ]


def test_overlap_skip_starts_nothing_beside_a_running_job(desk: Desk) -> None:
    desk.create(create_job=GATE, overlap="skip")
    (first,) = desk.at("2026-03-01T07:00Z")

    assert desk.at("2026-03-02T07:00Z") == [first]

    assert [fire.outcome for fire in desk.get().recent] == ["skipped", "started"]
    assert first in desk.get().recent[0].reason


def test_overlap_queue_starts_the_next_when_the_job_has_ended(desk: Desk) -> None:
    desk.create(create_job=GATE, overlap="queue")
    (first,) = desk.at("2026-03-01T07:00Z")
    desk.at("2026-03-02T07:00Z")
    desk.at("2026-03-03T07:00Z")
    assert (desk.jobs(), desk.get().waiting) == ([first], 2)

    desk.room.cancel(first)
    desk.room.wait(first)
    desk.restart()
    desk.turn()
    desk.turn()

    assert desk.jobs() == [first, "report-20260302T070000Z"]
    assert desk.get().waiting == 1


def test_overlap_cancel_ends_the_old_job(desk: Desk) -> None:
    desk.create(create_job=GATE, overlap="cancel")
    (first,) = desk.at("2026-03-01T07:00Z")
    desk.room.wait(first, Status.RUNNING)

    assert len(desk.at("2026-03-02T07:00Z")) == 2
    assert desk.room.wait(first).status is Status.CANCELED


def test_jitter_puts_off_and_never_doubles(desk: Desk) -> None:
    for number in range(20):
        desk.create(f"s{number}", jitter_s=600)
    desk.at("2026-03-01T07:00:00Z")
    at_once = len(desk.jobs())

    desk.at("2026-03-01T07:05:00Z")
    half = len(desk.jobs())
    desk.at("2026-03-01T07:10:00Z")

    assert at_once < half < len(desk.jobs()) == 20


def test_a_disabled_schedule_does_not_fire_and_its_past_stays_past(desk: Desk) -> None:
    desk.create()
    assert desk.call("schedules.disable", name="report").is_enabled is False

    assert desk.at("2026-03-01T07:00Z") == []
    desk.call("schedules.enable", name="report")
    assert desk.at("2026-03-01T08:00Z") == []
    assert desk.at("2026-03-02T07:00Z") == ["report-20260302T070000Z"]


def test_only_a_disabled_schedule_is_deleted(desk: Desk) -> None:
    desk.create()

    with pytest.raises(Conflict, match="disable it"):
        desk.call("schedules.delete", name="report")
    desk.call("schedules.disable", name="report")
    desk.call("schedules.delete", name="report")

    assert desk.at("2026-03-05T07:00Z") == []
    with pytest.raises(NotFound):
        desk.get()


def test_a_schedule_is_triggered_by_hand_with_inputs(desk: Desk) -> None:
    desk.create(create_job={"command": "echo ${{inputs.day}}", "inputs": {"day": "today"}})
    desk.call("schedules.disable", name="report")

    fire = desk.call("schedules.trigger", name="report", inputs={"day": "yesterday"})
    again = desk.call("schedules.trigger", name="report")

    assert desk.call("jobs.get", name=fire.job).inputs == {"day": "yesterday"}
    assert desk.call("jobs.get", name=again.job).inputs == {"day": "today"}
    assert fire.job != again.job


def test_the_trigger_time_and_the_name_are_filled_in(desk: Desk) -> None:
    inputs = {
        "day": "${{creation_context.trigger_time}}",
        "who": {"type": "string", "value": "${{name}}"},
    }
    desk.create(create_job={"command": "echo ${{inputs.day}}", "inputs": inputs})

    (name,) = desk.at("2026-03-01T07:00:00Z")

    made = desk.call("jobs.get", name=name).inputs
    assert made["day"] == "2026-03-01T07:00:00Z"
    assert made["who"]["value"] == name


def test_an_earlier_job_is_scheduled_with_changes(desk: Desk) -> None:
    earlier = desk.room.submit(command="echo ${{inputs.a}} ${{inputs.b}}", inputs={"a": 1, "b": 2})
    desk.create(create_job={"type": "command", "job": f"azureml:{earlier}", "inputs": {"b": 3}})

    (_, name) = sorted(desk.at("2026-03-01T07:00Z"), key=lambda name: name != earlier)

    assert desk.call("jobs.get", name=name).inputs == {"a": 1, "b": 3}


def test_the_code_is_that_of_the_moment_of_creation(desk: Desk) -> None:
    code = desk.room.snapshot({"hello.sh": b"echo of old"})
    desk.create(create_job={"command": "sh hello.sh", "code": code})

    (name,) = desk.at("2026-03-01T07:00Z")

    desk.room.wait(name)
    assert b"of old" in desk.room.log(name)


def test_a_job_that_cannot_start_any_more_is_told(desk: Desk) -> None:
    desk.create(create_job={"command": "true", "experiment_name": "gone"})
    desk.at("2026-03-01T07:00Z")
    found = desk.room.store.find_experiment("gone")
    assert found
    with desk.room.store.change("ana", "experiments/write", "experiment:gone") as tx:
        tx.update_experiment(found.experiment_id, archived=True)

    desk.at("2026-03-02T07:00Z")

    fire = desk.get().recent[0]
    assert (fire.outcome, "archived" in fire.reason) == ("failed", True)
    assert desk.get().next_run


def test_backfill_makes_up_for_the_past_in_order(desk: Desk) -> None:
    desk.create(create_job={"command": "true"})

    planned = desk.call(
        "schedules.backfill", name="report", start_time="2026-02-01T00:00:00", count=3, parallel=2
    )
    with pytest.raises(Conflict, match="goes on"):
        desk.call("schedules.backfill", name="report", start_time="2026-02-01T00:00:00")
    for _ in range(3):
        desk.restart()
        desk.turn()
        for name in desk.jobs():
            desk.room.wait(name)

    assert desk.jobs() == [f"report-2026020{day}T070000Z" for day in (1, 2, 3)]
    assert len(planned.times) == 3
    assert desk.get().waiting == 0
    assert desk.at("2026-03-01T07:00Z")[-1] == "report-20260301T070000Z"


def test_a_dry_backfill_only_tells(desk: Desk) -> None:
    desk.create(trigger={"type": "recurrence", "frequency": "hour", "interval": 12})

    told = desk.call(
        "schedules.backfill",
        name="report",
        start_time="2026-02-27T00:00:00",
        dry_run=True,
        end_time="2026-02-28T00:00:00",
    )
    desk.turn()

    assert len(told.times) == 3
    assert desk.jobs() == ["report-20260301T000000Z"]


def test_a_backfill_can_be_stopped(desk: Desk) -> None:
    desk.create(create_job=GATE)
    desk.call("schedules.backfill", name="report", start_time="2026-02-01T00:00:00")
    desk.turn()

    ended = desk.call("schedules.cancel_backfill", name="report")
    desk.turn()

    assert (len(desk.jobs()), len(ended.times)) == (1, 27)
    with pytest.raises(Conflict, match="no back-fill"):
        desk.call("schedules.cancel_backfill", name="report")


@pytest.mark.parametrize(
    "arguments", [{"count": 0}, {"parallel": 0}, {"start_time": "2030-01-01T00:00"}]
)
def test_a_wrong_backfill_changes_nothing(desk: Desk, arguments: Any) -> None:
    desk.create()
    before = desk.room.store.last_event()

    with pytest.raises(Invalid):
        desk.call(
            "schedules.backfill",
            **{"name": "report", "start_time": "2026-02-01T00:00", **arguments},
        )

    assert desk.room.store.last_event() == before


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": "no spaces"}, "name"),
    ({"trigger": {"type": "cron", "expression": "61 * * * *"}}, "trigger.expression"),
    ({"trigger": {"type": "solar"}}, "trigger.type"),
    ({"trigger": {"type": "cron"}}, "trigger.expression"),
    ({"trigger": {**DAILY, "time_zone": "Moon"}}, "trigger.time_zone"),
    ({"trigger": {**DAILY, "start_time": "soon"}}, "trigger.start_time"),
    ({"trigger": {**DAILY, "oops": 1}}, "trigger.oops"),
    ({"overlap": "sometimes"}, "overlap"),
    ({"missed_runs": {"policy": "some"}}, "missed_runs.policy"),
    ({"missed_runs": {"max_age_s": 1}}, "missed_runs.max_age_s"),
    ({"jitter_s": -1}, "jitter_s"),
    ({"create_job": "./pipeline.yml"}, "create_job"),
    ({"create_job": "azureml:nobody"}, "create_job"),
    ({"create_job": {"type": "commando", "command": "true"}}, "create_job.type"),
    ({"create_job": {"command": "true", "compute": "gpu"}}, "create_job.compute"),
    ({"create_job": {"type": "spark", "job": {"command": "true"}}}, "create_job.type"),
    ({"create_job": {"job": 3}}, "create_job.job"),
    ({"create_job": None}, ""),
    ({"import_data": {"name": "x"}}, "import_data.source"),
    (
        {"create_monitor": {"monitoring_signals": {"a": {"type": "vibes"}}}},
        "create_monitor.compute",
    ),
    ({"nonsense": 1}, "nonsense"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_a_wrong_schedule_names_the_field_and_is_not_stored(
    desk: Desk, change: dict[str, Any], field: str
) -> None:
    before = desk.room.store.last_event()

    with pytest.raises(Invalid) as refused:
        desk.create(**change)

    assert field in {problem.field for problem in refused.value.problems}
    assert desk.room.store.last_event() == before


def test_a_monitor_says_what_it_needs(desk: Desk) -> None:
    signals = {"drift": {"type": "data_drift"}}
    with pytest.raises(Invalid, match="needs the job type 'monitor'"):
        desk.create(create_job=None, create_monitor={"compute": {}, "monitoring_signals": signals})


def test_an_import_without_its_source_names_the_field(desk: Desk) -> None:
    source = {"type": "file_system", "connection": "azureml:s3", "path": "x"}
    path = "azureml://datastores/nowhere/paths/p"
    data = {"type": "uri_folder", "name": "x", "path": path, "source": source}

    with pytest.raises(Invalid) as refused:
        desk.create(create_job=None, import_data=data)

    fields = {problem.field for problem in refused.value.problems}
    assert fields == {"import_data.source.connection", "import_data.path"}


def test_creating_again_changes_the_schedule_and_keeps_its_place(desk: Desk) -> None:
    desk.create()
    desk.at("2026-03-01T07:00Z")
    desk.clock.move("2026-03-01T08:00Z")

    changed = desk.create(create_job={"command": "false"})
    assert changed.recent
    moved = desk.create(trigger={"type": "cron", "expression": "30 7 * * *"})

    assert desk.at("2026-03-01T09:00Z") == ["report-20260301T070000Z"]
    assert moved.next_run
    assert moved.next_run.isoformat() == "2026-03-02T07:30:00+00:00"


def test_words_and_tags_change_alone(desk: Desk) -> None:
    desk.create(tags={"team": "a"})

    changed = desk.call("schedules.update", name="report", description="Each day", tags={"n": "1"})

    assert (changed.description, changed.tags) == ("Each day", {"team": "a", "n": "1"})
    assert desk.at("2026-03-01T07:00Z") == ["report-20260301T070000Z"]


def test_lists_know_enabled_from_disabled_and_have_pages(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.create(name)
    desk.call("schedules.disable", name="b")

    def names(**arguments: Any) -> list[str]:
        return [item.name for item in desk.call("schedules.list", **arguments).items]

    assert names() == ["a", "b", "c"]
    assert names(include_disabled=False) == ["a", "c"]
    assert names(disabled_only=True) == ["b"]
    page = desk.call("schedules.list", max_results=2)
    assert names(max_results=2, page_token=page.next_page_token) == ["c"]


def test_a_saved_schedule_is_created_again(desk: Desk) -> None:
    saved = desk.create(tags={"a": "b"}, overlap="skip").model_dump(mode="json", exclude_none=True)
    kept = {
        k: v for k, v in saved.items() if k not in {"sentence", "time_zone", "waiting", "warnings"}
    }

    again = desk.call("schedules.create_or_update", schedule=kept)

    assert (again.overlap, again.tags) == ("skip", {"a": "b"})


def test_the_service_stays_while_a_schedule_is_enabled(desk: Desk) -> None:
    def needed() -> bool:
        return desk.ws.automation.is_needed

    before = needed()
    desk.create()
    enabled = needed()
    desk.call("schedules.disable", name="report")

    assert (before, enabled, needed()) == (False, True, False)


def test_a_secret_input_is_sealed_in_the_schedule(desk: Desk) -> None:
    import nbformat

    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_code_cell("api_key: 'SecretStr' = ''", metadata={"tags": ["parameters"]})
    ]
    code = desk.room.snapshot({"a.ipynb": nbformat.writes(book).encode()})
    job = {
        "type": "notebook",
        "notebook": "a.ipynb",
        "code": code,
        "inputs": {"api_key": "hunter2!"},
    }

    desk.create(create_job=job)

    kept = b"".join(path.read_bytes() for path in desk.room.path.glob("workspace.db*"))
    if desk.room.dispatcher.desk.check(job).secrets:
        assert b"hunter2!" not in kept
