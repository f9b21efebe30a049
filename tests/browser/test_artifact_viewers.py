"""The files of a run, looked into where they are; and what changed since the run before."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage
from tests.browser.test_run_page import run_page

SCRIPT = r"""mkdir -p outputs && cd outputs && python - <<'END'
import json, pathlib, struct, wave
rows = "".join(f"{i},{i / 10}\n" for i in range(450))
pathlib.Path("scores.csv").write_text("id,score\n" + rows)
pathlib.Path("logged.json").write_text(json.dumps({"columns": ["question"], "data": [["why?"]]}))
pathlib.Path("config.json").write_text(json.dumps({"model": {"depth": 3}}))
pathlib.Path("card.md").write_text("# Model card\n\n**good**")
pathlib.Path("train.py").write_text("import os\n# ``` fence\n")
pathlib.Path("report.html").write_text(
    "<h1>Report</h1><script>document.body.textContent = 'scripts run'</script>")
pathlib.Path("huge.txt").write_text("x" * 2_100_000)
with wave.open("tone.wav", "wb") as tone:
    tone.setparams((1, 2, 8000, 0, "NONE", ""))
    tone.writeframes(struct.pack("<h", 0) * 8000)
END"""


@pytest.fixture(scope="module")
def job(lab: Lab) -> str:
    name = rest.submit(lab, SCRIPT)
    rest.wait_for(lab, name, "Completed")
    return name


def opened(jupyterlab: LabPage, job: str) -> Locator:
    """The tree of the job's files, unfolded."""
    page = run_page(jupyterlab, job)
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_role("treeitem", name="outputs").click()
    return page


def look(page: Locator, name: str) -> Locator:
    """The look into a file."""
    page.get_by_role("treeitem", name=name).click()
    expect(page.locator(".jp-MlwsPreview-name")).to_have_text(f"outputs/{name}")
    return page.locator(".jp-MlwsPreview-body")


def test_each_kind_of_file_has_its_view(job: str, jupyterlab: LabPage) -> None:
    page = opened(jupyterlab, job)

    expect(look(page, "logged.json").get_by_role("cell", name="why?")).to_be_visible()
    expect(look(page, "config.json")).to_contain_text("model")
    expect(look(page, "card.md").get_by_role("heading", name="Model card")).to_be_visible()
    expect(look(page, "train.py").locator("code")).to_contain_text("# ``` fence")
    audio = look(page, "tone.wav").locator("audio")
    expect(audio).to_have_js_property("duration", 1)
    huge = look(page, "huge.txt")
    expect(huge).to_contain_text("2.1 MB is too much to be shown here.")
    expect(huge.get_by_text("Save the file")).to_be_visible()


def test_html_is_shown_and_its_scripts_do_not_run(job: str, jupyterlab: LabPage) -> None:
    body = look(opened(jupyterlab, job), "report.html")

    frame = body.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Report")).to_be_visible()
    expect(frame.get_by_text("scripts run")).to_have_count(0)
    # Chromium tells in the console that it has kept the script from running.
    assert all("sandboxed" in error for error in jupyterlab.errors)
    jupyterlab.errors.clear()


def test_a_long_table_is_read_page_by_page(job: str, jupyterlab: LabPage) -> None:
    jupyterlab.dark()
    body = look(opened(jupyterlab, job), "scores.csv")

    expect(body).to_contain_text("Rows 1 to 200 of 450, 2 columns")
    body.get_by_role("button", name="Next").press("Enter")
    body.get_by_role("button", name="Next").press("Enter")

    expect(body).to_contain_text("Rows 401 to 450 of 450")
    expect(body.get_by_role("row").last).to_contain_text("44.9")
    expect(body.get_by_role("button", name="Next")).to_be_disabled()


def test_what_changed_since_the_run_before_leads_to_the_comparison(
    lab: Lab, jupyterlab: LabPage
) -> None:
    for number in (1, 2):
        log = f"import mlflow; mlflow.log_param('lr', {number})"
        command = f'python -c "{log}" # changing.py'
        name = rest.submit(lab, command, display_name=f"attempt {number}")
        rest.wait_for(lab, name, "Completed")
    page = run_page(jupyterlab, name)

    page.get_by_role("button", name=re.compile("Changed since attempt 1: 1 parameter")).press(
        "Enter"
    )

    comparison = jupyterlab.page.locator(".jp-MlwsCompare:visible")
    expect(comparison.locator("[data-row='lr']")).to_contain_text("2")
    expect(comparison.locator("[data-run-chip]").first).to_contain_text("attempt 1")
