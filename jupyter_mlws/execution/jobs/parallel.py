"""Parallel jobs: a script over mini batches of files, rows or groups, in processes of its own."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.errors import Invalid, NotFound, Problem
from jupyter_mlws.entities.job import Cause, Input, JobError, JobSpec, Progress
from jupyter_mlws.entities.parallel import INPUT, OUTPUT, ParallelJob
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution import expressions
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
from jupyter_mlws.execution.parallel import driver

STATE = "parallel.json"


class ParallelJobType(JobType):
    """Runs `driver.py` in the job's environment; it starts the workers."""

    spec = ParallelJob

    def check(self, spec: JobSpec, read: Any, *, pending: Collection[str] = ()) -> list[str]:
        assert isinstance(spec, ParallelJob)
        problems = []
        try:
            read(spec.task.entry_script)
        except NotFound:
            text = f"there is no '{spec.task.entry_script}' in the code folder."
            problems.append(Problem(text, "task.entry_script"))
        name = _name(spec)
        if name not in spec.inputs and name not in pending:
            known = ", ".join(spec.inputs) or "none"
            hint = did_you_mean(name, spec.inputs)
            text = f"there is no input '{name}' (there are: {known}).{hint}"
            problems.append(Problem(text, "input_data"))
        output = _output(spec)
        if output and output not in spec.outputs:
            problems.append(Problem(f"there is no output '{output}'.", "task.append_row_to"))
        problems += expressions.problems(
            spec.task.program_arguments, "task.program_arguments", spec
        )
        if problems:
            raise Invalid.of(problems)
        return []

    def ingredients(self, spec: JobSpec, code: Snapshot, read: Any) -> Ingredients:
        assert isinstance(spec, ParallelJob)
        blobs = {file.path: file.blob for file in code.files}
        script = spec.task.entry_script
        texts = [read(script).decode("utf-8", "replace"), repr(spec.task.program_arguments)]
        used = {script, *sources.used(blobs, texts, read, strict=False)}
        said = spec.model_dump(
            mode="json",
            include={
                "task",
                "input_data",
                "mini_batch_size",
                "partition_keys",
                "environment_variables",
            },
        )
        return Ingredients(said, literals(spec), {path: blobs[path] for path in used})

    def plan(self, context: JobContext) -> Step:
        spec = context.spec
        assert isinstance(spec, ParallelJob)
        work = context.folder / "work"
        arguments = expressions.fill(
            spec.task.program_arguments,
            name=context.job.name,
            inputs=context.inputs,
            outputs=context.outputs,
        )
        retry = spec.retry_settings
        output = _output(spec)
        given = spec.inputs[_name(spec)]
        plan = {
            "script": str(work / spec.task.entry_script),
            "arguments": shlex.split(arguments),
            "data": str(context.inputs[_name(spec)]),
            "is_table": _is_table(spec, given),
            "size": spec.mini_batch_size,
            "partition_keys": spec.partition_keys,
            "n_workers": spec.max_concurrency_per_instance or os.cpu_count() or 1,
            "max_retries": retry.max_retries,
            "timeout_s": retry.timeout,
            "error_threshold": spec.error_threshold,
            "batch_error_threshold": spec.mini_batch_error_threshold,
            "append_to": _appended(context.outputs[output], spec, output) if output else None,
            "state": str(context.folder / STATE),
            "logs": str(work / "logs"),
        }
        place = context.folder / "parallel-plan.json"
        place.write_text(json.dumps(plan))
        program = context.folder / "driver.py"
        program.write_bytes(Path(driver.__file__).read_bytes())
        return Step([context.python, str(program), str(place)], cwd=work, env=context.env)

    def progress(self, context: JobContext) -> Progress | None:
        state = _state(context)
        if not state or not state["total"]:
            return None
        return Progress(done=state["done"], total=state["total"], unit="mini batches")

    def finish(self, context: JobContext, report: Report) -> Outcome:
        state = _state(context)
        if state is None:
            return Outcome()
        counts = ("total", "items", "failed_items", "failed_batches")
        names = ("mini_batches", "items", "failed_items", "failed_mini_batches")
        outcome = Outcome(
            metrics={name: float(state[key]) for key, name in zip(counts, names, strict=True)}
        )
        if state["stopped"] and report.cause is None:
            first = f" {state['errors'][0]}" if state["errors"] else ""
            text = f"Too much failed: {state['stopped']}.{first}"
            outcome.error = JobError(
                cause=Cause.USER_ERROR, message=text, exit_code=report.exit_code
            )
        return outcome


def _name(spec: ParallelJob) -> str:
    match = INPUT.match(spec.input_data)
    assert match  # the entity has checked it
    return match[1]


def _output(spec: ParallelJob) -> str | None:
    match = OUTPUT.match(spec.task.append_row_to or "")
    return match[1] if match else None


def _is_table(spec: ParallelJob, given: Any) -> bool:
    is_mltable = isinstance(given, Input) and given.type == "mltable"
    return bool(spec.partition_keys) or is_mltable or not spec.mini_batch_size.isdigit()


def _appended(path: Path, spec: ParallelJob, output: str) -> str:
    """The file that gathers all rows; in an output that is a folder it has Azure ML's name."""
    return str(path if spec.outputs[output].type == "uri_file" else path / "parallel_run_step.txt")


def _state(context: JobContext) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((context.folder / STATE).read_bytes())
    except FileNotFoundError:
        return None
    return state
