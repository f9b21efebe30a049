"""The scheduler: sleeps until the next due time, and starts what is due exactly once.

A schedule has two records of its name: `schedule`, what a person asked for, and `schedule-state`, how far
its due times are settled and what became of the last ones. A job is made in the transaction that settles
its due time, so that a crash at any moment leaves both or neither.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import takewhile
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from jupyter_mlws.entities.errors import Conflict, Invalid, MlwsError, NotFound
from jupyter_mlws.entities.record import from_ms, to_ms
from jupyter_mlws.entities.run import FINAL, Status
from jupyter_mlws.entities.schedule import ScheduleSpec
from jupyter_mlws.execution import records
from jupyter_mlws.execution.automation import starting
from jupyter_mlws.execution.automation.times import due_times

if TYPE_CHECKING:
    from jupyter_mlws.execution.submission import Desk
    from jupyter_mlws.store.base import Doc, Record, Store, Transaction

logger = logging.getLogger(__name__)

KIND = "schedule"
STATE = "schedule-state"
WHO = "scheduler"
GRACE = timedelta(seconds=60)
"""A due time is missed when it is later than this."""
N_RECENT = 20
AT_ONCE = 100
"""Most fires in a turn, so that the rest of the service has its turn too."""
MAX_SLEEP_S = 30.0
"""The clock of the machine may be set, or stand still while it sleeps."""
PAUSE_S = 0.25
"""Least time between two looks at whether a job has ended that a fire waits for."""
FireKind = Literal["due", "missed", "manual", "backfill"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A schedule as far as it is held in memory."""

    spec: ScheduleSpec
    created: datetime
    settled: datetime


class _SettledAlready(Exception):
    """Somebody else has seen to this due time."""


class Scheduler:
    """Starts jobs by the clock. `turn` in one thread at a time; `changed` and `fire_now` in any.

    Args:
        wake: called after jobs were put into the queue.
        clock: what time it is, aware and in UTC.
    """

    def __init__(
        self, store: Store, desk: Desk, *, wake: Callable[[], None], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._desk, self._wake, self.clock = store, desk, wake, clock
        self._lock = Lock()
        self._entries: dict[str, _Entry] = {}
        self._heap: list[tuple[datetime, int, str]] = []
        self._serials: dict[str, int] = {}
        self._serial = 0
        self._changed: set[str] = set()
        self._waiting: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake = asyncio.Event()
        self._stop_listening: Callable[[], None] = lambda: None
        self.is_needed = False

    # Around it
    def load(self) -> None:
        """Read all schedules from the store."""
        with self._lock:
            self._changed |= {record.name for record in self._store.list_records(KIND)}
            self._take_up_changes()

    async def run(self) -> None:
        """Turn for ever; cancel it to stop."""
        self._loop = asyncio.get_running_loop()
        self._stop_listening = self._store.subscribe(self._heard)
        try:
            await asyncio.to_thread(self.load)
            while True:
                self._awake.clear()
                await self._sleep(await asyncio.to_thread(self._guarded_turn))
        finally:
            self._stop_listening()
            self._loop = None

    def changed(self, name: str) -> None:
        """A schedule was made, changed or deleted: look at it again."""
        with self._lock:
            self._changed.add(name)
            self._take_up_changes()
        self._rouse()

    def _rouse(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._awake.set)

    def _heard(self, seq: int) -> None:
        """Something happened in the store: perhaps a job has ended that a fire waits for."""
        if self._waiting:
            self._rouse()

    async def _sleep(self, until: datetime | None) -> None:
        left_s = MAX_SLEEP_S
        if until is not None:
            left_s = min(MAX_SLEEP_S, max(0.0, (until - self.clock()).total_seconds()))
        if self._waiting:
            await asyncio.sleep(min(left_s, PAUSE_S))
            left_s = max(0.0, left_s - PAUSE_S)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(left_s, self._awake.set)
        try:
            await self._awake.wait()
        finally:
            timer.cancel()

    def _guarded_turn(self) -> datetime | None:
        try:
            return self.turn()
        except Exception:
            logger.exception("The schedules could not be seen to; it is tried again")
            return self.clock() + timedelta(seconds=5)

    # Turning
    def turn(self) -> datetime | None:
        """Start all that is due; answers when something is due next.

        Raises:
            MlwsError: the store cannot be written; what was not settled stays due.
        """
        with self._lock:
            self._take_up_changes()
            now = self.clock()
            left = AT_ONCE
            while self._heap and self._heap[0][0] <= now and left > 0:
                _, serial, name = heapq.heappop(self._heap)
                if self._serials.get(name) == serial:
                    left -= self._see_to(name, now, left)
                    self._plan(name)
            for name in sorted(self._waiting):
                self._start_waiting(name)
            return self._heap[0][0] if self._heap else None

    def next_run(self, name: str) -> datetime | None:
        """When a schedule fires next; None for one that does not."""
        entry = self._entries.get(name)
        return self._due_next(entry) if entry else None

    def _take_up_changes(self) -> None:
        for name in self._changed:
            self._entries.pop(name, None)
            self._serials.pop(name, None)
            self._waiting.discard(name)
            record = self._store.find_record(KIND, name)
            if record is None:
                continue
            state = self._state(name)
            if state["queue"] or state["backfill"]:
                self._waiting.add(name)
            if record.doc["enabled"]:
                spec = kept(record.doc)
                created, settled = from_ms(record.doc["created_ms"]), from_ms(state["settled_ms"])
                self._entries[name] = _Entry(spec, created, settled)
                self._plan(name)
        self._changed.clear()
        self.is_needed = bool(self._entries or self._waiting)

    def _due_next(self, entry: _Entry) -> datetime | None:
        return next(due_times(entry.spec.trigger, entry.created, entry.settled), None)

    def _plan(self, name: str) -> None:
        entry = self._entries.get(name)
        due = self._due_next(entry) if entry else None
        if entry and due:
            self._serial += 1
            self._serials[name] = self._serial
            heapq.heappush(self._heap, (due + _jitter(entry.spec, due), self._serial, name))

    # One schedule
    def _see_to(self, name: str, now: datetime, most: int) -> int:
        """Settle what is due of a schedule, at most `most` fires; answers how many were."""
        entry = self._entries[name]
        done = 0
        for due, kind in self._chosen(entry, now):
            if done == most:
                return done
            self._fire(name, entry.spec, due, kind)
            entry = self._entries[name] = replace(entry, settled=due)
            done += 1
        if not done:
            # All that was due is too old.
            self._settle(name, now)
            self._entries[name] = replace(entry, settled=now)
        return max(done, 1)

    def _chosen(self, entry: _Entry, now: datetime) -> Iterator[tuple[datetime, FireKind]]:
        """The due times that are to be started by the policy, in order."""
        spec = entry.spec
        late, oldest = now - GRACE, now - timedelta(seconds=spec.missed_runs.max_age_s)

        def between(after: datetime) -> Iterator[datetime]:
            found = due_times(spec.trigger, entry.created, max(after, entry.settled))
            return takewhile(lambda due: due + _jitter(spec, due) <= now, found)

        def on_time(due: datetime) -> bool:
            return due + _jitter(spec, due) >= late

        margin = timedelta(seconds=spec.jitter_s)
        if spec.missed_runs.policy == "all":
            for due in between(oldest - timedelta(microseconds=1)):
                yield due, "due" if on_time(due) else "missed"
            return
        fresh = [due for due in between(late - margin) if on_time(due)]
        if fresh or spec.missed_runs.policy == "skip":
            yield from ((due, "due") for due in fresh)
            return
        span = timedelta(hours=1)
        while True:
            start = max(now - span, oldest - timedelta(microseconds=1))
            if found := list(between(start)):
                yield found[-1], "missed"
                return
            if start <= max(oldest, entry.settled):
                return
            span *= 2

    def _fire(self, name: str, spec: ScheduleSpec, due: datetime, kind: FireKind) -> None:
        state = self._state(name)
        active = self._active(state)
        if active and spec.overlap == "skip":
            self._note(name, due, kind, "skipped", f"Job '{active[0]}' had not ended.", settle=True)
        elif (active or state["queue"]) and spec.overlap == "queue":
            with self._change(name, "schedules/queued", due=due.isoformat()) as tx:
                now_state = self._unsettled(name, due)
                now_state["queue"].append({"due_ms": to_ms(due), "kind": kind})
                tx.put_record(STATE, name, {**now_state, "settled_ms": to_ms(due)})
            self._waiting.add(name)
        else:
            if spec.overlap == "cancel":
                for job in active:
                    self._cancel(job)
            self._start(name, due, kind)

    def _start(self, name: str, due: datetime, kind: FireKind) -> None:
        """Start a fire of the clock; one that cannot start is noted with its reason."""
        record = self._store.get_record(KIND, name)
        try:
            self.submit(record, due, kind, user=record.doc["created_by"])
        except _SettledAlready:
            return
        except MlwsError as error:
            if not isinstance(error, (Invalid, NotFound, Conflict)):
                raise
            logger.warning("Schedule '%s' could not start its job: %s", name, error.message)
            self._note(name, due, kind, "failed", error.message, settle=kind in ("due", "missed"))

    def submit(
        self,
        record: Record,
        due: datetime,
        kind: FireKind,
        *,
        user: str,
        inputs: dict[str, Any] | None = None,
    ) -> str:
        """Start the job of a schedule for a due time; answers its name.

        Raises:
            Invalid: it cannot run any more.
        """
        name = record.name
        queued = {"due_ms": to_ms(due), "kind": kind}

        def also(tx: Transaction, job: str) -> None:
            state = self._state(name)
            if queued in state["queue"]:
                state["queue"].remove(queued)
            elif kind in ("due", "missed"):
                state = self._unsettled(name, due)
                state["settled_ms"] = to_ms(due)
            elif kind == "backfill" and state["backfill"]:
                times = state["backfill"]["times"]
                if to_ms(due) not in times:
                    raise _SettledAlready
                times.remove(to_ms(due))
                state["backfill"]["jobs"].append(job)
            fire = {"due_ms": to_ms(due), "kind": kind, "outcome": "started", "job": job}
            state["recent"] = [fire, *state["recent"]][:N_RECENT]
            # A canceled job still holds its place until it has ended.
            state["active"] = [*self._active(state), job]
            tx.put_record(STATE, name, state)
            tx.note(schedule=name, due=due.isoformat(), kind=kind)

        job = starting.start(
            self._desk,
            record.doc["plan"],
            name=f"{name}-{starting.stamp(due)}",
            at=due,
            user=user,
            tags={starting.SCHEDULE_TAG: name},
            inputs=inputs or {},
            also=also,
        )
        self._wake()
        return job

    def _start_waiting(self, name: str) -> None:
        """Start what waits behind other jobs of this schedule, if these have ended."""
        state = self._state(name)
        if state["queue"] and not self._active(state):
            first = state["queue"][0]
            self._start(name, from_ms(first["due_ms"]), first["kind"])
        backfill = state["backfill"]
        if backfill:
            running = self._unfinished(backfill["jobs"])
            for due_ms in backfill["times"][: max(0, backfill["parallel"] - len(running))]:
                self._start(name, from_ms(due_ms), "backfill")
            if not backfill["times"]:
                self._end_backfill(name)
        state = self._state(name)
        if not state["queue"] and not state["backfill"]:
            self._waiting.discard(name)
            self.is_needed = bool(self._entries or self._waiting)

    def _end_backfill(self, name: str) -> None:
        with self._change(name, "schedules/backfilled") as tx:
            tx.put_record(STATE, name, {**self._state(name), "backfill": None})

    # State
    def _state(self, name: str) -> Doc:
        return self._store.get_record(STATE, name).doc

    def _unsettled(self, name: str, due: datetime) -> Doc:
        """The state, inside a transaction that is to settle `due`."""
        state = self._state(name)
        if state["settled_ms"] >= to_ms(due):
            raise _SettledAlready
        return state

    def _active(self, state: Doc) -> list[str]:
        return self._unfinished(state["active"])

    def _unfinished(self, jobs: list[str]) -> list[str]:
        return [job for job in jobs if self._status(job) not in (*FINAL, None)]

    def _status(self, job: str) -> Status | None:
        try:
            return Status(self._store.get_run(job, with_data=False).status)
        except NotFound:
            return None

    def _cancel(self, job: str) -> None:
        try:
            records.cancel(self._store, job, WHO)
        except Conflict:
            return
        self._wake()

    def _settle(self, name: str, now: datetime) -> None:
        self._note(name, now, "missed", "missed", "The workspace did not run then.", settle=True)

    def _note(
        self, name: str, due: datetime, kind: FireKind, outcome: str, reason: str, *, settle: bool
    ) -> None:
        """Keep what became of a due time that started nothing."""
        with self._change(name, f"schedules/{outcome}", due=due.isoformat(), reason=reason) as tx:
            state = self._state(name)
            fire = {"due_ms": to_ms(due), "kind": kind, "outcome": outcome, "reason": reason}
            state["recent"] = [fire, *state["recent"]][:N_RECENT]
            if settle:
                state["settled_ms"] = max(state["settled_ms"], to_ms(due))
            state["queue"] = [item for item in state["queue"] if item["due_ms"] != to_ms(due)]
            if state["backfill"] and kind == "backfill":
                state["backfill"]["times"].remove(to_ms(due))
            tx.put_record(STATE, name, state)

    def _change(self, name: str, action: str, **change: Any) -> Any:
        return self._store.change(WHO, action, f"schedule:{name}", **change)


def kept(doc: Doc) -> ScheduleSpec:
    """The schedule that a record tells of, its job as it was snapshotted."""
    others = {"import_data", "create_monitor"} & doc["spec"].keys()
    job = {} if others else {"create_job": doc["plan"]["job"]}
    return ScheduleSpec.model_validate({**doc["spec"], **job})


def fresh_state(settled: datetime) -> Doc:
    """The state of a schedule that has done nothing yet."""
    settled_ms = to_ms(settled)
    return {"settled_ms": settled_ms, "recent": [], "active": [], "queue": [], "backfill": None}


def _jitter(spec: ScheduleSpec, due: datetime) -> timedelta:
    """By how much a start is put off: the same for the same due time, whoever asks."""
    if not spec.jitter_s:
        return timedelta()
    digest = blake2b(f"{spec.name} {due.isoformat()}".encode(), digest_size=8).digest()
    return timedelta(seconds=int.from_bytes(digest, "big") % (spec.jitter_s + 1))
