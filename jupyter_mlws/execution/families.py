"""A parent job and its children, read from the store; what cannot change any more is read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_mlws.entities.job import Job, JobSpec
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.execution import artifacts, records
from jupyter_mlws.execution.base import Family
from jupyter_mlws.store.base import Blobs, RunQuery, RunRow, Store


@dataclass(slots=True)
class Families:
    """Reads families; one for each reader, who asks from one thread at a time."""

    store: Store
    blobs: Blobs
    url: str
    _jobs: dict[str, tuple[tuple[str, int | None], Job]] = field(default_factory=dict)
    _histories: dict[tuple[str, str, int], tuple[float, ...]] = field(default_factory=dict)

    def of(
        self, name: str, kind: type[JobSpec], children: Mapping[str, Job] | None = None
    ) -> Family:
        """A parent and its children.

        Raises:
            NotFound: there is no such job.
        """
        doc = records.get(self.store, name).doc
        jobs = dict(children) if children is not None else self.children(name)

        def history(child: str, key: str) -> tuple[float, ...]:
            return self._history(jobs[child], key)

        return Family(
            job=records.load(self.store, self.url, name),
            spec=validated(kind, doc["spec"]),
            plan=doc["plan"],
            children=jobs,
            wanted=doc.get("wanted", {}),
            chosen=doc.get("chosen"),
            look=lambda address: artifacts.load(self.store, address),
            read=self.blobs.get,
            history=history,
        )

    def children(self, name: str) -> dict[str, Job]:
        """The children of a job by name, in the order in which they were made."""
        found = [job for row in self._rows(name) if (job := self._job(row))]
        found.sort(key=lambda job: (job.creation_context.created_at, job.name))
        return {job.name: job for job in found}

    def _rows(self, name: str) -> list[RunRow]:
        found: list[RunRow] = []
        token: str | None = None
        while True:
            query = RunQuery(parent_id=name, view="all", page_token=token, with_data=False)
            rows, token = self.store.search_runs(query)
            found += rows
            if token is None:
                return found

    def _job(self, row: RunRow) -> Job | None:
        """The job of a run; None of a run that no job made."""
        mark = (row.status, row.end_ms)
        known = self._jobs.get(row.run_id)
        if known and known[0] == mark and Status(row.status).is_final:
            return known[1]
        if (record := self.store.find_record(records.KIND, row.run_id)) is None:
            return None
        job = records.view(self.store, self.url, self.store.get_run(row.run_id), record)
        self._jobs[row.run_id] = (mark, job)
        return job

    def _history(self, job: Job, key: str) -> tuple[float, ...]:
        mark = (job.name, key, job.attempt)
        if mark in self._histories:
            return self._histories[mark]
        points, _ = self.store.history(job.name, key)
        values = tuple(point.value for point in points)
        if job.status.is_final:
            self._histories[mark] = values
        return values
