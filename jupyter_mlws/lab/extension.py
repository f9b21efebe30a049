"""Sets up the extension: settings, routes, the search for the service."""

from __future__ import annotations

from typing import Any

from jupyter_server.utils import url_path_join
from traitlets import Unicode
from traitlets.config import LoggingConfigurable

from jupyter_mlws.lab.link import Link


class MLWorkspace(LoggingConfigurable):
    """Which workspace this Jupyter server works with."""

    url = Unicode(
        help="Base address of a shared workspace service, ending in /mlws. When empty, the service"
        " of the workspace directory on this machine is found, or started."
    ).tag(config=True)
    token = Unicode(help="Your token at `url`; made there with 'mlws token create'.").tag(
        config=True
    )
    page = Unicode(
        help="Address of JupyterLab as people reach it, for links to jobs; this server's own when empty."
    ).tag(config=True)
    workspace = Unicode(
        help="The workspace directory; MLWS_WORKSPACE or the user's default when empty."
    ).tag(config=True)


def load(serverapp: Any) -> None:
    """Hang our routes into the server and look for the service in the background."""
    from jupyter_mlws.lab.handlers import routes

    settings = MLWorkspace(parent=serverapp)
    base = serverapp.web_app.settings["base_url"]
    link = Link(
        url=settings.url,
        token=settings.token,
        workspace=settings.workspace or None,
        page=settings.page or _page(serverapp),
    )
    serverapp.web_app.add_handlers(
        ".*$",
        [(url_path_join(base, path), cls, {"link": link}) for path, cls in routes()],
    )
    if folder := link.kernels():
        # Kernels of the workspace's environments; those of a shared service run on its machine, not here.
        serverapp.kernel_spec_manager.kernel_dirs.append(str(folder))
    link.connect()
    serverapp.io_loop.add_callback(_translate_settings)


def _translate_settings() -> None:
    from jupyter_mlws.lab.language import translate_settings

    translate_settings()


def _page(serverapp: Any) -> str:
    """Where this server's JupyterLab is; its own address without the token."""
    address = str(serverapp.connection_url)
    return url_path_join(address, "lab")
