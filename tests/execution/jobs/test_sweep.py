from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.jobs.sweep import SweepJobType
from jupyter_mlws.execution.search.trials import BEST, HYPERPARAMETERS, STOPPED
from jupyter_mlws.execution.submission import Types
from jupyter_mlws.store.base import Point
from jupyter_mlws.testing.jobs import Workroom

Open = Callable[[], Workroom]
GATE = "while [ ! -e gate ]; do sleep 0.02; done"


@pytest.fixture
def open_room(tmp_path: Path) -> Open:
    path = tmp_path / "workspace"

    def open_room() -> Workroom:
        types: Types = {
            "command": CommandJobType(),
            "notebook": NotebookJobType(),
            "pipeline": PipelineJobType(),
            "sweep": SweepJobType(),
        }
        room = Workroom(path, types=types, computes={"local": LocalCompute(path, grace_s=0.5)})
        room.set_slots(4)
        return room

    return open_room


@pytest.fixture
def room(open_room: Open) -> Iterator[Workroom]:
    with open_room() as room:
        yield room


def sweep(command: str = "true", **more: Any) -> dict[str, Any]:
    return {
        "type": "sweep",
        "name": "s",
        "trial": {"command": f"{command} # ${{{{search_space.x}}}}"},
        "search_space": {"x": {"type": "choice", "values": [1, 2, 3, 4]}},
        "sampling_algorithm": "grid",
        "objective": {"goal": "maximize", "primary_metric": "score"},
        "limits": {"max_total_trials": 4, "max_concurrent_trials": 2},
        **more,
    }


def log(room: Workroom, name: str, *values: float, key: str = "score", first: int = 0) -> None:
    """Log as the trial itself would."""
    points = [
        Point(key, value, 1000 + first + place, first + place) for place, value in enumerate(values)
    ]
    with room.store.change("trial", "runs/write", f"run:{name}") as tx:
        tx.log(name, metrics=points)


def appear(room: Workroom, name: str) -> None:
    """Wait until the sweep has made a trial."""
    room.until(lambda: room.store.find_record("job", name) is not None, lambda: f"no {name}")


def drawn(room: Workroom, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(room.store.get_run(name).tags[HYPERPARAMETERS])
    return found


def let(room: Workroom, name: str, *values: float) -> None:
    """Log, and let a trial that waits at its gate end."""
    room.wait(name, Status.RUNNING)
    log(room, name, *values)
    (room.folder(name) / "work" / "gate").touch()
    room.wait(name)


def test_every_point_of_a_grid_is_tried_once_and_the_best_is_the_result(room: Workroom) -> None:
    room.submit(sweep(GATE, outputs={"made": {"type": "uri_folder"}}))
    for number, value in enumerate((0.1, 0.9, 0.5, 0.2)):
        appear(room, f"s_{number}")
        room.wait(f"s_{number}", Status.RUNNING)
        (room.folder(f"s_{number}") / "named-outputs" / "made" / "x").write_text(str(number))
        let(room, f"s_{number}", value)

    job = room.wait("s")

    assert job.status is Status.COMPLETED
    assert job.properties[BEST] == "s_1"
    assert [drawn(room, f"s_{n}")["x"] for n in range(4)] == [1, 2, 3, 4]
    assert room.store.get_run("s_1").params["x"] == "2"
    assert {p.key: p.value for p in room.store.get_run("s").metrics} == {"score": 0.9}
    assert room.artifacts("s")["named-outputs/made/x"] == b"1"


def test_no_more_trials_run_together_than_asked_for(room: Workroom) -> None:
    room.submit(sweep(GATE))
    appear(room, "s_1")
    room.wait("s_0", Status.RUNNING)
    room.wait("s_1", Status.RUNNING)

    assert "s_2" not in room.unfinished()
    room.cancel("s")


def test_a_policy_ends_the_processes_of_a_trial(room: Workroom) -> None:
    policy = {"type": "bandit", "slack_factor": 0.1}
    room.submit(sweep("sleep 600", early_termination=policy, limits={"max_total_trials": 2}))
    appear(room, "s_1")
    for name in ("s_0", "s_1"):
        room.wait(name, Status.RUNNING)

    log(room, "s_0", 1.0)
    log(room, "s_1", 0.5)

    assert room.wait("s_1").status is Status.CANCELED
    assert room.store.get_run("s_1").tags[STOPPED].startswith("bandit: 0.5 at report 1")
    assert room.job("s_0").status is Status.RUNNING
    room.cancel("s")


def test_a_canceled_sweep_keeps_its_best(room: Workroom) -> None:
    room.submit(sweep(GATE))
    appear(room, "s_0")
    let(room, "s_0", 0.4)
    appear(room, "s_2")

    room.cancel("s")

    job = room.wait("s")
    assert job.status is Status.CANCELED
    assert job.properties[BEST] == "s_0"


def test_trials_that_all_fail_end_the_sweep_with_their_shared_cause(room: Workroom) -> None:
    space = {"x": {"type": "choice", "values": list(range(40))}}
    limits = {"max_total_trials": 40, "max_concurrent_trials": 2}
    job = room.run(sweep("exit 3", search_space=space, limits=limits))

    assert job.status is Status.FAILED
    assert job.error
    assert "Most often: The job ended with exit code 3" in job.error.message
    assert room.store.find_record("job", "s_39") is None


def test_trials_that_log_another_metric_are_told(room: Workroom) -> None:
    job = room.run(sweep("true", limits={"max_total_trials": 1}))

    assert job.error
    assert "none of them logged the metric 'score'" in job.error.message


def test_a_sweep_goes_on_after_a_restart_and_repeats_no_trial(open_room: Open) -> None:
    line = f"echo x >> $PWD/../../count; {GATE}"
    random = sweep(
        line,
        sampling_algorithm={"type": "random", "seed": 3},
        search_space={"x": {"type": "uniform", "min_value": 0, "max_value": 1}},
        limits={"max_total_trials": 3, "max_concurrent_trials": 2},
    )
    first = open_room()
    first.submit(random)
    appear(first, "s_1")
    for name in ("s_0", "s_1"):
        first.wait(name, Status.RUNNING)
    before = [drawn(first, f"s_{n}") for n in range(2)]
    first.close()

    with open_room() as second:
        for number in range(3):
            appear(second, f"s_{number}")
            let(second, f"s_{number}", number)

        assert second.wait("s").status is Status.COMPLETED
        assert second.job("s").properties[BEST] == "s_2"
        assert [drawn(second, f"s_{n}") for n in range(2)] == before
        for number in range(3):
            assert (second.folder(f"s_{number}").parent / "count").read_text() == "x\n"


NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": "p",
                "metadata": {"tags": ["parameters"]},
                "source": "rate: float = 0.1  # [1e-3..1 log] step\nn: int = 2",
                "outputs": [],
                "execution_count": None,
            }
        ],
    }
).encode()


def notebook_sweep(room: Workroom, **space: Any) -> dict[str, Any]:
    code = room.snapshot({"train.ipynb": NOTEBOOK})
    return sweep(trial={"notebook": "train.ipynb", "code": code}, search_space=space)


def test_values_that_a_notebook_does_not_take_are_told_before_anything_runs(room: Workroom) -> None:
    with pytest.raises(Invalid) as refused:
        room.submit(notebook_sweep(room, n={"type": "choice", "values": [1, "many"]}))

    assert [problem.field for problem in refused.value.problems] == ["search_space.n"]


def test_a_name_that_a_notebook_has_not_is_told(room: Workroom) -> None:
    with pytest.raises(Invalid) as refused:
        room.submit(notebook_sweep(room, rat={"type": "choice", "values": [0.1]}))

    assert "Did you mean 'rate'" in refused.value.message
    assert refused.value.problems[0].field == "search_space.rat"


def test_a_notebook_is_tried_with_values_in_its_parameters(room: Workroom) -> None:
    job = room.run(
        notebook_sweep(room, rate={"type": "choice", "values": [0.25]})
        | {"limits": {"max_total_trials": 1}}
    )

    assert job.error
    assert "none of them logged" in job.error.message
    assert b"rate = 0.25" in room.artifacts("s_0")["train.ipynb"]


def test_a_sweep_is_a_step_whose_outputs_are_those_of_its_best_trial(room: Workroom) -> None:
    command = "echo ${{inputs.x}} > ${{outputs.made}}/x; touch started; " + GATE
    component = {
        "type": "command",
        "command": command,
        "inputs": {"x": {"type": "integer"}},
        "outputs": {"made": {"type": "uri_folder"}},
    }
    room.submit(
        {
            "type": "pipeline",
            "name": "p",
            "jobs": {
                "tune": {
                    **{k: v for k, v in sweep().items() if k not in ("name", "trial", "limits")},
                    "limits": {"max_total_trials": 2, "max_concurrent_trials": 2},
                    "trial": component,
                    "outputs": {"made": None},
                },
                "show": {
                    "command": "cat ${{inputs.made}}/x",
                    "inputs": {"made": "${{parent.jobs.tune.outputs.made}}"},
                },
            },
        }
    )
    for number, value in enumerate((0.1, 0.7)):
        name = f"p_tune_{number}"
        appear(room, name)
        let(room, name, value)

    assert room.wait("p").status is Status.COMPLETED
    assert room.log("p_show") == b"2\n"
    assert room.job("p_tune").properties[BEST] == "p_tune_1"
