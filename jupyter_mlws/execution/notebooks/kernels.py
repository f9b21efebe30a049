"""Kernels that are started, connected and used for one notebook, then never again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any, TypeVar

import psutil
import zmq
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError

from jupyter_mlws.entities.errors import Unavailable

T = TypeVar("T")
_GRACE_S = 5.0
"""Seconds a kernel has for its exit handlers and for closing its files."""

_IN_MEMORY = "--HistoryManager.hist_file=:memory:"
"""Keeps a notebook's cells out of the user's IPython history."""


FOLDER = "mlws-kernel-"
"""Begins the name of a kernel's folder; the pid of the process that it belongs to follows."""


class StartTimeout(Unavailable):
    """The kernel's process runs and does not answer."""


def waited(function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """What the coroutine answers; all of a kernel's verbs run on this thread's one loop."""

    async def call() -> T:
        return await function(*args, **kwargs)

    return run_sync(call)()


def sweep() -> None:
    """Remove the folders of kernels whose process was killed and could not clean up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*-*"):
        pid = folder.name.removeprefix(FOLDER).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


class Kernel:
    """A running kernel and a client whose channels are open and quiet.

    Making the client ahead of time matters: a new one waits 0.2 s for the kernel to fall silent.

    Attributes:
        name: of its kernelspec.
        language_info: as the kernel tells it.
        is_stuck: whether it is in the middle of a cell, so that it would only be waited for in vain.
        farewell: code that does what the end of the process would do; it fails when it cannot.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.language_info: dict[str, Any] = {}
        self.farewell: str | None = None
        self.is_stuck = False
        sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
        self.manager = AsyncKernelManager(
            kernel_name=name,
            transport="ipc",
            connection_file=str(self._folder / "kernel.json"),
        )

    @classmethod
    def start(
        cls,
        name: str,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = 60,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Kernel:
        """A kernel that is ready for its first cell.

        Args:
            env: its whole environment; this process's when absent.
            meanwhile: called while the kernel's process comes up.
        Raises:
            Unavailable: there is no such kernel, or it ends before it answers.
            StartTimeout: it does not answer within `timeout_s`.
        """
        kernel = cls(name)
        try:
            kernel._launch(env, cwd)
            meanwhile()
            kernel._connect(timeout_s)
        except BaseException:
            kernel.close()
            raise
        return kernel

    def _launch(self, env: Mapping[str, str] | None, cwd: Path | None) -> None:
        options: dict[str, Any] = {} if env is None else {"env": dict(env)}
        options |= {} if cwd is None else {"cwd": str(cwd)}
        try:
            is_ipykernel = self.manager.ipykernel
            extra = [_IN_MEMORY] if is_ipykernel else []
            waited(self.manager.start_kernel, extra_arguments=extra, **options)
        except NoSuchKernel:
            raise Unavailable(
                f"There is no kernel '{self.name}'; `jupyter kernelspec list` shows those installed."
            ) from None
        except OSError as error:
            raise Unavailable(f"Kernel '{self.name}' cannot be started: {error}.") from None

    def _connect(self, timeout_s: float) -> None:
        self.client = self.manager.client()
        # ZeroMQ would drop what a cell prints faster than it is read here: 35 % of 100,000 lines.
        self.client.context.setsockopt(zmq.RCVHWM, 0)
        self.client.start_channels()
        self.client.allow_stdin = False
        try:
            waited(self.client.wait_for_ready, timeout=timeout_s)
        except RuntimeError:
            if not self.is_alive:
                how = self.death()
                raise Unavailable(f"Kernel '{self.name}' ended while it started: {how}.") from None
            raise StartTimeout(
                f"Kernel '{self.name}' did not answer within {timeout_s:g} s."
            ) from None
        reply = self._reply(self.client.kernel_info())
        self.language_info = reply["content"]["language_info"]
        if self.is_python:
            self.run_silently("pass")

    @property
    def is_python(self) -> bool:
        """Whether code of ours can run in it beside the notebook's."""
        return str(self.language_info.get("name", "")).lower() in {"python", "ipython"}

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return bool(waited(self.manager.is_alive))

    def run_silently(self, code: str, timeout_s: float = float("inf")) -> None:
        """Run code that leaves no trace in history, execution count or outputs.

        Raises:
            DeadKernelError: the kernel ended.
            RuntimeError: the code failed, or took longer than `timeout_s`.
        """
        message_id = self.client.execute(code, silent=True, store_history=False)
        content = self._reply(message_id, timeout_s)["content"]
        if content["status"] != "ok":
            raise RuntimeError(f"{content.get('ename')}: {content.get('evalue')}")

    def death(self) -> str:
        """How its process ended, in words."""
        code = self.exit_code
        if code is None:
            return "its process is gone"
        if code >= 0:
            return f"its process ended with exit code {code}"
        try:
            return f"its process was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"its process was killed by signal {-code}"

    @property
    def exit_code(self) -> int | None:
        """Exit code of its process, negative for a signal; None while it runs or when unknown."""
        code = waited(self.manager.provisioner.poll) if self.manager.provisioner else None
        return None if code is None else int(code)

    def close(self) -> None:
        """End it and remove its sockets; unless stuck, its exit handlers run and its files are closed."""
        is_orderly = self.manager.has_kernel and not self.is_stuck
        if is_orderly and not self._has_said_farewell():
            self._ask_to_end()
        if hasattr(self, "client"):
            self.client.stop_channels()
        if self.manager.has_kernel:
            self._kill()
        waited(self.manager.cleanup_resources)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _has_said_farewell(self) -> bool:
        if self.farewell is None:
            return False
        try:
            self.run_silently(self.farewell, _GRACE_S)
        except DeadKernelError:
            return True
        except RuntimeError:
            return False
        return True

    def _ask_to_end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            waited(self.manager.request_shutdown)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)

    def _kill(self) -> None:
        """End it at once; for a process of this machine without Jupyter's wait of 0.1 s."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # Jupyter made it a session of its own
            self._process.wait()
        waited(self.manager.shutdown_kernel, now=True)

    @property
    def _process(self) -> subprocess.Popen[bytes] | None:
        """Its process, when that is one of this machine."""
        return getattr(self.manager.provisioner, "process", None)

    def _reply(self, message_id: str, timeout_s: float = float("inf")) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                message: dict[str, Any] = waited(self.client.get_shell_msg, timeout=1)
            except (Empty, asyncio.TimeoutError):
                if not self.is_alive:
                    raise DeadKernelError(self.death()) from None
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no answer within {timeout_s:g} s") from None
                continue
            if message["parent_header"].get("msg_id") == message_id:
                return message
