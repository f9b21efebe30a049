"""The way to the service: found or started in the background, so that JupyterLab need not wait."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jupyter_mlws.entities.errors import MlwsError, Unavailable

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient
    from jupyter_mlws.sdk.service import Running

logger = logging.getLogger(__name__)

State = Literal["starting", "ready", "failed"]


class Link:
    """Where the service of this server's workspace is. All methods may be called from any thread.

    Args:
        url: base address of a shared service; empty for the one of the workspace directory.
        token: the user's token at `url`.
        workspace: the workspace directory; None for the user's default.
        page: address of JupyterLab, which links to jobs lead to; announced to a workspace of our own.
    """

    def __init__(self, *, url: str, token: str, workspace: str | None, page: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._workspace = workspace
        self._page = page
        self._running: Running | None = None
        self._error = ""
        self._lock = threading.Lock()

    def connect(self) -> None:
        """Look for the service in the background; kernels started from then on know it."""
        self._point_kernels_at_last()
        threading.Thread(target=self._try, name="mlws-link", daemon=True).start()

    def ensure(self) -> Running:
        """The service, which answers now; it is started again when it has left.

        Raises:
            Unavailable: it does not come up.
        """
        from jupyter_mlws.sdk import service

        with self._lock:
            if self._url:
                running = self._shared()
            else:
                running = service.ensure(service.directory(self._workspace))
                self._announce(running)
            self._running = running
            self._error = ""
            os.environ.update(running.env())
            return running

    def known(self) -> Running | None:
        """The service as it was last found, or None; costs nothing."""
        return self._running

    def kernels(self) -> Path | None:
        """Where the kernelspecs of the workspace's environments lie, when it is on this machine."""
        from jupyter_mlws.sdk import service

        if self._url:
            return None
        return service.directory(self._workspace) / "environments" / "kernels"

    def lost(self, running: Running) -> None:
        """Remember that `running` did not answer, so that `ensure` is asked again."""
        if self._running is running:  # or somebody has found it anew meanwhile
            self._running = None

    def state(self) -> dict[str, Any]:
        """What the browser shows: state, workspace, url, message."""
        running = self._running
        state: State = "ready" if running else ("failed" if self._error else "starting")
        return {
            "state": state,
            "workspace": running.workspace if running else (self._workspace or ""),
            "url": running.url if running else self._url,
            "message": self._error,
        }

    def client(self) -> MLClient:
        """The SDK on this service; close it after use.

        Raises:
            Unavailable: it does not come up.
        """
        from jupyter_mlws.sdk.client import MLClient

        running = self._running or self.ensure()
        return MLClient(url=running.url, token=running.token)

    def _try(self) -> None:
        try:
            self.ensure()
        except MlwsError as error:
            self._error = error.message
            logger.error("The workspace service is not there: %s", error.message)

    def _point_kernels_at_last(self) -> None:
        """A service keeps port and token, so kernels may know it before it is up again."""
        from jupyter_mlws.sdk import service

        last = None if self._url else service.read(service.directory(self._workspace))
        if last:
            os.environ.update(last.env())

    def _announce(self, running: Running) -> None:
        from jupyter_mlws.sdk.transport import HttpTransport

        with closing(HttpTransport(running.url, running.token)) as transport:
            transport.call("workspaces.announce", {"page": self._page})

    def _shared(self) -> Running:
        from jupyter_mlws.sdk.service import Running
        from jupyter_mlws.sdk.transport import HttpTransport

        try:
            with closing(HttpTransport(self._url, self._token)) as transport:
                info = transport.call("workspaces.show", {})
        except MlwsError as error:
            raise Unavailable(
                f"The workspace at {self._url} does not answer: {error.message}"
            ) from error
        return Running(self._url, self._token, 0, info["version"], info["path"])
