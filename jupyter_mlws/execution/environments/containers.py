"""Docker or Podman, when one of them answers on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution import snapshots
from jupyter_mlws.execution.environments.recipe import Recipe
from jupyter_mlws.execution.kernelspecs import Container
from jupyter_mlws.store.base import Blobs, Store

PROGRAMS = ("docker", "podman")
ASK_TIMEOUT_S = 10
KNOWN_S = 60.0
"""Seconds for which the answer holds: people start Docker when they are told that it is missing."""

_lock = threading.Lock()
_known: tuple[float, str | None] | None = None


def engine() -> str | None:
    """The program that runs containers; None where none answers."""
    global _known
    with _lock:
        if _known is None or time.monotonic() - _known[0] > KNOWN_S:
            found = next(filter(_answers, filter(None, map(shutil.which, PROGRAMS))), None)
            _known = (time.monotonic(), found)
        return _known[1]


def answers() -> bool:
    """Whether Docker or Podman answers."""
    return engine() is not None


def find(recipe: Recipe, program: str) -> Container | None:
    """The container of a recipe, when its image is there."""
    image = _image(recipe)
    command = [program, "image", "inspect", image]
    found = subprocess.run(command, capture_output=True, check=False, timeout=ASK_TIMEOUT_S)
    return Container(program, image) if found.returncode == 0 else None


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
        if not run([program, "pull", image]):
            raise Invalid(f"The image '{image}' cannot be pulled: see the build log.")
        return Container(program, image)
    with tempfile.TemporaryDirectory(prefix="mlws-build-") as folder:
        context = Path(folder)
        snapshots.lay_out(snapshots.load(store, blobs, recipe.build), blobs, context, writable=True)
        file = str(context / recipe.dockerfile)
        if not run([program, "build", "-t", image, "-f", file, str(context)]):
            raise Invalid(f"'{recipe.dockerfile}' cannot be built: see the build log.")
    return Container(program, image)


def command(
    container: Container,
    argv: Sequence[str],
    *,
    name: str,
    folder: Path,
    cwd: Path,
    env: Mapping[str, str],
) -> list[str]:
    """The command line that runs `argv` inside.

    Values of variables stand in the process's own environment, never on the command line.
    """
    ours = [key for key, value in env.items() if os.environ.get(key) != value and key != "PATH"]
    variables = [part for key in sorted(ours) for part in ("--env", key)]
    options = ["--rm", "--init", "--name", name, "--network", "host", "--workdir", str(cwd)]
    user = ["--user", f"{os.getuid()}:{os.getgid()}"]
    mounts = ["--volume", f"{folder}:{folder}"]
    return [container.engine, "run", *options, *user, *mounts, *variables, container.image, *argv]


def _image(recipe: Recipe) -> str:
    return recipe.image or f"mlws-{recipe.digest}"


def _answers(program: str) -> bool:
    try:
        asked = subprocess.run(
            [program, "info"], capture_output=True, check=False, timeout=ASK_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
