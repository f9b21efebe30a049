"""What a job's code runs in: the service's own Python, or an installed kernelspec."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_mlws.entities.compute import Environment
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.validation import did_you_mean

DEFAULT = "default"
REFERENCE = re.compile(r"^(?:azureml:)?(?P<name>[\w.-]+?)(?:@latest|:[\w.-]+)?$")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where code finds its interpreter.

    Attributes:
        kernel: name of the kernelspec; None for the service's own Python.
        python: the environment's Python; the service's own where it has another language.
        env: what the kernelspec adds to the environment variables.
        is_python: whether its code is Python.
    """

    kernel: str | None = None
    python: str = sys.executable
    env: Mapping[str, str] = field(default_factory=dict)
    is_python: bool = True

    @property
    def bin(self) -> str:
        """The folder of its programs, which comes first in `PATH`."""
        return str(Path(self.python).parent)


def find(reference: str | None) -> Runtime:
    """The runtime that a job's `environment` names.

    Args:
        reference: `NAME`, `NAME:VERSION` or `NAME@latest`, perhaps after `azureml:`; None for the
            service's own Python. There is one version of each.
    Raises:
        Invalid: there is none of this name.
    """
    if reference is None:
        return Runtime()
    match = REFERENCE.match(reference)
    name = match["name"] if match else reference
    if name == DEFAULT:
        return Runtime()
    specs = _kernelspecs()
    if name not in specs:
        known = [DEFAULT, *sorted(specs)]
        raise Invalid.field(
            "environment",
            f"there is no environment '{reference}' here (there are: {', '.join(known)});"
            f" install a kernelspec of that name or choose another.{did_you_mean(name, known)}",
        )
    program = _program(specs[name].argv)
    is_python = Path(program).name.startswith("python")
    python = program if is_python else sys.executable
    return Runtime(name, python, dict(specs[name].env), is_python)


def installed() -> list[Environment]:
    """The service's own Python, then every installed kernelspec by name."""
    version = ".".join(map(str, sys.version_info[:3]))
    own = Environment(
        name=DEFAULT,
        display_name=f"Python {version} of the workspace",
        language="python",
        path=sys.executable,
        is_default=True,
    )
    return [
        own,
        *(
            Environment(
                name=name,
                display_name=spec.display_name,
                language=spec.language,
                path=_program(spec.argv),
            )
            for name, spec in sorted(_kernelspecs().items())
        ),
    ]


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
