"""Components: steps that can be used again."""

from __future__ import annotations

from jupyter_mlws import components
from jupyter_mlws.entities.asset import Asset, component_spec
from jupyter_mlws.execution import assets
from jupyter_mlws.features.assets import bind, shown
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace

bind("components", "component", component_spec, module=__name__)


@operation("components/write")
def install(ws: Workspace) -> list[Asset]:
    """Register the built-in components, for pipelines without code; answers them all.

    Those that are there already and have not changed stay as they are.
    """
    components.install(ws.store, ws.blobs)
    return [shown(ws, assets.find(ws.store, "component", name)) for name in components.documents()]
