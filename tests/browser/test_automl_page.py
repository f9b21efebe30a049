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


def payers(lab: Lab) -> str:
    """Name of a new table, in a folder `NAME` beside the notebooks."""
    dice = np.random.default_rng(0)
    table = pd.DataFrame({"age": dice.uniform(1, 80, 200), "fare": dice.uniform(5, 90, 200)})
    table["paid"] = 3 * table["age"] + dice.normal(0, 3, 200)
    table["currency"] = "yen"
    name = f"payers-{uuid4().hex[:6]}"
    (lab.project / name).mkdir()
    table.to_csv(lab.project / name / f"{name}.csv", index=False)
    return name


@pytest.fixture
def search(lab: Lab) -> str:
    """Name of an AutoML job that goes on until it is stopped."""
    data = payers(lab)
    body = {"path": f"{data}/{data}.csv", "data": {"name": data, "type": "uri_file"}}
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


@pytest.mark.timeout(300)
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
    row.get_by_role("button", name="Show").click()
    expect(board.get_by_label("Trial", exact=True)).to_have_value(best)
    residuals = board.locator("[data-card='residuals']")
    expect(residuals.locator(".main-svg").first).to_be_visible(timeout=PATIENCE)
    residuals.get_by_role("button", name="View as table").click()
    expect(residuals.get_by_role("row")).to_have_count(21)
    expect(residuals.get_by_role("columnheader", name="Rows")).to_be_visible()
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


def test_a_table_becomes_a_job_by_keyboard_with_a_break_in_between(
    jupyterlab: LabPage, lab: Lab
) -> None:
    page = jupyterlab.page
    name = payers(lab)
    jupyterlab.execute("filebrowser:open-path", path=name)
    page.locator(".jp-DirListing-item", has_text=f"{name}.csv").click(button="right")
    page.get_by_role("menuitem", name="AutoML…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value(name)
    dialog.get_by_role("button", name="Register").click()
    wizard = page.get_by_role("region", name="New AutoML job")
    expect(wizard.get_by_label("Data", exact=True)).to_have_value(f"{name}:1")
    row = wizard.locator("tr[data-column='currency']")
    expect(row.get_by_text("one value")).to_be_visible(timeout=PATIENCE)
    expect(wizard.get_by_role("status")).to_have_text("")

    wizard.get_by_role("radio", name="Predict currency").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(wizard.get_by_role("status")).to_contain_text("nothing to predict")
    page.keyboard.press("Control+Enter")
    predict = wizard.get_by_label("Predict", exact=True)
    predict.focus()
    page.keyboard.type("paid")
    expect(wizard.locator("[data-task='regression']").get_by_role("radio")).to_be_checked()
    page.keyboard.press("Control+Enter")
    wizard.get_by_label("Trials").focus()
    page.keyboard.type("x")
    expect(wizard.get_by_role("alert").filter(has_text="Trials: a whole number")).to_be_visible()
    page.keyboard.press("Backspace")
    page.keyboard.type("1")
    for label in ("XGBoost", "LightGBM"):
        wizard.get_by_label(label).focus()
        page.keyboard.press("Space")
    jupyterlab.reload()

    expect(wizard.get_by_label("Trials")).to_have_value("1", timeout=PATIENCE)
    wizard.get_by_label("Trials").focus()
    page.keyboard.press("Control+Enter")
    python = wizard.locator("details", has_text="As Python")
    expect(python).to_contain_text("set_limits(timeout_minutes=10, max_trials=1")
    wizard.get_by_label("Name").focus()
    page.keyboard.type("what they pay")
    wizard.get_by_role("button", name="Create notebook instead of running").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".jp-NotebookPanel:visible")).to_contain_text(
        "regression(", timeout=PATIENCE
    )
    jupyterlab.execute("mlws:automl-wizard")
    wizard.get_by_label("Name").focus()
    page.keyboard.press("Control+Enter")

    board = page.locator(".jp-MlwsAutoML")
    expect(board.get_by_role("heading", name="what they pay")).to_be_visible(timeout=PATIENCE)
    expect(wizard).to_have_count(0)
    job = board.get_attribute("data-automl") or ""
    made = rest.call(lab, "GET", f"/api/jobs/{job}")
    assert made["task"] == "regression"
    assert made["training_data"]["path"] == f"azureml:{name}:1"
    assert made["limits"] == {
        "timeout_minutes": 10,
        "max_trials": 1,
        "max_concurrent_trials": 1,
    }
    allowed = made["training"]["allowed_training_algorithms"]
    assert "elastic_net" in allowed
    assert not {"light_gbm", "xg_boost_regressor"} & set(allowed)
    rest.call(lab, "POST", f"/api/jobs/{job}:cancel", {})
    jupyterlab.errors.clear()


def test_a_table_with_moments_becomes_a_forecast_by_keyboard(jupyterlab: LabPage, lab: Lab) -> None:
    page = jupyterlab.page
    name = f"sales-{uuid4().hex[:6]}"
    months = pd.date_range("2020-01-01", periods=36, freq="MS")
    table = pd.concat(
        [
            pd.DataFrame({"when": months, "shop": shop, "visitors": range(36), "sold": 0.5})
            for shop in ("Oslo", "Rome")
        ]
    )
    table["sold"] = np.random.default_rng(0).normal(100, 10, len(table))
    (lab.project / name).mkdir()
    table.to_csv(lab.project / name / f"{name}.csv", index=False)
    body = {"path": f"{name}/{name}.csv", "data": {"name": name, "type": "uri_file"}}
    rest.call(lab, "POST", "/lab/data", body)
    jupyterlab.execute("mlws:automl-wizard")
    wizard = page.get_by_role("region", name="New AutoML job")
    wizard.get_by_role("tab", name="1. Data").click()
    wizard.get_by_label("Data", exact=True).select_option(f"{name}:1", timeout=PATIENCE)

    wizard.get_by_role("radio", name="Predict sold").focus(timeout=PATIENCE)
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")

    expect(wizard.locator("[data-task='forecasting']").get_by_role("radio")).to_be_checked()
    expect(wizard.get_by_label("Time", exact=True)).to_have_value("when")
    expect(wizard.get_by_role("checkbox", name="shop")).to_be_checked()
    wizard.get_by_label("Steps ahead").focus()
    page.keyboard.type("0")
    expect(wizard.get_by_role("status")).to_contain_text("Steps ahead: a whole number")
    page.keyboard.press("Backspace")
    page.keyboard.type("3")
    wizard.get_by_role("group", name="Known only").get_by_label("visitors").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    wizard.get_by_label("Trials").focus()
    page.keyboard.type("1")
    page.keyboard.press("Control+Enter")
    expect(wizard).to_contain_text("when, 3 steps ahead, for each shop")
    page.keyboard.press("Control+Enter")

    board = page.locator(".jp-MlwsAutoML")
    expect(board).to_contain_text("Forecast of sold", timeout=PATIENCE)
    job = rest.call(lab, "GET", f"/api/jobs/{board.get_attribute('data-automl')}")
    assert job["forecasting"] == {
        "time_column_name": "when",
        "forecast_horizon": 3,
        "time_series_id_column_names": ["shop"],
        "features_unknown_at_forecast_time": ["visitors"],
    }
    rest.call(lab, "POST", f"/api/jobs/{job['name']}:cancel", {})
    jupyterlab.errors.clear()
