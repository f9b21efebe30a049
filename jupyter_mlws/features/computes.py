"""Computes: where jobs run."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import asdict, replace
from functools import cache
from typing import Any, Literal

import psutil

from jupyter_mlws import plugins
from jupyter_mlws.entities.azure.compute import ATTACHED
from jupyter_mlws.entities.compute import LOCAL_TYPES, TYPES, Compute, ComputeSpec, compute_fields
from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound, Problem
from jupyter_mlws.entities.session import SessionKernel
from jupyter_mlws.entities.validation import did_you_mean, validated
from jupyter_mlws.execution import picker, records
from jupyter_mlws.execution.dispatcher import COMPUTE_KIND, Load
from jupyter_mlws.execution.environments import containers
from jupyter_mlws.execution.environments.choice import Choice, choose
from jupyter_mlws.execution.queueing import PRIORITIES
from jupyter_mlws.execution.submission import DEFAULT_COMPUTE
from jupyter_mlws.features.jobs import Validation
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace

CPU_SAMPLE_S = 0.1


@operation("computes/write")
def create_or_update(ws: Workspace, compute: dict[str, Any]) -> Compute:
    """Create a compute, or change the one of this name.

    Args:
        compute: as its YAML says it. `amlcompute` and `computeinstance` of Azure ML become slots on
            this machine, and the answer's warnings say so.
    Raises:
        Invalid: a field is wrong, or no engine of this type is installed; nothing is stored.
        Conflict: the one of this name is of another type and has jobs.
    """
    spec, warnings = _read(compute)
    found = ws.store.find_record(COMPUTE_KIND, spec.name)
    if found:
        before = ComputeSpec.model_validate(found.doc)
        spec = spec.model_copy(update={"is_stopped": before.is_stopped})
        if before.plugin != spec.plugin:
            message = f"'{spec.name}' is a compute of type {before.type}: choose another name."
            raise Conflict(message)
    with ws.change(f"compute:{spec.name}", type=spec.type, slots=spec.slots) as tx:
        tx.put_record(COMPUTE_KIND, spec.name, spec.model_dump(mode="json"))
    if spec.type == "computeinstance" and not found:
        picker.offer(ws.dispatcher.library, Choice(), spec.name, 1, ws.path)
    return _changed(ws, spec).model_copy(update={"warnings": warnings})


@operation("computes/read")
def validate(ws: Workspace, compute: dict[str, Any]) -> Validation:
    """Check a compute as `create` would, and store nothing."""
    try:
        type_ = compute_fields(compute).type.lower()
        if type_ in ATTACHED and type_ not in plugins.names("computes"):
            validated(ATTACHED[type_], {**compute, "type": type_})
            message = f"no engine of type '{type_}' is installed."
            obstacle = asdict(Problem(message, "type"))
            return Validation(passed=True, errors=[], warnings=[], obstacles=[obstacle])
        _, warnings = _read(compute)
    except Invalid as error:
        found = [asdict(problem) for problem in error.problems]
        return Validation(passed=False, errors=found, warnings=[])
    return Validation(passed=True, errors=[], warnings=warnings)


@operation("computes/write")
def attach(ws: Workspace, compute: dict[str, Any]) -> Compute:
    """Make a compute of another engine, such as a cluster that is there already, one of the workspace's.

    Args:
        compute: as its YAML says it; its `type` is the name of an installed plug-in.
    Raises:
        Invalid: no engine of this type is installed.
        AlreadyExists: there is a compute of this name.
    """
    name = str(compute.get("name", ""))
    if ws.store.find_record(COMPUTE_KIND, name):
        raise AlreadyExists(f"There is a compute '{name}' already: choose another name.")
    return create_or_update(ws, compute)


@operation("computes/read")
def list_(ws: Workspace) -> list[Compute]:
    """All computes and their load."""
    return [_view(ws, load) for load in ws.dispatcher.load().values()]


@operation("computes/read")
def get(ws: Workspace, name: str) -> Compute:
    """One compute and its load.

    Raises:
        NotFound: there is none of this name.
    """
    return _view(ws, _load(ws, name))


@operation("computes/write")
def update(
    ws: Workspace,
    name: str,
    slots: int | None = None,
    memory: str | None = None,
    idle_time_before_shutdown_minutes: float | None = None,
    description: str | None = None,
) -> Compute:
    """Change a compute; what is not named stays.

    Args:
        slots: how many jobs run at the same time, at least 1; running jobs go on when it shrinks.
        memory: of all its jobs together, such as `16g`.
        idle_time_before_shutdown_minutes: after so long without a job it rests.
    Raises:
        NotFound: there is no compute of this name.
        Invalid: a value is out of range.
    """
    spec = _load(ws, name).spec
    given = {
        "slots": slots,
        "memory": memory,
        "idle_time_before_shutdown_minutes": idle_time_before_shutdown_minutes,
        "description": description,
    }
    if slots is not None and slots < 1:
        raise Invalid.field("slots", f"must be at least 1 (got {slots}).")
    checked, _ = _read(
        {"name": name, "type": "local", **{k: v for k, v in given.items() if v is not None}}
    )
    changes: dict[str, Any] = {}
    for field, value in (
        ("slots", slots),
        ("memory", memory),
        ("idle_s", idle_time_before_shutdown_minutes),
        ("description", description),
    ):
        if value is not None:
            changes[field] = getattr(checked, field)
    return _keep(ws, spec.model_copy(update=changes), **changes)


@operation("computes/start")
def start(ws: Workspace, name: str) -> Compute:
    """Let jobs start on a compute again.

    Raises:
        NotFound: there is none of this name.
    """
    spec = _load(ws, name).spec
    return _keep(ws, spec.model_copy(update={"is_stopped": False}), state="Running")


@operation("computes/stop")
def stop(ws: Workspace, name: str, cancel_jobs: bool = False) -> Compute:
    """Let no more jobs start on a compute; those that run go on, those that wait keep waiting.

    Args:
        cancel_jobs: also end those that run, and notebooks' kernels.
    Raises:
        NotFound: there is none of this name.
    """
    load = _load(ws, name)
    stopped = _keep(ws, load.spec.model_copy(update={"is_stopped": True}), state="Stopped")
    ws.dispatcher.rest(name)
    for job in load.running if cancel_jobs else ():
        try:
            records.cancel(ws.store, job, ws.principal.name)
        except Conflict:
            continue  # it has ended meanwhile
    for session in load.sessions if cancel_jobs else ():
        ws.dispatcher.end_session(session, f"{ws.principal.name} stopped '{name}'")
    ws.dispatcher.wake()
    return stopped


@operation("computes/start")
def restart(ws: Workspace, name: str) -> Compute:
    """Start a compute anew: processes that are kept ready are made again, jobs may start.

    Raises:
        NotFound: there is none of this name.
    """
    _load(ws, name)
    ws.dispatcher.rest(name)
    return start(ws, name)


@operation("computes/delete")
def delete(ws: Workspace, name: str) -> None:
    """Remove a compute that has no jobs any more.

    Raises:
        NotFound: there is none of this name.
        Conflict: jobs run or wait on it, or it is `local`, which is always there.
    """
    load = _load(ws, name)
    if name == DEFAULT_COMPUTE:
        raise Conflict(f"'{name}' is always there; `stop` lets no job start on it.")
    if load.running or load.queued:
        n = len(load.running) + len(load.queued)
        raise Conflict(f"{n} jobs run or wait on '{name}': cancel them, or wait.")
    if load.sessions:
        n = len(load.sessions)
        raise Conflict(f"{n} kernels of notebooks run on '{name}': shut them down first.")
    with ws.change(f"compute:{name}", deleted=True) as tx:
        tx.delete_record(COMPUTE_KIND, name)
    ws.dispatcher.forget_compute(name)
    for kernel in picker.offered(ws.dispatcher.library, name):
        picker.withdraw(ws.dispatcher.library, kernel.name)


@operation("computes/write")
def add_kernel(
    ws: Workspace, name: str, environment: str | None = None, slots: int = 1
) -> SessionKernel:
    """Offer a kernel in JupyterLab that runs on a compute of this machine, and takes its slots.

    Args:
        environment: a kernelspec, or an environment that is built; the workspace's Python when absent.
        slots: how many it takes while it runs.
    Raises:
        NotFound: there is no such compute.
        Invalid: there is no such environment, it is not built, or the compute is elsewhere.
    """
    spec = _load(ws, name).spec
    if spec.plugin != "local":
        raise Invalid.field("name", f"'{name}' is of type {spec.type}: only jobs run there.")
    if not 1 <= slots <= spec.slots:
        raise Invalid.field("slots", f"must be 1 to {spec.slots}, as '{name}' has (got {slots}).")
    chosen = choose(environment, ws.store, ws.blobs, has_containers=containers.answers)
    made = picker.offer(ws.dispatcher.library, chosen.choice, name, slots, ws.path)
    with ws.change(f"compute:{name}", kernel=made.name):
        return made


@operation("computes/write")
def remove_kernel(ws: Workspace, name: str, kernel: str) -> None:
    """Offer a kernel on a compute no longer; those that run go on.

    Args:
        kernel: name of its kernelspec.
    Raises:
        NotFound: the compute has no such kernel.
    """
    known = [found.name for found in picker.offered(ws.dispatcher.library, name)]
    if kernel not in known:
        there = ", ".join(known) or "none"
        raise NotFound(f"Compute '{name}' has no kernel '{kernel}' (there are: {there}).")
    with ws.change(f"compute:{name}", removed_kernel=kernel):
        picker.withdraw(ws.dispatcher.library, kernel)


@operation("computes/write")
def prioritize(
    ws: Workspace, name: str, job: str, priority: Literal["low", "medium", "high"]
) -> Compute:
    """Change the priority of a job that waits on a compute.

    Raises:
        NotFound: there is no such compute, or the job does not wait on it.
    """
    load = _load(ws, name)
    if job not in load.queued:
        raise NotFound(f"Job '{job}' does not wait on '{name}'.")
    with ws.change(f"job:{job}", priority=priority) as tx:
        doc = records.get(ws.store, job).doc
        spec = doc["spec"]
        settings = {**spec.get("queue_settings", {}), "priority": priority}
        spec = {**spec, "queue_settings": settings}
        tx.put_record(records.KIND, job, {**doc, "spec": spec, "priority": PRIORITIES[priority]})
    ws.dispatcher.reread(job)
    return get(ws, name)


def _read(compute: dict[str, Any]) -> tuple[ComputeSpec, list[str]]:
    """The compute that a document describes, and what it means otherwise than it says."""
    fields = compute_fields(compute)
    given, kinds = fields.type, plugins.names("computes")
    if given not in TYPES and given not in kinds:
        known = [*LOCAL_TYPES, *sorted(kinds - set(LOCAL_TYPES))]
        hint = did_you_mean(given, known)
        message = (
            f"no engine of type {given!r:.60} is installed (there are: {', '.join(known)}).{hint}"
        )
        raise Invalid.field("type", message)
    placed, warnings = fields.placed()
    said = fields.model_dump(mode="json", exclude_unset=True, exclude={"schema_"})
    spec = ComputeSpec(
        name=fields.name,
        type=fields.type,
        description=fields.description,
        tags=fields.tags,
        said=said,
        **placed,
    )
    return spec, warnings


def _keep(ws: Workspace, spec: ComputeSpec, **change: Any) -> Compute:
    with ws.change(f"compute:{spec.name}", **change) as tx:
        tx.put_record(COMPUTE_KIND, spec.name, spec.model_dump(mode="json"))
    return _changed(ws, spec)


def _changed(ws: Workspace, spec: ComputeSpec) -> Compute:
    """The compute as it is from now on; the dispatcher learns it in a moment."""
    ws.dispatcher.wake()
    load = ws.dispatcher.load().get(spec.name)
    return _view(ws, replace(load, spec=spec) if load else Load(spec, 0, [], []))


def _load(ws: Workspace, name: str) -> Load:
    loads = ws.dispatcher.load()
    record = ws.store.find_record(COMPUTE_KIND, name)
    if record is None:
        raise NotFound(f"There is no compute '{name}' (there are: {', '.join(loads)}).")
    spec = ComputeSpec.model_validate(record.doc)
    load = loads.get(name)
    return replace(load, spec=spec) if load else Load(spec, 0, [], [])


def _view(ws: Workspace, load: Load) -> Compute:
    memory, spec = psutil.virtual_memory(), load.spec
    names = _gpus()
    return Compute(
        name=spec.name,
        type=spec.type,
        state="Stopped" if spec.is_stopped else "Running",
        description=spec.description,
        tags=spec.tags,
        slots=spec.slots,
        slots_used=load.slots_used,
        memory=spec.memory,
        idle_minutes=None if spec.idle_s is None else spec.idle_s / 60,
        running=load.running,
        queued=load.queued,
        sessions=load.sessions,
        kernels=[kernel.name for kernel in picker.offered(ws.dispatcher.library, spec.name)],
        cores=psutil.cpu_count() or 1,
        memory_bytes=memory.total,
        memory_used_bytes=memory.total - memory.available,
        cpu_percent=psutil.cpu_percent(CPU_SAMPLE_S),
        gpus=[name for n, name in enumerate(names) if spec.gpus is None or n in spec.gpus],
    )


@cache
def _gpus() -> tuple[str, ...]:
    """Names of the NVIDIA devices; none where their tool is missing or does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())
