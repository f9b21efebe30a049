"""The environments of a workspace: made when a job needs them, remembered in the store, swept when unused."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from jupyter_mlws.entities.errors import Invalid, MlwsError
from jupyter_mlws.execution import kernelspecs
from jupyter_mlws.execution.environments import containers
from jupyter_mlws.execution.environments.builder import (
    DRAFT,
    Builder,
    Built,
    Stopped,
    write_kernelspec,
)
from jupyter_mlws.execution.environments.choice import Choice
from jupyter_mlws.execution.environments.recipe import Recipe
from jupyter_mlws.execution.kernelspecs import Container, Runtime
from jupyter_mlws.store.base import Doc

if TYPE_CHECKING:
    from jupyter_mlws.store.base import Blobs, Store

logger = logging.getLogger(__name__)

KIND = "build"
N_BUILDS = 2
"""How many builds run at the same time; the others wait."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a recipe is made; `doc` is what is remembered of its last build."""

    word: str
    doc: Doc
    built: Built | None = None


class Library:
    """Makes and finds environments. All methods may be called from any thread.

    Args:
        path: the workspace's directory.
        changed: called from any thread when a build has ended.
    """

    def __init__(self, store: Store, blobs: Blobs, path: Path, changed: Callable[[], None]) -> None:
        self._store, self._blobs, self._changed = store, blobs, changed
        self.builder = Builder(path / "environments")
        self.kernels = path / "environments" / "kernels"
        self._lock = threading.Lock()
        self._running: dict[str, Future[Runtime]] = {}
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(N_BUILDS, "mlws-build")

    def furnish(self, choice: Choice, who: str) -> Future[Runtime]:
        """The runtime of a choice when it is there; it is made when it is not.

        The future's error is what was wrong; it is the same for all who wait for the same build.
        """
        made: Future[Runtime] = Future()
        recipe = choice.recipe
        if recipe is None:
            made.set_result(Runtime())
        elif recipe.kernel:
            self._set_kernel(made, recipe.kernel)
        elif (built := self._find(recipe)) is not None:
            self._show_kernel(choice, built)
            made.set_result(self._runtime(built))
        else:
            return self._started(choice, recipe, who)
        return made

    def runtime(self, choice: Choice) -> Runtime:
        """The runtime of a choice as it is; the service's own where it is not there any more."""
        recipe = choice.recipe
        if recipe is None:
            return Runtime()
        if recipe.kernel:
            return kernelspecs.find(recipe.kernel) or Runtime()
        built = self._find(recipe)
        return self._runtime(built) if built else Runtime()

    def state(self, recipe: Recipe) -> State:
        """How far a recipe is made."""
        record = self._store.find_record(KIND, recipe.digest)
        doc = record.doc if record else {}
        with self._lock:
            if recipe.digest in self._running:
                return State("building", doc)
        if recipe.is_container and doc.get("state") != "failed":
            return State("container", doc)
        if built := self._find(recipe):
            return State("ready", doc, built)
        return State("failed" if doc.get("state") == "failed" else "none", doc)

    def kernel_name(self, choice: Choice) -> str:
        """Name of the kernelspec of a choice in JupyterLab."""
        return re.sub(r"[^a-z0-9._-]", "-", choice.label.replace(":", "-").lower())

    def kernelspec(self, choice: Choice) -> dict[str, Any]:
        """How Jupyter starts a kernel in an environment.

        Raises:
            Invalid: it is not built, or runs in a container.
        """
        recipe = choice.recipe
        if recipe and recipe.kernel:
            return kernelspecs.read(recipe.kernel)
        if recipe is None:
            return kernelspecs.python(sys.executable, "Python", {})
        built = None if recipe.is_container else self._find(recipe)
        if built is None:
            raise Invalid.field(
                "environment",
                f"'{choice.label}' is not built: mlws environment build -n {choice.name}.",
            )
        folder = self.builder.folder(built.identity)
        env = {"VIRTUAL_ENV": str(folder)}
        return kernelspecs.python(str(folder / "bin" / "python"), choice.label, env)

    def close(self) -> None:
        """End the builds that are under way; they start anew with the jobs that wait for them."""
        self._stop.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def sweep(self, unused_s: float) -> tuple[int, int]:
        """Remove environments unused for so long; answers how many, and their bytes.

        One that a process runs in stays. What is removed is made anew, from its lock, when it is needed.
        """
        root, used = self.builder.root, _in_use(self.builder.root)
        n_removed = n_bytes = 0
        for folder in root.glob("*/") if root.is_dir() else ():
            is_draft = folder.name.startswith(DRAFT)
            if not is_draft and not re.fullmatch(r"[0-9a-f]{32}", folder.name):
                continue
            last = _last_use(folder)
            if folder.name in used or (not is_draft and time.time() - last < unused_s):
                continue
            if is_draft and time.time() - last < 3600:
                continue
            n_bytes += sum(f.lstat().st_size for f in folder.rglob("*") if not f.is_dir())
            gone = folder.rename(root / f"{DRAFT}gone-{folder.name}")
            shutil.rmtree(gone, ignore_errors=True)
            n_removed += 1
        self._forget_kernels()
        return n_removed, n_bytes

    # Building
    def _started(self, choice: Choice, recipe: Recipe, who: str) -> Future[Runtime]:
        with self._lock:
            if recipe.digest not in self._running:
                made = self._threads.submit(self._make, choice, recipe, who)
                self._running[recipe.digest] = made
                made.add_done_callback(lambda _: self._ended(recipe))
            return self._running[recipe.digest]

    def _ended(self, recipe: Recipe) -> None:
        with self._lock:
            self._running.pop(recipe.digest, None)
        self._changed()

    def _make(self, choice: Choice, recipe: Recipe, who: str) -> Runtime:
        known = self._store.find_record(KIND, recipe.digest)
        lock = (known.doc.get("lock") if known else None) or None
        began_ms = time.time_ns() // 1_000_000
        about: Doc = {"name": choice.name, "version": choice.version, "recipe": recipe.to_doc()}
        about |= {"lock": lock, "started_ms": began_ms, "ended_ms": None, "message": ""}
        self._note(recipe, who, {**about, "state": "building"})
        try:
            runtime, facts = self._made(choice, recipe, lock)
        except Stopped:
            raise
        except MlwsError as error:
            ended_ms = time.time_ns() // 1_000_000
            doc = {**about, "state": "failed", "message": error.message, "ended_ms": ended_ms}
            self._note(recipe, who, doc)
            raise
        ended_ms = time.time_ns() // 1_000_000
        self._note(recipe, who, {**about, **facts, "state": "ready", "ended_ms": ended_ms})
        return runtime

    def _made(self, choice: Choice, recipe: Recipe, lock: str | None) -> tuple[Runtime, Doc]:
        if recipe.is_container:
            program = containers.engine()
            if program is None:
                raise Invalid("Docker or Podman does not answer any more.")
            found = containers.find(recipe, program) or self._made_container(recipe, program)
            return Runtime(container=found), {}
        built = self.builder.build(recipe, lock=lock, stop=self._stop)
        self._show_kernel(choice, built)
        facts = {
            "identity": built.identity,
            "python": built.python,
            "lock": built.lock,
            "packages": [list(item) for item in built.packages],
        }
        return self._runtime(built), facts

    def _made_container(self, recipe: Recipe, program: str) -> Container:
        self.builder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.builder.log(recipe)
        path.unlink(missing_ok=True)  # jobs that waited for an earlier build keep its log by a link
        with path.open("wb", 0) as log:
            return containers.make(
                recipe, program, lambda argv: self._run(argv, log), self._store, self._blobs
            )

    def _run(self, argv: Sequence[str], log: Any) -> bool:
        log.write(f"$ {' '.join(argv)}\n".encode())
        with subprocess.Popen(
            argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        ) as process:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(0.2) == 0
                if self._stop.is_set():
                    process.send_signal(signal.SIGTERM)
                    raise Stopped("The build was stopped.")

    def _note(self, recipe: Recipe, who: str, doc: Doc) -> None:
        subject = f"{KIND}:{recipe.digest}"
        with self._store.change(who, "environments/build", subject, state=doc["state"]) as tx:
            tx.put_record(KIND, recipe.digest, doc)

    # Finding
    def _find(self, recipe: Recipe) -> Built | None:
        if recipe.is_container or recipe.kernel:
            return None
        return self.builder.find(recipe)

    def _runtime(self, built: Built) -> Runtime:
        folder = self.builder.folder(built.identity)
        _touch(folder)
        env = {"VIRTUAL_ENV": str(folder), "JUPYTER_PATH": str(folder / "share" / "jupyter")}
        return Runtime(built.kernel, str(folder / "bin" / "python"), env)

    @staticmethod
    def _set_kernel(made: Future[Runtime], name: str) -> None:
        if runtime := kernelspecs.find(name):
            made.set_result(runtime)
        else:
            made.set_exception(Invalid(f"The kernel '{name}' is not installed (any more)."))

    # Kernels for JupyterLab
    def _show_kernel(self, choice: Choice, built: Built) -> None:
        """Let JupyterLab offer an environment that has a name."""
        from jupyter_mlws.entities.environment import ANONYMOUS

        place = self.kernels / self.kernel_name(choice)
        if choice.name == ANONYMOUS or (place / "kernel.json").exists():
            return
        title = f"{choice.name} {choice.version}" if choice.version else choice.name
        folder = self.builder.folder(built.identity)
        self.kernels.mkdir(mode=0o700, exist_ok=True)
        write_kernelspec(place, folder, title, mlws_environment=choice.label)

    def _forget_kernels(self) -> None:
        """Take away kernelspecs whose environment is gone."""
        import json

        for file in self.kernels.glob("*/kernel.json"):
            if not Path(json.loads(file.read_bytes())["argv"][0]).exists():
                shutil.rmtree(file.parent, ignore_errors=True)


def _touch(folder: Path) -> None:
    with suppress(OSError):
        os.utime(folder)


def _last_use(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _in_use(root: Path) -> set[str]:
    """The environments that a process runs in."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError, IndexError):
            for place in (process.cmdline()[0], process.environ().get("VIRTUAL_ENV", "")):
                if Path(place).is_relative_to(root):
                    found.add(Path(place).relative_to(root).parts[0])
    return found
