"""What happens to a job on the caller's side: sent, followed, fetched."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, Union

from jupyter_mlws.entities.errors import (
    Conflict,
    Invalid,
    MlwsError,
    NotFound,
    Problem,
    Unavailable,
)
from jupyter_mlws.entities.inlining import inlined
from jupyter_mlws.entities.job import GitState, Input, Job, JobSpec
from jupyter_mlws.entities.job_types import SPECS
from jupyter_mlws.entities.kinds import JOBS, type_name
from jupyter_mlws.entities.snapshot import is_local, is_repository
from jupyter_mlws.entities.validation import did_you_mean, validated
from jupyter_mlws.entities.yaml import Document, override
from jupyter_mlws.sdk import environments, foreign, repositories, snapshot
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.repositories import Repository
from jupyter_mlws.sdk.transport import Transport

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

Source = Union[JobSpec, Mapping[str, Any], str, "os.PathLike[str]"]


class JobFailed(MlwsError):
    """A job that was waited for did not complete."""

    code = "JOB_FAILED"

    def __init__(self, job: Job) -> None:
        super().__init__(job.error.message if job.error else f"The job was {job.status.value}.")
        self.job = job


@dataclass
class Submission:
    """A job on its way to the workspace.

    Attributes:
        document: as its YAML says it; after `send` without local paths.
        origin: folder from which its relative paths start.
        git: the repository of its code; None before `send`, and outside of one.
    """

    document: dict[str, Any]
    origin: Path
    git: GitState | None = None
    _sent: dict[Path, str] = field(default_factory=dict, repr=False)
    _fetches: dict[Repository, str] = field(default_factory=dict, repr=False)

    def send(self, transport: Transport) -> None:
        """Send code and local data, those of steps too, and put references in their place."""
        self._send(transport, self.document, "")

    def _send(self, transport: Transport, said: dict[str, Any], where: str) -> None:
        self._locate_notebook(said, where)
        self._send_environment(transport, said, where)
        self._send_code(transport, said, where)
        self._send_data(transport, said, where)
        for key in ("component", "trial", "task"):
            if isinstance(said.get(key), dict):
                self._send(transport, said[key], f"{where}{key}.")
        jobs = said.get("jobs")
        for key, node in (jobs if isinstance(jobs, dict) else {}).items():
            if isinstance(node, dict):
                self._send(transport, node, f"{where}jobs.{key}.")

    def _send_environment(self, transport: Transport, said: dict[str, Any], where: str) -> None:
        if not (given := said.get("environment")):
            return
        try:
            said["environment"] = environments.of_job(given, self.origin, transport)
        except Invalid as error:
            raise error.below(where.rstrip(".")) from None

    def _send_code(self, transport: Transport, said: dict[str, Any], where: str) -> None:
        code = said.get("code")
        if not isinstance(code, str):
            return
        if is_repository(code):
            said["code"] = self._fetched(transport, code, f"{where}code")
        if not is_local(code):
            return
        folder = self._path(code, f"{where}code")
        if folder not in self._sent:
            self._sent[folder] = snapshot.send(transport, folder, code=True)
        said["code"] = self._sent[folder]
        if self.git is None:
            self.git = snapshot.git_state(transport, folder if folder.is_dir() else folder.parent)

    def _fetched(self, transport: Transport, code: str, field: str) -> str:
        """The snapshot of a commit of a repository elsewhere."""
        try:
            repository = repositories.parse(code, self.origin)
            assert repository is not None, "it is one"
            if repository not in self._fetches:
                with repositories.fetched(repository) as (folder, git):
                    self._fetches[repository] = snapshot.send(transport, folder, code=True)
                    self.git = self.git or git
        except Invalid as error:
            raise error if error.problems else Invalid.field(field, error.message) from None
        return self._fetches[repository]

    def _send_data(self, transport: Transport, said: dict[str, Any], where: str) -> None:
        inputs = said.get("inputs")
        for name, value in (inputs if isinstance(inputs, dict) else {}).items():
            path = value.get("path") if isinstance(value, dict) else None
            if isinstance(path, str) and is_local(path) and "${{" not in path:
                found = self._path(path, f"{where}inputs.{name}.path")
                _check_kind(f"{where}inputs.{name}", value.get("type"), found)
                value["path"] = snapshot.send(transport, found, code=False)
        self._send_fields(transport, said, where)

    def _send_fields(self, transport: Transport, said: dict[str, Any], where: str) -> None:
        """Data that some types name in fields of their own; a path alone is an MLTable's."""
        type_ = type_name(said["type"]) if "type" in said else ""
        for name in SPECS[type_].data_fields if type_ in SPECS else ():
            value = said.get(name)
            given = value if isinstance(value, dict) else {"path": value}
            path = given.get("path")
            if isinstance(path, str) and is_local(path) and "${{" not in path:
                field = f"{where}{name}.path" if isinstance(value, dict) else f"{where}{name}"
                found = self._path(path, field)
                kind = given.setdefault("type", "mltable")
                _check_kind(f"{where}{name}", kind, found)
                said[name] = {**given, "path": snapshot.send(transport, found, code=False)}

    def _locate_notebook(self, said: dict[str, Any], where: str) -> None:
        """A notebook without `code` brings the folder it lies in."""
        notebook = said.get("notebook")
        if not isinstance(notebook, str) or said.get("code"):
            return
        path = self._path(notebook, f"{where}notebook")
        said["code"], said["notebook"] = str(path.parent), path.name

    def _path(self, text: str, field: str) -> Path:
        path = self.origin / Path(text.removeprefix("file:")).expanduser()
        if not path.exists():
            raise Invalid.of([Problem(f"there is no '{text}' in {self.origin}.", field)])
        return path.resolve()


def load_job(
    source: str | os.PathLike[str] | TextIO,
    relative_origin: str | os.PathLike[str] | None = None,
    params_override: list[dict[str, Any]] | None = None,
) -> JobSpec:
    """The job that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    document, origin = read(source)
    assignments = [
        f"{key}={value}" for item in params_override or () for key, value in item.items()
    ]
    document = with_components(override(document, assignments), origin)
    spec = _checked(document)
    return with_origin(spec, Path(relative_origin) if relative_origin else origin)


def with_components(document: Document, origin: Path) -> Document:
    """The document with the component files that it names in it; of a pipeline and a sweep only.

    Raises:
        Invalid: with file and line of each that cannot be read.
    """
    if not {"jobs", "component", "trial"} & document.data.keys():
        return document
    return inlined(document, lambda path: (origin / path).read_bytes())


def with_origin(spec: JobSpec, origin: Path) -> JobSpec:
    """The spec, remembering from where its relative paths start."""
    object.__setattr__(spec, "__mlws_origin__", origin)
    return spec


@contextmanager
def submission(
    source: Source, changes: Mapping[str, Any], *, check: bool, assignments: list[str] | None = None
) -> Iterator[Submission]:
    """The job of `source` as it will be sent; problems inside the block get file and line.

    Raises:
        Invalid: it cannot be read, or (with `check`) a field is wrong.
    """
    document, origin = _document(source)
    given = {key: value for key, value in changes.items() if value is not None}
    document = override(replace(document, data={**document.data, **given}), assignments or [])
    document = with_components(document, origin)
    if check:
        _checked(document)
    made = Submission(document.data, origin)
    made.document.setdefault("experiment_name", _experiment(origin))
    try:
        yield made
    except Invalid as error:
        raise document.invalid(error) from None


class Done:
    """A job that has ended, or will."""

    def __init__(self, job: Job, client: MLClient | None = None) -> None:
        self._job = job
        self._client = client

    def result(self, timeout_s: float | None = None) -> Job:
        """The job when it has ended.

        Raises:
            Unavailable: it has not within `timeout_s`.
        """
        deadline = time.monotonic() + (timeout_s if timeout_s is not None else float("inf"))
        while not self._job.status.is_final and self._client:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unavailable(f"Job '{self._job.name}' is still {self._job.status.value}.")
            last = self._client.call("workspaces.show").last_event
            self._job = self._client.call("jobs.get", name=self._job.name)
            if not self._job.status.is_final:
                subject = f"job:{self._job.name}"
                self._client.call("events.list", after=last, subject=subject, wait_s=min(left, 30))
        return self._job

    def check(self) -> None:
        """Raise when it did not complete.

        Raises:
            JobFailed: it failed or was canceled.
        """
        if self._job.status.value != "Completed":
            raise JobFailed(self._job)


def download(
    client: MLClient, name: str, target: Path, output_name: str | None, *, everything: bool
) -> list[Path]:
    """Fetch files of an ended job; answers where they lie now."""
    job = client.call("jobs.get", name=name)
    if not job.status.is_final:
        raise Conflict(f"Job '{name}' is {job.status.value}: wait until it has ended.")
    files = [
        item.path
        for item in client.call("runs.list_artifacts", run_id=name, recursive=True)
        if not item.is_dir
    ]
    named = "named-outputs/"
    if output_name and output_name != "default":
        whole = f"{named}{output_name}"
        chosen = [path for path in files if path == whole or path.startswith(f"{whole}/")]
        if not chosen:
            known = sorted({path.split("/")[1] for path in files if path.startswith(named)})
            hint = did_you_mean(output_name, known)
            raise NotFound(f"Job '{name}' has no output '{output_name}'.{hint}")
    else:
        chosen = files if everything else [path for path in files if not path.startswith(named)]
    return [_fetch(client, name, path, target) for path in chosen]


def _fetch(client: MLClient, name: str, path: str, target: Path) -> Path:
    place = target / path if path.startswith("named-outputs/") else target / "artifacts" / path
    client.transport.download("runs.read_artifact", {"run_id": name, "path": path}, place)
    return place


def _document(source: Source) -> tuple[Document, Path]:
    if isinstance(source, JobSpec):
        origin = getattr(source, "__mlws_origin__", Path.cwd())
        data = source.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        return Document({"type": source.type, **data}, {}, None), origin
    if (said := foreign.described(source)) is not None:
        return Document(said[0], {}, None), said[1]
    if isinstance(source, Mapping):
        return override(Document(dict(source), {}, None), []), Path.cwd()
    return read(source)


def _checked(document: Document) -> JobSpec:
    kind = str(document.data.get("type", "command"))
    spec = SPECS.get(type_name(kind))
    try:
        if spec is None:
            if shape := JOBS.get(type_name(kind)):
                raise_for(shape.check(document.data))
            # What runs it is a plug-in that only the service has: it says the rest.
            return JobSpec.model_construct(**document.data)
        return validated(spec, document.data)
    except Invalid as error:
        raise document.invalid(error) from None


def raise_for(problems: list[Problem]) -> None:
    """Raise when there are any.

    Raises:
        Invalid: with all of them.
    """
    if problems:
        raise Invalid.of(problems)


def _experiment(origin: Path) -> str:
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in origin.name)
    return name or "Default"


def _check_kind(where: str, kind: str | None, path: Path) -> None:
    if (kind == "uri_file") != path.is_file() and kind in {"uri_file", "uri_folder", None}:
        is_now = "a file" if path.is_file() else "a folder"
        wants = "uri_file" if path.is_file() else "uri_folder"
        raise Invalid.of(
            [Problem(f"'{path.name}' is {is_now}: say 'type: {wants}'.", f"{where}.type")]
        )


__all__ = ["Done", "Input", "JobFailed", "Source", "load_job", "submission"]
