"""Data: files, folders and tables with versions that never change."""

from __future__ import annotations

from jupyter_mlws.entities.asset import data_spec
from jupyter_mlws.features.assets import bind

bind("data", "data", data_spec, module=__name__)
