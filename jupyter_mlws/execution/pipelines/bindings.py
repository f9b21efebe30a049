"""`${{parent.…}}` in the steps of a pipeline: what it means.

Source: Azure ML v2 pipeline expressions, the legacy forms without `parent.` too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution.expressions import EXPRESSION

FORMS = (
    "there are ${{parent.inputs.NAME}}, ${{parent.outputs.NAME}}, ${{parent.jobs.STEP.outputs.NAME}}"
    " and ${{parent.jobs.STEP.inputs.NAME}}"
)
_PATH = re.compile(
    r"^(?:parent\.)?(?:"
    r"(?P<side>inputs|outputs)\.(?P<name>[A-Za-z_][\w.]*)"
    r"|jobs\.(?P<node>\w+)(?:\.(?P<node_side>inputs|outputs)\.(?P<port>[A-Za-z_][\w.]*))?"
    r")$"
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What an expression stands for.

    Attributes:
        kind: an input or output of the pipeline, an output or input of a step, or a step as such.
    """

    kind: Literal["input", "output", "node_output", "node_input", "node"]
    name: str = ""
    node: str = ""


def parse(value: Any) -> Binding | None:
    """What `value` is bound to; None for what is no expression.

    Raises:
        Invalid: the expression is unknown, or only a part of a text.
    """
    if not isinstance(value, str) or "${{" not in value:
        return None
    match = EXPRESSION.fullmatch(value.strip())
    if match is None or "${{" in match[1]:
        raise Invalid(f"'{value}': an expression must stand alone here.")
    return read(match[1], value)


def read(expression: str, text: str) -> Binding:
    """What stands between the braces.

    Raises:
        Invalid: it is unknown.
    """
    found = _PATH.match(expression)
    if found is None:
        raise Invalid(f"'{text}' stands for nothing: {FORMS}.")
    if found["side"]:
        return Binding("input" if found["side"] == "inputs" else "output", found["name"])
    if found["node_side"]:
        kind: Literal["node_output", "node_input"] = (
            "node_output" if found["node_side"] == "outputs" else "node_input"
        )
        return Binding(kind, found["port"], found["node"])
    return Binding("node", node=found["node"])


def fill(value: Any, parent: Callable[[str], Any]) -> Any:
    """`value` with `${{parent.inputs.NAME}}` in all its texts replaced; other expressions stay.

    Args:
        parent: answers the value of an input of the pipeline, or None to leave the expression.
    """
    if isinstance(value, dict):
        return {key: fill(item, parent) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, parent) for item in value]
    if not isinstance(value, str):
        return value
    whole = EXPRESSION.fullmatch(value.strip())
    if whole and (name := _parent_input(whole[1])) is not None:
        found = parent(name)
        return value if found is None else found

    def put(match: re.Match[str]) -> str:
        name = _parent_input(match[1])
        found = None if name is None else parent(name)
        return match[0] if found is None else str(found)

    return EXPRESSION.sub(put, value)


def _parent_input(expression: str) -> str | None:
    match = re.match(r"^parent\.inputs\.([A-Za-z_][\w.]*)$", expression)
    return match[1] if match else None
