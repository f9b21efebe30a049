"""A real Docker or Podman with an image made of this machine's own files: no registry is asked."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_mlws.execution.environments import containers as product

IMAGE = "localhost/mlws-test:base"
PROGRAMS = ("bash", "cat", "id", "sleep")
LEFT_OUT = re.compile(
    r"/(site-packages|dist-packages|tests?|__pycache__|idlelib|tkinter|ensurepip|config-3[^/]*"
    r"|lib2to3|turtledemo|pydoc_data|[^/]*tkinter[^/]*\.so)(/|$)"
)
MOST_PROCESSES = 32768
"""As much as Podman gives itself: a process may not ask for more without being allowed to."""


@contextmanager
def ready(folder: Path) -> Iterator[str]:
    """The program of an engine that runs containers and has `IMAGE`; skips where there is none."""
    program = product.engine()
    if program is None or sys.platform != "linux":
        pytest.skip("Neither Docker nor Podman answers here.")
    _make_root(folder / "root.tar")
    made = _ask(program, "import", str(folder / "root.tar"), IMAGE)
    assert made.returncode == 0, made.stderr
    try:
        with pytest.MonkeyPatch.context() as patch:
            _make_it_run(program, folder, patch)
            yield program
    finally:
        _ask(program, "rmi", "--force", IMAGE)


def containers(program: str) -> list[str]:
    """Names of all of our containers, ended ones too."""
    found = _ask(program, "ps", "--all", "--format", "{{.Names}}").stdout.split()
    return [name for name in found if name.startswith("mlws-")]


def _make_it_run(program: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Try a container, then with settings for machines that allow less than Podman's own ask for."""
    reasons = []
    more = [_settings(runtime) for runtime in ("", "runc", "crun")]
    for settings in ("", *(more if product.is_podman(program) else ())):
        if settings:
            (folder / "containers.conf").write_text(settings)
            patch.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
        tried = _ask(program, "run", "--rm", "--network", "host", IMAGE, "bash", "-c", "exit 7")
        if tried.returncode == 7:
            return
        reasons.append(tried.stderr.strip())
    pytest.skip(f"{program} runs no container here: {'; '.join(dict.fromkeys(reasons))}")


def _settings(runtime: str) -> str:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limits = [f"nofile={files}:{files}", f"nproc={MOST_PROCESSES}:{MOST_PROCESSES}"]
    engine = f'[engine]\nruntime = "{runtime}"\n' if runtime else ""
    return f"[containers]\ndefault_ulimits = {limits}\n{engine}"


def _make_root(path: Path) -> None:
    """A root of a few programs and this Python's standard library, with the libraries that they need."""
    python, library = Path(os.path.realpath(sys.executable)), Path(os.__file__).parent
    programs = {f"bin/{name}": Path(shutil.which(name) or "") for name in PROGRAMS}
    binaries = [python, *programs.values(), *library.glob("lib-dynload/*.so")]
    needed = {file for binary in binaries for file in _libraries(binary)}
    with tarfile.open(path, "w") as root:
        for name, program in programs.items():
            root.add(program.resolve(), name)
        root.add(python, str(python))
        root.add(library, str(library), filter=lambda m: None if LEFT_OUT.search(m.name) else m)
        for file in sorted(needed):
            root.add(Path(file).resolve(), file)
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, str(python)
        root.addfile(link)
        tmp = tarfile.TarInfo("tmp")
        tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
        root.addfile(tmp)


def _libraries(binary: Path) -> list[str]:
    said = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", said.stdout)


def _ask(program: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *argv], capture_output=True, text=True, check=False, timeout=60)
