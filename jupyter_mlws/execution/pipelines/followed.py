"""Pipelines that people look at: what of them cannot change any more is read once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from jupyter_mlws.entities.job import Job
from jupyter_mlws.execution.caching import words
from jupyter_mlws.execution.families import Families
from jupyter_mlws.store.base import Blobs, Store

MOST = 8
"""Pipelines that are kept; the one that nobody asked for the longest goes."""


@dataclass
class Reading:
    """One pipeline's jobs, and why each ran."""

    families: Families
    lock: Lock = field(default_factory=Lock)
    _reasons: dict[tuple[str, int], str] = field(default_factory=dict)

    def why(self, job: Job) -> str:
        """Why the job ran or was reused, in words."""
        mark = (job.name, job.attempt)
        if mark in self._reasons:
            return self._reasons[mark]
        said = words.why(self.families.store, job.name).sentence
        if job.status.is_final:
            self._reasons[mark] = said
        return said


@dataclass
class Followed:
    """Keeps the readings of the pipelines that were asked for last; for many threads."""

    _kept: OrderedDict[str, Reading] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def of(self, name: str, store: Store, blobs: Blobs, url: str) -> Iterator[Reading]:
        """What is known of a pipeline, for one reader at a time."""
        with self._lock:
            reading = self._kept.setdefault(name, Reading(Families(store, blobs, url)))
            self._kept.move_to_end(name)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        with reading.lock:
            yield reading
