"""Makes environments below one folder: lock, then a virtual environment that is put in place whole.

All that is known stands in files, so any number of processes may ask at once: who holds the lock of a
recipe builds, the others wait and find it made. A killed build leaves nothing that is taken for an
environment; what it left is swept by the next one.

Layout of the folder:
    RECIPE.lock, RECIPE.json, RECIPE.log    requirements and result of a recipe; its build's log
    IDENTITY/                               an environment; complete when it is there
    .making-…/                              one being made
    kernels/                                kernelspecs of named environments, for JupyterLab
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from jupyter_mlws.entities.errors import MlwsError, Unavailable
from jupyter_mlws.execution.environments import interpreter
from jupyter_mlws.execution.environments.failure import first_error
from jupyter_mlws.execution.environments.freezing import source_of
from jupyter_mlws.execution.environments.recipe import Recipe

DRAFT = ".making-"
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Built:
    """An environment that is there.

    Attributes:
        identity: hash of lock and interpreter, the name of its folder.
        lock: every package with its exact version.
        python: version of its interpreter.
        packages: name and version, and where from when not from the index.
    """

    identity: str
    python: str
    lock: str
    packages: tuple[tuple[str, str, str], ...]

    @property
    def kernel(self) -> str:
        """Name of its kernelspec."""
        return f"mlws-{self.identity[:16]}"


class Stopped(Unavailable):
    """The build was ended from outside; it is nobody's fault."""


class Builder:
    """Makes environments below `root`. All methods may be called from any thread and process."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, identity: str) -> Path:
        """Where an environment is, or would be."""
        return self.root / identity

    def log(self, recipe: Recipe) -> Path:
        """Where the log of a recipe's last build is."""
        return self.root / f"{recipe.digest}.log"

    def find(self, recipe: Recipe) -> Built | None:
        """The environment of a recipe, when it is there."""
        try:
            doc = json.loads((self.root / f"{recipe.digest}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        built = Built(**{**doc, "packages": tuple(tuple(item) for item in doc["packages"])})
        return built if (self.folder(built.identity) / "bin" / "python").exists() else None

    def build(
        self, recipe: Recipe, *, lock: str | None = None, stop: threading.Event | None = None
    ) -> Built:
        """The environment of a recipe; made when it is not there, once however many ask.

        Args:
            lock: the exact packages, where they were decided before.
            stop: ends the build when set.
        Raises:
            Invalid: it cannot be made as it is asked for, with uv's first error.
            Unavailable: no network, a full disk.
            Stopped: `stop` was set.
        """
        if built := self.find(recipe):
            return built
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        stop = stop or threading.Event()
        with self._held(recipe.digest, stop) as held:
            if built := self.find(recipe):
                return built
            with self._opened_log(recipe) as log:
                work = _Work(self, recipe, log, held, stop)
                try:
                    built = work.build(lock)
                except OSError as error:
                    raise Unavailable(f"The environment cannot be written: {error}.") from error
            write_private(self.root / f"{recipe.digest}.json", json.dumps(asdict(built)))
        return built

    def lock_of(self, recipe: Recipe) -> str | None:
        """The exact packages that were decided for a recipe."""
        with suppress(FileNotFoundError):
            return (self.root / f"{recipe.digest}.lock").read_text(encoding="utf-8")
        return None

    @contextmanager
    def _held(self, name: str, stop: threading.Event) -> Iterator[int]:
        """Hold the file lock `name`. uv inherits it: it is held until uv too has ended."""
        descriptor = os.open(self.root / f".{name}.held", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if stop.wait(LOOK_S):
                        raise Stopped("The build was stopped.") from None
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _opened_log(self, recipe: Recipe) -> Iterator[IO[bytes]]:
        """The log of a new build; those who read the old one go on reading the old one."""
        path = self.log(recipe)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb", 0) as log:
            yield log


class _Work:
    """One build, with its log and the locks that it holds."""

    def __init__(
        self,
        builder: Builder,
        recipe: Recipe,
        log: IO[bytes],
        held: int,
        stop: threading.Event,
    ) -> None:
        self._builder, self._root, self._recipe = builder, builder.root, recipe
        self._log, self._stop = log, stop
        self._held = [held]

    def build(self, lock: str | None) -> Built:
        began, recipe = time.monotonic(), self._recipe
        python = interpreter.find(recipe.python, self.uv)
        self.say(f"Python {python.version} ({python.path})")
        lock = lock or self._builder.lock_of(recipe) or self._locked(python.path)
        write_private(self._root / f"{recipe.digest}.lock", lock)
        text = f"{python.identity}\n" + "\n".join(sorted(_pins(lock)))
        identity = hashlib.sha256(text.encode()).hexdigest()[:32]
        with self._builder._held(identity, self._stop) as held:
            self._held.append(held)
            if (self._builder.folder(identity) / "bin" / "python").exists():
                self.say("The same packages are there already.")
            else:
                self._sweep(identity)
                self._make(identity, python.path, lock)
            self._held.pop()
        built = Built(identity, python.version, lock, packages(self._builder.folder(identity)))
        self.say(f"{len(built.packages)} packages, {time.monotonic() - began:.1f} s")
        return built

    def say(self, text: str) -> None:
        self._log.write(f"{text}\n".encode())

    def uv(self, arguments: Sequence[str], *, text: str | None = None) -> bool:
        """Run uv, its words going to the log; whether it went well."""
        self.say(f"$ uv {' '.join(arguments)}")
        process = subprocess.Popen(
            [interpreter.uv(), "--color", "never", "--no-progress", *arguments],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=interpreter.environ(),
            cwd=self._root,
            pass_fds=self._held,
            start_new_session=True,
        )
        assert process.stdin
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write((text or "").encode())
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(LOOK_S) == 0
            if self._stop.is_set():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise Stopped("The build was stopped.")

    def _locked(self, python: str) -> str:
        """Decide the exact version of every package."""
        recipe = self._recipe
        target = self._root / f".{recipe.digest}.lock"
        target.unlink(missing_ok=True)
        options = ["--python", python, "--no-header", "--output-file", str(target), "-"]
        said = self._log.tell()
        if not self.uv(["pip", "compile", *options], text="\n".join(recipe.requirements) + "\n"):
            raise self._failure(said)
        try:
            return target.read_text(encoding="utf-8")
        finally:
            target.unlink()

    def _make(self, identity: str, python: str, lock: str) -> None:
        """Install into a draft, then give it its name."""
        draft = Path(tempfile.mkdtemp(prefix=f"{DRAFT}{identity}-", dir=self._root))
        try:
            said = self._log.tell()
            place = draft / "venv"
            done = self.uv(
                ["venv", "--relocatable", "--no-project", "--python", python, str(place)]
            )
            done = done and self.uv(
                ["pip", "sync", "--python", str(place / "bin" / "python"), "-"], text=lock
            )
            if not done:
                raise self._failure(said)
            final = self._builder.folder(identity)
            name = f"mlws-{identity[:16]}"
            write_kernelspec(place / "share" / "jupyter" / "kernels" / name, final, name)
            place.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _sweep(self, identity: str) -> None:
        """Remove what killed builds of this environment have left; its lock is ours."""
        for draft in self._root.glob(f"{DRAFT}{identity}-*"):
            shutil.rmtree(draft, ignore_errors=True)

    def _failure(self, since: int) -> MlwsError:
        said = self._builder.log(self._recipe).read_bytes()[since:]
        return first_error(said.decode("utf-8", "replace"))


def packages(folder: Path) -> tuple[tuple[str, str, str], ...]:
    """What is installed in an environment: name, version, and source when not the package index."""
    from importlib.metadata import distributions

    found = {}
    for place in folder.glob("lib/python*/site-packages"):
        for item in distributions(path=[str(place)]):
            source = source_of(item.read_text("direct_url.json"))
            found[item.metadata["Name"].lower()] = (item.metadata["Name"], item.version, source)
    return tuple(found[name] for name in sorted(found))


def write_kernelspec(place: Path, environment: Path, display_name: str, **more: Any) -> None:
    """Write the kernelspec by which Jupyter starts a kernel in an environment."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    spec = {
        "argv": [
            str(environment / "bin" / "python"),
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ],
        "display_name": display_name,
        "language": "python",
        "env": {"VIRTUAL_ENV": str(environment)},
        "metadata": {"debugger": True, **more},
    }
    write_private(place / "kernel.json", json.dumps(spec, indent=1))


def _pins(lock: str) -> Iterator[str]:
    """The lines of a lock that decide something."""
    lines = (line.strip() for line in lock.splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def write_private(path: Path, text: str) -> None:
    """Write a file that only the owner can read, all at once."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
