"""A notebook step outside of a workspace: `python -m jupyter_mlws.execution.notebooks.alone NOTEBOOK`.

What a notebook job does, from the command line: inputs in their types, outputs gathered and written where
they are wanted. Pipelines that are exported to Azure ML run their notebooks so.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.interface import ASSET_TYPES, Interface
from jupyter_mlws.entities.values import convert
from jupyter_mlws.execution.notebooks import interface as interfaces
from jupyter_mlws.execution.notebooks.injection import port_types
from jupyter_mlws.execution.notebooks.plan import Plan

KERNEL = "python3"
FOLDERS = ("inputs", "named-outputs", "user_logs", "system_logs")
"""Where a run leaves its files, as in a job's folder."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one notebook; answers one of `attempt.EXIT_CODES`."""
    parser = argparse.ArgumentParser(prog="alone", description="Run a notebook as a step.")
    parser.add_argument("notebook", help="its path from here")
    parser.add_argument("--kernel", default=KERNEL, help="name of the kernelspec")
    for side, what in (("input", "VALUE"), ("output", "PATH")):
        parser.add_argument(f"--{side}", action="append", default=[], metavar=f"NAME={what}")
    options = parser.parse_args(arguments)
    try:
        plan = planned(options.notebook, _named(options.input), _named(options.output))
    except (MlwsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    from jupyter_mlws.execution.notebooks.attempt import run_in

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in FOLDERS:
            (folder / name).mkdir()
        plan.put(folder)
        return run_in(folder, options.kernel)


def planned(notebook: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Plan:
    """What is to be executed; a text is read as YAML reads it where the notebook wants no text.

    Raises:
        Invalid: an input is unknown, missing, or of a wrong type.
        OSError: there is no such notebook.
    """
    cwd = Path.cwd()
    interface = interfaces.read(interfaces.parse((cwd / notebook).read_bytes(), notebook))
    values = convert(interface, {name: _value(interface, name, inputs[name]) for name in inputs})
    types = port_types(interface.inputs)
    secrets = {name: str(values.pop(name)) for name in list(values) if types.get(name) == "secret"}
    return Plan(
        notebook=notebook,
        cwd=cwd,
        parameters=values,
        types={name: types[name] for name in values},
        secrets=secrets,
        outputs=interface.outputs,
        targets={name: (str(Path(path).absolute()), False) for name, path in outputs.items()},
        env=dict(os.environ),
    )


def _value(interface: Interface, name: str, text: str) -> Any:
    port = next((port for port in interface.inputs if port.name == name), None)
    if port is None or port.type in ASSET_TYPES | {"path", "string", "secret", "any"}:
        return text
    return yaml.safe_load(text)


def _named(words: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in words)}


if __name__ == "__main__":
    # As for the runner of jobs: all is written, and the kernel is gone.
    code = main()
    sys.stdout.flush()
    os._exit(code)
