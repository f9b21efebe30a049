"""The store that ships keeps the contract, its files private, and its word when things break."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlws.entities.errors import Conflict, NotFound, Unavailable
from jupyter_mlws.store import migrations
from jupyter_mlws.store.base import Point, RunQuery
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.store import StoreSuite, add_run, log

WRITER = """
import sys
from jupyter_mlws.store.base import Point
from jupyter_mlws.store.sqlite import SqliteStore

store = SqliteStore(sys.argv[1])
for step in range(1_000_000):
    with store.change("user:ana", "runs/write", "run:a") as tx:
        points = [Point(f"m{i}", step, step, step) for i in range(5)]
        tx.log("a", metrics=points, params={f"p{step}": "1"}, tags={"step": str(step)})
    print(step, flush=True)
"""


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    made = SqliteStore(":memory:")
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "workspace.db"


class TestSqliteStore(StoreSuite):
    pass


def test_only_the_owner_can_read_the_files(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        add_run(store, "a")

        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert modes == dict.fromkeys(("workspace.db", "workspace.db-wal", "workspace.db-shm"), 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_others_could_read_is_made_private(path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o644)

    SqliteStore(path).close()

    assert path.stat().st_mode & 0o777 == 0o600


def test_rows_are_there_after_the_store_is_opened_again(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        add_run(store, "a", metrics={"m": 1.0}, params={"x": "1"})
        before = store.get_run("a")

    with closing(SqliteStore(path)) as store:
        assert store.get_run("a") == before
        log(store, "a", Point("m", 2.0, 1, 1))
        assert [point.value for point in store.history("a", "m")[0]] == [1.0, 2.0]


def test_a_store_in_memory_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = SqliteStore(":memory:")
    add_run(store, "a")
    while_open = list(tmp_path.iterdir())

    store.close()

    assert len(while_open) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_reader_beside_the_writer_sees_its_commits_and_cannot_write(path: Path) -> None:
    with closing(SqliteStore(path)) as store, closing(SqliteStore(path, readonly=True)) as reader:
        add_run(store, "a")

        assert reader.get_run("a") == store.get_run("a")
        with pytest.raises(Conflict, match="reading only"), reader.change("x", "x/write", "x"):
            pass


def test_a_reader_makes_no_file(path: Path) -> None:
    with pytest.raises(NotFound):
        SqliteStore(path, readonly=True)

    assert not path.parent.exists()


def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteStore(path)
    store.close()

    with pytest.raises(Unavailable, match="closed"):
        store.get_run("a")
    with pytest.raises(Unavailable, match="closed"), store.change("x", "x/write", "x"):
        pass


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, and long enough to be seen as none" * 100)

    with pytest.raises(Unavailable, match="not a database"):
        SqliteStore(path)

    assert path.read_bytes().startswith(b"not a database")


def test_a_database_of_a_newer_release_is_refused(path: Path) -> None:
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            (migrations.SET, "m999_future", ""),
        )

    for readonly in (False, True):
        with pytest.raises(Conflict, match=r"newer release.*m999_future"):
            SqliteStore(path, readonly=readonly)


def test_a_database_that_still_has_to_be_upgraded_is_not_read(path: Path) -> None:
    path.parent.mkdir()
    sqlite3.connect(path).close()

    with pytest.raises(Conflict, match="older release"):
        SqliteStore(path, readonly=True)


def test_runs_of_an_older_release_get_marks_as_they_change(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        add_run(store, "a", metrics={"m": 1.0})
        add_run(store, "b")
        before = store.get_run("a")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE runs DROP COLUMN changed")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm_changed'")

    with closing(SqliteStore(path)) as store:
        assert store.get_run("a") == replace(before, changed=0)
        log(store, "a", tags={"t": "1"})
        assert dict(store.search_marks(RunQuery())[0]) == {"a": store.last_event(), "b": 0}


def test_a_step_of_an_upgrade_happens_whole_or_not_at_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = f"{migrations.TABLES};\nCREATE TABLE broken"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "TABLES", broken)
        with pytest.raises(sqlite3.OperationalError):
            SqliteStore(path)

    with closing(SqliteStore(path)) as store:
        assert store.get_experiment(0).name == "Default"


@pytest.mark.parametrize(("name", "number"), [("OFF", 0), ("NORMAL", 1), ("FULL", 2)])
def test_the_switch_for_flushing_reaches_the_writer(path: Path, name: str, number: int) -> None:
    with closing(SqliteStore(path, synchronous=name)) as store:  # type: ignore[arg-type]
        db = store._connections.require_writer()

        assert db.execute("PRAGMA synchronous").fetchone() == (number,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_killed_writer_loses_nothing_that_was_acknowledged(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        add_run(store, "a")
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as told:
        acknowledged = [told.readline() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        acknowledged += told.readlines()
    process.wait()
    last = int([line for line in acknowledged if line.endswith("\n")][-1])

    with closing(SqliteStore(path)) as store:
        run = store.get_run("a")
        n_written = len(run.params)
        assert n_written in {last + 1, last + 2}  # one may be committed and not yet told
        for i in range(5):
            points, _ = store.history("a", f"m{i}")
            assert [point.step for point in points] == list(range(n_written))
        assert run.tags["step"] == str(n_written - 1)
        assert store.last_event() == n_written + 1
        assert store.check().clean


FULL_DISK = """
import resource, signal, sys
from jupyter_mlws.entities.errors import Unavailable
from jupyter_mlws.store.base import Point
from jupyter_mlws.store.sqlite import SqliteStore

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteStore(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))

def write(step):
    with store.change("user:ana", "runs/write", "run:a") as tx:
        tx.log("a", metrics=[Point("m", i, i, step) for i in range(1000)])

step = 0
try:
    while True:
        write(step)
        step += 1
except Unavailable as error:
    print("refused:", error)
n_events = store.last_event()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert store.last_event() == n_events == step + 1
write(step)
print("goes on after", step)
"""


def test_a_full_disk_is_told_and_the_store_goes_on_when_there_is_room(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        add_run(store, "a")

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "refused: The database cannot be used now" in done.stdout
    n_batches = int(done.stdout.split()[-1]) + 1
    with closing(SqliteStore(path)) as store:
        assert len(store.history("a", "m")[0]) == n_batches * 1000
        assert store.check().clean


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("UPDATE latest SET value = value + 1", "latest"),
        ("INSERT INTO points SELECT rid, kid, step + 1, ts, value, nan FROM points", "latest"),
        ("DELETE FROM latest", "points"),
        ("UPDATE params SET eid = 5", "experiment"),
        ("DELETE FROM artifacts WHERE blob IS NULL", "artifact"),
        ("UPDATE records SET doc = '{'", "record"),
        ("DELETE FROM keys", "reference"),
    ],
)
def test_a_check_finds_rows_that_disagree(path: Path, damage: str, kind: str) -> None:
    with closing(SqliteStore(path)) as store:
        add_run(store, "a", metrics={"m": 1.0}, params={"x": "1"})
        with store.change("user:ana", "x/write", "x") as tx:
            tx.put_artifact("r/a", "ab" * 32, 3)
            tx.put_record("thing", "a", {})
        assert store.check().clean
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(damage)

    with closing(SqliteStore(path)) as store:
        findings = store.check().findings

    assert kind in {finding.kind for finding in findings}


def test_a_check_finds_a_damaged_page(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        for i in range(50):
            add_run(store, f"r{i}", params={f"x{j}": "value" * 10 for j in range(20)})
    data = bytearray(path.read_bytes())
    of_params = [at for at in range(0, len(data), 4096) if b"valuevalue" in data[at : at + 4096]]
    for offset in of_params[::5]:
        data[offset : offset + 512] = os.urandom(512)
    path.write_bytes(data)

    with closing(SqliteStore(path)) as store:
        assert not store.check().clean


def test_a_backup_can_be_opened_while_the_writer_goes_on(path: Path, tmp_path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        add_run(store, "a", metrics={"m": 1.0})
        store.backup(tmp_path / "copy.db")
        add_run(store, "b")

        with closing(SqliteStore(tmp_path / "copy.db", readonly=True)) as copy:
            assert [run.run_id for run in copy.search_runs(RunQuery())[0]] == ["a"]
            assert copy.get_run("a") == store.get_run("a")


def test_a_series_of_many_points_needs_little_memory(store: SqliteStore) -> None:
    add_run(store, "a")
    for start in range(0, 200_000, 10_000):
        log(store, "a", *(Point("m", i % 97, i, i) for i in range(start, start + 10_000)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    total, points = store.series("a", "m", max_points=1000)

    assert total == 200_000
    assert len(points) <= 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
