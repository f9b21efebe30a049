"""Triggers: start a job for each call or event, once, whatever ends in between.

A trigger is a record of kind `trigger`; each of its starts is a record of kind `trigger-fire`, its version
the event's id, made in the transaction that makes the job.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound, Unavailable
from jupyter_mlws.entities.record import from_ms, to_ms
from jupyter_mlws.entities.trigger import FILE_ARRIVED, EventTrigger
from jupyter_mlws.execution.automation import scheduler, starting
from jupyter_mlws.execution.automation.happenings import Follower, Happening
from jupyter_mlws.execution.automation.watching import Watching

if TYPE_CHECKING:
    from jupyter_mlws.execution.submission import Desk
    from jupyter_mlws.store.base import Doc, Record, Store, Transaction

logger = logging.getLogger(__name__)

KIND = "trigger"
FIRE = "trigger-fire"
N_KEPT = 200
"""Fires that are remembered of each trigger, beyond those that may still be read again."""


class Triggers:
    """Starts jobs on events, and on calls. `turn` in one thread at a time; `call` in any.

    Args:
        wake: called after jobs were put into the queue.
    """

    def __init__(
        self, store: Store, desk: Desk, *, wake: Callable[[], None], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._desk, self._wake, self._clock = store, desk, wake, clock
        self._follower = Follower(store, "triggers", self._see_to)
        self._calls: dict[str, deque[datetime]] = {}
        self._listening: list[tuple[str, int, EventTrigger]] = []
        self._takes_calls = False
        self.watching = Watching(store, desk.places, clock=clock)
        self.changed()

    @property
    def is_needed(self) -> bool:
        """Whether somebody may call, or files may come: what waits for other events starts with them."""
        return self._takes_calls or self.watching.is_needed

    def changed(self) -> None:
        """Read which triggers listen."""
        enabled = [record for record in self._store.list_records(KIND) if record.doc["enabled"]]
        self._takes_calls = any(record.doc["spec"]["type"] == "http" for record in enabled)
        self._listening = [
            (record.name, record.doc["since"], EventTrigger.model_validate(said(record.doc)))
            for record in enabled
            if record.doc["spec"]["type"] == "event"
        ]
        self.watching.watch(self._listening)

    def listens(self, kind: str) -> bool:
        """Whether a trigger waits for this kind of event."""
        return any(
            fnmatchcase(kind, event) for _, _, spec in self._listening for event in spec.events
        )

    def turn(self) -> None:
        """Start what events ask for."""
        self._follower.turn(listens=bool(self._listening))

    def call(self, record: Record, inputs: Doc, who: str) -> str:
        """Start the job of an HTTP trigger; answers its name.

        Raises:
            Conflict: it is switched off.
            Unavailable: it was called too often in the last minute.
            Invalid: an input is wrong, or the job could not run any more.
        """
        if not record.doc["enabled"]:
            raise Conflict(f"Trigger '{record.name}' is switched off.")
        now = self._clock()
        calls = self._calls.setdefault(record.name, deque())
        while calls and calls[0] <= now - timedelta(minutes=1):
            calls.popleft()
        most = record.doc["spec"].get("rate_per_minute", 60)
        if len(calls) >= most:
            raise Unavailable(
                f"Trigger '{record.name}' takes {most} calls a minute: wait a little."
            )
        calls.append(now)
        return self._start(record, f"call-{to_ms(now)}-{len(calls)}", now, inputs, who)

    def _see_to(self, happening: Happening) -> bool:
        done = False
        for name, since, spec in tuple(self._listening):
            if happening.seq > since and happening.matches(spec.events, spec.filter):
                done = self._on_event(name, spec, happening) or done
        return done

    def _on_event(self, name: str, spec: EventTrigger, happening: Happening) -> bool:
        if happening.kind == FILE_ARRIVED and happening.data["trigger"] != name:
            return False
        record = self._store.find_record(KIND, name)
        if record is None or self._store.find_record(FIRE, name, happening.id):
            return False
        if happening.data.get(f"tags.{starting.TRIGGER_TAG}") == name:
            # A job must not start itself again and again by its own end.
            return False
        inputs = {key: happening.data.get(fact, "") for key, fact in spec.inputs.items()}
        cause = f"{happening.kind} {happening.subject}"
        at = from_ms(happening.time_ms)
        try:
            self._start(record, happening.id, at, inputs, cause, once=True)
        except (Invalid, NotFound, Conflict) as error:
            logger.warning("Trigger '%s' could not start its job: %s", name, error.message)
            with self._store.change("trigger", "triggers/failed", f"trigger:{name}") as tx:
                self._note(tx, name, happening.id, at, None, cause, error.message)
                tx.note(reason=error.message, event=happening.id)
        return True

    def _start(
        self,
        record: Record,
        id: str,
        at: datetime,
        inputs: Doc,
        cause: str,
        *,
        once: bool = False,
    ) -> str:
        name = record.name

        def also(tx: Transaction, job: str) -> None:
            self._note(tx, name, id, at, job, cause, "")
            tx.note(trigger=name, cause=cause)

        tags = {starting.TRIGGER_TAG: name}
        plan = record.doc["plan"]
        if schedule := record.doc["spec"].get("schedule"):
            found = self._store.find_record(scheduler.KIND, schedule)
            if found is None:
                raise NotFound(f"There is no schedule '{schedule}' any more.")
            plan, tags = found.doc["plan"], {**tags, starting.SCHEDULE_TAG: schedule}
        job = starting.start(
            self._desk,
            plan,
            name=f"{name}-{id}" if once else f"{name}-{starting.stamp(at)}",
            at=at,
            user=record.doc["created_by"],
            tags=tags,
            inputs=inputs,
            once=once,
            also=also,
        )
        self._wake()
        return job

    def _note(
        self,
        tx: Transaction,
        name: str,
        id: str,
        at: datetime,
        job: str | None,
        cause: str,
        reason: str,
    ) -> None:
        doc = {"time_ms": to_ms(at), "job": job, "cause": cause, "reason": reason}
        tx.put_record(FIRE, name, doc, version=id)
        fires = self._store.list_records(FIRE, name=name)
        for old in fires[: max(0, len(fires) - N_KEPT)]:
            tx.delete_record(FIRE, name, version=old.version)


def said(doc: Doc) -> Doc:
    """The trigger that a record tells of, its job as it was snapshotted."""
    job = {"create_job": doc["plan"]["job"]} if doc["plan"] else {}
    return {**doc["spec"], **job}
