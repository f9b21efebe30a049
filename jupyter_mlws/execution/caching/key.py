"""The key of a result: a hash over all that it depends on, each part kept apart."""

from __future__ import annotations

import fnmatch
import hashlib
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.job import Input, JobSpec
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.execution import inputs, packages, snapshots
from jupyter_mlws.execution.base import JobType
from jupyter_mlws.execution.environments.choice import Choice
from jupyter_mlws.execution.kernelspecs import find as find_kernel
from jupyter_mlws.store.base import Blobs, Store

VOLATILE = (
    "utc_time_created",
    "model_uuid",
    "run_id",
    "model_id",
    "artifact_path",
    "model_size_bytes",
)
"""Lines of an `MLmodel` file that differ though the model is the same."""
ASK_S = 10


@dataclass(frozen=True, slots=True)
class Key:
    """What a result depends on.

    Attributes:
        parts: `code`, `files`, `values`, `inputs`, `environment`, `outside`; JSON.
    """

    parts: dict[str, Any]

    @property
    def fingerprints(self) -> dict[str, str]:
        """A hash of each part."""
        return {name: _digest(part) for name, part in self.parts.items()}

    @property
    def digest(self) -> str:
        """The key itself."""
        return _digest(self.parts)


def of(
    spec: JobSpec,
    kind: JobType,
    choice: Choice,
    secrets: Mapping[str, str],
    store: Store,
    blobs: Blobs,
) -> Key | None:
    """The key of a job's result; None when it depends on what cannot be told.

    Args:
        secrets: keyed fingerprints of the inputs that are secret.
    """
    code = snapshots.load(store, blobs, spec.code) if spec.code else snapshots.EMPTY
    found = kind.ingredients(spec, code, snapshots.read(code, blobs))
    cache = spec.cache
    more = {
        file.path: file.blob
        for file in code.files
        if cache and any(fnmatch.fnmatch(file.path, pattern) for pattern in cache.files)
    }
    outside: dict[str, Any] = {"salt": cache.salt if cache else None}
    contents: dict[str, str] = {}
    for name, given in spec.inputs.items():
        if not isinstance(given, Input) or inputs.is_literal(given):
            continue
        try:
            there = inputs.content(given, store, blobs)
        except (NotFound, Invalid):
            return None
        if there is None:
            tag = _tag(given.path or "")
            if tag is None:
                return None
            outside[name] = f"{given.path} {tag}"
        else:
            contents[name] = content_digest(there, blobs)
    values = {name: value for name, value in found.values.items() if name not in secrets}
    outputs = {name: [output.type, output.mode] for name, output in spec.outputs.items()}
    return Key(
        {
            "code": {**found.code, "outputs": outputs},
            "files": {path: blob[:16] for path, blob in sorted({**found.files, **more}.items())},
            "values": {**values, **{name: f"secret {mark}" for name, mark in secrets.items()}},
            "inputs": contents,
            "environment": _environment(choice),
            "outside": outside,
        }
    )


def content_digest(there: Snapshot, blobs: Blobs) -> str:
    """Hash of what lies somewhere, whatever it is called and whoever made it."""
    rows = sorted(
        (
            "" if there.is_file else file.path,
            _model_digest(blobs.get(file.blob)) if file.path.endswith("MLmodel") else file.blob,
        )
        for file in there.files
    )
    return _digest(rows)[:16]


def _model_digest(content: bytes) -> str:
    lines = content.decode("utf-8", "replace").splitlines()
    kept = [line for line in lines if not line.lstrip().startswith(VOLATILE)]
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()


def _environment(choice: Choice) -> dict[str, str]:
    """The environment by what is in it; its label is for people and stays out of the hash."""
    recipe = choice.recipe
    if recipe is not None and not recipe.kernel:
        return {"recipe": recipe.digest}
    name = recipe.kernel if recipe and recipe.kernel else ""
    runtime = find_kernel(name) if name else None
    python = runtime.python if runtime else sys.executable
    known = packages.of(python)
    return {"packages": known[0][:16] if known else python, "kernel": name}


def _tag(url: str) -> str | None:
    """What a web server says of the version of an address; None when it says nothing."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=ASK_S) as answer:
            tag: str | None = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
        return None
    return tag


def _digest(part: Any) -> str:
    said = orjson.dumps(part, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(said).hexdigest()
