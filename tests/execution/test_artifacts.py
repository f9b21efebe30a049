from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlws.execution.artifacts import Harvest
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore

ROOT = "0/r/artifacts"


class Attempt:
    """A run with a folder to be harvested."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(":memory:")
        self.blobs = FileBlobs(path / "blobs")
        self.folder = path / "attempt"
        for name in ("work/outputs", "user_logs"):
            (self.folder / name).mkdir(parents=True)

    @property
    def outputs(self) -> Path:
        return self.folder / "work" / "outputs"

    def harvest(self) -> Harvest:
        return Harvest(self.store, self.blobs, ROOT, self.folder, "run:r")

    def kept(self) -> dict[str, bytes]:
        return {
            row.path.removeprefix(f"{ROOT}/"): self.blobs.get(row.blob or "")
            for row in self.store.list_artifacts(ROOT, recursive=True)
            if row.blob
        }


@pytest.fixture
def attempt(tmp_path: Path) -> Iterator[Attempt]:
    attempt = Attempt(tmp_path)
    yield attempt
    attempt.store.close()


def age(path: Path, seconds: float) -> None:
    past = path.stat().st_mtime - seconds
    os.utime(path, (past, past))


def test_files_are_kept_below_their_folders(attempt: Attempt) -> None:
    (attempt.outputs / "deep").mkdir()
    (attempt.outputs / "deep" / "a").write_text("a")
    (attempt.folder / "user_logs" / "std_log.txt").write_text("log")

    attempt.harvest().collect(final=True)

    assert attempt.kept() == {"outputs/deep/a": b"a", "user_logs/std_log.txt": b"log"}


def test_what_has_not_changed_is_not_kept_again(attempt: Attempt) -> None:
    (attempt.outputs / "a").write_text("a")
    harvest = attempt.harvest()
    harvest.collect(final=True)
    events = attempt.store.last_event()

    assert harvest.collect(final=True) == 0
    assert attempt.harvest().collect(final=True) == 0
    assert attempt.store.last_event() == events


def test_what_has_changed_is_kept_again(attempt: Attempt) -> None:
    (attempt.outputs / "a").write_text("a")
    harvest = attempt.harvest()
    harvest.collect(final=True)

    (attempt.outputs / "a").write_text("more")
    harvest.collect(final=True)

    assert attempt.kept() == {"outputs/a": b"more"}


def test_a_file_that_is_being_written_waits_a_moment(attempt: Attempt) -> None:
    new, old = attempt.outputs / "new", attempt.outputs / "old"
    for path in (new, old):
        path.write_text(path.name)
    age(old, 10)

    attempt.harvest().collect(final=False)

    assert attempt.kept() == {"outputs/old": b"old"}


def test_a_big_growing_file_is_not_kept_at_every_turn(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_mlws.execution.artifacts.SPEED", 1.0)
    path = attempt.outputs / "log"
    path.write_text("x" * 100)
    age(path, 10)
    harvest = attempt.harvest()
    harvest.collect(final=False)

    path.write_text("x" * 200)
    age(path, 10)

    assert harvest.collect(final=False) == 0
    assert harvest.collect(final=True) == 1


def test_links_pipes_and_odd_names_do_no_harm(attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("linked")
    (attempt.outputs / "link").symlink_to(tmp_path / "target")
    (attempt.outputs / "dangling").symlink_to("nowhere")
    (attempt.outputs / "loop").symlink_to(attempt.outputs)
    os.mkfifo(attempt.outputs / "pipe")
    Path(os.fsdecode(os.fsencode(attempt.outputs) + b"/br\xffk\\en")).write_text("odd")

    attempt.harvest().collect(final=True)

    assert attempt.kept() == {"outputs/link": b"linked", "outputs/br?k_en": b"odd"}


def test_further_files_are_kept_where_they_are_to_lie(attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")

    attempt.harvest().collect(final=True, more={"train.ipynb": tmp_path / "x"})

    assert attempt.kept() == {"train.ipynb": b"x"}
