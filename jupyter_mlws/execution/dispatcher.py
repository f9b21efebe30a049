"""The one dispatcher: gives slots to jobs, moves them from state to state, restarts from the store."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_mlws import plugins
from jupyter_mlws.entities.compute import ComputeSpec
from jupyter_mlws.entities.errors import Invalid, PluginMissing
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.session import SessionSpec
from jupyter_mlws.execution import queueing, records, surroundings
from jupyter_mlws.execution.attempt import Attempt, Workshop, give_up
from jupyter_mlws.execution.base import Compute, JobType, ParentJobType
from jupyter_mlws.execution.bell import Bell
from jupyter_mlws.execution.environments.library import Library
from jupyter_mlws.execution.families import Families
from jupyter_mlws.execution.kernelspecs import Runtime
from jupyter_mlws.execution.parents import Parent
from jupyter_mlws.execution.places import Places
from jupyter_mlws.execution.queueing import Ticket
from jupyter_mlws.execution.sealing import Seal
from jupyter_mlws.execution.sessions import Held, Sessions
from jupyter_mlws.execution.submission import DEFAULT_COMPUTE, Desk, Types
from jupyter_mlws.store.base import RunQuery, RunRow

if TYPE_CHECKING:
    from jupyter_mlws.execution.registries import Registries
    from jupyter_mlws.store.base import Blobs, Store

logger = logging.getLogger(__name__)

T = TypeVar("T")

COMPUTE_KIND = "compute"
THREADS = 32
LOOK_S = 2.0
"""Seconds after which a running job is looked at, when nobody rang: its supervisor may be gone."""
PARENT_LOOK_S = 10.0
"""The same for a parent, whose child may have ended unseen."""
EARLY_LOOK_S = 0.25
"""The same where there is no bell, and before a job runs."""
WATCH_GAP_S = 0.25
"""Between two looks of a parent at what its children log."""
PAUSE_S = 5.0
"""Seconds until a job is taken up again that the workspace itself could not drive on."""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a compute is; names of jobs, the waiting in the order in which they start.

    Attributes:
        sessions: names of the kernels that hold slots.
    """

    spec: ComputeSpec
    slots_used: int
    running: list[str]
    queued: list[str]
    sessions: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Drive:
    """A job in the dispatcher's hands."""

    ticket: Ticket
    compute: str
    is_parent: bool
    watches: bool = False
    """Whether it looks when something was logged."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Stock:
    """What the store says there is to do."""

    computes: dict[str, ComputeSpec]
    rows: dict[str, RunRow]
    fresh: dict[str, tuple[str, Ticket]]
    """Of jobs not seen before: their compute and ticket."""


class Dispatcher:
    """Runs the jobs of a workspace. Lives on one event loop; `wake` may be called from any thread.

    All that blocks (disk, store, plug-ins) happens in worker threads, for one job in one at a time.

    Args:
        path: the workspace's directory.
        url: base address of the service.
        mint: makes a token for a job's own processes; tokens made before stay valid.
        revoke: ends all tokens of a job; none there is no error.
        ring: called when the files of some job have grown.
        registries: what jobs may name beside the workspace's own.
        types: job types by name; the installed plug-ins when absent.
        computes: computes by name; those in the store, of the installed plug-ins, when absent.
        standby: how many processes of each kind are kept ready.
    """

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        path: Path,
        url: str,
        mint: Callable[[Job], str],
        revoke: Callable[[Job], None],
        ring: Callable[[], None],
        registries: Registries,
        types: Types | None = None,
        computes: Mapping[str, Compute] | None = None,
        standby: int = 1,
    ) -> None:
        self._store, self._path, self._ring, self._standby = store, path, ring, standby
        self.types: Types = types if types is not None else _installed_types()
        self.computes: dict[str, Compute] = dict(computes or {})
        seal = Seal(path / "secrets.key")
        self.places = Places(store, seal, path)
        self.registries = registries
        self.desk = Desk(store, blobs, self.types, self.computes, seal, self.places, registries)
        self.sessions = Sessions(store)
        self.library = Library(store, blobs, path, self._rouse_all)
        self._shop = Workshop(
            store=store,
            blobs=blobs,
            path=path,
            url=url,
            mint=mint,
            revoke=revoke,
            types=self.types,
            computes=self.computes,
            seal=seal,
            places=self.places,
            standby=standby,
            library=self.library,
        )
        self._specs: dict[str, ComputeSpec] = {}
        self._waiting: dict[str, tuple[str, Ticket]] = {}
        self._idle_since: dict[str, float] = {}
        self._resting: set[str] = set()
        self._driven: dict[str, _Drive] = {}
        self._threads = ThreadPoolExecutor(THREADS, "mlws-job")
        self._bell: Bell | None = None
        self._settled = False
        self._rousing = False

    async def start(self) -> None:
        """Take up everything where the store says it stood."""
        self._loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()
        (self._path / "jobs").mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._do(self._open_computes)
        await self._do(self.sessions.load)
        self._open_bell()
        await self._turn()
        self._main = self._loop.create_task(self._run())
        self._stop_listening = self._store.subscribe(lambda seq: self._rouse_watchers())
        self._preparing = self._loop.create_task(self._do(self._prepare_standby))

    async def stop(self) -> None:
        """Let go of the jobs, which run on."""
        self._stop_listening()
        tasks = [drive.task for drive in self._driven.values() if drive.task]
        for task in (self._main, self._preparing, *tasks):
            task.cancel()
        await asyncio.gather(self._main, self._preparing, *tasks, return_exceptions=True)
        if self._bell:
            self._bell.close(self._loop)
        await asyncio.to_thread(self.library.close)
        await asyncio.to_thread(self._threads.shutdown)
        for compute in self.computes.values():
            await asyncio.to_thread(compute.close)

    def wake(self) -> None:
        """Look at the store again: a job was added or is to end, or slots have changed."""
        with suppress(RuntimeError):  # the loop is closed: whoever starts next will look
            self._loop.call_soon_threadsafe(self._awake.set)

    @property
    def is_idle(self) -> bool:
        """Whether no job waits or runs, and no kernel holds slots; not before the store was read."""
        return self._settled and not (self._driven or self._waiting or self.sessions)

    def folder(self, name: str, attempt: int) -> Path:
        """The folder of a job's attempt."""
        return self._shop.folder(name, attempt)

    def load(self) -> dict[str, Load]:
        """How busy each compute is."""
        return {name: self._load(spec) for name, spec in self._specs.items()}

    def _load(self, spec: ComputeSpec) -> Load:
        running = [d.ticket for d in tuple(self._driven.values()) if d.compute == spec.name]
        kernels = [held.ticket for held in self.sessions.of(spec.name)]
        waiting = [t for compute, t in tuple(self._waiting.values()) if compute == spec.name]
        return Load(
            spec=spec,
            slots_used=sum(ticket.slots for ticket in (*running, *kernels)),
            running=[ticket.name for ticket in running],
            queued=[ticket.name for ticket in queueing.order(waiting, [*running, *kernels])],
            sessions=[ticket.name for ticket in kernels],
        )

    # Interactive kernels
    async def hold(self, spec: SessionSpec, user: str, compute: ComputeSpec) -> Held | None:
        """Give slots to a kernel that is about to start; None where they are not free."""
        ticket = await self._do(self.sessions.ticket, spec, user)
        found = self.sessions.find(spec.name)
        if found and found.spec == spec:
            return found
        waiting = [t for name, t in self._waiting.values() if name == compute.name]
        holding = self._holding(compute.name)
        if ticket not in queueing.admitted([*waiting, ticket], holding, compute.slots):
            return None
        held = self.sessions.reserve(spec, ticket)
        self._resting.discard(compute.name)
        await self._do(self.sessions.keep, held)
        self._awake.set()
        return held

    async def let_go(self, name: str, reason: str, who: str) -> None:
        """Take the slots of a kernel back."""
        if held := self.sessions.drop(name, reason):
            await self._do(self.sessions.forget, held, who)
            self._awake.set()

    def end_session(self, name: str, reason: str) -> None:
        """Take the slots of a kernel back; from any thread but the loop's."""
        asyncio.run_coroutine_threadsafe(
            self.let_go(name, reason, "dispatcher"), self._loop
        ).result()

    def _holding(self, compute: str) -> list[Ticket]:
        """Who holds slots of a compute: jobs and kernels."""
        jobs = [drive.ticket for drive in self._driven.values() if drive.compute == compute]
        return [*jobs, *(held.ticket for held in self.sessions.of(compute))]

    def _end_sessions(self, spec: ComputeSpec) -> None:
        """Take slots back from kernels that are idle or gone, and look again when the next may be."""
        for held, reason in [*self.sessions.due(spec)]:
            if self.sessions.drop(held.spec.name, reason):
                self._loop.run_in_executor(self._threads, self.sessions.forget, held, "dispatcher")
        if (left_s := self.sessions.next_due_s(spec)) is not None:
            self._loop.call_later(left_s + 0.01, self._awake.set)

    def rest(self, name: str) -> None:
        """Let a compute give back what it keeps ready; from any thread."""
        if found := self.computes.get(name):
            found.rest()

    def forget_compute(self, name: str) -> None:
        """A compute without jobs is gone; from any thread."""
        if found := self.computes.pop(name, None):
            found.close()
        self.wake()

    def look(self, name: str) -> None:
        """What a running job is to do has changed in the store; from any thread."""

        def rouse() -> None:
            if drive := self._driven.get(name):
                drive.changed.set()
            self._awake.set()

        self._loop.call_soon_threadsafe(rouse)

    def reread(self, name: str) -> None:
        """What is known of a waiting job has changed in the store; from any thread."""

        def forget() -> None:
            self._waiting.pop(name, None)
            self._awake.set()

        self._loop.call_soon_threadsafe(forget)

    # The queue
    async def _run(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            try:
                await self._turn()
            except Exception:
                logger.exception("The queue could not be read; it is tried again")
                self._loop.call_later(PAUSE_S, self._awake.set)

    async def _turn(self) -> None:
        """Read the store and start what has its turn."""
        known = self._driven.keys() | self._waiting.keys()
        stock = await self._do(self._take_stock, known)
        self._specs = stock.computes
        if self._waiting.keys() - stock.rows.keys():
            self._rouse_parents()  # a waiting job was canceled
        self._waiting = {
            name: found
            for name, row in stock.rows.items()
            if Status(row.status) in records.WAITING
            and name not in self._driven
            and (found := stock.fresh.get(name) or self._waiting.get(name))
        }
        for name, row in stock.rows.items():
            if name in self._driven:
                if Status(row.status) is Status.CANCEL_REQUESTED:
                    self._driven[name].changed.set()
            elif name in stock.fresh and (self._is_parent(row) or name not in self._waiting):
                self._drive(name, *stock.fresh[name], parent=self._is_parent(row))
        self._admit()
        self._settled = True

    def _take_stock(self, known: set[str]) -> _Stock:
        computes = [
            ComputeSpec.model_validate(record.doc)
            for record in self._store.list_records(COMPUTE_KIND)
        ]
        for spec in computes:
            self._open_compute(spec)
        rows = {row.run_id: row for row in self._unfinished()}
        fresh = {name: self._ticket(row) for name, row in rows.items() if name not in known}
        return _Stock({spec.name: spec for spec in computes}, rows, fresh)

    def _unfinished(self) -> list[RunRow]:
        found: list[RunRow] = []
        token: str | None = None
        while True:
            query = RunQuery(
                types=list(self.types),
                statuses=[status.value for status in records.WAITING | records.ACTIVE],
                view="all",
                max_results=10_000,
                page_token=token,
                with_data=False,
            )
            rows, token = self._store.search_runs(query)
            found += rows
            if token is None:
                return found

    def _ticket(self, row: RunRow) -> tuple[str, Ticket]:
        doc = records.get(self._store, row.run_id).doc
        slots = 0 if self._is_parent(row) else doc["slots"]
        ticket = Ticket(row.run_id, row.user, slots, doc["priority"], doc["turn"])
        return doc["compute"], ticket

    def _admit(self) -> None:
        for name, spec in self._specs.items():
            self._end_sessions(spec)
            self._note_idle(name, spec)
            if spec.is_stopped:
                continue
            running = self._holding(name)
            waiting = [ticket for compute, ticket in self._waiting.values() if compute == name]
            for ticket in queueing.admitted(waiting, running, spec.slots):
                self._drive(ticket.name, *self._waiting[ticket.name])

    def _note_idle(self, name: str, spec: ComputeSpec) -> None:
        """Let a compute rest that had no job for so long; an instance stops until it is started."""
        busy = bool(self._holding(name)) or any(
            compute == name for compute, _ in self._waiting.values()
        )
        if busy or spec.idle_s is None or spec.is_stopped:
            self._idle_since.pop(name, None)
            return
        now = self._loop.time()
        left_s = self._idle_since.setdefault(name, now) + spec.idle_s - now
        if left_s > 0:
            self._loop.call_later(left_s + 0.01, self._awake.set)
        elif name not in self._resting:
            self._resting.add(name)
            self._loop.run_in_executor(self._threads, self._let_rest, spec)

    def _let_rest(self, spec: ComputeSpec) -> None:
        self.rest(spec.name)
        if spec.type == "computeinstance":
            stopped = spec.model_copy(update={"is_stopped": True})
            subject = f"compute:{spec.name}"
            with self._store.change(
                "dispatcher", "computes/stop", subject, state="Stopped", idle=True
            ) as tx:
                tx.put_record(COMPUTE_KIND, spec.name, stopped.model_dump(mode="json"))
            self.wake()

    # Driving
    def _drive(self, name: str, compute: str, ticket: Ticket, *, parent: bool = False) -> None:
        """Take a job into our hands until it has ended or must wait again."""
        self._waiting.pop(name, None)
        self._resting.discard(compute)
        drive = self._driven[name] = _Drive(ticket, compute, parent)
        drive.task = self._loop.create_task(self._drive_on(name, drive))

    async def _drive_on(self, name: str, drive: _Drive) -> None:
        try:
            await (self._drive_parent if drive.is_parent else self._drive_leaf)(name, drive)
        except Exception:
            logger.exception("Job '%s' could not be driven on; it is tried again", name)
            await asyncio.sleep(PAUSE_S)
        self._driven.pop(name, None)
        self._rouse_parents()
        self._awake.set()

    def _rouse_all(self) -> None:
        """An environment was built, or cannot be: whoever waits for it looks; from any thread."""

        def rouse() -> None:
            for drive in self._driven.values():
                drive.changed.set()

        with suppress(RuntimeError):  # the loop is closed: whoever starts next will look
            self._loop.call_soon_threadsafe(rouse)

    def _rouse_parents(self) -> None:
        """A job has ended: each parent looks whether it was its child."""
        for drive in self._driven.values():
            if drive.is_parent:
                drive.changed.set()

    def _rouse_watchers(self) -> None:
        """Something was written, such as a metric: soon, those who watch look; from any thread."""
        if self._rousing or not any(drive.watches for drive in tuple(self._driven.values())):
            return
        self._rousing = True

        def rouse() -> None:
            self._rousing = False
            for drive in self._driven.values():
                if drive.watches:
                    drive.changed.set()

        with suppress(RuntimeError):  # the loop is closed: whoever starts next will look
            self._loop.call_soon_threadsafe(lambda: self._loop.call_later(WATCH_GAP_S, rouse))

    async def _drive_leaf(self, name: str, drive: _Drive) -> None:
        try:
            attempt = await self._do(Attempt, self._shop, name)
        except (Invalid, PluginMissing) as error:
            await self._do(give_up, self._shop, name, error)
            return
        while not await self._do(attempt.furnish):
            await self._changed(drive, LOOK_S)
        if await self._do(attempt.begin):
            patience_s = EARLY_LOOK_S
            while not await self._do(attempt.look):
                await self._changed(drive, patience_s)
                patience_s = LOOK_S if self._bell else EARLY_LOOK_S
        if await self._do(attempt.conclude):
            self._rouse_parents()  # the next may begin while this one's files are kept
            await self._do(attempt.finish)

    async def _drive_parent(self, name: str, drive: _Drive) -> None:
        families = Families(self._shop.store, self._shop.blobs, self._shop.url)
        parent = Parent(self._shop, self.desk, name, families)
        drive.watches = await self._do(parent.watches)
        while not await self._do(parent.step):
            self._awake.set()
            left_s = await self._do(parent.patience_s)
            await self._changed(
                drive, PARENT_LOOK_S if left_s is None else min(left_s, PARENT_LOOK_S)
            )

    async def _changed(self, drive: _Drive, patience_s: float) -> None:
        """Wait for a change; not by `wait_for`, which before Python 3.12 may swallow a cancel."""
        timer = self._loop.call_later(patience_s, drive.changed.set)
        try:
            await drive.changed.wait()
        finally:
            timer.cancel()
        drive.changed.clear()

    def _is_parent(self, row: RunRow) -> bool:
        return isinstance(self.types[row.type], ParentJobType)

    async def _do(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call what blocks, in a worker thread."""
        return await self._loop.run_in_executor(self._threads, function, *arguments)

    # Around it
    def _open_computes(self) -> None:
        """Make the plug-in of each compute of the workspace; there is always `local`."""
        if self._store.find_record(COMPUTE_KIND, DEFAULT_COMPUTE) is None:
            spec = ComputeSpec(name=DEFAULT_COMPUTE, type="local", slots=os.cpu_count() or 1)
            with self._store.change("system", "computes/write", "compute:local") as tx:
                tx.put_record(COMPUTE_KIND, spec.name, spec.model_dump(mode="json"))
        for record in self._store.list_records(COMPUTE_KIND):
            self._open_compute(ComputeSpec.model_validate(record.doc))

    def _open_compute(self, spec: ComputeSpec) -> None:
        """Make the plug-in of a compute; without it, its jobs tell that they cannot run."""
        if spec.name not in self.computes:
            try:
                self.computes[spec.name] = plugins.load("computes", spec.plugin)(self._path)
            except PluginMissing as error:
                logger.warning("Compute '%s' cannot be used: %s", spec.name, error.message)

    def _prepare_standby(self) -> None:
        runtime = Runtime()
        env = surroundings.base_env(runtime)
        for name, kind in self.types.items() if self._standby else ():
            try:
                argv = kind.standby(runtime.python) if isinstance(kind, JobType) else ()
                if argv:
                    self.computes[DEFAULT_COMPUTE].prepare(argv, env, self._standby)
            except Exception:
                logger.exception("No process of job type '%s' is kept ready", name)

    def _open_bell(self) -> None:
        bell = Bell(self._path / "runtime" / "bell.sock", self._heard)
        try:
            bell.open(self._loop)
        except OSError as error:
            logger.warning("No bell (%s): running jobs are looked at more often", error)
        else:
            self._bell = bell

    def _heard(self, folder: Path) -> None:
        """An attempt has changed: its folder is `jobs/NAME/NUMBER`."""
        if drive := self._driven.get(folder.parent.name):
            drive.changed.set()
        self._ring()


def _installed_types() -> Types:
    return {name: kind() for name, kind in plugins.load_all("jobs").items()}
