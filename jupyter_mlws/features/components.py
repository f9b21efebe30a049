"""Components: steps that can be used again."""

from __future__ import annotations

from jupyter_mlws.entities.asset import component_spec
from jupyter_mlws.features.assets import bind

bind("components", "component", component_spec, module=__name__)
