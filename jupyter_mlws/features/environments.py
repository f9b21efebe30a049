"""Environments: what a job's code can run in."""

from __future__ import annotations

from jupyter_mlws.entities.compute import Environment
from jupyter_mlws.execution import environments
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace


@operation("environments/read")
def list_(ws: Workspace) -> list[Environment]:
    """The installed kernelspecs, and the service's own Python as `default`."""
    return environments.installed()
