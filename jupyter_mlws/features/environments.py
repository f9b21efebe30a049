"""Environments: what a job's code runs in, made once from what a file describes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Literal

from jupyter_mlws.entities.asset import AssetSpec, Environment, environment_spec
from jupyter_mlws.entities.environment import (
    Build,
    EnvironmentChoice,
    EnvironmentDraft,
    EnvironmentUse,
    Package,
)
from jupyter_mlws.entities.errors import Invalid, MlwsError, NotFound
from jupyter_mlws.entities.job import Job, LogChunk
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.execution import kernelspecs, logs, records
from jupyter_mlws.execution import packages as interpreters
from jupyter_mlws.execution.environments import choice, containers, curated, freezing
from jupyter_mlws.execution.environments.choice import KIND, Choice, Chosen
from jupyter_mlws.execution.environments.library import Library, State
from jupyter_mlws.features.assets import HIDDEN, bind, newest
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace

MAX_CHUNK = 4 << 20
MAX_WAIT_S = 60
MAX_JOBS = 1000


def _advise(spec: AssetSpec) -> list[str]:
    assert isinstance(spec, Environment)
    return choice.check(spec, has_containers=containers.answers)


bind("environments", KIND, environment_spec, module=__name__, advise=_advise)


@operation("environments/read")
def list_choices(ws: Workspace) -> list[EnvironmentChoice]:
    """All that a job's `environment` can name: the workspace's own Python first."""
    own = {
        row.name: EnvironmentChoice(
            name=row.name, display_name=row.name, language="python", kind="environment"
        )
        for row in ws.store.list_records(KIND)
        if row.version and row.name not in HIDDEN
    }
    mapped = [
        EnvironmentChoice(name=name, display_name=name, language="python", kind="curated")
        for name in curated.names()
        if name not in own
    ]
    default, *kernels = kernelspecs.installed()
    return [default, *(own[name] for name in sorted(own)), *kernels, *mapped]


@operation("environments/build")
def build(ws: Workspace, name: str, version: str | None = None) -> Build:
    """Make an environment now, ahead of the first job; answers at once.

    Args:
        name: of an environment or a curated one.
        version: the latest when absent.
    Raises:
        NotFound: there is none of this name.
        Invalid: it cannot run on this machine.
    """
    chosen = _chosen(ws, name, version)
    ws.dispatcher.library.furnish(chosen.choice, ws.principal.name)
    return _view(ws, chosen)


@operation("environments/read")
def get_build(ws: Workspace, name: str, version: str | None = None) -> Build:
    """How far an environment is made on this machine, with its lock and who used it.

    Raises:
        NotFound: there is none of this name.
    """
    return _shown(ws, name, version)


@operation("environments/read")
def list_builds(
    ws: Workspace, view: Literal["active", "archived", "all"] = "active"
) -> list[Build]:
    """How far the newest version of each environment is made, the newest first."""
    found = [_shown(ws, row.name, row.version) for row in newest(ws, KIND, None, view)]
    return [item.model_copy(update={"lock": None}) for item in found]


@operation("environments/read")
async def read_log(
    ws: Workspace,
    name: str,
    version: str | None = None,
    offset: int = 0,
    limit: int = 262144,
    wait_s: float = 0,
) -> LogChunk:
    """A piece of the log of an environment's last build from `offset` on.

    Args:
        offset: bytes from the start; negative ones count from the end.
        limit: most bytes to read, at most 4 MB.
        wait_s: seconds to wait for new text, at most 60.
    Raises:
        NotFound: there is no such environment, or it was never built.
    """
    if limit < 4:
        raise Invalid.field("limit", f"must be at least 4 (got {limit}).")
    recipe = (await asyncio.to_thread(_chosen, ws, name, version)).choice.recipe
    if recipe is None:
        raise NotFound(f"'{name}' is not built.")
    library, deadline = ws.dispatcher.library, time.monotonic() + min(wait_s, MAX_WAIT_S)

    def read() -> LogChunk:
        ended = library.state(recipe).word != "building"
        path = library.builder.log(recipe)
        try:
            return logs.piece(path, "build.log", offset, min(limit, MAX_CHUNK), complete=ended)
        except FileNotFoundError:
            if not ended:
                return LogChunk(
                    path="build.log", text="", offset=0, next_offset=0, size_bytes=0, ended=False
                )
            raise NotFound(f"'{name}' was not built yet.") from None

    while True:
        chunk = await asyncio.to_thread(read)
        left_s = deadline - time.monotonic()
        if chunk.text or chunk.ended or left_s <= 0:
            return chunk
        await asyncio.sleep(min(LOG_LOOK_S, left_s))


LOG_LOOK_S = 0.2
"""How often a growing build log is looked at."""


@operation("environments/read")
def packages(ws: Workspace, name: str, version: str | None = None) -> list[Package]:
    """What is installed in an environment, as `pip freeze` tells it.

    Args:
        name: of an environment, a curated one, a kernelspec, or `default`.
    Raises:
        NotFound: there is none of this name, or it was never built.
    """
    chosen = _chosen(ws, name, version)
    recipe = chosen.choice.recipe
    if recipe is None or recipe.kernel:
        return freezing.of_python(ws.dispatcher.library.runtime(chosen.choice).python)
    found = _packages(ws, chosen.choice)
    if found is None:
        raise NotFound(f"'{chosen.choice.label}' was not built yet: build it first.")
    return found


@operation("environments/read")
def of_job(ws: Workspace, job: str) -> EnvironmentUse:
    """What a job ran in: environment, exact packages, lock.

    Raises:
        NotFound: there is no such job.
    """
    doc = records.get(ws.store, job).doc
    used = Choice.of_doc(doc["environment"])
    recipe = used.recipe
    made = ws.store.find_record("build", recipe.digest) if recipe else None
    about = made.doc if made else {}
    noted = ws.store.find_record(interpreters.KIND, doc.get("packages") or "")
    facts = noted.doc if noted else {}
    listed = about.get("packages") or [
        [package, number, ""] for package, number in facts.get("packages", {}).items()
    ]
    return EnvironmentUse(
        job=job,
        name=used.name,
        version=used.version,
        python=about.get("python") or facts.get("python"),
        identity=about.get("identity"),
        lock=about.get("lock"),
        packages=[_package(item) for item in listed],
    )


@operation("environments/read")
def list_jobs(ws: Workspace, name: str, version: str | None = None) -> list[Job]:
    """The jobs that have used an environment, newest first; at most 1000.

    Raises:
        NotFound: there is none of this name.
    """
    names = _jobs(ws, _chosen(ws, name, version).choice)
    found = [records.load(ws.store, ws.url, job) for job in names[:MAX_JOBS]]
    return sorted(found, key=lambda job: job.creation_context.created_at, reverse=True)


@operation("environments/read")
def freeze_kernel(ws: Workspace, kernel: str = "python3") -> EnvironmentDraft:
    """What a kernel of this machine has installed, as an environment that can be created.

    Args:
        kernel: name of a kernelspec.
    Raises:
        NotFound: there is none of this name.
        Invalid: it is no Python.
    """
    runtime = kernelspecs.find(kernel)
    shown = ws.dispatcher.library.kernels / kernel / "kernel.json"
    if runtime is None and kernel == Path(kernel).name and shown.is_file():
        runtime = freezing.runtime_of(shown)
    if runtime is None:
        raise NotFound(f"There is no kernel '{kernel}' on the workspace's machine.")
    return freezing.draft(runtime.python, kernel)


def _chosen(ws: Workspace, name: str, version: str | None) -> Chosen:
    reference = f"{name}:{version}" if version else name
    try:
        return choice.choose(reference, ws.store, ws.blobs, has_containers=containers.answers)
    except Invalid as error:
        if ws.store.find_record(KIND, name, version or "") is None:
            raise NotFound(error.message) from None
        raise


def _shown(ws: Workspace, name: str, version: str | None) -> Build:
    """As `_view`; one that cannot run here is shown with the reason."""
    try:
        return _view(ws, _chosen(ws, name, version))
    except NotFound:
        raise
    except MlwsError as error:
        n_jobs = len(_jobs(ws, Choice(name, version)))
        return Build(
            name=name, version=version, state="failed", message=error.message, n_jobs=n_jobs
        )


def _view(ws: Workspace, chosen: Chosen) -> Build:
    made, library = chosen.choice, ws.dispatcher.library
    recipe = made.recipe
    is_there = recipe is None or recipe.kernel
    state = State("ready", {}) if recipe is None or is_there else library.state(recipe)
    doc, built = state.doc, state.built
    return Build.model_validate(
        {
            "name": made.name,
            "version": made.version,
            "state": state.word,
            "message": doc.get("message", "") if state.word == "failed" else "",
            "warnings": list(chosen.warnings),
            "python": built.python if built else doc.get("python"),
            "path": str(library.builder.folder(built.identity)) if built else None,
            "kernel": _kernel(library, made, state),
            "identity": built.identity if built else doc.get("identity"),
            "n_packages": len(built.packages) if built else None,
            "lock": built.lock if built else doc.get("lock"),
            "requirements": list(recipe.requirements) if recipe else [],
            "started_at": from_ms(doc["started_ms"]) if doc.get("started_ms") else None,
            "ended_at": from_ms(doc["ended_ms"]) if doc.get("ended_ms") else None,
            "n_jobs": len(_jobs(ws, made)),
        }
    )


def _kernel(library: Library, made: Choice, state: State) -> str | None:
    if made.recipe and made.recipe.kernel:
        return made.recipe.kernel
    return library.kernel_name(made) if state.built else None


def _jobs(ws: Workspace, made: Choice) -> list[str]:
    found = ws.store.edges(made.node)
    return [
        to.partition(":")[2] for _, relation, to, _ in found if relation == Relation.ENVIRONMENT_OF
    ]


def _packages(ws: Workspace, made: Choice) -> list[Package] | None:
    assert made.recipe
    record = ws.store.find_record("build", made.recipe.digest)
    if record is None or "packages" not in record.doc:
        return None
    return [_package(item) for item in record.doc["packages"]]


def _package(item: list[str]) -> Package:
    name, version, source = item
    return Package(name=name, version=version, source=source or None)
