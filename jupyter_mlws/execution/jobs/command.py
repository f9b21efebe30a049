"""Command jobs: a shell line, as in Azure ML."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jupyter_mlws.entities.job import CommandJob, JobSpec
from jupyter_mlws.execution import expressions
from jupyter_mlws.execution.base import JobContext, JobType, Step
from jupyter_mlws.execution.environments import containers


class CommandJobType(JobType):
    """Runs `command` by `bash -c` in a copy of the code folder; not 0 at its end is a failure."""

    spec = CommandJob
    runs_in_containers = True

    def check(self, spec: JobSpec, read: Any, *, pending: Collection[str] = ()) -> list[str]:
        return []

    def plan(self, context: JobContext) -> Step:
        spec = context.spec
        assert isinstance(spec, CommandJob)
        line = expressions.fill(
            spec.command, name=context.job.name, inputs=context.inputs, outputs=context.outputs
        )
        argv, work = ["bash", "-c", line], context.folder / "work"
        if context.container:
            argv = containers.command(
                context.container,
                argv,
                name=f"mlws-{context.job.name}-{context.job.attempt}",
                folder=context.folder,
                cwd=work,
                env=context.env,
            )
        return Step(argv, cwd=work, env=context.env)
