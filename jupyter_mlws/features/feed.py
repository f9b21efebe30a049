"""Waiting for what happens next, without asking again and again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_mlws.store.base import Store


class Feed:
    """Wakes coroutines when the store has a new event or a job's files have grown.

    Lives on one event loop; `ring` may be called from any thread, and costs nothing while nobody waits.
    """

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop) -> None:
        self.n_rings = 0
        self._loop = loop
        self._waiting: set[asyncio.Future[None]] = set()
        self._stop = store.subscribe(lambda seq: self.ring())

    def ring(self) -> None:
        """Wake all who wait."""
        self.n_rings += 1
        if self._waiting and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def wait(self, timeout_s: float, *, n_rings: int | None = None) -> bool:
        """Whether somebody rang within `timeout_s`.

        Args:
            n_rings: what `n_rings` was before the caller looked for news: a ring since then counts.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(future)
        try:
            if n_rings not in {None, self.n_rings}:
                return True
            await asyncio.wait_for(future, timeout_s)
        except asyncio.TimeoutError:
            return False
        finally:
            self._waiting.discard(future)
        return True

    def close(self) -> None:
        """Stop listening and let go all who wait."""
        self._stop()
        self._wake()

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
