"""MLClient: a workspace from Python, with the names of Azure ML's SDK v2."""

from __future__ import annotations

import builtins
import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.asset import Asset, Data, Environment, Model
from jupyter_mlws.entities.compute import Compute
from jupyter_mlws.entities.environment import Build
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.job import Job, JobSpec
from jupyter_mlws.entities.registry import Registry
from jupyter_mlws.entities.schedule import Schedule, ScheduleSpec
from jupyter_mlws.entities.trigger import NewTrigger
from jupyter_mlws.features.operations import Operation, find, load
from jupyter_mlws.sdk import foreign, service
from jupyter_mlws.sdk.assets import AssetSource, send, shipment
from jupyter_mlws.sdk.assets import download as fetch
from jupyter_mlws.sdk.computes import Finished
from jupyter_mlws.sdk.described import ARGUMENTS, DocumentSource, described
from jupyter_mlws.sdk.jobs import Done, Source, submission
from jupyter_mlws.sdk.schedules import (
    Ready,
    ScheduleSource,
    TriggerSource,
    arranged,
    arranged_trigger,
)
from jupyter_mlws.sdk.streaming import LogPrinter
from jupyter_mlws.sdk.transport import HttpTransport, Transport


class Noun:
    """The operations of one noun, such as `client.jobs`; each takes its arguments by name or place.

    One that answers a file takes besides, by name, the `download_path` to write it to, and answers that.
    """

    def __init__(self, client: MLClient, noun: str) -> None:
        self._client = client
        self._noun = noun

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb.startswith("_"):
            raise AttributeError(verb)
        try:
            op = find(f"{self._noun}.{verb}")
        except NotFound as error:
            raise AttributeError(str(error)) from None

        def call(*args: Any, **kwargs: Any) -> Any:
            names = list(op.arguments.model_fields)
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            if not op.is_download:
                return self._client.call(op.name, **given)
            target = Path(given.pop("download_path"))
            self._client.transport.download(op.name, given, target)
            return target

        call.__name__, call.__doc__ = verb, inspect.getdoc(op.function)
        return call

    def __dir__(self) -> list[str]:
        return [op.verb for op in load().values() if op.noun == self._noun]

    def list(self, **arguments: Any) -> Iterator[Any]:
        """All items, page by page as they are asked for."""
        while True:
            answer = self._client.call(f"{self._noun}.list", **arguments)
            yield from getattr(answer, "items", answer)
            token = getattr(answer, "next_page_token", None)
            if token is None:
                return
            arguments["page_token"] = token


class Jobs(Noun):
    """Jobs: submit, follow, fetch."""

    def create_or_update(
        self,
        job: Source,
        *,
        description: str | None = None,
        compute: str | None = None,
        tags: dict[str, str] | None = None,
        experiment_name: str | None = None,
        skip_validation: bool = False,
    ) -> Job:
        """Submit a job; its code and local data are sent along.

        Args:
            job: a spec, a mapping as the YAML has it, or the path of a YAML file.
            skip_validation: leave the checks to the workspace; it always checks.
        Raises:
            Invalid: a field is wrong; with the line when the job came from a file.
            AlreadyExists: there is a job of this name.
        """
        changes = {
            "description": description,
            "compute": compute,
            "tags": tags,
            "experiment_name": experiment_name,
        }
        with submission(job, changes, check=not skip_validation) as made:
            made.send(self._client.transport)
            created = self._client.call("jobs.create_or_update", job=made.document, git=made.git)
            assert isinstance(created, Job)
            return created

    def validate(self, job: Source, *, raise_on_failure: bool = False) -> Any:
        """Check a job as `create_or_update` would; its code is sent, nothing else is kept.

        Raises:
            Invalid: it is wrong and `raise_on_failure` was given.
        """
        try:
            with submission(job, {}, check=True) as made:
                made.send(self._client.transport)
                answer = self._client.call("jobs.validate", job=made.document)
                if answer.errors:
                    from jupyter_mlws.entities.errors import Problem

                    raise Invalid.of([Problem(**problem) for problem in answer.errors])
                return answer
        except Invalid as error:
            if raise_on_failure:
                raise
            from jupyter_mlws.features.jobs import Validation

            problems = error.to_dict().get("problems", [{"message": error.message, "field": ""}])
            return Validation(passed=False, errors=problems, warnings=[])

    def stream(self, name: str) -> Job:
        """Print a job's log as it grows until the job ends; Ctrl+C stops only the printing.

        Raises:
            JobFailed: it did not complete.
        """
        job = LogPrinter(self._client, name).follow()
        Done(job).check()
        return job

    def begin_cancel(self, name: str) -> Done:
        """Ask that a job stops; answers something to wait for, as Azure ML does."""
        return Done(self._client.call("jobs.cancel", name=name), self._client)

    def wait(self, name: str, *, timeout_s: float | None = None) -> Job:
        """The job when it has ended.

        Raises:
            Unavailable: it has not ended within `timeout_s`.
        """
        return Done(self._client.call("jobs.get", name=name), self._client).result(timeout_s)

    def download(
        self,
        name: str,
        *,
        download_path: str | os.PathLike[str] = ".",
        output_name: str | None = None,
        all: bool = False,
    ) -> list[Path]:
        """Fetch what an ended job left: `artifacts/…`, and named outputs in `named-outputs/NAME/…`.

        Args:
            output_name: only this named output; `default` is the artifacts.
            all: artifacts and all named outputs.
        Raises:
            Conflict: the job has not ended.
            NotFound: it has no such output.
        """
        from jupyter_mlws.sdk.jobs import download

        return download(self._client, name, Path(download_path), output_name, everything=all)


class Assets(Noun):
    """Data, models or components: create, check, fetch."""

    def create_or_update(self, asset: AssetSource) -> Asset:
        """Create a version; its local files are sent along.

        Args:
            asset: an entity, a mapping as the YAML has it, or the path of a YAML file.
        Raises:
            Invalid: a field is wrong; with the line when it came from a file.
            Conflict: the version is there with other content.
        """
        with shipment(self._noun, asset) as (document, origin):
            send(self._client.transport, document, origin)
            made = self._client.call(f"{self._noun}.create_or_update", asset=document)
            assert isinstance(made, Asset)
            return made

    def download(
        self,
        name: str,
        version: str | None = None,
        *,
        download_path: str | os.PathLike[str] = ".",
    ) -> builtins.list[Path]:
        """Fetch the files of a version, of the latest when none is named, into a folder.

        Raises:
            NotFound: there is no such version, or its files are elsewhere.
        """
        return fetch(self._client, self._noun, name, version, Path(download_path))


class Environments(Assets):
    """Environments: create, make, follow their builds."""

    def build_and_wait(
        self, name: str, version: str | None = None, *, stream: bool = False
    ) -> Build:
        """Make an environment on the workspace's machine; answers when it is there.

        Args:
            stream: print the log as it grows.
        Raises:
            Invalid: it cannot be made.
        """
        made = self._client.call("environments.build", name=name, version=version)
        given = {"name": name, "version": made.version}
        offset = 0
        while made.state == "building":
            chunk = self._client.call("environments.read_log", offset=offset, wait_s=20, **given)
            if stream and chunk.text:
                print(chunk.text, end="", flush=True)  # noqa: T201
            offset = chunk.next_offset
            if chunk.ended:
                made = self._client.call("environments.get_build", **given)
        if made.state == "failed":
            raise Invalid(made.message)
        assert isinstance(made, Build)
        return made


class DataAssets(Assets):
    """Data: create, check, fetch, bring in, read."""

    def import_data(self, data_import: DocumentSource) -> Job:
        """Bring in rows of a database or files of another storage: a job, which makes a new version.

        `client.jobs.wait(job.name)` waits for it, `client.jobs.stream(job.name)` shows its log.

        Args:
            data_import: an entity, a mapping as the YAML has it, or the path of a YAML file.
        Raises:
            Invalid: a field is wrong, or there is no such connection.
        """
        with described("data", data_import) as document:
            made = self._client.call("data.import_data", data_import=document)
            assert isinstance(made, Job)
            return made


class Documents(Noun):
    """What a document alone describes: datastores, connections."""

    def create_or_update(self, source: DocumentSource) -> Any:
        """Create it, or put another in its place.

        Args:
            source: an entity, a mapping as the YAML has it, or the path of a YAML file.
        Raises:
            Invalid: a field is wrong; with the line when it came from a file.
        """
        noun = self._noun
        with described(noun, source) as document:
            return self._client.call(f"{noun}.create_or_update", **{ARGUMENTS[noun]: document})


class Schedules(Noun):
    """Schedules: create, switch, trigger."""

    def create_or_update(self, schedule: ScheduleSource) -> Schedule:
        """Create a schedule, or put it in the place of the one of its name; code and data are sent along.

        Args:
            schedule: an entity, a mapping as the YAML has it, or the path of a YAML file.
        Raises:
            Invalid: a field is wrong; with the line when it came from a file.
        """
        with arranged(self._client.transport, schedule) as (document, git):
            made = self._client.call("schedules.create_or_update", schedule=document, git=git)
            assert isinstance(made, Schedule)
            return made

    def begin_create_or_update(self, schedule: ScheduleSource) -> Ready[Schedule]:
        """As `create_or_update`, with something to wait for, as Azure ML has it."""
        return Ready(self.create_or_update(schedule))

    def begin_enable(self, name: str) -> Ready[Schedule]:
        """As `enable`, with something to wait for, as Azure ML has it."""
        return Ready(self._client.call("schedules.enable", name=name))

    def begin_disable(self, name: str) -> Ready[Schedule]:
        """As `disable`, with something to wait for, as Azure ML has it."""
        return Ready(self._client.call("schedules.disable", name=name))

    def begin_delete(self, name: str) -> Ready[None]:
        """As `delete`, with something to wait for, as Azure ML has it."""
        return Ready(self._client.call("schedules.delete", name=name))


class Triggers(Noun):
    """Triggers: create, switch, fire."""

    def create_or_update(self, trigger: TriggerSource) -> NewTrigger:
        """Create a trigger, or put it in the place of the one of its name; code and data are sent along.

        Args:
            trigger: a mapping as the YAML has it, or the path of a YAML file.
        Raises:
            Invalid: a field is wrong; with the line when it came from a file.
        """
        with arranged_trigger(self._client.transport, trigger) as (document, git):
            made = self._client.call("triggers.create_or_update", trigger=document, git=git)
            assert isinstance(made, NewTrigger)
            return made


class Computes(Noun):
    """Computes: create, start, stop; `begin_…` as Azure ML's client has them, done at once."""

    def create_or_update(self, compute: DocumentSource) -> Compute:
        """Create a compute, or change the one of this name.

        Args:
            compute: an entity, a mapping as the YAML has it, or the path of a YAML file.
        Raises:
            Invalid: a field is wrong, with the line when it came from a file.
        """
        with described("computes", compute) as document:
            made = self._client.call("computes.create_or_update", compute=document)
            assert isinstance(made, Compute)
            return made

    def begin_create_or_update(self, compute: DocumentSource) -> Finished[Compute]:
        """As `create_or_update`."""
        return Finished(self.create_or_update(compute))

    def begin_attach(self, compute: DocumentSource) -> Finished[Compute]:
        """As `attach`."""
        with described("computes", compute) as document:
            return Finished(self._client.call("computes.attach", compute=document))

    def begin_delete(self, name: str, *, action: str = "Delete") -> Finished[None]:
        """As `delete`."""
        return Finished(self._client.call("computes.delete", name=name))

    def begin_start(self, name: str) -> Finished[Compute]:
        """As `start`."""
        return Finished(self._client.call("computes.start", name=name))

    def begin_stop(self, name: str) -> Finished[Compute]:
        """As `stop`, and the running jobs end, as on an instance of Azure ML."""
        return Finished(self._client.call("computes.stop", name=name, cancel_jobs=True))

    def begin_restart(self, name: str) -> Finished[Compute]:
        """As `restart`."""
        return Finished(self._client.call("computes.restart", name=name))


class Registries(Documents):
    """Registries of the service's machine; `begin_…` as Azure ML's client has them, done at once."""

    def begin_create(self, registry: DocumentSource) -> Finished[Registry]:
        """As `create_or_update`."""
        return Finished(self.create_or_update(registry))

    def begin_delete(self, name: str) -> Finished[None]:
        """As `delete`."""
        return Finished(self._client.call("registries.delete", name=name))


class MLClient:
    """A workspace.

    The service is the one at `url`; without it the one that `MLWS_URL` names; without that the one of
    the workspace directory on this machine, which is started when it does not run.

    Args:
        credential: accepted so that scripts written for Azure ML run; the workspace knows people by
            tokens alone.
        subscription_id: as `credential`.
        resource_group_name: as `credential`.
        workspace_name: name of a workspace of this user, beside the default one.
        registry_name: of a registry, whose assets are asked for in the place of the workspace's.
        url: base address of a service, ending in `/mlws`.
        token: speaks for the caller; `MLWS_TOKEN` when absent.
        workspace: a workspace directory.
        transport: for tests and other ways to reach a workspace.
    Raises:
        Invalid: `credential` is a text, which would be an address in the wrong place.
    """

    def __init__(
        self,
        credential: Any = None,
        subscription_id: str | None = None,
        resource_group_name: str | None = None,
        workspace_name: str | None = None,
        registry_name: str | None = None,
        *,
        url: str | None = None,
        token: str | None = None,
        workspace: str | os.PathLike[str] | None = None,
        transport: Transport | None = None,
    ) -> None:
        if isinstance(credential, str):
            raise Invalid.field("credential", "a text is none: say `url=…` and `token=…`.")
        self._transport = transport
        self._url = url
        self._token = token
        self._workspace = workspace
        self._workspace_name = workspace_name
        self._registry_name = registry_name
        self.jobs = Jobs(self, "jobs")
        self.data = DataAssets(self, "data")
        self.datastores = Documents(self, "datastores")
        self.connections = Documents(self, "connections")
        self.models = Assets(self, "models")
        self.components = Assets(self, "components")
        self.environments = Environments(self, "environments")
        self.compute = self.computes = Computes(self, "computes")
        self.schedules = Schedules(self, "schedules")
        self.triggers = Triggers(self, "triggers")
        self.webhooks = Documents(self, "webhooks")
        self.registries = Registries(self, "registries")

    @classmethod
    def from_config(cls, credential: Any = None, **options: Any) -> MLClient:
        """The client of the workspace that the environment or the default directory names."""
        options.pop("path", None)
        return cls(credential, **options)

    @property
    def transport(self) -> Transport:
        """How the workspace is reached; made at the first call."""
        if self._transport is None:
            self._transport = self._connect()
        return self._transport

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def __enter__(self) -> MLClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call any operation; answers its typed result."""
        op: Operation = find(operation)
        return op.answer.validate_python(self.transport.call(operation, arguments))

    def begin_create_or_update(self, entity: ScheduleSpec) -> Ready[Schedule]:
        """Create a schedule; answers something to wait for, as Azure ML does."""
        return self.schedules.begin_create_or_update(entity)

    def create_or_update(self, entity: Any) -> Any:
        """Submit a job, or create a version of an asset; entities of azure-ai-ml are taken too."""
        if noun := foreign.noun_of(entity):
            return getattr(self, noun).create_or_update(entity)
        if isinstance(entity, JobSpec):
            return self.jobs.create_or_update(entity)
        kinds: dict[type, Assets] = {
            Data: self.data,
            Model: self.models,
            Environment: self.environments,
        }
        return kinds.get(type(entity), self.components).create_or_update(entity)

    def __getattr__(self, noun: str) -> Noun:
        if noun.startswith("_") or all(op.noun != noun for op in load().values()):
            raise AttributeError(f"MLClient has no '{noun}'")
        return Noun(self, noun)

    def __dir__(self) -> list[str]:
        return sorted({op.noun for op in load().values()} | set(super().__dir__()))

    def _connect(self) -> Transport:
        url = self._url or (None if self._workspace else os.environ.get("MLWS_URL"))
        if url:
            token = self._token or os.environ.get("MLWS_TOKEN", "")
            return HttpTransport(url, token, self._registry_name)
        folder = service.directory(self._workspace)
        if self._workspace_name and not self._workspace and not os.environ.get("MLWS_WORKSPACE"):
            folder = folder.with_name(self._workspace_name)
        running = service.ensure(folder)
        return HttpTransport(running.url, self._token or running.token, self._registry_name)
