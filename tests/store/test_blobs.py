"""Blobs on a local disk keep the contract, are private, and leave nothing when the disk is full."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_mlws.entities.errors import Unavailable
from jupyter_mlws.store.blobs import STALE_S, TOUCHED_S, FileBlobs
from jupyter_mlws.testing.store import BlobsSuite

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from jupyter_mlws.entities.errors import Unavailable
from jupyter_mlws.store.blobs import FileBlobs

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
blobs = FileBlobs(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
writer = blobs.writer()
writer.write(b"x" * 1_000_000)
try:
    writer.write(b"x" * 1_000_000)
except Unavailable as error:
    print(error)
try:
    blobs.put(b"y" * 2_000_000)
except Unavailable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print([p.name for p in Path(sys.argv[1]).rglob("*") if p.is_file()], blobs.put(b"z" * 2_000_000))
"""


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


class TestFileBlobs(BlobsSuite):
    pass


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_blobs_are_private_and_read_only_in_small_folders(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")

    blob = blobs.put(b"hello")

    path = blobs.path(blob)
    assert path == tmp_path / "blobs" / blob[:2] / blob
    assert path.stat().st_mode & 0o777 == 0o400
    folders = [tmp_path / "blobs", *(p for p in (tmp_path / "blobs").iterdir() if p.is_dir())]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "blobs")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    first, second, left = done.stdout.splitlines()
    assert "cannot be kept" in first
    assert "cannot be kept" in second
    assert left.startswith("[] ")


def test_an_unfinished_blob_is_not_seen_and_goes_when_it_is_old(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    old, young = blobs.writer(), blobs.writer()
    old.write(b"old")
    [left] = [p for p in files_in(tmp_path / "blobs") if p.stat().st_size == 3]
    os.utime(left, (time.time() - STALE_S - 1,) * 2)

    again = FileBlobs(tmp_path / "blobs")

    assert list(again.list()) == []
    assert left not in files_in(tmp_path / "blobs")
    young.write(b"young")
    assert again.get(young.commit()[0]) == b"young"
    old.abort()


def test_a_blob_is_young_again_when_it_is_asked_for(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    blob = blobs.put(b"hello")
    long_ago = time.time() - TOUCHED_S - 100
    os.utime(blobs.path(blob), (long_ago, long_ago))
    limit_ms = int((long_ago + 50) * 1000)

    blobs.put(b"hello")

    assert not blobs.delete(blob, used_before_ms=limit_ms)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable):
        FileBlobs(tmp_path / "file" / "blobs")
