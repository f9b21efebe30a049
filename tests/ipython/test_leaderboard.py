"""The leaderboard as a widget: followed, chosen from, stopped, registered from, closed."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest
from ipywidgets.widgets.widget import _instances as alive

import jupyter_mlws as mlws
from jupyter_mlws import Invalid, MLClient, NotFound
from jupyter_mlws.ipython import calls
from jupyter_mlws.ipython.leaderboard import TrialBoard

pytestmark = pytest.mark.timeout(300)

LONG_S = 200


@pytest.fixture(scope="module")
def board(in_workspace: Path) -> Iterator[TrialBoard]:
    """The leaderboard of a job that would go on; two of its trials have a score."""
    x = np.arange(80.0)
    made = mlws.register_data("numbers", pd.DataFrame({"x": x, "y": 2 * x + np.sin(x)}))
    job = calls.client().jobs.create_or_update(
        {
            "type": "automl",
            "display_name": "<b>numbers</b>",
            "task": "regression",
            "target_column_name": "y",
            "training_data": {"type": made.type, "path": f"azureml:{made.name}:{made.version}"},
            "validation_data_size": 0.25,
            "limits": {"max_trials": 50, "max_concurrent_trials": 2, "timeout_minutes": 30},
            "training": {
                "allowed_training_algorithms": ["elastic_net", "decision_tree"],
                "enable_model_explainability": False,
            },
        }
    )
    board = mlws.leaderboard(job)
    stop = button(board, "Stop and keep best")
    assert (board.best, stop.disabled, board.is_live) == (None, True, True)
    assert "time left" in html(board)
    until(lambda: len(board.board.history()[0]) >= 2)
    until(lambda: not stop.disabled)
    yield board
    board.close()


def parts(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(w for child in getattr(widget, "children", ()) for w in parts(child))]


def button(board: TrialBoard, text: str) -> widgets.Button:
    return next(w for w in parts(board) if isinstance(w, widgets.Button) and w.description == text)


def html(board: TrialBoard) -> str:
    return "".join(w.value for w in parts(board) if isinstance(w, widgets.HTML))


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_job_is_followed_a_trial_chosen_the_best_kept_and_registered(board: TrialBoard) -> None:
    second = mlws.leaderboard(board.name)
    stop = button(board, "Stop and keep best")
    second.close()
    assert not second.is_live

    choice = next(w for w in parts(board) if isinstance(w, widgets.Select))
    assert board.selection == board.board.view.best
    other = next(t.name for t in board.board.trials if t.name != board.selection)
    choice.value = other
    assert board.selection == other
    assert board.selected is not None
    assert board.selected.name == other
    stop.click()
    assert board.wait(LONG_S)

    view = calls.client().automl.get(board.name)
    assert view.status.value == "Completed"
    assert board.selection == other, "what was chosen stays chosen"
    assert board.best is not None
    assert board.best.name == view.best
    assert [line.name for line in board.figure.data] == ["trial", "best so far"]
    assert board.figure.data[1].y[-1] == view.best_value
    frame = board.to_frame()
    assert frame["trial"].iloc[0] == view.best
    assert frame["change"].iloc[0] == 0
    assert {"Algorithm", view.primary_metric, "state", "duration_s"} <= set(frame)
    assert stop.layout.display == "none"

    stop.click()
    assert "there is nothing to stop" in html(board), "a refusal is told in the widget"

    button(board, "Register best…").click()
    next(w for w in parts(board) if isinstance(w, widgets.Text)).value = "numbers-model"
    button(board, "Register").click()

    assert "Registered as numbers-model:1." in html(board)
    model = calls.client().models.get(name="numbers-model")
    assert model.type == "mlflow_model"


def test_what_is_named_by_users_is_shown_as_text(board: TrialBoard) -> None:
    assert "&lt;b&gt;numbers&lt;/b&gt;" in html(board)
    assert "<b>numbers" not in html(board)


def test_without_widgets_it_is_a_table_or_a_text(board: TrialBoard) -> None:
    bundle = board._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<table" in bundle["text/html"]
    assert "regression of y" in bundle["text/plain"]


def test_a_second_one_is_closed_with_its_thread_and_all_its_parts(board: TrialBoard) -> None:
    before = threading.active_count(), len(alive)
    second = mlws.leaderboard(board.name)

    second.select(board.board.trials[-1].name)
    with pytest.raises(Invalid, match="has no trial 'nope'"):
        second.select("nope")
    second.close()

    assert not second.is_live
    assert (threading.active_count(), len(alive)) == before


def test_a_sweep_has_one_too(in_workspace: Path) -> None:
    log = "import mlflow; mlflow.log_metric('loss', ${{search_space.x}})"
    sweep = {
        "type": "sweep",
        "trial": {"command": f'{sys.executable} -c "{log}"'},
        "search_space": {"x": {"type": "choice", "values": [3, 1]}},
        "sampling_algorithm": "grid",
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": 2, "max_concurrent_trials": 2},
    }

    board = mlws.leaderboard(calls.client().jobs.create_or_update(sweep))
    assert board.wait(LONG_S)

    assert board.to_frame()[["Values", "loss", "change"]].values.tolist() == [
        ["x = 1", 1.0, 0.0],
        ["x = 3", 3.0, 2.0],
    ]
    assert button(board, "Stop and keep best").layout.display == "none"
    with pytest.raises(Invalid, match="left no MLflow model"):
        board.register("nothing")
    board.close()


def test_no_job_and_no_trials_are_told(in_workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        mlws.leaderboard("nope")
    with MLClient() as client:
        job = client.jobs.create_or_update({"type": "command", "command": "true"})
        with pytest.raises(Invalid, match="AutoML jobs and sweeps have trials"):
            mlws.leaderboard(job)
