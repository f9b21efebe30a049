from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_mlws.entities.job import Cause, CommandJob, JobSpec
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import records
from jupyter_mlws.execution.base import JobContext, Outcome, Report, Step
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.jobs import URL, Workroom

GATE = "while [ ! -e gate ]; do sleep 0.02; done"
ON = {"grace_s": 0.5}


def open_gate(room: Workroom, name: str) -> None:
    (room.folder(name) / "work" / "gate").touch()


class TestCourse:
    def test_a_job_passes_through_its_states_in_order(self, room: Workroom) -> None:
        job = room.run(command="echo done")

        events = [
            event.change["status"]
            for event in room.store.events(subject=f"job:{job.name}")
            if "status" in event.change
        ]
        order = [status.value for status in Status]
        assert events == sorted(events, key=order.index)
        assert events[0] == "Queued"
        assert events[-2:] == ["Finalizing", "Completed"]

    def test_times_are_those_of_the_process(self, room: Workroom) -> None:
        before = time.time()

        job = room.run(command="true")

        assert job.started_at
        assert job.ended_at
        assert before <= job.started_at.timestamp() + 0.001
        assert job.started_at <= job.ended_at

    def test_what_it_leaves_becomes_artifacts(self, room: Workroom) -> None:
        job = room.run(
            command="echo a > outputs/a.txt; mkdir logs/deep; echo b > logs/deep/b;"
            " echo c > ${{outputs.table}}; echo d > ${{outputs.model}}/d; echo e > elsewhere",
            outputs={"table": {"type": "uri_file"}, "model": {}},
        )

        assert room.artifacts(job.name) == {
            "outputs/a.txt": b"a\n",
            "logs/deep/b": b"b\n",
            "named-outputs/table": b"c\n",
            "named-outputs/model/d": b"d\n",
            "user_logs/std_log.txt": b"",
        }

    def test_a_failed_job_keeps_its_files_and_says_why(self, room: Workroom) -> None:
        job = room.run(command="echo half > outputs/a; echo went wrong >&2; exit 3")

        assert job.status is Status.FAILED
        assert job.error
        assert (job.error.cause, job.error.exit_code) == (Cause.USER_ERROR, 3)
        assert job.error.message == "The job ended with exit code 3."
        assert job.error.log_tail == "went wrong\n"
        assert room.artifacts(job.name)["outputs/a"] == b"half\n"

    def test_a_job_that_takes_too_long_is_canceled(self, room: Workroom) -> None:
        job = room.run(command="sleep 600", limits={"timeout": 1})

        assert job.status is Status.CANCELED
        assert job.error
        assert job.error.cause is Cause.TIMEOUT
        assert job.error.message == "The job ran longer than its limit of 1 s."

    def test_a_job_that_takes_too_much_memory_fails(self, room: Workroom) -> None:
        code = "x = bytearray(300_000_000); import time; time.sleep(600)"

        job = room.run(command=f'{sys.executable} -c "{code}"', limits={"memory": "100m"})

        assert job.status is Status.FAILED
        assert job.error
        assert job.error.cause is Cause.OUT_OF_MEMORY

    def test_a_crash_names_the_signal(self, room: Workroom) -> None:
        job = room.run(command="kill -SEGV $$")

        assert job.error
        assert job.error.message == "The job was ended by SIGSEGV."

    def test_system_metrics_lie_on_the_run(self, room: Workroom) -> None:
        job = room.run(command="true")

        keys = {point.key for point in room.store.get_run(job.name).metrics}
        assert {
            "system/cpu_utilization_percentage",
            "system/system_memory_usage_megabytes",
        } <= keys

    def test_literal_inputs_become_params(self, room: Workroom) -> None:
        job = room.run(command="echo ${{inputs.lr}}", inputs={"lr": 0.1, "flag": True})

        assert room.store.get_run(job.name).params == {"lr": "0.1", "flag": "True"}
        assert room.log(job.name) == b"0.1\n"

    def test_a_param_that_the_job_has_logged_stays(self, room: Workroom) -> None:
        name = room.submit(command=GATE, inputs={"lr": 0.1})
        room.wait(name, Status.RUNNING)
        with room.store.change("job", "runs/write", f"run:{name}") as tx:
            tx.log(name, params={"lr": "1e-1"})

        open_gate(room, name)
        room.wait(name)

        assert room.store.get_run(name).params == {"lr": "1e-1"}

    def test_live_files_are_kept_while_the_job_runs(
        self, room: Workroom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("jupyter_mlws.execution.attempt.HARVEST_GAP_S", 0.1)
        monkeypatch.setattr("jupyter_mlws.execution.artifacts.SETTLED_S", 0.1)
        name = room.submit(command=f"echo early > outputs/a; {GATE}")

        room.until(lambda: "outputs/a" in room.artifacts(name), lambda: "not kept")

        assert room.job(name).status is Status.RUNNING
        open_gate(room, name)
        assert room.wait(name).status is Status.COMPLETED


class TestSurroundings:
    def test_the_working_folder_is_a_writable_copy_of_the_code(self, room: Workroom) -> None:
        code = room.snapshot({"train.py": b"print('trained')", "lib/a.txt": b"a"})
        command = "python train.py; echo more >> lib/a.txt; cat lib/a.txt"

        job = room.run(command=command, code=code)

        assert room.log(job.name) == b"trained\namore\n"

    def test_the_code_itself_is_never_changed(self, room: Workroom) -> None:
        code = room.snapshot({"a.txt": b"a"})

        for _ in range(2):
            job = room.run(command="echo more >> a.txt; cat a.txt", code=code)

        assert room.log(job.name) == b"amore\n"

    def test_it_has_the_variables_of_azure_ml_and_mlflow(self, room: Workroom) -> None:
        job = room.run(
            command="env -0",
            experiment_name="Digits",
            inputs={"data": {"path": room.snapshot({"x": b""}), "type": "uri_folder"}, "lr": 1},
            outputs={"Model": None},
            environment_variables={"MINE": "${{inputs.lr}} of ${{name}}", "MLFLOW_RUN_ID": "other"},
        )

        env = dict(line.split("=", 1) for line in room.log(job.name).decode().split("\0") if line)
        folder = room.folder(job.name)
        assert env["AZUREML_RUN_ID"] == env["AZUREML_ROOT_RUN_ID"] == job.name
        assert env["AZUREML_ARM_PROJECT_NAME"] == env["MLFLOW_EXPERIMENT_NAME"] == "Digits"
        assert env["MLFLOW_TRACKING_URI"] == f"{URL}/mlflow"
        assert env["MLWS_URL"] == URL
        assert env["AZURE_ML_INPUT_data"] == str(folder / "inputs" / "data")
        assert "AZURE_ML_INPUT_lr" not in env
        assert env["AZURE_ML_OUTPUT_Model"] == str(folder / "named-outputs" / "Model")
        assert env["PATH"].split(":")[0] == str(Path(sys.executable).parent)
        assert env["MINE"] == f"1 of {job.name}"
        assert env["MLFLOW_RUN_ID"] == "other"

    def test_it_inherits_nothing_that_is_the_services_own(
        self, room: Workroom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("MLWS_OWNER_TOKEN", "JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN"):
            monkeypatch.setenv(name, "secret-of-the-service")

        job = room.run(command="env")

        assert b"secret-of-the-service" not in room.log(job.name)

    def test_the_token_is_in_no_log(self, room: Workroom) -> None:
        job = room.run(command="echo token: $MLWS_TOKEN; echo ${#MLWS_TOKEN}")

        assert room.minted == room.revoked == [job.name]
        shown, length = room.log(job.name).splitlines()
        assert shown == b"token: [REDACTED]"
        assert int(length) == len(f"token-of-{job.name}-1")

    def test_inputs_are_read_only_files(self, room: Workroom) -> None:
        data = room.snapshot({"deep/a.csv": b"1,2"})

        job = room.run(
            command="cat ${{inputs.data}}/deep/a.csv; stat -c %a ${{inputs.data}}/deep/a.csv",
            inputs={"data": {"path": data}},
        )

        assert room.log(job.name) == b"1,2400\n"

    def test_a_jobs_output_is_another_jobs_input(self, room: Workroom) -> None:
        first = room.run(
            command="echo 1 > ${{outputs.table}}; echo 2 > outputs/two",
            outputs={"table": {"type": "uri_file"}},
        )

        second = room.run(
            command="cat ${{inputs.a}} ${{inputs.b}} ${{inputs.c}}/two",
            inputs={
                "a": {"type": "uri_file", "path": f"azureml://jobs/{first.name}/outputs/table"},
                "b": {"type": "uri_file", "path": f"runs:/{first.name}/outputs/two"},
                "c": {"path": f"azureml://jobs/{first.name}/outputs/artifacts/paths/outputs/"},
            },
        )

        assert room.log(second.name) == b"1\n2\n2\n"


class TestCancel:
    def test_a_waiting_job_ends_at_once(self, room: Workroom) -> None:
        room.set_slots(1)
        first = room.submit(command=GATE)
        room.wait(first, Status.RUNNING)
        waiting = room.submit(command="echo never")

        room.cancel(waiting)

        assert room.job(waiting).status is Status.CANCELED
        open_gate(room, first)
        room.wait(first)
        assert not room.folder(waiting).exists()

    def test_a_running_job_ends_with_its_whole_tree(self, room: Workroom) -> None:
        line = "setsid sleep 600 & echo $!; (setsid bash -c 'echo $$; sleep 600; true' &); wait"
        name = room.submit(command=line)
        room.until(lambda: room.log(name).count(b"\n") == 2, lambda: "no children")
        pids = [int(pid) for pid in room.log(name).split()]

        room.cancel(name)
        job = room.wait(name)

        assert (job.status, job.error) == (Status.CANCELED, None)
        assert not [pid for pid in pids if psutil.pid_exists(pid)]

    def test_canceling_twice_is_no_error(self, room: Workroom) -> None:
        name = room.submit(command="sleep 600")
        room.wait(name, Status.RUNNING)

        room.cancel(name)
        room.cancel(name)

        assert room.wait(name).status is Status.CANCELED

    def test_a_canceled_job_keeps_its_files(self, room: Workroom) -> None:
        name = room.submit(command="echo kept > outputs/a; echo up; sleep 600")
        room.wait_for_log(name, b"up")

        room.cancel(name)
        room.wait(name)

        assert room.artifacts(name)["outputs/a"] == b"kept\n"


class TestRetry:
    def test_a_failed_job_starts_again_by_itself(self, room: Workroom) -> None:
        job = room.run(
            command="pwd; case $PWD in */3/work) exit 0;; *) exit 1;; esac",
            retry_settings={"max_retries": 2},
        )

        assert (job.status, job.attempt, job.error) == (Status.COMPLETED, 3, None)

    def test_it_gives_up_after_as_many_retries_as_were_asked_for(self, room: Workroom) -> None:
        job = room.run(command="exit 1", retry_settings={"max_retries": 1})

        assert (job.status, job.attempt) == (Status.FAILED, 2)
        assert room.dispatcher.folder(job.name, 1).exists()

    def test_a_canceled_job_does_not_start_again(self, room: Workroom) -> None:
        name = room.submit(command="sleep 600", retry_settings={"max_retries": 3})
        room.wait(name, Status.RUNNING)

        room.cancel(name)

        assert room.wait(name).attempt == 1


class TestQueue:
    def test_no_more_jobs_run_than_there_are_slots(self, room: Workroom) -> None:
        names = [room.submit(command=GATE) for _ in range(4)]
        for name in names[:2]:
            room.wait(name, Status.RUNNING)

        load = room.dispatcher.load()["local"]

        assert (load.running, load.queued, load.slots_used) == (names[:2], names[2:], 2)
        assert [room.job(name).status for name in names[2:]] == [Status.QUEUED] * 2
        for name in names:
            room.wait(name, Status.RUNNING)
            open_gate(room, name)
        assert {room.wait(name).status for name in names} == {Status.COMPLETED}

    def test_more_slots_start_more_jobs(self, room: Workroom) -> None:
        names = [room.submit(command=GATE) for _ in range(3)]
        for name in names[:2]:
            room.wait(name, Status.RUNNING)

        room.set_slots(3)
        room.wait(names[2], Status.RUNNING)

        for name in names:
            open_gate(room, name)

    def test_it_is_idle_when_nothing_waits_or_runs(self, room: Workroom) -> None:
        before = room.dispatcher.is_idle
        name = room.submit(command=GATE)
        room.wait(name, Status.RUNNING)
        during = room.dispatcher.is_idle

        open_gate(room, name)
        room.wait(name)

        assert (before, during) == (True, False)
        room.until(lambda: room.dispatcher.is_idle, lambda: "never idle")


class Faulty(CommandJobType):
    """A plug-in with a fault at one place."""

    def __init__(self, at: str) -> None:
        self.at = at

    def plan(self, context: JobContext) -> Step:
        if self.at == "plan":
            raise ZeroDivisionError("a fault of the plug-in")
        return super().plan(context)

    def progress(self, context: JobContext) -> None:
        if self.at == "progress":
            raise ZeroDivisionError("a fault of the plug-in")

    def finish(self, context: JobContext, report: Report) -> Outcome:
        if self.at == "finish":
            raise ZeroDivisionError("a fault of the plug-in")
        return Outcome(metrics={"score": 0.5}, tags={"seen": "yes"}, params={"lr": "0.1"})


class TestGuard:
    @pytest.mark.parametrize("at", ["plan", "finish"])
    def test_a_fault_of_a_job_type_fails_the_job_alone(self, at: str, tmp_path: Path) -> None:
        with Workroom(tmp_path, types={"command": Faulty(at)}) as room:
            job = room.run(command="true")

            assert job.status is Status.FAILED
            assert job.error
            assert job.error.cause is Cause.PREPARATION
            assert job.error.message.startswith("ZeroDivisionError: a fault of the plug-in")
            assert b"in " + at.encode() in room.artifacts(job.name)["system_logs/preparation.txt"]
            assert room.revoked == [job.name]

    def test_a_fault_while_it_runs_does_not_matter(self, tmp_path: Path) -> None:
        with Workroom(tmp_path, types={"command": Faulty("progress")}) as room:
            job = room.run(command="true")

            assert job.status is Status.COMPLETED

    def test_what_a_job_type_logs_lies_on_the_run(self, tmp_path: Path) -> None:
        with Workroom(tmp_path, types={"command": Faulty("nowhere")}) as room:
            run = room.store.get_run(room.run(command="true").name)

        assert ("score", 0.5) in {(point.key, point.value) for point in run.metrics}
        assert run.params == {"lr": "0.1"}
        assert run.tags["seen"] == "yes"


@pytest.mark.parametrize(
    ("doc", "message"),
    [
        ({"compute": "gone"}, "There is no compute 'gone' any more."),
        (
            {"spec": {"type": "command", "of_a_later_release": 1}},
            "unknown key 'of_a_later_release'",
        ),
    ],
)
def test_a_job_that_can_no_longer_run_fails_and_says_why(
    tmp_path: Path, doc: dict[str, Any], message: str
) -> None:
    first = Workroom(tmp_path, types={"command": CommandJobType()})
    first.set_slots(1)
    name = first.submit(command="true", name="old")
    first.wait(name)
    first.close()
    with closing(SqliteStore(tmp_path / "workspace.db")) as store:
        was = records.get(store, name).doc
        with store.change("test", "test", f"job:{name}") as tx:
            tx.update_run(name, status=Status.PREPARING.value)
            tx.put_record(records.KIND, name, {**was, **doc})

    with Workroom(tmp_path, types={"command": CommandJobType()}) as second:
        job = second.wait(name)

        assert job.status is Status.FAILED
        assert job.error
        assert message in job.error.message


def test_a_value_that_no_process_can_have_fails_the_job(room: Workroom) -> None:
    job = room.run(command="echo ${{inputs.x}}", inputs={"x": "a\0b"})

    assert job.status is Status.FAILED
    assert job.error
    assert job.error.cause is Cause.PREPARATION
    assert "embedded null byte" in job.error.message


def test_nobody_else_can_read_a_jobs_folder(room: Workroom) -> None:
    code = room.snapshot({"a/b/c": b""})

    job = room.run(
        command="mkdir outputs/x; touch outputs/x/y", code=code, inputs={"d": {"path": code}}
    )

    jobs = room.folder(job.name).parents[1]
    assert [p for p in (jobs, *jobs.rglob("*")) if p.stat().st_mode & 0o077] == []


class Confidential(CommandJobType):
    """A job type with a secret input."""

    def secret_inputs(self, spec: JobSpec, read: Any) -> set[str]:
        return {"password"}

    def plan(self, context: JobContext) -> Step:
        assert isinstance(context.spec, CommandJob)
        env = {**context.env, "PASSWORD": context.secrets["password"]}
        return Step(["bash", "-c", context.spec.command], context.folder / "work", env)


def test_secret_inputs_are_nowhere_but_in_the_process(tmp_path: Path) -> None:
    with Workroom(tmp_path, types={"command": Confidential()}) as room:
        job = room.run(
            command="echo is $PASSWORD; [ ${#PASSWORD} = 11 ]",
            inputs={"password": "open-sesame"},
        )

        assert job.status is Status.COMPLETED
        assert room.log(job.name) == b"is [REDACTED]\n"
        assert (tmp_path / "secrets.key").stat().st_mode & 0o077 == 0
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"open-sesame" not in everything


class TestRestart:
    def open(self, path: Path) -> Workroom:
        return Workroom(
            path,
            types={"command": CommandJobType()},
            computes={"local": LocalCompute(path, grace_s=0.5)},
        )

    def test_jobs_run_on_and_are_taken_up(self, tmp_path: Path) -> None:
        first = self.open(tmp_path)
        name = first.submit(command=f"echo once >> $PWD/../../count; {GATE}; echo done")
        first.wait(name, Status.RUNNING)
        first.close()

        with self.open(tmp_path) as second:
            running = second.job(name).status
            open_gate(second, name)
            job = second.wait(name)

            assert running is Status.RUNNING
            assert job.status is Status.COMPLETED
            assert second.log(name) == b"done\n"
            assert (second.folder(name).parent / "count").read_text() == "once\n"
            assert second.revoked == [name]

    def test_a_job_that_ended_meanwhile_is_finished(self, tmp_path: Path) -> None:
        first = self.open(tmp_path)
        name = first.submit(command=f"{GATE}; echo x > outputs/a; exit 4")
        first.wait(name, Status.RUNNING)
        folder, supervisor = first.folder(name), _supervisor(first, name)
        first.close()
        (folder / "work" / "gate").touch()
        psutil.wait_procs([supervisor], timeout=30)

        with self.open(tmp_path) as second:
            job = second.wait(name)

            assert job.error
            assert job.error.exit_code == 4
            assert second.artifacts(name)["outputs/a"] == b"x\n"

    def test_waiting_jobs_wait_on(self, tmp_path: Path) -> None:
        first = self.open(tmp_path)
        first.set_slots(1)
        running, waiting = first.submit(command=GATE), first.submit(command="echo mine")
        first.wait(running, Status.RUNNING)
        first.close()

        with self.open(tmp_path) as second:
            assert second.job(waiting).status is Status.QUEUED
            open_gate(second, running)
            assert second.wait(waiting).status is Status.COMPLETED

    @pytest.mark.parametrize("status", [Status.PREPARING, Status.STARTING])
    def test_an_attempt_that_had_not_begun_begins(self, tmp_path: Path, status: Status) -> None:
        first = self.open(tmp_path)
        first.set_slots(1)
        running, name = first.submit(command=GATE), first.submit(command="echo begun")
        first.wait(running, Status.RUNNING)
        first.close()
        with self.open_store(tmp_path, name, status=status):
            pass

        with self.open(tmp_path) as second:
            open_gate(second, running)
            assert second.wait(name).status is Status.COMPLETED
            assert second.log(name) == b"begun\n"

    def test_a_cancel_that_was_asked_for_is_carried_out(self, tmp_path: Path) -> None:
        first = self.open(tmp_path)
        name = first.submit(command="sleep 600")
        first.wait(name, Status.RUNNING)
        first.close()
        with self.open_store(tmp_path, name, status=Status.CANCEL_REQUESTED):
            pass

        with self.open(tmp_path) as second:
            assert second.wait(name).status is Status.CANCELED

    def open_store(self, path: Path, name: str, *, status: Status) -> Any:
        store = SqliteStore(path / "workspace.db")
        with store.change("test", "test", f"job:{name}") as tx:
            tx.update_run(name, status=status.value)
        return closing(store)

    def test_a_killed_supervisor_fails_the_job_and_ends_its_tree(self, room: Workroom) -> None:
        name = room.submit(command="setsid sleep 600 & echo $!; wait")
        room.until(lambda: room.log(name).endswith(b"\n"), lambda: "no child")
        room.wait(name, Status.RUNNING)
        child = int(room.log(name))

        os.kill(_supervisor(room, name).pid, signal.SIGKILL)
        job = room.wait(name)

        assert job.status is Status.FAILED
        assert job.error
        assert job.error.cause is Cause.SUPERVISOR_LOST
        assert not psutil.pid_exists(child)


def test_without_the_bell_jobs_end_too(tmp_path: Path) -> None:
    path = tmp_path / "workspace"
    (path / "runtime" / "bell.sock").mkdir(parents=True)

    with Workroom(path, types={"command": CommandJobType()}) as room:
        assert room.run(command="echo on").status is Status.COMPLETED


def test_a_deep_workspace_has_a_bell(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 80) / ("b" * 80)

    with Workroom(path, types={"command": CommandJobType()}) as room:
        rings = room.n_rings
        assert room.run(command="echo on").status is Status.COMPLETED
        assert room.n_rings > rings


def test_mlflow_clients_do_not_make_jobs(room: Workroom) -> None:
    with room.store.change("ana", "runs/write", "run:r") as tx:
        tx.create_run("r", 0, name="r", user="ana", status="Running")

    room.run(command="true")

    assert room.store.find_record(records.KIND, "r") is None
    assert room.store.get_run("r").status == "Running"


def _supervisor(room: Workroom, name: str) -> psutil.Process:
    claim: Mapping[str, Any] = json.loads((room.folder(name) / "supervisor" / "claim").read_bytes())
    return psutil.Process(claim["pid"])
