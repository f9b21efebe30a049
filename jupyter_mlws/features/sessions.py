"""Sessions: notebooks' kernels that run on a compute and hold its slots, as jobs do."""

from __future__ import annotations

import time

from jupyter_mlws.entities.compute import ComputeSpec
from jupyter_mlws.entities.errors import Conflict, Denied, NotFound, Unavailable
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.session import Session, SessionSpec
from jupyter_mlws.execution.dispatcher import COMPUTE_KIND
from jupyter_mlws.execution.sessions import Held
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace


@operation("sessions/write")
async def create(ws: Workspace, session: SessionSpec) -> Session:
    """Take slots of a compute for a kernel that is about to start; again for the same one changes nothing.

    Raises:
        NotFound: there is no such compute.
        Conflict: it is stopped.
        Unavailable: its slots are in use; the message says by whom.
    """
    compute = _compute(ws, session.compute)
    if compute.is_stopped:
        raise Conflict(
            f"Compute '{compute.name}' is stopped: start it first"
            f" (mlws compute start -n {compute.name})."
        )
    held = await ws.dispatcher.hold(session, ws.principal.name, compute)
    if held is None:
        raise Unavailable(_who_holds(ws, session, compute))
    return _shown(held, compute)


@operation("sessions/read")
def list_(ws: Workspace, compute: str | None = None) -> list[Session]:
    """The kernels that hold slots, of one compute or of all.

    Args:
        compute: only of this one.
    """
    found = ws.dispatcher.sessions.of(compute)
    return [_shown(held, _compute(ws, held.spec.compute)) for held in found]


@operation("sessions/write")
async def renew(ws: Workspace, name: str, idle_s: float | None = None) -> Session:
    """Give a sign of life: without one for two minutes the slots are given back.

    Args:
        idle_s: for how long the kernel has executed nothing.
    Raises:
        NotFound: it has ended; the message says why, and the kernel is to be shut down.
    """
    sessions = ws.dispatcher.sessions
    held = sessions.find(name)
    if held is None:
        why = sessions.why_ended(name)
        raise NotFound(f"Session '{name}' holds no slots any more{f': {why}' if why else ''}.")
    held.seen = time.monotonic()
    if idle_s is not None:
        held.active = held.seen - max(idle_s, 0.0)
        ws.dispatcher.wake()
    return _shown(held, _compute(ws, held.spec.compute))


@operation("sessions/write")
async def delete(ws: Workspace, name: str) -> None:
    """Give the slots of a kernel back; one that still runs is shut down within half a minute.

    Raises:
        NotFound: it holds none.
        Denied: it is another user's, and the caller may not stop computes.
    """
    held = ws.dispatcher.sessions.find(name)
    if held is None:
        raise NotFound(f"There is no session '{name}'.")
    who = ws.principal
    if held.ticket.user != who.name and not who.may("computes/stop"):
        raise Denied(f"Session '{name}' is {held.ticket.user}'s.")
    await ws.dispatcher.let_go(name, f"{who.name} ended it", who.name)


def _compute(ws: Workspace, name: str) -> ComputeSpec:
    record = ws.store.find_record(COMPUTE_KIND, name)
    if record is None:
        known = ", ".join(row.name for row in ws.store.list_records(COMPUTE_KIND))
        raise NotFound(f"There is no compute '{name}' (there are: {known}).")
    return ComputeSpec.model_validate(record.doc)


def _who_holds(ws: Workspace, session: SessionSpec, compute: ComputeSpec) -> str:
    load = ws.dispatcher.load().get(compute.name)
    jobs = [f"job {name}" for name in (load.running if load else ())]
    kernels = [
        f"{held.ticket.user}'s kernel {held.spec.name[:8]}"
        for held in ws.dispatcher.sessions.of(compute.name)
    ]
    used = f"{load.slots_used if load else 0} of {compute.slots}"
    waiting = f" {len(load.queued)} jobs wait before you." if load and load.queued else ""
    wanted = f"{session.slots} slots are" if session.slots > 1 else "No slot is"
    not_free = " not free" if session.slots > 1 else " free"
    return (
        f"{wanted}{not_free} on compute '{compute.name}': {used} are in use"
        f" by {', '.join([*jobs, *kernels]) or 'others'}.{waiting}"
        " Wait, end one of them, or choose another kernel."
    )


def _shown(held: Held, compute: ComputeSpec) -> Session:
    spec, idle_s = held.spec, held.idle_s()
    env = {} if compute.gpus is None else {"CUDA_VISIBLE_DEVICES": ",".join(map(str, compute.gpus))}
    return Session(
        **spec.model_dump(),
        user=held.ticket.user,
        started_at=from_ms(held.started_ms),
        idle_minutes=None if idle_s is None else idle_s / 60,
        env=env,
    )
