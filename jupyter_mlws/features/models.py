"""Models: trained models with versions and stages; MLflow's registry shows the same."""

from __future__ import annotations

from jupyter_mlws.entities.asset import Asset, model_spec
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution import assets
from jupyter_mlws.features.assets import bind, shown
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace

bind("models", "model", model_spec, module=__name__)


@operation("models/write")
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
