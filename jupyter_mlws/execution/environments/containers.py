"""Docker or Podman, when one of them answers on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution import snapshots
from jupyter_mlws.execution.environments.recipe import Recipe
from jupyter_mlws.execution.kernelspecs import Container
from jupyter_mlws.store.base import Blobs, Store

PROGRAMS = ("docker", "podman")
ASK_TIMEOUT_S = 10
ENGINE_READS = ("CONTAINERS_CONF", "DOCKER_HOST", "HOME", "PATH", "TMPDIR", "XDG_RUNTIME_DIR")
"""Variables that mean something to the engine itself."""
INIT = "catatonit"
"""What Podman puts before a container's process on `--init`: a package of its own on some systems."""
LIBRARIES = ("/usr/libexec", "/usr/lib", "/usr/local/libexec", "/usr/local/lib")
KNOWN_S = 60.0
"""Seconds for which the answer holds: people start Docker when they are told that it is missing."""

_lock = threading.Lock()
_known: tuple[float, str, str | None] = (-KNOWN_S, "", None)


def engine() -> str | None:
    """The program that runs containers; None where none answers."""
    global _known
    path = os.environ.get("PATH", os.defpath)
    with _lock:
        if _known[1] != path or time.monotonic() - _known[0] > KNOWN_S:
            found = next(filter(_answers, filter(None, map(shutil.which, PROGRAMS))), None)
            _known = (time.monotonic(), path, found)
        return _known[2]


def answers() -> bool:
    """Whether Docker or Podman answers."""
    return engine() is not None


def find(recipe: Recipe, program: str) -> Container | None:
    """The container of a recipe, when its image is there."""
    names = [_image(recipe), *([full_name(recipe.image)] if recipe.image else [])]
    found = next((name for name in names if _is_there(program, name)), None)
    return Container(program, found) if found else None


def make(
    recipe: Recipe,
    program: str,
    run: Callable[[Sequence[str]], bool],
    store: Store,
    blobs: Blobs,
) -> Container:
    """Pull or build the image of a recipe.

    Args:
        run: runs a command with its output going to the build's log; whether it went well.
    Raises:
        Invalid: there is no such image, or it cannot be built.
    """
    image = _image(recipe)
    if recipe.build is None:
        full = full_name(image)
        if not run([program, "pull", full]):
            raise Invalid(
                f"The image '{image}' is not here and cannot be pulled: see the build log."
            )
        return Container(program, full)
    with tempfile.TemporaryDirectory(prefix="mlws-build-") as folder:
        context = Path(folder)
        snapshots.lay_out(snapshots.load(store, blobs, recipe.build), blobs, context, writable=True)
        file = str(context / recipe.dockerfile)
        if not run([program, "build", "-t", image, "-f", file, str(context)]):
            raise Invalid(f"'{recipe.dockerfile}' cannot be built: see the build log.")
    return Container(program, image)


@dataclass(frozen=True, slots=True)
class Run:
    """How a process is run in a container.

    Attributes:
        name: of the container; no two that run have the same.
        folder: what it sees of this machine, at the same path.
        read: what it sees beside that and cannot change.
        given: names of the variables that were asked for, whatever the service has itself.
        shm_size: of `/dev/shm`, as Docker says it.
    """

    name: str
    folder: Path
    cwd: Path
    env: Mapping[str, str]
    read: Sequence[Path] = ()
    given: Collection[str] = ()
    memory_bytes: int | None = None
    shm_size: str | None = None


def command(
    container: Container, argv: Sequence[str], run: Run
) -> tuple[list[str], dict[str, str]]:
    """The command line that runs `argv` inside, and the environment that it needs.

    Values of variables stand in that environment, never on the command line, but for those that the
    engine would take for its own. The image must be here already; the log is kept by who reads it.
    """
    engine, ours = container.engine, os.environ
    said = {} if os.getuid() == 0 else {"HOME": "/tmp"}
    said |= {key: run.env[key] for key in ENGINE_READS if key in run.given}
    new = {key for key, value in run.env.items() if ours.get(key) != value} | {*run.given}
    passed = sorted(new - {*ENGINE_READS})
    env = {key: value for key, value in run.env.items() if key not in said}
    env |= {key: ours[key] for key in ENGINE_READS if key in ours}
    options = ["--rm", "--pull", "never", "--name", run.name, "--network", "host"]
    options += ["--log-driver", "none", "--workdir", str(run.cwd)]
    options += ["--security-opt", "label=disable", "--user", f"{os.getuid()}:{os.getgid()}"]
    options += _podman_options(engine) if is_podman(engine) else _docker_options(run)
    options += ["--shm-size", run.shm_size] if run.shm_size else []
    options += ["--volume", f"{run.folder}:{run.folder}"]
    options += [part for path in run.read for part in ("--volume", f"{path}:{path}:ro")]
    options += [part for key, value in said.items() for part in ("--env", f"{key}={value}")]
    options += [part for key in passed for part in ("--env", key)]
    return [engine, "run", *options, container.image, *argv], env


def removal(container: Container, name: str) -> list[str]:
    """The command line that ends a container and takes it away, if it is there."""
    now = ["--time", "0"] if is_podman(container.engine) else []
    return [container.engine, "rm", "--force", *now, name]


@cache
def is_podman(program: str) -> bool:
    """Whether a program is Podman, perhaps under Docker's name."""
    asked = subprocess.run(
        [program, "--version"], capture_output=True, check=False, timeout=ASK_TIMEOUT_S
    )
    return b"podman" in asked.stdout.lower()


def _podman_options(program: str) -> list[str]:
    """Its processes are ours to watch; as a user's they would have another user's id on our files."""
    places = [Path(folder, "podman", INIT) for folder in LIBRARIES]
    options = ["--init"] if shutil.which(INIT) or any(map(Path.exists, places)) else []
    return options if os.getuid() == 0 else [*options, "--userns", "keep-id"]


def _docker_options(run: Run) -> list[str]:
    """Its processes are the daemon's: what they use is for the daemon to limit."""
    limit = ["--memory", str(run.memory_bytes)] if run.memory_bytes else []
    return ["--init", *limit]


def full_name(image: str) -> str:
    """An image's name with its registry: Docker Hub's where it says none, as in Docker."""
    first, slash, _ = image.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"


def _image(recipe: Recipe) -> str:
    return recipe.image or f"mlws-{recipe.digest}"


def _is_there(program: str, image: str) -> bool:
    asked = subprocess.run(
        [program, "image", "inspect", image],
        capture_output=True,
        check=False,
        timeout=ASK_TIMEOUT_S,
    )
    return asked.returncode == 0


def _answers(program: str) -> bool:
    try:
        asked = subprocess.run(
            [program, "info"], capture_output=True, check=False, timeout=ASK_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
