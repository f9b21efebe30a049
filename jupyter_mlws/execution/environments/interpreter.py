"""Pythons of this machine: found by version, asked who they are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jupyter_mlws.entities.errors import Invalid, Unavailable

_WHO = (
    "import json, platform, sys; print(json.dumps([platform.python_implementation(),"
    " platform.python_version(), platform.machine(), getattr(sys, '_base_executable', sys.executable)]))"
)
ASK_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python.

    Attributes:
        version: such as `3.12.4`.
    """

    path: str
    version: str
    identity: str


def uv() -> str:
    """The program uv, which comes as a dependency.

    Raises:
        Unavailable: it is gone.
    """
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise Unavailable(f"The program uv, which makes environments, is gone: {error}.") from None


def find(version: str | None, run: Callable[[list[str]], bool]) -> Interpreter:
    """A Python of this version; one is fetched where none is installed and the network allows it.

    Args:
        version: such as `3.12` or `>=3.10,<3.13`; the workspace's own when None.
        run: runs uv with the output going to the build's log; whether it went well.
    Raises:
        Invalid: there is none, with those that there are.
    """
    if version is None:
        return _asked(sys.executable)
    own = _asked(sys.executable)
    if re.fullmatch(r"\d+(\.\d+){0,2}", version) and f"{own.version}.".startswith(f"{version}."):
        return own
    if path := _search(version):
        return _asked(path)
    run(["python", "install", "--no-bin", version])
    if path := _search(version):
        return _asked(path)
    known = ", ".join(sorted(_installed(), key=lambda v: [int(n) for n in v.split(".")]))
    raise Invalid.field(
        "python",
        f"there is no Python {version} on this machine (there are: {known}), and it could not be"
        " downloaded: install it, or ask for another version.",
    )


def environ() -> dict[str, str]:
    """The environment in which uv sees the Pythons of this machine, pyenv's too, and no active one."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("VIRTUAL_ENV")}
    folders = sorted(Path("~/.pyenv/versions").expanduser().glob("*/bin"), reverse=True)
    shims = str(Path("~/.pyenv/shims").expanduser())
    path = [part for part in env.get("PATH", os.defpath).split(os.pathsep) if part != shims]
    env["PATH"] = os.pathsep.join([*path, *map(str, folders)])
    return env


def _search(version: str) -> str | None:
    command = [uv(), "python", "find", "--system", "--no-python-downloads", "--no-project", version]
    found = subprocess.run(
        command, capture_output=True, text=True, env=environ(), check=False, timeout=ASK_TIMEOUT_S
    )
    return found.stdout.strip() or None if found.returncode == 0 else None


def _installed() -> set[str]:
    command = [uv(), "python", "list", "--only-installed", "--output-format", "json"]
    found = subprocess.run(
        command, capture_output=True, text=True, env=environ(), check=False, timeout=ASK_TIMEOUT_S
    )
    listed = json.loads(found.stdout or "[]")
    own = ".".join(map(str, sys.version_info[:3]))
    return {own} | {
        item["version"] for item in listed if re.fullmatch(r"[\d.]+", str(item["version"]))
    }


def _asked(path: str) -> Interpreter:
    return _ask(path, Path(path).stat().st_mtime_ns)


@cache
def _ask(path: str, changed_ns: int) -> Interpreter:
    """Who it says it is; asked once for each state of the program."""
    answer = subprocess.run(
        [path, "-I", "-c", _WHO], capture_output=True, text=True, check=True, timeout=ASK_TIMEOUT_S
    )
    kind, version, machine, base = json.loads(answer.stdout)
    identity = f"{kind} {version} {machine} {os.path.realpath(base)}"
    return Interpreter(path, version, identity)
