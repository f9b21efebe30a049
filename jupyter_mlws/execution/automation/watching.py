"""Files that arrive where a trigger looks, written into the event log; each once.

A storage does not call: its listing is read again and again. A file has arrived when two looks found it
the same, so that one that is still being written is waited for. What was seen is a record of kind `watch`,
changed in the transaction that tells of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jupyter_mlws.entities.errors import MlwsError, NotFound
from jupyter_mlws.entities.trigger import FILE_ARRIVED, EventTrigger
from jupyter_mlws.reading.addresses import GLOB

if TYPE_CHECKING:
    from jupyter_mlws.execution.places import Places
    from jupyter_mlws.reading.places import FoundFile
    from jupyter_mlws.store.base import Doc, Store

logger = logging.getLogger(__name__)

KIND = "watch"
ACTION = "files/arrived"
WHO = "automation"
BATCH = 500
"""Files that one event tells of at most."""


class Watching:
    """Looks for files for all triggers that wait for them. `turn` in one thread at a time."""

    def __init__(self, store: Store, places: Places, *, clock: Callable[[], datetime]) -> None:
        self._store, self._places, self._clock = store, places, clock
        self._watches: dict[str, tuple[int, EventTrigger]] = {}
        self._due: dict[str, datetime] = {}
        self._unsettled: dict[str, dict[str, str]] = {}
        """By the trigger, files of the last look that may still be growing, with their stamps."""

    @property
    def is_needed(self) -> bool:
        """Whether something has to be looked for without anybody asking."""
        return bool(self._watches)

    def watch(self, triggers: list[tuple[str, int, EventTrigger]]) -> None:
        """Look for these from now on: name, since when, and what."""
        watches = {name: (since, spec) for name, since, spec in triggers if spec.path}
        for name in self._due.keys() | self._unsettled.keys():
            if watches.get(name) != self._watches.get(name):
                self._due.pop(name, None)
                self._unsettled.pop(name, None)
        self._watches = watches

    def turn(self) -> datetime | None:
        """Look where it is time; answers when the next look is due."""
        watches = self._watches
        for name, (since, spec) in watches.items():
            now = self._clock()
            if self._due.get(name, now) <= now:
                self._due[name] = now + timedelta(seconds=spec.poll_seconds)
                try:
                    self._look(name, since, spec)
                except MlwsError as error:
                    logger.warning("Trigger '%s' cannot see its files: %s", name, error.message)
        return min((self._due[name] for name in watches if name in self._due), default=None)

    def _look(self, name: str, since: int, spec: EventTrigger) -> None:
        assert spec.path
        found = dict(self._list(spec.path))
        stamps = {uri: file.stamp for uri, file in found.items()}
        record = self._store.find_record(KIND, name)
        if record is None or (record.doc["path"], record.doc["since"]) != (spec.path, since):
            # What was there before is no news.
            self._keep(name, {"path": spec.path, "since": since, "files": stamps}, [])
            return
        known = {uri: stamp for uri, stamp in record.doc["files"].items() if uri in stamps}
        news = {uri: stamp for uri, stamp in stamps.items() if known.get(uri) != stamp}
        before = self._unsettled.get(name, {})
        arrived = sorted(uri for uri, stamp in news.items() if before.get(uri) == stamp)
        self._unsettled[name] = {uri: news[uri] for uri in news.keys() - set(arrived)}
        for at in range(0, len(arrived), BATCH):
            uris = arrived[at : at + BATCH]
            known |= {uri: news[uri] for uri in uris}
            files = [_facts(uri, found[uri]) for uri in uris]
            self._keep(name, {**record.doc, "files": known}, files)
        if not arrived and len(known) < len(record.doc["files"]):
            self._keep(name, {**record.doc, "files": known}, [])

    def _list(self, path: str) -> Iterator[tuple[str, FoundFile]]:
        """Addresses of the files there are; none is no error: they are waited for."""
        place, below = self._places.open(path)
        try:
            files, is_file = place.files(below)
        except NotFound:
            return
        pattern = GLOB.search(path)
        whole = path[: pattern.start()] if pattern else f"{path.rstrip('/')}/"
        folder = path if is_file else whole
        base = folder.rpartition("/")[0]
        for file in files:
            yield f"{base}/{file.path}", file

    def _keep(self, name: str, doc: Doc, files: list[Doc]) -> None:
        action = ACTION if files else "files/seen"
        with self._store.change(WHO, action, f"trigger:{name}") as tx:
            tx.put_record(KIND, name, doc)
            if files:
                tx.note(kind=FILE_ARRIVED, files=files)


def _facts(uri: str, file: FoundFile) -> Doc:
    folder, _, name = uri.rpartition("/")
    return {"uri": uri, "name": name, "folder": folder, "size_bytes": file.size_bytes}
