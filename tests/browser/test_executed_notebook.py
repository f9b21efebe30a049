"""The executed notebook of a job: native, read-only, without a kernel, and live."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import notebooks, rest
from tests.browser.conftest import TOKEN, Lab, LabPage

SLOW = "import time\nfor i in range(40):\n    print('step', i); time.sleep(0.25)"


def run(lab: Lab, name: str, inputs: dict[str, Any] | None = None) -> str:
    """Run a notebook of the project as a job; answers the job's name."""
    job = {"inputs": inputs or {}, "properties": {"mlws.path": f"{name}.ipynb"}}
    made = rest.call(lab, "POST", "/lab/jobs", {"path": f"{name}.ipynb", "job": job})
    submitted: str = made["name"]
    return submitted


def sessions(lab: Lab) -> list[str]:
    with urllib.request.urlopen(f"{lab.url}/api/sessions?token={TOKEN}", timeout=60) as answer:
        return sorted(session["path"] for session in json.load(answer))


def wait_until_kept(jupyterlab: LabPage, name: str) -> None:
    """Wait until JupyterLab has saved a layout with the executed notebook of `name` in it."""
    address = f"{jupyterlab.lab.url}/lab/api/workspaces/{jupyterlab.name}?token={TOKEN}"
    deadline = time.monotonic() + 30
    while True:
        with urllib.request.urlopen(address, timeout=60) as answer:
            layout = json.load(answer)["data"].get("layout-restorer:data", {})
        if name in json.dumps(layout):
            return
        assert time.monotonic() < deadline, layout
        time.sleep(0.1)


def executed(jupyterlab: LabPage, name: str, **more: str) -> Locator:
    jupyterlab.execute("mlws:notebook-open", name=name, **more)
    panel = jupyterlab.page.locator(".jp-MlwsExecutedPanel")
    panel.locator(".jp-Cell").first.wait_for()
    return panel


def cell(panel: Locator, source: str) -> Locator:
    return panel.locator(".jp-Cell", has_text=source)


@pytest.fixture(scope="module")
def failed(lab: Lab) -> str:
    """A job whose second code cell failed."""
    notebooks.write(
        lab.project,
        "fails",
        "print('rate is', rate)",
        "table = {}\ntable['missing']",
        "print('never')",
        parameters="rate: float = 0.1",
    )
    name = run(lab, "fails", {"rate": 0.5})
    rest.wait_for(lab, name, "Failed")
    return name


def test_it_shows_outputs_times_and_the_cell_that_failed(jupyterlab: LabPage, failed: str) -> None:
    panel = executed(jupyterlab, failed)

    expect(panel.get_by_text("rate is 0.5")).to_be_visible()
    expect(cell(panel, "table['missing']")).to_have_attribute("data-mlws-state", "failed")
    expect(cell(panel, "print('rate is'")).to_have_attribute("data-mlws-state", "done")
    expect(panel.locator(".jp-MlwsStatus[data-status='Failed']")).to_be_visible()
    expect(panel.locator(".jp-MlwsExecuted-error")).to_contain_text("KeyError")
    expect(panel.locator(".jp-MlwsExecuted-values")).to_contain_text("rate 0.5")


def test_it_starts_no_kernel_and_cannot_be_edited(jupyterlab: LabPage, failed: str) -> None:
    before = sessions(jupyterlab.lab)
    panel = executed(jupyterlab, failed)

    cell(panel, "print('never')").locator(".cm-content").click()
    jupyterlab.page.keyboard.type("changed")

    expect(panel.get_by_text("changed")).to_have_count(0)
    expect(panel.locator(".jp-NotebookPanel-toolbar")).to_be_hidden()
    assert sessions(jupyterlab.lab) == before


def test_it_opens_at_a_cell_that_is_asked_for(jupyterlab: LabPage, failed: str) -> None:
    execution = rest.call(jupyterlab.lab, "GET", f"/api/jobs/{failed}:get_notebook")
    broken = next(state for state in execution["cells"] if state["state"] == "failed")

    panel = executed(jupyterlab, failed, cell_id=broken["cell_id"])

    expect(cell(panel, "table['missing']")).to_be_in_viewport()
    expect(panel.locator(".jp-Cell.jp-mod-active")).to_contain_text("table['missing']")


def test_it_grows_while_the_job_runs(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "grows", "1 + 1", SLOW, "print('the end')")
    name = run(lab, "grows")
    rest.wait_for(lab, name, "Running")
    panel = executed(jupyterlab, name)

    expect(cell(panel, "time.sleep")).to_have_attribute("data-mlws-state", "running")
    expect(cell(panel, "time.sleep").get_by_text("step 3")).to_be_visible()
    expect(panel.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_text("the end", exact=True)).to_be_visible(timeout=30_000)
    expect(panel.locator(".jp-MlwsStatus[data-status='Completed']")).to_be_visible()
    expect(panel.get_by_role("button", name="Follow")).to_have_count(0)


def test_scrolling_by_hand_ends_following(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "scrolls", SLOW)
    name = run(lab, "scrolls")
    rest.wait_for(lab, name, "Running")
    panel = executed(jupyterlab, name)
    follow = panel.get_by_role("button", name="Follow")
    expect(follow).to_have_attribute("aria-pressed", "true")

    cell(panel, "time.sleep").hover()
    jupyterlab.page.mouse.wheel(0, 50)

    expect(follow).to_have_attribute("aria-pressed", "false")
    rest.call(lab, "POST", f"/api/jobs/{name}:cancel", {})


def test_it_is_there_again_after_a_reload(jupyterlab: LabPage, failed: str) -> None:
    executed(jupyterlab, failed)
    wait_until_kept(jupyterlab, failed)

    jupyterlab.reload()

    panel = jupyterlab.page.locator(".jp-MlwsExecutedPanel")
    expect(cell(panel, "table['missing']")).to_have_attribute("data-mlws-state", "failed")


def test_a_copy_of_it_is_an_ordinary_notebook(jupyterlab: LabPage, lab: Lab, failed: str) -> None:
    panel = executed(jupyterlab, failed)

    panel.get_by_role("button", name="Open as copy").click()

    jupyterlab.page.locator(".jp-NotebookPanel:not(.jp-MlwsExecutedPanel)").wait_for()
    assert (lab.project / f"{failed}.ipynb").exists()


def test_running_again_starts_from_the_code_of_the_run(
    jupyterlab: LabPage, lab: Lab, failed: str
) -> None:
    source = rest.call(lab, "GET", f"/api/jobs/{failed}")["code"]
    panel = executed(jupyterlab, failed)

    panel.get_by_role("button", name="Run again…").click()
    shown = jupyterlab.page.locator(".jp-MlwsRunDialog")
    expect(shown.get_by_label("rate", exact=True)).to_have_value("0.5")
    shown.get_by_label("rate", exact=True).fill("0.7")
    jupyterlab.page.keyboard.press("Enter")
    shown.wait_for(state="detached")

    newest = rest.call(lab, "GET", "/api/jobs")["items"][0]
    assert newest["code"] == source
    assert newest["inputs"] == {"rate": 0.7}


def test_outputs_of_others_run_no_script(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(
        lab.project,
        "hostile",
        "from IPython.display import HTML, Javascript, display\n"
        "display(HTML('<img src=x onerror=\"window.owned = 1\"><p>shown</p>'))\n"
        "display(Javascript('window.owned = 1'))",
    )
    name = run(lab, "hostile")
    rest.wait_for(lab, name, "Completed")

    panel = executed(jupyterlab, name)

    expect(panel.get_by_text("shown", exact=True)).to_be_visible()
    assert jupyterlab.page.evaluate("() => window.owned") is None
    jupyterlab.errors.clear()  # the image without a source


def test_an_artifact_opens_in_jupyterlabs_own_viewer(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(
        lab.project,
        "files",
        "import pathlib\npathlib.Path('outputs').mkdir(exist_ok=True)\n"
        "pathlib.Path('outputs/scores.csv').write_text('name,score\\nada,97\\n')",
    )
    name = run(lab, "files")
    rest.wait_for(lab, name, "Completed")

    jupyterlab.execute("mlws:artifact-open", run_id=name, path="outputs/scores.csv")

    jupyterlab.page.locator(".jp-CSVViewer .lm-DataGrid").wait_for()


def test_an_artifact_that_is_not_there_is_told(jupyterlab: LabPage, failed: str) -> None:
    jupyterlab.execute("mlws:artifact-open", run_id=failed, path="gone.csv")

    expect(jupyterlab.page.get_by_text("has no artifact gone.csv").first).to_be_visible()
    jupyterlab.errors.clear()
