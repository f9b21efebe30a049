"""The running service: what all handlers share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.server.auth import authenticate

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest


@dataclass
class Service:
    """One workspace, open, and when it was last asked for something.

    Attributes:
        workspace: as the system sees it; `.of(principal)` is it for a caller.
        active_at: seconds of the monotonic clock.
    """

    workspace: Workspace
    active_at: float = field(default_factory=time.monotonic)

    def authenticate(self, request: HTTPServerRequest) -> Principal:
        """Who asks.

        Raises:
            Unauthenticated: nobody that is known.
        """
        return authenticate(self.workspace.tokens, request)

    def seen(self) -> None:
        """Remember that somebody asked."""
        self.active_at = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since somebody asked; 0 while a job waits or runs, or something may start one."""
        is_idle = self.workspace.dispatcher.is_idle and not self.workspace.automation.is_needed
        return time.monotonic() - self.active_at if is_idle else 0.0
