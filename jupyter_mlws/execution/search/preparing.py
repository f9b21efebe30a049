"""From a sweep as it was asked for to the plan by which its trials are drawn and started."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jupyter_mlws.entities.asset import CommandComponent, Component, NotebookComponent
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.pipeline import NodePort
from jupyter_mlws.entities.sweep import SweepJob, Trial
from jupyter_mlws.execution.base import Catalog, Prepared
from jupyter_mlws.execution.pipelines.children import settle_options
from jupyter_mlws.execution.pipelines.nodes import Node, find_component
from jupyter_mlws.execution.search.space import Dimension, Point, applying, flattened, grid, values
from jupyter_mlws.execution.search.trials import DRAWN, Plan, document

AZURE_BAYESIAN = ("choice", "uniform", "quniform")
"""What Azure ML's bayesian sampling draws; ours draws all."""
MOST_GRID = 1_000_000
INHERITED = ("compute", "queue_settings", "cache", "retry_settings")
TRIAL_FIELDS = frozenset(
    {"command", "notebook", "code", "environment", "environment_variables", "resources"}
    | {"distribution"}
)


def prepared(spec: SweepJob, catalog: Catalog, pending: Mapping[str, NodePort]) -> Prepared:
    """The sweep's plan.

    Raises:
        Invalid: with a problem for each field that is wrong, in the sweep or in its trials.
    """
    dimensions = flattened(spec.search_space)
    _require_a_grid_that_ends(spec, dimensions)
    component = _component(spec, catalog)
    template, later = _template(spec, component, pending)
    plan = Plan(
        seed=_seed(spec),
        concurrent=min(
            spec.limits.max_concurrent_trials or os.cpu_count() or 1, spec.limits.max_total_trials
        ),
        template=template,
    )
    warnings = list(_warnings(spec))
    for point in _probes(dimensions):
        drawn = values(dimensions, point, spec.sampling_algorithm.base)
        job = document(template, drawn, "trial", 0, point)
        job.pop("name")
        try:
            warnings += catalog.check(job, later)
        except Invalid as error:
            raise Invalid.of(
                list(dict.fromkeys(_of_sweep(spec, each) for each in error.problems))
            ) from None
    return Prepared(spec, plan.model_dump(mode="json"), list(dict.fromkeys(warnings)))


def _seed(spec: SweepJob) -> int:
    said = spec.sampling_algorithm.seed
    return secrets.randbits(31) if said is None else abs(said)


def _require_a_grid_that_ends(spec: SweepJob, dimensions: list[Dimension]) -> None:
    if spec.sampling_algorithm.type != "grid":
        return
    inner = [each for each in dimensions if not each.options]
    if inner:
        field = f"search_space.{inner[0].path.partition('.')[0]}"
        raise Invalid.field(field, f"a grid is made of choices, and '{inner[0].path}' is none.")
    n_points = math.prod(len(each.options) for each in dimensions)
    if n_points > MOST_GRID:
        raise Invalid.field("search_space", f"a grid of {n_points} points is too large.")


def _component(spec: SweepJob, catalog: Catalog) -> Component | None:
    """The component that is tried, if it is one.

    Raises:
        Invalid: there is none of this name, or it is of a type that cannot be tried.
    """
    if isinstance(spec.trial, str):
        found, _ = find_component(spec.trial, catalog, "trial")
        if not isinstance(found, (CommandComponent, NotebookComponent)):
            message = (
                f"a component of type {found.type} cannot be tried: take a command or notebook."
            )
            raise Invalid.field("trial", message)
        return found
    if not spec.trial.inputs and not spec.trial.outputs:
        return None
    said = spec.trial.model_dump(mode="json", exclude_unset=True, exclude_none=True, by_alias=True)
    kind = NotebookComponent if spec.trial.kind == "notebook" else CommandComponent
    return kind.model_validate({"name": "anonymous", **said, "type": spec.trial.kind})


def _template(
    spec: SweepJob, component: Component | None, pending: Mapping[str, NodePort]
) -> tuple[dict[str, Any], dict[str, NodePort]]:
    """The trials' job without what is drawn, and the inputs whose values come later."""
    said = spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    source: Trial | Component = spec.trial if isinstance(spec.trial, Trial) else component  # type: ignore[assignment]
    trial = source.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    made: dict[str, Any] = {
        "type": "notebook" if trial.get("notebook") else "command",
        "display_name": spec.display_name,
        **{key: said[key] for key in INHERITED if key in said},
        **{key: said[key] for key in TRIAL_FIELDS if key in said and key != "resources"},
        **{key: trial[key] for key in (*TRIAL_FIELDS, "queue_settings") if key in trial},
    }
    made["environment_variables"] = {
        key: _filled(value)
        for key, value in {
            **said.get("environment_variables", {}),
            **trial.get("environment_variables", {}),
        }.items()
    }
    if "resources" in said:
        made["resources"] = {**said["resources"], **trial.get("resources", {})}
    if "command" in made:
        made["command"] = _filled(made["command"])
    limits = {"timeout": spec.limits.trial_timeout, "memory": spec.limits.memory}
    made["limits"] = {key: value for key, value in limits.items() if value is not None}
    made["outputs"] = {
        name: {key: value for key, value in output.items() if key in ("type", "mode")}
        for name, output in {**trial.get("outputs", {}), **said.get("outputs", {})}.items()
    }
    drawn = spec.search_space.keys()
    made["inputs"] = {
        name: given for name, given in said.get("inputs", {}).items() if name not in drawn
    }
    later = {name: port for name, port in pending.items() if name not in drawn}
    if component is not None:
        _fill_from(component, made, later, set(drawn))
    return {key: value for key, value in made.items() if value not in (None, {})}, later


def _fill_from(
    component: Component, made: dict[str, Any], later: Mapping[str, NodePort], drawn: set[str]
) -> None:
    """Give a component's job its defaults.

    Raises:
        Invalid: an input without a default is not given, or one that it has not is drawn.
    """
    missing = []
    for name, port in component.inputs.items():
        if name in made["inputs"] or name in later or name in drawn:
            continue
        if port.default is not None:
            made["inputs"][name] = port.default
        elif not port.optional:
            missing.append(Problem(f"the trial needs input '{name}'.", f"inputs.{name}"))
    if component.type == "command":
        unknown = drawn - component.inputs.keys()
        known = ", ".join(component.inputs) or "none"
        missing += [
            Problem(f"the trial has no input '{name}' (it has: {known}).", f"search_space.{name}")
            for name in sorted(unknown)
        ]
    if missing:
        raise Invalid.of(missing)
    node = Node("trial", component.type, made, "trial", declared=component)
    try:
        settle_options(made, {*made["inputs"], *later, *drawn}, node)
    except Invalid as error:
        raise error.below("trial") from None


def _filled(text: Any) -> Any:
    """What is drawn is an input of the trial's job."""
    return DRAWN.sub(r"${{inputs.\1}}", text) if isinstance(text, str) else text


def _probes(dimensions: list[Dimension]) -> Iterator[Point]:
    """Points that together have each value of each choice, and the ends of all else."""
    if not any(not each.options for each in dimensions) and len(grid(dimensions)) <= 4:
        yield from grid(dimensions)
        return
    n = max((len(each.options) for each in dimensions), default=1)
    for index in range(max(2, n)):
        point: Point = {}
        for each in dimensions:
            if each in applying(dimensions, point):
                options = each.options
                end = each.low if index % 2 == 0 else each.high
                point[each.path] = options[index % len(options)] if options else end
        yield point


def _of_sweep(spec: SweepJob, problem: Problem) -> Problem:
    """A problem of a trial's job, at the field of the sweep from which it comes."""
    first, _, rest = problem.field.partition(".")
    if first in TRIAL_FIELDS:
        return replace(problem, field=f"trial.{problem.field}")
    if first == "inputs" and rest.partition(".")[0] in spec.search_space:
        return replace(problem, field=f"search_space.{rest.partition('.')[0]}")
    if first == "limits":
        return replace(problem, field="limits")
    return problem


def _warnings(spec: SweepJob) -> Iterator[str]:
    if spec.sampling_algorithm.type == "bayesian":
        others = [n for n, kind in spec.search_space.items() if kind.type not in AZURE_BAYESIAN]
        if others:
            yield (
                f"search_space.{others[0]}: Azure ML's own bayesian sampling draws"
                f" {', '.join(AZURE_BAYESIAN)} only."
            )
