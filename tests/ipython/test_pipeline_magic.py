"""The cell magic `%%mlws_pipeline` in a real IPython shell, against a real service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from jupyter_mlws.execution.logs import STANDARD
from jupyter_mlws.ipython import calls
from jupyter_mlws.ipython.display import JobCard

pytestmark = pytest.mark.usefixtures("in_workspace")

CELL = """\
inputs: {word: hello, n: 1}
jobs:
  write:
    component: ./write.yml
    inputs: {word: "${{parent.inputs.word}}", n: "${{parent.inputs.n}}"}
  read:
    command: cat ${{inputs.text}}
    inputs: {text: "${{parent.jobs.write.outputs.text}}"}
"""
COMPONENT = """\
name: write
type: command
command: echo ${{inputs.word}}-${{inputs.n}} > ${{outputs.text}}
inputs: {word: {type: string}, n: {type: integer}}
outputs: {text: {type: uri_file}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's folder, with a component in it."""
    (tmp_path / "write.yml").write_text(COMPONENT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def magic(shell: InteractiveShell, line: str, cell: str = CELL) -> Any:
    return shell.run_cell_magic("mlws_pipeline", line, cell)  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("folder")
def test_the_pipeline_of_a_cell_runs_with_variables_of_the_notebook(
    shell: InteractiveShell,
) -> None:
    shell.user_ns["greeting"] = "good morning"

    card = magic(shell, "-p word=greeting -p n=3 --experiment cells --wait")

    assert isinstance(card, JobCard)
    assert card.state["status"] == "Completed"
    job = calls.client().jobs.get(card.state["name"])
    assert (job.type, job.experiment_name) == ("pipeline", "cells")
    log = calls.client().call("jobs.read_log", name=f"{job.name}_read", path=STANDARD)
    assert "good morning-3" in log.text


@pytest.mark.usefixtures("folder")
def test_a_wrong_cell_is_told_by_line_and_starts_nothing(shell: InteractiveShell) -> None:
    wrong = CELL.replace("jobs.write.outputs.text", "jobs.write.outputs.txet")

    for line in ("", "--check"):
        with pytest.raises(UsageError, match=r"8.*no output 'txet'|no output 'txet'"):
            magic(shell, line, wrong)


@pytest.mark.usefixtures("folder")
def test_a_right_cell_can_be_checked_alone(shell: InteractiveShell) -> None:
    assert magic(shell, "--check") is None


def test_help_starts_nothing(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert magic(shell, "--help") is None
    assert "--wait" in capsys.readouterr().out
