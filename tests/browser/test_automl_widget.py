"""AutoML's wizard in a notebook's cell: by keyboard to a job, and a trial chosen in its leaderboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import notebooks
from tests.browser.conftest import Lab, LabPage

PATIENCE = 120_000
START = """\
import numpy as np, pandas as pd, jupyter_mlws as mlws
dice = np.random.default_rng(0)
payers = pd.DataFrame({"id": [f"p{i}" for i in range(200)], "age": dice.uniform(1, 80, 200)})
payers["paid"] = 3 * payers["age"] + dice.normal(0, 3, 200)
payers["town"] = np.where(dice.random(200) < 0.3, "Rome", "Oslo")
payers["ship"] = "Titanic"
wizard = mlws.automl_wizard(payers, validation_data_size=0.25,
    limits={"max_trials": 2, "max_concurrent_trials": 2},
    training={"allowed_training_algorithms": ["elastic_net", "decision_tree"],
        "enable_stack_ensemble": False, "enable_model_explainability": False})
wizard"""
CHOSEN = 'wizard.board.wait(200); print("chosen", wizard.board.selected.state["name"])'
KERNEL_IS_READY = """() =>
  window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"""


@pytest.mark.timeout(300)
def test_a_table_is_asked_about_run_and_a_trial_chosen_by_keyboard(
    lab: Lab, jupyterlab: LabPage
) -> None:
    notebooks.write(lab.project, "wizard", START, CHOSEN)
    jupyterlab.open("wizard.ipynb")
    page = jupyterlab.page
    page.wait_for_function(KERNEL_IS_READY, timeout=60_000)
    jupyterlab.execute("notebook:run-cell-and-select-next")
    jupyterlab.execute("notebook:run-cell-and-select-next")
    wizard = page.locator(".jp-MlwsAutoMLWizard")
    run = wizard.get_by_role("button", name="Run")
    expect(wizard.get_by_text("looks like an id")).to_be_visible(timeout=60_000)
    expect(run).to_be_disabled()

    wizard.get_by_label("Predict").focus()
    page.keyboard.type("paid")
    expect(wizard.get_by_text("Proposed: paid is a number")).to_be_visible()
    wizard.get_by_label("Minutes").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("0")
    expect(wizard.get_by_role("alert").filter(has_text="equal to 1")).to_be_visible()
    expect(run).to_be_disabled()
    page.keyboard.press("Backspace")
    page.keyboard.type("5")
    expect(run).to_be_enabled()
    run.focus()
    page.keyboard.press("Enter")

    board = page.locator(".jp-MlwsTrialBoard")
    expect(board).to_contain_text("✓ Completed", timeout=PATIENCE)
    expect(wizard.get_by_label("Predict")).to_have_count(0)
    trials = board.get_by_label("Trial", exact=True)
    trials.focus()
    page.keyboard.press("Home")
    first = trials.locator("option").first.inner_text().split("·")[1].strip()
    expect(board.locator("tr[aria-selected='true'] th")).to_have_text(first)
    jupyterlab.execute("notebook:move-cursor-down")
    jupyterlab.execute("notebook:run-cell")
    expect(page.locator(".jp-OutputArea-output", has_text="chosen")).to_contain_text(first)
    board.locator("tr[aria-selected='true']").get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".jp-NotebookPanel:visible")).to_contain_text(
        "How good it is", timeout=PATIENCE
    )
