"""Builders with the names of Azure ML's SDK: `command(...)`, and our `notebook(...)`."""

from __future__ import annotations

import os
from typing import Any

from jupyter_mlws.entities.job import CommandJob, NotebookJob
from jupyter_mlws.entities.validation import validated


def command(
    *,
    command: str,
    timeout: int | None = None,
    instance_count: int | None = None,
    instance_type: str | None = None,
    priority: str | None = None,
    job_tier: str | None = None,
    **fields: Any,
) -> CommandJob:
    """A job that runs a shell command; the other fields are those of its YAML.

    Raises:
        Invalid: a field is wrong or unknown.
    """
    blocks: dict[str, dict[str, Any]] = {
        "limits": {"timeout": timeout},
        "resources": {"instance_count": instance_count, "instance_type": instance_type},
        "queue_settings": {"priority": priority, "job_tier": job_tier},
    }
    return validated(CommandJob, {"command": command, **_blocks(blocks), **fields})


def notebook(
    path: str | os.PathLike[str],
    *,
    inputs: dict[str, Any] | None = None,
    timeout: int | None = None,
    **fields: Any,
) -> NotebookJob:
    """A job that runs a notebook with inputs for its cell tagged `parameters`.

    Args:
        path: the notebook; without `code` its folder is sent along.
        timeout: seconds after which the job is canceled.
    Raises:
        Invalid: a field is wrong or unknown.
    """
    blocks = _blocks({"limits": {"timeout": timeout}})
    made = {"notebook": os.fspath(path), "inputs": inputs or {}, **blocks, **fields}
    return validated(NotebookJob, made)


def _blocks(blocks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The nested blocks of the YAML, without what was not given."""
    kept = {
        name: {key: value for key, value in block.items() if value is not None}
        for name, block in blocks.items()
    }
    return {name: block for name, block in kept.items() if block}
