"""The one dispatcher: moves jobs from state to state, and restarts from the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_mlws.entities.job import Job
from jupyter_mlws.execution.base import Compute, JobType, ParentJobType

if TYPE_CHECKING:
    from jupyter_mlws.store.base import Blobs, Store


class Dispatcher:
    """Runs the jobs of a workspace. Lives on one event loop; `wake` may be called from any thread."""

    types: Mapping[str, JobType | ParentJobType]
    computes: Mapping[str, Compute]

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        path: Path,
        url: str,
        mint: Callable[[Job], str],
        revoke: Callable[[Job], None],
        ring: Callable[[], None],
        types: Mapping[str, JobType | ParentJobType] | None = None,
        computes: Mapping[str, Compute] | None = None,
        standby: int = 1,
    ) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        """Take up everything where the store says it stood."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Let go of the jobs, which run on."""
        raise NotImplementedError

    def wake(self) -> None:
        """Look at the store again. From any thread."""
        raise NotImplementedError

    @property
    def is_idle(self) -> bool:
        """Whether no job waits or runs."""
        raise NotImplementedError
