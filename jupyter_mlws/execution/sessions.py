"""Interactive kernels on computes: who holds slots, since when, and until when without a sign of life."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from jupyter_mlws.entities.compute import ComputeSpec
from jupyter_mlws.entities.session import SessionSpec
from jupyter_mlws.execution.queueing import PRIORITIES, Ticket
from jupyter_mlws.store.base import Store

KIND = "session"
LEASE_S = 120.0
"""Seconds without a sign of life after which a kernel is taken for gone."""
REMEMBERED = 1000
"""Of so many ended sessions it is known why."""


@dataclass(slots=True)
class Held:
    """Slots that a kernel holds.

    Attributes:
        seen: when it gave the last sign of life, and
        active: when it last executed something, in seconds of the monotonic clock.
    """

    spec: SessionSpec
    ticket: Ticket
    started_ms: int
    seen: float = field(default_factory=time.monotonic)
    active: float | None = None

    def idle_s(self) -> float | None:
        """For how long nothing was executed; None where that is not known."""
        return None if self.active is None else time.monotonic() - self.active


class Sessions:
    """The kernels that hold slots. Belongs to the dispatcher's loop; the store keeps them over a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, Held] = {}
        self._ended: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def load(self) -> None:
        """Take up those that were there when the service ended; each gets a new lease."""
        for record in self._store.list_records(KIND):
            spec = SessionSpec.model_validate(record.doc["spec"])
            ticket = _ticket(spec, record.doc["user"], 0)
            self._held[record.name] = Held(spec, ticket, record.created_ms)

    def of(self, compute: str | None = None) -> list[Held]:
        """Those of a compute, or all."""
        return [held for held in tuple(self._held.values()) if compute in (None, held.spec.compute)]

    def find(self, name: str) -> Held | None:
        """The one of this name."""
        return self._held.get(name)

    def why_ended(self, name: str) -> str | None:
        """Why a session is no more, where that is remembered."""
        return self._ended.get(name)

    def ticket(self, spec: SessionSpec, user: str) -> Ticket:
        """With which it stands in the queue for a moment: behind all who wait."""
        return _ticket(spec, user, self._store.last_event() + 1)

    def reserve(self, spec: SessionSpec, ticket: Ticket) -> Held:
        """Give slots that are free; `keep` writes it down."""
        held = Held(spec, ticket, time.time_ns() // 1_000_000)
        self._held[spec.name] = held
        self._ended.pop(spec.name, None)
        return held

    def keep(self, held: Held) -> None:
        """Write down who holds slots; it may block."""
        spec, user = held.spec, held.ticket.user
        subject = f"{KIND}:{spec.name}"
        with self._store.change(
            user, "sessions/write", subject, compute=spec.compute, slots=spec.slots
        ) as tx:
            tx.put_record(KIND, spec.name, {"spec": spec.model_dump(), "user": user})

    def drop(self, name: str, reason: str) -> Held | None:
        """Take the slots back; `forget` writes it down."""
        held = self._held.pop(name, None)
        if held is not None:
            self._ended[name] = reason
            while len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)
        return held

    def forget(self, held: Held, who: str) -> None:
        """Write down that a kernel holds no slots any more; it may block."""
        name = held.spec.name
        reason = self._ended.get(name, "")
        with self._store.change(
            who, "sessions/write", f"{KIND}:{name}", ended=reason, compute=held.spec.compute
        ) as tx:
            tx.delete_record(KIND, name)

    def due(self, compute: ComputeSpec) -> Iterator[tuple[Held, str]]:
        """Those of a compute whose time is over, and why."""
        for held in self.of(compute.name):
            idle_s = held.idle_s()
            if time.monotonic() - held.seen >= LEASE_S:
                yield held, "its server gave no sign of life"
            elif compute.idle_s is not None and idle_s is not None and idle_s >= compute.idle_s:
                yield held, f"nothing was executed for {compute.idle_s / 60:g} minutes"

    def next_due_s(self, compute: ComputeSpec) -> float | None:
        """In how many seconds `due` may find something."""
        now = time.monotonic()
        times = [held.seen + LEASE_S - now for held in self.of(compute.name)]
        if compute.idle_s is not None:
            times += [
                held.active + compute.idle_s - now
                for held in self.of(compute.name)
                if held.active is not None
            ]
        return max(min(times), 0.0) if times else None


def _ticket(spec: SessionSpec, user: str, turn: int) -> Ticket:
    return Ticket(spec.name, user, spec.slots, PRIORITIES["medium"], turn)
