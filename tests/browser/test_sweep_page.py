"""The page of a sweep: trials as they come, what matters, brushed axes, more trials."""

from __future__ import annotations

import json
import sys

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

PATIENCE = 60_000
N_TRIALS = 6
TRIAL = """
import json, os, sys, time, urllib.request

loss = (float(sys.argv[1]) - 0.3) ** 2 + (float(sys.argv[2]) == 2)
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": loss,
        "timestamp": int(time.time() * 1000), "step": 0}
urllib.request.urlopen(urllib.request.Request(
    os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
    json.dumps(body).encode(),
    {"Content-Type": "application/json",
     "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}))
"""


def submitted(lab: Lab, script: str, n_trials: int) -> str:
    """Name of a sweep over two parameters."""
    job = {
        "type": "sweep",
        "display_name": "tries rates",
        "trial": {
            "command": f"{sys.executable} -c '{script}'"
            " ${{search_space.rate}} ${{search_space.depth}}"
        },
        "search_space": {
            "rate": {"type": "loguniform", "min_value": -6, "max_value": 0},
            "depth": {"type": "choice", "values": [1, 2, 3]},
        },
        "sampling_algorithm": {"type": "random", "seed": 3},
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": n_trials, "max_concurrent_trials": 2},
    }
    name: str = rest.call(lab, "POST", "/api/jobs", {"job": job})["name"]
    return name


@pytest.fixture(scope="module")
def sweep(lab: Lab) -> str:
    """Name of a sweep that has ended."""
    name = submitted(lab, TRIAL, N_TRIALS)
    rest.wait_for(lab, name, "Completed")
    return name


def opened(jupyterlab: LabPage, name: str) -> Locator:
    jupyterlab.execute("mlws:sweep-open", run_id=name)
    page = jupyterlab.page.locator(f".jp-MlwsSweep[data-sweep='{name}']")
    expect(page).to_be_visible(timeout=PATIENCE)
    return page


def test_the_run_page_leads_to_all_trials_with_the_best_marked(
    jupyterlab: LabPage, lab: Lab, sweep: str
) -> None:
    view = rest.call(lab, "GET", f"/api/sweeps/{sweep}")
    jupyterlab.execute("mlws:run-open", run_id=sweep)
    run = jupyterlab.page.locator(f".jp-MlwsRunPage[data-run='{sweep}']")

    run.get_by_role("button", name="Open sweep").click(timeout=PATIENCE)

    page = jupyterlab.page.locator(f".jp-MlwsSweep[data-sweep='{sweep}']")
    expect(page.get_by_text(f"{N_TRIALS} of {N_TRIALS} trials").first).to_be_visible()
    expect(page.locator("[data-trial]")).to_have_count(N_TRIALS)
    best = page.locator(f"[data-trial='{view['best']}']")
    expect(best).to_contain_text("best")
    for card in ("best", "slice", "contour"):
        plot = page.locator(f"[data-card='{card}'] .js-plotly-plot")
        expect(plot).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[data-card='importance'] tr")).to_have_count(2)

    best.click()
    jupyterlab.page.keyboard.press("Enter")

    trial = jupyterlab.page.locator(f".jp-MlwsRunPage[data-run='{view['best']}']")
    expect(trial).to_be_visible(timeout=PATIENCE)


def test_brushed_axes_filter_the_table(jupyterlab: LabPage, sweep: str) -> None:
    page = opened(jupyterlab, sweep)
    axis = page.get_by_role("slider", name="depth: ")
    expect(page.locator("[data-trial]")).to_have_count(N_TRIALS, timeout=PATIENCE)

    axis.focus()
    axis.press("ArrowUp")

    expect(page.get_by_text("in the brushed ranges")).to_be_visible()
    left = page.locator("[data-trial]")
    expect(left).not_to_have_count(N_TRIALS)
    page.get_by_role("button", name="Clear").click()
    expect(left).to_have_count(N_TRIALS)


def test_trials_are_added_while_the_page_is_open_canceled_and_resumed(
    jupyterlab: LabPage, lab: Lab
) -> None:
    waiting = (
        TRIAL + 'import pathlib\nwhile not pathlib.Path("../../go").exists(): time.sleep(0.05)'
    )
    name = submitted(lab, waiting, 2)
    page = opened(jupyterlab, name)
    expect(page.locator("[data-state='running']")).to_have_count(2, timeout=PATIENCE)

    page.get_by_role("button", name="Add 20 trials").click()
    expect(page.get_by_text("0 of 22 trials").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Cancel", exact=True).click()

    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[data-state='canceled']")).to_have_count(2)
    resume.click()
    expect(page.locator("[data-state='running']")).to_have_count(2, timeout=PATIENCE)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(resume).to_be_visible(timeout=PATIENCE)


NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "params",
            "metadata": {"tags": ["parameters"]},
            "outputs": [],
            "source": "rate: float = 0.1  # [0.001..1 log]\nname = 'a'",
        },
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "body",
            "metadata": {},
            "outputs": [],
            "source": "import mlflow\nmlflow.log_metric('loss', (rate - 0.3) ** 2)",
        },
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


def test_a_notebook_is_swept_over_the_ranges_that_it_states(jupyterlab: LabPage, lab: Lab) -> None:
    folder = lab.project / "swept"
    folder.mkdir()
    (folder / "tune.ipynb").write_text(json.dumps(NOTEBOOK))
    jupyterlab.page.evaluate(
        "path => { void window.jupyterapp.commands.execute('mlws:sweep-dialog', {path}); }",
        "swept/tune.ipynb",
    )
    dialog = jupyterlab.page.locator(".jp-MlwsRunDialog")
    expect(dialog.get_by_label("rate: from")).to_have_value("0.001", timeout=PATIENCE)
    expect(dialog.get_by_label("name: value")).to_have_value("a")
    dialog.get_by_label("Metric").fill("loss")
    dialog.get_by_label("Trials", exact=True).fill("1")
    dialog.get_by_role("button", name="Start sweep").click()
    refused = dialog.get_by_role("alert").filter(has_text="max_concurrent_trials")
    expect(refused.first).to_be_visible(timeout=PATIENCE)
    dialog.get_by_label("At the same time").fill("1")

    dialog.get_by_label("At the same time").press("Enter")

    page = jupyterlab.page.locator(".jp-MlwsSweep")
    expect(page.get_by_text("1 of 1 trials").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[data-trial]")).to_contain_text("best", timeout=PATIENCE)
    jupyterlab.errors.clear()
