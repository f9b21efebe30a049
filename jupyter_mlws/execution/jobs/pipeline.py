"""Pipeline jobs: steps that hand results on, each a job of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import JobSpec
from jupyter_mlws.entities.pipeline import NodePort, PipelineJob, Ports
from jupyter_mlws.execution.base import (
    Catalog,
    Family,
    Outcome,
    ParentJobType,
    Prepared,
    Start,
    declared_ports,
)
from jupyter_mlws.execution.pipelines.compiling import all_problems, compiled
from jupyter_mlws.execution.pipelines.planning import Plan, planned
from jupyter_mlws.execution.pipelines.running import COLLECTED, Progress

NOTHING: Mapping[str, NodePort] = MappingProxyType({})


class PipelineJobType(ParentJobType):
    """Starts each step as soon as all that it needs is there."""

    spec = PipelineJob

    def prepare(
        self, spec: JobSpec, catalog: Catalog, *, pending: Mapping[str, NodePort] = NOTHING
    ) -> Prepared:
        assert isinstance(spec, PipelineJob)
        made = compiled(spec, catalog, pending=pending)
        if problems := list(all_problems(made)):
            raise Invalid.of(problems)
        return Prepared(made.spec, planned(made).model_dump(mode="json"), made.warnings)

    def ports(self, spec: JobSpec, read: Any) -> Ports:
        """What it declares; outputs without a type may be anything that a step gives."""
        told = declared_ports(spec)
        for name, output in spec.outputs.items():
            if "type" not in output.model_fields_set:
                told.outputs[name] = NodePort(name=name)
        return told

    def next(self, family: Family) -> Sequence[Start] | Outcome:
        answer = Progress(family, Plan.model_validate(family.plan)).next()
        if isinstance(answer, Outcome):
            _collect(answer, family)
        return answer


def _collect(outcome: Outcome, family: Family) -> None:
    """Of a loop: each output with all rounds in it."""
    said = family.spec.properties.get(COLLECTED)
    for output in json.loads(said) if said else ():
        found: dict[str, str] = {}
        values: list[Any] = []
        for child in family.children.values():
            key = child.properties["mlws.pipeline.step"].removeprefix("item_")
            if output in child.values:
                values.append(child.values[output])
            elif child.status.value == "Completed":
                found[key] = f"azureml://jobs/{child.name}/outputs/{output}"
        if values:
            outcome.values[output] = values
        elif found:
            outcome.outputs[output] = found
