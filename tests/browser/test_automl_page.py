"""The page of an AutoML job: the leaderboard as it grows, a trial's notebook, the best one registered."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

PATIENCE = 120_000


@pytest.fixture
def search(lab: Lab) -> str:
    """Name of an AutoML job that goes on until it is stopped."""
    dice = np.random.default_rng(0)
    table = pd.DataFrame({"age": dice.uniform(1, 80, 200), "fare": dice.uniform(5, 90, 200)})
    table["paid"] = 3 * table["age"] + dice.normal(0, 3, 200)
    data = f"payers-{uuid4().hex[:6]}"
    table.to_csv(lab.project / f"{data}.csv", index=False)
    body = {"path": f"{data}.csv", "data": {"name": data, "type": "uri_file"}}
    rest.call(lab, "POST", "/lab/data", body)
    job = {
        "type": "automl",
        "display_name": "what they pay",
        "task": "regression",
        "target_column_name": "paid",
        "training_data": {"type": "uri_file", "path": f"azureml:{data}:1"},
        "validation_data_size": 0.25,
        "limits": {"max_trials": 100, "max_concurrent_trials": 1},
        "training": {"allowed_training_algorithms": ["elastic_net", "decision_tree"]},
    }
    name: str = rest.call(lab, "POST", "/api/jobs", {"job": job})["name"]
    return name


def test_the_best_is_kept_its_notebook_opened_and_its_model_registered(
    jupyterlab: LabPage, lab: Lab, search: str
) -> None:
    page = jupyterlab.page
    jupyterlab.execute("mlws:run-open", run_id=search)
    run = page.locator(f".jp-MlwsRunPage[data-run='{search}']")
    run.get_by_role("button", name="Open leaderboard").click(timeout=PATIENCE)
    board = page.locator(f".jp-MlwsAutoML[data-automl='{search}']")
    expect(board.get_by_text("best", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(board.locator("[data-card='guardrails'] li").first).to_be_visible()

    board.get_by_role("button", name="Stop and keep best").click()

    register = board.get_by_role("button", name="Register best…")
    expect(board.get_by_role("button", name="Cancel", exact=True)).to_have_count(
        0, timeout=PATIENCE
    )
    best = rest.call(lab, "GET", f"/api/automl/{search}")["best"]
    assert rest.wait_for(lab, search, "Completed")["properties"]["best_child_run_id"] == best
    row = board.get_by_role("row").filter(has=page.locator(f"[data-trial='{best}']"))
    register.click()
    dialog = page.get_by_role("dialog")
    name = f"payers-{uuid4().hex[:6]}"
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Register").click()
    expect(page.locator(f".jp-MlwsModelPage[data-model='{name}']")).to_be_visible(timeout=PATIENCE)
    jupyterlab.execute("mlws:automl-open", run_id=search)
    row.get_by_role("button", name="Open").click()
    expect(page.locator(".jp-NotebookPanel:visible")).to_contain_text(
        "How good it is", timeout=PATIENCE
    )
