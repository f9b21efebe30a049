"""Code in a git repository elsewhere: fetched at the commit that is asked for, and sent as a snapshot.

Forms: pip's `git+https://HOST/REPO.git@REF#subdirectory=PATH`, and Docker's `https://HOST/REPO.git#REF:PATH`,
both with any address that git knows, or a path of this machine after `git+`. Without a reference it is the
default branch.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.snapshot import is_repository

PROTOCOLS = "file:git:http:https:ssh"
"""What git may speak; others can run commands."""
FETCH_TIMEOUT_S = 1800
_HOST = re.compile(r"^(?:\w+://[^/]*|[\w.-]+@[\w.-]+:)?")
"""The part of an address in which an `@` is no reference."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where code is.

    Attributes:
        url: as git takes it.
        ref: branch, tag or commit; empty for the default branch.
        folder: below the repository's root; empty for all of it.
    """

    url: str
    ref: str
    folder: str


def parse(text: str, origin: Path) -> Repository | None:
    """The repository that an address names; None where it names none.

    Args:
        origin: where the path of a repository on this machine starts.
    Raises:
        Invalid: it is written wrongly.
    """
    if not is_repository(text):
        return None
    address, _, fragment = text.removeprefix("git+").partition("#")
    ref, folder = "", ""
    if text.startswith("git+"):
        address, ref = _split(address)
    if "=" in fragment:
        given = dict(part.partition("=")[::2] for part in fragment.split("&"))
        folder = given.pop("subdirectory", "")
        given.pop("egg", None)
        if given:
            raise Invalid(f"'{text}': after # stands subdirectory=PATH, or REF:PATH.")
    elif fragment:
        ref, _, folder = fragment.partition(":")
    parts = PurePosixPath(folder).parts
    if ".." in parts or folder.startswith("/"):
        raise Invalid(f"'{text}': the folder leads out of the repository.")
    if address.startswith("-") or ref.startswith("-"):
        raise Invalid(f"'{text}' is no address of a repository.")
    if "://" not in address and not re.match(r"^[\w.-]+@[\w.-]+:", address):
        address = str((origin / Path(address).expanduser()).resolve())
    return Repository(address, ref, "/".join(parts))


def _split(address: str) -> tuple[str, str]:
    """An address and the reference that pip puts after an `@`."""
    match = _HOST.match(address)
    host = match[0] if match else ""
    path, _, ref = address.removeprefix(host).partition("@")
    return host + path, ref


@contextmanager
def fetched(repository: Repository) -> Iterator[tuple[Path, GitState]]:
    """The folder at the commit, on this machine for as long as the block lasts; and what it is.

    Raises:
        Invalid: there is no such repository, reference or folder.
    """
    with tempfile.TemporaryDirectory(prefix="mlws-git-") as place:
        root = Path(place)
        _git(root, repository, "init", "--quiet")
        branch = _branch(root, repository)
        _fetch(root, repository)
        _git(root, repository, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        commit = _git(root, repository, "rev-parse", "HEAD")
        folder = (root / repository.folder).resolve()
        if not folder.exists() or root.resolve() not in (folder, *folder.parents):
            raise Invalid(f"there is no '{repository.folder}' in {_shown(repository)}.")
        yield folder, GitState(repository=_shown(repository), branch=branch, commit=commit)


def _fetch(root: Path, repository: Repository) -> None:
    wanted = repository.ref or "HEAD"
    try:
        _git(root, repository, "fetch", "--quiet", "--depth=1", repository.url, wanted)
    except Invalid:
        # Servers give a short or hidden commit only to those who take the whole history.
        if not re.fullmatch(r"[0-9a-f]{4,40}", wanted):
            raise
        _git(root, repository, "fetch", "--quiet", "--tags", repository.url, "+refs/*:refs/all/*")
        full = _git(root, repository, "rev-parse", "--verify", f"{wanted}^{{commit}}")
        (root / ".git" / "FETCH_HEAD").write_text(
            f"{full}\t\tcommit '{full}' of {repository.url}\n"
        )


def _branch(root: Path, repository: Repository) -> str | None:
    """The branch that is asked for, or the default one; None for a tag or commit."""
    if not repository.ref:
        said = _git(root, repository, "ls-remote", "--symref", repository.url, "HEAD")
        found = re.search(r"^ref: refs/heads/(\S+)\s", said)
        return found[1] if found else None
    name = repository.ref.removeprefix("refs/heads/")
    said = _git(root, repository, "ls-remote", "--heads", repository.url, f"refs/heads/{name}")
    return name if said else None


def _git(root: Path, repository: Repository, *arguments: str) -> str:
    """What git answers.

    Raises:
        Invalid: it refuses; with its last words.
    """
    environment = {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "LC_ALL": "C",
    }
    # Another process's repository must not be taken for ours.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        environment.pop(name, None)
    command = ["git", "-C", str(root), "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=FETCH_TIMEOUT_S, env=environment
        )
    except FileNotFoundError:
        raise Invalid("git is not installed here: give a local folder.") from None
    except subprocess.TimeoutExpired:
        raise Invalid(f"{_shown(repository)} does not answer.") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = next((line for line in lines if line.startswith(("fatal", "error"))), "")
        said = said.replace(repository.url, _shown(repository))
        what = f"'{repository.ref}' of " if repository.ref else ""
        raise Invalid(f"{what}{_shown(repository)} cannot be fetched: {said or 'git refuses'}.")
    return done.stdout.decode(errors="replace").strip()


def _shown(repository: Repository) -> str:
    """The address without a password that it may carry."""
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", repository.url)
