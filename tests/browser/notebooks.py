"""Small notebooks for browser tests, written into the project of the Lab."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = """\
from typing import Literal
lr: float = 0.1  # [1e-4..1 log] How far each step goes
depth: int = 3  # [1..9] Depth of the tree
shuffle: bool = True  # Mix the rows
kind: Literal["tree", "net"] = "tree"  # What is trained
target: str  # Column to predict
options: dict = {"a": 1}
key: "Secret" = None  # Token of a service
"""


def write(
    folder: Path, name: str, *cells: str, parameters: str = "", outputs: str = ""
) -> dict[str, str]:
    """Write `name`.ipynb with a heading and code cells; answers the ids of the code cells by source."""
    made = [new_markdown_cell(f"# Notebook {name}", id="heading")]
    if parameters:
        made.append(new_code_cell(parameters, id="params", metadata={"tags": ["parameters"]}))
    made += [new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(cells)]
    if outputs:
        made.append(new_code_cell(outputs, id="outputs", metadata={"tags": ["outputs"]}))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=made, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return {cell["source"]: cell["id"] for cell in made if cell["cell_type"] == "code"}
