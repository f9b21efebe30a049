from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.testing.jobs import JobTypeSuite, Workroom

Make = Callable[[Workroom], dict[str, Any]]


class TestCommandJob(JobTypeSuite):
    @pytest.fixture
    def job_type(self) -> CommandJobType:
        return CommandJobType()

    @pytest.fixture
    def good_job(self) -> Make:
        return lambda room: {"command": "env"}

    @pytest.fixture
    def failing_job(self) -> Make:
        return lambda room: {"command": "echo oh; exit 2"}

    @pytest.fixture
    def bad_job(self) -> Make:
        return lambda room: {"command": "train ${{inputs.lr}}"}

    def test_several_lines_run_in_bash(self, room: Workroom) -> None:
        job = room.run(command="set -o pipefail\nfor i in 1 2; do\n  echo $i\ndone | cat")

        assert room.log(job.name) == b"1\n2\n"

    def test_values_are_put_in_without_quotes(self, room: Workroom) -> None:
        job = room.run(command="printf '%s,' ${{inputs.words}}", inputs={"words": "a b"})

        assert room.log(job.name) == b"a,b,"
