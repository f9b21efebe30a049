"""The packages of the interpreters that jobs run on, kept once by their content."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from jupyter_mlws.store.base import Doc

logger = logging.getLogger(__name__)

KIND = "packages"
"""Kind of the records: name is the digest, document `python`, `platform`, `packages`."""
PATIENCE_S = 60
QUESTION = """
import json, platform, sys
from importlib.metadata import distributions
packages = {}
for found in distributions():
    name = found.metadata["Name"]
    if name and found.version:
        packages.setdefault(name.lower().replace("_", "-").replace(".", "-"), found.version)
facts = {"python": platform.python_version(), "platform": platform.platform(), "packages": packages}
print(json.dumps([sys.path, facts]))
"""


def of(python: str, search_path: str = "") -> tuple[str, Doc] | None:
    """Digest and document of what an interpreter can import; None when it does not answer.

    It is asked again only when a folder on its path has changed.

    Args:
        search_path: its `PYTHONPATH`.
    """
    known = _asked.get((python, search_path))
    if known is None or known[0] != _ages(known[1]):
        try:
            paths, facts = _ask(python, search_path)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            logger.warning("The packages of '%s' cannot be listed: %s", python, error)
            return None
        known = _asked[python, search_path] = (_ages(paths), paths, facts)
    facts = known[2]
    return digest(facts), facts


def digest(facts: Doc) -> str:
    """SHA-256 of a document of packages."""
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


_asked: dict[tuple[str, str], tuple[tuple[int, ...], tuple[str, ...], Doc]] = {}


def _ask(python: str, search_path: str) -> tuple[tuple[str, ...], Doc]:
    env = {**os.environ, "PYTHONPATH": search_path}
    answer = subprocess.run(
        [python, "-c", QUESTION],
        capture_output=True,
        check=True,
        cwd=Path(python).parent,
        env=env,
        timeout=PATIENCE_S,
    )
    paths, facts = json.loads(answer.stdout)
    return tuple(path for path in paths if path), facts


def _ages(paths: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(_age(path) for path in paths)


def _age(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


@lru_cache(maxsize=64)
def parsed(text: str, name: str) -> dict[str, Any]:
    """Document of packages from what a model was saved with: `requirements.txt` or `conda.yaml`."""
    facts: dict[str, Any] = {"packages": {}}
    lines: list[Any] = text.splitlines()
    if name.endswith((".yaml", ".yml")):
        body = yaml.safe_load(text)
        body = body if isinstance(body, dict) else {}
        if "python" in body:
            facts["python"] = str(body["python"])
        lines = [*(body.get("dependencies") or []), *(body.get("build_dependencies") or [])]
        lines += [
            item for line in lines if isinstance(line, dict) for item in line.get("pip") or []
        ]
    for line in lines:
        found = re.match(r"^\s*([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(.*?)\s*(?:[;#].*)?$", str(line))
        if isinstance(line, dict) or not found or not found[1][0].isalnum():
            continue
        package = found[1].lower().replace("_", "-").replace(".", "-")
        version = re.sub(r"^={1,3}\s*", "", found[2])
        if package == "python":
            facts["python"] = version
        elif package != "pip" or version:
            facts["packages"].setdefault(package, version)
    return facts
