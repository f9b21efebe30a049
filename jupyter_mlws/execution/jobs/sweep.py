"""Sweep jobs: trials of a command or a notebook, whose best is the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import JobSpec
from jupyter_mlws.entities.pipeline import NodePort, Ports
from jupyter_mlws.entities.sweep import SweepJob, Trial, problems
from jupyter_mlws.execution.base import (
    Catalog,
    Family,
    Outcome,
    ParentJobType,
    Prepared,
    Standing,
    Start,
    Stop,
    declared_ports,
)
from jupyter_mlws.execution.search import running
from jupyter_mlws.execution.search.preparing import prepared

NOTHING: Mapping[str, NodePort] = MappingProxyType({})


class SweepJobType(ParentJobType):
    """Draws values, starts a job for each draw, stops those without hope."""

    spec = SweepJob

    def problems(self, spec: JobSpec) -> Iterator[Problem]:
        assert isinstance(spec, SweepJob)
        return problems(spec)

    def prepare(
        self, spec: JobSpec, catalog: Catalog, *, pending: Mapping[str, NodePort] = NOTHING
    ) -> Prepared:
        assert isinstance(spec, SweepJob)
        return prepared(spec, catalog, pending)

    def ports(self, spec: JobSpec, read: Any) -> Ports:
        """What it declares, and what a component that is tried declares and is not drawn."""
        assert isinstance(spec, SweepJob)
        told = declared_ports(spec)
        if isinstance(spec.trial, Trial):
            for name, port in spec.trial.outputs.items():
                told.outputs.setdefault(name, NodePort(name=name, type=port.type))
        return told

    def watches(self, spec: JobSpec) -> bool:
        assert isinstance(spec, SweepJob)
        return spec.early_termination is not None

    def next(self, family: Family) -> Sequence[Start | Stop] | Outcome:
        return running.next_(family)

    def standing(self, family: Family) -> Standing:
        return running.standing(family)

    def salvage(self, family: Family) -> Outcome:
        return running.salvage(family)
