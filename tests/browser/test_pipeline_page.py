"""The steps of a pipeline on its run page."""

from __future__ import annotations

import zipfile
from typing import Any
from uuid import uuid4

from playwright.sync_api import expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage


def pipeline(lab: Lab) -> str:
    """Three steps, the second of which fails at first, and one beside them; nothing is reused."""
    name = f"nightly-{uuid4().hex[:6]}"
    jobs: dict[str, Any] = {
        "prepare": {"command": "echo 1 > ${{outputs.n}}", "outputs": {"n": {"type": "integer"}}},
        "train": {
            "command": "test -e ../../seen || { touch ../../seen; echo broken; exit 3; };"
            " echo model > ${{outputs.model}}/weights",
            "inputs": {"n": "${{parent.jobs.prepare.outputs.n}}"},
            "outputs": {"model": {}},
            "cache": {"salt": name},
        },
        "register": {
            "command": "true",
            "inputs": {"model": "${{parent.jobs.train.outputs.model}}"},
        },
        "report": {"command": "echo done", "cache": {"salt": name}},
    }
    job = {"type": "pipeline", "display_name": "Nightly", "name": name, "jobs": jobs}
    made: str = rest.call(lab, "POST", "/api/jobs", {"job": job})["name"]
    return made


def test_a_broken_pipeline_shows_where_and_goes_on_from_there(
    lab: Lab, jupyterlab: LabPage
) -> None:
    name = pipeline(lab)
    rest.wait_for(lab, name, "Failed")

    jupyterlab.execute("mlws:run-open", run_id=name)
    page = jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")
    train = page.locator("[data-step='train']")
    expect(train).to_have_attribute("data-state", "failed")
    expect(train).to_contain_text("exit code 3")
    expect(page.locator("[data-step='register']")).to_contain_text("step 'train' failed")
    page.get_by_role("button", name="Resume").click()

    expect(page.locator("[data-step='register']")).to_have_attribute(
        "data-state", "completed", timeout=60_000
    )
    expect(train).to_contain_text("Attempt 2")


def test_a_pipeline_is_exported_as_it_was_submitted(lab: Lab, jupyterlab: LabPage) -> None:
    job = {"type": "pipeline", "jobs": {"one": {"command": "true"}}}
    name = rest.call(lab, "POST", "/api/jobs", {"job": job})["name"]
    jupyterlab.execute("mlws:run-open", run_id=name)
    page = jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")
    page.get_by_role("button", name="More").press("Enter")
    jupyterlab.page.locator(".lm-Menu").get_by_text("Export pipeline…").click()
    dialog = jupyterlab.page.locator(".jp-Dialog")
    dialog.get_by_role("combobox").select_option(label="Python script")

    with jupyterlab.page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()

    assert download.value.suggested_filename == f"{name}.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == [f"{name}.py"]


def test_a_step_runs_again_by_the_keyboard_and_its_run_is_a_key_away(
    lab: Lab, jupyterlab: LabPage
) -> None:
    name = pipeline(lab)
    rest.wait_for(lab, name, "Failed")
    jupyterlab.execute("mlws:run-open", run_id=name)
    page = jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")

    page.get_by_role("button", name="Run again: report").press("Enter")
    item = jupyterlab.page.locator(".lm-Menu").get_by_text("Run only this step again")
    expect(item).to_be_visible()
    item.click()

    expect(page.locator("[data-step='report']")).to_contain_text("Attempt 2", timeout=60_000)
    page.locator("[data-step='report']").get_by_role("button", name="report", exact=True).press(
        "Enter"
    )
    expect(jupyterlab.page.locator(f"[data-run='{name}_report'].jp-MlwsPage")).to_be_visible()
