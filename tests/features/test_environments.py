"""Environments as versions, what is made of them, and the jobs that run in them."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlws.entities.environment import ANONYMOUS
from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.environments.recipe import plain
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
SMALL = {"name": "small", "pip": ["six==1.16.0"]}
VERSION = 'python -c "import six, sys; print(six.__version__, sys.prefix)"'
IMPOSSIBLE = {"pip": ["jupyter-client==8.6.3", "jupyter-core<4"]}


def create(call: Call, **fields: Any) -> Any:
    return call("environments.create_or_update", asset={**SMALL, **fields})


def ready(call: Call, room: Workroom, name: str) -> Any:
    call("environments.build", name=name)
    room.until(
        lambda: call("environments.get_build", name=name).state != "building",
        lambda: str(call("environments.get_build", name=name)),
    )
    return call("environments.get_build", name=name)


def log_of(room: Workroom, name: str, path: str = "user_logs/std_log.txt") -> str:
    return (room.folder(name) / path).read_text()


class TestVersions:
    def test_versions_never_change(self, call: Call) -> None:
        first = create(call, version="1")
        again = create(call, version="1")

        with pytest.raises(Conflict, match=r"differs in: pip"):
            create(call, version="1", pip=["six==1.15.0"])

        assert first.version == again.version == "1"
        assert create(call, pip=["six==1.15.0"]).version == "2"
        assert [item.version for item in call("environments.list", name="small").items] == [
            "2",
            "1",
        ]

    def test_one_that_was_saved_loads_again(self, call: Call) -> None:
        saved = create(call, version="7").model_dump(mode="json")

        assert call("environments.create_or_update", asset=saved).version == "7"

    def test_validate_tells_what_runs_otherwise_and_what_does_not(self, call: Call) -> None:
        base = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
        mapped = call("environments.validate", asset={"name": "a", "image": base})
        conda = {"dependencies": ["samtools"]}
        foreign = call(
            "environments.validate", asset={"name": "a", "image": base, "conda_file": conda}
        )
        wrong = call("environments.validate", asset={"name": "a", "pips": ["x"]})

        assert mapped.passed
        assert "means a Python environment of this machine" in mapped.warnings[0]
        assert foreign.passed
        assert "'samtools'" in foreign.warnings[0]
        assert not wrong.passed
        assert "unknown key 'pips'" in wrong.errors[0]["message"]

    def test_all_that_a_job_can_name_is_offered(self, call: Call) -> None:
        create(call)

        found = call("environments.list_choices")

        assert (found[0].name, found[0].is_default) == ("default", True)
        kinds = {choice.name: choice.kind for choice in found}
        assert kinds["small"] == "environment"
        assert kinds["python3"] == "kernel"
        assert kinds["sklearn-1.5"] == "curated"


class TestBuilds:
    def test_an_environment_is_made_and_told_of(self, call: Call, room: Workroom) -> None:
        create(call)
        assert call("environments.get_build", name="small").state == "none"

        made = ready(call, room, "small")

        assert (made.state, made.version, made.requirements[0]) == ("ready", "1", "six==1.16.0")
        assert "six==1.16.0" in made.lock
        assert made.n_packages == len(call("environments.packages", name="small"))
        assert {"six"} < {package.name for package in call("environments.packages", name="small")}
        chunk = call("environments.read_log", name="small")
        assert "+ six==1.16.0" in chunk.text
        assert chunk.ended
        (row,) = call("environments.list_builds")
        assert (row.name, row.state, row.lock) == ("small", "ready", None)

    def test_jupyterlab_finds_its_kernel(self, call: Call, room: Workroom) -> None:
        create(call)

        made = ready(call, room, "small")

        file = room.path / "environments" / "kernels" / str(made.kernel) / "kernel.json"
        spec = json.loads(file.read_text())
        assert (made.kernel, spec["display_name"]) == ("small-1", "small 1")
        assert spec["argv"][0] == f"{made.path}/bin/python"
        assert spec["metadata"]["mlws_environment"] == "small:1"

    def test_one_that_cannot_be_made_says_why(self, call: Call, room: Workroom) -> None:
        call("environments.create_or_update", asset={"name": "bad", **IMPOSSIBLE})

        made = ready(call, room, "bad")

        assert made.state == "failed"
        assert "jupyter-client==8.6.3 depends on" in made.message
        assert "unsatisfiable" in call("environments.read_log", name="bad").text

    def test_one_that_was_never_made_has_no_log_and_no_packages(self, call: Call) -> None:
        create(call)

        with pytest.raises(NotFound, match="not built yet"):
            call("environments.read_log", name="small")
        with pytest.raises(NotFound, match="not built yet"):
            call("environments.packages", name="small")
        with pytest.raises(NotFound):
            call("environments.get_build", name="nothing")

    def test_what_a_kernel_has_can_be_created(self, call: Call) -> None:
        draft = call("environments.freeze_kernel", kernel="python3")

        assert any(line.startswith("ipykernel==") for line in draft.pip)
        assert "jupyter_mlws" in {name.replace("-", "_") for name in draft.left_out}
        with pytest.raises(NotFound):
            call("environments.freeze_kernel", kernel="../python3")


class TestJobs:
    def test_a_command_runs_in_it(self, call: Call, room: Workroom) -> None:
        create(call)
        name = room.submit(command=VERSION, environment="azureml:small:1")

        job = room.wait(name)

        built = call("environments.get_build", name="small")
        assert job.status is Status.COMPLETED, job.error
        assert log_of(room, name).split() == ["1.16.0", built.path]
        assert built.n_jobs == 1
        assert [used.name for used in call("environments.list_jobs", name="small")] == [name]
        use = call("environments.of_job", job=name)
        assert (use.name, use.version, use.identity) == ("small", "1", built.identity)
        assert ("six", "1.16.0") in {(item.name, item.version) for item in use.packages}
        assert "+ six==1.16.0" in log_of(room, name, "system_logs/environment.txt")

    def test_a_notebook_runs_on_its_kernel(self, call: Call, room: Workroom) -> None:
        create(call)
        cell = "import six, sys; print(six.__version__, sys.prefix)"
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
        code = room.snapshot({"n.ipynb": nbformat.writes(book).encode()})
        name = room.submit(type="notebook", notebook="n.ipynb", code=code, environment="small")

        job = room.wait(name)

        assert job.status is Status.COMPLETED, job.error
        path = call("environments.get_build", name="small").path
        assert f"1.16.0 {path}" in str(call("jobs.get_notebook", name=name).notebook)

    def test_a_second_job_finds_it_made(self, call: Call, room: Workroom) -> None:
        create(call)
        room.wait(room.submit(command="true", environment="small"))
        log = next((room.path / "environments").glob("*.log"))
        before = log.stat().st_ino

        second = room.submit(command="true", environment="small")

        assert room.wait(second).status is Status.COMPLETED
        assert log.stat().st_ino == before
        assert not (room.folder(second) / "system_logs" / "environment.txt").exists()

    def test_one_that_stands_in_the_job_is_a_hidden_version(
        self, call: Call, room: Workroom
    ) -> None:
        names = [
            room.submit(command=VERSION, environment={"pip": ["six==1.16.0"]}) for _ in range(2)
        ]

        jobs = [room.wait(name) for name in names]

        assert {job.status for job in jobs} == {Status.COMPLETED}
        (reference,) = {(job.model_extra or {})["environment"] for job in jobs}
        assert reference.startswith(f"azureml:{ANONYMOUS}:")
        assert room.wait(room.submit(command="true", environment=reference)).status.is_final
        assert call("environments.list").items == []
        (kept,) = call("environments.list", name=ANONYMOUS).items
        assert len(call("environments.list_jobs", name=ANONYMOUS, version=kept.version)) == 3
        assert not (room.path / "environments" / "kernels").exists()

    def test_one_that_cannot_be_made_fails_the_job_with_the_reason_and_the_log(
        self, room: Workroom
    ) -> None:
        name = room.submit(command="true", environment=IMPOSSIBLE)

        job = room.wait(name)

        assert job.status is Status.FAILED
        assert job.error
        assert job.error.message.startswith(f"Environment '{ANONYMOUS}:")
        assert "jupyter-client==8.6.3 depends on" in job.error.message
        assert "unsatisfiable" in job.error.log_tail
        assert "system_logs/environment.txt" in room.artifacts(name)

    def test_a_job_that_waits_for_it_can_be_canceled(self, room: Workroom) -> None:
        recipe = plain(["six==1.16.0"])
        (room.path / "environments").mkdir()
        with (room.path / "environments" / f".{recipe.digest}.held").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # as if another process were building it
            name = room.submit(command="true", environment={"pip": ["six==1.16.0"]})
            room.wait(name, Status.PREPARING)
            room.cancel(name)

            assert room.wait(name).status is Status.CANCELED

    def test_what_it_ran_in_is_known_of_every_job(self, call: Call, room: Workroom) -> None:
        name = room.submit(command="sleep 0.2")
        room.wait(name)

        use = call("environments.of_job", job=name)

        assert (use.name, use.version) == ("default", None)
        assert "ipykernel" in {package.name for package in use.packages}

    def test_an_unknown_environment_is_refused_before_anything_is_stored(
        self, call: Call, room: Workroom
    ) -> None:
        create(call)

        with pytest.raises(Invalid, match="Did you mean 'small'"):
            room.submit(command="true", environment="azureml:smal@latest")

        assert call("jobs.list").items == []

    def test_a_field_of_one_in_the_job_is_named_when_it_is_wrong(self, room: Workroom) -> None:
        with pytest.raises(Invalid) as refused:
            room.submit(command="true", environment={"conda": {}})

        assert refused.value.problems[0].field == "environment.conda"
        assert "Did you mean 'conda_file'" in refused.value.problems[0].message


class TestCare:
    def test_unused_environments_are_freed_and_made_anew_from_their_lock(
        self, call: Call, room: Workroom
    ) -> None:
        create(call, pip=["six<1.16"])
        made = ready(call, room, "small")
        month = time.time() - 31 * 86_400
        os.utime(made.path, (month, month))

        freed = call("workspaces.gc")

        assert (freed.n_environments, Path(made.path).exists()) == (1, False)
        assert freed.n_environment_bytes > 0
        assert not (room.path / "environments" / "kernels" / "small-1").exists()
        again = ready(call, room, "small")
        assert (again.identity, again.lock) == (made.identity, made.lock)

    def test_one_that_is_used_stays(self, call: Call, room: Workroom) -> None:
        create(call)
        made = ready(call, room, "small")

        assert call("workspaces.gc").n_environments == 0
        name = room.submit(
            command="python -c 'import time; print(1, flush=True); time.sleep(60)'",
            environment="small",
        )
        room.wait_for_log(name, b"1")
        assert call("workspaces.gc", environments_unused_days=0).n_environments == 0
        assert Path(made.path).exists()
        room.cancel(name)


def test_builds_that_are_asked_for_at_once_are_one(call: Call, room: Workroom) -> None:
    create(call)
    threads = [
        threading.Thread(target=call, args=("environments.build",), kwargs={"name": "small"})
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ready(call, room, "small")

    events = [
        event for event in room.store.events(limit=1000) if event.subject.startswith("build:")
    ]
    assert [event.change["state"] for event in events] == ["building", "ready"]
