"""Command jobs: a shell line, as in Azure ML."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.job import CommandJob, JobSpec
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.execution import expressions, failures
from jupyter_mlws.execution.base import (
    Ingredients,
    JobContext,
    JobType,
    Outcome,
    Report,
    Step,
    literals,
)
from jupyter_mlws.execution.caching import sources
from jupyter_mlws.execution.environments import containers

NOT_STARTED = (125, 126, 127)
"""Exit codes by which Docker and Podman say that the command did not start."""
INIT_FAILED = re.compile(r"failed to exec pid1|\[FATAL tini")
"""How the little programs that they put before the command say it."""


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
        if not context.container:
            return Step(argv, cwd=work, env=context.env)
        run = containers.Run(
            name=f"mlws-{context.job.name}-{context.job.attempt}",
            folder=context.folder,
            cwd=work,
            env=context.env,
            read=_linked(context.folder / "inputs"),
            given=spec.environment_variables,
            memory_bytes=context.memory_bytes,
            shm_size=spec.resources.shm_size,
        )
        argv, env = containers.command(context.container, argv, run)
        remove = containers.removal(context.container, run.name)
        return Step(argv, cwd=work, env=env, remove=remove)

    def finish(self, context: JobContext, report: Report) -> Outcome:
        """A container that could not start the line tells why in the last line of the log."""
        error = failures.of_report(report, context.folder)
        if error is None or context.container is None or report.cause:
            return Outcome()
        said = (error.log_tail or "").strip().splitlines()[-1:]
        if error.exit_code in NOT_STARTED or INIT_FAILED.search("".join(said)):
            error.message = f"{error.message.rstrip('.')} in its container: {''.join(said)}"
        return Outcome(error)


def _linked(folder: Path) -> list[Path]:
    """Data that is not in the job's own folder but behind a link."""
    return [path.resolve() for path in folder.glob("*/*") if path.is_symlink()]
