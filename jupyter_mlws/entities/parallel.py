"""Parallel jobs: one script over many files, rows or groups of rows.

Source: the Azure ML v2 parallel job schema, in a pipeline or as a component.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.job import JobSpec, RetrySettings
from jupyter_mlws.entities.record import Spec
from jupyter_mlws.entities.scalars import fold, text

INPUT = re.compile(r"^\$\{\{\s*inputs\.(\w+)\s*\}\}$")
OUTPUT = re.compile(r"^\$\{\{\s*outputs\.(\w+)\s*\}\}$")
SIZE = re.compile(r"^(\d+)\s*(kb|mb|gb|rows)?$", re.IGNORECASE)


class ParallelTask(Spec):
    """What is done with each mini batch."""

    type: Annotated[Literal["run_function", "function", "model"], BeforeValidator(fold)] = (
        "run_function"
    )
    entry_script: str = Field(min_length=1)
    """Script in `code` with `run(mini_batch)`, and perhaps `init()` and `shutdown()`."""
    program_arguments: str = ""
    append_row_to: str | None = None
    """`${{outputs.NAME}}`: the file that gathers all that `run` answers."""
    model: str | dict[str, Any] | None = None

    @field_validator("append_row_to")
    @classmethod
    def _is_output(cls, value: str | None) -> str | None:
        if value is not None and not OUTPUT.match(value):
            raise ValueError("must be ${{outputs.NAME}}")
        return value


class BatchRetry(RetrySettings):
    """How often a mini batch is tried again, and how long it may take."""

    max_retries: int = Field(default=2, ge=0, le=100)
    timeout: int = Field(default=60, gt=0, le=259200)
    """Seconds for one mini batch."""


class ParallelJob(JobSpec):
    """Run a script over mini batches, several at the same time."""

    model_config = ConfigDict(title="Parallel")

    type: Literal["parallel"] = "parallel"
    task: ParallelTask
    input_data: str
    """`${{inputs.NAME}}`: the input that is split."""
    mini_batch_size: Annotated[str, BeforeValidator(text)] = "1"
    """Files in a mini batch; for tables bytes (`10kb`, `1mb`) or, *ours*, rows (`100 rows`)."""
    partition_keys: list[str] = Field(default_factory=list)
    """Columns of a table: each combination of their values is a mini batch."""
    max_concurrency_per_instance: int | None = Field(default=None, ge=1, le=1000)
    """Processes at the same time; the machine's cores when absent."""
    error_threshold: int = Field(default=-1, ge=-1)
    """Most items that may fail; -1 for any number."""
    mini_batch_error_threshold: int = Field(default=-1, ge=-1)
    """Most mini batches that may fail; -1 for any number."""
    retry_settings: BatchRetry = Field(default_factory=BatchRetry)
    logging_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING"], BeforeValidator(lambda v: str(v).upper())
    ] = "INFO"

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, value: Any) -> Any:
        """Code and environment of the task are the job's."""
        if not isinstance(value, dict) or not isinstance(value.get("task"), dict):
            return value
        task = dict(value["task"])
        lifted = {key: task.pop(key) for key in ("code", "environment") if key in task}
        return {**lifted, **value, "task": task}

    @field_validator("input_data")
    @classmethod
    def _is_input(cls, value: str) -> str:
        if not INPUT.match(value):
            raise ValueError("must be ${{inputs.NAME}}")
        return value

    @field_validator("mini_batch_size")
    @classmethod
    def _is_size(cls, value: str) -> str:
        match = SIZE.match(value.strip())
        if not match or int(match[1]) < 1:
            raise ValueError("must be a number of files, bytes such as '10kb', or '100 rows'")
        return value.strip()

    @property
    def job_retries(self) -> int:
        """Its mini batches are tried again, the job as a whole is not."""
        return 0
