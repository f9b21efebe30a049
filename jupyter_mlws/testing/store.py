"""What every store and every blob store must do; subclass a suite and give it one fixture."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf, isnan, nan
from pathlib import Path

import pytest

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.store.base import (
    Blobs,
    Point,
    RunQuery,
    RunRow,
    Spread,
    Store,
    Trail,
    Transaction,
)

HOUR_MS = 3_600_000


def add_run(
    store: Store,
    run_id: str,
    *,
    experiment_id: int = 0,
    status: str = "Running",
    start_ms: int | None = 0,
    metrics: dict[str, float] | None = None,
    params: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    parent_id: str | None = None,
    type: str = "mlflow",
) -> str:
    """Make a run with data, and give its id."""
    with store.change("user:ana", "runs/write", f"run:{run_id}") as tx:
        tx.create_run(
            run_id,
            experiment_id,
            name=f"name of {run_id}",
            type=type,
            user="ana",
            status=status,
            start_ms=start_ms,
            parent_id=parent_id,
            params=params or {},
            tags=tags or {},
        )
        tx.log(run_id, metrics=[Point(key, value, 0) for key, value in (metrics or {}).items()])
    return run_id


def log(
    store: Store,
    run_id: str,
    *points: Point,
    params: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    drop_tags: Sequence[str] = (),
) -> None:
    """Log to a run in a change of its own."""
    with store.change("user:ana", "runs/write", f"run:{run_id}") as tx:
        tx.log(run_id, metrics=points, params=params or {}, tags=tags or {}, drop_tags=drop_tags)


def break_off(store: Store) -> None:
    """Write a record, a run and a new name, and fail."""
    with store.change("user:ana", "runs/write", "run:a") as tx:
        tx.put_record("thing", "a", {})
        tx.create_run("a", 0, name="a", user="ana", status="Running", params={"new key": "1"})
        raise ZeroDivisionError


def ids(rows: Sequence[RunRow]) -> list[str]:
    """The ids of runs, in their order."""
    return [row.run_id for row in rows]


def all_pages(store: Store, query: RunQuery, size: int) -> list[str]:
    """The ids of all runs that a query gives, fetched `size` at a time."""
    found: list[str] = []
    token: str | None = None
    while True:
        rows, token = store.search_runs(replace(query, max_results=size, page_token=token))
        found += ids(rows)
        if token is None:
            return found


def _log_and_fail(store: Store) -> None:
    with store.change("user:ana", "runs/write", "run:a") as tx:
        tx.log("a", tags={"t": "1"})
        raise ZeroDivisionError


def _marks(store: Store) -> dict[str, int]:
    """The marks of all runs."""
    return dict(store.search_marks(RunQuery(view="all"))[0])


MARKED_CHANGES: dict[str, Callable[[Transaction, int], object]] = {
    "a new metric": lambda tx, _: tx.log("a", metrics=[Point("new", 1.0, 0)]),
    "a later point": lambda tx, _: tx.log("a", metrics=[Point("m", 2.0, 0, 1)]),
    "a param": lambda tx, _: tx.log("a", params={"x": "1"}),
    "a new tag": lambda tx, _: tx.log("a", tags={"u": "1"}),
    "a tag set again": lambda tx, _: tx.log("a", tags={"t": "2"}),
    "a tag dropped": lambda tx, _: tx.log("a", drop_tags=["t"]),
    "another name": lambda tx, _: tx.update_run("a", name="b"),
    "another name by its tag": lambda tx, _: tx.log("a", tags={"mlflow.runName": "b"}),
    "its end": lambda tx, _: tx.update_run("a", status="Completed", end_ms=5),
    "its start": lambda tx, _: tx.update_run("a", start_ms=5),
    "archiving": lambda tx, _: tx.update_run("a", archived=True),
    "archiving its experiment": lambda tx, eid: tx.update_experiment(eid, archived=True),
    "its parent is gone": lambda tx, _: tx.delete_run("parent"),
    "another parent": lambda tx, _: tx.log("a", tags={"mlflow.parentRunId": "x"}),
    "an input": lambda tx, _: tx.link("dataset:d@1", Relation.INPUT, "run:a"),
    "an output": lambda tx, _: tx.link("run:a", Relation.OUTPUT, "logged_model:m"),
}
"""Changes of run `a`."""


RANDOM_WRITES: tuple[Callable[[Transaction, str, int, int], object], ...] = (
    lambda tx, run_id, eid, _: tx.create_run(
        run_id, eid, name="n", user="ana", status="Running", start_ms=1, tags={"t": "0"}
    ),
    lambda tx, run_id, _, n: tx.delete_run(run_id) if n % 3 == 0 else None,
    lambda tx, run_id, _, n: tx.log(run_id, metrics=[Point(f"m{n % 3}", n, n % 5, n % 7)]),
    lambda tx, run_id, _, n: tx.log(run_id, params={f"p{n}": str(n)}),
    lambda tx, run_id, _, n: tx.log(run_id, tags={"t": str(n)}),
    lambda tx, run_id, _, __: tx.log(run_id, drop_tags=["t"]),
    lambda tx, run_id, _, n: tx.log(run_id, tags={"mlflow.parentRunId": "abcd"[n % 4]}),
    lambda tx, run_id, _, n: tx.log(run_id, tags={"mlflow.runName": f"name {n}"}),
    lambda tx, run_id, _, n: tx.update_run(run_id, name=f"name {n}"),
    lambda tx, run_id, _, n: tx.update_run(run_id, status="Completed", end_ms=n),
    lambda tx, run_id, _, __: tx.update_run(run_id, status="Running", clear_end=True),
    lambda tx, run_id, _, n: tx.update_run(run_id, archived=n % 2 == 0),
    lambda tx, _, eid, n: tx.update_experiment(eid, archived=n % 2 == 0),
    lambda tx, run_id, _, n: tx.link(f"dataset:d@{n}", Relation.INPUT, f"run:{run_id}"),
    lambda tx, run_id, _, n: tx.link(
        f"run:{run_id}", Relation.OUTPUT, "logged_model:m", {"step": n}
    ),
)
"""Writes to a run and its experiment, with a number that counts up."""


class StoreSuite:
    """The contract of `Store`. A subclass has a fixture `store` that gives an empty one."""

    # Changes and events
    def test_a_change_writes_one_event(self, store: Store) -> None:
        before = store.last_event()

        with store.change("user:ana", "runs/write", "run:a", n=1) as tx:
            tx.put_record("thing", "a", {})
            tx.note(more=["x"])

        [event] = store.events(after=before)
        assert event.seq == store.last_event() == before + 1
        assert (event.who, event.action, event.subject) == ("user:ana", "runs/write", "run:a")
        assert event.change == {"n": 1, "more": ["x"]}

    def test_a_change_that_fails_leaves_no_trace(self, store: Store) -> None:
        before = store.last_event()

        with pytest.raises(ZeroDivisionError):
            break_off(store)

        assert store.find_record("thing", "a") is None
        assert store.last_event() == before
        add_run(store, "b", params={"new key": "2"})
        assert store.get_run("b").params == {"new key": "2"}

    def test_a_trail_goes_backwards_and_is_narrowed(self, store: Store) -> None:
        for who, subject in (("ana", "a:x"), ("bob", "a:x@1"), ("bob", "a:xy"), ("bob", "b:x")):
            with store.change(who, "things/write", subject):
                pass

        def subjects(trail: Trail) -> list[str]:
            return [event.subject for event in store.trail(trail)]

        assert subjects(Trail(limit=2)) == ["b:x", "a:xy"]
        assert subjects(Trail(subject="a")) == ["a:xy", "a:x@1", "a:x"]
        assert subjects(Trail(subject="a:x")) == ["a:x@1", "a:x"]
        assert subjects(Trail(who="bob", action="things/*", limit=1)) == ["b:x"]
        assert subjects(Trail(before=store.last_event(), limit=1)) == ["a:xy"]

    def test_a_trail_of_people_leaves_out_the_service_and_its_jobs(self, store: Store) -> None:
        for who in ("ana", "dispatcher", "job:x", "system", "scheduler"):
            with store.change(who, "things/write", f"a:{who}"):
                pass

        assert [event.who for event in store.trail(Trail(subject="a", people_only=True))] == ["ana"]

    def test_events_are_read_from_a_number_on_and_by_subject(self, store: Store) -> None:
        for subject in ("a", "b", "a"):
            with store.change("user:ana", "x/write", subject):
                pass
        last = store.last_event()

        assert [e.seq for e in store.events(after=last - 3)] == [last - 2, last - 1, last]
        assert [e.seq for e in store.events(after=last - 3, limit=1)] == [last - 2]
        assert [e.seq for e in store.events(after=last - 3, subject="a")] == [last - 2, last]

    def test_a_listener_hears_of_commits_until_it_stops(self, store: Store) -> None:
        heard: list[int] = []
        stop = store.subscribe(heard.append)

        with store.change("user:ana", "x/write", "a"):
            assert heard == []
        with pytest.raises(ZeroDivisionError):
            break_off(store)
        stop()
        with store.change("user:ana", "x/write", "a"):
            pass

        assert heard == [store.last_event() - 1]

    def test_a_listener_can_read_what_was_committed(self, store: Store) -> None:
        seen: list[str] = []
        store.subscribe(lambda seq: seen.append(store.events(after=seq - 1)[0].subject))

        with store.change("user:ana", "x/write", "run:a"):
            pass

        assert seen == ["run:a"]

    def test_reads_do_not_see_an_open_change_and_do_not_wait_for_it(self, store: Store) -> None:
        with store.change("user:ana", "x/write", "a") as tx:
            tx.put_record("thing", "a", {})
            assert store.find_record("thing", "a") is None

        assert store.find_record("thing", "a") is not None

    def test_a_change_inside_a_change_of_the_same_thread_is_refused(self, store: Store) -> None:
        with (
            store.change("user:ana", "x/write", "a"),
            pytest.raises(RuntimeError),
            store.change("user:ana", "x/write", "b"),
        ):
            pass

    def test_threads_that_write_at_the_same_time_lose_nothing(self, store: Store) -> None:
        add_run(store, "a")

        def write(thread: int) -> None:
            for step in range(50):
                log(store, "a", Point(f"m{thread}", step, step, step), Point("m", thread, 0, step))

        threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [len(store.history("a", f"m{i}")[0]) for i in range(4)] == [50] * 4
        assert len(store.history("a", "m")[0]) == 200
        assert store.last_event() == 201
        assert store.check().clean

    @pytest.mark.parametrize("text", ["\ud800", "a\ud800b"])
    def test_text_that_is_no_unicode_is_refused(self, store: Store, text: str) -> None:
        add_run(store, "a")

        with pytest.raises(Invalid):
            log(store, "a", params={"x": text})
        with pytest.raises(Invalid), store.change("user:ana", "x/write", "a", name=text):
            pass
        with pytest.raises(Invalid):
            store.find_experiment(text)

    def test_text_with_nul_is_kept(self, store: Store) -> None:
        add_run(store, "a", params={"x\0y": "1\0 2"})

        assert store.get_run("a").params == {"x\0y": "1\0 2"}

    @pytest.mark.parametrize("point", [Point("m", 1.0, 2**63), Point("m", 1.0, 0, -(2**63) - 1)])
    def test_whole_numbers_beyond_64_bits_are_refused(self, store: Store, point: Point) -> None:
        add_run(store, "a")

        with pytest.raises(Invalid):
            log(store, "a", point)

        assert store.history("a", "m") == ([], None)

    # Records
    def test_a_record_is_added_replaced_and_deleted(self, store: Store) -> None:
        with store.change("user:ana", "x/write", "a") as tx:
            tx.add_record("thing", "a", {"n": 1}, version="1")
            tx.put_record("thing", "a", {"n": 2}, version="2")
        with store.change("user:ana", "x/write", "a") as tx:
            tx.put_record("thing", "a", {"n": 3}, version="1")

        first = store.get_record("thing", "a", "1")
        assert first.doc == {"n": 3}
        assert first.created_ms <= first.updated_ms
        with store.change("user:ana", "x/write", "a") as tx:
            assert tx.delete_record("thing", "a", version="1") == 1
            assert tx.delete_record("thing", "a") == 1
            assert tx.delete_record("thing", "a") == 0
        with pytest.raises(NotFound, match="a@1"):
            store.get_record("thing", "a", "1")

    def test_a_record_is_added_once(self, store: Store) -> None:
        with store.change("user:ana", "x/write", "a") as tx:
            tx.add_record("thing", "a", {"n": 1})

        with (
            pytest.raises(AlreadyExists, match="thing 'a'"),
            store.change("user:ana", "x/write", "a") as tx,
        ):
            tx.add_record("thing", "a", {"n": 2})

        assert store.get_record("thing", "a").doc == {"n": 1}

    def test_records_are_listed_by_age_view_name_and_content(self, store: Store) -> None:
        with store.change("user:ana", "x/write", "a") as tx:
            tx.put_record("thing", "b", {"spec": {"on": True, "n": 1}})
            tx.put_record("thing", "a", {"spec": {"on": False, "n": 2}}, version="1")
            tx.put_record("thing", "a", {"spec": {"on": True, "n": None}}, version="2")
            tx.put_record("thing", "c", {"spec": {}}, archived=True)
            tx.put_record("other", "b", {})

        def names(**asked: object) -> list[str]:
            return [r.name + r.version for r in store.list_records("thing", **asked)]  # type: ignore[arg-type]

        assert names() == ["b", "a1", "a2"]
        assert names(view="all") == ["b", "a1", "a2", "c"]
        assert names(view="archived") == ["c"]
        assert names(name="a") == ["a1", "a2"]
        assert names(where={"spec.on": True}) == ["b", "a2"]
        assert names(where={"spec.n": 2, "spec.on": False}) == ["a1"]
        assert names(where={"spec.n": None}, view="all") == ["a2", "c"]
        assert names(limit=1) == ["b"]

    def test_a_record_keeps_its_place_when_it_is_replaced(self, store: Store) -> None:
        for name in ("a", "b", "a"):
            with store.change("user:ana", "x/write", name) as tx:
                tx.put_record("thing", name, {})

        assert [record.name for record in store.list_records("thing")] == ["a", "b"]

    def test_a_document_that_json_cannot_hold_is_refused(self, store: Store) -> None:
        with pytest.raises(Invalid), store.change("user:ana", "x/write", "a") as tx:
            tx.put_record("thing", "a", {"n": object()})

    # Experiments
    def test_the_default_experiment_is_there_from_the_start(self, store: Store) -> None:
        default = store.get_experiment(0)

        assert (default.name, default.artifact_location) == ("Default", "mlflow-artifacts:/0")
        assert store.find_experiment("Default") == default

    def test_experiments_count_from_one_and_know_their_place(self, store: Store) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            first = tx.create_experiment("first", tags={"k": "v"})
            second = tx.create_experiment("second", artifact_location="s3://bucket/x")

        assert (first, second) == (1, 2)
        assert store.get_experiment(1).artifact_location == "mlflow-artifacts:/1"
        assert store.get_experiment(1).tags == {"k": "v"}
        assert store.get_experiment(2).artifact_location == "s3://bucket/x"
        assert store.find_experiment("third") is None

    def test_the_name_of_an_archived_experiment_stays_taken(self, store: Store) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            eid = tx.create_experiment("first")
            other = tx.create_experiment("other")
            tx.update_experiment(eid, archived=True)

        with pytest.raises(AlreadyExists), store.change("user:ana", "x/write", "e") as tx:
            tx.create_experiment("first")
        with pytest.raises(AlreadyExists), store.change("user:ana", "x/write", "e") as tx:
            tx.update_experiment(other, name="first")

        found = store.find_experiment("first")
        assert found is not None
        assert found.archived

    def test_an_experiment_takes_its_runs_along(self, store: Store) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            eid = tx.create_experiment("first")
        add_run(store, "a", experiment_id=eid)
        add_run(store, "elsewhere")

        with store.change("user:ana", "experiments/write", "e") as tx:
            tx.update_experiment(eid, archived=True)
        archived = store.get_run("a").archived
        with store.change("user:ana", "experiments/write", "e") as tx:
            tx.update_experiment(eid, archived=False)

        assert archived
        assert not store.get_run("a").archived
        assert not store.get_run("elsewhere").archived

    def test_tags_of_an_experiment_are_set_and_dropped(self, store: Store) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            tx.update_experiment(0, name="Renamed", tags={"a": "1", "b": "2"})
            tx.update_experiment(0, tags={"a": "3"}, drop_tags=["b"])

        assert store.get_experiment(0).tags == {"a": "3"}
        assert store.get_experiment(0).name == "Renamed"
        with (
            pytest.raises(NotFound, match="No tag with name: b in experiment with id 0"),
            store.change("user:ana", "experiments/write", "e") as tx,
        ):
            tx.update_experiment(0, drop_tags=["b"])

    def test_an_unknown_experiment_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound, match="No Experiment with id=7 exists"):
            store.get_experiment(7)
        with pytest.raises(NotFound), store.change("user:ana", "x/write", "e") as tx:
            tx.update_experiment(7, name="x")
        with pytest.raises(NotFound):
            add_run(store, "a", experiment_id=7)

    # Runs
    def test_a_run_is_read_as_it_was_made(self, store: Store) -> None:
        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.create_run(
                "a", 0, name="swift-owl-1", user="ana", status="Running", start_ms=5,
                tags={"k": "v"}, params={"lr": "0.1"},
            )  # fmt: skip

        run = store.get_run("a")
        assert (run.run_id, run.experiment_id, run.type) == ("a", 0, "mlflow")
        assert (run.name, run.user, run.status) == ("swift-owl-1", "ana", "Running")
        assert (run.start_ms, run.end_ms, run.archived, run.parent_id) == (5, None, False, None)
        assert run.tags == {"k": "v", "mlflow.runName": "swift-owl-1"}
        assert run.params == {"lr": "0.1"}
        bare = store.get_run("a", with_data=False)
        assert (bare.tags, bare.params, bare.metrics) == ({}, {}, ())

    def test_the_id_of_a_run_is_taken_once(self, store: Store) -> None:
        add_run(store, "a", params={"x": "1"})

        with pytest.raises(AlreadyExists):
            add_run(store, "a", params={"x": "2"})

        assert store.get_run("a").params == {"x": "1"}

    def test_an_unknown_run_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound, match="Run with id=nobody not found"):
            store.get_run("nobody")
        with pytest.raises(NotFound, match="Run with id=nobody not found"):
            log(store, "nobody", params={"x": "1"})
        with pytest.raises(NotFound), store.change("user:ana", "x/write", "a") as tx:
            tx.update_run("nobody", status="Failed")
        assert store.history("nobody", "m") == ([], None)
        assert store.series("nobody", "m", max_points=5) == (0, [])

    def test_a_run_changes_only_in_what_is_given(self, store: Store) -> None:
        add_run(store, "a", start_ms=5)

        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.update_run("a", status="Completed", end_ms=9)
            tx.update_run("a", archived=True)
        ended = store.get_run("a")
        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.update_run("a", status="Queued", clear_end=True, start_ms=7)
        again = store.get_run("a")

        assert (ended.status, ended.start_ms, ended.end_ms, ended.archived) == (
            "Completed",
            5,
            9,
            True,
        )
        assert (again.status, again.start_ms, again.end_ms, again.archived) == (
            "Queued",
            7,
            None,
            True,
        )
        assert again.name == "name of a"

    def test_the_name_of_a_run_and_its_tag_are_one(self, store: Store) -> None:
        add_run(store, "a")

        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.update_run("a", name="by name")
        by_name = store.get_run("a")
        log(store, "a", tags={"mlflow.runName": "by tag"})
        by_tag = store.get_run("a")

        assert by_name.tags["mlflow.runName"] == by_name.name == "by name"
        assert by_tag.tags["mlflow.runName"] == by_tag.name == "by tag"

    def test_the_parent_of_a_run_and_its_tag_are_one(self, store: Store) -> None:
        add_run(store, "p")
        add_run(store, "by argument", parent_id="p")
        add_run(store, "by tag", tags={"mlflow.parentRunId": "p"})
        add_run(store, "later")
        log(store, "later", tags={"mlflow.parentRunId": "p"})
        add_run(store, "no more", parent_id="p")
        with store.change("user:ana", "runs/write", "run") as tx:
            tx.log("no more", drop_tags=["mlflow.parentRunId"])

        children, _ = store.search_runs(RunQuery(parent_id="p"))

        assert set(ids(children)) == {"by argument", "by tag", "later"}
        assert {run.tags["mlflow.parentRunId"] for run in children} == {"p"}

    # Logging
    def test_params_are_written_once(self, store: Store) -> None:
        add_run(store, "a", params={"x": "1", "y": "1"})

        with pytest.raises(Conflict) as caught:
            log(
                store,
                "a",
                Point("m", 1.0, 0),
                params={"x": "2", "y": "2", "z": "3"},
                tags={"t": "1"},
            )
        log(store, "a", params={"x": "1", "z": "4"})

        assert [problem.field for problem in caught.value.problems] == ["params.x", "params.y"]
        assert all(part in str(caught.value.problems[0]) for part in ("'x'", "'1'", "'2'"))
        run = store.get_run("a")
        assert run.params == {"x": "1", "y": "1", "z": "4"}
        assert run.metrics == ()
        assert "t" not in run.tags

    def test_a_refused_log_writes_nothing_even_if_the_change_goes_on(self, store: Store) -> None:
        add_run(store, "a", params={"x": "1"})

        with store.change("user:ana", "runs/write", "run:a") as tx:
            with pytest.raises(Conflict):
                tx.log("a", metrics=[Point("m", 1.0, 0)], params={"x": "2", "y": "2"})
            with pytest.raises(NotFound):
                tx.log("a", metrics=[Point("m", 1.0, 0)], params={"y": "2"}, drop_tags=["none"])
            tx.log("a", tags={"t": "1"})

        run = store.get_run("a")
        assert (run.params, run.metrics, run.tags["t"]) == ({"x": "1"}, (), "1")

    def test_tags_are_set_again_and_dropped(self, store: Store) -> None:
        add_run(store, "a", tags={"t": "1", "u": "1"})

        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.log("a", tags={"t": "2"}, drop_tags=["u"])

        assert store.get_run("a").tags == {"t": "2", "mlflow.runName": "name of a"}
        with pytest.raises(NotFound, match="No tag with name: u in run with id a"):
            log(store, "a", drop_tags=["u"])

    def test_the_same_point_is_kept_once(self, store: Store) -> None:
        add_run(store, "a")
        points = [Point("m", 1.0, 10, 0), Point("m", nan, 10, 0), Point("m", 1.0, 11, 0)]

        log(store, "a", *points, *points)
        log(store, "a", *reversed(points))

        found, _ = store.history("a", "m")
        assert len(found) == 3
        assert store.check().clean

    def test_special_values_come_back_as_they_were(self, store: Store) -> None:
        add_run(store, "a")
        values = [inf, -inf, 0.1, -1.7976931348623157e308, 5e-324]

        log(store, "a", *(Point("m", value, i, i) for i, value in enumerate(values)))
        log(store, "a", Point("n", nan, 0))

        assert [point.value for point in store.history("a", "m")[0]] == values
        assert isnan(store.history("a", "n")[0][0].value)
        assert isnan(store.get_run("a").metrics[1].value)

    @pytest.mark.parametrize("in_one_batch", [True, False])
    def test_the_latest_point_is_the_greatest_by_step_time_and_value(
        self, store: Store, in_one_batch: bool
    ) -> None:
        add_run(store, "a")
        points = [
            Point("m", 9.0, 50, 1),
            Point("m", 1.0, 10, 3),
            Point("m", 2.0, 20, 3),
            Point("m", 3.0, 20, 3),
            Point("m", 2.5, 20, 3),
            Point("m", nan, 20, 3),
            Point("m", 8.0, 90, 2),
        ]

        for batch in [points] if in_one_batch else [[point] for point in points]:
            log(store, "a", *batch)

        assert store.get_run("a").metrics == (Point("m", 3.0, 20, 3),)
        assert store.check().clean

    def test_metric_keys_are_those_of_any_of_the_runs(self, store: Store) -> None:
        add_run(store, "a", metrics={"z": 1.0, "m": 1.0})
        add_run(store, "b", metrics={"m": 1.0, "é": 1.0})
        add_run(store, "c", metrics={"other": 1.0})

        assert store.metric_keys(["a", "b", "unknown"]) == ["m", "z", "é"]
        assert store.metric_keys([]) == []

    def test_runs_are_grouped_by_what_they_have_and_metrics_spread(self, store: Store) -> None:
        add_run(store, "a", params={"model": "gbm"}, metrics={"auc": 1.0})
        add_run(store, "b", params={"model": "gbm"}, metrics={"auc": 3.0})
        add_run(store, "c", params={"model": "nn"}, metrics={"auc": float("nan")})
        add_run(store, "d", metrics={"auc": 9.0})
        add_run(store, "other", params={"model": "nn"}, tags={"out": "yes"})
        query = RunQuery(filter="tags.out IS NULL")

        groups = store.group_runs(query, "parameter", "model", metrics=["auc", "unknown"])

        assert [(group.value, group.n_runs) for group in groups] == [
            ("gbm", 2),
            (None, 1),
            ("nn", 1),
        ]
        assert groups[0].metrics == {"auc": Spread(2, 2.0, 1.0, 3.0)}
        assert groups[1].metrics == {"auc": Spread(1, 9.0, 9.0, 9.0)}
        assert groups[2].metrics == {}
        assert len(store.group_runs(query, "parameter", "model", limit=1)) == 1

    def test_infinities_of_both_signs_have_no_mean(self, store: Store) -> None:
        add_run(store, "a", metrics={"auc": float("inf")})
        add_run(store, "b", metrics={"auc": float("-inf")})

        spread = store.group_runs(RunQuery(), "attribute", "user", metrics=["auc"])[0].metrics[
            "auc"
        ]

        assert isnan(spread.mean)
        assert (spread.least, spread.greatest) == (float("-inf"), float("inf"))

    def test_runs_are_grouped_by_attributes_of_a_few_kinds_only(self, store: Store) -> None:
        add_run(store, "a")

        assert [g.value for g in store.group_runs(RunQuery(), "attribute", "type")] == ["mlflow"]
        with pytest.raises(Invalid, match="not grouped by 'run_id'"):
            store.group_runs(RunQuery(), "attribute", "run_id")

    def test_keys_are_those_of_all_runs_of_a_query(self, store: Store) -> None:
        add_run(store, "a", metrics={"z": 1.0}, params={"p": "1"}, tags={"t": "1"})
        add_run(store, "b", metrics={"m": 1.0})
        add_run(store, "c", metrics={"other": 1.0}, params={"other": "1"}, tags={"out": "1"})

        keys = store.run_keys(RunQuery(filter="tags.out IS NULL", max_results=1))

        assert keys["metric"] == ["m", "z"]
        assert keys["parameter"] == ["p"]
        assert "t" in keys["tag"]
        assert store.run_keys(RunQuery(experiment_ids=[]))["metric"] == []

    def test_values_of_runs_are_read_by_key(self, store: Store) -> None:
        add_run(store, "a", metrics={"m": 1.0}, params={"p": "x"}, tags={"t": "y"})
        add_run(store, "b", metrics={"m": float("nan")})

        metrics = store.run_values(["a", "b", "unknown"], "metric", "m")

        assert metrics["a"] == 1.0
        assert isinstance(metrics["b"], float)
        assert isnan(metrics["b"])
        assert store.run_values(["a", "b"], "parameter", "p") == {"a": "x"}
        assert store.run_values(["a", "b"], "tag", "t") == {"a": "y"}
        assert store.run_values(["a"], "metric", "unknown") == {}

    def test_points_of_a_logged_model_are_read_over_runs(self, store: Store) -> None:
        add_run(store, "a")
        add_run(store, "b")
        log(
            store,
            "a",
            Point("acc", 0.5, 1, 0, "m-1", "train", "d1"),
            Point("acc", 0.6, 2, 1, "m-1"),
        )
        log(store, "b", Point("acc", nan, 1, 0, "m-1"), Point("acc", 1.0, 1, 0, "m-2"))

        found = store.model_points("m-1")

        assert [run_id for run_id, _ in found] == ["a", "a", "b"]
        assert found[0][1] == Point("acc", 0.5, 1, 0, "m-1", "train", "d1")
        assert found[1][1] == Point("acc", 0.6, 2, 1, "m-1")
        assert isnan(found[2][1].value)
        assert store.model_points("m-3") == []
        assert store.history("a", "acc")[0] == [Point("acc", 0.5, 1, 0), Point("acc", 0.6, 2, 1)]

    # History and series
    @pytest.mark.parametrize("in_order", [True, False])
    def test_history_goes_by_time_step_and_value_on_all_pages(
        self, store: Store, in_order: bool
    ) -> None:
        add_run(store, "a")
        points = [
            Point("m", float(value), ts, step if in_order else -step)
            for step, ts in ((0, 5), (0, 6), (1, 6), (2, 6), (3, 9))
            for value in (2, 1)
        ]
        log(store, "a", *points)
        wanted = sorted(points, key=lambda p: (p.ts_ms, p.step, p.value))

        found, token = store.history("a", "m", max_results=3)
        while token:
            more, token = store.history("a", "m", max_results=3, page_token=token)
            found += more

        assert found == wanted
        assert store.history("a", "m") == (wanted, None)

    def test_a_short_series_is_given_whole(self, store: Store) -> None:
        add_run(store, "a")
        points = [Point("m", float(i), 10 - i, i) for i in range(10)]
        log(store, "a", *points)

        assert store.series("a", "m", max_points=10) == (10, points)
        assert store.series("a", "m", max_points=10, start_step=3, end_step=5) == (3, points[3:6])
        assert store.series("a", "m", max_points=2, start_step=4, end_step=4) == (1, points[4:5])

    @pytest.mark.parametrize("max_points", [1, 2, 3, 4, 10, 11, 100, 999])
    def test_a_long_series_keeps_its_ends_and_fits(self, store: Store, max_points: int) -> None:
        add_run(store, "a")
        log(store, "a", *(Point("m", (i * 7919) % 1000, i, i * 3) for i in range(1000)))

        total, points = store.series("a", "m", max_points=max_points)

        assert total == 1000
        assert len(points) <= max_points
        steps = [point.step for point in points]
        assert steps == sorted(set(steps))
        assert steps[-1] == 999 * 3
        assert max_points == 1 or steps[0] == 0

    def test_a_thinned_series_keeps_its_spikes(self, store: Store) -> None:
        add_run(store, "a")
        values = {321: 1000.0, 654: -1000.0, 655: inf}
        log(store, "a", *(Point("m", values.get(i, i % 5), i, i) for i in range(1000)))

        _, points = store.series("a", "m", max_points=50)

        assert set(values.values()) <= {point.value for point in points}

    def test_a_series_without_steps_is_thinned_over_time(self, store: Store) -> None:
        add_run(store, "a")
        log(store, "a", *(Point("m", 100.0 if i == 500 else 0.0, i) for i in range(1000)))

        _, points = store.series("a", "m", max_points=20)

        assert len(points) > 10
        assert 100.0 in [point.value for point in points]

    def test_stretches_of_nan_stay_visible_in_a_thinned_series(self, store: Store) -> None:
        add_run(store, "a")
        log(store, "a", *(Point("m", nan if i > 500 else 1.0, i, i) for i in range(1000)))

        _, points = store.series("a", "m", max_points=20)

        assert any(isnan(point.value) for point in points)
        assert all(isnan(point.value) == (point.step > 500) for point in points)

    def test_a_series_over_all_of_64_bits_is_thinned(self, store: Store) -> None:
        add_run(store, "a")
        log(store, "a", *(Point("m", i, 0, (i - 50) * (2**63 // 50)) for i in range(100)))

        total, points = store.series("a", "m", max_points=10)

        assert total == 100
        assert 2 <= len(points) <= 10

    def test_sizes_below_one_are_refused(self, store: Store) -> None:
        add_run(store, "a", metrics={"m": 1.0})

        with pytest.raises(Invalid):
            store.series("a", "m", max_points=0)
        with pytest.raises(Invalid):
            store.history("a", "m", max_results=0)
        with pytest.raises(Invalid, match="Invalid value 0 for parameter 'max_results'"):
            store.search_runs(RunQuery(max_results=0))
        with pytest.raises(Invalid):
            store.search_experiments(max_results=0)

    # Search
    def test_runs_come_newest_first_then_by_id(self, store: Store) -> None:
        for run_id, start in (("b", 5), ("a", 5), ("c", 9), ("d", 1)):
            add_run(store, run_id, start_ms=start)
        queued = add_run(store, "queued", start_ms=None, status="Queued")

        rows, token = store.search_runs(RunQuery())

        assert ids(rows) == [queued, "c", "a", "b", "d"]
        assert token is None

    def test_a_query_narrows_by_experiment_view_parent_type_and_status(self, store: Store) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            eid = tx.create_experiment("first")
        add_run(store, "default")
        add_run(store, "child", experiment_id=eid, parent_id="default", type="command")
        add_run(store, "done", experiment_id=eid, status="Completed")
        add_run(store, "hidden", experiment_id=eid)
        with store.change("user:ana", "runs/write", "run:hidden") as tx:
            tx.update_run("hidden", archived=True)

        def found(**asked: object) -> set[str]:
            query = RunQuery(**asked)  # type: ignore[arg-type]
            rows, _ = store.search_runs(query)
            assert store.count_runs(query) == len(rows)
            return set(ids(rows))

        assert found() == {"default", "child", "done"}
        assert found(experiment_ids=[eid]) == {"child", "done"}
        assert found(experiment_ids=[0, eid, 99]) == {"default", "child", "done"}
        assert found(experiment_ids=[]) == set()
        assert found(view="archived") == {"hidden"}
        assert found(view="all", experiment_ids=[eid]) == {"child", "done", "hidden"}
        assert found(parent_id="default") == {"child"}
        assert found(types=["command", "notebook"]) == {"child"}
        assert found(statuses=["Completed", "Failed"]) == {"done"}
        assert found(statuses=["Running"], types=["mlflow"], experiment_ids=[eid]) == set()

    def test_data_comes_with_the_runs_when_it_is_asked_for(self, store: Store) -> None:
        add_run(store, "a", metrics={"m": 1.0}, params={"x": "1"}, tags={"t": "1"})

        [full], _ = store.search_runs(RunQuery())
        [bare], _ = store.search_runs(RunQuery(with_data=False))

        assert full == store.get_run("a")
        assert bare == store.get_run("a", with_data=False)

    def test_runs_are_read_by_id_with_their_data(self, store: Store) -> None:
        add_run(store, "a", metrics={"m": 1.0}, params={"x": "1"}, tags={"t": "1"})
        add_run(store, "b")
        add_run(store, "c")

        found = store.get_runs(["b", "a", "unknown"])

        assert {run.run_id: run for run in found} == {
            "a": store.get_run("a"),
            "b": store.get_run("b"),
        }
        assert store.get_runs([]) == []

    def test_marks_are_those_of_the_runs_that_a_search_gives(self, store: Store) -> None:
        for n in range(5):
            add_run(store, f"r{n}", start_ms=n, metrics={"m": n * 3 % 5})

        for order_by in ([], ["metrics.m DESC"]):
            query = RunQuery(filter="metrics.m > 0", order_by=order_by, max_results=2)
            while True:
                found, after = store.search_runs(query)
                marks, token = store.search_marks(query)
                assert marks == [(run.run_id, run.changed) for run in found]
                assert token == after
                if token is None:
                    break
                query = replace(query, page_token=token)

    @pytest.mark.parametrize("change", MARKED_CHANGES)
    def test_what_changes_a_run_changes_its_mark_and_no_other(
        self, store: Store, change: str
    ) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            eid = tx.create_experiment("first")
        for run_id in ("parent", "other"):
            add_run(store, run_id, metrics={"m": 1.0})
        add_run(
            store, "a", experiment_id=eid, tags={"t": "1"}, parent_id="parent", metrics={"m": 1.0}
        )
        before = _marks(store)

        with store.change("user:ana", "x/write", "x") as tx:
            MARKED_CHANGES[change](tx, eid)
        after = _marks(store)

        assert after["a"] == store.last_event() > before["a"]
        assert store.get_run("a").changed == after["a"]
        assert after["other"] == before["other"]

    @pytest.mark.parametrize("seed", range(4))
    def test_no_run_differs_under_the_same_mark(self, store: Store, seed: int) -> None:
        chance = random.Random(seed)
        with store.change("user:ana", "experiments/write", "e") as tx:
            eid = tx.create_experiment("first")
        known: dict[tuple[str, int], object] = {}

        for n in range(120):
            run_id = chance.choice("abcd")
            with (
                suppress(NotFound, AlreadyExists, Conflict),
                store.change("u", "x/write", "x") as tx,
            ):
                for write in chance.choices(RANDOM_WRITES, k=chance.choice((1, 1, 2))):
                    write(tx, run_id, eid, n)
            for run in store.get_runs("abcd"):
                node = f"run:{run.run_id}"
                links = store.edges(node), store.edges(node, outgoing=False)
                content = (repr(run), links)
                assert known.setdefault((run.run_id, run.changed), content) == content

        assert len(known) > 60

    def test_a_run_that_is_made_again_has_another_mark(self, store: Store) -> None:
        add_run(store, "a")
        before = _marks(store)
        with store.change("user:ana", "runs/delete", "run:a") as tx:
            tx.delete_run("a")

        add_run(store, "a")

        assert _marks(store)["a"] > before["a"]

    def test_a_change_that_fails_leaves_the_mark(self, store: Store) -> None:
        add_run(store, "a")
        before = _marks(store)

        with pytest.raises(ZeroDivisionError):
            _log_and_fail(store)

        assert _marks(store) == before

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("metrics.acc > 0.5", "bc"),
            ("metrics.acc >= 0.5", "abc"),
            ("metric.acc < 0.7 AND metric.acc > 0.5", "b"),
            ("metrics.acc = 0.5", "a"),
            ("metrics.acc != 0.5", "bcd"),
            ("metrics.acc > -1e3", "abc"),
            ("metrics.unknown != 1", ""),
            ("params.lr = '0.1'", "ab"),
            ("params.lr != '0.1'", "c"),
            ("params.lr LIKE '0.%'", "abc"),
            ("params.lr IN ('0.1', '0.2')", "abc"),
            ("params.lr NOT IN ('0.1')", "c"),
            ("params.lr IS NULL", "de"),
            ("params.lr is not null", "abc"),
            ("params.unknown IS NULL", "abcde"),
            ('params."a b" = "x"', "a"),
            ("params.`a b` = 'x'", "a"),
            ("tags.team = 'Red'", "a"),
            ("tags.team = 'it''s'", "d"),
            ("tags.team LIKE 'R%'", "a"),
            ("tags.team LIKE '_ed'", "ab"),
            ("tags.team LIKE '[*?%'", "c"),
            ("tags.team ILIKE 'r%'", "ab"),
            ("attributes.status = 'FINISHED'", "a"),
            ("status = 'Completed'", "a"),
            ("status = 'RUNNING'", "bc"),
            ("status != 'RUNNING'", "ade"),
            ("status IN ('KILLED', 'Running')", "bd"),
            ("status LIKE 'K%'", "d"),
            ("status = 'nonsense'", ""),
            ("run_id = 'a'", "a"),
            ("attributes.run_id IN ('a', 'z', 'b')", "ab"),
            ("run_id NOT IN ('a')", "bcde"),
            ("run_name = 'name of c'", "c"),
            ("attribute.`Run name` LIKE '%of d'", "d"),
            ("user_id = 'ana' and start_time >= 3", "de"),
            ("created < 1", "a"),
            ("end_time > 5", "a"),
            ("artifact_uri = 'mlflow-artifacts:/0/b/artifacts'", "b"),
            ("metrics.acc > 0.8 OR params.lr = '0.1'", "abc"),
            ("(metrics.acc > 0.8 or run_id = 'a') and status = 'RUNNING'", "c"),
            ("NOT params.lr = '0.1'", "cde"),
            ("NOT (metrics.acc > 0 OR end_time > 0)", "de"),
            ("  ", "abcde"),
        ],
    )
    def test_a_filter_chooses(self, store: Store, text: str, wanted: str) -> None:
        add_run(
            store, "a", start_ms=0, status="Completed", metrics={"acc": 0.5},
            params={"lr": "0.1", "a b": "x"}, tags={"team": "Red"},
        )  # fmt: skip
        add_run(
            store, "b", start_ms=1, metrics={"acc": 0.6}, params={"lr": "0.1"}, tags={"team": "red"}
        )
        add_run(
            store, "c", start_ms=2, status="Finalizing", metrics={"acc": 0.9},
            params={"lr": "0.2"}, tags={"team": "[*?x"},
        )  # fmt: skip
        add_run(
            store, "d", start_ms=3, status="Canceled", metrics={"acc": nan}, tags={"team": "it's"}
        )
        add_run(store, "e", start_ms=4, status="Queued")
        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.update_run("a", end_ms=10)

        for experiment_ids in (None, [0]):
            query = RunQuery(filter=text, experiment_ids=experiment_ids)
            assert "".join(sorted(ids(store.search_runs(query)[0]))) == wanted
            assert store.count_runs(query) == len(wanted)

    def test_a_filter_looks_at_data_sets(self, store: Store) -> None:
        for run_id, name, digest in (
            ("a", "iris@home", "d1"),
            ("b", "iris", "d2"),
            ("c", "x", "y"),
        ):
            add_run(store, run_id)
            with store.change("user:ana", "runs/write", f"run:{run_id}") as tx:
                doc = {"tags": {"mlflow.data.context": "train"}} if run_id == "a" else {"tags": {}}
                tx.link(f"dataset:0/{name}@{digest}", Relation.INPUT, f"run:{run_id}", doc)

        def found(text: str) -> list[str]:
            return sorted(ids(store.search_runs(RunQuery(filter=text))[0]))

        assert found("dataset.name = 'iris@home'") == ["a"]
        assert found("datasets.name LIKE 'iris%'") == ["a", "b"]
        assert found("dataset.digest IN ('d2', 'y')") == ["b", "c"]
        assert found("dataset.context = 'train'") == ["a"]

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("size", [1, 2, 100])
    def test_metrics_order_numbers_then_nan_then_missing(
        self, store: Store, descending: bool, size: int
    ) -> None:
        for run_id, value in (
            ("a", 2.0),
            ("b", -inf),
            ("c", 2.0),
            ("d", inf),
            ("n", nan),
            ("o", nan),
        ):
            add_run(store, run_id, metrics={"m": value})
        add_run(store, "y")
        add_run(store, "z", metrics={"other": 1.0})

        query = RunQuery(order_by=[f"metrics.m {'DESC' if descending else 'asc'}"])

        wanted = ["d", "a", "c", "b"] if descending else ["b", "a", "c", "d"]
        assert all_pages(store, query, size) == [*wanted, "n", "o", "y", "z"]

    @pytest.mark.parametrize("size", [1, 3, 100])
    @pytest.mark.parametrize(
        ("order_by", "wanted"),
        [
            (["params.p"], "cabd"),
            (["params.p DESC"], "bcad"),
            (["tags.t", "params.p desc"], "bcad"),
            (["metrics.m DESC", "tags.t"], "badc"),
            (["start_time"], "abcd"),
            (["attributes.start_time DESC"], "dcba"),
            (["end_time"], "cadb"),
            (["run_name DESC"], "dcba"),
            (["status", "start_time"], "bdac"),
            (["metrics.unknown"], "dcba"),
            ([], "dcba"),
        ],
    )
    def test_an_order_is_kept_over_pages_and_experiments(
        self, store: Store, order_by: list[str], wanted: str, size: int
    ) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            eid = tx.create_experiment("other")
        add_run(store, "a", start_ms=1, params={"p": "1"}, tags={"t": "y"}, metrics={"m": 1.0})
        add_run(
            store, "b", start_ms=2, params={"p": "2"}, tags={"t": "x"}, metrics={"m": 1.0},
            status="Completed", experiment_id=eid,
        )  # fmt: skip
        add_run(store, "c", start_ms=3, params={"p": "1"}, tags={"t": "x"}, experiment_id=eid)
        add_run(store, "d", start_ms=4, metrics={"m": nan}, status="Completed")
        with store.change("user:ana", "runs/write", "run") as tx:
            tx.update_run("c", end_ms=5)
            tx.update_run("a", end_ms=6)

        for experiment_ids in (None, [0, eid], [eid, 0, 0]):
            query = RunQuery(order_by=order_by, experiment_ids=experiment_ids)
            assert "".join(all_pages(store, query, size)) == wanted

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("foo.a = 1", "Invalid entity type 'foo'. Valid values are"),
            ("unknown = 'x'", "Invalid attribute key 'unknown' specified. Valid keys are"),
            ("dataset.size = 'x'", "Invalid dataset key 'size'"),
            ("metrics.a > 'x'", "Expected numeric value type for metric. Found 'x'"),
            ("start_time > 'x'", "Expected numeric value type for numeric attribute: start_time"),
            ("params.a > 'x'", "Invalid comparator '>' not one of"),
            ("metrics.a LIKE 'x'", "Invalid comparator 'LIKE' not one of"),
            ("params.a = x", "value is either not quoted or unidentified quote types"),
            ("params.a = 5", "Expected a quoted string value for parameter"),
            ("status IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params"),
            ("params.a = 'x' xor run_id = 'y'", "Invalid clause(s) in filter string: 'xor'"),
            ("params.a = 'x' AND", "Invalid clause(s) in filter string"),
            ("params.a", "Invalid clause(s) in filter string"),
            ("run_id IN 'x'", "Expected '('"),
            ("(run_id = 'x'", "Expected ')'"),
            ("params.`` = 'x'", "Invalid clause(s) in filter string"),
            ("params.a = 'x'; DROP TABLE runs", "Invalid clause(s) in filter string: ';'"),
            ("(" * 60 + "run_id = 'a'" + ")" * 60, "nested deeper"),
            (" OR ".join(["run_id = 'a'"] * 600), "more than 500 comparisons"),
            ("start_time > 99999999999999999999", "cannot be stored"),
        ],
    )
    def test_a_filter_that_cannot_be_read_is_refused(
        self, store: Store, text: str, message: str
    ) -> None:
        with pytest.raises(Invalid) as caught:
            store.search_runs(RunQuery(filter=text))
        assert message in str(caught.value)
        with pytest.raises(Invalid):
            store.count_runs(RunQuery(filter=text))

    def test_an_error_in_a_filter_says_where(self, store: Store) -> None:
        with pytest.raises(Invalid, match=r"\(at character 21\)") as caught:
            store.search_runs(RunQuery(filter="params.a = 'x' AND  foo.a = 1"))

        assert caught.value.problems[0].field == "filter"

    @pytest.mark.parametrize(
        "order_by",
        [
            ["metrics.a", "metric.a DESC"], ["start_time", "created"], ["metrics.a UP"], [""],
            ["foo.a"], ["dataset.name"], ["metrics.a DESC DESC"],
        ],
    )  # fmt: skip
    def test_an_order_that_cannot_be_read_is_refused(
        self, store: Store, order_by: list[str]
    ) -> None:
        with pytest.raises(Invalid):
            store.search_runs(RunQuery(order_by=order_by))

    def test_a_page_token_is_good_for_its_own_query_only(self, store: Store) -> None:
        for i in range(4):
            add_run(store, f"r{i}", metrics={"m": float(i)})
        _, token = store.search_runs(RunQuery(max_results=2, order_by=["metrics.m"]))
        assert token is not None

        for query in (
            RunQuery(page_token=token),
            RunQuery(page_token=token, order_by=["metrics.m DESC"]),
            RunQuery(page_token="not base64!"),
            RunQuery(page_token="eyJvZmZzZXQiOiAyfQ=="),
            RunQuery(page_token="é"),
        ):
            with pytest.raises(Invalid, match="Invalid page token"):
                store.search_runs(query)
        with pytest.raises(Invalid, match="Invalid page token"):
            store.history("r0", "m", page_token=token)

    def test_pages_go_on_while_runs_are_added(self, store: Store) -> None:
        for i in range(4):
            add_run(store, f"r{i}", start_ms=i)
        first, token = store.search_runs(RunQuery(max_results=2))

        add_run(store, "newer", start_ms=99)
        second, _ = store.search_runs(RunQuery(max_results=2, page_token=token))

        assert ids(first) + ids(second) == ["r3", "r2", "r1", "r0"]

    def test_experiments_are_searched(self, store: Store) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            for name, team in (("churn", "red"), ("Churn 2", "blue"), ("gone", "red")):
                tx.create_experiment(name, tags={"team": team})
            tx.update_experiment(3, archived=True)

        def names(text: str = "", **asked: object) -> list[str]:
            rows, _ = store.search_experiments(filter=text, **asked)  # type: ignore[arg-type]
            return [row.name for row in rows]

        assert names(order_by=["experiment_id"]) == ["Default", "churn", "Churn 2"]
        assert names(view="archived") == ["gone"]
        assert names("name = 'churn'") == ["churn"]
        assert names("name LIKE 'Churn%'") == ["Churn 2"]
        assert names("name ILIKE 'churn%'", order_by=["name DESC"]) == ["churn", "Churn 2"]
        assert names("tags.team = 'red'", view="all", order_by=["name"]) == ["churn", "gone"]
        assert names("tags.team IS NULL") == ["Default"]
        assert names("tag.team != 'red'") == ["Churn 2"]
        assert names("experiment_id IN ('1', '2')", order_by=["name"]) == ["Churn 2", "churn"]
        assert names("creation_time > 0 AND last_update_time < 1") == []
        assert names(order_by=["tags.team", "name"]) == ["Churn 2", "churn", "Default"]
        with pytest.raises(Invalid, match="Invalid entity type 'metrics'"):
            names("metrics.x = 1")

    def test_experiments_come_in_pages(self, store: Store) -> None:
        with store.change("user:ana", "experiments/write", "e") as tx:
            for i in range(7):
                tx.create_experiment(f"e{i}")

        found: list[int] = []
        token: str | None = None
        while True:
            rows, token = store.search_experiments(max_results=3, page_token=token)
            found += [row.experiment_id for row in rows]
            if token is None:
                break

        everything, _ = store.search_experiments()
        assert found == [row.experiment_id for row in everything]
        assert sorted(found) == list(range(8))

    # Artifacts and lineage
    def test_artifacts_are_files_in_folders(self, store: Store) -> None:
        with store.change("user:ana", "runs/write", "run:a") as tx:
            for path in ("r/model/a.txt", "r/model/sub/b.txt", "r/model.txt", "r/z"):
                tx.put_artifact(path, "ab" * 32, 3)

        assert [row.path for row in store.list_artifacts("r")] == ["r/model", "r/model.txt", "r/z"]
        assert [row.blob is None for row in store.list_artifacts("r/")] == [True, False, False]
        below = [row.path for row in store.list_artifacts("r/model", recursive=True)]
        assert below == ["r/model/a.txt", "r/model/sub", "r/model/sub/b.txt"]
        assert len(store.list_artifacts("", recursive=True)) == 7
        assert store.list_artifacts("nowhere") == []
        assert store.get_artifact("r/model/a.txt").size_bytes == 3
        for path in ("r/model", "r/none"):
            with pytest.raises(NotFound):
                store.get_artifact(path)

    def test_an_artifact_is_replaced(self, store: Store) -> None:
        for blob, size in (("ab" * 32, 3), ("cd" * 32, 4)):
            with store.change("user:ana", "runs/write", "run:a") as tx:
                tx.put_artifact("r/a", blob, size)

        assert store.get_artifact("r/a").blob == "cd" * 32
        assert [row.size_bytes for row in store.list_artifacts("r")] == [4]
        assert set(store.referenced_blobs()) == {"cd" * 32}

    def test_deleting_artifacts_takes_what_lies_below_and_empty_folders(self, store: Store) -> None:
        with store.change("user:ana", "runs/write", "run:a") as tx:
            for path in ("r/x/y/a", "r/x/y/b", "r/x.txt", "r/x0/c", "other/d"):
                tx.put_artifact(path, "ab" * 32, 3)

        with store.change("user:ana", "runs/write", "run:a") as tx:
            gone = tx.delete_artifacts("r/x")
            nothing = tx.delete_artifacts("r/x")
            tx.delete_artifacts("other/d")

        assert (gone, nothing) == (2, 0)
        left = [row.path for row in store.list_artifacts("", recursive=True)]
        assert left == ["r", "r/x.txt", "r/x0", "r/x0/c"]
        assert store.check().clean

    def test_a_file_and_a_folder_cannot_take_the_same_place(self, store: Store) -> None:
        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.put_artifact("r/a/b", "ab" * 32, 3)

        for path in ("r/a", "r/a/b/c"):
            with pytest.raises(Conflict), store.change("user:ana", "runs/write", "run:a") as tx:
                tx.put_artifact(path, "ab" * 32, 3)

        assert store.check().clean

    @pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a\\b", "a\0"])
    def test_a_path_that_leaves_its_folder_is_refused(self, store: Store, path: str) -> None:
        with pytest.raises(Invalid), store.change("user:ana", "runs/write", "run:a") as tx:
            tx.put_artifact(path, "ab" * 32, 3)
        with pytest.raises(Invalid), store.change("user:ana", "runs/write", "run:a") as tx:
            tx.delete_artifacts(path)
        with pytest.raises(Invalid):
            store.get_artifact(path)

    def test_edges_are_read_from_both_ends_and_kept_once(self, store: Store) -> None:
        with store.change("user:ana", "jobs/write", "job:j") as tx:
            tx.link("data:d@1", Relation.INPUT, "run:j", {"n": 1})
            tx.link("data:d@1", Relation.INPUT, "run:j", {"n": 2})
            tx.link("run:j", Relation.OUTPUT, "model:m@1")

        assert store.edges("run:j") == [("run:j", "output", "model:m@1", {})]
        assert store.edges("run:j", outgoing=False) == [("data:d@1", "input", "run:j", {"n": 2})]

    # Care
    def test_a_store_in_use_checks_clean(self, store: Store) -> None:
        add_run(store, "a", metrics={"m": 1.0, "n": nan}, params={"x": "1"}, tags={"t": "1"})
        with store.change("user:ana", "runs/write", "run:a") as tx:
            tx.put_artifact("r/a/b", "ab" * 32, 3)
            tx.put_record("code", "cd" * 32, {})

        report = store.check()

        assert report.clean, report.findings
        assert report.n_rows > 10
        assert set(store.referenced_blobs()) == {"ab" * 32, "cd" * 32}

    def test_a_backup_is_a_store_as_of_one_moment(self, store: Store, tmp_path: Path) -> None:
        add_run(store, "a", metrics={"m": 1.0})

        store.backup(tmp_path / "copy.db")
        add_run(store, "b")

        with pytest.raises(AlreadyExists):
            store.backup(tmp_path / "copy.db")
        assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


class BlobsSuite:
    """The contract of `Blobs`. A subclass has a fixture `blobs` that gives an empty one."""

    def test_bytes_come_back_by_their_hash(self, blobs: Blobs) -> None:
        blob = blobs.put(b"hello")

        assert blob == hashlib.sha256(b"hello").hexdigest()
        assert blobs.has(blob)
        assert blobs.get(blob) == b"hello"
        assert blobs.path(blob).read_bytes() == b"hello"
        with blobs.open(blob) as file:
            assert file.read(2) == b"he"

    @pytest.mark.parametrize("data", [b"", b"x", b"\0" * 3_000_000])
    def test_a_writer_takes_bytes_in_pieces(self, blobs: Blobs, data: bytes) -> None:
        writer = blobs.writer()
        for start in range(0, len(data), 1_000_000):
            writer.write(data[start : start + 1_000_000])
        blob, size_bytes = writer.commit()
        writer.abort()

        assert (blobs.get(blob), size_bytes) == (data, len(data))
        assert [(i.blob, i.size_bytes) for i in blobs.list()] == [(blob, len(data))]

    def test_a_file_is_copied(self, blobs: Blobs, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"abc" * 1_000_000)

        blob, size_bytes = blobs.put_file(tmp_path / "a")
        (tmp_path / "a").write_bytes(b"changed")

        assert size_bytes == 3_000_000
        assert blobs.get(blob) == b"abc" * 1_000_000

    def test_nothing_is_there_before_commit_and_after_abort(self, blobs: Blobs) -> None:
        writer = blobs.writer()
        writer.write(b"hello")
        before = list(blobs.list())
        writer.abort()
        writer.abort()

        assert before == list(blobs.list()) == []
        assert not blobs.has(hashlib.sha256(b"hello").hexdigest())

    def test_equal_bytes_are_kept_once(self, blobs: Blobs) -> None:
        first, second = blobs.writer(), blobs.writer()
        for writer in (first, second):
            writer.write(b"same")

        assert first.commit() == second.commit()
        assert blobs.put(b"same") == hashlib.sha256(b"same").hexdigest()
        assert len(list(blobs.list())) == 1

    @pytest.mark.parametrize("blob", ["0" * 64, "", "x", "../../etc/passwd", "A" * 64, "\0"])
    def test_what_is_not_there_is_not_found(self, blobs: Blobs, blob: str) -> None:
        assert not blobs.has(blob)
        assert not blobs.delete(blob)
        for ask in (blobs.get, blobs.open, blobs.path):
            with pytest.raises(NotFound):
                ask(blob)

    def test_a_blob_is_forgotten(self, blobs: Blobs) -> None:
        blob = blobs.put(b"hello")

        assert blobs.delete(blob)

        assert not blobs.has(blob)
        assert list(blobs.list()) == []

    def test_a_blob_that_was_used_since_is_not_forgotten(self, blobs: Blobs) -> None:
        blob = blobs.put(b"hello")
        [info] = blobs.list()

        assert not blobs.delete(blob, used_before_ms=info.used_ms)
        assert blobs.delete(blob, used_before_ms=info.used_ms + HOUR_MS)
