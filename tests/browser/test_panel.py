"""The ML Workspace panel: what runs, what was run, where; live and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Response, Route, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage


@pytest.fixture
def sleep(lab: Lab) -> Iterator[Callable[[str], str]]:
    """Starts a job of the name given that does not end by itself; none outlives the test."""
    names: list[str] = []

    def start(display_name: str) -> str:
        names.append(rest.submit(lab, "sleep 600", display_name=display_name))
        return names[-1]

    yield start
    for name in names:
        if rest.call(lab, "GET", f"/api/jobs/{name}")["status"] != "Canceled":
            rest.call(lab, "POST", f"/api/jobs/{name}:cancel", {})


def test_a_job_appears_while_it_runs_and_can_be_canceled(
    lab: Lab, sleep: Callable[[str], str], jupyterlab: LabPage
) -> None:
    activity = jupyterlab.section("activity")

    name = sleep("long sleep")
    row = activity.locator(f"[data-job='{name}']")
    expect(row).to_contain_text("long sleep")
    expect(row.get_by_role("img", name="Running")).to_be_visible()
    row.hover()
    row.get_by_role("button", name="Cancel").click()

    expect(row).to_have_count(0)
    assert rest.wait_for(lab, name, "Canceled")


def test_a_run_that_ends_shows_its_metric_without_a_reload(lab: Lab, jupyterlab: LabPage) -> None:
    runs = jupyterlab.section("runs")

    name = rest.submit(lab, rest.log_metrics(accuracy=0.875), display_name="quick")

    row = runs.locator(f"[data-run='{name}']")
    expect(row.get_by_role("img", name="Completed")).to_be_visible(timeout=60_000)
    expect(row).to_contain_text("0.875")


def test_the_end_of_a_job_is_notified_and_leads_to_it(lab: Lab, jupyterlab: LabPage) -> None:
    jupyterlab.side("mlws-panel")
    name = rest.submit(lab, "exit 3", display_name="broken")

    toast = jupyterlab.page.locator(".Toastify__toast", has_text="broken failed")
    expect(toast).to_be_visible(timeout=60_000)
    toast.get_by_role("button", name="Open error").click()

    page = jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")
    expect(page.locator(".jp-MlwsErrorCard")).to_be_visible()


def test_a_run_is_opened_by_keyboard(lab: Lab, jupyterlab: LabPage) -> None:
    name = rest.submit(lab, "true")
    rest.wait_for(lab, name, "Completed")
    runs = jupyterlab.section("runs")
    row = runs.get_by_role("listitem").filter(has=jupyterlab.page.locator(f"[data-run='{name}']"))
    expect(row).to_be_visible()

    runs.get_by_role("listitem").first.focus()
    for _ in range(10):
        if row.evaluate("node => node === document.activeElement"):
            break
        jupyterlab.page.keyboard.press("ArrowDown")
    jupyterlab.page.keyboard.press("Enter")

    expect(jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")).to_be_visible()


def test_the_menu_of_a_run_offers_what_can_be_done_with_it(lab: Lab, jupyterlab: LabPage) -> None:
    name = rest.submit(lab, "exit 1")
    rest.wait_for(lab, name, "Failed")
    row = jupyterlab.section("runs").locator(f"[data-run='{name}']")
    expect(row.locator(".jp-MlwsStatus-icon.jp-mod-bad")).to_be_visible()

    row.click(button="right")

    menu = jupyterlab.page.locator(".lm-Menu-content")
    for label in ("Open", "Retry", "Copy id", "Archive"):
        expect(menu.get_by_text(label, exact=True)).to_be_visible()
    expect(menu.get_by_text("Cancel", exact=True)).to_have_count(0)


def test_searching_narrows_the_lists(lab: Lab, jupyterlab: LabPage) -> None:
    for display_name in ("alpha search", "beta search"):
        rest.wait_for(lab, rest.submit(lab, "true", display_name=display_name), "Completed")
    panel = jupyterlab.side("mlws-panel")
    runs = jupyterlab.section("runs")
    expect(runs.get_by_text("beta search")).to_be_visible()

    panel.get_by_role("searchbox", name="Search runs").fill("alpha search")

    expect(runs.get_by_text("alpha search")).to_be_visible()
    expect(runs.get_by_text("beta search")).to_have_count(0)


def _saves_compute_as_folded(response: Response) -> bool:
    request = response.request
    is_save = request.method == "PUT" and "/api/workspaces/" in request.url
    return is_save and '"compute":true' in (request.post_data or "")


def test_a_folded_section_stays_folded_after_a_reload(jupyterlab: LabPage) -> None:
    panel = jupyterlab.side("mlws-panel")
    title = panel.locator(".jp-AccordionPanel-title", has_text="Compute")
    content = panel.locator("[data-compute='local']")
    expect(content).to_be_visible()

    with jupyterlab.page.expect_response(_saves_compute_as_folded):
        title.click()
    expect(content).to_be_hidden()
    jupyterlab.reload()

    jupyterlab.side("mlws-panel")
    expect(panel.locator("[data-mlws-section='runs'].lm-Widget")).to_be_visible()
    expect(content).to_be_hidden()


def test_an_empty_section_says_what_to_do(jupyterlab: LabPage) -> None:
    empty = '{"items": [], "next_page_token": null}'

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=empty)

    jupyterlab.page.route("**/mlws/api/jobs?*", answer)
    jupyterlab.page.route("**/mlws/api/runs?*", answer)
    jupyterlab.open()

    activity = jupyterlab.section("activity")
    expect(activity).to_contain_text("Nothing is running.")
    expect(activity.get_by_role("button", name="Run a notebook…")).to_be_visible()
    runs = jupyterlab.section("runs")
    expect(runs.get_by_role("button", name="Try the example")).to_be_visible()


def test_a_section_that_cannot_be_read_offers_to_try_again(jupyterlab: LabPage) -> None:
    refusal = '{"code": "UNAVAILABLE", "message": "The disk is busy."}'
    jupyterlab.page.route(
        "**/mlws/api/computes", lambda route: route.fulfill(status=503, body=refusal)
    )
    jupyterlab.open()
    compute = jupyterlab.section("compute")
    expect(compute.get_by_role("alert")).to_contain_text("The disk is busy.")

    jupyterlab.page.unroute("**/mlws/api/computes")
    compute.get_by_role("button", name="Retry").click()

    expect(compute.locator("[data-compute='local']")).to_be_visible()
    jupyterlab.errors.clear()


def test_the_status_bar_counts_and_shows_what_runs(
    lab: Lab, sleep: Callable[[str], str], jupyterlab: LabPage
) -> None:
    name = sleep("counted")
    item = jupyterlab.page.locator(".jp-MlwsStatusItem button")
    expect(item).to_have_accessible_name(re.compile("^1 job running"))

    item.click()

    popup = jupyterlab.page.locator(".jp-MlwsPopup")
    expect(popup).to_contain_text("counted")
    rest.call(lab, "POST", f"/api/jobs/{name}:cancel", {})
    rest.wait_for(lab, name, "Canceled")
    expect(popup.locator(f"[data-job='{name}']")).to_have_count(0)
