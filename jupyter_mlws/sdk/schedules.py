"""What happens to a schedule on the caller's side: its job is read, its code and data are sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TextIO, TypeVar, Union

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.job import GitState, JobSpec
from jupyter_mlws.entities.schedule import ScheduleSpec
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.entities.trigger import trigger_spec
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.entities.yaml import Document, override
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.jobs import Submission, submission
from jupyter_mlws.sdk.transport import Transport

TriggerSource = Union[Mapping[str, Any], str, "os.PathLike[str]", TextIO]
ScheduleSource = Union[ScheduleSpec, Mapping[str, Any], str, "os.PathLike[str]", TextIO]

T = TypeVar("T")


class JobSchedule(ScheduleSpec):
    """A schedule in the words of Azure ML's SDK; `create_job` may be a job made in Python.

    ```
    JobSchedule(name="nightly", trigger=CronTrigger(expression="0 2 * * *"), create_job=command(...))
    ```
    """

    def __init__(self, *, create_job: Any, **fields: Any) -> None:
        job = create_job
        if isinstance(create_job, JobSpec):
            said = create_job.model_dump(
                mode="json", by_alias=True, exclude_unset=True, exclude_none=True
            )
            job = {"type": create_job.type, **said}
        super().__init__(create_job=job, **fields)
        origin = getattr(create_job, "__mlws_origin__", Path.cwd())
        object.__setattr__(self, "__mlws_origin__", origin)


@dataclass(frozen=True, slots=True)
class Ready(Generic[T]):
    """Something that is done already, where Azure ML gives something to wait for."""

    value: T

    def result(self, timeout: float | None = None) -> T:
        """What was made."""
        return self.value

    def wait(self, timeout: float | None = None) -> None:
        """Nothing is to be waited for."""

    def done(self) -> bool:
        """Yes."""
        return True

    def status(self) -> str:
        """As Azure ML words it."""
        return "Succeeded"


@contextmanager
def arranged(
    transport: Transport, source: ScheduleSource, assignments: list[str] | None = None
) -> Iterator[tuple[dict[str, Any], GitState | None]]:
    """The schedule of `source` as the service takes it, and the repository of its code.

    Code and local data are sent; problems inside the block get file and line.

    Raises:
        Invalid: it cannot be read, or a field is wrong.
    """
    document, origin = _document(source)
    with _located(transport, document, origin, assignments, _schedule) as sent:
        yield sent


@contextmanager
def arranged_trigger(
    transport: Transport, source: TriggerSource, assignments: list[str] | None = None
) -> Iterator[tuple[dict[str, Any], GitState | None]]:
    """The same for a trigger by call or by event.

    Raises:
        Invalid: it cannot be read, or a field is wrong.
    """
    if isinstance(source, Mapping):
        document, origin = Document(dict(source), {}, None), Path.cwd()
    else:
        document, origin = read(source)
    with _located(transport, document, origin, assignments, trigger_spec) as sent:
        yield sent


def _schedule(data: dict[str, Any]) -> ScheduleSpec:
    return validated(ScheduleSpec, data)


@contextmanager
def _located(
    transport: Transport,
    document: Document,
    origin: Path,
    assignments: list[str] | None,
    check: Callable[[dict[str, Any]], object],
) -> Iterator[tuple[dict[str, Any], GitState | None]]:
    document = override(document, assignments or [])
    try:
        check(document.data)
        data = dict(document.data)
        git = _send_job(transport, data, origin)
        yield data, git
    except Invalid as error:
        # What is wrong in a file of its own has its place already.
        if any(problem.file for problem in error.problems):
            raise
        raise document.invalid(error) from None


def load_schedule(
    source: str | os.PathLike[str] | TextIO,
    relative_origin: str | os.PathLike[str] | None = None,
    params_override: list[dict[str, Any]] | None = None,
) -> ScheduleSpec:
    """The schedule that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    document, origin = read(source)
    changes = [f"{key}={value}" for item in params_override or () for key, value in item.items()]
    document = override(document, changes)
    try:
        spec = validated(ScheduleSpec, document.data)
    except Invalid as error:
        raise document.invalid(error) from None
    object.__setattr__(spec, "__mlws_origin__", Path(relative_origin or origin))
    return spec


def _document(source: ScheduleSource) -> tuple[Document, Path]:
    if isinstance(source, ScheduleSpec):
        origin = getattr(source, "__mlws_origin__", Path.cwd())
        data = source.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        data["trigger"]["type"] = source.trigger.type
        return Document(data, {}, None), origin
    if isinstance(source, Mapping):
        return Document(dict(source), {}, None), Path.cwd()
    return read(source)


def _send_job(transport: Transport, data: dict[str, Any], origin: Path) -> GitState | None:
    job = data.get("create_job")
    if isinstance(job, str):
        if not is_local(job):
            return None
        data["create_job"], git = _from_file(transport, job, origin, "create_job")
        return git
    if not isinstance(job, dict):
        return None
    job = data["create_job"] = dict(job)
    if isinstance(base := job.get("job"), str) and is_local(base):
        job["job"], git = _from_file(transport, base, origin, "create_job.job")
        _sent(transport, job, origin)
        return git
    if isinstance(base, dict):
        job["job"] = dict(base)
        git = _sent(transport, job["job"], origin)
        _sent(transport, job, origin)
        return git
    return _sent(transport, job, origin)


def _sent(transport: Transport, job: dict[str, Any], origin: Path) -> GitState | None:
    made = Submission(job, origin)
    try:
        made.send(transport)
    except Invalid as error:
        raise Invalid.of(
            [Problem(p.message, f"create_job.{p.field}", p.line, p.file) for p in error.problems]
        ) from None
    return made.git


def _from_file(
    transport: Transport, text: str, origin: Path, field: str
) -> tuple[dict[str, Any], GitState | None]:
    path = origin / Path(text.removeprefix("file:")).expanduser()
    if not path.is_file():
        raise Invalid.of([Problem(f"there is no file '{text}' in {origin}.", field)])
    named = "experiment_name" in read(path)[0].data
    with submission(path, {}, check=True) as made:
        made.send(transport)
        if not named:
            # The schedule gives its own name to the experiment.
            made.document.pop("experiment_name", None)
        return made.document, made.git
