"""Finds the service of a workspace directory, or starts it.

A workspace has at most one service: it holds a lock in the directory while it lives. Its runtime file
says where it answers and with which token its owner speaks; only the owner can read it. The file stays
when the service ends, so that the next one takes the same port and token, and clients need only retry.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import httpx

from jupyter_mlws.entities.errors import Unavailable

START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """Where a service answers.

    Attributes:
        url: its base address, with `/mlws` at the end.
        token: speaks for the owner of the workspace.
        pid: its process; 0 when it has ended in order.
    """

    url: str
    token: str
    pid: int
    version: str
    workspace: str

    def env(self) -> dict[str, str]:
        """The variables that point `mlflow` and `mlws` at this service."""
        return {
            "MLFLOW_TRACKING_URI": f"{self.url}/mlflow",
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLWS_URL": self.url,
            "MLWS_TOKEN": self.token,
        }


def directory(given: str | os.PathLike[str] | None = None) -> Path:
    """The workspace directory: the given one, `MLWS_WORKSPACE`, or the user's default."""
    chosen = given or os.environ.get("MLWS_WORKSPACE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "mlws" / "default"


def registries() -> Path:
    """Where this user's registries lie: `MLWS_REGISTRIES`, or beside the default workspace."""
    chosen = os.environ.get("MLWS_REGISTRIES")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "mlws" / "registries"


def runtime_file(workspace: Path) -> Path:
    """Where the service of a workspace says how it is reached."""
    return workspace / "runtime" / "service.json"


def read(workspace: Path) -> Running | None:
    """What the runtime file says, whether or not the service lives."""
    try:
        body = json.loads(runtime_file(workspace).read_text(encoding="utf-8"))
        return Running(**body)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write(running: Running) -> None:
    """Replace the runtime file, readable by its owner alone, in one step."""
    path = runtime_file(Path(running.workspace))
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(running), file)
    fresh.replace(path)


def find(workspace: Path) -> Running | None:
    """The service that answers for this workspace, or None."""
    running = read(workspace)
    return running if running and running.pid and _answers(running) else None


def ensure(workspace: Path) -> Running:
    """The service of this workspace; starts it when there is none.

    A service of an older version is asked to hand over when nothing runs; else it is kept.

    Raises:
        Unavailable: it did not come up; the message ends with the tail of its log.
    """
    running = find(workspace)
    if running and running.version != version("jupyter_mlws") and _hand_over(running):
        running = None
    return running or start(workspace)


def start(workspace: Path) -> Running:
    """Start the service, detached from this process, and wait until it answers.

    Raises:
        Unavailable: it did not come up.
    """
    for folder in (workspace, workspace / "runtime"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = read(workspace)
    log = workspace / "runtime" / "service.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    began = os.fstat(descriptor).st_size
    with os.fdopen(descriptor, "ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_mlws.server", f"--workspace={workspace}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=workspace,
            env=_own_environment(),
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        running = find(workspace)
        # Ours answers, at the old address, a moment before it says in the file who it is.
        is_new = running and not (before and before.pid == running.pid)
        if running and (is_new or process.poll() is not None):
            return running
        # Another starter may hold the lock; then ours has left and theirs will answer.
        if process.poll() not in (None, 0):
            break
        time.sleep(0.02)
    tail = log.read_bytes()[began:][-2000:].decode(errors="replace")
    raise Unavailable(f"The service of {workspace} did not start; its log {log} says:\n{tail}")


def stop(workspace: Path, *, force: bool = False) -> bool:
    """Stop the service; answers whether there was one.

    Raises:
        Conflict: jobs wait or run, and it was not forced.
    """
    from jupyter_mlws.sdk.transport import HttpTransport

    running = find(workspace)
    if running is None:
        return False
    with closing(HttpTransport(running.url, running.token)) as transport:
        transport.call("workspaces.stop", {"force": force})
    deadline = time.monotonic() + 30
    while find(workspace) and time.monotonic() < deadline:
        time.sleep(0.02)
    return True


def _answers(running: Running) -> bool:
    try:
        answer = httpx.get(
            f"{running.url}/api/workspaces:show",
            headers={"Authorization": f"Bearer {running.token}"},
            timeout=10,
            trust_env=False,
        )
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and answer.json()["path"] == running.workspace


def _hand_over(running: Running) -> bool:
    from jupyter_mlws.entities.errors import Conflict

    try:
        return stop(Path(running.workspace))
    except Conflict as busy:
        print(  # noqa: T201 - the only place to say it before there is a log
            f"The service of {running.workspace} is version {running.version} and goes on as such"
            f" until it is idle: {busy}",
            file=sys.stderr,
        )
        return False


def _own_environment() -> dict[str, str]:
    """This process's environment without what belongs to it alone."""
    alone = {"PYTHONDONTWRITEBYTECODE", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI"}
    alone |= {
        "MLFLOW_TRACKING_TOKEN",
        "MLWS_URL",
        "MLWS_TOKEN",
        "JPY_SESSION_NAME",
        "JPY_PARENT_PID",
    }
    return {name: value for name, value in os.environ.items() if name not in alone}
