"""Command jobs: a shell line, as in Azure ML."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Any

from jupyter_mlws.entities.job import CommandJob, JobSpec
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.execution import expressions
from jupyter_mlws.execution.base import Ingredients, JobContext, JobType, Step, literals
from jupyter_mlws.execution.caching import sources
from jupyter_mlws.execution.environments import containers


class CommandJobType(JobType):
    """Runs `command` by `bash -c` in a copy of the code folder; not 0 at its end is a failure."""

    spec = CommandJob
    runs_in_containers = True

    def check(self, spec: JobSpec, read: Any, *, pending: Collection[str] = ()) -> list[str]:
        return []

    def ingredients(self, spec: JobSpec, code: Snapshot, read: Any) -> Ingredients:
        """The line, and the files: of modules those that its scripts import, where it names scripts."""
        assert isinstance(spec, CommandJob)
        blobs = {file.path: file.blob for file in code.files}
        words = sources.words(spec.command)
        scripts = [word for word in words if word in blobs and word.endswith(".py")]
        modules = [word for before, word in pairwise(words) if before == "-m"]
        if scripts or modules:
            text = "\n".join([f"import {name}" for name in modules if name.isidentifier()])
            start = [
                text,
                f"{spec.command!r}",
                *(read(path).decode("utf-8", "replace") for path in scripts),
            ]
            found = {*scripts, *sources.used(blobs, start, read, strict=False)}
        else:
            named = set(words)
            found = {path for path in blobs if path in named or not path.endswith(sources.SIDE)}
        return Ingredients(
            code={"command": spec.command, "environment_variables": spec.environment_variables},
            values=literals(spec),
            files={path: blobs[path] for path in found},
        )

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
