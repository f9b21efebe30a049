"""The kernels that Jupyter knows on this machine, and the Python that the service itself runs in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.environment import EnvironmentChoice
from jupyter_mlws.entities.errors import Invalid

DEFAULT = "default"
"""Name of the service's own Python as an environment."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container that a process runs in.

    Attributes:
        engine: path of `docker` or `podman`.
    """

    engine: str
    image: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where code finds its interpreter.

    Attributes:
        kernel: name of the kernelspec; None for the service's own Python.
        python: the environment's Python; the service's own where it has another language.
        env: what it adds to the environment variables.
        container: what processes run in, where they do.
        is_python: whether its code is Python.
    """

    kernel: str | None = None
    python: str = sys.executable
    env: Mapping[str, str] = field(default_factory=dict)
    is_python: bool = True
    container: Container | None = None

    @property
    def bin(self) -> str:
        """The folder of its programs, which comes first in `PATH`."""
        return str(Path(self.python).parent)


def find(name: str) -> Runtime | None:
    """The runtime of an installed kernelspec; None where there is none of this name."""
    spec = _kernelspecs().get(name)
    if spec is None:
        return None
    program = _program(spec.argv)
    python = program if Path(program).name.startswith("python") else sys.executable
    return Runtime(name, python, dict(spec.env), spec.language.lower() == "python")


def installed() -> list[EnvironmentChoice]:
    """The service's own Python, then every installed kernelspec by name."""
    version = ".".join(map(str, sys.version_info[:3]))
    own = EnvironmentChoice(
        name=DEFAULT,
        display_name=f"Python {version} of the workspace",
        language="python",
        kind="default",
        path=sys.executable,
        is_default=True,
    )
    return [
        own,
        *(
            EnvironmentChoice(
                name=name,
                display_name=spec.display_name,
                language=spec.language,
                kind="kernel",
                path=_program(spec.argv),
            )
            for name, spec in sorted(_kernelspecs().items())
        ),
    ]


def read(name: str) -> dict[str, Any]:
    """An installed kernelspec, as it stands in its file; its own folder is written out.

    Raises:
        Invalid: there is none of this name.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        found = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        raise Invalid.field("environment", f"there is no kernel '{name}'.") from None
    spec: dict[str, Any] = found.to_dict()
    argv = [part.replace("{resource_dir}", found.resource_dir) for part in spec["argv"]]
    return {**spec, "argv": [_program(argv), *argv[1:]]}


def python(program: str, display_name: str, env: Mapping[str, str]) -> dict[str, Any]:
    """The kernelspec of a Python."""
    return {
        "argv": [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "env": dict(env),
        "metadata": {"debugger": True},
    }


@dataclass(frozen=True, slots=True)
class _Kernelspec:
    display_name: str
    language: str
    argv: list[str]
    env: dict[str, str]


def _kernelspecs() -> dict[str, _Kernelspec]:
    from jupyter_client.kernelspec import KernelSpecManager

    return {
        name: _Kernelspec(
            display_name=found["spec"].get("display_name", name),
            language=found["spec"].get("language", ""),
            argv=found["spec"].get("argv", []),
            env=found["spec"].get("env", {}),
        )
        for name, found in KernelSpecManager().get_all_specs().items()
    }


def _program(argv: list[str]) -> str:
    """The program that a kernelspec starts; a bare `python` means the service's own, as in Jupyter."""
    major, minor = sys.version_info[:2]
    if not argv or argv[0] in {"python", f"python{major}", f"python{major}.{minor}"}:
        return sys.executable
    return shutil.which(argv[0]) or argv[0]
