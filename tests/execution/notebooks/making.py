"""Notebooks and attempts for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlws.execution.notebooks.interface import read
from jupyter_mlws.execution.notebooks.plan import Plan
from jupyter_mlws.execution.notebooks.record import Execution, read_record

RUNNER = [sys.executable, "-m", "jupyter_mlws.execution.notebooks.runner", "--kernel", "python3"]


def code(source: str, *tags: str, id: str = "") -> dict[str, Any]:
    """A code cell that did not run."""
    return {
        "cell_type": "code",
        "id": id or f"cell-{abs(hash(source))}",
        "metadata": {"tags": list(tags)},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def text(source: str) -> dict[str, Any]:
    """A markdown cell."""
    return {"cell_type": "markdown", "id": "text", "metadata": {}, "source": source}


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A notebook of these cells."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}


@dataclass(frozen=True)
class Ended:
    """What an attempt left."""

    folder: Path
    exit_code: int
    log: str

    @property
    def record(self) -> Execution:
        """The record of the execution."""
        found = read_record(self.folder)
        assert found is not None
        return found

    @property
    def executed(self) -> dict[str, Any]:
        """The executed copy."""
        content: dict[str, Any] = json.loads(Path(self.record.path).read_text())
        return content

    @property
    def states(self) -> dict[str, str]:
        """State of each cell by its id."""
        return {cell.cell_id: cell.state for cell in self.record.cells}

    def cell(self, cell_id: str) -> dict[str, Any]:
        """A cell of the executed copy."""
        found: dict[str, Any] = next(c for c in self.executed["cells"] if c["id"] == cell_id)
        return found

    def printed(self, cell_id: str) -> str:
        """What a cell printed to standard output."""
        outputs = self.cell(cell_id)["outputs"]
        return "".join("".join(o["text"]) for o in outputs if o.get("name") == "stdout")


def prepare(
    folder: Path,
    *cells: dict[str, Any],
    parameters: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    **fields: Any,
) -> Path:
    """An attempt's folder with a notebook `train.ipynb` and the plan to run it."""
    work = folder / "work"
    work.mkdir(parents=True)
    body = notebook(*cells)
    (work / "train.ipynb").write_text(json.dumps(body))
    for name, content in (files or {}).items():
        (work / name).write_text(content)
    interface = read(body)
    Plan(
        notebook="train.ipynb",
        cwd=work,
        parameters=dict(parameters or {}),
        types={port.name: port.type for port in interface.inputs},
        secrets=dict(secrets or {}),
        outputs=interface.outputs,
        env={**os.environ, **(env or {})},
        **fields,
    ).put(folder)
    return folder


def run(folder: Path) -> Ended:
    """Run a prepared attempt in a process of its own."""
    done = subprocess.run(
        [*RUNNER, "--folder", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=90,
        check=False,
    )
    return Ended(folder, done.returncode, done.stdout)
