from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlws.entities.job import CommandJob
from jupyter_mlws.execution.expressions import fill, problems

SPEC = CommandJob.model_validate(
    {"command": "x", "inputs": {"lr": 0.1, "data": 1}, "outputs": {"model": None}}
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("--lr ${{inputs.lr}}", "--lr 0.1"),
        ("${{ inputs.lr }}${{inputs.lr}}", "0.10.1"),
        ("--flag ${{inputs.flag}}", "--flag True"),
        ("> ${{outputs.model}}", "> /o/model"),
        ("${{name}}", "brave_fox"),
        (
            "$[[optional ${{inputs.lr}}]] ${HOME} $(date) {{x}}",
            "$[[optional 0.1]] ${HOME} $(date) {{x}}",
        ),
        ("'${{inputs.text}}'", "'a b; ${{inputs.lr}}'"),
    ],
)
def test_expressions_become_text(text: str, filled: str) -> None:
    inputs = {"lr": 0.1, "flag": True, "text": "a b; ${{inputs.lr}}"}

    assert (
        fill(text, name="brave_fox", inputs=inputs, outputs={"model": Path("/o/model")}) == filled
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${{inputs.lrr}}", "there is no input 'lrr' (there are: lr, data). Did you mean 'lr'?"),
        ("${{outputs.data}}", "there is no output 'data' (there are: model)."),
        ("${{inputs}}", "there is no input ''"),
        ("${{lr}}", "there are `inputs.NAME`, `outputs.NAME` and `name`."),
        ("${{parent.inputs.lr}}", "only steps of a pipeline have a parent."),
        ("${{search_space.lr}}", "only trials of a sweep have a search space."),
    ],
)
def test_what_stands_for_nothing_is_named(text: str, message: str) -> None:
    (problem,) = problems(f"run {text}", "command", SPEC)

    assert problem.field == "command"
    assert text in problem.message
    assert message in problem.message


def test_what_is_declared_is_no_problem() -> None:
    text = "${{inputs.lr}} ${{inputs.data}} ${{ outputs.model }} ${{name}} $[[inputs.x]]"

    assert list(problems(text, "command", SPEC)) == []
