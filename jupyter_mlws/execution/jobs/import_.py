"""Import jobs: rows of a database, or files of another storage, become a version of data."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from typing import Any

from jupyter_mlws.entities.import_job import OUTPUT, ImportJob
from jupyter_mlws.entities.job import Cause, JobError, JobSpec, Progress
from jupyter_mlws.execution import imports
from jupyter_mlws.execution.base import JobContext, JobType, Outcome, Report, Step
from jupyter_mlws.execution.importer import STATE

RUNNER = "jupyter_mlws.execution.importer"


class ImportJobType(JobType):
    """Fetches in a process of the service's own Python, which has the drivers."""

    spec = ImportJob

    def check(self, spec: JobSpec, read: Any, *, pending: Collection[str] = ()) -> list[str]:
        return []

    def plan(self, context: JobContext) -> Step:
        spec = context.spec
        assert isinstance(spec, ImportJob)
        errand = imports.errand(spec, context.outputs[OUTPUT], context.places)
        errand.put(context.folder)
        return Step(
            [sys.executable, "-m", RUNNER, str(context.folder)],
            cwd=context.folder / "work",
            env=context.env,
            redact=errand.secrets,
        )

    def progress(self, context: JobContext) -> Progress | None:
        found = _state(context).get("progress")
        return Progress.model_validate(found) if found else None

    def finish(self, context: JobContext, report: Report) -> Outcome:
        state = _state(context)
        if message := state.get("error"):
            error = JobError(cause=Cause.USER_ERROR, message=message, exit_code=report.exit_code)
            return Outcome(error=error)
        made = {key: value for key, value in state.get("made", {}).items() if value is not None}
        return Outcome(
            metrics={key: float(value) for key, value in made.items() if isinstance(value, int)},
            params={key: value for key, value in made.items() if isinstance(value, str)},
        )


def _state(context: JobContext) -> dict[str, Any]:
    path = context.folder / STATE
    return json.loads(path.read_bytes()) if path.exists() else {}
