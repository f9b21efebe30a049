"""Audit: who changed what and when, newest first."""

from __future__ import annotations

import re

from jupyter_mlws.entities.compute import Event
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.record import Moment, Page, from_ms, to_ms
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Trail

MAX_RESULTS = 1000


@operation("audit/read", in_registries=True)
def list_(
    ws: Workspace,
    user: str | None = None,
    entity: str | None = None,
    action: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    with_logging: bool = False,
    people_only: bool = False,
    max_results: int = 50,
    page_token: str | None = None,
) -> Page[Event]:
    """What was changed, newest first; without what runs log while they run.

    Args:
        user: only what this one did.
        entity: only what was done to it: `model:NAME`, `model:NAME@VERSION`, or `model` for all.
        action: only this action, such as `models/approve`; `*` stands for anything, as in `models/*`.
        since: the earliest moment, such as `2026-11-26T09:30:00+09:00`; UTC without an offset.
        until: the latest moment.
        with_logging: also metrics, parameters and files that runs log, and deliveries of webhooks.
        people_only: without what the service and its jobs did by themselves, such as states of jobs.
        max_results: 1 to 1000.
    """
    if not 1 <= max_results <= MAX_RESULTS:
        raise Invalid.field("max_results", f"must be 1 to {MAX_RESULTS} (got {max_results}).")
    if page_token is not None and not re.fullmatch(r"\d{1,18}", page_token, re.ASCII):
        raise Invalid.field("page_token", f"'{page_token:.40}' is no token of a page.")
    if since and until and since > until:
        raise Invalid.field("until", "must not be before `since`.")
    trail = Trail(
        who=user,
        subject=entity,
        action=action,
        since_ms=to_ms(since) if since else None,
        until_ms=to_ms(until) if until else None,
        before=int(page_token) if page_token else None,
        limit=max_results + 1,
        with_logging=with_logging,
        people_only=people_only,
    )
    found = ws.store.trail(trail)
    items = [
        Event(
            seq=row.seq,
            time=from_ms(row.time_ms),
            who=row.who,
            action=row.action,
            subject=row.subject,
            change=row.change,
        )
        for row in found[:max_results]
    ]
    token = str(items[-1].seq) if len(found) > max_results else None
    return Page[Event](items=items, next_page_token=token)
