"""Events: what happened in the workspace, in order."""

from __future__ import annotations

import asyncio
import time

from jupyter_mlws.entities.compute import Event
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace


@operation("events/read", in_registries=True)
async def list_(
    ws: Workspace, after: int = 0, limit: int = 500, subject: str | None = None, wait_s: float = 0
) -> list[Event]:
    """Events after a number, oldest first; waits for the first of them when there is none.

    Args:
        after: number of the last event that is known already.
        limit: most events to answer.
        subject: only events of this subject, such as `job:NAME`.
        wait_s: seconds to wait for an event, at most 60.
    """
    deadline = time.monotonic() + min(wait_s, 60)
    while True:
        n_rings = ws.feed.n_rings
        rows = await asyncio.to_thread(
            ws.store.events, after=after, limit=min(limit, 5000), subject=subject
        )
        left = deadline - time.monotonic()
        if rows or left <= 0:
            return [
                Event(
                    seq=row.seq,
                    time=from_ms(row.time_ms),
                    who=row.who,
                    action=row.action,
                    subject=row.subject,
                    change=row.change,
                )
                for row in rows
            ]
        await ws.feed.wait(left, n_rings=n_rings)
