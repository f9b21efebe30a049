"""An AutoML job that is being written, as a document, as YAML and as Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from jupyter_mlws.entities.azure.automl import AutoMLJob, loosely, problems
from jupyter_mlws.entities.azure.automl_here import obstacles
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.leaderboard import TaskView
from jupyter_mlws.entities.validation import did_you_mean, validated
from jupyter_mlws.ipython.table_source import Table

SCHEMA = "https://azuremlschemas.azureedge.net/latest/autoMLJob.schema.json"
BLOCKS = ("limits", "training", "featurization")
"""Fields that Azure ML's SDK has a setter for, `set_limits` and so on."""
CHOSEN = ("allowed_training_algorithms", "blocked_training_algorithms")
MISSING = "is required."
COUNTED = ("integer", "number")


class Schema:
    """The JSON Schema of a job, asked by dotted paths such as `limits.max_trials`.

    Args:
        document: the schema, as the service tells it.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def at(self, path: str) -> dict[str, Any]:
        """The schema of a field; empty where there is none."""
        here: dict[str, Any] = dict(self._document)
        for part in path.split("."):
            here = self._resolved(here.get("properties", {}).get(part, {}))
        return here

    def block(self, task: str) -> dict[str, dict[str, Any]]:
        """The fields of what the job says about this task alone, those first that are required."""
        found = self.at(task)
        required = set(found.get("required", ()))
        fields = {
            name: {**self._resolved(field), "is_required": name in required}
            for name, field in found.get("properties", {}).items()
            if not name.startswith("$")
        }
        return dict(sorted(fields.items(), key=lambda item: not item[1]["is_required"]))

    def _resolved(self, field: Mapping[str, Any]) -> dict[str, Any]:
        if "$ref" not in field:
            return dict(field)
        found: dict[str, Any] = self._document["$defs"][field["$ref"].rpartition("/")[2]]
        return found


def check(settings: Mapping[str, Any], tasks: Mapping[str, TaskView]) -> None:
    """Raise when a setting is no field of the job, or names what no task has here.

    Raises:
        Invalid: with each that is wrong.
    """
    if "training_data" in settings:
        raise Invalid.field("training_data", "is what the wizard is about: give it first.")
    task = settings.get("task", next(iter(tasks)))
    try:
        validated(AutoMLJob, {"training_data": "azureml:any", **settings, "task": task})
    except Invalid as error:
        # What is not said yet will be asked.
        if said := [problem for problem in error.problems if problem.message != MISSING]:
            raise Invalid.of(said) from None
    if task not in tasks:
        message = f"'{task}' is not done here (there are: {', '.join(tasks)})."
        raise Invalid.field("task", f"{message}{did_you_mean(str(task), tasks)}")
    metrics = {name for view in tasks.values() for name in view.metrics}
    algorithms = {each.name for view in tasks.values() for each in view.algorithms}
    training = settings.get("training") or {}
    given = [
        ("primary_metric", [settings.get("primary_metric") or ""], metrics),
        *((f"training.{field}", training.get(field) or [], algorithms) for field in CHOSEN),
    ]
    found = [
        Problem(f"there is no '{name}' here.{did_you_mean(name, known)}", field)
        for field, names, known in given
        for name in names
        if name and loosely(name) not in {loosely(each) for each in known}
    ]
    if found:
        raise Invalid.of(found)


def bounds_of(field: Mapping[str, Any]) -> str:
    """Between what the numbers that a schema allows are to be; empty where it allows none."""
    for one in field.get("anyOf", [field]):
        if one.get("type") in COUNTED:
            low = one.get("minimum", one.get("exclusiveMinimum", ""))
            high = one.get("maximum", one.get("exclusiveMaximum", ""))
            return f"{low} … {high}".strip()
    return ""


def parsed(text: str, field: Mapping[str, Any]) -> Any:
    """What was typed, as the schema has it; None for nothing, and the text where it does not fit."""
    text = text.strip()
    kinds = {one.get("type") for one in field.get("anyOf", [field])}
    if not text:
        return None
    if "array" in kinds and "," in text:
        items = [one.get("items", {}) for one in field["anyOf"] if one.get("type") == "array"]
        return [parsed(part, items[0]) for part in text.split(",") if part.strip()]
    for kind, number in (("integer", int), ("number", float)):
        if kind in kinds:
            try:
                return number(text)
            except ValueError:
                continue
    return text


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set a field by its dotted path."""
    *blocks, name = path.split(".")
    for block in blocks:
        document = document.setdefault(block, {})
    document[name] = value


def taken(document: dict[str, Any], path: str) -> Any:
    """Take a field out by its dotted path; None where it is not said."""
    block, _, name = path.partition(".")
    if not name:
        return document.pop(block, None)
    holder = document.get(block)
    if not isinstance(holder, dict):
        return None
    value = taken(holder, name)
    if not holder:
        del document[block]
    return value


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, block by block; `over` wins."""
    made = {**over, **{name: value for name, value in under.items() if name not in over}}
    for name, value in over.items():
        below = under.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            made[name] = merged(below, value)
    return made


def wrong(document: Mapping[str, Any]) -> list[Problem]:
    """All that is wrong with a job, as far as it can be told without the workspace."""
    try:
        spec = validated(AutoMLJob, dict(document))
    except Invalid as error:
        return list(error.problems)
    return [*problems(spec), *obstacles(spec)]


def yaml_of(document: Mapping[str, Any]) -> str:
    """The job as a file."""
    said = {"$schema": SCHEMA, **document}
    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True))


def python_of(document: Mapping[str, Any], table: Table) -> str:
    """The job as Python that starts it and shows its leaderboard."""
    return "\n".join(_python(document, table))


def _python(document: Mapping[str, Any], table: Table) -> Iterator[str]:
    task, given = document["task"], document["training_data"]
    yield "import jupyter_mlws as mlws"
    yield "from jupyter_mlws import Input, MLClient"
    yield f"from jupyter_mlws.automl import {task}"
    yield ""
    data = f"Input(type={given['type']!r}, path={given['path']!r})"
    if not table.is_kept:
        yield f"data = mlws.register_data({table.name!r}, {table.variable})"
        data = 'Input(type=data.type, path=f"azureml:{data.name}:{data.version}")'
    yield f"job = {task}("
    yield f"    training_data={data},"
    for name, value in document.items():
        if name not in ("type", "task", "training_data", *BLOCKS):
            yield f"    {name}={value!r},"
    yield ")"
    for block in BLOCKS:
        if said := document.get(block):
            yield f"job.set_{block}({', '.join(f'{key}={value!r}' for key, value in said.items())})"
    yield ""
    yield "job = MLClient().jobs.create_or_update(job)"
    yield "mlws.leaderboard(job)"
