"""Command jobs: a shell line, as in Azure ML."""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.job import CommandJob, JobSpec
from jupyter_mlws.execution import expressions
from jupyter_mlws.execution.base import JobContext, JobType, Step


class CommandJobType(JobType):
    """Runs `command` by `bash -c` in a copy of the code folder; not 0 at its end is a failure."""

    spec = CommandJob

    def check(self, spec: JobSpec, read: Any) -> list[str]:
        return []

    def plan(self, context: JobContext) -> Step:
        spec = context.spec
        assert isinstance(spec, CommandJob)
        line = expressions.fill(
            spec.command, name=context.job.name, inputs=context.inputs, outputs=context.outputs
        )
        return Step(["bash", "-c", line], cwd=context.folder / "work", env=context.env)
