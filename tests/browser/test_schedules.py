"""Schedules: a notebook is scheduled, fires, is switched off; wrong cron is named at its field."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import notebooks, rest
from tests.browser.conftest import Lab, LabPage


@pytest.fixture
def report(lab: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """A small notebook of this test's own; its schedules go with it."""
    name = f"report-{request.node.name.removeprefix('test_')[:12]}"
    notebooks.write(lab.project, name, "print(n)", parameters="n = 1")
    yield f"{name}.ipynb"
    for schedule in rest.call(lab, "GET", "/api/schedules")["items"]:
        rest.call(lab, "POST", f"/api/schedules/{schedule['name']}:disable", {})


def editor(jupyterlab: LabPage) -> Locator:
    dialog = jupyterlab.page.locator(".jp-MlwsRunDialog")
    expect(dialog.locator(".jp-MlwsSchedule")).to_be_visible()
    return dialog


def test_a_notebook_is_scheduled_fires_and_is_switched_off(
    jupyterlab: LabPage, report: str, lab: Lab
) -> None:
    page = jupyterlab.page
    jupyterlab.execute("docmanager:open", path=report)
    page.get_by_role("button", name="Run as job").first.click()
    run = page.locator(".jp-MlwsRunDialog")
    run.locator("[data-parameter=n] input").fill("7")
    run.get_by_role("button", name="Schedule…").click()

    dialog = editor(jupyterlab)
    dialog.get_by_label("Name").fill("morning-report")
    dialog.get_by_role("button", name="Daily").click()
    expect(dialog.get_by_label("Cron")).to_have_value("0 7 * * *")
    expect(dialog.locator(".jp-MlwsSchedule-sentence")).to_contain_text("07:00")
    dialog.get_by_label("Time zone").fill("Asia/Tokyo")
    expect(dialog.locator(".jp-MlwsSchedule-times li")).to_have_count(10)
    dialog.get_by_role("button", name="Create schedule").click()
    expect(dialog).to_have_count(0)

    jupyterlab.execute("mlws:schedules-open")
    row = page.locator("[data-schedule=morning-report].jp-MlwsSchedules-row")
    expect(row).to_contain_text("Asia/Tokyo")
    row.get_by_role("button", name="Run now").click()
    expect(row.locator(".jp-MlwsDot.jp-mod-good")).to_have_count(1, timeout=60_000)
    fire = rest.call(lab, "GET", "/api/schedules/morning-report")["recent"][0]
    assert rest.call(lab, "GET", f"/api/jobs/{fire['job']}")["inputs"] == {"n": 7}

    switch = row.get_by_role("switch")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(row.locator(".jp-MlwsSchedules-next")).to_have_text("off")
    assert rest.call(lab, "GET", "/api/schedules/morning-report")["is_enabled"] is False


def test_wrong_cron_names_the_field_as_one_types(jupyterlab: LabPage, report: str) -> None:
    jupyterlab.execute("docmanager:open", path=report)
    jupyterlab.page.evaluate(
        "path => void window.jupyterapp.commands.execute('mlws:schedule-dialog', { path })", report
    )
    dialog = editor(jupyterlab)
    cron = dialog.get_by_label("Cron")

    cron.fill("0 25 * * *")
    expect(dialog.locator(".jp-MlwsField.jp-mod-wrong")).to_contain_text("'25' is no hour")
    expect(cron).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("button", name="Create schedule").click()
    expect(cron).to_be_focused()

    cron.fill("30 2 * * 0")
    dialog.get_by_label("Time zone").fill("Europe/Berlin")
    expect(dialog.locator(".jp-mod-wrong")).to_have_count(0)
    expect(dialog.locator(".jp-MlwsSchedule-times li")).to_have_count(10)
    jupyterlab.page.keyboard.press("Escape")
    jupyterlab.errors.clear()  # the refusals that were provoked


def test_an_earlier_job_is_scheduled_from_its_page_and_edited(
    jupyterlab: LabPage, lab: Lab, report: str
) -> None:
    page = jupyterlab.page
    job = rest.submit(lab, "echo scheduled", display_name="nightly clean")
    rest.wait_for(lab, job, "Completed")
    page.evaluate(
        "run_id => void window.jupyterapp.commands.execute('mlws:schedule-dialog', { run_id })", job
    )
    dialog = editor(jupyterlab)
    dialog.get_by_role("button", name="Every…").click()
    dialog.get_by_label("Every", exact=True).fill("6")
    expect(dialog.locator(".jp-MlwsSchedule-sentence")).to_have_text("Every 6 hours")
    dialog.get_by_role("button", name="Create schedule").click()
    expect(dialog).to_have_count(0)

    jupyterlab.execute("mlws:schedules-open")
    row = page.locator("[data-schedule=nightly-clean].jp-MlwsSchedules-row")
    row.get_by_role("button", name="nightly-clean").click()
    dialog = editor(jupyterlab)
    dialog.get_by_role("button", name="Weekly").click()
    dialog.get_by_role("button", name="Save").click()

    expect(row).to_contain_text("Monday")
    kept = rest.call(lab, "GET", "/api/schedules/nightly-clean")
    assert kept["create_job"]["command"] == "echo scheduled"
