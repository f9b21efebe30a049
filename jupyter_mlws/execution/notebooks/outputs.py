"""The outputs of a notebook, gathered from its variables, its calls and what older tools recorded."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from jupyter_mlws.entities.interface import Port
from jupyter_mlws.entities.job import Cause
from jupyter_mlws.entities.run import special_float
from jupyter_mlws.execution.notebooks import in_kernel
from jupyter_mlws.execution.notebooks.kernels import Kernel
from jupyter_mlws.execution.notebooks.record import OutputRecord, Recorder, swap

FILE = "outputs.json"
"""Holds the values of all outputs that are JSON."""

_MODULE = f'__import__("sys").modules["{in_kernel.MODULE}"]'
FAREWELL = f"{_MODULE}.finish()"
"""Code that ends a kernel's work; see `in_kernel.finish`."""

_SCRAP = "application/scrapbook.scrap.json+json"
_SCRAP_TEXT = "application/scrapbook.scrap.text+json"
_RECORD = "application/papermill.record+json"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """An output that was declared and not given as declared."""

    cause: Cause
    message: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What a Python kernel is told before the first cell.

    Attributes:
        env: environment variables to be set; `unset` are taken away.
        targets: where outputs go that the job itself declares, and whether that is a file.
    """

    folder: Path
    cwd: Path
    env: Mapping[str, str]
    unset: Sequence[str]
    ports: Sequence[Port]
    targets: Mapping[str, tuple[str, bool]]

    @property
    def code(self) -> str:
        """Text that makes the kernel ready when it is run."""
        declared: dict[str, dict[str, Any]] = {
            port.name: {"type": port.type} for port in self.ports
        }
        for name, (path, is_file) in self.targets.items():
            declared.setdefault(name, {}).update(path=path, is_file=is_file)
        setup = {
            "journal": str(self.folder / Outputs.JOURNAL),
            "declared": declared,
            "cwd": str(self.cwd),
            "env": dict(self.env),
            "unset": list(self.unset),
        }
        text = (
            Path(in_kernel.__file__).read_text(encoding="utf-8") + "\ninstall(globals(), SETUP)\n"
        )
        names = {"__name__": in_kernel.MODULE, "SETUP": setup}
        return f"exec(compile({text!r}, '<jupyter_mlws>', 'exec'), {names!r})"


class Outputs:
    """Gathers the outputs of one execution."""

    JOURNAL = ".outputs.jsonl"

    def __init__(
        self, kernel: Kernel, folder: Path, ports: Sequence[Port], recorder: Recorder
    ) -> None:
        self._kernel = kernel
        self._folder = folder
        self._ports = ports
        self._recorder = recorder
        self._read_bytes = 0

    def collect(self) -> list[Shortfall]:
        """Read the declared names from the kernel; answers those that are missing or of a wrong type.

        Names that a call or an older tool has given already are not looked for again. Kernels of other
        languages are asked for nothing: for them a declared output is one that was recorded.

        Raises:
            DeadKernelError: the kernel ended.
        """
        self._take_in()
        given = self._recorder.execution.outputs
        names = [port.name for port in self._ports if port.name not in given]
        if names and self._kernel.is_python:
            return [short for name in names for short in self._collect(name)]
        return [_missing(name) for name in names]

    def _collect(self, name: str) -> list[Shortfall]:
        try:
            self._kernel.run_silently(f"{_MODULE}.collect({name!r})")
        except RuntimeError as error:
            reason = str(error).removeprefix("WrongType: ")
            return [Shortfall(Cause.WRONG_TYPE, f"output '{name}' cannot be kept: {reason}.")]
        return self._take_in()

    def take_display(self, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """Take in a value that scrapbook or `papermill.record` shows."""
        for name, value in (data.get(_RECORD) or {}).items():
            self._recorder.output(_recorded(name, value, "papermill"))
        for scrap in filter(None, (data.get(_SCRAP), data.get(_SCRAP_TEXT))):
            name, value = str(scrap.get("name")), scrap.get("data")
            if scrap.get("encoder") == "pandas":
                self._recorder.output(self._table(name, str(value)))
            else:
                self._recorder.output(_recorded(name, value, "scrapbook"))

    def write(self) -> None:
        """Write the values that are JSON to `outputs.json`, and drop the journal."""
        self._take_in()
        (self._folder / self.JOURNAL).unlink(missing_ok=True)
        records = self._recorder.execution.outputs.values()
        values = {record.name: record.value for record in records if record.path is None}
        if values:
            swap(self._folder / FILE, orjson.dumps(values, option=orjson.OPT_INDENT_2))
        self._recorder.save()

    def _take_in(self) -> list[Shortfall]:
        """Read what the kernel has written since the last time."""
        try:
            content = (self._folder / self.JOURNAL).read_bytes()
        except FileNotFoundError:
            return []
        lines = content[self._read_bytes :].splitlines()
        self._read_bytes = len(content)
        short = []
        for line in map(_loads, lines):
            if line.get("missing"):
                short.append(_missing(line["name"]))
            else:
                self._recorder.output(OutputRecord.model_validate(line))
        return short

    def _table(self, name: str, encoded: str) -> OutputRecord:
        folder = self._folder / "named-outputs" / Path(name).name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "data.parquet"
        path.write_bytes(base64.b64decode(encoded))
        return OutputRecord(name=name, type="dataset", path=str(path), source="scrapbook")


def _missing(name: str) -> Shortfall:
    text = f"output '{name}' is declared and the notebook has no variable of this name."
    return Shortfall(Cause.MISSING_OUTPUT, text)


def _loads(line: bytes) -> dict[str, Any]:
    """A line of the journal. Python writes NaN there, which JSON does not have: it becomes a text."""
    body: dict[str, Any] = json.loads(line)
    if isinstance(body.get("value"), float):
        body["value"] = special_float(body["value"])
    return body


def _recorded(name: str, value: Any, source: str) -> OutputRecord:
    kinds = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "list"),
    )
    kind = next((word for cls, word in kinds if isinstance(value, cls)), "object")
    return OutputRecord(name=name, type=kind, value=value, source=source)
