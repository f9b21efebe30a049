"""The one context that every operation gets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import Denied
from jupyter_mlws.entities.record import now
from jupyter_mlws.execution.analyses import Analyses
from jupyter_mlws.execution.pipelines.followed import Followed
from jupyter_mlws.execution.transfers import Transfers
from jupyter_mlws.store.uploads import Uploads

if TYPE_CHECKING:
    from datetime import datetime

    from jupyter_mlws.execution.automation.engine import Automation
    from jupyter_mlws.execution.dispatcher import Dispatcher
    from jupyter_mlws.execution.places import Places
    from jupyter_mlws.execution.registries import Registries
    from jupyter_mlws.features.feed import Feed
    from jupyter_mlws.features.tokens import Tokens
    from jupyter_mlws.store.base import Blobs, Store, Transaction


@dataclass(frozen=True)
class Workspace:
    """A workspace as one caller sees it.

    Attributes:
        path: the workspace directory.
        url: base address of the service, with `/mlws` at its end.
        principal: on whose behalf things are done.
        shutdown: ends the service soon; running jobs go on.
        action: the operation's action, written into the events it causes.
        analyses: what is being worked out about data.
        transfers: what is being brought in.
        followed: pipelines that people look at.
    """

    path: Path
    url: str
    store: Store
    blobs: Blobs
    dispatcher: Dispatcher
    automation: Automation
    feed: Feed
    tokens: Tokens
    principal: Principal
    shutdown: Callable[[], None]
    action: str = ""
    started_at: datetime = field(default_factory=now)
    clock: Callable[[], datetime] = now
    analyses: Analyses = field(default_factory=Analyses)
    registry: str = ""
    """Name of the registry that stands in the place of the workspace, if one does."""
    transfers: Transfers = field(default_factory=Transfers)
    followed: Followed = field(default_factory=Followed)

    @property
    def places(self) -> Places:
        """Where data lies beside the blobs."""
        return self.dispatcher.places

    @property
    def uploads(self) -> Uploads:
        """Files that come in parts."""
        return Uploads(self.path / "uploads", self.blobs)

    @property
    def registries(self) -> Registries:
        """What the workspaces of this machine share."""
        return self.dispatcher.registries

    def of(self, principal: Principal) -> Workspace:
        """The same workspace for another caller."""
        return replace(self, principal=principal)

    def acting(self, action: str) -> Workspace:
        """The same workspace, doing `action`."""
        return replace(self, action=action)

    def change(self, subject: str, **change: Any) -> AbstractContextManager[Transaction]:
        """Write to the store; the event tells who did what to `subject`."""
        return self.store.change(self.principal.name, self.action, subject, **change)

    def require_run(self, run_id: str) -> None:
        """Let a job's token touch only its own run and the runs below it.

        Raises:
            Denied: the run is another's.
        """
        own = self.principal.run_id
        seen = run_id
        while own and seen != own:
            parent = self.store.get_run(seen, with_data=False).parent_id
            if parent is None:
                raise Denied(f"The token of job '{own}' may not write to run '{run_id}'.")
            seen = parent
