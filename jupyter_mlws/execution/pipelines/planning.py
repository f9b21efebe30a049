"""A plan: what of a checked pipeline is kept with its job, as JSON."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from jupyter_mlws.entities.asset import Component
from jupyter_mlws.entities.pipeline import Ports
from jupyter_mlws.entities.record import Spec
from jupyter_mlws.execution.pipelines.compiling import Compiled
from jupyter_mlws.execution.pipelines.control import Control
from jupyter_mlws.execution.pipelines.nodes import Node


class PlannedControl(Spec):
    """A node that decides what runs."""

    question: str
    answer: dict[str, Any]
    gated: dict[str, bool] = Field(default_factory=dict)
    body: str | None = None
    mapping: dict[str, list[str]] = Field(default_factory=dict)
    limit: int = 1
    max_concurrency: int | None = None


class PlannedNode(Spec):
    """A step."""

    key: str
    type: str
    label: str
    document: dict[str, Any] = Field(default_factory=dict)
    component: str | None = None
    declared: dict[str, Any] | None = None
    ports: Ports
    given: dict[str, dict[str, Any]] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)
    before: list[str] = Field(default_factory=list)
    control: PlannedControl | None = None

    @property
    def node(self) -> Node:
        """The step as it was read."""
        declared = None if self.declared is None else Component.model_validate(self.declared)
        return Node(
            self.key,
            self.type,
            self.document,
            self.label,
            component=self.component,
            declared=declared,
            ports=self.ports,
            outputs=self.outputs,
        )


class Plan(Spec):
    """All that decides what runs next."""

    nodes: dict[str, PlannedNode]
    order: list[str]
    sources: dict[str, tuple[str, str]] = Field(default_factory=dict)


def planned(made: Compiled) -> Plan:
    """The plan of a pipeline in which nothing is wrong."""
    return Plan(
        nodes={
            key: PlannedNode(
                key=key,
                type=node.type,
                label=node.label,
                document=node.document,
                component=node.component,
                declared=_declared(node),
                ports=node.ports,
                given=made.given.get(key, {}),
                outputs=node.outputs,
                before=sorted(made.before[key]),
                control=_control(made.controls.get(key)),
            )
            for key, node in made.nodes.items()
        },
        order=made.order,
        sources=made.sources,
    )


def _declared(node: Node) -> dict[str, Any] | None:
    """Of a component only what is needed to start its job."""
    if node.declared is None:
        return None
    return node.declared.model_dump(
        mode="json", include={"name", "type", "inputs", "outputs", "is_deterministic"}
    )


def _control(control: Control | None) -> PlannedControl | None:
    if control is None:
        return None
    return PlannedControl(
        question=control.question[0],
        answer=control.answer,
        gated=control.gated,
        body=control.body,
        mapping=control.mapping,
        limit=control.limit,
        max_concurrency=control.max_concurrency,
    )
