"""The pipeline designer: built by drag and by keyboard, run, broken, resumed; the file stays the person's."""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Locator, expect

from tests.browser import notebooks, rest
from tests.browser.conftest import Lab, LabPage

PIPELINE = """# Kept by hand
type: pipeline
display_name: Two
inputs:
  word: hello
jobs:
  write:  # first
    type: command
    command: >-
      echo ${{inputs.word}} > ${{outputs.text}}/word.txt
    inputs:
      word: ${{parent.inputs.word}}
    outputs:
      text:
        type: uri_folder
  read:
    type: command
    command: cat ${{inputs.text}}/word.txt
    inputs:
      text: ${{parent.jobs.write.outputs.text}}
"""


@pytest.fixture
def folder(lab: Lab, request: pytest.FixtureRequest) -> Path:
    made = lab.project / re.sub(r"\W+", "-", request.node.name)
    shutil.rmtree(made, ignore_errors=True)  # of a run of the test before
    made.mkdir()
    return made


def open_designer(jupyterlab: LabPage, file: Path) -> Locator:
    jupyterlab.execute("docmanager:open", path=os.path.relpath(file, jupyterlab.lab.project))
    shown = jupyterlab.page.locator("[data-mlws-designer]:visible")
    shown.wait_for()
    return shown


def step(shown: Locator, key: str) -> Locator:
    return shown.locator(f"[data-mlws-step='{key}']")


def save(jupyterlab: LabPage) -> None:
    jupyterlab.execute("docmanager:save")


def said(file: Path) -> dict[str, object]:
    read: dict[str, object] = yaml.safe_load(file.read_text())
    return read


def test_a_pipeline_file_opens_as_a_graph_with_its_problems(
    jupyterlab: LabPage, folder: Path
) -> None:
    file = folder / "two.pipeline.yml"
    file.write_text(PIPELINE.replace("jobs.write.outputs.text", "jobs.nobody.outputs.text"))

    shown = open_designer(jupyterlab, file)

    expect(step(shown, "write")).to_be_visible()
    expect(step(shown, "read")).to_have_class(re.compile("jp-mod-wrong"))
    problems = shown.get_by_role("region", name="Problems")
    expect(problems).to_contain_text("nobody")
    problems.get_by_role("button").first.click()
    expect(shown.get_by_role("complementary", name="Inspector")).to_contain_text("read")


def test_an_edit_leaves_comments_and_order_as_they_are(jupyterlab: LabPage, folder: Path) -> None:
    file = folder / "two.pipeline.yml"
    file.write_text(PIPELINE)
    shown = open_designer(jupyterlab, file)

    step(shown, "read").click()
    name = shown.get_by_label("Name", exact=True)
    name.fill("show")
    name.press("Enter")
    expect(step(shown, "show")).to_be_visible()
    save(jupyterlab)

    expect(jupyterlab.page.locator(".jp-mod-dirty")).to_have_count(0)
    assert file.read_text() == PIPELINE.replace("  read:", "  show:")


def test_what_was_done_can_be_taken_back(jupyterlab: LabPage, folder: Path) -> None:
    file = folder / "two.pipeline.yml"
    file.write_text(PIPELINE)
    shown = open_designer(jupyterlab, file)
    step(shown, "read").click()

    jupyterlab.page.keyboard.press("Delete")
    expect(step(shown, "read")).to_have_count(0)
    shown.get_by_role("button", name="Undo").click()

    expect(step(shown, "read")).to_be_visible()


def test_steps_are_dragged_from_the_parts_onto_the_canvas(
    jupyterlab: LabPage, folder: Path
) -> None:
    notebooks.write(folder, "clean", "x = rows", parameters="rows: int = 3  # How many")
    file = folder / "new.pipeline.yml"
    file.write_text("type: pipeline\njobs: {}\n")
    shown = open_designer(jupyterlab, file)

    part = shown.get_by_role("listitem").filter(has_text="clean.ipynb")
    part.drag_to(shown.locator("[data-mlws-canvas]"))

    expect(step(shown, "clean")).to_contain_text("rows")
    expect(shown.get_by_role("textbox", name="rows integer")).to_have_attribute("placeholder", "3")
    save(jupyterlab)
    expect(jupyterlab.page.locator(".jp-mod-dirty")).to_have_count(0)
    assert said(file)["jobs"] == {"clean": {"type": "notebook", "notebook": "clean.ipynb"}}


def test_a_pipeline_is_built_run_broken_and_resumed_by_keyboard_alone(
    jupyterlab: LabPage, lab: Lab, folder: Path
) -> None:
    (folder / "produce.py").write_text(f"print('made {uuid.uuid4()}')\n")
    (folder / "check.py").write_text("import sys; sys.exit(1)\n")
    file = folder / "keys.pipeline.yml"
    file.write_text("type: pipeline\njobs: {}\n")
    shown = open_designer(jupyterlab, file)
    keys = jupyterlab.page.keyboard
    shown.get_by_role("listitem").filter(has_text="produce.py").wait_for()

    search = shown.get_by_role("searchbox", name="Search parts")
    for part in ("produce", "check"):
        search.focus()
        search.fill(part)
        keys.press("ArrowDown")
        keys.press("Enter")
        expect(step(shown, part)).to_be_visible()
    shown.get_by_role("checkbox", name="produce").press("Space")
    expect(shown.get_by_role("checkbox", name="produce")).to_be_checked()
    shown.get_by_role("button", name="Arrange").focus()
    keys.press("Control+Enter")
    dialog = jupyterlab.page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 steps: produce, check")
    expect(dialog.get_by_label("Display name")).to_be_focused()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    keys.press("Enter")

    expect(step(shown, "check")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(step(shown, "produce")).to_have_attribute("data-state", "completed")
    # The newest stands first.
    job = next(
        item
        for item in rest.call(lab, "GET", "/api/jobs?type=pipeline")["items"]
        if item["properties"].get("mlws.path", "").endswith("keys.pipeline.yml")
    )
    rest.wait_for(lab, job["name"], "Failed")
    shown.locator(".react-flow__node[data-id='check']").focus()
    keys.press("Enter")
    shown.get_by_role("button", name="From here").press("Enter")
    expect(shown.get_by_text("Attempt 2")).to_be_visible(timeout=60_000)
    rest.wait_for(lab, job["name"], "Failed")


def test_the_list_is_the_twin_of_the_graph(jupyterlab: LabPage, folder: Path) -> None:
    file = folder / "two.pipeline.yml"
    file.write_text(PIPELINE)
    shown = open_designer(jupyterlab, file)

    shown.get_by_role("tab", name="List").click()

    row = shown.locator("[data-mlws-row='read']")
    expect(row).to_contain_text("text = write › text")
    row.focus()
    expect(shown.get_by_role("complementary", name="Inspector")).to_contain_text("read")


def test_runs_are_seen_in_place_and_stay_below_the_canvas(
    jupyterlab: LabPage, lab: Lab, folder: Path
) -> None:
    file = folder / "two.pipeline.yml"
    file.write_text(PIPELINE)
    shown = open_designer(jupyterlab, file)

    for _ in range(2):
        shown.get_by_role("button", name="Run…").click()
        jupyterlab.page.get_by_role("dialog").get_by_role("button", name="Run").click()
        expect(step(shown, "read")).to_have_attribute(
            "data-state", re.compile("completed|reused"), timeout=60_000
        )
        shown.get_by_role("button", name="Edit").click()
        expect(step(shown, "read")).not_to_have_attribute("data-state", re.compile("."))

    expect(shown.get_by_role("navigation", name="Past runs").get_by_role("button")).to_have_count(2)
    jupyterlab.dark()
    expect(step(shown, "write")).to_be_visible()


def test_registered_data_is_dragged_onto_the_port_that_takes_it(
    jupyterlab: LabPage, lab: Lab, folder: Path
) -> None:
    (folder / "rows.csv").write_text("a\n1\n")
    rest.call(
        lab,
        "POST",
        "/lab/data",
        {
            "path": f"{folder.name}/rows.csv",
            "data": {"name": "dragged-rows", "type": "uri_file"},
        },
    )
    file = folder / "given.pipeline.yml"
    file.write_text("type: pipeline\njobs: {}\n")
    shown = open_designer(jupyterlab, file)
    import_data = shown.get_by_role("listitem").filter(has_text="Import data")
    import_data.drag_to(shown.locator("[data-mlws-canvas]"))
    port = step(shown, "import_data").locator("[data-mlws-port='data']")

    shown.get_by_role("listitem").filter(has_text="dragged-rows").drag_to(port)

    expect(shown.locator("[data-mlws-source='dragged_rows']")).to_be_visible()
    expect(shown.get_by_role("complementary", name="Inspector")).to_contain_text("dragged_rows")
    expect(shown.get_by_role("region", name="Problems")).to_have_count(0)
    save(jupyterlab)
    expect(jupyterlab.page.locator(".jp-mod-dirty")).to_have_count(0)
    read = said(file)
    assert read["inputs"] == {
        "dragged_rows": {"type": "uri_file", "path": "azureml:dragged-rows@latest"}
    }
    assert read["jobs"] == {
        "import_data": {
            "type": "command",
            "component": "azureml:import_data:1",
            "inputs": {"data": "${{parent.inputs.dragged_rows}}"},
        }
    }


def test_a_pipeline_is_exported_beside_its_file(jupyterlab: LabPage, folder: Path) -> None:
    file = folder / "two.pipeline.yml"
    file.write_text(PIPELINE)
    shown = open_designer(jupyterlab, file)
    expect(step(shown, "read")).to_be_visible()

    shown.get_by_label("Export").select_option("azureml")
    expect(jupyterlab.page.get_by_text("See to 2 things").first).to_be_visible()
    assert said(folder / "two.azureml.yml")["jobs"]["write"]["environment"]  # type: ignore[index]
    open_designer(jupyterlab, file)
    shown.get_by_label("Export").select_option("python")
    tab = jupyterlab.page.locator(".lm-TabBar-tabLabel").filter(has_text="two.py")
    expect(tab).to_be_visible()

    assert "read = read_step(text=write.outputs.text)" in (folder / "two.py").read_text()


def test_a_pipeline_of_elyra_is_opened_in_the_designer(jupyterlab: LabPage, folder: Path) -> None:
    node = {"id": "n", "type": "execution_node", "app_data": {"filename": "look.py"}}
    drawn = {"primary_pipeline": "p", "pipelines": [{"id": "p", "nodes": [node]}]}
    (folder / "old.pipeline").write_text(json.dumps(drawn))
    jupyterlab.execute("filebrowser:open-path", path=folder.name)
    jupyterlab.page.locator(".jp-DirListing-item").filter(has_text="old.pipeline").click(
        button="right"
    )

    jupyterlab.page.get_by_role("menuitem", name="Make Pipeline from Elyra").click()

    expect(step(jupyterlab.page.locator("[data-mlws-designer]:visible"), "look")).to_be_visible()


def test_a_pipeline_is_scheduled_where_it_is_drawn_and_in_the_file_browser(
    jupyterlab: LabPage, folder: Path
) -> None:
    lab, page = jupyterlab.lab, jupyterlab.page
    file = folder / "two.pipeline.yml"
    file.write_text(PIPELINE)
    name = f"nightly-{uuid.uuid4().hex[:6]}"
    shown = open_designer(jupyterlab, file)
    shown.get_by_role("button", name="Schedule…").click()
    dialog = page.locator(".jp-MlwsRunDialog")
    expect(dialog.get_by_label("Name")).to_have_value("two")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Cron").fill("0 0 1 1 *")
    dialog.get_by_role("button", name="Create schedule").click()
    expect(dialog).to_have_count(0)

    fire = rest.call(lab, "POST", f"/api/schedules/{name}:trigger", {})

    assert rest.wait_for(lab, fire["job"], "Completed")["type"] == "pipeline"
    expect(
        shown.get_by_role("navigation", name="Past runs").get_by_role("button").first
    ).to_be_visible()
    jupyterlab.execute("filebrowser:open-path", path=os.path.relpath(folder, lab.project))
    page.locator(".jp-DirListing-item", has_text=file.name).click(button="right")
    page.get_by_role("menuitem", name="Schedule…").click()
    expect(dialog.get_by_label("Name")).to_have_value("two")
    page.keyboard.press("Escape")
    jupyterlab.errors.clear()
