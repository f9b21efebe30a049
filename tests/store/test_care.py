"""What is damaged on purpose is found; what nobody needs goes; what is backed up comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.store import care
from jupyter_mlws.store.base import Blobs, Point, Store
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.store import add_run, log

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from jupyter_mlws.entities.errors import Unavailable
from jupyter_mlws.store import care
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
store, blobs = SqliteStore(folder / "workspace.db"), FileBlobs(folder / "blobs")
for limit in (50_000, 1_000_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        care.backup(store, blobs, folder.parent / "backup.zip")
    except Unavailable as error:
        print("told:", error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
care.backup(store, blobs, folder.parent / "whole.zip")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
try:
    care.restore(folder.parent / "whole.zip", folder.parent / "again")
except Unavailable as error:
    print("told:", error)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def store(folder: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(folder / "workspace.db")
    yield made
    made.close()


@pytest.fixture
def blobs(folder: Path) -> FileBlobs:
    return FileBlobs(folder / "blobs")


def put(store: Store, blobs: Blobs, path: str, data: bytes) -> str:
    """Keep an artifact."""
    blob = blobs.put(data)
    with store.change("user:ana", "runs/write", "run:a") as tx:
        tx.put_artifact(path, blob, len(data))
    return blob


def freeze(store: Store, blobs: Blobs, **files: bytes) -> Snapshot:
    """Keep a snapshot."""
    snapshot = Snapshot(
        files=[
            SnapshotFile(path=name, blob=blobs.put(data), size_bytes=len(data))
            for name, data in files.items()
        ]
    )
    manifest = blobs.put(snapshot.encode())
    with store.change("user:ana", "blobs/write", f"code:{manifest}") as tx:
        tx.put_record("code", manifest, {"n_files": len(files)})
    return snapshot


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def said(report_of: list[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in report_of)


def check(store: Store, blobs: Blobs, *, deep: bool = False) -> list[str]:
    """What a check finds, a line each."""
    report = care.check(store, blobs, deep=deep)
    return [f"{f.kind}: {f.subject}: {f.message}" for f in report.findings]


# check
def test_a_whole_workspace_checks_clean(store: SqliteStore, blobs: FileBlobs) -> None:
    add_run(store, "a", metrics={"m": 1.0})
    put(store, blobs, "0/a/artifacts/x.txt", b"hello")
    freeze(store, blobs, train=b"print()", empty=b"")

    report = care.check(store, blobs, deep=True)

    assert report.clean, report.findings
    assert report.n_blobs == 4
    assert report.n_bytes == sum(info.size_bytes for info in blobs.list())


def test_a_missing_blob_is_found(store: SqliteStore, blobs: FileBlobs) -> None:
    blob = put(store, blobs, "0/a/artifacts/x.txt", b"hello")
    blobs.delete(blob)

    assert check(store, blobs) == [
        f"blob: artifact 0/a/artifacts/x.txt: its blob {blob} is missing"
    ]


def test_a_blob_of_another_size_is_found(store: SqliteStore, blobs: FileBlobs) -> None:
    blob = put(store, blobs, "0/a/artifacts/x.txt", b"hello")
    overwrite(blobs.path(blob), b"hell")

    assert said(check(store, blobs), "x.txt", "has 4 bytes, not 5")


def test_changed_bytes_are_found_by_a_deep_check(store: SqliteStore, blobs: FileBlobs) -> None:
    blob = put(store, blobs, "0/a/artifacts/x.txt", b"hello")
    overwrite(blobs.path(blob), b"hallo")

    assert check(store, blobs) == []
    assert check(store, blobs, deep=True) == [f"blob: {blob}: its bytes have changed"]


def test_a_broken_snapshot_is_found(store: SqliteStore, blobs: FileBlobs) -> None:
    whole = freeze(store, blobs, a=b"1", b=b"2")
    damaged = freeze(store, blobs, c=b"3")
    missing = freeze(store, blobs, d=b"4")
    blobs.delete(whole.files[0].blob)
    overwrite(blobs.path(damaged.digest), b"{" * len(damaged.encode()))
    blobs.delete(missing.digest)

    found = check(store, blobs)

    assert said(found, f"snapshot {whole.digest}/a", "is missing")
    assert said(found, f"snapshot {damaged.digest}", "damaged")
    assert said(found, f"snapshot {missing.digest}", "list of files is missing")


# gc
def test_what_nothing_refers_to_is_freed(store: SqliteStore, blobs: FileBlobs) -> None:
    kept = put(store, blobs, "0/a/artifacts/x.txt", b"hello")
    snapshot = freeze(store, blobs, train=b"print()")
    replaced = put(store, blobs, "0/a/artifacts/log.txt", b"first")
    put(store, blobs, "0/a/artifacts/log.txt", b"first and second")
    loose = blobs.put(b"nobody's")

    report = care.gc(store, blobs, grace_s=-1)

    assert (report.n_blobs, report.n_bytes) == (2, len(b"first") + len(b"nobody's"))
    assert not blobs.has(replaced)
    assert not blobs.has(loose)
    assert blobs.has(kept)
    assert blobs.has(snapshot.digest)
    assert check(store, blobs, deep=True) == []


def test_blobs_that_were_used_a_moment_ago_are_left(store: SqliteStore, blobs: FileBlobs) -> None:
    young, asked_for, old = (blobs.put(data) for data in (b"young", b"asked for", b"old"))
    for blob in (asked_for, old):
        os.utime(blobs.path(blob), (time.time() - 7200,) * 2)
    assert blobs.has(asked_for)

    assert care.gc(store, blobs).n_blobs == 1

    assert [blobs.has(blob) for blob in (young, asked_for, old)] == [True, True, False]


def test_nothing_is_freed_while_a_snapshot_cannot_be_read(
    store: SqliteStore, blobs: FileBlobs
) -> None:
    snapshot = freeze(store, blobs, train=b"print()")
    blobs.delete(snapshot.digest)

    with pytest.raises(Conflict, match="Nothing was freed"):
        care.gc(store, blobs, grace_s=-1)

    assert blobs.has(snapshot.files[0].blob)


# backup and restore
def test_a_backup_comes_back_whole(
    store: SqliteStore, blobs: FileBlobs, folder: Path, tmp_path: Path
) -> None:
    add_run(store, "a", metrics={"m": 1.0}, params={"x": "1"})
    blob = put(store, blobs, "0/a/artifacts/x.bin", os.urandom(3_000_000))
    snapshot = freeze(store, blobs, train=b"print()", empty=b"")
    blobs.put(b"nobody's")

    made = care.backup(store, blobs, tmp_path / "backup.zip")
    care.restore(tmp_path / "backup.zip", tmp_path / "again")

    assert made.n_blobs == 4
    assert made.size_bytes == (tmp_path / "backup.zip").stat().st_size
    assert (tmp_path / "backup.zip").stat().st_mode & 0o777 == 0o600
    again = FileBlobs(tmp_path / "again" / "blobs")
    with closing(SqliteStore(tmp_path / "again" / "workspace.db")) as copy:
        assert copy.get_run("a") == store.get_run("a")
        assert copy.events() == store.events()
        assert check(copy, again, deep=True) == []
    assert again.get(blob) == blobs.get(blob)
    assert again.has(snapshot.digest)
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o700
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "backup.zip", folder.name]


def test_a_backup_is_taken_while_writers_go_on(
    store: SqliteStore, blobs: FileBlobs, tmp_path: Path
) -> None:
    add_run(store, "a")
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        step = 0
        while not stop.is_set():
            log(store, "a", Point("m", step, step, step))
            put(store, blobs, "0/a/artifacts/log.txt", f"line {step}".encode())
            started.set()
            step += 1

    writer = threading.Thread(target=write)
    writer.start()
    started.wait()
    for i in range(5):
        care.backup(store, blobs, tmp_path / f"{i}.zip")
    stop.set()
    writer.join()

    for i in range(5):
        care.restore(tmp_path / f"{i}.zip", tmp_path / str(i))
        with closing(SqliteStore(tmp_path / str(i) / "workspace.db")) as copy:
            assert check(copy, FileBlobs(tmp_path / str(i) / "blobs"), deep=True) == []


def test_a_backup_of_a_workspace_without_a_blob_says_so_and_goes_on(
    store: SqliteStore, blobs: FileBlobs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = put(store, blobs, "0/a/artifacts/x.txt", b"hello")
    put(store, blobs, "0/a/artifacts/y.txt", b"there")
    blobs.delete(gone)

    made = care.backup(store, blobs, tmp_path / "backup.zip")
    restored = care.restore(tmp_path / "backup.zip", tmp_path / "again")

    assert made.n_blobs == restored.n_blobs == 1
    assert gone in caplog.text


def test_a_backup_never_replaces_a_file(
    store: SqliteStore, blobs: FileBlobs, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("mine")

    with pytest.raises(AlreadyExists):
        care.backup(store, blobs, tmp_path / "there")
    for path in ("relative.zip", tmp_path / "no folder" / "x.zip"):
        with pytest.raises(Invalid):
            care.backup(store, blobs, path)

    assert (tmp_path / "there").read_text() == "mine"


def test_a_backup_is_restored_only_into_an_empty_directory(
    store: SqliteStore, blobs: FileBlobs, folder: Path, tmp_path: Path
) -> None:
    care.backup(store, blobs, tmp_path / "backup.zip")
    (tmp_path / "empty").mkdir()

    care.restore(tmp_path / "backup.zip", tmp_path / "empty")

    assert (tmp_path / "empty" / "workspace.db").is_file()
    for taken in (folder, tmp_path / "empty", tmp_path / "backup.zip"):
        with pytest.raises(AlreadyExists):
            care.restore(tmp_path / "backup.zip", taken)
    with pytest.raises(NotFound):
        care.restore(tmp_path / "none.zip", tmp_path / "other")


def test_a_damaged_backup_is_refused_or_comes_back_unchanged(
    store: SqliteStore, blobs: FileBlobs, tmp_path: Path
) -> None:
    add_run(store, "a", metrics={"m": 1.0})
    put(store, blobs, "0/a/artifacts/x.bin", b"0123456789" * 100)
    care.backup(store, blobs, tmp_path / "backup.zip")
    good = (tmp_path / "backup.zip").read_bytes()
    damaged = tmp_path / "damaged.zip"
    n_refused = 0

    for i, offset in enumerate(range(0, len(good), len(good) // 97)):
        damaged.write_bytes(good[:offset] + bytes([good[offset] ^ 0x55]) + good[offset + 1 :])
        try:
            care.restore(damaged, tmp_path / str(i))
        except Invalid:
            n_refused += 1
            assert not (tmp_path / str(i)).exists()
        else:
            with closing(SqliteStore(tmp_path / str(i) / "workspace.db")) as copy:
                assert check(copy, FileBlobs(tmp_path / str(i) / "blobs"), deep=True) == []

    assert n_refused > 80


@pytest.mark.parametrize("length", [0, 10, 1000, -10])
def test_a_cut_backup_is_refused(
    store: SqliteStore, blobs: FileBlobs, tmp_path: Path, length: int
) -> None:
    care.backup(store, blobs, tmp_path / "backup.zip")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "backup.zip").read_bytes()[:length])

    with pytest.raises(Invalid, match="damaged or no backup"):
        care.restore(tmp_path / "cut.zip", tmp_path / "again")

    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    "manifest",
    [
        b"{}", b"[]", b"not json", b'{"format": 2}', b'{"format": 1, "database": "x", "blobs": []}',
        b'{"format": 1, "database": "x", "blobs": ["../../../etc/x"]}',
    ],
)  # fmt: skip
def test_a_file_with_a_strange_list_of_contents_is_refused(tmp_path: Path, manifest: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "strange.zip", "w") as archive:
        archive.writestr("workspace.db", b"")
        archive.writestr("blobs/../../../etc/x", b"")
        archive.writestr("manifest.json", manifest)

    with pytest.raises(Invalid):
        care.restore(tmp_path / "strange.zip", tmp_path / "again")

    assert sorted(p.name for p in tmp_path.iterdir()) == ["strange.zip"]


def test_a_full_disk_is_told_and_leaves_nothing(
    store: SqliteStore, blobs: FileBlobs, folder: Path, tmp_path: Path
) -> None:
    put(store, blobs, "0/a/artifacts/x.bin", os.urandom(2_000_000))

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("told:") == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["whole.zip", folder.name]
