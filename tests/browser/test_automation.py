"""Triggers & webhooks: made on their page, called by their token, told in the log."""

from __future__ import annotations

import json
import urllib.request
from contextlib import closing

from playwright.sync_api import expect

from jupyter_mlws.store.sqlite import SqliteStore
from tests.browser import rest
from tests.browser.conftest import Lab, LabPage


def test_a_trigger_and_a_webhook_are_made_and_what_they_did_is_seen(
    jupyterlab: LabPage, lab: Lab
) -> None:
    page = jupyterlab.page
    schedule = {
        "name": "called",
        "trigger": {"type": "cron", "expression": "0 0 1 1 *"},
        "create_job": {"command": "true"},
    }
    rest.call(lab, "POST", "/api/schedules", {"schedule": schedule})
    jupyterlab.execute("mlws:triggers-open")
    shown = page.locator(".jp-MlwsAutomation")
    expect(shown.get_by_text("A trigger starts a job")).to_be_visible()

    shown.get_by_role("button", name="New trigger…").click()
    form = shown.get_by_role("form", name="New trigger")
    form.get_by_label("Name").fill("not a name")
    form.get_by_label("Job of schedule").select_option("called")
    form.get_by_role("button", name="Create trigger").click()
    expect(form.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Name").fill("from-outside")
    form.get_by_role("button", name="Create trigger").click()

    line = shown.locator(".jp-MlwsAutomation-token pre").inner_text()
    url, token = line.split()[3], line.split("Bearer ")[1].split('"')[0]
    request = urllib.request.Request(
        url,
        data=json.dumps({"inputs": {}}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        job = json.load(answer)["job"]
    row = shown.locator("[data-trigger=from-outside]")
    expect(row.get_by_role("button", name="Completed")).to_be_visible(timeout=60_000)
    assert rest.wait_for(lab, job, "Completed")["tags"]["mlws.trigger"] == "from-outside"

    shown.get_by_role("button", name="New webhook…").click()
    form = shown.get_by_role("form", name="New webhook")
    form.get_by_label("Name").fill("ops")
    form.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    form.get_by_role("button", name="Create webhook").click()
    hook = shown.locator("[data-webhook=ops]")
    hook.get_by_role("button", name="Send a test").click()

    # This machine is no public address: the log says why nothing was sent.
    delivery = shown.locator(".jp-MlwsAutomation-log tbody tr")
    expect(delivery).to_contain_text("not a public address")
    expect(delivery).to_contain_text("pending")
    hook.get_by_role("button", name="Delete").click()
    expect(shown.get_by_text("A webhook tells others")).to_be_visible()
    row.get_by_role("switch").click()
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    rest.call(lab, "POST", "/api/schedules/called:disable", {})
    jupyterlab.errors.clear()  # the refusal that was provoked


def test_a_file_that_arrives_is_waited_for_and_processed(jupyterlab: LabPage, lab: Lab) -> None:
    page = jupyterlab.page
    landing = lab.project / "landing"
    landing.mkdir()
    (landing / "old.csv").write_text("a\n")
    datastore = {"name": "landing", "type": "file", "path": str(landing)}
    rest.call(lab, "POST", "/api/datastores", {"datastore": datastore})
    schedule = {
        "name": "counting",
        "trigger": {"type": "cron", "expression": "0 0 1 1 *"},
        "create_job": {"command": "true"},
    }
    rest.call(lab, "POST", "/api/schedules", {"schedule": schedule})
    jupyterlab.execute("mlws:triggers-open")
    shown = page.locator(".jp-MlwsAutomation")
    shown.get_by_role("button", name="New trigger…").click()
    form = shown.get_by_role("form", name="New trigger")
    form.get_by_label("Name").fill("on-arrival")
    form.get_by_label("Starts by").select_option("event")
    form.get_by_label("Job of schedule").select_option("counting")
    form.get_by_label("file.arrived").check()
    form.get_by_label("Files").fill("landing/*.csv")
    form.get_by_role("button", name="Create trigger").click()
    expect(form.get_by_text("is no address of files")).to_be_visible()
    form.get_by_label("Files").fill("azureml://datastores/landing/paths/*.csv")
    form.get_by_role("button", name="Create trigger").click()
    row = shown.locator("[data-trigger=on-arrival]")
    expect(row).to_contain_text("file.arrived azureml://datastores/landing/paths/*.csv")
    made = rest.call(lab, "GET", "/api/triggers/on-arrival")
    said = {key: made[key] for key in ("name", "type", "schedule", "events", "path")}
    rest.call(lab, "POST", "/api/triggers", {"trigger": {**said, "poll_seconds": 1}})
    rest.until(lambda: _is_watched(lab, "on-arrival"))

    (landing / "new.csv").write_text("a\n1\n")

    expect(row.get_by_role("button", name="Completed")).to_be_visible(timeout=60_000)
    recent = rest.call(lab, "GET", "/api/triggers/on-arrival")["recent"]
    assert [fire["cause"].rpartition("/")[2] for fire in recent] == ["new.csv"]
    rest.call(lab, "DELETE", "/api/triggers/on-arrival")
    jupyterlab.errors.clear()


def _is_watched(lab: Lab, trigger: str) -> bool:
    """Whether the service has seen what was there before the trigger, as it is now."""
    with closing(SqliteStore(lab.workspace / "workspace.db", readonly=True)) as store:
        seen = store.find_record("watch", trigger)
        asked = store.get_record("trigger", trigger)
        return seen is not None and seen.doc["since"] == asked.doc["since"]
