"""Models: trained models with versions and stages; MLflow's registry shows the same."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from jupyter_mlws.entities.approval import RequestState, StageRequest
from jupyter_mlws.entities.asset import Asset, AssetSpec, Model, model_spec
from jupyter_mlws.entities.errors import Denied, Invalid, NotFound
from jupyter_mlws.entities.lineage import AssetUse
from jupyter_mlws.execution import assets, contents
from jupyter_mlws.features import approvals, uses
from jupyter_mlws.features.assets import bind, shown
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.reading import addresses


def settle(ws: Workspace, spec: AssetSpec) -> list[str]:
    """Take in the files of a model that lies on a datastore: a version must not change under anybody.

    Raises:
        Invalid: its address is wrong, or leads nowhere.
        Denied: it would begin in a stage that needs approval.
    """
    assert isinstance(spec, Model)
    if spec.stage:
        there = ws.store.find_record("model", spec.name, spec.version) if spec.version else None
        before = there.doc["stage"] if there else "None"
        approvals.require_move(ws.store, ws.principal, spec.name, before, spec.stage)
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
    """Move a version to a stage, such as `Production`; MLflow shows it too. In it already, it stays as it is.

    Raises:
        Invalid: the stage is empty or too long.
        Denied: this stage of the model needs approval, and the caller may not give it.
    """
    approvals.check_stage(stage)
    found = assets.find(ws.store, "model", name, version)
    if found.doc["stage"] == stage:
        return shown(ws, found)
    with ws.change(f"model:{name}@{found.version}", stage=stage) as tx:
        now = ws.store.get_record("model", name, found.version)
        approvals.require_move(ws.store, ws.principal, name, now.doc["stage"], stage)
        tx.note(from_stage=now.doc["stage"])
        now.doc.update(
            stage=stage,
            modified_by=ws.principal.name,
            updated_ms=round(ws.clock().timestamp() * 1000),
        )
        tx.put_record("model", name, now.doc, version=found.version, archived=now.archived)
    return shown(ws, ws.store.get_record("model", name, found.version))


@operation("models/read")
def list_uses(ws: Workspace, name: str, version: str | None = None) -> list[AssetUse]:
    """The runs that read or made a version, newest first; of the latest when none is named.

    Raises:
        NotFound: there is no such version.
    """
    return uses.of(ws, assets.find(ws.store, "model", name, version))


@operation("models/approve")
def guard_stages(ws: Workspace, name: str, stages: list[str]) -> list[str]:
    """Say which stages of a model need approval; who may not approve must ask to enter or leave them.

    Args:
        stages: such as `Production`; none, and every stage is free.
    Raises:
        NotFound: there is no such model.
    """
    return approvals.guard(ws, name, stages)


@operation("models/write")
def request_stage(
    ws: Workspace, name: str, version: str, stage: str, comment: str = ""
) -> StageRequest:
    """Ask that a version moves to a stage; somebody who may approve decides.

    Args:
        comment: why.
    Raises:
        Conflict: it is there already, or another request of this version waits.
    """
    return approvals.request(ws, name, version, stage, comment)


@operation("models/approve")
def approve(ws: Workspace, name: str, version: str, comment: str = "") -> StageRequest:
    """Approve the request of a version that waits: the version moves to its stage.

    Raises:
        NotFound: none waits.
    """
    return approvals.decide(ws, name, version, "approved", comment)


@operation("models/approve")
def reject(ws: Workspace, name: str, version: str, comment: str = "") -> StageRequest:
    """Reject the request of a version that waits: the version stays where it is.

    Args:
        comment: why.
    Raises:
        NotFound: none waits.
    """
    return approvals.decide(ws, name, version, "rejected", comment)


@operation("models/write")
def withdraw_request(ws: Workspace, name: str, version: str) -> StageRequest:
    """Take back one's own request that waits.

    Raises:
        NotFound: none waits.
        Denied: it is another's.
    """
    return approvals.decide(ws, name, version, "withdrawn")


@operation("models/read")
def list_requests(
    ws: Workspace, state: RequestState | Literal["all"] = "pending", name: str | None = None
) -> list[StageRequest]:
    """Requests to move versions to stages, of all models or of one; the newest first.

    Raises:
        NotFound: there is no such model.
    """
    return approvals.requests(ws, name, state)
