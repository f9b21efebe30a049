"""The runs page and the run page."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage


def run_page(jupyterlab: LabPage, name: str) -> Locator:
    """The page of a run, opened."""
    jupyterlab.execute("mlws:run-open", run_id=name)
    page = jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")
    expect(page).to_be_visible()
    return page


def runs_page(jupyterlab: LabPage) -> Locator:
    """The table of all runs, opened."""
    jupyterlab.execute("mlws:runs-open")
    page = jupyterlab.page.locator(".jp-MlwsRuns")
    expect(page).to_be_visible()
    return page


def test_metrics_and_log_of_a_running_job_grow_without_a_reload(
    lab: Lab, jupyterlab: LabPage
) -> None:
    line = (
        'python -c "import mlflow, time\n'
        "for i in range(1000):\n"
        "    mlflow.log_metric('loss', i, step=i); print('step', i, flush=True); time.sleep(0.2)\""
    )
    name = rest.submit(lab, line)
    page = run_page(jupyterlab, name)

    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_text("step 3", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("step 9", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Metrics").click()
    expect(
        page.locator("[data-metric='loss'] .jp-MlwsChart .scatterlayer path").first
    ).to_be_attached()
    page.get_by_role("button", name="Cancel").click()

    expect(page.locator(".jp-MlwsStatus[data-status='Canceled']").first).to_be_visible()


def test_a_chart_can_be_read_as_a_table(lab: Lab, jupyterlab: LabPage) -> None:
    name = rest.submit(lab, rest.log_metrics(3, loss=0.5))
    rest.wait_for(lab, name, "Completed")
    page = run_page(jupyterlab, name)
    page.get_by_role("tab", name="Metrics").click()
    card = page.locator("[data-metric='loss']")
    chart = card.get_by_role("img")
    expect(chart).to_have_attribute(
        "aria-label", "loss: 1.5 at the end, least 0.5 at step 0, greatest 1.5 at step 2"
    )

    card.get_by_role("button", name="View as table").click()

    expect(card.get_by_role("row")).to_have_count(4)
    expect(card.get_by_role("row").last).to_contain_text("1.5")


def test_a_failed_job_opens_on_its_error_and_can_be_tried_again(
    lab: Lab, jupyterlab: LabPage
) -> None:
    name = rest.submit(lab, "echo almost there; exit 3")
    rest.wait_for(lab, name, "Failed")
    page = run_page(jupyterlab, name)

    card = page.locator(".jp-MlwsErrorCard")
    expect(card).to_contain_text("almost there")
    card.get_by_role("button", name="Retry").click()
    page.get_by_role("tab", name="Logs").click()
    attempt = page.get_by_label("Attempt")

    expect(attempt).to_have_value("2")


def test_the_failing_cell_of_a_notebook_is_named_with_its_line(
    lab: Lab, jupyterlab: LabPage
) -> None:
    (lab.project / "failing.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "id": "boom", "metadata": {}, "outputs": [],'
        ' "execution_count": null, "source": "x = 1\\nint(\'setosa\')"}],'
        ' "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    body = {"path": "failing.ipynb", "job": {"type": "notebook"}}
    name = rest.call(lab, "POST", "/lab/jobs", body)["name"]
    rest.wait_for(lab, name, "Failed")

    page = run_page(jupyterlab, name)

    card = page.locator(".jp-MlwsErrorCard")
    expect(card).to_contain_text("Cell 1, line 2")
    expect(card).to_contain_text("int('setosa')")
    expect(card.get_by_role("button", name="Open at failing cell")).to_be_visible()


def test_files_of_a_run_can_be_looked_into(lab: Lab, jupyterlab: LabPage) -> None:
    name = rest.submit(lab, "mkdir -p outputs/deep && echo hello > outputs/deep/note.txt")
    rest.wait_for(lab, name, "Completed")
    page = run_page(jupyterlab, name)

    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_role("treeitem", name="outputs").click()
    page.get_by_role("treeitem", name="deep").click()
    page.get_by_role("treeitem", name="note.txt").click()

    expect(page.locator(".jp-MlwsPreview")).to_contain_text("hello")


def test_a_new_name_and_the_open_tab_survive_a_reload(lab: Lab, jupyterlab: LabPage) -> None:
    name = rest.submit(lab, "true")
    rest.wait_for(lab, name, "Completed")
    page = run_page(jupyterlab, name)

    page.get_by_role("tab", name="Overview").focus()
    jupyterlab.page.keyboard.press("F2")
    page.get_by_label("Name of the run").fill("renamed")
    jupyterlab.page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="renamed")).to_be_visible()
    page.get_by_role("tab", name="JSON").click()
    jupyterlab.reload()

    expect(page.get_by_role("heading", name="renamed")).to_be_visible()
    expect(page.get_by_role("tab", name="JSON")).to_have_attribute("aria-selected", "true")


def test_a_link_opens_the_run(lab: Lab, jupyterlab: LabPage) -> None:
    name = rest.submit(lab, "true")
    rest.wait_for(lab, name, "Completed")

    jupyterlab.open(mlws=f"runs/{name}")

    expect(jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")).to_be_visible()
    assert "mlws=" not in jupyterlab.page.url


def test_the_table_is_filtered_and_sorted_by_the_server(lab: Lab, jupyterlab: LabPage) -> None:
    for number in (2, 1, 3):
        command = rest.log_metrics(quality=number)
        name = rest.submit(lab, command, display_name=f"sorted {number}")
        rest.wait_for(lab, name, "Completed")
    page = runs_page(jupyterlab)

    page.get_by_label("Filter runs").fill("metrics.quality > 1")
    rows = page.locator(".jp-MlwsTable-row")
    expect(rows).to_have_count(2)
    page.get_by_role("columnheader", name="quality").get_by_role("button").click()

    expect(rows.nth(0)).to_contain_text("sorted 3")
    expect(rows.nth(1)).to_contain_text("sorted 2")


def test_a_wrong_filter_is_told_under_the_box_and_the_rows_stay(
    lab: Lab, jupyterlab: LabPage
) -> None:
    rest.wait_for(lab, rest.submit(lab, "true"), "Completed")
    page = runs_page(jupyterlab)
    rows = page.locator(".jp-MlwsTable-row")
    expect(rows.first).to_be_visible()

    page.get_by_label("Filter runs").fill("metrics. > = 1")

    expect(page.locator("#mlws-filter-error")).to_be_visible()
    expect(rows.first).to_be_visible()
    jupyterlab.errors.clear()


def test_an_archived_run_leaves_the_table_and_comes_back_by_undo(
    lab: Lab, jupyterlab: LabPage
) -> None:
    name = rest.submit(lab, "true", display_name="to the archive")
    rest.wait_for(lab, name, "Completed")
    page = runs_page(jupyterlab)
    row = page.locator(".jp-MlwsTable-row", has_text="to the archive")
    expect(row).to_be_visible()

    row.click(button="right")
    jupyterlab.page.locator(".lm-Menu-content").get_by_text("Archive", exact=True).click()
    expect(row).to_have_count(0)
    jupyterlab.page.locator(".Toastify__toast").get_by_role("button", name="Undo").click()

    expect(row).to_be_visible()


def test_the_table_is_walked_by_keyboard(lab: Lab, jupyterlab: LabPage) -> None:
    name = rest.submit(lab, "true", display_name="on top")
    rest.wait_for(lab, name, "Completed")
    page = runs_page(jupyterlab)
    expect(page.locator(".jp-MlwsTable-row").first).to_contain_text("on top")

    page.locator(".jp-MlwsTable-grid").focus()
    jupyterlab.page.keyboard.press("Enter")

    expect(jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")).to_be_visible()
