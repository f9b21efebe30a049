"""What a notebook takes and gives, read from its cells without a kernel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from pydantic import ValidationError

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.interface import Interface, Port, Unreadable
from jupyter_mlws.entities.values import convert
from jupyter_mlws.execution.notebooks.assignments import CellReader
from jupyter_mlws.execution.notebooks.schema import input_schema

PARAMETERS, OUTPUTS, INJECTED = "parameters", "outputs", "injected-parameters"
"""Tags of the cells that speak about the interface."""
SKIPPED_TAGS = frozenset({"skip-in-run", "skip-execution"})
"""Cells with one of these are passed over."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell that says something about the interface."""

    id: str
    source: str


@dataclass(frozen=True, slots=True)
class _Sources:
    """All that the interface depends on; equal sources have equal interfaces."""

    language: str
    kernel: str | None
    stored: bytes
    parameters: Cell | None
    outputs: Cell | None
    ignored: tuple[Cell, ...]


def parse(content: bytes, path: str = "", field: str = "notebook") -> dict[str, Any]:
    """The notebook in `content`, with an id for each cell.

    Raises:
        Invalid: it is no notebook; the problem names `field`, file and, for broken JSON, the line.
    """
    try:
        notebook = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        message = f"is no notebook: it is not JSON ({error.msg})."
        line = error.lineno if content.strip() else None
        raise Invalid.of([Problem(message, field, line, path or None)]) from None
    try:
        return with_ids(notebook)
    except Invalid as error:
        raise Invalid.of(
            [Problem(p.message, field, None, path or None) for p in error.problems]
        ) from None


def with_ids(notebook: Any) -> dict[str, Any]:
    """The notebook with its cells' ids; cells of old files are called `cell-<index>`.

    Raises:
        Invalid: it is no notebook of format 4.
    """
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise Invalid.field("notebook", "is no notebook: it has no 'nbformat'.")
    if notebook["nbformat"] != 4:
        raise Invalid.field(
            "notebook",
            f"is a notebook of format {notebook['nbformat']}, only 4 can run: open it and save it anew.",
        )
    if not isinstance(cells, list) or not all(_is_cell(cell) for cell in cells):
        raise Invalid.field("notebook", "is no notebook: its 'cells' are not a list of cells.")
    seen: set[str] = set()
    numbered = []
    for index, cell in enumerate(cells):
        cell_id = str(cell.get("id") or f"cell-{index}")
        cell_id = cell_id if cell_id not in seen else f"cell-{index}"
        seen.add(cell_id)
        numbered.append({**cell, "id": cell_id})
    return {**notebook, "metadata": _object(notebook.get("metadata")), "cells": numbered}


def read(notebook: Mapping[str, Any]) -> Interface:
    """The interface of a notebook, given its JSON.

    The first that speaks wins: `metadata.mlws.interface`; the annotations and comments of the cell tagged
    `parameters` and the names of the cell tagged `outputs`; guesses from default values.

    Raises:
        Invalid: it is no notebook.
    """
    return _read(_sources(with_ids(dict(notebook)))).model_copy(deep=True)


def source_of(cell: Mapping[str, Any]) -> str:
    """The text of a cell, whether the file has it whole or in lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def tags_of(cell: Mapping[str, Any]) -> Sequence[str]:
    """The tags of a cell."""
    tags = _object(cell.get("metadata")).get("tags") or ()
    return tags if isinstance(tags, (list, tuple)) else ()


def _object(value: Any) -> dict[str, Any]:
    """`value` when it is an object; files written by others hold anything."""
    return value if isinstance(value, dict) else {}


def _is_cell(cell: Any) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return False
    source = cell.get("source", "")
    return isinstance(source, str) or (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    )


def _sources(notebook: dict[str, Any]) -> _Sources:
    metadata = notebook["metadata"]
    spec, info = _object(metadata.get("kernelspec")), _object(metadata.get("language_info"))
    language = str(info.get("name") or spec.get("language") or "python")
    tagged: dict[str, list[Cell]] = {PARAMETERS: [], OUTPUTS: []}
    for cell in notebook["cells"]:
        for tag in (PARAMETERS, OUTPUTS):
            if cell["cell_type"] == "code" and tag in tags_of(cell):
                tagged[tag].append(Cell(cell["id"], source_of(cell)))
    return _Sources(
        language=language,
        kernel=str(spec["name"]) if spec.get("name") else None,
        stored=orjson.dumps(_object(metadata.get("mlws")).get("interface")),
        parameters=next(iter(tagged[PARAMETERS]), None),
        outputs=next(iter(tagged[OUTPUTS]), None),
        ignored=tuple(tagged[PARAMETERS][1:] + tagged[OUTPUTS][1:]),
    )


@lru_cache(maxsize=256)
def _read(sources: _Sources) -> Interface:
    unreadable = [
        Unreadable(
            cell_id=cell.id,
            line=1,
            text=cell.source.partition("\n")[0],
            reason="an earlier cell has this tag; only the first is read.",
        )
        for cell in sources.ignored
    ]
    stored = _stored(sources.stored, unreadable)
    inputs, outputs = stored if stored is not None else _from_cells(sources, unreadable)
    return Interface(
        language=sources.language,
        kernel=sources.kernel,
        has_parameters=stored is not None or sources.parameters is not None,
        inputs=inputs,
        outputs=outputs,
        unreadable=unreadable,
        input_schema=input_schema(inputs),
    )


def _stored(text: bytes, unreadable: list[Unreadable]) -> tuple[list[Port], list[Port]] | None:
    """The ports in the notebook's metadata, if it has any that can be read."""
    body = orjson.loads(text)
    if body is None:
        return None
    try:
        return _ports(body.get("inputs")), _ports(body.get("outputs"))
    except (AttributeError, TypeError, ValidationError) as error:
        reason = f"the stored interface is broken and not used: {str(error).splitlines()[0]}"
        unreadable.append(
            Unreadable(cell_id="", line=0, text="metadata.mlws.interface", reason=reason)
        )
        return None


def _ports(body: Any) -> list[Port]:
    """Ports given as a list, or as an object from name to the rest."""
    rows = (
        [{"name": name, **port} for name, port in body.items()] if isinstance(body, dict) else body
    )
    return [Port.model_validate(row) for row in rows or ()]


def _from_cells(sources: _Sources, unreadable: list[Unreadable]) -> tuple[list[Port], list[Port]]:
    if sources.language.lower() not in {"python", "ipython"}:
        return _from_translator(sources, unreadable), []
    inputs: list[Port] = []
    outputs: list[Port] = []
    for cell, ports, is_output in (
        (sources.parameters, inputs, False),
        (sources.outputs, outputs, True),
    ):
        if cell is not None:
            reader = CellReader(cell.id, cell.source, outputs=is_output)
            ports.extend(reader.ports)
            unreadable.extend(reader.unreadable)
    return inputs, outputs


def _from_translator(sources: _Sources, unreadable: list[Unreadable]) -> list[Port]:
    """Inputs of another language, as far as papermill's translator for it can tell."""
    if sources.parameters is None:
        return []
    from nbformat.v4 import new_code_cell
    from papermill.exceptions import PapermillException
    from papermill.translators import papermill_translators

    cell = sources.parameters
    try:
        translator = papermill_translators.find_translator(sources.kernel or "", sources.language)
        found = translator.inspect(new_code_cell(cell.source))
    except (NotImplementedError, PapermillException):
        found = _plain_assignments(cell.source)
        if not found:
            reason = (
                f"parameters of {sources.language} cannot be read; values are passed unchecked."
            )
            unreadable.append(
                Unreadable(
                    cell_id=cell.id, line=1, text=cell.source.partition("\n")[0], reason=reason
                )
            )
        return found
    return [Port(name=parameter.name, description=parameter.help) for parameter in found]


def _plain_assignments(source: str) -> list[Port]:
    """`name = value  # help` and `name <- value`, which R, Julia, bash and others share."""
    pattern = r"^\s*(?:val |var |let )?\$?([A-Za-z][\w.]*)\s*(?:=(?!=)|<-)\s*([^#\n]*?);?\s*(?:#\s*(.*))?$"
    return [
        Port(name=name, description=text or "", default=_simple(value))
        for name, value, text in re.findall(pattern, source, re.MULTILINE)
    ]


def _simple(value: str) -> Any:
    """A number, text or truth value that most languages write alike; None for anything else."""
    words = {"true": True, "TRUE": True, "false": False, "FALSE": False}
    if value in words:
        return words[value]
    if re.fullmatch(r"'[^'\\]*'|\"[^\"\\]*\"", value):
        return value[1:-1]
    number = value.removesuffix("L")
    try:
        return int(number) if re.fullmatch(r"[+-]?\d+", number) else float(number)
    except ValueError:
        return None


__all__ = [
    "INJECTED",
    "OUTPUTS",
    "PARAMETERS",
    "convert",
    "parse",
    "read",
    "source_of",
    "tags_of",
    "with_ids",
]
