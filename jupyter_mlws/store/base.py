"""The contracts of the store: rows change only inside a `Change`, bytes are named by their hash.

Threads: every verb may be called from any thread. Writes are serialised: one `Change` is open at a
time, in the process that owns the workspace. Reads never wait for writes and see the last commit.
Crash: a `Change` that has returned survives the end of any process; one that has not leaves no trace.
Order: events are numbered in the order of their commits, without gaps that a reader could overtake.

Times are integers of milliseconds since 1970 (`*_ms`); the entities on the floors above carry datetimes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from jupyter_mlws.entities.compute import CheckReport
from jupyter_mlws.entities.lineage import Relation

ViewType = Literal["active", "archived", "all"]
Doc = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON document with a kind, a name and perhaps a version."""

    kind: str
    name: str
    version: str
    doc: Doc
    created_ms: int
    updated_ms: int
    archived: bool = False


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """A group of runs."""

    experiment_id: int
    name: str
    artifact_location: str
    archived: bool
    created_ms: int
    updated_ms: int
    tags: Mapping[str, str] = field(default_factory=dict)


class Times(NamedTuple):
    """When something was made and last changed elsewhere, before it was brought here."""

    created_ms: int
    updated_ms: int


class Point(NamedTuple):
    """One value of a metric. Two equal points are one point."""

    key: str
    value: float
    """May be NaN; infinities are kept as they are."""
    ts_ms: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run; its data only when asked for."""

    run_id: str
    experiment_id: int
    name: str
    type: str
    user: str
    status: str
    """A `Status` value."""
    created_ms: int
    start_ms: int | None
    end_ms: int | None
    archived: bool
    parent_id: str | None = None
    metrics: tuple[Point, ...] = ()
    """The latest point of each key: the greatest (step, ts_ms, value)."""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    changed: int = 0
    """Number of the last event that changed it, its points, params, tags, inputs or outputs.

    As long as it is the same, so is all else.
    """


class RunMark(NamedTuple):
    """A run and its state: what is known of a run under a mark stays so."""

    run_id: str
    changed: int


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A file under an artifact root, or a folder that holds some (`blob` is None)."""

    path: str
    blob: str | None
    size_bytes: int
    modified_ms: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """One change, as audit log, live updates and triggers read it."""

    seq: int
    time_ms: int
    who: str
    action: str
    subject: str
    change: Doc


@dataclass(frozen=True, slots=True)
class Trail:
    """Which events, read backwards.

    Attributes:
        subject: a kind (`model`), a thing with all its versions (`model:NAME`) or one version.
        action: `*` in it stands for anything.
        before: only events with a smaller number.
        with_logging: also what runs log while they run.
        people_only: without what the service and its jobs did by themselves.
    """

    who: str | None = None
    subject: str | None = None
    action: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    before: int | None = None
    limit: int = 1000
    with_logging: bool = False
    people_only: bool = False


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs, in which order.

    Attributes:
        filter: MLflow's grammar (and more: see `store/filters.py`); empty for all.
        order_by: items such as `metrics.auc DESC`; then newest first, then by id.
        page_token: of the page before; only good with the same other fields.
        with_data: whether metrics, params and tags are fetched.
    """

    experiment_ids: Sequence[int] | None = None
    filter: str = ""
    order_by: Sequence[str] = ()
    view: ViewType = "active"
    max_results: int = 1000
    page_token: str | None = None
    with_data: bool = True
    parent_id: str | None = None
    types: Sequence[str] | None = None
    statuses: Sequence[str] | None = None


Entity = Literal["metric", "parameter", "tag", "attribute"]
"""What a run has values of."""


class Spread(NamedTuple):
    """The numbers among the latest values of a metric over some runs."""

    n: int
    mean: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs that have the same value of something; `value` is None where they lack it."""

    value: str | None
    n_runs: int
    newest_ms: int
    metrics: Mapping[str, Spread] = field(default_factory=dict)
    """Only metrics that any of the runs has a number of."""


class Transaction(ABC):
    """What can be written; all of it or nothing, with the one event of its `Change`."""

    @abstractmethod
    def note(self, **change: Any) -> None:
        """Add facts to what the event says changed."""

    # Records
    @abstractmethod
    def put_record(
        self,
        kind: str,
        name: str,
        doc: Doc,
        *,
        version: str = "",
        archived: bool = False,
        times: Times | None = None,
    ) -> None:
        """Insert the record or replace its document; `times` instead of now."""

    @abstractmethod
    def add_record(self, kind: str, name: str, doc: Doc, *, version: str = "") -> None:
        """Insert the record.

        Raises:
            AlreadyExists: there is one with this kind, name and version.
        """

    @abstractmethod
    def delete_record(self, kind: str, name: str, *, version: str | None = None) -> int:
        """Delete one version, or with None all; return how many went."""

    # Experiments
    @abstractmethod
    def create_experiment(
        self,
        name: str,
        *,
        artifact_location: str | None = None,
        tags: Mapping[str, str] = {},
        experiment_id: int | None = None,
        archived: bool = False,
        times: Times | None = None,
    ) -> int:
        """Make an experiment and return its id; the location defaults to `mlflow-artifacts:/<id>`.

        Args:
            experiment_id: the id to have; the next when absent.
            times: instead of now.
        Raises:
            AlreadyExists: the name or the id is taken, by an archived one too.
        """

    @abstractmethod
    def update_experiment(
        self,
        experiment_id: int,
        *,
        name: str | None = None,
        archived: bool | None = None,
        tags: Mapping[str, str] = {},
        drop_tags: Sequence[str] = (),
    ) -> None:
        """Change what is given. Archiving archives its runs, restoring restores all of them."""

    @abstractmethod
    def delete_experiment(self, experiment_id: int) -> None:
        """Delete an experiment that has no runs, with its tags.

        Raises:
            NotFound: no such experiment.
            Conflict: it has runs.
        """

    # Runs
    @abstractmethod
    def create_run(
        self,
        run_id: str,
        experiment_id: int,
        *,
        name: str,
        type: str = "mlflow",
        user: str,
        status: str,
        start_ms: int | None = None,
        parent_id: str | None = None,
        tags: Mapping[str, str] = {},
        params: Mapping[str, str] = {},
        created_ms: int | None = None,
    ) -> None:
        """Make a run.

        Args:
            created_ms: instead of now.
        Raises:
            AlreadyExists: the id is taken.
        """

    @abstractmethod
    def delete_run(self, run_id: str) -> int:
        """Delete a run with its metrics, params, tags and edges; answers how many points went.

        Runs below it stay. Its artifacts are the caller's to delete.

        Raises:
            NotFound: no such run.
        """

    @abstractmethod
    def update_run(
        self,
        run_id: str,
        *,
        name: str | None = None,
        status: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        clear_end: bool = False,
        archived: bool | None = None,
    ) -> None:
        """Change what is given.

        Raises:
            NotFound: no such run.
        """

    @abstractmethod
    def log(
        self,
        run_id: str,
        *,
        metrics: Sequence[Point] = (),
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
        drop_tags: Sequence[str] = (),
    ) -> None:
        """Append points, set params that are new, upsert tags.

        Raises:
            NotFound: no such run, or a tag to drop is not there.
            Conflict: a param is there with another value; `problems` has one entry a param, with
                field `params.<key>`; nothing of this call is written.
        """

    # Artifacts and lineage
    @abstractmethod
    def put_artifact(self, path: str, blob: str, size_bytes: int) -> None:
        """Say that the file at `path` (from the artifact root, with `/`) is `blob`.

        Raises:
            Invalid: no plain relative path.
            Conflict: a folder is at `path`, or a file where it needs a folder.
        """

    @abstractmethod
    def delete_artifacts(self, path: str) -> int:
        """Delete the file at `path` and all below it; return how many went."""

    @abstractmethod
    def link(self, source: str, relation: Relation, target: str, doc: Doc | None = None) -> None:
        """Add the lineage edge `source` -relation-> `target`; an equal one is kept once."""


class Store(ABC):
    """Rows of a workspace. Opened by one process for writing."""

    # Writing
    @abstractmethod
    def change(
        self, who: str, action: str, subject: str, **change: Any
    ) -> AbstractContextManager[Transaction]:
        """The only way to write: commits with one event at the end, rolls back on an error.

        ```
        with store.change("user:ana", "runs/write", f"run:{run_id}") as tx:
            tx.log(run_id, metrics=points)
        ```
        """

    # Records
    @abstractmethod
    def get_record(self, kind: str, name: str, version: str = "") -> Record:
        """One record.

        Raises:
            NotFound: no such record.
        """

    @abstractmethod
    def find_record(self, kind: str, name: str, version: str = "") -> Record | None:
        """One record, or None."""

    @abstractmethod
    def list_records(
        self,
        kind: str,
        *,
        name: str | None = None,
        view: ViewType = "active",
        where: Mapping[str, Any] = {},
        limit: int | None = None,
    ) -> list[Record]:
        """Records of a kind, oldest first; `where` compares dotted paths of the document."""

    # Experiments and runs
    @abstractmethod
    def get_experiment(self, experiment_id: int) -> ExperimentRow:
        """One experiment, with tags.

        Raises:
            NotFound: no such experiment.
        """

    @abstractmethod
    def find_experiment(self, name: str) -> ExperimentRow | None:
        """The experiment of this name, archived or not, or None."""

    @abstractmethod
    def search_experiments(
        self,
        *,
        filter: str = "",
        order_by: Sequence[str] = (),
        view: ViewType = "active",
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> tuple[list[ExperimentRow], str | None]:
        """Experiments and the token of the next page. Newest first unless ordered.

        Raises:
            Invalid: the filter, order or token cannot be read.
        """

    @abstractmethod
    def get_run(self, run_id: str, *, with_data: bool = True) -> RunRow:
        """One run.

        Raises:
            NotFound: no such run.
        """

    @abstractmethod
    def archived_before(
        self, before_ms: int, *, experiment_id: int | None = None
    ) -> tuple[list[str], list[int]]:
        """Runs and experiments that were archived before a moment and are archived still.

        Args:
            experiment_id: only this experiment and its runs.
        """

    @abstractmethod
    def search_runs(self, query: RunQuery) -> tuple[list[RunRow], str | None]:
        """Runs and the token of the next page.

        Raises:
            Invalid: the filter, order or token cannot be read.
        """

    @abstractmethod
    def search_marks(self, query: RunQuery) -> tuple[list[RunMark], str | None]:
        """What `search_runs` answers, as marks only."""

    @abstractmethod
    def get_runs(self, run_ids: Sequence[str]) -> list[RunRow]:
        """Those of the runs that there are, with their data, in any order."""

    @abstractmethod
    def count_runs(self, query: RunQuery) -> int:
        """How many runs the query gives on all its pages."""

    @abstractmethod
    def group_runs(
        self,
        query: RunQuery,
        entity: Entity,
        key: str,
        *,
        metrics: Sequence[str] = (),
        limit: int = 1000,
    ) -> list[RunGroup]:
        """The runs on all pages of the query by their value of something, the largest group first.

        Args:
            key: of a param or tag, or the attribute `user`, `status` or `type`.
            metrics: of these the spread within each group is told.
            limit: most groups.
        """

    @abstractmethod
    def run_keys(self, query: RunQuery) -> dict[Entity, list[str]]:
        """Names of the metrics, params and tags that any of the runs on all pages has, sorted."""

    @abstractmethod
    def run_values(
        self, run_ids: Sequence[str], entity: Entity, key: str
    ) -> dict[str, float | str]:
        """The latest value of a metric, or the param or tag, of each of the runs that has it."""

    @abstractmethod
    def history(
        self,
        run_id: str,
        key: str,
        *,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> tuple[list[Point], str | None]:
        """Points of a metric by (ts_ms, step, value); none for an unknown run or key."""

    @abstractmethod
    def series(
        self,
        run_id: str,
        key: str,
        *,
        max_points: int,
        start_step: int | None = None,
        end_step: int | None = None,
    ) -> tuple[int, list[Point]]:
        """How many points there are, and at most `max_points` of them by step.

        Thinned to the least and greatest value of each stretch of steps, so that spikes stay; the
        first and the last point are kept.
        """

    @abstractmethod
    def metric_keys(self, run_ids: Sequence[str]) -> list[str]:
        """Names of the metrics that any of the runs has, sorted."""

    @abstractmethod
    def model_points(self, model_id: str) -> list[tuple[str, Point]]:
        """Every point that was logged for a logged model, each with its run's id; by key."""

    # Artifacts, lineage, events
    @abstractmethod
    def get_artifact(self, path: str) -> ArtifactRow:
        """The file at `path`.

        Raises:
            NotFound: no such file (a folder is none).
        """

    @abstractmethod
    def list_artifacts(self, path: str, *, recursive: bool = False) -> list[ArtifactRow]:
        """What lies in the folder `path`, by name; with full paths. An unknown folder is empty."""

    @abstractmethod
    def edges(self, *nodes: str, outgoing: bool = True) -> list[tuple[str, str, str, Doc]]:
        """The lineage edges that leave one of `nodes`, or with False those that enter one."""

    @abstractmethod
    def events(
        self, *, after: int = 0, limit: int = 1000, subject: str | None = None
    ) -> list[EventRow]:
        """Events with a greater number than `after`, oldest first."""

    @abstractmethod
    def trail(self, trail: Trail) -> list[EventRow]:
        """The newest events that fit, newest first."""

    @abstractmethod
    def last_event(self) -> int:
        """Number of the newest event; 0 when there is none."""

    @abstractmethod
    def subscribe(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(seq)` after each commit, in the committing thread; answers the way to stop."""

    # Care
    @abstractmethod
    def referenced_blobs(self) -> Iterator[str]:
        """Every blob that a row still needs."""

    @abstractmethod
    def check(self) -> CheckReport:
        """Whether rows agree with each other (the blobs are `care.check`'s)."""

    @abstractmethod
    def backup(self, path: Path) -> None:
        """Copy all rows, as of one moment, into a new file while others go on."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the files; the store cannot be used afterwards."""


class BlobInfo(NamedTuple):
    """A blob that is there."""

    blob: str
    size_bytes: int
    used_ms: int
    """When it was kept, or about when `put` or `has` last found it there."""


class BlobWriter(ABC):
    """Bytes on their way in; nothing is there until `commit`."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            Unavailable: the disk is full; what was written is gone.
        """

    @abstractmethod
    def commit(self) -> tuple[str, int]:
        """Keep the bytes; answers their SHA-256 (hex) and how many they are."""

    @abstractmethod
    def abort(self) -> None:
        """Forget the bytes; after `commit` it does nothing."""


class Blobs(ABC):
    """Bytes by their SHA-256. Equal bytes are kept once; a blob never changes."""

    @abstractmethod
    def writer(self) -> BlobWriter:
        """Begin a blob."""

    @abstractmethod
    def put(self, data: bytes) -> str:
        """Keep bytes at hand; answers their SHA-256."""

    @abstractmethod
    def put_file(self, path: Path) -> tuple[str, int]:
        """Keep a copy of a file's bytes; answers their SHA-256 and how many they are."""

    def take(self, other: Blobs, blob: str) -> None:
        """Keep a blob of another place too; where it can be the bytes themselves are shared.

        Raises:
            NotFound: the other has no such blob.
        """
        if not self.has(blob):
            self.put_file(other.path(blob))

    @abstractmethod
    def has(self, blob: str) -> bool:
        """Whether the blob is there; who asks may then refer to it, `gc` leaves it for a while."""

    @abstractmethod
    def get(self, blob: str) -> bytes:
        """All bytes of a blob.

        Raises:
            NotFound: no such blob.
        """

    @abstractmethod
    def open(self, blob: str) -> BinaryIO:
        """The blob as a file to read.

        Raises:
            NotFound: no such blob.
        """

    @abstractmethod
    def path(self, blob: str) -> Path:
        """Where the blob lies as a file, for reading only.

        Raises:
            NotFound: no such blob.
        """

    @abstractmethod
    def list(self) -> Iterator[BlobInfo]:
        """Every blob."""

    @abstractmethod
    def delete(self, blob: str, *, used_before_ms: int | None = None) -> bool:
        """Forget a blob, unless it was used since; answers whether it went.

        Nobody who got True from `has` loses the blob to a `used_before_ms` that lies
        before that answer by some minutes.
        """
