"""Starts notebooks' kernels that run on a compute: they take its slots first, as jobs do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from tornado.web import HTTPError
from traitlets import Float, Integer, Unicode

from jupyter_mlws.entities.errors import MlwsError, NotFound, Unavailable

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

T = TypeVar("T")


class ComputeProvisioner(LocalProvisioner):
    """A kernel on this machine that holds slots of a compute of the workspace while it lives.

    It gives the service signs of life; when the service takes the slots back (the kernel was idle for too
    long, somebody ended the session) it is shut down.
    """

    compute = Unicode("local", help="Name of the compute.")
    slots = Integer(1, help="How many slots the kernel takes.")
    workspace = Unicode("", help="The workspace directory; the one of the environment when empty.")
    renew_s = Float(20.0, help="Seconds between two signs of life.").tag(config=True)

    _client: MLClient | None = None
    _renewing: asyncio.Task[None] | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Take the slots; the kernel starts when they are there.

        Raises:
            HTTPError: they are not free, or the workspace is not there; the message says what to do.
        """
        session = {
            "name": self.kernel_id,
            "compute": self.compute,
            "slots": self.slots,
            "kernel": str(getattr(self.parent, "kernel_name", "")),
        }
        try:
            held = await self._ask(lambda client: client.call("sessions.create", session=session))
        except MlwsError as error:
            status = 503 if isinstance(error, Unavailable) else 400
            raise HTTPError(status, error.message, reason=error.message) from None
        env = {**os.environ, **(kwargs.pop("env", None) or {}), **held.env}
        return await super().pre_launch(env=env, **kwargs)

    async def post_launch(self, **kwargs: Any) -> None:
        """Begin to give signs of life."""
        await super().post_launch(**kwargs)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew())

    async def cleanup(self, restart: bool = False) -> None:
        """Give the slots back, unless the kernel only starts anew."""
        await super().cleanup(restart=restart)
        if restart:
            return
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None
        # A session that is not known any more, or a service that is away: the lease ends by itself.
        with suppress(MlwsError):
            await self._ask(lambda client: client.call("sessions.delete", name=self.kernel_id))
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self.renew_s)
            idle_s = self._idle_s()
            try:
                await self._ask(
                    lambda client, idle_s=idle_s: client.call(  # type: ignore[misc]
                        "sessions.renew", name=self.kernel_id, idle_s=idle_s
                    )
                )
            except NotFound as error:
                self.log.warning("The kernel is shut down: %s", error.message)
                self._shut_down()
                return
            except MlwsError as error:
                self.log.warning("The workspace does not answer: %s", error.message)

    def _idle_s(self) -> float | None:
        """For how long the kernel has executed nothing, where its server watches it."""
        since = getattr(self.parent, "last_activity", None)
        if not isinstance(since, datetime):
            return None
        if getattr(self.parent, "execution_state", "idle") == "busy":
            return 0.0
        return (datetime.now(timezone.utc) - since).total_seconds()

    def _shut_down(self) -> None:
        """End the kernel as a person would, through whoever manages it."""
        kernel: Any = self.parent
        manager = getattr(kernel, "parent", None)
        if manager is not None and self.kernel_id in getattr(manager, "list_kernel_ids", list)():
            done = manager.shutdown_kernel(self.kernel_id, now=True)
        else:
            done = kernel.shutdown_kernel(now=True)
        if asyncio.iscoroutine(done) or asyncio.isfuture(done):
            self._ending = asyncio.ensure_future(done)

    async def _ask(self, question: Callable[[MLClient], T]) -> T:
        return await asyncio.to_thread(lambda: question(self._connected()))

    def _connected(self) -> MLClient:
        from jupyter_mlws.sdk.client import MLClient

        if self._client is None:
            self._client = MLClient(workspace=self.workspace or None)
        return self._client
