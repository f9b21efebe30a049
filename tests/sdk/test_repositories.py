"""Code that lies in a git repository: how it is named, what is taken, what is recorded."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws import MLClient
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.snapshot import is_local, is_repository
from jupyter_mlws.sdk.jobs import submission
from jupyter_mlws.sdk.repositories import Repository, fetched, parse
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.transport import MemoryTransport


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with a tag `v1`, a branch `next` and a later state of `main`."""
    folder = tmp_path / "upstream"
    (folder / "train").mkdir(parents=True)
    git(folder, "init", "--quiet", "-b", "main")
    for text, after in (("one", "tag v1"), ("two", "branch next"), ("three", "")):
        (folder / "train" / "main.py").write_text(f"print('{text}')\n")
        (folder / "readme").write_text("r")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", text)
        if after:
            git(folder, *after.split())
    return folder


@pytest.mark.parametrize(
    ("text", "url", "ref", "folder"),
    [
        ("git+https://h/o/r.git", "https://h/o/r.git", "", ""),
        ("git+https://h/o/r.git@v1", "https://h/o/r.git", "v1", ""),
        ("git+https://h/o/r@feature/x#subdirectory=a/b", "https://h/o/r", "feature/x", "a/b"),
        (
            "git+https://me:pw@h/o/r.git@v1#egg=r&subdirectory=a",
            "https://me:pw@h/o/r.git",
            "v1",
            "a",
        ),
        ("git+ssh://git@h/o/r.git", "ssh://git@h/o/r.git", "", ""),
        ("git+ssh://git@h/o/r.git@abc123", "ssh://git@h/o/r.git", "abc123", ""),
        ("git@h:o/r.git#main:src", "git@h:o/r.git", "main", "src"),
        ("https://h/o/r.git#main", "https://h/o/r.git", "main", ""),
        ("https://h/o/r.git#main:src/x", "https://h/o/r.git", "main", "src/x"),
        ("file:///srv/r.git#:src", "file:///srv/r.git", "", "src"),
        ("git+file:///srv/r@v1", "file:///srv/r", "v1", ""),
        ("git+./r@v1#subdirectory=x", "/here/r", "v1", "x"),
    ],
)
def test_an_address_of_a_repository(text: str, url: str, ref: str, folder: str) -> None:
    assert parse(text, Path("/here")) == Repository(url, ref, folder)
    assert is_repository(text)
    assert not is_local(text) or text.startswith("file:")


@pytest.mark.parametrize(
    "text", ["./src", "src.git/x", "https://h/x.zip", "file:./x", "azureml:c:1"]
)
def test_other_code_is_no_repository(text: str) -> None:
    assert parse(text, Path("/here")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("git+https://h/r.git#subdirectory=../..", "leads out"),
        ("git+https://h/r.git#subdirectory=/etc", "leads out"),
        ("git+https://h/r.git@--upload-pack=x", "no address"),
        ("git+--upload-pack=x", "no address"),
        ("git+https://h/r.git#branch=x", "subdirectory=PATH"),
    ],
)
def test_a_wrong_address_is_told(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        parse(text, Path("/here"))


@pytest.mark.parametrize(
    ("suffix", "text", "branch"),
    [
        ("", "three", "main"),
        ("@main", "three", "main"),
        ("@v1", "one", None),
        ("@next", "two", "next"),
    ],
)
def test_the_commit_that_is_asked_for_is_taken(
    repository: Path, suffix: str, text: str, branch: str | None
) -> None:
    found = parse(f"git+file://{repository}{suffix}", Path("/"))
    assert found

    with fetched(found) as (folder, state):
        assert (folder / "train" / "main.py").read_text() == f"print('{text}')\n"
        assert (state.branch, state.dirty) == (branch, False)
        assert state.commit == git(repository, "rev-parse", suffix.strip("@") or "main")
        assert state.repository == f"file://{repository}"
    assert not folder.exists()


@pytest.mark.parametrize("length", [40, 8])
def test_a_commit_is_found_by_its_hash(repository: Path, length: int) -> None:
    commit = git(repository, "rev-parse", "v1")
    found = parse(f"git+{repository}@{commit[:length]}#subdirectory=train", Path("/"))
    assert found

    with fetched(found) as (folder, state):
        assert (folder / "main.py").read_text() == "print('one')\n"
        assert state.commit == commit


@pytest.mark.parametrize(
    ("suffix", "said"),
    [
        ("@nothing", "'nothing' of .* cannot be fetched"),
        ("#subdirectory=nowhere", "there is no 'nowhere'"),
        ("x", "cannot be fetched"),
    ],
)
def test_what_is_not_there_is_told_with_its_field(repository: Path, suffix: str, said: str) -> None:
    job = {"command": "true", "code": f"git+file://{repository}{suffix}"}

    with pytest.raises(Invalid, match=said) as caught, submission(job, {}, check=True) as made:
        made.send(MemoryTransport())
    assert caught.value.problems[0].field == "code"


def test_git_may_start_no_command(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    found = parse(f"git+ext::touch {mark}", Path("/"))
    assert found
    with pytest.raises(Invalid), fetched(Repository(f"ext::touch {mark}", "", "")):
        pass
    assert not mark.exists()


def test_a_password_is_in_no_message(tmp_path: Path) -> None:
    found = Repository("https://me:secret@127.0.0.1:9/r.git", "", "")
    with pytest.raises(Invalid) as caught, fetched(found):
        pass
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:9/r.git" in str(caught.value)


def test_jobs_and_components_run_the_code_of_a_commit(
    service: Running, repository: Path, tmp_path: Path
) -> None:
    code = f"git+file://{repository}@next#subdirectory=train"
    commit = git(repository, "rev-parse", "next")
    with MLClient(url=service.url, token=service.token) as client:
        (tmp_path / "job.yml").write_text(f"command: python main.py\ncode: {code}\n")
        job = client.jobs.create_or_update(tmp_path / "job.yml")
        made: Any = client.components.create_or_update(
            {"name": "from_git", "command": "python main.py", "code": code}
        )

        assert client.jobs.wait(job.name).status == "Completed"
        assert client.call("jobs.read_log", name=job.name).text.strip() == "two"
        properties = client.jobs.get(job.name).properties
        for found in (properties, made.properties):
            assert found["azureml.git.commit"] == commit
            assert found["azureml.git.branch"] == "next"
            assert found["azureml.git.repository_uri"] == f"file://{repository}"
            assert found["azureml.git.dirty"] == "False"
        assert [file.path for file in client.components.list_files("from_git")] == ["main.py"]
