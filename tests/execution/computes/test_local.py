from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_mlws.entities.job import Cause
from jupyter_mlws.execution.base import Compute, Step
from jupyter_mlws.execution.computes.local import MAX_KINDS, LocalCompute
from jupyter_mlws.testing.compute import ENV, ComputeSuite, ended, log_of, shell, wait_until


class TestLocalCompute(ComputeSuite):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Iterator[Callable[[], Compute]]:
        made: list[LocalCompute] = []

        def make() -> Compute:
            made.append(LocalCompute(tmp_path, grace_s=0.5))
            return made[-1]

        yield make
        for compute in made:
            compute.close()

    def test_a_killed_supervisor_takes_the_tree_with_it(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        compute = make()
        line = "setsid sleep 600 & echo $!; (setsid bash -c 'echo $$; sleep 600; true' &); wait"
        handle = compute.submit(shell(line, folder), folder)
        wait_until(lambda: log_of(folder).count(b"\n") == 2)
        strays = [int(pid) for pid in log_of(folder).split()]

        os.kill(_claim(folder)["pid"], signal.SIGKILL)
        report = ended(make(), handle)

        assert report.cause is Cause.SUPERVISOR_LOST
        assert not [pid for pid in strays if _runs(pid)]
        assert ended(make(), handle) == report

    def test_cancel_leaves_no_process_behind(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        compute = make()
        handle = compute.submit(
            shell("setsid bash -c 'trap \"\" TERM; echo $$; sleep 600; sleep 600' & wait", folder),
            folder,
        )
        wait_until(lambda: log_of(folder).endswith(b"\n"))
        stubborn = int(log_of(folder))

        compute.cancel(handle)
        ended(compute, handle)

        assert not _runs(stubborn)

    def test_what_a_step_leaves_behind_ends_with_it(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        handle = make().submit(shell("setsid sleep 600 & echo $!", folder), folder)

        report = ended(make(), handle)

        assert report.exit_code == 0
        assert not _runs(int(log_of(folder)))

    def test_a_supervisor_outlives_the_process_that_submitted(
        self, make: Callable[[], Compute], folder: Path, tmp_path: Path
    ) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "from jupyter_mlws.execution.base import Step\n"
            "from jupyter_mlws.execution.computes.local import LocalCompute\n"
            "folder = Path(sys.argv[2])\n"
            "line = 'while [ ! -e gate ]; do sleep 0.05; done; echo alive'\n"
            "LocalCompute(Path(sys.argv[1])).submit(Step(['bash', '-c', line], folder, {}), folder)\n"
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        )
        service = psutil.Popen([sys.executable, "-c", code, str(tmp_path), str(folder)])
        assert service.wait() == -signal.SIGKILL
        handle = make().find(folder)
        assert handle

        (folder / "gate").touch()

        assert ended(make(), handle).exit_code == 0
        assert log_of(folder) == b"alive\n"

    def test_a_program_that_is_missing_is_named(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        handle = make().submit(Step(["no-such-program"], folder, ENV), folder)

        report = ended(make(), handle)

        assert report.cause is Cause.PREPARATION
        assert "no-such-program" in report.message

    def test_a_line_of_200_mb_passes_with_flat_memory(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        step = shell("head -c 200000000 /dev/zero | tr '\\0' x", folder, redact=["a-secret-value"])
        handle = make().submit(step, folder)
        wait_until((folder / "supervisor" / "claim").exists)
        supervisor = psutil.Process(_claim(folder)["pid"])

        peak = 0
        while make().poll(handle).state != "ended":
            try:
                peak = max(peak, supervisor.memory_info().rss)
            except psutil.NoSuchProcess:
                break

        log = folder / "user_logs" / "std_log.txt"
        assert ended(make(), handle).exit_code == 0
        assert log.stat().st_size == 200_000_000
        assert log.read_bytes().count(b"x") == 200_000_000
        assert peak < 60_000_000

    def test_bytes_that_are_no_text_pass_unharmed(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        data = bytes(range(256)) * 1000
        (folder / "data").write_bytes(data)

        ended(make(), make().submit(shell("cat data", folder), folder))

        assert log_of(folder) == data

    def test_a_log_that_cannot_be_written_fails_the_step(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        (folder / "user_logs").mkdir()
        (folder / "user_logs" / "std_log.txt").symlink_to("/dev/full")

        report = ended(make(), make().submit(shell("echo lost; sleep 600", folder), folder))

        assert report.cause is Cause.STORAGE
        assert "No space left" in report.message

    def test_canceled_before_it_began_it_never_begins(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        (folder / "supervisor").mkdir()
        (folder / "supervisor" / "cancel").touch()

        report = ended(make(), make().submit(shell("touch begun", folder), folder))

        assert report.canceled
        assert not (folder / "begun").exists()

    def test_cpu_and_memory_are_those_of_the_tree(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        code = "import os; x = bytearray(200_000_000)\nwhile not os.path.exists('gate'): pass"
        step = Step(["bash", "-c", f'{sys.executable} -c "{code}"; true'], folder, ENV)
        compute = make()
        handle = compute.submit(step, folder)

        wait_until(
            lambda: (
                max(
                    (s["system_memory_usage_megabytes"] for s in compute.usage(handle, 0)[0]),
                    default=0,
                )
                > 190
            )
        )
        (folder / "gate").touch()
        ended(compute, handle)

        samples, _ = make().usage(handle, 0)
        assert 0 < max(sample["cpu_utilization_percentage"] for sample in samples) <= 100

    def test_gpus_are_sampled_where_their_tool_is(
        self,
        make: Callable[[], Compute],
        folder: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        tool = tmp_path / "bin" / "nvidia-smi"
        tool.parent.mkdir()
        tool.write_text("#!/bin/sh\necho '35, 1024, 4096, [N/A]'\n")
        tool.chmod(0o700)
        monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
        compute = make()
        handle = compute.submit(shell("while [ ! -e gate ]; do sleep 0.05; done", folder), folder)

        wait_until(
            lambda: any("gpu_0_utilization_percentage" in s for s in compute.usage(handle, 0)[0])
        )
        (folder / "gate").touch()
        ended(compute, handle)

        sample = next(s for s in compute.usage(handle, 0)[0] if "gpu_0_utilization_percentage" in s)
        assert sample["gpu_0_utilization_percentage"] == 35
        assert sample["gpu_0_memory_usage_percentage"] == 25
        assert "gpu_0_power_usage_watts" not in sample

    def test_folders_of_an_attempt_are_the_owners_alone(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        ended(make(), make().submit(shell("echo x > mine", folder), folder))

        loose = [p for p in folder.rglob("*") if p.lstat().st_mode & 0o077]

        assert loose == []

    def test_limits_of_the_service_reach_no_step(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        ended(make(), make().submit(shell("kill -l; ulimit -n; trap -p", folder), folder))

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert f"\n{soft}\n".encode() in log_of(folder)

    def test_broken_pipes_end_programs_as_in_a_shell(
        self, make: Callable[[], Compute], folder: Path
    ) -> None:
        step = shell("yes | head -1; echo ${PIPESTATUS[0]}", folder)

        ended(make(), make().submit(step, folder))

        assert log_of(folder) == b"y\n141\n"


class TestStandby:
    @pytest.fixture
    def compute(self, tmp_path: Path) -> Iterator[LocalCompute]:
        compute = LocalCompute(tmp_path, grace_s=0.5)
        yield compute
        compute.close()

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "jobs" / "j" / "1"
        folder.mkdir(parents=True)
        return folder

    ARGV = ("bash", "-c", 'echo "$$ ready as $WHO"; read -r folder; echo "works in $folder"')

    def step(self, folder: Path) -> Step:
        return Step(self.ARGV, folder, {**ENV, "WHO": "job"}, standby=True)

    def test_a_waiting_process_takes_the_step(self, compute: LocalCompute, folder: Path) -> None:
        compute.prepare(self.ARGV, {**ENV, "WHO": "standby"}, 1)

        report = ended(compute, compute.submit(self.step(folder), folder))

        assert report.exit_code == 0
        ready, works = log_of(folder).decode().splitlines()
        assert ready.endswith("ready as standby")
        assert works == f"works in {folder}"

    def test_without_a_waiting_process_the_step_starts_the_same_way(
        self, compute: LocalCompute, folder: Path
    ) -> None:
        report = ended(compute, compute.submit(self.step(folder), folder))

        assert report.exit_code == 0
        ready, works = log_of(folder).decode().splitlines()
        assert ready.endswith("ready as job")
        assert works == f"works in {folder}"

    def test_the_environment_of_a_step_is_written_nowhere(
        self, compute: LocalCompute, folder: Path
    ) -> None:
        compute.prepare(self.ARGV, ENV, 1)

        ended(compute, compute.submit(self.step(folder), folder))

        texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
        assert not any('"WHO"' in text for text in texts)

    def test_each_waiting_process_serves_one_step(
        self, compute: LocalCompute, tmp_path: Path
    ) -> None:
        compute.prepare(self.ARGV, {**ENV, "WHO": "standby"}, 1)
        folders = [tmp_path / "jobs" / "j" / str(n) for n in range(3)]
        for folder in folders:
            folder.mkdir(parents=True)
            ended(compute, compute.submit(self.step(folder), folder))

        pids = {log_of(folder).split()[0] for folder in folders}

        assert len(pids) == 3
        assert all(b"as standby" in log_of(folder) for folder in folders)

    def test_a_waiting_process_that_has_died_is_replaced(
        self, compute: LocalCompute, folder: Path
    ) -> None:
        argv = ("bash", "-c", '[ "$WHO" = standby ] && exit 3; read -r folder; echo served')
        before = _dead_grandchildren()
        compute.prepare(argv, {**ENV, "WHO": "standby"}, 1)
        wait_until(lambda: bool(_dead_grandchildren() - before))

        step = Step(argv, folder, {**ENV, "WHO": "job"}, standby=True)
        report = ended(compute, compute.submit(step, folder))

        assert report.exit_code == 0
        assert log_of(folder) == b"served\n"

    def test_waiting_processes_end_with_the_service(self, tmp_path: Path) -> None:
        code = (
            "import sys, psutil; from pathlib import Path\n"
            "from jupyter_mlws.execution.computes.local import LocalCompute\n"
            "compute = LocalCompute(Path(sys.argv[1]))\n"
            "compute.prepare(['bash', '-c', 'setsid sleep 600 & read -r line'], {}, 2)\n"
            "found = []\n"
            "while sum(p.name() == 'sleep' for p in found) < 2:\n"
            "    found = psutil.Process().children(recursive=True)\n"
            "print(*(p.pid for p in found), flush=True)\n"
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        )
        service = psutil.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=-1)
        pids = [int(pid) for pid in service.communicate()[0].split()]

        wait_until(lambda: not [pid for pid in pids if _runs(pid)])

        assert len(pids) >= 6

    def test_only_the_kinds_asked_for_last_wait(self, compute: LocalCompute) -> None:
        for number in range(MAX_KINDS + 2):
            compute.prepare(["bash", "-c", f"read -r line; echo {number}"], ENV, 1)

        def waiting() -> set[str]:
            found = set()
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    command = " ".join(process.cmdline())
                    found.update(re.findall("read -r line; echo ([0-9])$", command))
            return found

        wait_until(lambda: waiting() == set("2345"), lambda: str(waiting()))

    def test_an_assigned_process_outlives_the_pool(
        self, compute: LocalCompute, folder: Path
    ) -> None:
        argv = (
            "bash",
            "-c",
            "read -r folder; cd $folder; while [ ! -e gate ]; do sleep 0.05; done",
        )
        compute.prepare(argv, ENV, 1)
        handle = compute.submit(Step(argv, folder, ENV, standby=True), folder)

        compute.close()
        states = {compute.poll(handle).state}
        (folder / "gate").touch()

        assert states <= {"starting", "running"}
        assert ended(compute, handle).exit_code == 0


def _claim(folder: Path) -> dict[str, Any]:
    claim: dict[str, Any] = json.loads((folder / "supervisor" / "claim").read_bytes())
    return claim


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _dead_grandchildren() -> set[int]:
    """Processes that have ended and that their parent, which we have started, did not notice yet."""
    return {
        process.pid
        for child in psutil.Process().children()
        for process in child.children()
        if process.status() == psutil.STATUS_ZOMBIE
    }
