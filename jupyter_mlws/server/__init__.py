"""The workspace service: REST, MLflow and events over HTTP."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """How Jupyter Server finds the service's app."""
    from jupyter_mlws.server.app import WorkspaceApp

    return [{"module": "jupyter_mlws.server", "app": WorkspaceApp}]
