"""All that acts by itself, as one thing that a service starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_mlws.entities.record import now
from jupyter_mlws.execution.automation.scheduler import Scheduler

if TYPE_CHECKING:
    from jupyter_mlws.execution.dispatcher import Dispatcher
    from jupyter_mlws.store.base import Store


class Automation:
    """The scheduler of a workspace."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, *, clock: Callable[[], datetime] = now
    ) -> None:
        self.scheduler = Scheduler(store, dispatcher.desk, wake=dispatcher.wake, clock=clock)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_needed(self) -> bool:
        """Whether something may have to be done without anybody asking."""
        return self.scheduler.is_needed

    async def start(self) -> None:
        """Take up what the store says is to be done."""
        await asyncio.to_thread(self.scheduler.load)
        self._tasks = [asyncio.create_task(self.scheduler.run())]

    async def stop(self) -> None:
        """Do no more; all that is to be done stands in the store."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
