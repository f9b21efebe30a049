"""The runs page: many runs at once, its columns, its filter, nested runs."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage


def log(lab: Lab, name: str, parent: str = "", **metrics: float) -> str:
    """A finished run as an MLflow client logs it; answers its id."""
    now = int(time.time() * 1000)
    tags = [{"key": "mlflow.parentRunId", "value": parent}] if parent else []
    body = {"experiment_id": "0", "run_name": name, "start_time": now, "tags": tags}
    run = rest.call(lab, "POST", "/mlflow/api/2.0/mlflow/runs/create", body)["run"]
    run_id: str = run["info"]["run_id"]
    points = [{"key": key, "value": value, "timestamp": now} for key, value in metrics.items()]
    logged = {"run_id": run_id, "metrics": points}
    rest.call(lab, "POST", "/mlflow/api/2.0/mlflow/runs/log-batch", logged)
    ended = {"run_id": run_id, "status": "FINISHED", "end_time": now}
    rest.call(lab, "POST", "/mlflow/api/2.0/mlflow/runs/update", ended)
    return run_id


@pytest.fixture
def runs(lab: Lab, jupyterlab: LabPage, request: pytest.FixtureRequest) -> Locator:
    """The page with the three runs of this test: `<test> 0` to `<test> 2`, the last on top."""
    label = request.node.name
    for number in range(3):
        log(lab, f"{label} {number}", gain=number, cost=7 - number)
    jupyterlab.execute("mlws:runs-open", search=label)
    page = jupyterlab.page.locator(".jp-MlwsRuns")
    expect(page.locator(".jp-MlwsTable-row")).to_have_count(3)
    return page


def test_runs_chosen_by_keyboard_go_to_the_archive_and_come_back(
    jupyterlab: LabPage, runs: Locator
) -> None:
    rows = runs.locator(".jp-MlwsTable-row")
    keyboard = jupyterlab.page.keyboard

    runs.locator(".jp-MlwsTable-grid").focus()
    keyboard.press("Space")
    keyboard.press("Shift+ArrowDown")
    expect(runs.get_by_text("2 runs selected")).to_be_visible()
    runs.get_by_role("button", name="Archive", exact=True).click()
    expect(rows).to_have_count(1)
    jupyterlab.page.locator(".Toastify__toast").get_by_role("button", name="Undo").click()

    expect(rows).to_have_count(3)


def test_archived_runs_are_deleted_for_good_once_asked(jupyterlab: LabPage, runs: Locator) -> None:
    rows = runs.locator(".jp-MlwsTable-row")
    runs.get_by_role("checkbox", name="Select all").click()
    runs.get_by_role("button", name="Archive", exact=True).click()
    expect(rows).to_have_count(0)
    runs.get_by_role("checkbox", name="Archived").check()
    expect(rows).to_have_count(3)
    rows.nth(0).get_by_role("checkbox").click()
    rows.nth(1).get_by_role("checkbox").click()

    runs.get_by_role("button", name="Delete for good…").click()
    dialog = jupyterlab.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 2 runs for good?")
    expect(dialog.get_by_role("button", name="Keep them")).to_be_focused()
    jupyterlab.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(rows).to_have_count(3)
    runs.get_by_role("button", name="Delete for good…").click()
    dialog.get_by_role("button", name="Delete for good").click()

    expect(rows).to_have_count(1)


def test_chosen_runs_are_tagged_and_the_tag_becomes_a_column_that_stays(
    jupyterlab: LabPage, runs: Locator
) -> None:
    runs.get_by_role("checkbox", name="Select all").click()
    runs.get_by_role("button", name="Tag…").click()
    runs.get_by_label("Tag as name=value").fill("stage=gold")
    jupyterlab.page.keyboard.press("Enter")
    runs.get_by_role("button", name="Columns").click()
    runs.get_by_label("Search columns").fill("stage")
    runs.get_by_role("checkbox", name="stage").check()
    head = runs.get_by_role("columnheader", name="stage")
    expect(head).to_be_visible()
    jupyterlab.reload()

    expect(head).to_be_visible()
    expect(runs.get_by_role("gridcell", name="gold")).to_have_count(3)


def test_a_filter_is_completed_and_its_fault_is_pointed_at(
    jupyterlab: LabPage, runs: Locator
) -> None:
    box = runs.get_by_label("Filter runs")
    keyboard = jupyterlab.page.keyboard

    box.fill("")
    box.press_sequentially("metr")
    for key in ("ArrowDown", "Enter"):
        keyboard.press(key)
    box.press_sequentially("gai")
    for key in ("ArrowDown", "Enter"):
        keyboard.press(key)
    expect(box).to_have_value("metrics.gain ")
    box.press_sequentially("> > 1")

    expect(runs.locator(".jp-MlwsRuns-fault")).to_have_text("metrics.gain > > 1\n               ^")
    jupyterlab.errors.clear()


def test_runs_of_a_run_unfold_below_it(lab: Lab, jupyterlab: LabPage, runs: Locator) -> None:
    parent = log(lab, "unfolded", gain=1)
    log(lab, "unfolded child", parent=parent, gain=2)
    runs.get_by_label("Filter runs").fill("unfolded")
    rows = runs.locator(".jp-MlwsTable-row")
    expect(rows).to_have_count(1)

    runs.locator(".jp-MlwsTable-grid").focus()
    jupyterlab.page.keyboard.press("ArrowRight")

    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_have_attribute("aria-level", "2")


def test_runs_are_measured_against_the_baseline_and_drawn_beside(
    jupyterlab: LabPage, runs: Locator
) -> None:
    rows = runs.locator(".jp-MlwsTable-row")
    runs.locator(".jp-MlwsTable-grid").focus()
    jupyterlab.page.keyboard.press("b")
    runs.get_by_label("Charts", exact=True).check()
    bars = runs.locator("[data-metric='gain'] tr")
    expect(bars).to_have_count(3)

    jupyterlab.page.locator(".jp-MlwsTable-grid").focus()
    jupyterlab.page.keyboard.press("e")

    expect(bars).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("▼ 1")
    expect(rows.nth(1)).to_contain_text("▲ 1")
