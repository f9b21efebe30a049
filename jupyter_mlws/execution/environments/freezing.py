"""What a Python has installed, and an environment that would have the same."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.environment import EnvironmentDraft, Package
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution.kernelspecs import Runtime

_LIST = """
import json, platform, sys
from importlib.metadata import distributions
found = {}
for item in distributions():
    name = item.metadata["Name"]
    if name and name.lower() not in found:
        found[name.lower()] = [name, item.version, item.read_text("direct_url.json") or ""]
print(json.dumps([platform.python_version(), [found[name] for name in sorted(found)], sys.path]))
"""
TIMEOUT_S = 60


def of_python(python: str) -> list[Package]:
    """The packages of an interpreter."""
    return [
        Package(name=name, version=version, source=source or None)
        for name, version, source in installed(python)[1]
    ]


def installed(python: str) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    """Version of an interpreter and its packages: name, version, and source when not the index.

    Raises:
        Invalid: it is no Python.
    """
    version, found, paths = _asked(python, 0)
    changed = sum(Path(path).stat().st_mtime_ns for path in paths if Path(path).is_dir())
    version, found, _ = _asked(python, changed)
    return version, tuple((name, number, source_of(url)) for name, number, url in found)


def draft(python: str, name: str) -> EnvironmentDraft:
    """An environment that would have what an interpreter has.

    Raises:
        Invalid: it is no Python.
    """
    try:
        version, found = installed(python)
    except (OSError, subprocess.SubprocessError, ValueError):
        raise Invalid.field("kernel", f"'{name}' is no kernel of Python.") from None
    lines, left_out = [], []
    for package, number, source in found:
        if not source:
            lines.append(f"{package}=={number}")
        elif source.startswith("file:"):
            left_out.append(package)
        else:
            lines.append(f"{package} @ {source}")
    return EnvironmentDraft(
        python=".".join(version.split(".")[:2]), pip=lines, left_out=sorted(left_out)
    )


def source_of(direct_url: str | None) -> str:
    """Where a package came from, when its installer noted that: PEP 610; empty for the index."""
    if not direct_url:
        return ""
    said: dict[str, Any] = json.loads(direct_url)
    vcs = said.get("vcs_info")
    return f"{vcs['vcs']}+{said['url']}@{vcs['commit_id']}" if vcs else str(said.get("url", ""))


def runtime_of(kernelspec: Path) -> Runtime:
    """The runtime that a `kernel.json` of ours names."""
    spec = json.loads(kernelspec.read_bytes())
    return Runtime(kernelspec.parent.name, spec["argv"][0], spec.get("env", {}))


@cache
def _asked(
    python: str, changed_ns: int
) -> tuple[str, tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """What it says; asked once for each state of its folders of packages."""
    answer = subprocess.run(
        [python, "-c", _LIST], capture_output=True, text=True, check=True, timeout=TIMEOUT_S
    )
    version, found, paths = json.loads(answer.stdout)
    return version, tuple((item[0], item[1], item[2]) for item in found), tuple(paths)
