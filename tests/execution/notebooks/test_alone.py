"""A notebook step without a workspace: real processes, a real kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd

from tests.execution.notebooks.making import code, notebook


def run_alone(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    cells = [
        code('rows: int = 1\nword: str = "a"\ntable: "Dataset" = None', "parameters"),
        code(
            "import pandas\ntable = pandas.read_parquet(table)\nprint(f'{word}:{rows}:{len(table)}')"
        ),
        code('made: "Dataset" = pandas.concat([table] * rows)', "outputs"),
    ]
    (folder / "work.ipynb").write_text(json.dumps(notebook(*cells)))
    command = [sys.executable, "-m", "jupyter_mlws.execution.notebooks.alone", "work.ipynb", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_notebook_takes_values_and_data_and_leaves_its_outputs_where_they_are_wanted(
    tmp_path: Path,
) -> None:
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "in.parquet")
    given = ["rows=3", "word=7", f"table={tmp_path / 'in.parquet'}"]

    done = run_alone(
        tmp_path, *(f"--input={word}" for word in given), f"--output=made={tmp_path / 'out'}"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "7:3:2" in done.stdout, "a text stays a text, a number becomes one"
    assert len(pd.read_parquet(tmp_path / "out")) == 6


def test_a_wrong_input_is_told_before_anything_runs(tmp_path: Path) -> None:
    done = run_alone(tmp_path, "--input", "rows=many")

    assert done.returncode == 2
    assert "rows" in done.stderr
