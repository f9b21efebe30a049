"""Computes: where jobs run."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

import psutil

from jupyter_mlws.entities.compute import Compute
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.execution.dispatcher import COMPUTE_KIND, Load
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace

CPU_SAMPLE_S = 0.1


@operation("computes/read")
def list_(ws: Workspace) -> list[Compute]:
    """All computes and their load."""
    return [_view(load) for load in ws.dispatcher.load().values()]


@operation("computes/read")
def get(ws: Workspace, name: str) -> Compute:
    """One compute and its load.

    Raises:
        NotFound: there is none of this name.
    """
    return _view(_load(ws, name))


@operation("computes/write")
def update(ws: Workspace, name: str, slots: int) -> Compute:
    """Change how many jobs run at the same time.

    Args:
        slots: at least 1; running jobs go on when it shrinks.
    Raises:
        NotFound: there is no compute of this name.
        Invalid: less than one slot.
    """
    load = _load(ws, name)
    if slots < 1:
        raise Invalid.field("slots", f"must be at least 1 (got {slots}).")
    spec = load.spec.model_copy(update={"slots": slots})
    with ws.change(f"compute:{name}", slots=slots) as tx:
        tx.put_record(COMPUTE_KIND, name, spec.model_dump(mode="json"))
    ws.dispatcher.wake()
    return _view(load).model_copy(update={"slots": slots})


def _load(ws: Workspace, name: str) -> Load:
    loads = ws.dispatcher.load()
    if name not in loads:
        raise NotFound(f"There is no compute '{name}' (there are: {', '.join(loads)}).")
    return loads[name]


def _view(load: Load) -> Compute:
    memory = psutil.virtual_memory()
    return Compute(
        name=load.spec.name,
        type=load.spec.type,
        slots=load.spec.slots,
        slots_used=load.slots_used,
        running=load.running,
        queued=load.queued,
        cores=psutil.cpu_count() or 1,
        memory_bytes=memory.total,
        memory_used_bytes=memory.total - memory.available,
        cpu_percent=psutil.cpu_percent(CPU_SAMPLE_S),
        gpus=list(_gpus()),
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
