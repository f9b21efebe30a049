"""Nodes that decide what runs: `if_else`, `do_while`, `parallel_for`.

Source: the control-flow nodes of Azure ML's SDK v2 (`azure.ai.ml.dsl`), and their YAML.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.pipeline import STEP
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution.pipelines import bindings
from jupyter_mlws.execution.pipelines.nodes import Node

Problems = list[Problem]
MOST_ROUNDS = 1000


@dataclass(slots=True)
class Control:
    """What a node decides, and by what.

    Attributes:
        question: field that the answer comes from, what it says, and the type it must have.
        answer: `value`, `data` or `from` a step's output.
        gated: the steps that may be left out, and for which answer they run.
        body: the step that a loop repeats.
        mapping: outputs of the body that are inputs of its next round.
    """

    type: str
    question: tuple[str, Any, str]
    answer: dict[str, Any] = field(default_factory=dict)
    gated: dict[str, bool] = field(default_factory=dict)
    body: str | None = None
    mapping: dict[str, list[str]] = field(default_factory=dict)
    limit: int = MOST_ROUNDS
    max_concurrency: int | None = None


class _Kind(ABC):
    keys: ClassVar[set[str]]

    def body(self, said: Mapping[str, Any]) -> str | None:
        """The step that is repeated, as far as it can be told."""
        match = STEP.match(str(said.get("body", "")))
        return match[1] if match else None

    @abstractmethod
    def read(self, node: Node, nodes: Mapping[str, Node]) -> tuple[Control | None, Problems]:
        """What the node decides, and what is wrong with it; fields start at the node."""

    def unknown(self, said: Mapping[str, Any]) -> Problems:
        common = {"type", "display_name", "description", "comment", "depends_on", "name", "outputs"}
        known = self.keys | common
        return [
            Problem(f"unknown key '{key}'.{did_you_mean(key, known)}", key)
            for key in said
            if key not in known
        ]


class _IfElse(_Kind):
    keys: ClassVar[set[str]] = {"condition", "true_block", "false_block"}

    def read(self, node: Node, nodes: Mapping[str, Node]) -> tuple[Control | None, Problems]:
        said = node.control or {}
        problems = self.unknown(said)
        control = Control("if_else", ("condition", said.get("condition"), "boolean"))
        if "condition" not in said:
            problems.append(Problem("is required.", "condition"))
        elif isinstance(said["condition"], bool):
            control.answer = {"value": said["condition"], "type": "boolean"}
        elif not _is_expression(said["condition"]):
            text = f"must be true, false or an expression (got {said['condition']!r:.60})."
            problems.append(Problem(text, "condition"))
        if not said.get("true_block") and not said.get("false_block"):
            problems.append(Problem("needs a `true_block` or a `false_block`.", ""))
        for key, answer in (("true_block", True), ("false_block", False)):
            for step in _listed(said.get(key)):
                try:
                    name = _step(step, nodes)
                except Invalid as error:
                    problems.append(Problem(error.message, key))
                    continue
                if name in control.gated:
                    problems.append(Problem(f"step '{name}' stands in both blocks.", key))
                control.gated[name] = answer
        return (None if problems else control), problems


class _DoWhile(_Kind):
    keys: ClassVar[set[str]] = {"body", "condition", "mapping", "limits"}

    def read(self, node: Node, nodes: Mapping[str, Node]) -> tuple[Control | None, Problems]:
        said = node.control or {}
        problems = self.unknown(said)
        body = _body(said, nodes, problems)
        limits = said.get("limits")
        limit = limits.get("max_iteration_count") if isinstance(limits, dict) else None
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST_ROUNDS:
            text = f"must be 1 to {MOST_ROUNDS}" + (
                f" (got {limit!r:.40})." if limit is not None else "; it is required."
            )
            problems.append(Problem(text, "limits.max_iteration_count"))
        condition = said.get("condition")
        if condition is not None and not isinstance(condition, bool):
            problems += _condition_problems(condition, body)
        mapping = _mapping(said.get("mapping"), nodes.get(body or ""), problems)
        if problems or body is None or not isinstance(limit, int):
            return None, problems
        control = Control("do_while", ("condition", condition, "boolean"), body=body)
        control.mapping, control.limit = mapping, limit
        if condition is None or isinstance(condition, bool):
            control.answer = {"value": condition is not False, "type": "boolean"}
        return control, []


class _ParallelFor(_Kind):
    keys: ClassVar[set[str]] = {"body", "items", "max_concurrency"}

    def read(self, node: Node, nodes: Mapping[str, Node]) -> tuple[Control | None, Problems]:
        said = node.control or {}
        problems = self.unknown(said)
        body = _body(said, nodes, problems)
        most = said.get("max_concurrency")
        if most is not None and (not isinstance(most, int) or not 1 <= most <= MOST_ROUNDS):
            text = f"must be 1 to {MOST_ROUNDS} (got {most!r:.40})."
            problems.append(Problem(text, "max_concurrency"))
        items = said.get("items")
        control = Control("parallel_for", ("items", items, "string"), body=body)
        control.max_concurrency = most if isinstance(most, int) else None
        if items is None:
            problems.append(Problem("is required.", "items"))
        elif not _is_expression(items):
            try:
                rounds = read_items(items)
                problems += _item_problems(rounds, nodes.get(body or ""))
                control.answer = {"value": items, "type": "any"}
            except Invalid as error:
                problems.append(Problem(error.message, "items"))
        return (None if problems else control), problems


CONTROLS: Mapping[str, _Kind] = {
    "if_else": _IfElse(),
    "do_while": _DoWhile(),
    "parallel_for": _ParallelFor(),
}


def read_items(said: Any) -> dict[str, dict[str, Any]]:
    """The inputs of each round of a loop, by the name of the round.

    Raises:
        Invalid: it is neither a list of mappings, nor a mapping of such, nor JSON of one of these.
    """
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError as error:
            raise Invalid(f"is no JSON: {error}.") from None
    if isinstance(said, list):
        said = {str(number): item for number, item in enumerate(said)}
    if not isinstance(said, dict) or not all(isinstance(item, dict) for item in said.values()):
        raise Invalid("must be a list of mappings from inputs to values, or a mapping of such.")
    if not 1 <= len(said) <= MOST_ROUNDS:
        raise Invalid(f"must have 1 to {MOST_ROUNDS} items (has {len(said)}).")
    return {str(key): dict(item) for key, item in said.items()}


def _body(said: Mapping[str, Any], nodes: Mapping[str, Node], problems: Problems) -> str | None:
    if "body" not in said:
        problems.append(Problem("is required.", "body"))
        return None
    try:
        return _step(said["body"], nodes)
    except Invalid as error:
        problems.append(Problem(error.message, "body"))
        return None


def _step(said: Any, nodes: Mapping[str, Node]) -> str:
    match = STEP.match(said) if isinstance(said, str) else None
    name = match[1] if match else said
    if not isinstance(name, str) or (match is None and "$" in name):
        raise Invalid(f"{said!r:.60} is no step: say ${{{{parent.jobs.STEP}}}}.")
    if name not in nodes:
        known = ", ".join(nodes)
        raise Invalid(f"there is no step '{name}' (there are: {known}).{did_you_mean(name, nodes)}")
    if nodes[name].control is not None:
        raise Invalid(f"step '{name}' runs nothing itself: put what it controls into a pipeline.")
    return name


def _mapping(said: Any, body: Node | None, problems: Problems) -> dict[str, list[str]]:
    if said is None or body is None:
        return {}
    if not isinstance(said, dict):
        problems.append(Problem("must be a mapping from outputs to inputs of the body.", "mapping"))
        return {}
    found = {}
    for output, inputs in said.items():
        found[output] = names = [_bare(name) for name in _listed(inputs)]
        if output not in body.ports.outputs:
            known = ", ".join(body.ports.outputs) or "none"
            text = f"the body has no output '{output}' (there are: {known})."
            problems.append(Problem(text, f"mapping.{output}"))
        for name in names:
            if name not in body.ports.inputs:
                known = ", ".join(body.ports.inputs) or "none"
                text = f"the body has no input '{name}' (there are: {known})."
                problems.append(Problem(text, f"mapping.{output}"))
    return found


def _bare(name: Any) -> str:
    try:
        binding = bindings.parse(name)
    except Invalid:
        return str(name)
    return binding.name if binding else str(name)


def _condition_problems(condition: Any, body: str | None) -> Problems:
    if not _is_expression(condition):
        text = f"must be true, false or an output of the body (got {condition!r:.60})."
        return [Problem(text, "condition")]
    try:
        binding = bindings.parse(condition)
    except Invalid as error:
        return [Problem(error.message, "condition")]
    if binding and body and (binding.kind != "node_output" or binding.node != body):
        return [Problem(f"must be an output of the body '{body}'.", "condition")]
    return []


def _item_problems(rounds: Mapping[str, Mapping[str, Any]], body: Node | None) -> Problems:
    if body is None or body.ports.is_open:
        return []
    return [
        Problem(
            f"the body has no input '{name}' (there are: {', '.join(body.ports.inputs) or 'none'}).",
            f"items.{key}.{name}",
        )
        for key, item in rounds.items()
        for name in item
        if name not in body.ports.inputs
    ]


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [] if said is None else [said]


def _is_expression(said: Any) -> bool:
    return isinstance(said, str) and "${{" in said
