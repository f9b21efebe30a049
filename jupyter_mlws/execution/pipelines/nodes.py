"""One step of a pipeline: its document and its component as one, and what it takes and gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlws.entities.asset import COMPONENTS, Component, component_spec
from jupyter_mlws.entities.errors import Invalid, NotFound, Problem
from jupyter_mlws.entities.job import JobSpec
from jupyter_mlws.entities.kinds import JOBS, type_name
from jupyter_mlws.entities.pipeline import CONTROL_TYPES, NodePort, PipelineJob, Ports
from jupyter_mlws.entities.registry import REFERENCE as REGISTRY
from jupyter_mlws.entities.registry import reference_of
from jupyter_mlws.entities.scalars import fold
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution import assets
from jupyter_mlws.execution.base import Catalog

COMPONENT = re.compile(
    r"^(?:azureml:)?(?P<name>[^:/@]+)(?::(?P<version>[^:/@]+)|@(?P<label>[^:/@]+))$"
)
IMPLIED = {"notebook": "notebook", "jobs": "pipeline", "task": "parallel", "trial": "sweep"}
"""Keys that tell the type of a step that does not say it."""
MERGED = ("environment_variables", "resources", "limits", "queue_settings", "retry_settings")
"""Mappings in which a step changes single keys of its component's."""
OWN = frozenset({"$schema", "name", "inputs", "outputs", "type", "parent_job_name", "component"})
TOLERATED = frozenset({"comment", "depends_on", "experiment_name", "identity", "trial"})
"""Keys of a step that are no part of its job."""


@dataclass(slots=True)
class Node:
    """A step that could be read.

    Attributes:
        document: its job without name, inputs and outputs.
        component: name and version of the registered component that it is.
        declared: what the component declares; None for a step without one.
        ports: what it takes and gives.
        given: its inputs as its document says them.
        outputs: its outputs as its document says them.
        after: steps that must have ended before.
        control: the document of a node that decides what runs.
    """

    key: str
    type: str
    document: dict[str, Any]
    label: str
    description: str = ""
    component: str | None = None
    declared: Component | None = None
    ports: Ports = field(default_factory=Ports)
    given: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    control: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)


def read(key: str, said: Mapping[str, Any], catalog: Catalog) -> Node:
    """The step that a document describes; its inputs are not looked at yet.

    Raises:
        Invalid: with problems whose fields start at the step.
    """
    kind = fold(said.get("type"))
    label = str(said.get("display_name") or key)
    if kind in CONTROL_TYPES:
        node = Node(key, kind, {}, label, str(said.get("description") or ""), control=dict(said))
        node.after = _after(said)
        return node
    declared, component = _component(said, catalog)
    kind = _type(kind, said, declared, catalog)
    spec = catalog.types[kind].spec
    node = Node(
        key,
        kind,
        _merged(kind, said, declared, spec),
        label,
        str(said.get("description") or (declared.description if declared else "") or ""),
        component,
        declared,
        given=_mapping(said, "inputs"),
        outputs={name: _output(given) for name, given in _mapping(said, "outputs").items()},
        after=_after(said),
    )
    known = {info.alias or name for name, info in spec.model_fields.items()} | OWN | TOLERATED
    node.warnings = [
        f"step '{key}': '{name}' is no known field; it is ignored.{did_you_mean(name, known)}"
        for name in said
        if name not in known
    ]
    return node


def declared_ports(component: Component) -> Ports:
    """The inputs and outputs of a component."""
    return Ports(
        inputs={
            name: NodePort(
                name=name,
                type=port.type,
                description=port.description or "",
                required=port.default is None and not port.optional,
                default=port.default,
                choices=port.enum,
                minimum=port.min,
                maximum=port.max,
            )
            for name, port in component.inputs.items()
        },
        outputs={
            name: NodePort(name=name, type=port.type, description=port.description or "")
            for name, port in component.outputs.items()
        },
    )


def find_component(reference: Any, catalog: Catalog, field: str) -> tuple[Component, str | None]:
    """The component that is named or written out, and its exact reference where it is registered.

    Raises:
        Invalid: there is none, or it is wrong.
    """
    if isinstance(reference, dict):
        try:
            made = component_spec({"name": "anonymous", **reference})
        except Invalid as error:
            raise error.below(field) from None
        assert isinstance(made, Component)
        return made, None
    text = reference if isinstance(reference, str) else ""
    match, shared = COMPONENT.match(text), REGISTRY.match(text)
    if match is None and shared is None:
        hint = "azureml:NAME:VERSION, azureml:NAME@LABEL, ./FILE.yml or the component itself"
        raise Invalid.field(field, f"{reference!r:.80} is no component: give {hint}.")
    try:
        record = assets.resolve(catalog.store, "component", text if shared else _prefixed(text))
        assert record is not None, "it is a reference"
    except NotFound as error:
        raise Invalid.of([Problem(error.message, field, here=True)]) from None
    name = record.name.rpartition("/")[2]
    content = {**record.doc["content"], "name": name, "version": record.version}
    if record.doc.get("description"):
        content["description"] = record.doc["description"]
    made = component_spec(content)
    assert isinstance(made, Component)
    return made, reference_of("component", record.name, record.version)


def _prefixed(reference: str) -> str:
    return reference if reference.startswith("azureml:") else f"azureml:{reference}"


def ports_of(node: Node, catalog: Catalog) -> Ports:
    """What a step takes and gives: as its component declares, else as its type tells.

    Raises:
        Invalid: it cannot be told.
    """
    if node.declared is not None:
        ports = declared_ports(node.declared)
        if node.type != "notebook":
            return ports
    kind = catalog.types[node.type]
    outputs = {
        name: {k: v for k, v in said.items() if k in ("type", "mode")}
        for name, said in node.outputs.items()
    }
    spec = kind.spec.model_validate({**node.document, "type": node.type, "outputs": outputs})
    told = kind.ports(spec, catalog.read(spec))
    if node.declared is not None:
        return Ports(
            inputs={**told.inputs, **ports.inputs}, outputs={**told.outputs, **ports.outputs}
        )
    if node.type == "notebook":
        return told
    return told.model_copy(update={"is_open": True})


def problems_of(error: Invalid, node: str, said: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of a step's job, at the place in the pipeline's document where they were written."""
    for problem in error.problems or (Problem(error.message),):
        first = problem.field.partition(".")[0]
        component = said.get("component")
        inside = first not in said and isinstance(component, dict) and first in component
        parts = ("jobs", node, "component" if inside else "", problem.field)
        # a file that is named there already, such as the notebook, keeps its name and line
        yield replace(problem, field=".".join(part for part in parts if part))


def _component(said: Mapping[str, Any], catalog: Catalog) -> tuple[Component | None, str | None]:
    if "component" not in said:
        return None, None
    return find_component(said["component"], catalog, "component")


def _type(kind: Any, said: Mapping[str, Any], declared: Component | None, catalog: Catalog) -> str:
    if declared is not None and kind is not None and kind != declared.type:
        raise Invalid.field("type", f"is {kind}, and the component is of type {declared.type}.")
    if kind is None and declared is not None:
        kind = declared.type
    if kind is None:
        kind = next((name for key, name in IMPLIED.items() if key in said), "command")
    if not isinstance(kind, str) or kind not in catalog.types:
        if (plain := type_name(kind)) in {*JOBS, *COMPONENTS}:
            reason = JOBS[plain].reason if plain in JOBS else f"no {plain} steps run here"
            raise Invalid.of([Problem(f"{reason}.", "type", here=True)])
        known = [*sorted(catalog.types), *CONTROL_TYPES]
        raise Invalid.field(
            "type",
            f"{kind!r:.60} is no type of step (there are: {', '.join(known)})."
            f"{did_you_mean(str(kind), known)}",
        )
    if declared is None and kind == "command" and "command" not in said:
        raise Invalid.field("", "has neither `component` nor `command`, `notebook` or `jobs`.")
    return kind


def _merged(
    kind: str, said: Mapping[str, Any], declared: Component | None, spec: type[JobSpec]
) -> dict[str, Any]:
    fields = {info.alias or name for name, info in spec.model_fields.items()} - OWN
    made: dict[str, Any] = {}
    if declared is not None and spec is not PipelineJob:
        content = declared.model_dump(mode="json", exclude_none=True, exclude_unset=True)
        made = {key: content[key] for key in fields & content.keys() - {"tags", "properties"}}
        made.pop("description", None)
        made.pop("display_name", None)
    elif declared is not None:
        made["component"] = said["component"]
    for key in fields & said.keys():
        if key in MERGED and isinstance(said[key], dict) and isinstance(made.get(key), dict):
            made[key] = {**made[key], **said[key]}
        else:
            made[key] = said[key]
    made.pop("experiment_name", None)
    made.pop("identity", None)
    return made


def _mapping(said: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = said.get(key) or {}
    if not isinstance(found, dict):
        raise Invalid.field(key, "must be a mapping of names.")
    return found


def _output(said: Any) -> dict[str, Any]:
    """An output as a mapping; a text is a binding."""
    if said is None:
        return {}
    return dict(said) if isinstance(said, dict) else {"path": said}


def _after(said: Mapping[str, Any]) -> list[str]:
    found = said.get("depends_on") or []
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid.field("depends_on", "must be a list of steps.")
    return names
