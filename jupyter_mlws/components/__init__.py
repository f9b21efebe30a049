"""Built-in components: steps that need no code, registered in every workspace.

Each is a file of its own beside this one, in the words of Azure ML, and a script in `code/`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.asset import component_spec
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.entities.yaml import parse
from jupyter_mlws.execution import assets
from jupyter_mlws.store.base import Blobs, Store

FOLDER = Path(__file__).parent
WHO = "system"
INSTALLED = ("setting", "built-in-components")
"""Kind and name of the record that says which release's components the workspace was given last."""


@cache
def documents() -> dict[str, dict[str, Any]]:
    """The documents of all components, by name."""
    files = sorted(FOLDER.glob("*.yml"))
    return {file.stem: parse(file.read_bytes(), file=file.name).data for file in files}


def keep_current(store: Store, blobs: Blobs) -> None:
    """Install the components of this release, unless the workspace was given them before.

    What people have done to them since, such as archiving one, stays.
    """
    known, release = store.find_record(*INSTALLED), _release()
    if known is None or known.doc["release"] != release:
        install(store, blobs)
        with store.change(WHO, "components/write", "components:built-in") as tx:
            tx.put_record(*INSTALLED, {"release": release})


def _release() -> str:
    """Fingerprint of all their files."""
    files = sorted([*FOLDER.glob("*.yml"), *FOLDER.glob("code/*.py")])
    told = "".join(
        f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n" for file in files
    )
    return hashlib.sha256(told.encode()).hexdigest()


def install(store: Store, blobs: Blobs) -> list[str]:
    """Make each a version of the workspace's components, unless the latest one is equal.

    Answers the names of those that are new or have changed. Versions that steps refer to stay.
    """
    made = [name for name in documents() if _needs(store, blobs, name)]
    for name in made:
        draft = _draft(blobs, name)
        with store.change(WHO, "components/write", f"component:{name}", built_in=True) as tx:
            code = _code(blobs, name)
            tx.put_record("code", blobs.put(code.encode()), {"n_files": len(code.files)})
            assets.add(store, blobs, tx, draft, who=WHO)
    return made


def _needs(store: Store, blobs: Blobs, name: str) -> bool:
    found = store.find_record("component", name)
    if found is None:
        return True
    version = assets.latest(store, "component", name)
    record = store.find_record("component", name, version)
    if record is None or record.doc["tags"].get("built_in") is None:
        return False  # somebody's own of the same name
    return bool(record.doc["digest"] != _draft(blobs, name).digest)


def _draft(blobs: Blobs, name: str) -> assets.Draft:
    document = {**documents()[name], "code": _code(blobs, name).reference}
    spec = component_spec(document)
    return assets.Draft("component", spec, spec.content)


def _code(blobs: Blobs, name: str) -> Snapshot:
    """The component's script and what all scripts share."""
    files = [FOLDER / "code" / f"{name}.py", FOLDER / "code" / "kit.py"]
    return Snapshot(
        files=[
            SnapshotFile(
                path=file.name, blob=blobs.put(file.read_bytes()), size_bytes=file.stat().st_size
            )
            for file in files
        ]
    )
