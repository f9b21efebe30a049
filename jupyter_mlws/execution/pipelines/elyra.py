"""Pipelines drawn with Elyra: its `.pipeline` files as YAML of ours.

Source: Elyra's pipeline schema, versions 3 to 8. A node is a file; an edge is an order; values are
environment variables. Those become inputs of the pipeline, and variables of the steps that had them.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.pipeline import Converted

PROGRAMS = {".py": "python", ".r": "Rscript"}
RESERVED = frozenset({"path", "ld_library_path", "user", "logname", "home", "pwd", "shell"})
"""Names that no input may have."""


def converted(text: str, file: str) -> Converted:
    """The pipeline as YAML, and what of it is to be seen to.

    Raises:
        Invalid: it is no file of Elyra's, or has nodes that no step can be.
    """
    try:
        read = json.loads(text)
        name = read["primary_pipeline"]
        drawn = next(item for item in read["pipelines"] if item["id"] == name)
    except (ValueError, KeyError, TypeError, StopIteration):
        raise Invalid.of([Problem("this is no pipeline of Elyra's.", file=file)]) from None
    made = _Reading(drawn, PurePosixPath(file).stem)
    document = made.document()
    if made.problems:
        raise Invalid.of([Problem(text, field, file=file) for field, text in made.problems])
    said = "".join(f"# {warning}\n" for warning in made.warnings)
    lines = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    stem = PurePosixPath(file).stem
    return Converted(text=f"{said}{lines}", file=f"{stem}.pipeline.yml", warnings=made.warnings)


@dataclass
class _Reading:
    drawn: Mapping[str, Any]
    name: str
    inputs: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Names of the steps, by the ids of the nodes."""
    outputs: dict[str, list[str]] = field(default_factory=dict)
    """Files that steps leave for others, by their names."""
    warnings: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        nodes = [node for node in self.drawn.get("nodes", []) if self._is_step(node)]
        for node in nodes:
            self._name(node)
        about = self.drawn.get("app_data") or {}
        properties = about.get("properties") or {}
        common = dict(_variables((properties.get("pipeline_defaults") or {}).get("env_vars")))
        for node in nodes:
            key, given = self.keys[node["id"]], _parameters(node)
            self.outputs[key] = [name for name in given.get("outputs") or [] if name]
        jobs = {self.keys[node["id"]]: self._step(node, common) for node in nodes}
        if not jobs and not self.problems:
            self.problems.append(("pipelines", "there are no notebooks and scripts in it."))
        title = properties.get("name") or about.get("name") or self.name
        made: dict[str, Any] = {"type": "pipeline", "display_name": str(title)}
        if description := properties.get("description"):
            made["description"] = str(description)
        return {**made, **({"inputs": self.inputs} if self.inputs else {}), "jobs": jobs}

    def _is_step(self, node: Mapping[str, Any]) -> bool:
        if node.get("type") == "execution_node" and _file(node):
            if PurePosixPath(_file(node)).suffix.lower() in {".ipynb", *PROGRAMS}:
                return True
            self.problems.append((_label(node), f"'{_file(node)}' is no notebook and no script."))
        elif node.get("type") in ("execution_node", "super_node"):
            self.problems.append((_label(node), f"'{node.get('op')}' cannot be a step here."))
        return False

    def _name(self, node: Mapping[str, Any]) -> None:
        wish = re.sub(r"\W+", "_", PurePosixPath(_label(node)).stem, flags=re.ASCII).strip("_")
        wish = f"step_{wish}".rstrip("_") if not wish or wish[0].isdigit() else wish
        name, number = wish, 2
        while name in self.keys.values():
            name, number = f"{wish}_{number}", number + 1
        self.keys[node["id"]] = name

    def _step(self, node: Mapping[str, Any], common: Mapping[str, str]) -> dict[str, Any]:
        key, path, given = self.keys[node["id"]], _file(node), _parameters(node)
        before = [
            self.keys[link["node_id_ref"]]
            for port in node.get("inputs") or []
            for link in port.get("links") or []
            if link.get("node_id_ref") in self.keys
        ]
        variables = {**common, **dict(_variables(given.get("env_vars")))}
        made: dict[str, Any]
        if path.endswith(".ipynb"):
            made = {"type": "notebook", "notebook": path}
            self._tell_files(key, before)
            if before:
                made["depends_on"] = before
        else:
            made = self._script(key, path, before)
        if variables:
            made["environment_variables"] = {
                name: self._variable(key, name, value) for name, value in variables.items()
            }
        if image := given.get("runtime_image"):
            self.warnings.append(
                f"step '{key}': image '{image}' is left out: it runs in the workspace's"
                " environment; `environment:` names another."
            )
        return made

    def _script(self, key: str, path: str, before: list[str]) -> dict[str, Any]:
        """A script works in its folder; files of steps before are laid there, its own kept."""
        folder, name = posixpath.split(path)
        program = PROGRAMS[PurePosixPath(path).suffix.lower()]
        taken = [other for other in before if self.outputs[other] and self._hands_on(other)]
        lines = [f'cp -r "${{{{inputs.from_{other}}}}}/." .' for other in taken]
        lines.append(f"{program} {shlex.quote(name)}")
        made: dict[str, Any] = {"type": "command", "code": folder or "."}
        if kept := self.outputs[key]:
            lines.append(f'cp -r --parents {" ".join(kept)} "${{{{outputs.files}}}}"')
            made["outputs"] = {"files": {"type": "uri_folder"}}
        if taken:
            made["inputs"] = {
                f"from_{other}": f"${{{{parent.jobs.{other}.outputs.files}}}}" for other in taken
            }
        self._tell_files(key, [other for other in before if other not in taken], own=False)
        if left := [other for other in before if other not in taken]:
            made["depends_on"] = left
        made["command"] = " && ".join(lines)
        return made

    def _hands_on(self, key: str) -> bool:
        found = next(node for node in self.drawn["nodes"] if self.keys.get(node.get("id")) == key)
        return not _file(found).endswith(".ipynb")

    def _tell_files(self, key: str, before: list[str], *, own: bool = True) -> None:
        if own and self.outputs[key]:
            self.warnings.append(
                f"step '{key}' leaves {', '.join(self.outputs[key])}: name them in its cell tagged"
                " `outputs`, steps do not share a folder."
            )
        for other in before:
            if self.outputs[other]:
                self.warnings.append(
                    f"step '{key}' used files of '{other}': make them its inputs, steps do not"
                    " share a folder."
                )

    def _variable(self, key: str, name: str, value: str) -> str:
        if not name.isidentifier() or not name.isascii() or name.lower() in RESERVED:
            return value
        known = self.inputs.get(name, value)
        own = name if known == value else f"{key}_{name}"
        self.inputs[own] = value
        return f"${{{{parent.inputs.{own}}}}}"


def _parameters(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is set for a node; older files have it one level higher."""
    about: Mapping[str, Any] = node.get("app_data") or {}
    found = about.get("component_parameters")
    return found if isinstance(found, dict) else about


def _file(node: Mapping[str, Any]) -> str:
    return str(_parameters(node).get("filename") or "")


def _label(node: Mapping[str, Any]) -> str:
    about = node.get("app_data") or {}
    shown = about.get("label") or (about.get("ui_data") or {}).get("label")
    return str(shown or PurePosixPath(_file(node)).name or node.get("id"))


def _variables(said: Any) -> Iterator[tuple[str, str]]:
    for item in said or []:
        if isinstance(item, dict):
            yield str(item.get("env_var", "")), str(item.get("value", ""))
        else:
            name, _, value = str(item).partition("=")
            yield name, value
