"""A workspace with a running dispatcher, for all that is about jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.testing.jobs import Workroom


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workroom]:
    """A workspace that knows command jobs, with two slots."""
    path = tmp_path / "workspace"
    with Workroom(
        path,
        types={"command": CommandJobType()},
        computes={"local": LocalCompute(path, grace_s=0.5)},
    ) as room:
        room.set_slots(2)
        yield room
