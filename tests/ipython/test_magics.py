"""The magic `%mlws` in a real IPython shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from jupyter_mlws.ipython.display import JobCard, RunCard
from jupyter_mlws.ipython.run_frame import RunFrame

pytestmark = pytest.mark.usefixtures("in_workspace")


def mlws(shell: InteractiveShell, line: str) -> Any:
    return shell.run_line_magic("mlws", line)


def test_a_run_is_started_logged_to_and_ended(shell: InteractiveShell) -> None:
    shell.user_ns["loss"] = 0.5

    card = mlws(shell, "run first")
    mlws(shell, "log loss=loss kind=rf")
    mlws(shell, "log --step 3 loss=0.25")
    ended = mlws(shell, "end --json")

    assert isinstance(card, RunCard)
    assert mlflow.active_run() is None
    assert (ended["name"], ended["status"]) == ("first", "Completed")
    assert ended["metrics"] == {"loss": 0.25}
    assert ended["params"] == {"kind": "rf"}


def test_ending_without_a_run_says_how_to_start_one(shell: InteractiveShell) -> None:
    with pytest.raises(UsageError, match="%mlws run"):
        mlws(shell, "end")


def test_a_notebook_is_run_as_a_job(shell: InteractiveShell, train: Path) -> None:
    card = mlws(shell, f"job '{train}' -p lr=0.25 -p kind=gbm --experiment magics --wait")

    assert isinstance(card, JobCard)
    assert card.state["metrics"]["loss"] == 0.75
    assert card.state["experiment_name"] == "magics"


def test_a_wrong_input_is_one_line_that_names_it(shell: InteractiveShell, train: Path) -> None:
    with pytest.raises(UsageError, match=r"inputs\.lr: must be at most 1 \(got 2\)"):
        mlws(shell, f"job '{train}' -p lr=2")


def test_two_runs_are_compared(shell: InteractiveShell) -> None:
    ids = []
    for name, loss in (("base <1>", "0.5"), ("other", "0.25")):
        mlws(shell, f"run '{name}'")
        mlws(shell, f"log loss={loss} same=1 kind=rf")
        ids.append(mlws(shell, "end").id)

    found = mlws(shell, f"compare {ids[0]} {ids[1]}")

    assert repr(found).startswith("other: loss 0.25 -50.00%, better")
    assert "made by an MLflow client" in repr(found)
    assert "base &lt;1&gt;" in found._repr_html_()
    assert list(found.to_frame().loc["loss"]) == [0.5, 0.25]
    assert mlws(shell, f"compare {ids[0]} {ids[1]} --json")["verdicts"][0]["better"] is True


def test_one_run_is_not_compared(shell: InteractiveShell) -> None:
    with pytest.raises(UsageError, match="name 2 to 20 runs"):
        mlws(shell, "compare alone")


def test_runs_are_listed_by_a_filter_with_quotation_marks(shell: InteractiveShell) -> None:
    mlws(shell, "run marked")
    mlws(shell, "log quality=good")
    ended = mlws(shell, "end")

    found = mlws(shell, 'runs params.quality = "good" -n 5')
    rows = mlws(shell, "runs --json params.quality = 'good'")

    assert isinstance(found, RunFrame)
    assert list(found["run_id"]) == [ended.id]
    assert rows[0]["run_id"] == ended.id


def test_a_card_is_opened(shell: InteractiveShell) -> None:
    mlws(shell, "run")
    card = mlws(shell, "end")

    assert mlws(shell, f"open run {card.id}").id == card.id


def test_an_output_must_be_a_variable(shell: InteractiveShell) -> None:
    shell.user_ns["model"] = object()

    assert mlws(shell, "output model") is None
    with pytest.raises(UsageError, match="no variable 'modell'"):
        mlws(shell, "output modell")


@pytest.mark.parametrize("line", [" --help", "?", " run?", " log --help", " job ?", " runs??"])
def test_every_verb_explains_itself(
    shell: InteractiveShell, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(f"%mlws{line}").raise_error()  # type: ignore[no-untyped-call]

    assert capsys.readouterr().out.startswith("usage: %mlws")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fly", "invalid choice"),
        ("log loss", "no assignment"),
        ("open cloud 7", "invalid choice"),
        ("job 'unclosed", "No closing quotation"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(shell: InteractiveShell, line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        mlws(shell, line)


def test_verbs_are_completed(shell: InteractiveShell) -> None:
    with provisionalcompleter():
        found = {completion.text for completion in shell.Completer.completions("%mlws r", 7)}

    assert {"run", "runs"} <= found
