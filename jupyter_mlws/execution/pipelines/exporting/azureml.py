"""A pipeline in Azure ML's YAML: what is ours is said in its words, or told as a warning.

Source: the Azure ML v2 pipeline YAML schema.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlws.entities.inlining import is_file
from jupyter_mlws.entities.pipeline import CONTROL_TYPES, Graph, GraphNode
from jupyter_mlws.execution.pipelines import fitting

SCHEMA = "https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
CURATED = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
PYTHON = "3.11"
RUN = "python -m jupyter_mlws.execution.notebooks.alone"
UNKNOWN = ("cache", "cell_timeout", "retry_settings")
"""Fields of a step that only we have."""
OWN_SETTINGS = ("cache", "max_concurrency", "on_init", "on_finalize")
OWN_PROPERTIES = "mlws."
REFERENCE = re.compile(r"^azureml:([^:/@]+)[:@]")


def azureml(
    document: Mapping[str, Any], whole: Mapping[str, Any], graph: Graph
) -> tuple[dict[str, Any], list[str]]:
    """The pipeline as Azure ML reads it, and what of it is lost or must be seen to.

    Args:
        document: as the pipeline's YAML says it, component files named and not put in.
        whole: the same with the component files in it.
        graph: what its steps take and give.
    """
    components = {
        key: node["component"]
        for key, node in whole["jobs"].items()
        if isinstance(node, dict) and isinstance(node.get("component"), dict)
    }
    made = _Translation({node.key: node for node in graph.nodes}, components)
    return made.pipeline(document), made.warnings


@dataclass
class _Translation:
    nodes: Mapping[str, GraphNode]
    components: Mapping[str, dict[str, Any]]
    warnings: list[str] = field(default_factory=list)

    def pipeline(self, document: Mapping[str, Any]) -> dict[str, Any]:
        made = {"$schema": SCHEMA, "type": "pipeline", **document}
        made["$schema"] = SCHEMA
        if made.pop("steps", None):
            self.warnings.append("`steps` is left out: Azure ML runs all steps of a pipeline.")
        if isinstance(properties := made.get("properties"), dict):
            kept = {k: v for k, v in properties.items() if not k.startswith(OWN_PROPERTIES)}
            made = {k: v for k, v in made.items() if k != "properties"}
            made |= {"properties": kept} if kept else {}
        if settings := self._settings(made.pop("settings", None) or {}):
            made["settings"] = settings
        if str(made.get("compute") or "").removeprefix("azureml:") == "local":
            del made["compute"]
        made["jobs"] = {key: self._step(key, said) for key, said in document["jobs"].items()}
        return made

    def _settings(self, said: Mapping[str, Any]) -> dict[str, Any]:
        made = {k: v for k, v in said.items() if k not in OWN_SETTINGS[:2]}
        if said.get("cache") in ("refresh", "off", False):
            made["force_rerun"] = True
        if said.get("max_concurrency"):
            self.warnings.append(
                "`settings.max_concurrency` is left out: in Azure ML the size of the compute limits."
            )
        if str(made.get("default_compute") or "").removeprefix("azureml:") == "local":
            made["default_compute"] = "serverless"
            self.warnings.append("`settings.default_compute` is serverless: there is no `local`.")
        return made

    def _step(self, key: str, said: Any) -> Any:
        if is_file(said):
            return said
        made = {k: v for k, v in said.items() if k not in UNKNOWN}
        if "cache" in said:
            self._warn(key, "`cache` is left out: `is_deterministic` of a component says it there")
        if str(made.get("compute") or "").removeprefix("azureml:") == "local":
            del made["compute"]
        if said.get("type") in CONTROL_TYPES:
            return self._in_order(key, made, takes_inputs=False)
        if "notebook" in made and "component" not in made:
            made = self._notebook(key, made)
        elif (component := made.get("component")) is not None:
            made["component"] = self._component(key, component)
        else:
            made = self._environment(key, self._without_values(key, made))
            made.setdefault("type", self.nodes[key].type if key in self.nodes else "command")
        if isinstance(made.get("jobs"), dict):
            inner = _Translation({}, {}, self.warnings)
            made["jobs"] = {k: inner._step(k, node) for k, node in made["jobs"].items()}
        return self._in_order(key, made, takes_inputs="component" not in made)

    def _in_order(self, key: str, made: dict[str, Any], *, takes_inputs: bool) -> dict[str, Any]:
        """What only orders steps is, in Azure ML, an input that nobody reads."""
        after = made.pop("depends_on", None) or []
        for other in [after] if isinstance(after, str) else after:
            if takes_inputs and made.get("type") == "command":
                path = f"${{{{parent.jobs.{other}.outputs.artifacts}}}}"
                made["inputs"] = {
                    **(made.get("inputs") or {}),
                    f"after_{other}": {"type": "uri_folder", "path": path},
                }
            else:
                self._warn(
                    key, f"that it comes after '{other}' is left out: Azure ML orders by data only"
                )
        return made

    def _component(self, key: str, said: Any) -> Any:
        """A file stays a file where Azure ML can read it; else what it says is put in its place."""
        if isinstance(said, str) and (match := REFERENCE.match(said)):
            self._warn(key, f"component '{match[1]}' must be registered in Azure ML too")
            return said
        content = said if isinstance(said, dict) else self.components.get(key)
        if content is None:
            return said
        made = self._environment(key, content)
        return said if made == content else made

    def _without_values(self, key: str, made: dict[str, Any]) -> dict[str, Any]:
        """Commands written in place hand on files alone there."""
        outputs = dict(made.get("outputs") or {})
        for name, said in outputs.items():
            kind = said.get("type") if isinstance(said, dict) else None
            if kind is not None and not fitting.is_data(kind):
                outputs[name] = {**said, "type": "uri_file"}
                self._warn(
                    key, f"output '{name}' ({kind}) is a file there: no values are handed on"
                )
        return {**made, "outputs": outputs} if outputs else made

    def _environment(self, key: str, made: dict[str, Any]) -> dict[str, Any]:
        said = made.get("environment")
        if said is None and "command" in made:
            self._warn(key, "has no environment: sklearn-1.5 is written, check that it has enough")
            return {**made, "environment": CURATED}
        if not isinstance(said, dict):
            return made
        if "kernel" in said:
            self._warn(
                key, f"kernel '{said['kernel']}' is unknown to Azure ML: sklearn-1.5 instead"
            )
            return {**made, "environment": CURATED}
        if "requirements" in said:
            self._warn(key, "`requirements` is no field of Azure ML: name them in `conda_file`")
        if {"pip", "python", "requirements"} & said.keys():
            kept = {k: v for k, v in said.items() if k not in ("pip", "python", "requirements")}
            conda = _conda(said.get("pip") or [], str(said.get("python") or PYTHON))
            return {**made, "environment": {"image": IMAGE, "conda_file": conda, **kept}}
        return made

    def _notebook(self, key: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """The command that does there what the notebook step does here."""
        node = self.nodes.get(key)
        kinds = {port.name: port.type for port in node.outputs} if node else {}
        inputs = said.get("inputs") or {}
        given = said.get("outputs") or {}
        code = said.get("code") or posixpath.dirname(said["notebook"]) or "."
        path = said["notebook"] if said.get("code") else posixpath.basename(said["notebook"])
        outputs: dict[str, Any] = {}
        for name, kind in {**kinds, **dict.fromkeys(given, "")}.items():
            if kind and not fitting.is_data(kind):
                self._warn(key, f"output '{name}' ({kind}) is a value: read it from the log there")
                continue
            where = given.get(name) or {}
            where = where if isinstance(where, dict) else {"path": where}
            type_ = fitting.data_type(kind) if kind else "uri_folder"
            outputs[name] = {"type": "uri_folder" if type_ == "mltable" else type_, **where}
            if outputs[name].get("path", "").startswith("${{"):
                # What is bound has the type that the pipeline's output says.
                outputs[name] = outputs[name]["path"]
        words = [RUN, shlex.quote(path)]
        words += [f"--input {name}=${{{{inputs.{name}}}}}" for name in inputs]
        words += [f"--output {name}=${{{{outputs.{name}}}}}" for name in outputs]
        kept = {k: v for k, v in said.items() if k not in ("notebook", "code", "type")}
        made = {
            "type": "command",
            **kept,
            "code": code,
            "command": " ".join(words),
            **({"outputs": outputs} if outputs else {}),
        }
        if "environment" not in said:
            self._warn(key, "its environment has jupyter_mlws alone: add what the notebook imports")
            conda = _conda(["jupyter_mlws"], PYTHON)
            made["environment"] = {"image": IMAGE, "conda_file": conda}
            return made
        self._warn(key, "its environment must have jupyter_mlws, which runs the notebook")
        return self._environment(key, made)

    def _warn(self, key: str, text: str) -> None:
        self.warnings.append(f"step '{key}': {text}.")


def _conda(packages: list[str], python: str) -> dict[str, Any]:
    return {
        "name": "step",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", *([{"pip": packages}] if packages else [])],
    }
