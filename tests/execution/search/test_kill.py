"""The service is killed in the middle of a sweep, twice: no trial is there twice, and none is lost."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.testing.service import kill, running_service

N_TRIALS = 40
TRIAL = """
import json, os, sys, time, urllib.request

with open("../../starts", "a") as file:
    file.write("x")
x = float(sys.argv[1])
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": (x - 0.3) ** 2,
        "timestamp": int(time.time() * 1000), "step": 0}
while True:  # the service may be gone just now, as for MLflow's own client
    try:
        urllib.request.urlopen(urllib.request.Request(
            os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
            json.dumps(body).encode(),
            {"Content-Type": "application/json",
             "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}))
        break
    except OSError:
        time.sleep(0.05)
"""


def wait_for(client: MLClient, name: str, n_done: int) -> None:
    """Until so many trials have completed."""
    deadline = time.monotonic() + 200
    while True:
        last = client.workspaces.show().last_event
        view = client.sweeps.get(name)
        if sum(trial.state == "completed" for trial in view.trials) >= n_done:
            return
        assert not view.status.is_final, [trial.error for trial in view.trials]
        assert time.monotonic() < deadline, view
        client.call("events.list", after=last, wait_s=5)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_trial_runs_twice_and_none_is_lost(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "trial.py").write_text(TRIAL)
    sweep = {
        "type": "sweep",
        "name": "s",
        "trial": {
            "code": str(tmp_path / "code"),
            "command": f"{sys.executable} trial.py ${{{{search_space.x}}}}",
        },
        "search_space": {"x": {"type": "uniform", "min_value": 0, "max_value": 1}},
        "sampling_algorithm": {"type": "bayesian", "seed": 1},
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": N_TRIALS, "max_concurrent_trials": 4},
    }
    workspace = tmp_path / "workspace"
    for number, n_done in enumerate((5, 20, N_TRIALS)):
        with (
            running_service(workspace) as running,
            MLClient(url=running.url, token=running.token) as client,
        ):
            if number == 0:
                client.jobs.create_or_update(sweep)
            wait_for(client, "s", n_done)
            if n_done < N_TRIALS:
                kill(running)
                continue
            job = client.jobs.wait("s", timeout_s=60)
            view = client.sweeps.get("s")

    assert job.status.value == "Completed", job.error
    assert [trial.number for trial in view.trials] == list(range(N_TRIALS))
    assert {trial.attempt for trial in view.trials} == {1}
    starts = [(workspace / "jobs" / f"s_{n}" / "starts").read_text() for n in range(N_TRIALS)]
    assert starts == ["x"] * N_TRIALS
    assert len({json.dumps(trial.values) for trial in view.trials}) == N_TRIALS
    assert view.best_value == min(trial.value or 0.0 for trial in view.trials)
