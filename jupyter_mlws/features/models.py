"""Models: trained models with versions and stages; MLflow's registry shows the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

from jupyter_mlws.entities.asset import Asset, AssetSpec, Model, model_spec
from jupyter_mlws.entities.errors import Denied, Invalid, NotFound
from jupyter_mlws.execution import assets, contents
from jupyter_mlws.features.assets import bind, shown
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.reading import addresses


def settle(ws: Workspace, spec: AssetSpec) -> list[str]:
    """Take in the files of a model that lies on a datastore: a version must not change under anybody.

    Raises:
        Invalid: its address is wrong, or leads nowhere.
    """
    assert isinstance(spec, Model)
    if spec.path.startswith(("http:", "https:")) or addresses.parse(spec.path) is None:
        return []
    if ws.registry:
        return []
    try:
        content = contents.of(spec.path, ws.store, ws.blobs, ws.places)
    except (NotFound, Denied) as error:
        raise Invalid.field("path", error.message) from None
    with tempfile.TemporaryDirectory(dir=ws.path / "runtime") as folder:
        kept = contents.keep(content, ws.blobs, Path(folder))
    manifest = ws.blobs.put(kept.encode())
    with ws.change(f"code:{manifest}", n_files=len(kept.files)) as tx:
        tx.put_record("code", manifest, {"n_files": len(kept.files)})
    spec.path = kept.reference
    return []


bind("models", "model", model_spec, module=__name__, settle=settle)


@operation("models/write", in_registries=True)
def set_stage(ws: Workspace, name: str, version: str, stage: str) -> Asset:
    """Move a version to a stage, such as `Production`; MLflow shows it too.

    Raises:
        Invalid: the stage is empty or too long.
    """
    if not 1 <= len(stage) <= 64:
        raise Invalid.field("stage", "must have 1 to 64 characters.")
    found = assets.find(ws.store, "model", name, version)
    with ws.change(f"model:{name}@{found.version}", stage=stage) as tx:
        now = ws.store.get_record("model", name, found.version)
        now.doc.update(
            stage=stage,
            modified_by=ws.principal.name,
            updated_ms=round(ws.clock().timestamp() * 1000),
        )
        tx.put_record("model", name, now.doc, version=found.version, archived=now.archived)
    return shown(ws, ws.store.get_record("model", name, found.version))
