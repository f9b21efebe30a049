"""A workspace whose operations can be called as a door calls them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.execution.automation.engine import Automation
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.jobs.import_ import ImportJobType
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.jobs.sweep import SweepJobType
from jupyter_mlws.features import operations
from jupyter_mlws.features.feed import Feed
from jupyter_mlws.features.tokens import Tokens
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.jobs import URL, Workroom
from tests.peers import azurite, postgres, s3

__all__ = ["azurite", "postgres", "s3"]

Call = Callable[..., Any]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workroom]:
    """A workspace with a running dispatcher."""
    path = tmp_path / "workspace"
    with Workroom(
        path,
        types={
            "command": CommandJobType(),
            "import": ImportJobType(),
            "notebook": NotebookJobType(),
            "pipeline": PipelineJobType(),
            "sweep": SweepJobType(),
        },
        computes={"local": LocalCompute(path, grace_s=0.5)},
    ) as room:
        yield room


@pytest.fixture
def ws(room: Workroom) -> Iterator[Workspace]:
    """The workspace as its owner sees it."""
    feed = Feed(room.store, room.loop)
    room.on_ring = feed.ring
    yield Workspace(
        path=room.path,
        url=URL,
        store=room.store,
        blobs=room.blobs,
        dispatcher=room.dispatcher,
        automation=Automation(room.store, room.dispatcher),
        feed=feed,
        tokens=Tokens(room.store),
        principal=Principal(name="ana"),
        shutdown=lambda: None,
    )
    room.loop.call_soon_threadsafe(feed.close)


@pytest.fixture
def call(ws: Workspace, room: Workroom) -> Call:
    """Call an operation by its name, with checked permission and arguments."""

    def call(operation: str, /, **arguments: Any) -> Any:
        answer = operations.prepare(operations.find(operation), ws, arguments)()
        if inspect.iscoroutine(answer):
            return asyncio.run_coroutine_threadsafe(answer, room.loop).result(30)
        return answer

    return call
