"""Notebook jobs: a notebook is run with typed inputs, and its executed copy is the record."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.errors import Invalid, NotFound, Problem
from jupyter_mlws.entities.interface import ASSET_TYPES, Interface, Port
from jupyter_mlws.entities.job import (
    Cause,
    CellError,
    Input,
    JobError,
    JobSpec,
    NotebookJob,
    Progress,
)
from jupyter_mlws.entities.pipeline import NodePort, Ports
from jupyter_mlws.entities.snapshot import Snapshot
from jupyter_mlws.entities.values import convert
from jupyter_mlws.execution.base import (
    Ingredients,
    JobContext,
    JobType,
    Outcome,
    Report,
    Step,
    declared_ports,
)
from jupyter_mlws.execution.caching import sources
from jupyter_mlws.execution.notebooks import interface as interfaces
from jupyter_mlws.execution.notebooks.injection import port_types
from jupyter_mlws.execution.notebooks.outputs import FILE as OUTPUTS_FILE
from jupyter_mlws.execution.notebooks.plan import Plan
from jupyter_mlws.execution.notebooks.record import Execution, end_record, read_record

RUNNER = "jupyter_mlws.execution.notebooks.runner"
NATIVE_KERNEL = "python3"
"""Name under which Jupyter knows the kernel of the interpreter it runs in."""

_READ_AT_START = ("PYTHON", "LD_", "DYLD_", "IPYTHON", "JUPYTER", "MALLOC_", "LC_", "LANG", "TZ")
"""Variables that a process reads when it starts; a kernel that runs already would not see them."""

_MAX_TAG = 5000


class NotebookJobType(JobType):
    """Runs a notebook on a kernel that is warm already where that is possible."""

    spec = NotebookJob

    def check(self, spec: JobSpec, read: Any, *, pending: Collection[str] = ()) -> list[str]:
        assert isinstance(spec, NotebookJob)
        interface = _interface(spec, _bytes(spec, read))
        _converted(spec, interface, data={}, resolved=None, pending=pending)
        warnings = [] if spec.environment else _own_kernel(interface)[1]
        unreadable = [
            f"{spec.notebook}: {item.text!r}: {item.reason}" for item in interface.unreadable
        ]
        return [*warnings, *unreadable]

    def ports(self, spec: JobSpec, read: Any) -> Ports:
        assert isinstance(spec, NotebookJob)
        interface = _interface(spec, _bytes(spec, read))
        declared = declared_ports(spec).outputs
        return Ports(
            inputs={port.name: _node_port(port) for port in interface.inputs},
            outputs={**{port.name: _node_port(port) for port in interface.outputs}, **declared},
            is_open=not interface.inputs and _is_unchecked(interface),
        )

    def ingredients(self, spec: JobSpec, code: Snapshot, read: Any) -> Ingredients:
        """Its code cells, the modules that they import, the files that they name, all its values."""
        assert isinstance(spec, NotebookJob)
        notebook = interfaces.parse(_bytes(spec, read), spec.notebook)
        interface = interfaces.read(notebook)
        known = {port.name for port in interface.inputs if port.default is not None}
        cells = [
            (interfaces.tags_of(cell), interfaces.source_of(cell))
            for cell in notebook["cells"]
            if cell["cell_type"] == "code"
        ]
        blobs = {file.path: file.blob for file in code.files if file.path != spec.notebook}
        start = Path(spec.notebook).parent.as_posix().removeprefix(".")
        used = sources.used(
            blobs,
            [source for tags, source in cells if not interfaces.SKIPPED_TAGS & set(tags)],
            read,
            start=start,
            strict=True,
        )
        data = {name for name in spec.inputs if _is_data(spec, name)}
        values = _converted(spec, interface, data={}, resolved=None, pending=data)
        return Ingredients(
            code={
                "cells": [_cell_mark(tags, source, known) for tags, source in cells],
                "kernel": interface.kernel if spec.environment is None else None,
                "environment_variables": spec.environment_variables,
            },
            values={**_defaults(interface, {*values, *data}), **values},
            files={path: blobs[path] for path in used},
        )

    def secret_inputs(self, spec: JobSpec, read: Any) -> set[str]:
        assert isinstance(spec, NotebookJob)
        ports = _interface(spec, _bytes(spec, read)).inputs
        return {port.name for port in ports if port.type == "secret" and port.name in spec.inputs}

    def plan(self, context: JobContext) -> Step:
        spec = context.spec
        assert isinstance(spec, NotebookJob)
        work = context.folder / "work"
        interface = _interface(spec, _bytes(spec, partial(_read_file, work)))
        values = _converted(spec, interface, data=context.inputs, resolved=context.inputs)
        types = port_types(interface.inputs)
        names = [name for name, kind in types.items() if kind == "secret" and name in values]
        secrets = {name: context.secrets.get(name, str(values.pop(name))) for name in names}
        kernel = context.kernel or NATIVE_KERNEL
        if spec.environment is None:
            kernel, _ = _own_kernel(interface)
        plan = Plan(
            notebook=spec.notebook,
            cwd=work,
            parameters=values,
            defaults=_defaults(interface, {*values, *secrets}),
            types={name: types[name] for name in values},
            secrets=secrets,
            hidden=list(context.secrets.values()),
            outputs=interface.outputs,
            targets={
                name: (str(path), _is_file(spec, name)) for name, path in context.outputs.items()
            },
            env=dict(context.env),
            cell_timeout_s=spec.cell_timeout,
        )
        plan.put(context.folder)
        is_warm = interface.language.lower() == "python" and not _reads_at_start(spec)
        argv = [sys.executable, "-m", RUNNER, "--kernel", kernel]
        return Step(
            argv=argv if is_warm else [*argv, "--folder", str(context.folder)],
            cwd=work,
            env=context.env,
            standby=is_warm,
            redact=list(secrets.values()),
        )

    def standby(self, python: str) -> Sequence[str]:
        return [sys.executable, "-m", RUNNER, "--kernel", NATIVE_KERNEL]

    def progress(self, context: JobContext) -> Progress | None:
        record = read_record(context.folder)
        if record is None:
            return None
        done = sum(cell.state in {"done", "failed", "skipped"} for cell in record.cells)
        running = next((i for i, c in enumerate(record.cells, 1) if c.state == "running"), None)
        return Progress(
            done=done, total=len(record.cells), label=f"cell {running}" if running else ""
        )

    def finish(self, context: JobContext, report: Report) -> Outcome:
        end_record(context.folder)
        record = read_record(context.folder)
        if record is None:
            return Outcome()
        outcome = Outcome(error=_error(record, report), files=_files(context, record))
        outcome.params = {
            name: _text(value)
            for name, value in record.parameters.items()
            if not _is_data(context.spec, name)
        }
        for output in record.outputs.values():
            if output.path is not None:
                continue
            outcome.values[output.name] = output.value
            if output.type in {"number", "integer"}:
                outcome.metrics[output.name] = float(output.value)
            else:
                outcome.tags[f"mlws.output.{output.name}"] = _text(output.value)[:_MAX_TAG]
        return outcome


def _bytes(spec: NotebookJob, read: Any) -> bytes:
    """The notebook's file in the code.

    Raises:
        Invalid: it is not there, or outside of it.
    """
    parts = Path(spec.notebook).parts
    if Path(spec.notebook).is_absolute() or ".." in parts:
        raise Invalid.field("notebook", f"'{spec.notebook}' is outside of the code folder.")
    try:
        return bytes(read(Path(spec.notebook).as_posix()))
    except NotFound:
        raise Invalid.field(
            "notebook", f"there is no '{spec.notebook}' in the code folder."
        ) from None


def _read_file(folder: Path, path: str) -> bytes:
    try:
        return (folder / path).read_bytes()
    except OSError as error:
        raise NotFound(f"'{path}': {error.strerror}.") from None


def _interface(spec: NotebookJob, content: bytes) -> Interface:
    return interfaces.read(interfaces.parse(content, spec.notebook))


def _converted(
    spec: NotebookJob,
    interface: Interface,
    *,
    data: Mapping[str, Any],
    resolved: Mapping[str, Any] | None,
    pending: Collection[str] = (),
) -> dict[str, Any]:
    """The values of all inputs given, in their types.

    Args:
        data: local path of the data of each input that is data, once it is there.
        resolved: values in which expressions are filled in; the spec's own when not yet known.
        pending: inputs that come later, and are not looked at.
    """
    if pending:
        known = [port for port in interface.inputs if port.name not in pending]
        interface = interface.model_copy(update={"inputs": known})
    ports = {port.name: port for port in interface.inputs}
    values: dict[str, Any] = {}
    found: list[Problem] = []
    for name, given in spec.inputs.items():
        if name in pending:
            continue
        if isinstance(given, Input) and _is_data(spec, name):
            values[name] = data.get(name, given.path)
            if name in ports and not _takes_data(ports[name]):
                kind = ports[name].type
                found.append(Problem(f"takes a value ({kind}), not data.", f"inputs.{name}"))
        else:
            value = given.value if isinstance(given, Input) else given
            values[name] = value if resolved is None else resolved.get(name, value)
    if found:
        raise Invalid.of(found)
    if not ports and _is_unchecked(interface):
        return values
    return convert(interface, values)


def _is_data(spec: JobSpec, name: str) -> bool:
    given = spec.inputs.get(name)
    return isinstance(given, Input) and given.value is None and given.path is not None


def _takes_data(port: Port) -> bool:
    return port.type in ASSET_TYPES | {"path", "string", "any"}


def _is_unchecked(interface: Interface) -> bool:
    """Whether the notebook has parameters that nobody can read: then any value is passed on."""
    return interface.has_parameters and interface.language.lower() != "python"


def _cell_mark(tags: Sequence[str], source: str, known: Collection[str]) -> str:
    """What a cell does, as a hash; defaults that can be read count as values and not here."""
    if interfaces.SKIPPED_TAGS & set(tags) or interfaces.INJECTED in tags:
        return ""
    without = known if interfaces.PARAMETERS in tags else ()
    return sources.fingerprint(sources.normal(source, without=without))


def _node_port(port: Port) -> NodePort:
    return NodePort(
        name=port.name,
        type=port.type,
        description=port.description,
        required=port.required,
        default=port.default,
        choices=port.choices,
        minimum=port.minimum,
        maximum=port.maximum,
    )


def _own_kernel(interface: Interface) -> tuple[str, list[str]]:
    """Name of the kernel that the notebook asks for, else of the service's own; and warnings.

    Raises:
        Invalid: there is none for the notebook's language.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    installed = sorted(KernelSpecManager().find_kernel_specs())
    if interface.kernel in installed:
        return str(interface.kernel), []
    if interface.language.lower() == "python":
        if interface.kernel is None:
            return NATIVE_KERNEL, []
        made = f"The notebook was made with kernel '{interface.kernel}', which is not installed"
        return NATIVE_KERNEL, [f"{made}; it runs on '{NATIVE_KERNEL}'."]
    raise Invalid.field(
        "notebook",
        f"needs a kernel for {interface.language} ('{interface.kernel}'), which is not installed."
        f" There are: {', '.join(installed)}.",
    )


def _defaults(interface: Interface, given: Collection[str]) -> dict[str, Any]:
    """What inputs without a given value come to, as far as the notebook's text tells."""
    return {
        port.name: port.default
        for port in interface.inputs
        if port.name not in given
        and port.default is not None
        and port.type not in {"secret", *ASSET_TYPES}
    }


def _is_file(spec: NotebookJob, name: str) -> bool:
    return name in spec.outputs and spec.outputs[name].type == "uri_file"


def _reads_at_start(spec: NotebookJob) -> bool:
    return any(name.startswith(_READ_AT_START) for name in spec.environment_variables)


def _error(record: Execution, report: Report) -> JobError | None:
    """Why the attempt failed; what ended it from outside counts more than what the notebook saw."""
    if report.canceled:
        return None
    if report.cause in {Cause.TIMEOUT, Cause.OUT_OF_MEMORY, Cause.SUPERVISOR_LOST}:
        error = JobError(cause=report.cause, message=report.message)
        cell = _interrupted(record, report)
        if cell is not None:
            where = f"Cell {cell.code_index} was running."
            error = error.model_copy(
                update={"cell": cell, "message": f"{report.message.rstrip('.')}. {where}"}
            )
    elif record.error is not None:
        error = record.error
    else:
        return None
    return error.model_copy(update={"exit_code": report.exit_code})


def _interrupted(record: Execution, report: Report) -> CellError | None:
    """The cell that ran when the process was ended."""
    for place, cell in enumerate(record.cells):
        if cell.state == "running":
            cause = str(report.cause.value if report.cause else "")
            return CellError(
                cell_id=cell.cell_id,
                index=cell.index,
                code_index=place + 1,
                ename=cause,
                evalue=report.message,
            )
    return None


def _files(context: JobContext, record: Execution) -> dict[str, Path]:
    """The executed copy, values, long outputs, and outputs that the job itself does not declare."""
    files = {record.name: Path(record.path), OUTPUTS_FILE: context.folder / OUTPUTS_FILE}
    folders = [context.folder / "cell-outputs"]
    named = context.folder / "named-outputs"
    if named.is_dir():
        folders += [path for path in named.iterdir() if path.name not in context.outputs]
    for path in (file for folder in folders for file in folder.rglob("*")):
        files[path.relative_to(context.folder).as_posix()] = path
    return {name: path for name, path in files.items() if path.is_file()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
