"""Folders become snapshots: what is taken, what is left out, what is sent."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jupyter_mlws import MLClient
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.sdk import snapshot
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.transport import MemoryTransport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "train.py",
        "lib/a.py",
        "data/big.csv",
        "notes.md",
        "__pycache__/a.pyc",
        ".git/HEAD",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(transport: MemoryTransport, reference: str) -> set[str]:
    return {file.path for file in transport.snapshots[reference].files}


def test_a_folder_is_taken_without_what_is_never_code(folder: Path) -> None:
    transport = MemoryTransport()

    reference = snapshot.send(transport, folder, code=True)

    assert names(transport, reference) == {"train.py", "lib/a.py", "data/big.csv", "notes.md"}


def test_an_amlignore_says_what_stays_behind(folder: Path) -> None:
    (folder / ".gitignore").write_text("*.py\n")
    (folder / ".amlignore").write_text("data/\n*.md\n!notes.md\n.*ignore\n")
    transport = MemoryTransport()

    reference = snapshot.send(transport, folder, code=True)

    assert names(transport, reference) == {"train.py", "lib/a.py", "notes.md"}


def test_a_gitignore_counts_where_there_is_no_amlignore(folder: Path) -> None:
    (folder / ".gitignore").write_text("data\n")
    transport = MemoryTransport()

    reference = snapshot.send(transport, folder, code=True)

    assert "data/big.csv" not in names(transport, reference)


def test_data_is_taken_whole(folder: Path) -> None:
    (folder / ".amlignore").write_text("*\n")
    transport = MemoryTransport()

    reference = snapshot.send(transport, folder, code=False)

    assert {"data/big.csv", "__pycache__/a.pyc", ".amlignore"} <= names(transport, reference)


def test_what_is_there_already_is_not_sent_again(folder: Path) -> None:
    transport = MemoryTransport()
    snapshot.send(transport, folder, code=True)
    before = dict(transport.blobs)
    (folder / "train.py").write_text("changed")

    snapshot.send(transport, folder, code=True)

    assert len(transport.blobs) == len(before) + 1


def test_a_file_keeps_whether_it_can_be_run(folder: Path) -> None:
    (folder / "train.py").chmod(0o755)
    transport = MemoryTransport()

    taken = transport.snapshots[snapshot.send(transport, folder, code=True)]

    assert {file.path for file in taken.files if file.executable} == {"train.py"}


def test_a_link_to_a_folder_above_is_not_followed_for_ever(folder: Path) -> None:
    (folder / "lib" / "up").symlink_to(folder)
    transport = MemoryTransport()

    assert snapshot.send(transport, folder, code=True)


def test_too_many_files_are_refused_with_the_way_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MAX_FILES", 2)

    with pytest.raises(Invalid, match=r"\.amlignore"):
        snapshot.send(MemoryTransport(), folder, code=True)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("print(1)\n")
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "remote", "add", "origin", "https://ana:secret@example.org/x.git")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_a_repository_is_known_without_its_password(repository: Path) -> None:
    state = snapshot.git_state(MemoryTransport(), repository)

    assert state is not None
    assert (state.repository, state.branch) == ("https://example.org/x.git", "main")
    assert len(state.commit) == 40
    assert (state.dirty, state.diff) == (False, None)


def test_uncommitted_changes_are_kept_as_a_patch(repository: Path) -> None:
    (repository / "train.py").write_text("print(2)\n")
    transport = MemoryTransport()

    state = snapshot.git_state(transport, repository)

    assert state is not None
    assert state.dirty
    assert state.diff
    [patch] = transport.snapshots[state.diff].files
    assert b"+print(2)" in transport.blobs[patch.blob]


def test_outside_of_a_repository_there_is_no_state(tmp_path: Path) -> None:
    assert snapshot.git_state(MemoryTransport(), tmp_path) is None


def test_a_folder_with_one_changed_file_costs_that_file(service: Running, tmp_path: Path) -> None:
    blobs = Path(service.workspace) / "blobs"

    def stored() -> dict[str, int]:
        found = [path for path in blobs.rglob("*") if len(path.name) == 64]
        return {path.name: path.stat().st_size for path in found}

    for n in range(40):
        (tmp_path / f"{n}.bin").write_bytes(b"%d" % n * 5000)
    with MLClient(url=service.url, token=service.token) as client:
        before = stored()
        snapshot.send(client.transport, tmp_path, code=True)
        first = stored()
        (tmp_path / "7.bin").write_bytes(b"changed")
        snapshot.send(client.transport, tmp_path, code=True)
        second = stored()

    assert len(first.keys() - before.keys()) == 40 + 1  # the list of the files is a blob too
    new = second.keys() - first.keys()
    assert min(second[blob] for blob in new) == len(b"changed")
    assert len(new) == 2
