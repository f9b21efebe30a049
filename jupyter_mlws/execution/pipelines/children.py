"""The job of a step, as it is submitted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution.pipelines.nodes import Node

OPTIONAL_TEXT = re.compile(r"\$\[\[(.*?)\]\]")


def child_document(node: Node) -> dict[str, Any]:
    """The job of a step, without name and inputs."""
    document = {**node.document, "type": node.type}
    document.setdefault("display_name", node.label)
    declared = node.declared.outputs if node.declared is not None else {}
    outputs: dict[str, Any] = {
        name: {"type": port.type, **({"mode": port.mode} if port.mode else {})}
        for name, port in declared.items()
    }
    for name, said in node.outputs.items():
        kept = {k: v for k, v in said.items() if k != "path" or not is_bound(v)}
        outputs[name] = {**outputs.get(name, {}), **kept}
    if outputs:
        document["outputs"] = outputs
    return document


def settle_options(document: dict[str, Any], given: set[str], node: Node) -> None:
    """Keep `$[[…]]` in a command only where every optional input inside was given.

    Raises:
        Invalid: it has no end, or an optional input that is not given stands outside.
    """
    command = document.get("command")
    if not isinstance(command, str) or node.declared is None:
        return
    optional = {name for name, port in node.declared.inputs.items() if port.optional}

    def keep(match: re.Match[str]) -> str:
        named = set(re.findall(r"\$\{\{\s*inputs\.(\w+)\s*\}\}", match[1]))
        return match[1] if not (named & optional) - given else ""

    text = OPTIONAL_TEXT.sub(keep, command)
    if "$[[" in text and "${{" in text.partition("$[[")[2]:
        raise Invalid.field("command", "'$[[' has no ']]' on the same line.")
    for name in sorted(optional - given):
        if re.search(rf"\$\{{\{{\s*inputs\.{name}\s*\}}\}}", text):
            raise Invalid.field(
                "command", f"input '{name}' is optional and was not given: put it inside $[[ ]]."
            )
    document["command"] = text


def input_of(given: Mapping[str, Any]) -> Any:
    """An input of a job, from what is known of it."""
    if "data" in given:
        return dict(given["data"])
    kind = given.get("type")
    if kind in ("string", "number", "integer", "boolean"):
        return {"type": kind, "value": given["value"]}
    return given["value"] if not isinstance(given["value"], (list, dict)) else _structured(given)


def _structured(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "uri_folder", "value": given["value"]}


def is_bound(path: Any) -> bool:
    """Whether an output's path is an expression as a whole, and no address with names in it."""
    return isinstance(path, str) and path.strip().startswith("${{") and "://" not in path
