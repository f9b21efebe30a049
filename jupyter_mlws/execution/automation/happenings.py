"""From the event log to what triggers and webhooks are told: jobs that end, assets that appear.

Source: CloudEvents 1.0 for the envelope; the kinds follow the event types of Azure ML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.run import FINAL, Status
from jupyter_mlws.entities.trigger import DRIFTED, EVENTS, FILE_ARRIVED

if TYPE_CHECKING:
    from jupyter_mlws.store.base import EventRow, Store

TYPE_PREFIX = "org.jupyter.mlws."
MADE = "made:"
"""Begins the keys by which an event tells of new versions: `made:model:NAME`."""
CREATED = {
    "data": "data.created",
    "model": "model.registered",
    "component": "component.created",
    "environment": "environment.created",
}
BATCH = 1000
SAVE_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that others are told.

    Attributes:
        id: the same whenever the same event is read again.
        seq: number of the event.
        data: facts, flat; filters and inputs name them.
    """

    id: str
    seq: int
    kind: str
    subject: str
    time_ms: int
    data: Mapping[str, Any] = field(default_factory=dict)

    def cloud_event(self, source: str) -> dict[str, Any]:
        """The envelope that webhooks send, in structured mode."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": f"{TYPE_PREFIX}{self.kind}",
            "subject": self.subject,
            "time": from_ms(self.time_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }

    def matches(self, kinds: list[str], filter: Mapping[str, str]) -> bool:
        """Whether it is of one of `kinds`, and each fact fits its pattern (`*` and `?` as in file names)."""
        return any(fnmatchcase(self.kind, kind) for kind in kinds) and all(
            fnmatchcase(str(self.data.get(name, "")), pattern) for name, pattern in filter.items()
        )


def happenings(store: Store, row: EventRow) -> Iterator[Happening]:
    """What an event of the log tells others; mostly nothing."""
    noun, _, name = row.subject.partition(":")
    status = row.change.get("status")
    if noun == "job" and row.action == "jobs/write" and status == Status.QUEUED.value:
        yield _of_job(store, row, name, "job.created")
    elif noun == "job" and status in {final.value for final in FINAL}:
        yield _of_job(store, row, name, f"job.{str(status).lower()}")
    elif noun == "schedule" and row.action.startswith("schedules/"):
        kind = f"schedule.{row.action.partition('/')[2]}"
        if kind in EVENTS:
            data = {"schedule": name, **row.change}
            yield Happening(str(row.seq), row.seq, kind, f"schedules/{name}", row.time_ms, data)
    elif row.change.get("kind") == DRIFTED:
        version = row.change["version"]
        reference = f"azureml:{row.change['name']}:{version}"
        facts = {key: value for key, value in row.change.items() if key != "kind"}
        data = {**facts, "reference": reference}
        yield Happening(str(row.seq), row.seq, DRIFTED, row.subject, row.time_ms, data)
    elif row.change.get("kind") == FILE_ARRIVED:
        for number, file in enumerate(row.change["files"]):
            data = {**file, "trigger": name}
            yield Happening(
                f"{row.seq}-{number}", row.seq, FILE_ARRIVED, file["uri"], row.time_ms, data
            )
    made = sorted(
        key for key in row.change if key.startswith(MADE) and key.split(":")[1] in CREATED
    )
    for number, key in enumerate(made):
        _, kind, asset = key.split(":", 2)
        version = str(row.change[key])
        yield Happening(
            f"{row.seq}-{number}",
            row.seq,
            CREATED[kind],
            f"{kind}:{asset}@{version}",
            row.time_ms,
            {
                "name": asset,
                "version": version,
                "reference": f"azureml:{asset}:{version}",
                "type": kind,
                "by": row.who,
            },
        )


def _of_job(store: Store, row: EventRow, name: str, kind: str) -> Happening:
    run = store.get_run(name)
    tags = {
        f"tags.{key}": value for key, value in run.tags.items() if not key.startswith("mlflow.")
    }
    data = {
        "job": name,
        "display_name": run.name,
        "experiment_name": store.get_experiment(run.experiment_id).name,
        "type": run.type,
        "user": run.user,
        "status": row.change.get("status"),
        "parent": run.parent_id or "",
        "schedule": run.tags.get("mlws.schedule", ""),
        **tags,
    }
    error = row.change.get("error")
    if isinstance(error, dict):
        data["error"] = error.get("message", "")
    return Happening(str(row.seq), row.seq, kind, f"jobs/{name}", row.time_ms, data)


class Follower:
    """Reads the log from a cursor of its own; what it hands on it hands on again after a crash.

    Args:
        name: of the cursor.
        handle: sees to a happening so that the same one a second time changes nothing; answers whether
            it wrote anything.
    """

    KIND = "cursor"

    def __init__(self, store: Store, name: str, handle: Callable[[Happening], bool]) -> None:
        self._store, self._name, self._handle = store, name, handle
        record = store.find_record(self.KIND, name)
        self._at = self._saved = record.doc["seq"] if record else store.last_event()
        if record is None:
            self._save()

    def turn(self, *, listens: bool) -> None:
        """See to all that is new; without listeners it is only passed by."""
        if not listens:
            self._at = self._store.last_event()
            if self._at - self._saved > SAVE_EVERY:
                self._save()
            return
        wrote = False
        while rows := self._store.events(after=self._at, limit=BATCH):
            for row in rows:
                for happening in happenings(self._store, row):
                    wrote = self._handle(happening) or wrote
                self._at = row.seq
        # The cursor's own event must not be a reason to write the cursor.
        if wrote or self._at - self._saved > SAVE_EVERY:
            self._save()

    def _save(self) -> None:
        with self._store.change("automation", "automation/cursor", f"cursor:{self._name}") as tx:
            tx.put_record(self.KIND, self._name, {"seq": self._at})
        self._saved = self._at
