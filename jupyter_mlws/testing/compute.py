"""What every compute promises, as tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlws.entities.job import Cause
from jupyter_mlws.execution.base import Compute, Handle, Report, Step

PATIENCE_S = 30
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def shell(line: str, folder: Path, **more: object) -> Step:
    """The step that runs a shell line in `folder`."""
    return Step(["bash", "-c", line], cwd=folder, env=ENV, **more)  # type: ignore[arg-type]


def ended(compute: Compute, handle: Handle) -> Report:
    """The report of a step that will end."""
    wait_until(lambda: compute.poll(handle).state == "ended", lambda: str(compute.poll(handle)))
    return compute.poll(handle)


def wait_until(condition: Callable[[], bool], message: Callable[[], str] = lambda: "") -> None:
    """Go on as soon as `condition` holds; for what nobody tells us of."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, message()
        time.sleep(0.005)


def log_of(folder: Path) -> bytes:
    """What the step in `folder` has written so far."""
    path = folder / "user_logs" / "std_log.txt"
    return path.read_bytes() if path.exists() else b""


class ComputeSuite:
    """Tests of a compute: subclass it and give the fixture `make`.

    `make()` answers a compute of one and the same place, each time a new instance, as after a restart.
    """

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The folder of an attempt."""
        folder = tmp_path / "jobs" / "j" / "1"
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def test_output_and_error_go_to_the_log_in_order(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        step = shell("echo one; echo two >&2; echo three", folder)

        report = ended(make(), make().submit(step, folder))

        assert log_of(folder) == b"one\ntwo\nthree\n"
        assert (report.exit_code, report.cause, report.canceled) == (0, None, False)

    def test_the_log_is_written_while_the_step_runs(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        compute = make()
        handle = compute.submit(shell("printf begun; exec sleep 600", folder), folder)

        wait_until(lambda: log_of(folder) == b"begun")

        assert compute.poll(handle).state == "running"
        compute.cancel(handle)
        ended(compute, handle)

    def test_the_exit_code_is_told(self, make: Callable[[], Compute], folder: Path) -> None:
        report = ended(make(), make().submit(shell("exit 7", folder), folder))

        assert report.exit_code == 7
        assert report.started_ms
        assert report.ended_ms
        assert report.ended_ms >= report.started_ms

    def test_the_step_gets_its_folder_and_environment_and_nothing_else(
        self, make: Callable[[], Compute], folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OF_THE_SERVICE", "1")
        (folder / "work").mkdir()
        step = Step(
            ["bash", "-c", "pwd; echo $HERE$OF_THE_SERVICE"], folder / "work", {**ENV, "HERE": "ü"}
        )

        ended(make(), make().submit(step, folder))

        assert log_of(folder).decode() == f"{folder / 'work'}\nü\n"

    def test_one_attempt_starts_once_however_often_it_is_submitted(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        step = shell("echo started >> starts", folder)

        handles = [make().submit(step, folder) for _ in range(3)]

        assert [ended(make(), handle).exit_code for handle in handles] == [0, 0, 0]
        assert (folder / "starts").read_text() == "started\n"

    def test_a_new_instance_takes_up_a_running_step_by_its_handle(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        first = make()
        handle = first.submit(
            shell("while [ ! -e gate ]; do sleep 0.05; done; exit 4", folder), folder
        )
        first.close()

        states = {make().poll(handle).state}
        (folder / "gate").touch()

        assert states <= {"starting", "running"}
        assert ended(make(), handle).exit_code == 4

    def test_a_step_is_found_by_its_folder(self, make: Callable[[], Compute], folder: Path) -> None:
        before = make().find(folder)
        handle = make().submit(shell("true", folder), folder)

        assert before is None
        assert make().find(folder) == handle
        ended(make(), handle)

    def test_cancel_ends_the_whole_tree(self, make: Callable[[], Compute], folder: Path) -> None:
        compute = make()
        line = "sleep 600 & setsid sleep 600 & (setsid bash -c 'sleep 600; true' &); echo up; wait"
        handle = compute.submit(shell(line, folder), folder)
        wait_until(lambda: b"up" in log_of(folder))

        compute.cancel(handle)
        report = ended(compute, handle)

        assert report.canceled
        assert report.cause is None

    def test_cancel_lets_the_step_say_goodbye(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        compute = make()
        line = "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"
        handle = compute.submit(shell(line, folder), folder)
        wait_until(lambda: b"up" in log_of(folder))

        compute.cancel(handle)
        report = ended(compute, handle)

        assert b"bye" in log_of(folder)
        assert (report.canceled, report.exit_code) == (True, 5)

    def test_a_step_that_does_not_want_to_end_is_killed(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        compute = make()
        line = "trap '' TERM; echo up; while :; do sleep 0.05; done"
        handle = compute.submit(shell(line, folder), folder)
        wait_until(lambda: b"up" in log_of(folder))

        compute.cancel(handle)

        assert ended(compute, handle).exit_code == -9

    def test_canceling_what_has_ended_changes_nothing(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        compute = make()
        handle = compute.submit(shell("true", folder), folder)
        before = ended(compute, handle)

        compute.cancel(handle)

        assert compute.poll(handle) == before

    def test_a_step_that_runs_too_long_is_ended(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        handle = make().submit(shell("sleep 600", folder, timeout_s=0.2), folder)

        report = ended(make(), handle)

        assert report.cause is Cause.TIMEOUT
        assert not report.canceled

    def test_a_step_that_takes_too_much_memory_is_ended(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        line = "x=$(head -c 300000000 /dev/zero | tr '\\0' x); sleep 600"
        handle = make().submit(shell(line, folder, memory_bytes=100_000_000), folder)

        report = ended(make(), handle)

        assert report.cause is Cause.OUT_OF_MEMORY
        assert "100 MB" in report.message

    def test_secret_values_reach_no_log(self, make: Callable[[], Compute], folder: Path) -> None:
        line = "printf 'a s3cr'; sleep 0.1; printf 'et b\\n'"

        ended(make(), make().submit(shell(line, folder, redact=["s3cret"]), folder))

        assert log_of(folder) == b"a [REDACTED] b\n"

    def test_usage_is_read_piece_by_piece(self, make: Callable[[], Compute], folder: Path) -> None:
        handle = make().submit(shell("true", folder), folder)
        ended(make(), handle)

        samples, position = make().usage(handle, 0)
        more, same = make().usage(handle, position)

        assert samples
        assert all("time_ms" in sample for sample in samples)
        assert (more, same) == ([], position)
