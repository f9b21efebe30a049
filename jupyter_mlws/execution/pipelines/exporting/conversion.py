"""From a pipeline's document to a file for others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal

import yaml

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.inlining import inlined
from jupyter_mlws.entities.pipeline import Converted
from jupyter_mlws.entities.yaml import parse
from jupyter_mlws.execution.pipelines import drawing
from jupyter_mlws.execution.pipelines.exporting.azureml import azureml
from jupyter_mlws.execution.pipelines.exporting.script import script
from jupyter_mlws.execution.submission import Desk

Format = Literal["azureml", "python"]
ENDINGS = re.compile(r"(\.pipeline)?\.ya?ml$")


def converted(
    text: str, files: Mapping[str, str], format: Format, desk: Desk, file: str | None
) -> Converted:
    """A document that lies beside its components and notebooks.

    Raises:
        Invalid: it is no YAML, or no pipeline that could run.
    """
    file = file or "pipeline.yml"
    graph = drawing.draft(text, files, desk, file)
    wrong = [Problem(p.message, p.field, p.line, p.file) for p in graph.problems]
    if wrong:
        raise Invalid.of(wrong)
    document = parse(text, file=file)
    stem = ENDINGS.sub("", PurePosixPath(file).name)
    if format == "python":
        return Converted(text=script(document.data, stem), file=f"{stem}.py")
    if "jobs" not in document.data:
        raise Invalid.field("jobs", "there are no steps to write down.")
    whole = inlined(document, lambda path: files[path].encode() if path in files else _gone(path))
    made, warnings = azureml(document.data, whole.data, graph)
    lines = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=100)
    said = "".join(f"# {warning}\n" for warning in warnings)
    return Converted(text=f"{said}{lines}", file=f"{stem}.azureml.yml", warnings=warnings)


def _gone(path: str) -> bytes:
    raise FileNotFoundError(path)
