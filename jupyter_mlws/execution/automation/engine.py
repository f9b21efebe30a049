"""All that acts by itself, as one thing that a service starts and stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_mlws.entities.record import now
from jupyter_mlws.entities.trigger import DRIFTED
from jupyter_mlws.execution.automation.addresses import Gate
from jupyter_mlws.execution.automation.drifting import Drifting
from jupyter_mlws.execution.automation.scheduler import Scheduler
from jupyter_mlws.execution.automation.triggers import Triggers
from jupyter_mlws.execution.automation.webhooks import Webhooks

if TYPE_CHECKING:
    from jupyter_mlws.execution.dispatcher import Dispatcher
    from jupyter_mlws.store.base import Store

logger = logging.getLogger(__name__)

PAUSE_S = 0.5
"""Least time between two looks at the log, so that a storm of events costs little."""
MAX_SLEEP_S = 30.0
AFTER_ERROR_S = 5.0


class Automation:
    """The scheduler, the triggers, the webhooks, and what looks for files and drift in a workspace.

    Args:
        url: base address of the service.
        allowed_networks: private networks that webhooks may reach.
    """

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        *,
        url: str = "",
        allowed_networks: Sequence[str] = (),
        clock: Callable[[], datetime] = now,
    ) -> None:
        desk, wake = dispatcher.desk, dispatcher.wake
        self._store, self._clock = store, clock
        self.scheduler = Scheduler(store, desk, wake=wake, clock=clock)
        self.triggers = Triggers(store, desk, wake=wake, clock=clock)
        self.webhooks = Webhooks(store, desk.seal, Gate(allowed_networks), url=url, clock=clock)
        self.drifting = Drifting(store, desk.blobs, desk.places)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_needed(self) -> bool:
        """Whether something may have to be done without anybody asking."""
        return self.scheduler.is_needed or self.triggers.is_needed or self.webhooks.is_needed

    async def start(self) -> None:
        """Take up what the store says is to be done."""
        await asyncio.to_thread(self.scheduler.load)
        self._tasks = [
            asyncio.create_task(self.scheduler.run()),
            asyncio.create_task(self._follow(self.triggers.turn)),
            asyncio.create_task(self._follow(self.webhooks.turn)),
            asyncio.create_task(self._follow(self.triggers.watching.turn)),
            asyncio.create_task(self._follow(self._compare)),
        ]

    async def stop(self) -> None:
        """Do no more; all that is to be done stands in the store."""
        self.drifting.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _compare(self) -> None:
        listens = self.triggers.listens(DRIFTED) or self.webhooks.listens(DRIFTED)
        self.drifting.turn(listens=listens)

    async def _follow(self, turn: Callable[[], datetime | None]) -> None:
        """Turn whenever something has happened, and when the turn said."""
        awake = asyncio.Event()
        loop = asyncio.get_running_loop()

        def heard(seq: int) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(awake.set)

        stop_listening = self._store.subscribe(heard)
        try:
            while True:
                awake.clear()
                left_s = MAX_SLEEP_S
                try:
                    due = await asyncio.to_thread(turn)
                    if due is not None:
                        left_s = max(0.0, (due - self._clock()).total_seconds())
                except Exception:
                    logger.exception("Events could not be seen to; it is tried again")
                    left_s = AFTER_ERROR_S
                await asyncio.sleep(PAUSE_S)
                timer = loop.call_later(min(left_s, MAX_SLEEP_S), awake.set)
                await awake.wait()
                timer.cancel()
        finally:
            stop_listening()
