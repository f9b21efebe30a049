"""A pipeline as a graph: also of one that is wrong, as far as it can be read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.inlining import inlined, named_files
from jupyter_mlws.entities.pipeline import (
    CONTROL_TYPES,
    Graph,
    GraphEdge,
    GraphNode,
    GraphProblem,
    NodePort,
    PipelineJob,
)
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.entities.yaml import Document, parse
from jupyter_mlws.execution.base import Catalog
from jupyter_mlws.execution.pipelines import bindings, fitting
from jupyter_mlws.execution.pipelines.compiling import Compiled, all_problems, compiled
from jupyter_mlws.execution.pipelines.nodes import Node
from jupyter_mlws.execution.submission import NOTHING, Desk


def draft(text: str, files: Mapping[str, str], desk: Desk, file: str | None = None) -> Graph:
    """The graph of a document that is being written.

    Args:
        files: text of the components and notebooks that it names, by the path as it names them.
    Raises:
        Invalid: it is no YAML.
    """
    document = parse(text, file=file)
    given = {posixpath.normpath(path): content for path, content in files.items()}
    wanted = [posixpath.normpath(p.removeprefix("file:")) for p in named_files(document.data)]
    missing = sorted({path for path in wanted if path not in given})
    problems: list[Problem] = []
    try:
        document = inlined(document, lambda path: _content(given, path))
    except Invalid as error:
        problems += [p for p in error.problems if not _is_about(p, missing)]
    data = _without_folders(document.data)
    catalog = replace(desk, files=given).catalog
    graph = _graph(document, data, catalog, problems, missing)
    return graph.model_copy(update={"missing": missing})


def drawn(data: dict[str, Any], desk: Desk) -> Graph:
    """The graph of a pipeline whose files were sent."""
    return _graph(Document(data, {}, None), data, desk.catalog, [], [])


def _graph(
    document: Document,
    data: dict[str, Any],
    catalog: Catalog,
    problems: list[Problem],
    missing: list[str],
) -> Graph:
    made: Compiled | None = None
    try:
        spec = validated(PipelineJob, {**data, "type": "pipeline"})
    except Invalid as error:
        problems += error.problems
        jobs = {key: node for key, node in _jobs(data).items() if isinstance(node, dict)}
        if jobs:
            made = compiled(PipelineJob.model_construct(jobs=jobs), catalog, pending=NOTHING)
    else:
        made = compiled(spec, catalog, pending=NOTHING)
        problems += all_problems(made)
    jobs = made.jobs if made else _jobs(data)
    return Graph(
        nodes=[_node(key, said, made, document) for key, said in jobs.items()],
        edges=list(_edges(made)) if made else [],
        inputs=list(made.inputs.values()) if made else [],
        outputs=list(made.outputs.values()) if made else [],
        problems=[
            _problem(document.located(problem), jobs)
            for problem in problems
            if not _is_about(problem, missing)
        ],
        warnings=made.warnings if made else [],
    )


def _node(key: str, said: Any, made: Compiled | None, document: Document) -> GraphNode:
    line = document.lines.get(("jobs", key))
    node = made.nodes.get(key) if made else None
    if node is None:
        said = said if isinstance(said, dict) else {}
        return GraphNode(
            key=key,
            type=str(said.get("type") or "command"),
            label=str(said.get("display_name") or key),
            line=line,
        )
    return GraphNode(
        key=key,
        type=node.type,
        label=node.label,
        description=node.description,
        component=node.component,
        inputs=_inputs(node),
        outputs=list(node.ports.outputs.values()),
        values=node.given if node.control is None else _said(node.control),
        after=node.after,
        line=line,
    )


def _inputs(node: Node) -> list[NodePort]:
    """The ports, and with them the inputs that an inline step simply has."""
    found = dict(node.ports.inputs)
    for name, said in node.given.items():
        if name not in found:
            kind = said.get("type", "any") if isinstance(said, dict) else "any"
            is_plain = not isinstance(said, (dict, str))
            found[name] = NodePort(name=name, type=fitting.literal_type(said) if is_plain else kind)
    return list(found.values())


def _edges(made: Compiled) -> Iterator[GraphEdge]:
    for key, given in made.given.items():
        for name, said in given.items():
            if "from" in said:
                source, output = said["from"]
                yield GraphEdge(source=source, output=output, target=key, input=name)
        for name in made.nodes[key].given:
            if own := _own(made.nodes[key].given[name]):
                yield GraphEdge(source="", output=own, target=key, input=name)
        for source in made.nodes[key].after:
            if source in made.nodes:
                yield GraphEdge(source=source, output="", target=key, input="", kind="order")
    for name, (source, output) in made.sources.items():
        yield GraphEdge(source=source, output=output, target="", input=name)
    for key, control in made.controls.items():
        if "from" in control.answer:
            source, output = control.answer["from"]
            field, kind = control.question[0], "data" if control.type != "do_while" else "control"
            yield GraphEdge.model_validate(
                {"source": source, "output": output, "target": key, "input": field, "kind": kind}
            )
        for inner, answer in control.gated.items():
            word = "true" if answer else "false"
            yield GraphEdge(source=key, output=word, target=inner, input="", kind="control")
        if control.body:
            yield GraphEdge(
                source=key, output="body", target=control.body, input="", kind="control"
            )


def _own(said: Any) -> str | None:
    """The pipeline's input that an input is bound to."""
    text = said.get("path", said.get("value")) if isinstance(said, dict) else said
    try:
        binding = bindings.parse(text)
    except Invalid:
        return None
    return binding.name if binding and binding.kind == "input" else None


def _problem(problem: Problem, jobs: Mapping[str, Any]) -> GraphProblem:
    path = problem.field.removeprefix("component.").split(".")
    node = path[1] if path[0] == "jobs" and len(path) > 1 and path[1] in jobs else None
    return GraphProblem(
        message=problem.message,
        node=node,
        field=problem.field,
        line=problem.line,
        file=problem.file,
    )


def _said(control: Mapping[str, Any]) -> dict[str, Any]:
    hidden = {"type", "display_name", "description", "comment", "depends_on"}
    return {key: value for key, value in control.items() if key not in hidden}


def _jobs(data: Mapping[str, Any]) -> dict[str, Any]:
    jobs = data.get("jobs")
    return jobs if isinstance(jobs, dict) else {}


def _content(files: Mapping[str, str], path: str) -> bytes:
    if path not in files:
        raise FileNotFoundError(path)
    return files[path].encode()


def _is_about(problem: Problem, missing: list[str]) -> bool:
    """Whether a problem says only that a file was not given along."""
    return any(f"'{path}'" in problem.message for path in missing)


def _without_folders(data: dict[str, Any]) -> dict[str, Any]:
    """The document as if all its files lay in one folder, whose contents are known by path."""
    made = dict(data)
    for key in ("component", "trial", "task"):
        if isinstance(made.get(key), dict):
            made[key] = _without_folders(made[key])
    code = made.get("code")
    if isinstance(code, str) and is_local(code):
        del made["code"]
        if isinstance(made.get("notebook"), str):
            made["notebook"] = posixpath.normpath(posixpath.join(code, made["notebook"]))
    elif isinstance(made.get("notebook"), str) and code is None:
        made["notebook"] = posixpath.normpath(made["notebook"])
    jobs = made.get("jobs")
    if isinstance(jobs, dict):
        made["jobs"] = {
            key: _without_folders(node)
            if isinstance(node, dict) and node.get("type") not in CONTROL_TYPES
            else node
            for key, node in jobs.items()
        }
    return made
