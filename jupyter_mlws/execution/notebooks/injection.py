"""The cell that carries a run's values into a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.interface import Port
from jupyter_mlws.execution.notebooks.interface import INJECTED, PARAMETERS, tags_of

SECRET_PREFIX = "MLWS_SECRET_"
"""Environment variables of the kernel that hold secret inputs begin so."""

_PYTHON = ("python", "ipython")
_BUILDERS = {
    "date": '__import__("datetime").date.fromisoformat({})',
    "datetime": '__import__("datetime").datetime.fromisoformat({})',
    "path": '__import__("pathlib").Path({})',
}
_SECRETS = {
    "python": '{name} = __import__("os").environ["{variable}"]',
    "ipython": '{name} = __import__("os").environ["{variable}"]',
    "r": '{name} = Sys.getenv("{variable}")',
    "julia": '{name} = ENV["{variable}"]',
    "bash": '{name}="${variable}"',
    "scala": 'val {name} = sys.env("{variable}")',
}


def secret_variable(name: str) -> str:
    """The environment variable that holds the secret input `name`."""
    return SECRET_PREFIX + name.upper()


def inject(
    notebook: NotebookNode,
    values: Mapping[str, Any],
    *,
    language: str,
    kernel: str,
    types: Mapping[str, str],
    secrets: Iterable[str] = (),
) -> None:
    """Put a cell that assigns `values` behind the cell tagged `parameters`, or first.

    It takes the place of a cell that an earlier run injected. Without values and secrets nothing changes.

    Args:
        types: port type of each value, for those that are no JSON in the notebook: dates and paths.
        secrets: names whose values are read from the kernel's environment.
    Raises:
        Invalid: the language has no way to be given a value.
    """
    source = code(values, language=language, kernel=kernel, types=types, secrets=secrets)
    if not source:
        return
    cell = new_code_cell(source, metadata={"tags": [INJECTED]}, id=INJECTED)
    old = _tagged(notebook, INJECTED)
    behind = _tagged(notebook, PARAMETERS)
    if old is not None:
        cell.id = notebook.cells[old].id
        notebook.cells[old] = cell
    else:
        notebook.cells.insert(0 if behind is None else behind + 1, cell)


def code(
    values: Mapping[str, Any],
    *,
    language: str,
    kernel: str,
    types: Mapping[str, str],
    secrets: Iterable[str] = (),
) -> str:
    """The assignments in the notebook's language; empty when there is nothing to assign."""
    lines = [_secret(name, language) for name in secrets]
    if values:
        lines.insert(0, _assignments(values, language, kernel, types).rstrip("\n"))
    return "\n".join(lines)


def _assignments(
    values: Mapping[str, Any], language: str, kernel: str, types: Mapping[str, str]
) -> str:
    if language.lower() in _PYTHON:
        rows = [
            f"{name} = {_literal(value, types.get(name, ''))}" for name, value in values.items()
        ]
        return "\n".join(["# Parameters", *rows])
    from papermill.exceptions import PapermillException
    from papermill.translators import papermill_translators

    try:
        translator = papermill_translators.find_translator(kernel, language)
        return str(translator.codify(dict(values)))
    except (NotImplementedError, PapermillException) as error:
        raise Invalid.field("inputs", f"cannot be passed to {language}: {error}.") from None


def _literal(value: Any, port_type: str) -> str:
    template = _BUILDERS.get(port_type) if value is not None else None
    return template.format(repr(value)) if template else repr(value)


def _secret(name: str, language: str) -> str:
    template = _SECRETS.get(language.lower())
    if template is None:
        raise Invalid.field(f"inputs.{name}", f"secrets cannot be passed to {language} notebooks.")
    return template.format(name=name, variable=secret_variable(name))


def _tagged(notebook: NotebookNode, tag: str) -> int | None:
    return next((i for i, cell in enumerate(notebook.cells) if tag in tags_of(cell)), None)


def port_types(ports: Iterable[Port]) -> dict[str, str]:
    """Type of each port by its name."""
    return {port.name: port.type for port in ports}
