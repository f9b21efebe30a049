"""Who is next: slots shared by priority, and fairly between users. Pure functions."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PRIORITIES = {"low": 1, "medium": 2, "high": 3}


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job that waits for slots or holds them."""

    name: str
    user: str
    slots: int
    priority: int
    turn: int
    """Grows from each job that was submitted to the next."""


def order(waiting: Iterable[Ticket], running: Iterable[Ticket]) -> Iterator[Ticket]:
    """The waiting in the order in which they start.

    Higher priority first; then the user who holds the fewest slots, counting those given before in
    this order; then who has waited longest.
    """
    held = Counter[str]()
    for ticket in running:
        held[ticket.user] += ticket.slots
    levels: dict[int, list[Ticket]] = defaultdict(list)
    for ticket in waiting:
        levels[ticket.priority].append(ticket)
    for priority in sorted(levels, reverse=True):
        yield from _fairly(levels[priority], held)


def admitted(waiting: Iterable[Ticket], running: Iterable[Ticket], slots: int) -> list[Ticket]:
    """The waiting that start now on a compute of `slots`.

    Nobody overtakes: a job that needs more slots than are free keeps them free until it has enough. One
    that needs more than there are at all starts when everything is free.
    """
    running = list(running)
    free = slots - sum(min(ticket.slots, slots) for ticket in running)
    found = []
    for ticket in order(waiting, running):
        free -= min(ticket.slots, slots)
        if free < 0:
            break
        found.append(ticket)
    return found


def _fairly(tickets: list[Ticket], held: Counter[str]) -> Iterator[Ticket]:
    lines: dict[str, deque[Ticket]] = defaultdict(deque)
    for ticket in sorted(tickets, key=lambda t: (t.turn, t.name)):
        lines[ticket.user].append(ticket)
    heap = [(held[user], line[0].turn, line[0].name, user) for user, line in lines.items()]
    heapq.heapify(heap)
    while heap:
        *_, user = heapq.heappop(heap)
        line = lines[user]
        ticket = line.popleft()
        held[user] += ticket.slots
        yield ticket
        if line:
            heapq.heappush(heap, (held[user], line[0].turn, line[0].name, user))
