"""Kernels that are started, connected and used for one notebook, then never again."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from queue import Empty
from typing import Any, TypeVar

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError

from jupyter_mlws.entities.errors import Unavailable

T = TypeVar("T")
_IN_MEMORY = "--HistoryManager.hist_file=:memory:"
"""Keeps a notebook's cells out of the user's IPython history."""


class StartTimeout(Unavailable):
    """The kernel's process runs and does not answer."""


def waited(function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """What the coroutine answers; all of a kernel's verbs run on this thread's one loop."""

    async def call() -> T:
        return await function(*args, **kwargs)

    return run_sync(call)()


class Kernel:
    """A running kernel and a client whose channels are open and quiet.

    Making the client ahead of time matters: a new one waits 0.2 s for the kernel to fall silent.

    Attributes:
        name: of its kernelspec.
        language_info: as the kernel tells it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.language_info: dict[str, Any] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="mlws-kernel-"))
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
    ) -> Kernel:
        """A kernel that is ready for its first cell.

        Args:
            env: its whole environment; this process's when absent.
        Raises:
            Unavailable: there is no such kernel, or it ends before it answers.
            StartTimeout: it does not answer within `timeout_s`.
        """
        kernel = cls(name)
        try:
            kernel._start(env, cwd, timeout_s)
        except BaseException:
            kernel.close()
            raise
        return kernel

    def _start(self, env: Mapping[str, str] | None, cwd: Path | None, timeout_s: float) -> None:
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
        self.client = self.manager.client()
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

    @property
    def is_python(self) -> bool:
        """Whether code of ours can run in it beside the notebook's."""
        return str(self.language_info.get("name", "")).lower() in {"python", "ipython"}

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return waited(self.manager.is_alive)

    def run_silently(self, code: str) -> None:
        """Run code that leaves no trace in history, execution count or outputs.

        Raises:
            DeadKernelError: the kernel ended.
            RuntimeError: the code failed.
        """
        content = self._reply(self.client.execute(code, silent=True, store_history=False))["content"]
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
        """End it at once, and remove its sockets."""
        if hasattr(self, "client"):
            self.client.stop_channels()
        if self.manager.has_kernel:
            waited(self.manager.shutdown_kernel, now=True)
        waited(self.manager.cleanup_resources)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _reply(self, message_id: str) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] = waited(self.client.get_shell_msg, timeout=1)
            except (Empty, asyncio.TimeoutError):
                if not self.is_alive:
                    raise DeadKernelError(self.death()) from None
                continue
            if message["parent_header"].get("msg_id") == message_id:
                return message
