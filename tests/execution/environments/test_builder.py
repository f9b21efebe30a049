"""Environments are made by uv, for real: once, whole, or not at all."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from multiprocessing.context import SpawnProcess
from pathlib import Path

import psutil
import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution.environments.builder import DRAFT, Builder, Stopped
from jupyter_mlws.execution.environments.recipe import plain

SMALL = plain(["six==1.16.0"])
PATIENCE_S = 110


def build_and_tell(root: Path, answers: Path) -> None:
    """Run in a process of its own: build and leave the identity in a file."""
    answers.write_text(Builder(root).build(SMALL).identity)


def spawn(root: Path, answers: Path) -> SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(
        target=build_and_tell, args=(root, answers)
    )
    process.start()
    return process


def is_at_work(process: psutil.Process) -> bool:
    try:
        return process.name() == "uv" and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def drafts(root: Path) -> list[Path]:
    return [path for path in root.glob(f"{DRAFT}*") if path.is_dir()]


def test_an_environment_has_what_was_asked_for_and_a_kernel(tmp_path: Path) -> None:
    builder = Builder(tmp_path)

    built = builder.build(SMALL)

    folder = builder.folder(built.identity)
    code = "import six, ipykernel, sys; print(six.__version__, sys.prefix)"
    said = subprocess.check_output([str(folder / "bin" / "python"), "-c", code], text=True)
    assert said.split() == ["1.16.0", str(folder)]
    assert ("six", "1.16.0", "") in built.packages
    assert "six==1.16.0" in built.lock
    spec = json.loads((folder / f"share/jupyter/kernels/{built.kernel}/kernel.json").read_text())
    assert spec["argv"][0] == str(folder / "bin" / "python")
    assert "+ six==1.16.0" in builder.log(SMALL).read_text()
    assert drafts(tmp_path) == []


def test_programs_of_an_environment_start_where_it_lies_in_the_end(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    folder = builder.folder(builder.build(SMALL).identity)

    said = subprocess.check_output([str(folder / "bin" / "ipython"), "-c", "1 + 1"], text=True)

    assert "2" in said


def test_a_second_request_finds_it(tmp_path: Path) -> None:
    first = Builder(tmp_path).build(SMALL)
    log = Builder(tmp_path).log(SMALL)
    before = log.stat().st_ino

    assert Builder(tmp_path).build(SMALL) == first
    assert Builder(tmp_path).find(SMALL) == first
    assert log.stat().st_ino == before


def test_two_descriptions_of_the_same_packages_share_one_folder(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    first = builder.build(SMALL)

    second = builder.build(plain(["ipykernel", "six>=1.16,<1.16.1"]))

    assert second.identity == first.identity
    assert "are there already" in builder.log(plain(["ipykernel", "six>=1.16,<1.16.1"])).read_text()


@pytest.mark.slow
def test_two_processes_that_ask_at_once_build_once(tmp_path: Path) -> None:
    answers = [tmp_path / "first", tmp_path / "second"]
    processes = [spawn(tmp_path / "root", answer) for answer in answers]

    for process in processes:
        process.join(PATIENCE_S)

    assert [process.exitcode for process in processes] == [0, 0]
    assert answers[0].read_text() == answers[1].read_text()
    assert Builder(tmp_path / "root").log(SMALL).read_text().count("$ uv venv") == 1


@pytest.mark.slow
def test_a_killed_build_leaves_nothing_half_made(tmp_path: Path) -> None:
    root = tmp_path / "root"
    builder = Builder(root)
    process = spawn(root, tmp_path / "answer")
    # Killed while uv is at work below a draft.
    while process.is_alive() and not drafts(root):
        process.join(0.005)
    assert process.pid
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.join(PATIENCE_S)

    assert builder.find(SMALL) is None
    again = builder.build(SMALL)

    assert process.exitcode == -signal.SIGKILL
    assert [child for child in children if is_at_work(child)] == []
    assert drafts(root) == []
    assert subprocess.run(
        [str(builder.folder(again.identity) / "bin" / "python"), "-c", "import six, ipykernel"],
        check=False,
    ).returncode == 0  # fmt: skip


def test_a_conflict_is_explained(tmp_path: Path) -> None:
    wanted = plain(["jupyter-client==8.6.3", "jupyter-core<4"])

    with pytest.raises(Invalid) as refused:
        Builder(tmp_path).build(wanted)

    assert "jupyter-client==8.6.3 depends on" in refused.value.message
    assert "jupyter-core" in refused.value.message
    assert "unsatisfiable" in refused.value.message
    assert "×" not in refused.value.message
    assert Builder(tmp_path).find(wanted) is None
    assert "depends on" in Builder(tmp_path).log(wanted).read_text()


def test_a_python_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    own = ".".join(map(str, sys.version_info[:3]))

    with pytest.raises(Invalid, match=rf"no Python 2\.6 .*there are: .*{own}"):
        Builder(tmp_path).build(plain(["six"], "2.6"))


def test_the_services_own_python_is_found_by_its_version(tmp_path: Path) -> None:
    own = ".".join(map(str, sys.version_info[:2]))

    built = Builder(tmp_path).build(plain(["six==1.16.0"], own))

    assert built.python == ".".join(map(str, sys.version_info[:3]))


def test_a_build_can_be_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(Stopped):
        Builder(tmp_path).build(SMALL, stop=stop)

    assert Builder(tmp_path).find(SMALL) is None
    assert drafts(tmp_path) == []


def test_a_lock_that_was_decided_before_is_kept_to(tmp_path: Path) -> None:
    first = Builder(tmp_path / "a").build(plain(["six<1.16"]))
    assert "six==1.15.0" in first.lock

    again = Builder(tmp_path / "b").build(plain(["six"]), lock=first.lock)

    assert again.identity == first.identity
