"""AutoML jobs: a parent of an exploration, of trials, ensembles and an explanation, notebooks all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jupyter_mlws.automl.choosing import ALGORITHMS, chosen, missing_libraries
from jupyter_mlws.automl.forecast import check
from jupyter_mlws.automl.running import Search
from jupyter_mlws.automl.settings import settings
from jupyter_mlws.entities.azure.automl import AutoMLJob, problems
from jupyter_mlws.entities.azure.automl_here import obstacles
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.job import JobSpec
from jupyter_mlws.entities.pipeline import NodePort, Ports
from jupyter_mlws.execution.base import (
    Catalog,
    Family,
    Outcome,
    ParentJobType,
    Prepared,
    Standing,
    Start,
    declared_ports,
)

NOTHING: Mapping[str, NodePort] = MappingProxyType({})


class AutoMLJobType(ParentJobType):
    """Finds the model that fits a table best; every trial is a notebook that stays."""

    spec = AutoMLJob

    def problems(self, spec: JobSpec) -> Iterator[Problem]:
        """What does not fit the task, and what cannot be done here."""
        assert isinstance(spec, AutoMLJob)
        yield from problems(spec)
        yield from obstacles(spec)

    def prepare(
        self, spec: JobSpec, catalog: Catalog, *, pending: Mapping[str, NodePort] = NOTHING
    ) -> Prepared:
        """Refuse what cannot run; plan the rest."""
        assert isinstance(spec, AutoMLJob)
        found = []
        known = ALGORITHMS[spec.task]
        wished = chosen(spec, list(known))
        names = [name for name in wished if known[name].weighs or not spec.weight_column_name]
        unweighted = [name for name in wished if name not in names]
        if not names:
            why = f" ({', '.join(unweighted)}: no weights of rows)" if unweighted else ""
            message = f"no algorithm is left to try{why}."
            found.append(Problem(message, "training.allowed_training_algorithms"))
        if missing := list(missing_libraries(spec)):
            message = f"AutoML needs {', '.join(missing)}: `pip install jupyter_mlws[automl]`."
            found.append(Problem(message, "type", here=True))
        if found:
            raise Invalid.of(found)
        check(spec)
        plan = settings(spec, names, cores=os.cpu_count() or 1, unweighted=unweighted)
        return Prepared(spec, plan.model_dump(mode="json"), _warnings(spec, wished, unweighted))

    def ports(self, spec: JobSpec, read: Any) -> Ports:
        """What it declares, and the best model."""
        told = declared_ports(spec)
        told.outputs.setdefault("best_model", NodePort(name="best_model", type="mlflow_model"))
        return told

    def next(self, family: Family) -> Sequence[Start] | Outcome:
        """What to start now."""
        return Search(family).next()

    def standing(self, family: Family) -> Standing:
        """How far it is, and which trial is the best so far."""
        return Search(family).standing()

    def salvage(self, family: Family) -> Outcome:
        """The best model so far, of a job that was ended."""
        return Search(family).salvage()


def _warnings(spec: AutoMLJob, names: list[str], unweighted: list[str]) -> list[str]:
    found = []
    if unweighted:
        found.append(f"weight_column_name: {', '.join(unweighted)} cannot weigh rows; not tried.")
    wished = chosen(spec.model_copy(update={"environment": "any"}), list(ALGORITHMS[spec.task]))
    if left_out := [name for name in wished if name not in names]:
        extra = spec.task if spec.task == "forecasting" else "automl"
        found.append(
            f"{', '.join(left_out)} cannot be tried: `pip install jupyter_mlws[{extra}]` brings it."
        )
    if spec.limits.max_nodes and spec.limits.max_nodes > 1:
        found.append("limits.max_nodes: trials run on one machine.")
    if spec.validation_data is not None:
        found += [
            f"{field}: not used, the rows of validation_data check the models."
            for field in ("n_cross_validations", "validation_data_size")
            if getattr(spec, field) is not None
        ]
    if spec.log_verbosity:
        found.append("log_verbosity: not used, each notebook keeps all that it says.")
    return found
