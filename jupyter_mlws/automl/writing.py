"""Notebooks as the engine writes them: few cells, a heading, plain code."""

from __future__ import annotations

import textwrap

Cell = tuple[str, str]
"""A tag, and the source; `markdown` is a cell of text."""


def written(*cells: Cell) -> bytes:
    """A notebook file of these cells."""
    # What only looks at AutoML jobs starts without it.
    import nbformat

    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    made.metadata["language_info"] = {"name": "python"}
    for number, (tag, source) in enumerate(cells):
        text, place = textwrap.dedent(source).strip(), f"cell-{number}"
        if tag == "markdown":
            made.cells.append(nbformat.v4.new_markdown_cell(text, id=place))
            continue
        cell = nbformat.v4.new_code_cell(text, id=place)
        cell.metadata["tags"] = [tag] if tag else []
        made.cells.append(cell)
    return str(nbformat.writes(made)).encode()


def listed(names: list[str], name: str) -> str:
    """A list of columns as code."""
    return f"{name} = {names!r}"
