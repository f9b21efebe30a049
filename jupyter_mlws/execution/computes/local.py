"""This machine: each step runs under a detached supervisor of its own."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import psutil

from jupyter_mlws.entities.errors import Unavailable
from jupyter_mlws.entities.job import Cause
from jupyter_mlws.execution import supervisor
from jupyter_mlws.execution.base import Compute, Handle, Report, Step

logger = logging.getLogger(__name__)

MAX_KINDS = 4
"""For how many kinds of steps processes are kept ready; those asked for last count."""
SPARE_BYTES = 1 << 30
"""No process is started ahead of time while less memory than this is free."""


class LocalCompute(Compute):
    """Runs steps on this machine; all it knows of a step lies in the step's folder.

    What happened can be told by any process that can read the folder, at any time: a supervisor holds
    a lock on its claim for as long as it lives, and writes down how the step stands.
    """

    type = "local"

    def __init__(self, path: Path, *, grace_s: float = 10) -> None:
        self._bell = path / "runtime" / "bell.sock"
        self._grace_s = grace_s
        self._lock = Lock()
        self._running: set[int] = set()
        self._standby: dict[tuple[str, ...], _Standby] = {}
        self._spare: _Pair | None = None

    def submit(self, step: Step, folder: Path) -> Handle:
        self._reap()
        if found := self.find(folder):
            return found
        for name in ("supervisor", "user_logs", "system_logs"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        order = self._order(step, folder)
        if not any(pair.take_on(order) for pair in self._candidates(step)):
            raise Unavailable(f"The supervisor of '{folder}' did not start.")
        self._refill()
        return {"folder": str(folder)}

    def find(self, folder: Path) -> Handle | None:
        return {"folder": str(folder)} if (folder / "supervisor" / "claim").exists() else None

    def poll(self, handle: Handle) -> Report:
        self._reap()
        own = Path(handle["folder"]) / "supervisor"
        alive = _is_alive(own)
        state = _read(own / "state.json") or {"state": "starting"}
        if not alive and state["state"] != "ended":
            state = _bury(own, state)
        return _report(state)

    def cancel(self, handle: Handle) -> None:
        own = Path(handle["folder"]) / "supervisor"
        with suppress(OSError):
            (own / "cancel").touch(mode=0o600)
        if _is_alive(own) and (claim := _read(own / "claim")):
            with suppress(ProcessLookupError):
                os.kill(claim["pid"], signal.SIGTERM)

    def usage(self, handle: Handle, after: int) -> tuple[list[dict[str, float]], int]:
        try:
            with (Path(handle["folder"]) / "supervisor" / "usage.jsonl").open("rb") as file:
                file.seek(after)
                whole, end, _ = file.read().rpartition(b"\n")
        except OSError:
            return [], after
        return [json.loads(line) for line in whole.splitlines()], after + len(whole) + len(end)

    def prepare(self, argv: Sequence[str], env: Mapping[str, str], count: int) -> None:
        with self._lock:
            kept = self._standby.pop(tuple(argv), _Standby())
            self._standby[tuple(argv)] = kept
            kept.env, kept.count = dict(env), count
            oldest = list(self._standby)[:-MAX_KINDS]
            for pair in (pair for kind in oldest for pair in self._standby.pop(kind).pairs):
                pair.dismiss()
        self._refill()

    def rest(self) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            pairs = [pair for kept in self._standby.values() for pair in kept.pairs]
            self._standby.clear()
            pairs += [self._spare] if self._spare else []
            self._spare = None
        for pair in pairs:
            pair.dismiss()
        for pair in pairs:
            with suppress(ChildProcessError):
                os.waitpid(pair.pid, 0)
            self._running.discard(pair.pid)

    def _order(self, step: Step, folder: Path) -> dict[str, Any]:
        return {
            "folder": str(folder),
            "argv": list(step.argv),
            "cwd": str(step.cwd),
            "env": dict(step.env),
            "stdin": step.standby,
            "timeout_s": step.timeout_s,
            "memory_bytes": step.memory_bytes,
            "redact": list(step.redact),
            "remove": list(step.remove),
            "bell": str(self._bell),
            "grace_s": self._grace_s,
        }

    def _candidates(self, step: Step) -> Iterator[_Pair]:
        """Supervisors for the step: one that waits with its process, one that waits alone, a new one."""
        with self._lock:
            kept = self._standby.get(tuple(step.argv)) if step.standby else None
            pair = kept.pairs.popleft() if kept and kept.pairs else None
        if pair:
            yield pair
        with self._lock:
            spare, self._spare = self._spare, None
        if spare:
            yield spare
        yield self._spawn()

    def _refill(self) -> None:
        """Start ahead of time what was asked for, and one supervisor, as far as memory allows."""
        with self._lock:
            for argv, kept in self._standby.items():
                for _ in range(kept.count - len(kept.pairs)):
                    if psutil.virtual_memory().available < SPARE_BYTES:
                        return
                    pair = self._spawn()
                    pair.order({"standby": {"argv": argv, "env": kept.env}})
                    kept.pairs.append(pair)
            self._spare = self._spare or self._spawn()

    def _spawn(self) -> _Pair:
        pair = _Pair()
        self._running.add(pair.pid)
        return pair

    def _reap(self) -> None:
        """Let the ended supervisors among our own children go."""
        for pid in list(self._running):
            try:
                ended = os.waitpid(pid, os.WNOHANG)[0] == pid
            except ChildProcessError:
                ended = True
            if ended:
                self._running.discard(pid)


class _Pair:
    """A supervisor that has not been given its attempt yet, alone or with a standby process."""

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        program = [sys.executable, "-I", "-S", str(Path(supervisor.__file__))]
        files = [
            (os.POSIX_SPAWN_DUP2, orders, 0),
            (os.POSIX_SPAWN_DUP2, answers, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        env = {"PATH": os.environ.get("PATH", os.defpath)}
        self.pid = os.posix_spawn(program[0], program, env, file_actions=files)
        os.close(orders)
        os.close(answers)

    def order(self, order: Mapping[str, Any]) -> None:
        """Send one line of JSON; a supervisor that is gone gets nothing."""
        data = json.dumps(order).encode() + b"\n"
        with suppress(BrokenPipeError):
            while data:
                data = data[os.write(self._orders, data) :]

    def take_on(self, order: Mapping[str, Any]) -> bool:
        """Give it the attempt; whether the attempt is now this supervisor's or another's."""
        self.order(order)
        os.close(self._orders)
        with os.fdopen(self._answers, "rb") as answers:
            return answers.read() in (b"ok\n", b"taken\n")

    def dismiss(self) -> None:
        """Close its input: without an attempt it ends."""
        os.close(self._orders)
        os.close(self._answers)


class _Standby:
    """The processes of one argv that are kept ready."""

    def __init__(self) -> None:
        self.env: dict[str, str] = {}
        self.count = 0
        self.pairs: deque[_Pair] = deque()


def _is_alive(own: Path) -> bool:
    """Whether a supervisor lives that has claimed the attempt: then it holds a lock."""
    try:
        with (own / "claim").open("rb") as claim:
            fcntl.flock(claim, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _bury(own: Path, state: dict[str, Any]) -> dict[str, Any]:
    """End what is left of an attempt whose supervisor was killed, and write down that it ended."""
    claim = _read(own / "claim")
    if remove := (claim or {}).get("remove"):  # what an earlier release has claimed names none
        _remove(remove)
    n_ended = _end_strays(claim["tree"]) if claim else 0
    message = "Its supervisor was killed or the machine restarted"
    if n_ended:
        message += f"; {n_ended} processes of it were ended"
    state = {
        **state,
        "state": "ended",
        "cause": Cause.SUPERVISOR_LOST.value,
        "message": message,
        "ended_ms": time.time_ns() // 1_000_000,
    }
    with suppress(FileNotFoundError):
        _write_private(own / "state.json", state)
    return state


def _remove(argv: Sequence[str]) -> None:
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(argv, capture_output=True, check=False, timeout=supervisor.REMOVE_TIMEOUT_S)


def _end_strays(tree: str) -> int:
    """Kill every process that carries the mark of `tree`, and all below it; how many there were."""
    ended: set[int] = set()
    while found := _strays(tree) - ended:
        for process in found:
            with suppress(psutil.Error):
                psutil.Process(process).kill()
        ended |= found
        psutil.wait_procs([p for p in psutil.process_iter() if p.pid in found], timeout=5)
    return len(ended)


def _strays(tree: str) -> set[int]:
    found: set[int] = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("MLWS_TREE") == tree:
                found |= {process.pid, *(child.pid for child in process.children(recursive=True))}
    return found


def _report(state: Mapping[str, Any]) -> Report:
    cause = state.get("cause")
    return Report(
        state=state["state"],
        exit_code=state.get("exit_code"),
        cause=Cause(cause) if cause else None,
        message=state.get("message", ""),
        started_ms=state.get("started_ms"),
        ended_ms=state.get("ended_ms"),
        canceled=bool(state.get("canceled")),
    )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        body: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return body


def _write_private(path: Path, body: Mapping[str, Any]) -> None:
    """Write JSON that only the owner can read, all at once."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(body))
    draft.replace(path)
