"""Builders with the names of Azure ML's SDK: `command(...)`, and our `notebook(...)`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, PrivateAttr

from jupyter_mlws.entities.azure.sweep import Choice, EarlyTermination, Normal, RandInt, Uniform
from jupyter_mlws.entities.job import CommandJob, JobSpec, NotebookJob
from jupyter_mlws.entities.sweep import MOST_TRIALS, SweepJob
from jupyter_mlws.entities.validation import validated

J = TypeVar("J", bound="Triable")


class Sweep(SweepJob):
    """A sweep, with the setters of Azure ML's SDK."""

    def set_limits(
        self,
        *,
        max_total_trials: int | None = None,
        max_concurrent_trials: int | None = None,
        timeout: int | None = None,
        trial_timeout: int | None = None,
    ) -> None:
        """Change the limits that are given.

        Raises:
            Invalid: they are out of range, or do not fit together.
        """
        given = {
            "max_total_trials": max_total_trials,
            "max_concurrent_trials": max_concurrent_trials,
            "timeout": timeout,
            "trial_timeout": trial_timeout,
        }
        before = self.limits.model_dump(exclude_unset=True)
        changed = {key: value for key, value in given.items() if value is not None}
        self.limits = validated(type(self.limits), {**before, **changed}, prefix="limits")

    def set_objective(self, *, goal: str | None = None, primary_metric: str | None = None) -> None:
        """Change what trials are judged by.

        Raises:
            Invalid: the goal is none.
        """
        given = {"goal": goal, "primary_metric": primary_metric}
        changed = {key: value for key, value in given.items() if value is not None}
        said = {**self.objective.model_dump(exclude_unset=True), **changed}
        self.objective = validated(type(self.objective), said, prefix="objective")


class Triable(JobSpec):
    """A job that can be tried with many values: `job(rate=Uniform(0, 1)).sweep(…)`."""

    _drawn: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __call__(self: J, **inputs: Any) -> J:
        """The same job with other inputs; those that are distributions are drawn by `.sweep(…)`."""
        drawn = {name: value for name, value in inputs.items() if _is_drawn(value)}
        plain = {name: value for name, value in inputs.items() if name not in drawn}
        kept = {name: value for name, value in self.inputs.items() if name not in drawn}
        made = self.model_copy(update={"inputs": {**kept, **plain}})
        made._drawn = {**self._drawn, **drawn}
        return made

    def sweep(
        self,
        *,
        primary_metric: str,
        goal: str,
        sampling_algorithm: Any = "random",
        compute: str | None = None,
        max_concurrent_trials: int | None = None,
        max_total_trials: int | None = None,
        timeout: int | None = None,
        trial_timeout: int | None = None,
        early_termination_policy: EarlyTermination | Mapping[str, Any] | None = None,
        search_space: Mapping[str, Any] | None = None,
        queue_settings: Mapping[str, Any] | None = None,
        job_tier: str | None = None,
        priority: str | None = None,
    ) -> Sweep:
        """A sweep that tries this job.

        Args:
            goal: `minimize` or `maximize`.
            max_total_trials: 1000 when absent, as in Azure ML.
            search_space: what is drawn beside the inputs that are distributions.
        Raises:
            Invalid: a field is wrong.
        """
        space = {**self._drawn, **(search_space or {})}
        said = self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        own = {key: said.pop(key) for key in tuple(said) if key in _OF_TRIAL}
        if "command" in own:
            own["command"] = _drawing(own["command"], space)
        queue = {"job_tier": job_tier, "priority": priority, **(queue_settings or {})}
        limits = {
            "max_total_trials": max_total_trials or MOST_TRIALS,
            "max_concurrent_trials": max_concurrent_trials,
            "timeout": timeout,
            "trial_timeout": trial_timeout or said.pop("limits", {}).get("timeout"),
        }
        said.pop("limits", None)
        given = {
            **said,
            "type": "sweep",
            "compute": compute or self.compute,
            "trial": own,
            "search_space": {name: _plain(kind) for name, kind in space.items()},
            "objective": {"goal": goal, "primary_metric": primary_metric},
            "sampling_algorithm": _plain(sampling_algorithm),
            "early_termination": _plain(early_termination_policy),
            **_blocks({"limits": limits, "queue_settings": queue}),
        }
        return validated(Sweep, {key: value for key, value in given.items() if value is not None})


class Command(CommandJob, Triable):
    """A command that can be tried."""


class Notebook(NotebookJob, Triable):
    """A notebook that can be tried."""


_OF_TRIAL = frozenset(
    {"command", "notebook", "code", "environment", "environment_variables", "resources"}
    | {"distribution"}
)


def _is_drawn(value: Any) -> bool:
    return isinstance(value, (Choice, RandInt, Uniform, Normal))


def _drawing(command: str, space: Mapping[str, Any]) -> str:
    """`${{inputs.NAME}}` of what is drawn is `${{search_space.NAME}}`."""

    def replaced(match: re.Match[str]) -> str:
        return f"${{{{search_space.{match[1]}}}}}" if match[1] in space else match[0]

    return re.sub(r"\$\{\{\s*inputs\.(\w+)\s*\}\}", replaced, command)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return value


def command(
    *,
    command: str,
    timeout: int | None = None,
    instance_count: int | None = None,
    instance_type: str | None = None,
    priority: str | None = None,
    job_tier: str | None = None,
    **fields: Any,
) -> Command:
    """A job that runs a shell command; the other fields are those of its YAML.

    Called with inputs it is the job with these; `.sweep(…)` then tries those that are drawn.

    Raises:
        Invalid: a field is wrong or unknown.
    """
    blocks: dict[str, dict[str, Any]] = {
        "limits": {"timeout": timeout},
        "resources": {"instance_count": instance_count, "instance_type": instance_type},
        "queue_settings": {"priority": priority, "job_tier": job_tier},
    }
    return validated(Command, {"command": command, **_blocks(blocks), **fields})


def notebook(
    path: str | os.PathLike[str],
    *,
    inputs: dict[str, Any] | None = None,
    timeout: int | None = None,
    **fields: Any,
) -> Notebook:
    """A job that runs a notebook with inputs for its cell tagged `parameters`.

    Args:
        path: the notebook; without `code` its folder is sent along.
        timeout: seconds after which the job is canceled.
    Raises:
        Invalid: a field is wrong or unknown.
    """
    blocks = _blocks({"limits": {"timeout": timeout}})
    made = {"notebook": os.fspath(path), "inputs": inputs or {}, **blocks, **fields}
    return validated(Notebook, made)


def _blocks(blocks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The nested blocks of the YAML, without what was not given."""
    kept = {
        name: {key: value for key, value in block.items() if value is not None}
        for name, block in blocks.items()
    }
    return {name: block for name, block in kept.items() if block}
