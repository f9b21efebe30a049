"""What a sweep costs a trial, beside Optuna alone that runs the same script in processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.testing.service import running_service

Report = Callable[..., None]

N_TRIALS = 40
N_PARALLEL = 2
MOST = 1.15

TRIAL = """
import json, os, sys, time, urllib.request

x = float(sys.argv[1])
time.sleep(1)
value = (x - 0.3) ** 2
print(value)
if uri := os.environ.get("MLFLOW_TRACKING_URI"):
    point = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": value,
             "timestamp": int(time.time() * 1000), "step": 0}
    urllib.request.urlopen(urllib.request.Request(
        f"{uri}/api/2.0/mlflow/runs/log-metric", json.dumps(point).encode(),
        {"Content-Type": "application/json",
         "Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"}))
"""


def by_optuna_alone(script: Path) -> float:
    """Seconds."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=1, multivariate=True, constant_liar=True)
    )

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        said = subprocess.run(
            [sys.executable, str(script), str(x)], capture_output=True, text=True, check=True
        )
        return float(said.stdout)

    began = time.perf_counter()
    study.optimize(objective, n_trials=N_TRIALS, n_jobs=N_PARALLEL)
    return time.perf_counter() - began


def by_a_sweep(script: Path, workspace: Path) -> float:
    """Seconds, from the submission to the end of the sweep."""
    with (
        running_service(workspace) as service,
        MLClient(url=service.url, token=service.token) as client,
    ):
        job = {
            "type": "sweep",
            "trial": {
                "code": str(script.parent),
                "command": f"{sys.executable} {script.name} ${{{{search_space.x}}}}",
            },
            "search_space": {"x": {"type": "uniform", "min_value": 0, "max_value": 1}},
            "sampling_algorithm": {"type": "bayesian", "seed": 1},
            "objective": {"goal": "minimize", "primary_metric": "loss"},
            "limits": {"max_total_trials": N_TRIALS, "max_concurrent_trials": N_PARALLEL},
        }
        began = time.perf_counter()
        made = client.jobs.create_or_update(job)
        ended = client.jobs.wait(made.name, timeout_s=400)
        took_s = time.perf_counter() - began
        view = client.sweeps.get(made.name)
    assert ended.error is None
    assert [trial.state for trial in view.trials] == ["completed"] * N_TRIALS
    return took_s


@pytest.mark.timeout(900)
def test_a_sweep_costs_little_beside_optuna_alone(tmp_path: Path, report: Report) -> None:
    script = tmp_path / "code" / "trial.py"
    script.parent.mkdir()
    script.write_text(TRIAL)

    alone_s = by_optuna_alone(script)
    sweep_s = by_a_sweep(script, tmp_path / "workspace")

    ratio = sweep_s / alone_s
    rows = [
        ["Optuna alone, processes", f"{alone_s:.1f}", f"{1000 * alone_s / N_TRIALS:.0f}", ""],
        ["a sweep", f"{sweep_s:.1f}", f"{1000 * sweep_s / N_TRIALS:.0f}", f"{ratio:.2f}"],
        ["at most", "", "", f"{MOST:.2f}"],
    ]
    report(
        f"{N_TRIALS} trials of one second, {N_PARALLEL} at the same time",
        ["", "s", "ms a trial", "ratio"],
        rows,
    )
    assert ratio <= MOST
