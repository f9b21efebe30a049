"""The extension in the user's own Jupyter server: finds the service and forwards to it."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """How Jupyter Server finds the extension; its code is loaded when the server starts it."""
    return [{"module": "jupyter_mlws.lab"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Hang our routes into the server and look for the workspace's service in the background."""
    from jupyter_mlws.lab.extension import load

    load(serverapp)
