"""From what is kept of a plan to a job in the queue; secrets stay sealed until then."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_mlws.entities.connection import import_spec
from jupyter_mlws.entities.errors import AlreadyExists, Invalid, NotFound, Problem
from jupyter_mlws.entities.import_job import as_said, job_of
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.schedule import ScheduleSpec
from jupyter_mlws.execution import records
from jupyter_mlws.execution.expressions import EXPRESSION
from jupyter_mlws.execution.sealing import MASK
from jupyter_mlws.execution.submission import Desk
from jupyter_mlws.store.base import Doc, Transaction

OWN = ("name", "parent_job_name")
"""Fields of a job that each one that is started has for itself."""
MERGED = ("inputs", "outputs", "settings", "tags", "properties", "environment_variables")
SCHEDULE_TAG = "mlws.schedule"
TRIGGER_TAG = "mlws.trigger"


@dataclass(frozen=True, slots=True)
class Plan:
    """A job that can be started again and again.

    Attributes:
        job: as its YAML says it, with a mask in the place of each secret.
        secrets: the sealed values of its inputs.
        git: the repository that its code came from.
    """

    job: Doc
    secrets: dict[str, str]
    git: Doc | None = None

    def to_doc(self) -> Doc:
        """What is kept of it."""
        return {"job": self.job, "secrets": self.secrets, "git": self.git}


def plan(
    desk: Desk,
    given: Mapping[str, Any] | str,
    name: str,
    git: GitState | None,
    known: Mapping[str, str] = {},
    field: str = "create_job",
) -> Plan:
    """The job that `create_job` means, checked as if it were submitted now.

    Args:
        name: of what starts it; its jobs are found in an experiment of this name.
        known: sealed secrets that a mask among the inputs stands for.
    Raises:
        Invalid: with a problem for each field that is wrong.
    """
    job, secrets = _resolved(desk, given)
    masked = {key for key, value in (job.get("inputs") or {}).items() if value == MASK}
    secrets = {**{key: value for key, value in known.items() if key in masked}, **secrets}
    job = {key: value for key, value in job.items() if key not in OWN}
    job.setdefault("experiment_name", name)
    opened = _with_secrets(desk, job, secrets)
    try:
        checked = desk.check(opened)
    except Invalid as error:
        raise error.below(field) from None
    sealed = {}
    for key in checked.secrets:
        value = opened["inputs"][key]
        sealed[key] = desk.seal.close(str(value["value"] if isinstance(value, dict) else value))
        job["inputs"] = {**job["inputs"], key: MASK}
    return Plan(job, sealed, git.model_dump(mode="json") if git else None)


def of_spec(
    desk: Desk, spec: ScheduleSpec, git: GitState | None, known: Mapping[str, str] = {}
) -> Plan:
    """What a schedule starts.

    Raises:
        Invalid: it cannot run here; the problem says why.
    """
    if spec.create_job is not None:
        return plan(desk, spec.create_job, spec.name, git, known)
    if spec.import_data is not None:
        said = spec.import_data.model_dump(mode="json", exclude_unset=True)
        try:
            return plan(desk, job_of(import_spec(said)), spec.name, git, field="")
        except Invalid as error:
            raise as_said(error).below("import_data") from None
    field, kind = "create_monitor", "monitor"
    if kind not in desk.types:
        message = (
            f"is well formed, and needs the job type '{kind}', which is not installed in this"
            f" workspace (there are: {', '.join(sorted(desk.types))})."
        )
        raise Invalid.of([Problem(message, field, here=True)])
    assert spec.create_monitor is not None
    definition = spec.create_monitor.model_dump(mode="json", exclude_unset=True)
    return plan(desk, {"type": kind, "definition": definition}, spec.name, git)


def start(
    desk: Desk,
    kept: Mapping[str, Any],
    *,
    name: str,
    at: datetime,
    user: str,
    tags: Mapping[str, str],
    inputs: Mapping[str, Any] = {},
    once: bool = False,
    also: Callable[[Transaction, str], None],
) -> str:
    """Put the job of a kept plan into the queue; answers its name.

    Args:
        name: of the job; a number is added when it is taken.
        at: the time that it is started for.
        inputs: in the place of the plan's own.
        once: a job of this name is this one, made before; nothing is done then.
        also: writes more in the transaction that makes the job; its errors undo both.
    Raises:
        Invalid: it cannot run any more, or an input is wrong.
    """
    job = _with_secrets(desk, kept["job"], kept["secrets"])
    planned = job.get("inputs", {})
    given = {key: _as_planned(planned.get(key), value) for key, value in inputs.items()}
    job["inputs"] = {**planned, **given}
    job["tags"] = {**job.get("tags", {}), **tags}
    git = GitState.model_validate(kept["git"]) if kept.get("git") else None
    for number in range(1, 1000):
        own = name if number == 1 else f"{name}-{number}"
        filled = _filled({**job, "name": own, "display_name": own}, own, at)
        try:
            return desk.submit(filled, user=user, git=git, also=lambda tx, own=own: also(tx, own))  # type: ignore[misc]
        except AlreadyExists:
            if once:
                return own
    raise Invalid(f"There are too many jobs called '{name}'.")


def _as_planned(planned: Any, value: Any) -> Any:
    """A plain value for an input that the plan says more of: of data its type and mode stay."""
    if not isinstance(planned, dict) or isinstance(value, dict):
        return value
    return {**planned, "path" if "path" in planned else "value": value}


def stamp(moment: datetime) -> str:
    """A moment as the names of triggered jobs have it: `20260821T070000Z`."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _resolved(desk: Desk, given: Mapping[str, Any] | str) -> tuple[Doc, dict[str, str]]:
    if isinstance(given, str):
        return _earlier(desk, given, "create_job")
    changes = dict(given)
    base = changes.pop("job", None)
    if base is None:
        return changes, {}
    if not isinstance(base, (str, dict)):
        raise Invalid.field("create_job.job", "is a file, `azureml:NAME` or a job.")
    job, secrets = (
        _earlier(desk, base, "create_job.job") if isinstance(base, str) else (dict(base), {})
    )
    kind = changes.pop("type", None)
    if kind is not None and kind != job.get("type", "command"):
        is_now = job.get("type", "command")
        raise Invalid.field("create_job.type", f"is '{kind}', and the job is of type '{is_now}'.")
    for key, value in changes.items():
        merges = key in MERGED and isinstance(value, dict)
        job[key] = {**job.get(key, {}), **value} if merges else value
    # A secret that was given anew is not the old one.
    new = changes.get("inputs") or {}
    return job, {key: value for key, value in secrets.items() if key not in new}


def _earlier(desk: Desk, reference: str, field: str) -> tuple[Doc, dict[str, str]]:
    if not reference.startswith("azureml:"):
        raise Invalid.field(
            field,
            f"'{reference:.80}' is neither a job nor `azureml:NAME`: a file is read by"
            " `mlws schedule create` and by MLClient, not by the service.",
        )
    try:
        doc = records.get(desk.store, reference.removeprefix("azureml:")).doc
    except NotFound as error:
        raise Invalid.field(field, error.message) from None
    spec = {k: v for k, v in doc["spec"].items() if k not in {*OWN, "display_name"}}
    return {"type": "command", **spec}, dict(doc["secrets"])


def _with_secrets(desk: Desk, job: Mapping[str, Any], secrets: Mapping[str, str]) -> Doc:
    opened = {key: desk.seal.open(value) for key, value in secrets.items()}
    return {**job, "inputs": {**job.get("inputs", {}), **opened}}


def _filled(job: Doc, name: str, at: datetime) -> Doc:
    """The job with Azure ML's macros in string inputs and output paths filled in."""
    values = {"name": name, "creation_context.trigger_time": at.isoformat().replace("+00:00", "Z")}

    def fill(text: Any) -> Any:
        if not isinstance(text, str):
            return text

        def value(match: re.Match[str]) -> str:
            return values.get(match[1], match[0])

        return EXPRESSION.sub(value, text)

    inputs = {
        key: {**value, "value": fill(value["value"])}
        if isinstance(value, dict) and "value" in value
        else fill(value)
        for key, value in job.get("inputs", {}).items()
    }
    outputs = {
        key: {**value, "path": fill(value["path"])}
        if isinstance(value, dict) and "path" in value
        else value
        for key, value in job.get("outputs", {}).items()
    }
    return {**job, "inputs": inputs, "outputs": outputs}
