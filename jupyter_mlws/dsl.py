"""Pipelines in Python, with the names of Azure ML's SDK: `@pipeline`, `load_component`, control flow.

```python
from jupyter_mlws.dsl import Input, load_component, notebook_component, pipeline

prepare = notebook_component("prepare.ipynb")
train = load_component("train.yml")


@pipeline(default_compute="local")
def churn(data, rate=0.1):
    table = prepare(raw=data)
    model = train(table=table.outputs.table, rate=rate)
    return {"model": model.outputs.model}


job = churn(data=Input(type="uri_file", path="customers.csv"))
```
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, overload

from jupyter_mlws.entities.asset import Asset, Component
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.inlining import inlined, rebased
from jupyter_mlws.entities.job import CommandJob, Input, JobSpec, NotebookJob, Output
from jupyter_mlws.entities.pipeline import PipelineJob
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.entities.validation import did_you_mean, validated
from jupyter_mlws.entities.yaml import Document
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.jobs import with_origin

F = TypeVar("F", bound=Callable[..., Any])

_building: ContextVar[_Building | None] = ContextVar("_building", default=None)


@dataclass(eq=False)
class Bound:
    """Something that is known only when the pipeline runs: an input of it, or an output of a step."""

    name: str
    node: Node | None = None

    def __str__(self) -> str:
        where = f"jobs.{self.node.key}.outputs" if self.node else "inputs"
        return f"${{{{parent.{where}.{self.name}}}}}"


class Outputs:
    """The outputs of a step, as attributes and by name; setting one says what becomes of it."""

    _node: Node

    def __init__(self, node: Node) -> None:
        self.__dict__["_node"] = node

    def __getattr__(self, name: str) -> Bound:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Bound:
        self._node._require("output", name)
        return Bound(name, self._node)

    def __setattr__(self, name: str, value: Output) -> None:
        self._node._require("output", name)
        said = value.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        self._node._kept_outputs[name] = said


class Node:
    """A step. Fields of its job, such as `compute`, `limits` or `cache`, can be set."""

    key: str
    inputs: dict[str, Any]
    outputs: Outputs
    _document: dict[str, Any]
    _label: str
    _fields: dict[str, Any]
    _after: list[Node]
    _kept_outputs: dict[str, Any]
    _own = frozenset({"key", "inputs", "outputs"})

    def __init__(self, document: Mapping[str, Any], inputs: Mapping[str, Any], label: str) -> None:
        self.__dict__.update(
            key="",
            inputs=dict(inputs),
            outputs=Outputs(self),
            _document=dict(document),
            _label=label,
            _fields={},
            _after=[],
            _kept_outputs={},
        )
        for name in inputs:
            self._require("input", name)
        current().nodes.append(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._own:
            self.__dict__[name] = value
        else:
            self._fields[name] = value

    def after(self, *steps: Node) -> Node:
        """Start only when these have ended, though nothing is handed on."""
        self._after.extend(steps)
        return self

    def _require(self, side: str, name: str) -> None:
        component = self._document.get("component")
        if not isinstance(component, dict) or component.get("type") == "notebook":
            return
        declared = component.get(f"{side}s") or {}
        if name not in declared and not (side == "output" and name == "artifacts"):
            known = ", ".join(declared) or "none"
            hint = did_you_mean(name, declared)
            text = f"'{self._label}' has no {side} '{name}' (there are: {known}).{hint}"
            raise Invalid.field(f"{side}s.{name}", text)

    def _said(self) -> dict[str, Any]:
        said = {**self._document, **{key: _plain(value) for key, value in self._fields.items()}}
        given = {name: _plain(value) for name, value in self.inputs.items() if value is not None}
        if given:
            said["inputs"] = given
        if self._kept_outputs:
            said["outputs"] = {**said.get("outputs", {}), **self._kept_outputs}
        if self._after:
            said["depends_on"] = [step.key for step in self._after]
        return said


@dataclass
class _Building:
    nodes: list[Node] = field(default_factory=list)


def current() -> _Building:
    """The pipeline whose function runs now.

    Raises:
        Invalid: none does.
    """
    found = _building.get()
    if found is None:
        raise Invalid("Steps are made inside a function with @pipeline.")
    return found


@dataclass(frozen=True)
class ComponentFunction:
    """A component that is called inside a `@pipeline` function; each call is a step."""

    document: Mapping[str, Any]
    label: str

    def __call__(self, *args: Any, **inputs: Any) -> Node:
        component = self.document.get("component")
        names = list(component.get("inputs") or {}) if isinstance(component, dict) else []
        if len(args) > len(names):
            raise Invalid(f"'{self.label}' takes {len(names)} inputs by place, got {len(args)}.")
        return Node(self.document, {**dict(zip(names, args, strict=False)), **inputs}, self.label)


def load_component(
    source: str | os.PathLike[str] | Component | Asset | None = None,
    *,
    client: Any = None,
    name: str | None = None,
    version: str | None = None,
) -> ComponentFunction:
    """A component as a function.

    Args:
        source: a YAML file, a component, or a reference such as `azureml:NAME:VERSION`.
        client, name, version: in place of `source`, a registered component; the latest version when none
            is named.
    Raises:
        Invalid: the file is wrong.
    """
    if isinstance(source, Asset):
        return ComponentFunction({"component": source.id}, source.name)
    if isinstance(source, Component):
        said = source.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        origin = getattr(source, "__mlws_origin__", Path.cwd())
        return _function({"type": source.type, **said}, origin)
    if source is None and name:
        if client is not None:
            return load_component(client.components.get(name, version=version))
        reference = f"azureml:{name}:{version}" if version else f"azureml:{name}@latest"
        return ComponentFunction({"component": reference}, name)
    if source is None:
        raise Invalid("give a file, a component, or the name of one that is registered.")
    if str(source).startswith("azureml:"):
        return ComponentFunction({"component": str(source)}, re.split("[:@]", str(source))[1])
    document, origin = read(source)
    return _function(_whole(document, origin), origin)


def command_component(name: str, *, command: str, **fields: Any) -> ComponentFunction:
    """A shell command as a function; the other fields are those of a component's YAML."""
    said = {"name": name, "type": "command", "command": command, **fields}
    return _function({key: _plain(value) for key, value in said.items()}, Path.cwd())


def notebook_component(path: str | os.PathLike[str], **fields: Any) -> ComponentFunction:
    """A notebook as a function: it takes what its cell tagged `parameters` has.

    Args:
        path: in the folder that `code` names, else from the working directory.
    Raises:
        Invalid: there is no such notebook.
    """
    code = fields.get("code")
    if code is not None and not is_local(os.fspath(code)):
        said = {"type": "notebook", "notebook": os.fspath(path)}
        return ComponentFunction({**said, **fields}, Path(path).stem)
    folder = Path(code or ".").expanduser().absolute()
    place = folder / Path(path).expanduser()
    if not place.is_file():
        raise Invalid.field("notebook", f"there is no '{path}'{f' in {code}' if code else ''}.")
    said = {"type": "notebook", "notebook": str(place)}
    if code is not None:
        said["notebook"] = os.fspath(path)
        fields["code"] = str(folder)
    return ComponentFunction({**said, **fields}, place.stem)


def step(job: CommandJob | NotebookJob | Mapping[str, Any]) -> ComponentFunction:
    """A job as a function: what `command(…)` and `notebook(…)` make, or a mapping as in YAML."""
    if isinstance(job, Mapping):
        said = dict(job)
    else:
        said = job.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        said = {"type": job.type, **said}
    said = rebased(said, str(Path.cwd()))
    given = said.pop("inputs", {})

    made = ComponentFunction(said, str(said.get("display_name") or said.get("type") or "step"))
    return _Defaulted(made.document, made.label, given)


@dataclass(frozen=True)
class _Defaulted(ComponentFunction):
    given: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, *args: Any, **inputs: Any) -> Node:
        return super().__call__(*args, **{**self.given, **inputs})


# Control flow
def if_else(condition: Any, true_block: Any = None, false_block: Any = None) -> Node:
    """Run the steps of one block or the other."""
    blocks = {"true_block": _steps(true_block), "false_block": _steps(false_block)}
    return _Control({"type": "if_else"}, {"condition": condition, **blocks})


condition = if_else
"""Azure ML's other name for `if_else`."""


def do_while(
    body: Node,
    mapping: Mapping[Any, Any] | None = None,
    max_iteration_count: int = 1,
    condition: Any = None,
) -> Node:
    """Repeat a step while its output `condition` is true, and hand outputs to inputs of the next round."""
    named = {getattr(key, "name", key): value for key, value in (mapping or {}).items()}
    said = {"type": "do_while", "limits": {"max_iteration_count": max_iteration_count}}
    if named:
        said["mapping"] = named
    return _Control(said, {"body": body, "condition": condition})


def parallel_for(body: Node, items: Any, max_concurrency: int | None = None) -> Node:
    """Run a step once for each item, which is a mapping from its inputs to values."""
    said: dict[str, Any] = {"type": "parallel_for"}
    if max_concurrency:
        said["max_concurrency"] = max_concurrency
    return _Control(said, {"body": body, "items": items})


class _Control(Node):
    _links: dict[str, Any]

    def __init__(self, document: Mapping[str, Any], links: Mapping[str, Any]) -> None:
        super().__init__(document, {}, str(document["type"]))
        self.__dict__["_links"] = {
            key: link for key, link in links.items() if link not in (None, [])
        }

    def _said(self) -> dict[str, Any]:
        return {**super()._said(), **{key: _linked(link) for key, link in self._links.items()}}


def _steps(block: Any) -> list[Node]:
    return [block] if isinstance(block, Node) else list(block or ())


def _linked(link: Any) -> Any:
    if isinstance(link, Node):
        return f"${{{{parent.jobs.{link.key}}}}}"
    if isinstance(link, list) and link and isinstance(link[0], Node):
        return [_linked(item) for item in link]
    return _plain(link)


# Pipelines
@overload
def pipeline(func: F) -> Callable[..., Any]: ...
@overload
def pipeline(
    func: None = None, **fields: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def pipeline(func: Any = None, **fields: Any) -> Any:
    """Make a function a pipeline: its arguments are the inputs, the steps it makes the jobs.

    Calling it answers a `PipelineJob`; inside another pipeline it is a step. Arguments named in
    `non_pipeline_inputs` stay plain values.

    Args:
        fields: `name`, `display_name`, `description`, `experiment_name`, `tags`, `compute`,
            `default_compute`, `default_datastore`, `force_rerun`, `continue_on_step_failure`, `on_init`,
            `on_finalize`, `non_pipeline_inputs`, as in Azure ML; and our `cache`, `max_concurrency`.
    """
    unknown = fields.keys() - _FIELDS - _SETTINGS - {"non_pipeline_inputs", "version"}
    if unknown:
        name = min(unknown)
        raise Invalid.field(
            name, f"is no field of a pipeline.{did_you_mean(name, _FIELDS | _SETTINGS)}"
        )

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return _call(function, fields, args, kwargs)

        return call

    return decorate if func is None else decorate(func)


_FIELDS = {"name", "display_name", "description", "experiment_name", "tags", "compute"}
_SETTINGS = {
    "default_compute",
    "default_datastore",
    "force_rerun",
    "continue_on_step_failure",
    "on_init",
    "on_finalize",
    "cache",
    "max_concurrency",
}


def _call(
    function: Callable[..., Any], fields: Mapping[str, Any], args: Any, kwargs: Any
) -> PipelineJob | Node:
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    plain = set(fields.get("non_pipeline_inputs") or ())
    given = {
        name: value
        for name, value in bound.arguments.items()
        if name not in plain and value is not None
    }
    proxies = {name: Bound(name) for name in given}
    outer = _building.get()
    building, result, names = _run(function, {**bound.arguments, **proxies})
    if not building.nodes:
        raise Invalid(f"'{function.__name__}' makes no step.")
    _name(building.nodes, names)
    jobs = {node.key: node._said() for node in building.nodes}
    outputs = _bind_outputs(result, jobs)
    settings = {key: fields[key] for key in _SETTINGS if fields.get(key) is not None}
    document = {
        "type": "pipeline",
        "display_name": function.__name__,
        **{key: fields[key] for key in _FIELDS if fields.get(key) is not None},
        "jobs": jobs,
        "settings": settings,
    }
    if description := inspect.getdoc(function):
        document.setdefault("description", description)
    if outputs:
        document["outputs"] = outputs
    if outer is not None:
        document.pop("name", None)
        return Node(document, given, function.__name__)
    job = validated(
        PipelineJob, {**document, "inputs": {name: _plain(value) for name, value in given.items()}}
    )
    return with_origin(job, Path.cwd())  # type: ignore[return-value]


def _run(
    function: Callable[..., Any], arguments: Mapping[str, Any]
) -> tuple[_Building, Any, dict[str, Any]]:
    """Call the function; answers the steps, its result, and its variables at the end."""
    names: dict[str, Any] = {}

    def look(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is function.__code__:
            names.update(frame.f_locals)

    with _built() as building:
        before = sys.getprofile()
        sys.setprofile(look)
        try:
            result = function(**arguments)
        finally:
            sys.setprofile(before)
    return building, result, names


@contextmanager
def _built() -> Iterator[_Building]:
    building = _Building()
    token = _building.set(building)
    try:
        yield building
    finally:
        _building.reset(token)


def _name(nodes: Sequence[Node], variables: Mapping[str, Any]) -> None:
    """Call each step as its variable is called, others as their component."""
    taken: set[str] = set()
    for node in nodes:
        names = [name for name, value in variables.items() if value is node]
        label = re.sub(r"\W", "_", node._label) or "step"
        name = names[0] if names else label if not label[0].isdigit() else f"_{label}"
        number, chosen = 1, name
        while chosen in taken or (not names and chosen in variables):
            chosen = f"{name}_{number}"
            number += 1
        taken.add(chosen)
        node.key = chosen


def _bind_outputs(result: Any, jobs: dict[str, Any]) -> dict[str, Any]:
    """Make what the function returns the outputs of the pipeline."""
    if result is None:
        return {}
    if not isinstance(result, Mapping) or not all(
        isinstance(value, Bound) and value.node for value in result.values()
    ):
        raise Invalid("a pipeline returns nothing, or a mapping from names to outputs of steps.")
    for name, value in result.items():
        said = jobs[value.node.key]
        kept = said.setdefault("outputs", {})
        path = f"${{{{parent.outputs.{name}}}}}"
        kept[value.name] = {**kept.get(value.name, {}), "path": path}
    return {name: {} for name in result}


def _whole(document: Document, origin: Path) -> dict[str, Any]:
    if "jobs" in document.data:
        document = inlined(document, lambda path: (origin / path).read_bytes())
    return document.data


def _function(said: Mapping[str, Any], origin: Path) -> ComponentFunction:
    made = rebased(dict(said), str(origin.absolute()))
    return ComponentFunction({"component": made}, str(made.get("name") or made.get("type")))


def _plain(value: Any) -> Any:
    """A value as YAML has it."""
    if isinstance(value, Bound):
        return str(value)
    if isinstance(value, Node):
        outputs = value._document.get("component", {}).get("outputs") or {}
        if len(outputs) != 1:
            raise Invalid(f"say which output of '{value._label}' is meant.")
        return str(Bound(next(iter(outputs)), value))
    if isinstance(value, (JobSpec, Input, Output)):
        return {
            key: _plain(item)
            for key, item in value.model_dump(mode="python", exclude_unset=True).items()
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


__all__ = [
    "Input",
    "Output",
    "command_component",
    "condition",
    "do_while",
    "if_else",
    "load_component",
    "notebook_component",
    "parallel_for",
    "pipeline",
    "step",
]
