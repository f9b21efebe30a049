from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from jupyter_mlws.entities.errors import Conflict, Invalid
from jupyter_mlws.entities.run import Status
from jupyter_mlws.store.base import Point
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
UNIFORM = {"type": "uniform", "min_value": 0, "max_value": 1}


def submit(room: Workroom, command: str = "true", **more: Any) -> None:
    room.set_slots(4)
    room.submit(
        {
            "type": "sweep",
            "name": "s",
            "trial": {"command": f"{command} # ${{{{search_space.x}}}}"},
            "search_space": {"x": UNIFORM, "y": UNIFORM},
            "sampling_algorithm": {"type": "random", "seed": 1},
            "objective": {"goal": "minimize", "primary_metric": "loss"},
            "limits": {"max_total_trials": 4, "max_concurrent_trials": 2},
            **more,
        }
    )


def feed(room: Workroom, call: Call) -> Any:
    """Log for each trial what its values come to, let it end, until the sweep has ended."""
    done: set[tuple[str, int]] = set()

    def step() -> bool:
        for name in list(room.unfinished()):
            mark = (name, room.job(name).attempt)
            if name == "s" or mark in done or room.job(name).status is not Status.RUNNING:
                continue
            drawn = json.loads(room.store.get_run(name).tags["hyperparameters"])
            value = abs(drawn["x"] - 0.3)
            with room.store.change("trial", "runs/write", f"run:{name}") as tx:
                tx.log(name, metrics=[Point("loss", value, 1000)])
            (room.dispatcher.folder(name, mark[1]) / "work" / "gate").touch()
            done.add(mark)
        return bool(room.job("s").status.is_final)

    room.until(step, lambda: f"{room.job('s').status}: {room.unfinished()}")
    return call("sweeps.get", name="s")


GATE = "while [ ! -e gate ]; do sleep 0.02; done"


def test_a_sweep_is_seen_with_its_trials_and_its_best(room: Workroom, call: Call) -> None:
    submit(room, GATE)

    view = feed(room, call)

    assert [trial.state for trial in view.trials] == ["completed"] * 4
    best = min(view.trials, key=lambda trial: trial.value)
    assert (view.best, view.best_value) == (best.name, best.value)
    assert [(each.name, each.low, each.high) for each in view.space] == [("x", 0, 1), ("y", 0, 1)]
    weights = {each.name: each.importance for each in call("sweeps.list_importances", name="s")}
    assert set(weights) == {"x", "y"}


def test_trials_are_added_to_a_sweep_that_has_ended(room: Workroom, call: Call) -> None:
    submit(room, GATE)
    before = feed(room, call)

    call("sweeps.add_trials", name="s", trials=2)
    after = feed(room, call)

    assert len(after.trials) == 6
    assert [trial.values for trial in after.trials[:4]] == [t.values for t in before.trials]
    assert [trial.attempt for trial in after.trials] == [1] * 6
    assert after.best_value <= before.best_value


def test_trials_are_added_to_a_sweep_that_runs(room: Workroom, call: Call) -> None:
    submit(room, GATE)
    room.until(lambda: "s_1" in room.unfinished(), lambda: "no trial")

    call("sweeps.add_trials", name="s", trials=3)

    assert len(feed(room, call).trials) == 7


def test_a_search_is_narrowed_around_the_best(room: Workroom, call: Call) -> None:
    submit(room, GATE, limits={"max_total_trials": 8, "max_concurrent_trials": 4})
    feed(room, call)

    narrow = call("sweeps.narrow", name="s", trials=4, keep=0.4)

    x = narrow.space[0]
    assert narrow.narrowed == 1
    assert x.high - x.low < 0.9
    trials = feed(room, call).trials
    assert len(trials) == 12
    assert all(x.low <= trial.values["x"] <= x.high for trial in trials[8:])


def test_nobody_narrows_around_too_few_trials(room: Workroom, call: Call) -> None:
    submit(room, "sleep 600")
    with pytest.raises(Conflict, match="3 are needed"):
        call("sweeps.narrow", name="s")
    room.cancel("s")
    room.wait("s")


def test_a_grid_that_was_tried_has_no_more(room: Workroom, call: Call) -> None:
    space = {"x": {"type": "choice", "values": [0.1, 0.3]}}
    submit(room, GATE, search_space=space, sampling_algorithm="grid")
    view = feed(room, call)

    assert not view.can_add
    for operation in ("sweeps.add_trials", "sweeps.resume"):
        with pytest.raises(Conflict):
            call(operation, name="s")
    with pytest.raises(Conflict, match="grid is not narrowed"):
        call("sweeps.narrow", name="s")


def test_a_canceled_sweep_is_resumed_where_it_stood(room: Workroom, call: Call) -> None:
    submit(room, GATE)
    room.until(lambda: "s_1" in room.unfinished(), lambda: "no trial")
    room.cancel("s")
    room.wait("s")
    before = call("sweeps.get", name="s")
    assert {trial.state for trial in before.trials} == {"canceled"}

    call("sweeps.resume", name="s")
    after = feed(room, call)

    assert [trial.state for trial in after.trials] == ["completed"] * 4
    assert [trial.values for trial in after.trials[:2]] == [t.values for t in before.trials]
    assert [trial.attempt for trial in after.trials[:2]] == [2, 2]


def test_a_sweep_that_is_complete_has_nothing_to_resume(room: Workroom, call: Call) -> None:
    submit(room, GATE)
    feed(room, call)

    with pytest.raises(Conflict, match="add trials"):
        call("sweeps.resume", name="s")


def test_too_many_trials_are_refused(room: Workroom, call: Call) -> None:
    submit(room, GATE)
    with pytest.raises(Invalid, match="at most 1000 trials"):
        call("sweeps.add_trials", name="s", trials=997)
    feed(room, call)


def test_another_job_is_no_sweep(room: Workroom, call: Call) -> None:
    name = room.submit(command="true")
    with pytest.raises(Invalid, match="is no sweep"):
        call("sweeps.get", name=name)


PARAMETERS = """\
rate: float = 0.01  # [1e-5..1 log] step size
depth: int = 3  # [1..12] of the tree
kind: Literal["rf", "gbm"] = "rf"
part: float = 0.5  # [>0, <1] share
solver = "a"  # [a|b|c]
epochs: int = 10
early: bool = True
data: Dataset
key: Secret
"""


def test_a_space_is_proposed_from_ranges_and_choices_of_a_notebook(call: Call) -> None:
    cells = [nbformat.v4.new_code_cell(PARAMETERS), nbformat.v4.new_code_cell("score: float = 1.0")]
    for cell, tag in zip(cells, ("parameters", "outputs"), strict=True):
        cell.metadata["tags"] = [tag]
    notebook = nbformat.v4.new_notebook(cells=cells)

    found = call("notebooks.propose_space", notebook=json.loads(nbformat.writes(notebook)))

    space = found.search_space
    assert space["rate"]["type"] == "loguniform"
    assert space["rate"]["min_value"] == pytest.approx(-11.5129, abs=1e-3)
    assert space["depth"] == {"type": "quniform", "min_value": 1, "max_value": 12, "q": 1}
    assert space["kind"] == {"type": "choice", "values": ["rf", "gbm"]}
    assert space["solver"] == {"type": "choice", "values": ["a", "b", "c"]}
    assert 0 < space["part"]["min_value"] < space["part"]["max_value"] < 1
    assert found.reasons["rate"] == "[1e-05..1 log]"
    assert found.guesses["early"] == {"type": "choice", "values": [True, False]}
    assert found.guesses["epochs"]["type"] == "qloguniform"
    assert {"epochs": 10, "early": True}.items() <= found.fixed.items()
    assert "key" not in found.fixed
    assert found.required == ["data", "key"]
    assert found.metrics == ["score"]
