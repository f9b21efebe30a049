from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
GATE = "while [ ! -e gate ]; do sleep 0.02; done"


def create(call: Call, **job: Any) -> str:
    made = call("jobs.create_or_update", job={"command": "true", **job})
    return str(made.name)


class TestCreate:
    def test_a_job_is_answered_as_it_was_asked_for(self, call: Call) -> None:
        job = call(
            "jobs.create_or_update",
            job={"command": "echo ${{inputs.x}}", "inputs": {"x": 1}, "display_name": "Try"},
            git={"commit": "c0ffee", "branch": "main", "dirty": True},
        )

        body = job.model_dump(mode="json")
        assert (body["type"], body["command"], body["inputs"]) == (
            "command",
            "echo ${{inputs.x}}",
            {"x": 1},
        )
        assert (job.display_name, job.experiment_name, job.compute) == ("Try", "Default", "local")
        assert (job.user, job.creation_context.created_by) == ("ana", "ana")
        assert job.properties["azureml.git.commit"] == "c0ffee"
        assert job.properties["azureml.git.dirty"] == "True"
        assert set(job.services) == {"Studio", "Tracking"}

    def test_a_name_is_given_once(self, call: Call, room: Workroom) -> None:
        room.wait(create(call, name="mine"))

        with pytest.raises(AlreadyExists):
            create(call, name="mine")

    def test_checking_a_job_stores_nothing(self, call: Call, room: Workroom) -> None:
        before = room.store.last_event()

        good = call("jobs.validate", job={"command": "true", "identity": {"type": "aml_token"}})
        bad = call("jobs.validate", job={"command": "${{inputs.x}}"})

        assert (good.passed, len(good.warnings)) == (True, 1)
        assert (bad.passed, bad.errors[0]["field"]) == (False, "command")
        assert room.store.last_event() == before

    def test_checking_a_job_whose_name_is_taken_says_so(self, call: Call, room: Workroom) -> None:
        room.wait(create(call, name="mine"))

        found = call("jobs.validate", job={"command": "true", "name": "mine"})

        assert (found.passed, found.errors[0]["field"]) == (False, "name")


class TestList:
    def test_newest_come_first_page_by_page(self, call: Call, room: Workroom) -> None:
        names = [create(call) for _ in range(3)]

        first = call("jobs.list", max_results=2)
        second = call("jobs.list", max_results=2, page_token=first.next_page_token)

        listed = [job.name for job in (*first.items, *second.items)]
        assert sorted(listed) == sorted(names)
        assert second.next_page_token is None
        for name in names:
            room.wait(name)

    def test_jobs_are_found_by_what_they_are(self, call: Call, room: Workroom) -> None:
        good = create(call, experiment_name="A")
        bad = create(call, command="exit 1", experiment_name="B")
        child = create(call, parent_job_name=good)
        for name in (good, bad, child):
            room.wait(name)

        def found(**query: Any) -> set[str]:
            return {job.name for job in call("jobs.list", **query).items}

        assert found(status="Failed") == {bad}
        assert found(experiment_name="A") == {good}
        assert found(experiment_name="none") == set()
        assert found(parent_job_name=good) == {child}
        assert found(type="notebook") == set()

    def test_runs_of_mlflow_clients_are_no_jobs(self, call: Call, room: Workroom) -> None:
        with room.store.change("ana", "runs/write", "run:r") as tx:
            tx.create_run("r", 0, name="r", user="ana", status="Running")

        assert call("jobs.list").items == []
        with pytest.raises(NotFound, match="There is no job 'r'"):
            call("jobs.get", name="r")

    def test_archived_jobs_are_hidden_until_restored(self, call: Call, room: Workroom) -> None:
        name = create(call)
        room.wait(name)

        call("jobs.archive", name=name)
        hidden = call("jobs.list").items
        shown = call("jobs.list", view="archived").items
        call("jobs.restore", name=name)

        assert (hidden, [job.name for job in shown]) == ([], [name])
        assert [job.name for job in call("jobs.list").items] == [name]


class TestChange:
    def test_names_descriptions_and_tags_change(self, call: Call, room: Workroom) -> None:
        name = create(call, tags={"a": "1", "b": "2"})
        room.wait(name)

        job = call("jobs.update", name=name, display_name="New", description="D", tags={"a": "3"})

        assert (job.display_name, job.tags) == ("New", {"a": "3", "b": "2"})
        assert job.model_dump()["description"] == "D"

    def test_a_running_job_is_canceled_and_retried(self, call: Call, room: Workroom) -> None:
        name = create(call, command="sleep 600; exit 1")
        room.wait(name, Status.RUNNING)
        with pytest.raises(Conflict, match="is Running"):
            call("jobs.retry", name=name)
        with pytest.raises(Conflict, match="is Running"):
            call("jobs.archive", name=name)

        asked = call("jobs.cancel", name=name).status
        room.wait(name)
        again = call("jobs.retry", name=name)

        assert asked in {Status.CANCEL_REQUESTED, Status.CANCELED}
        assert (again.attempt, again.error, again.ended_at) == (2, None, None)
        room.wait(name, Status.RUNNING)
        call("jobs.cancel", name=name)
        assert room.wait(name).attempt == 2

    def test_what_has_completed_is_neither_canceled_nor_retried(
        self, call: Call, room: Workroom
    ) -> None:
        name = create(call)
        room.wait(name)

        with pytest.raises(Conflict, match="is Completed"):
            call("jobs.cancel", name=name)
        with pytest.raises(Conflict, match="is Completed"):
            call("jobs.retry", name=name)

    @pytest.mark.parametrize(
        "name", ["get", "cancel", "retry", "archive", "restore", "update", "list_logs", "get_code"]
    )
    def test_an_unknown_job_is_not_found(self, call: Call, name: str) -> None:
        with pytest.raises(NotFound, match="There is no job 'nobody'"):
            call(f"jobs.{name}", name="nobody")

    def test_who_did_it_is_written_down(self, call: Call, room: Workroom) -> None:
        name = create(call, command="sleep 600")
        room.wait(name, Status.RUNNING)
        call("jobs.cancel", name=name)
        room.wait(name)

        events = room.store.events(subject=f"job:{name}")

        assert [event.action for event in events if event.who == "ana"] == [
            "jobs/write",
            "jobs/cancel",
        ]


class TestLogs:
    def test_a_log_is_followed_as_it_grows(self, call: Call, room: Workroom) -> None:
        name = create(call, command=f"echo first; {GATE}; echo second")
        first = call("jobs.read_log", name=name, wait_s=30)
        gate = room.folder(name) / "work" / "gate"
        threading.Timer(0.1, gate.touch).start()

        second = call("jobs.read_log", name=name, offset=first.next_offset, wait_s=30)
        end = call("jobs.read_log", name=name, offset=second.next_offset, wait_s=30)

        assert (first.text, first.ended) == ("first\n", False)
        assert second.text == "second\n"
        assert (end.text, end.ended) == ("", True)

    def test_without_waiting_it_answers_at_once(self, call: Call, room: Workroom) -> None:
        name = create(call, command=f"echo up; {GATE}")
        room.wait_for_log(name, b"up")

        chunk = call("jobs.read_log", name=name, offset=3)

        assert (chunk.text, chunk.ended) == ("", False)
        (room.folder(name) / "work" / "gate").touch()

    def test_a_limit_must_hold_a_character(self, call: Call, room: Workroom) -> None:
        name = create(call)
        room.wait(name)

        with pytest.raises(Invalid, match="at least 4"):
            call("jobs.read_log", name=name, limit=1)

    def test_logs_are_listed(self, call: Call, room: Workroom) -> None:
        name = create(call, command="echo 1")
        room.wait(name)

        assert [log.path for log in call("jobs.list_logs", name=name)] == ["user_logs/std_log.txt"]


class TestCode:
    def test_the_files_of_the_code_are_shown(self, call: Call, room: Workroom) -> None:
        name = create(call, code=room.snapshot({"a/b.py": b"print(1)"}))
        room.wait(name)

        (file,) = call("jobs.get_code", name=name)
        download = call("jobs.read_code", name=name, path="a/b.py")

        assert (file["path"], file["size_bytes"]) == ("a/b.py", 8)
        assert (download.name, Path(download.path).read_bytes()) == ("b.py", b"print(1)")
        with pytest.raises(NotFound):
            call("jobs.read_code", name=name, path="../x")

    def test_a_job_without_code_has_no_files(self, call: Call, room: Workroom) -> None:
        name = create(call)
        room.wait(name)

        assert call("jobs.get_code", name=name) == []


class TestNotebook:
    def test_the_executed_notebook_is_shown(self, call: Call, room: Workroom) -> None:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(40 + 2)")])
        code = room.snapshot({"n.ipynb": nbformat.writes(book).encode()})
        name = str(
            call(
                "jobs.create_or_update",
                job={"type": "notebook", "notebook": "n.ipynb", "code": code},
            ).name
        )
        job = room.wait(name)

        found = call("jobs.get_notebook", name=name)

        assert job.status is Status.COMPLETED, job.error
        assert [cell.state for cell in found.cells] == ["done"]
        assert "42" in str(found.notebook)
        assert "n.ipynb" in room.artifacts(name)

    def test_before_it_begins_all_cells_wait(self, call: Call, room: Workroom) -> None:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(40 + 2)")])
        code = room.snapshot({"sub/n.ipynb": nbformat.writes(book).encode()})
        job = {"type": "notebook", "notebook": "sub/n.ipynb", "code": code, "compute": "busy"}
        call("computes.create_or_update", compute={"type": "local", "name": "busy", "slots": 1})
        holds = {"type": "command", "command": "sleep 600", "compute": "busy"}
        first = str(call("jobs.create_or_update", job=holds).name)
        name = str(call("jobs.create_or_update", job=job).name)

        found = call("jobs.get_notebook", name=name)
        call("jobs.cancel", name=name)
        call("jobs.cancel", name=first)
        room.wait(name)

        assert [cell.state for cell in found.cells] == ["waiting"]
        assert "40 + 2" in str(found.notebook)
        assert found.path.endswith("/n.ipynb")
        with pytest.raises(NotFound, match="no executed notebook"):
            call("jobs.get_notebook", name=name)

    def test_a_command_job_has_none(self, call: Call, room: Workroom) -> None:
        name = create(call)
        room.wait(name)

        with pytest.raises(NotFound, match="no executed notebook"):
            call("jobs.get_notebook", name=name)


def test_types_come_with_a_schema_for_forms(call: Call) -> None:
    types = {found.type: found for found in call("jobs.list_types")}

    assert {"command", "notebook"} <= set(types)
    assert types["command"].title == "Command"
    assert types["command"].description == "Run a shell command."
    assert "command" in types["command"].spec_schema["properties"]
