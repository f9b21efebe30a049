"""The contracts of execution: what to run (job types) and where (computes) combine freely.

A job type turns a job into a `Step`: one process to be run in a folder. A compute runs steps and
answers with a `Handle`, JSON that alone is enough to ask again after a restart. The dispatcher knows
only these two; it calls them from worker threads, never two calls for one job at the same time.

Crash: the dispatcher writes down that an attempt starts before it calls `submit`; a compute must start
the process of an attempt at most once, however often `submit` is called with the same folder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import Cause, Input, Job, JobError, JobSpec, Progress
from jupyter_mlws.entities.pipeline import NodePort, Ports
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.execution.kernelspecs import Container

if TYPE_CHECKING:
    from jupyter_mlws.execution.places import Places
    from jupyter_mlws.store.base import Blobs, Store

Handle = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One process to be run.

    Attributes:
        argv: program and arguments.
        cwd: working folder, which exists.
        env: the whole environment of the process.
        standby: whether a process with this argv may have been started ahead of time, in `/` and with
            another environment. It reads one line from standard input, the path of the attempt's folder,
            also when it was not; its job type has left there what it needs, `cwd` and `env` included.
        timeout_s: seconds after which the process tree is ended.
        memory_bytes: most memory of the process tree.
        redact: values that must not reach any log.
        remove: command that takes away what the process leaves when it does not end by itself.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    standby: bool = False
    timeout_s: float | None = None
    memory_bytes: int | None = None
    redact: Sequence[str] = ()
    remove: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """How a step stands.

    Attributes:
        state: `starting` until the process runs, `ended` when the whole tree is gone.
        cause: why it ended, when not by itself with exit code 0.
    """

    state: Literal["starting", "running", "ended"]
    exit_code: int | None = None
    cause: Cause | None = None
    message: str = ""
    started_ms: int | None = None
    ended_ms: int | None = None
    canceled: bool = False


class Compute(ABC):
    """A place where steps run. One instance serves one compute of a workspace.

    An installed one is made with the workspace's directory as its only argument; it may send the path
    of an attempt's folder to the datagram socket `runtime/bell.sock` there when that attempt has changed.
    """

    type: ClassVar[str]

    @abstractmethod
    def submit(self, step: Step, folder: Path) -> Handle:
        """Start a step at most once for `folder`, which is this attempt's own and exists.

        Standard output and error go to `folder/user_logs/std_log.txt` as they are written.

        Raises:
            Unavailable: it cannot start now.
        """

    @abstractmethod
    def find(self, folder: Path) -> Handle | None:
        """The handle of the step that was submitted for `folder`; None when none has started."""

    @abstractmethod
    def poll(self, handle: Handle) -> Report:
        """How the step stands, also from another process than the one that submitted it."""

    @abstractmethod
    def cancel(self, handle: Handle) -> None:
        """Ask that the whole process tree ends; returns at once, `poll` tells when it has.

        Every process gets SIGTERM, parents first, and after a grace SIGKILL. Ended or unknown steps
        are no error.
        """

    def usage(self, handle: Handle, after: int) -> tuple[list[dict[str, float]], int]:
        """Samples of CPU, memory and GPU since position `after` (0 at first), and the next position.

        Each has `time_ms` and MLflow's system metric names without the prefix `system/`; they speak of
        the step's process tree, CPU in percent of all cores.
        """
        return [], after

    def prepare(self, argv: Sequence[str], env: Mapping[str, str], count: int) -> None:
        """Keep `count` processes of a standby step ready; a compute that cannot does nothing."""

    def rest(self) -> None:
        """Give back what is kept ready; it is made again when the next step is submitted."""

    def close(self) -> None:
        """Let go of what only this process needs; running steps go on."""


@dataclass(slots=True)
class JobContext:
    """What a job type may use while it plans or finishes one attempt of a job.

    Attributes:
        folder: the attempt's own folder: `work/` (a copy of the code), `inputs/`, `named-outputs/`,
            `user_logs/`, `system_logs/`.
        inputs: resolved inputs: literals with their types, data as local paths.
        outputs: local path of each declared output.
        env: environment variables that any process of this job gets; without a token while it ends.
        kernel: name of the kernelspec that the job's environment is; None for the service's own Python.
        python: the interpreter of the job's environment.
        container: what the job's processes run in, where that is a container.
        memory_bytes: most memory that they may use.
        places: where data lies beside the blobs; opens what is sealed.
        secrets: values of the inputs that the type called secret.
    """

    job: Job
    spec: JobSpec
    folder: Path
    inputs: dict[str, Any]
    outputs: dict[str, Path]
    env: dict[str, str]
    kernel: str | None
    python: str
    store: Store
    blobs: Blobs
    places: Places
    secrets: dict[str, str] = field(default_factory=dict)
    container: Container | None = None
    memory_bytes: int | None = None


@dataclass(slots=True)
class Outcome:
    """What an attempt came to.

    Attributes:
        error: None when it completed.
        metrics, params, tags: what the job type itself logs on the run.
        files: further artifacts, path in the run's artifacts to local file.
        values: of the outputs that are values and no files.
        outputs: of a parent, what its outputs are: address in another job by output, or a map of such
            addresses by the names of subfolders.
        properties: of a parent, what its job tells beside what was asked for.
    """

    error: JobError | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str | dict[str, str]] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)


class JobType(ABC):
    """A kind of job. Instances keep no state between calls."""

    spec: ClassVar[type[JobSpec]]
    runs_in_containers: ClassVar[bool] = False
    """Whether `plan` heeds `JobContext.container`."""

    @abstractmethod
    def check(self, spec: JobSpec, read: Any, *, pending: Collection[str] = ()) -> list[str]:
        """Refuse what cannot run, before anything is stored; answers warnings.

        Args:
            read: function from a path inside the code snapshot to its bytes; raises NotFound.
            pending: further inputs, whose values are not known yet.
        Raises:
            Invalid: with a problem for each field that is wrong.
        """

    def ports(self, spec: JobSpec, read: Any) -> Ports:
        """What a job takes and gives; what it declares itself unless the type knows more.

        Raises:
            Invalid: it cannot be told.
        """
        return declared_ports(spec)

    def ingredients(self, spec: JobSpec, code: Snapshot, read: Any) -> Ingredients:
        """What of the code and the spec the result depends on; all of it unless the type knows better."""
        said = spec.model_dump(mode="json", exclude=set(JobSpec.model_fields) - _COUNTED)
        return Ingredients(said, literals(spec), {file.path: file.blob for file in code.files})

    def secret_inputs(self, spec: JobSpec, read: Any) -> set[str]:
        """Names of the given inputs whose values are secret.

        They must be sealed before the job is stored, reach `JobContext.secrets` under the input's name,
        and stand nowhere else.
        """
        return set()

    @abstractmethod
    def plan(self, context: JobContext) -> Step:
        """The process that runs the job; the dispatcher adds the job's limits and what no log may show.

        Raises:
            Invalid: the job cannot run with what its inputs came to.
        """

    def standby(self, python: str) -> Sequence[str]:
        """The argv of the process to keep ready for jobs of this type; none when it has no use."""
        return ()

    def progress(self, context: JobContext) -> Progress | None:
        """How far the running attempt is, if it can be told."""
        return None

    def finish(self, context: JobContext, report: Report) -> Outcome:
        """What the ended attempt came to; `report.cause` is set when it did not end well.

        An attempt that failed and for which no error is answered gets one made of the report and the
        end of its log. May be called again for the same attempt, after a crash.
        """
        return Outcome()


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What the result of a job depends on, beside its inputs and its environment.

    Attributes:
        code: what is run, by the names by which people know its parts: cells, the command line.
        values: of the inputs that are no data, as the job will see them.
        files: content of the files in the code folder that it uses, by path.
    """

    code: dict[str, Any]
    values: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a job may refer to, as far as a parent's checks need it.

    Attributes:
        check: refuses a child that cannot run, of whose inputs some come later; answers warnings.
        read: makes the function from a path inside a job's code to its bytes.
    """

    store: Store
    blobs: Blobs
    types: Mapping[str, JobType | ParentJobType]
    computes: Collection[str]
    check: Callable[[Mapping[str, Any], Mapping[str, NodePort]], list[str]]
    read: Callable[[JobSpec], Callable[[str], bytes]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parent that can be submitted.

    Attributes:
        spec: with exact versions of all that it names.
        plan: kept with the job, JSON; all that `next` needs to know of the world.
    """

    spec: JobSpec
    plan: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Family:
    """A parent job and its children, as `next` sees them.

    Attributes:
        plan: what `prepare` made.
        children: by name, in the order in which they were made.
        wanted: of children that are to run again, the number of that attempt.
        chosen: what alone is to run, in the words of the parent's type; all when None.
        look: what lies at `azureml://jobs/NAME/outputs/…`; raises NotFound.
        read: the bytes of a file that `look` found, by its blob.
        history: what a child has logged of a metric, in its order.
    """

    job: Job
    spec: JobSpec
    plan: dict[str, Any]
    children: Mapping[str, Job]
    wanted: Mapping[str, int]
    chosen: Collection[str] | None
    look: Callable[[str], Snapshot]
    read: Callable[[str], bytes]
    history: Callable[[str, str], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a parent is, for those who watch.

    Attributes:
        properties: what its job tells beside what was asked for.
    """

    progress: Progress | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Start:
    """A child that is to run now.

    Attributes:
        document: its job; it has a name.
        attempt: number of the attempt that must have begun; nothing is done when it has.
        files: its code folder by path, where the parent has written it.
    """

    document: dict[str, Any]
    attempt: int = 1
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """A child that is to end now; its processes are ended, and it is canceled.

    Attributes:
        tags: set on its run, such as why.
    """

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)


class ParentJobType(ABC):
    """A kind of job that runs other jobs and has no process of its own."""

    spec: ClassVar[type[JobSpec]]

    def problems(self, spec: JobSpec) -> Iterator[Problem]:
        """What in a spec does not fit together, as far as it can be told without the workspace."""
        yield from ()

    def prepare(
        self,
        spec: JobSpec,
        catalog: Catalog,
        *,
        pending: Mapping[str, NodePort] = MappingProxyType({}),
    ) -> Prepared:
        """Refuse what cannot run, children included, and plan the rest.

        Args:
            pending: inputs whose values come later.
        Raises:
            Invalid: with a problem for each field that is wrong, in the parent or in a child.
        """
        return Prepared(spec, {})

    def ports(self, spec: JobSpec, read: Any) -> Ports:
        """What a job takes and gives; what it declares itself unless the type knows more."""
        return declared_ports(spec)

    @abstractmethod
    def next(self, family: Family) -> Sequence[Start | Stop] | Outcome:
        """What to start and stop now, given all children; an `Outcome` when there is nothing left.

        Pure: the same family gives the same answer, whatever was answered before.
        """

    def watches(self, spec: JobSpec) -> bool:
        """Whether `next` is to be asked again when something was logged, too."""
        return False

    def standing(self, family: Family) -> Standing:
        """How far the parent is."""
        return Standing()

    def salvage(self, family: Family) -> Outcome:
        """What is kept of a parent that was canceled or took too long, when its children have ended."""
        return Outcome()


_COUNTED = {"environment_variables"}
"""Of the fields that all jobs have, those that change a result and are no part of the key elsewhere."""


def literals(spec: JobSpec) -> dict[str, Any]:
    """The inputs of a job that are values."""
    return {
        name: given.value if isinstance(given, Input) else given
        for name, given in spec.inputs.items()
        if not isinstance(given, Input) or given.path is None
    }


def declared_ports(spec: JobSpec) -> Ports:
    """The inputs and outputs that a job declares itself."""
    return Ports(
        inputs={
            name: NodePort(name=name, type=given.type if isinstance(given, Input) else "any")
            for name, given in spec.inputs.items()
        },
        outputs={
            name: NodePort(name=name, type=output.type, description=output.description or "")
            for name, output in spec.outputs.items()
        },
    )
