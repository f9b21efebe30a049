"""Data in JupyterLab: registered, looked at, compared, put into notebooks; datastores and secrets."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

PATIENCE = 60_000
TOWNS = "city,people,rate\n" + "".join(f"town {i % 7},{i},{i / 10}\n" for i in range(500))
LATER = "city,people,rate,new\n" + "".join(f"town {i % 5},{i * 3},{i / 10},1\n" for i in range(400))


@pytest.fixture
def folder(lab: Lab) -> Iterator[Path]:
    """A folder of the project with two tables, browsable in JupyterLab."""
    folder = lab.project / "tables"
    folder.mkdir(exist_ok=True)
    (folder / "first.csv").write_text(TOWNS)
    (folder / "second.csv").write_text(LATER)
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@pytest.fixture
def towns(lab: Lab, folder: Path, request: pytest.FixtureRequest) -> str:
    """Data of two versions; answers its name."""
    # A test that is tried again must find two versions, not four.
    name = f"{request.node.originalname[:30]}-{uuid4().hex[:8]}"
    for file in ("first.csv", "second.csv"):
        fields = {"name": name, "type": "uri_file", "description": "Towns and their people"}
        body = {"path": f"tables/{file}", "data": fields}
        rest.call(lab, "POST", "/lab/data", body)
    return name


def opened(jupyterlab: LabPage, name: str, **more: str) -> Locator:
    jupyterlab.execute("mlws:data-open", name=name, **more)
    page = jupyterlab.page.locator(f".jp-MlwsDataset[data-data='{name}']")
    expect(page).to_be_visible()
    return page


def test_a_file_is_registered_from_the_file_browser_and_its_rows_are_shown(
    jupyterlab: LabPage, folder: Path
) -> None:
    page = jupyterlab.page
    jupyterlab.execute("filebrowser:open-path", path="tables")
    page.locator(".jp-DirListing-item", has_text="first.csv").click(button="right")
    page.get_by_role("menuitem", name="Register as data…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value("first")
    dialog.get_by_label("Name").fill("no good name!")
    dialog.get_by_role("button", name="Register").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Name").fill("registered")
    dialog.get_by_role("button", name="Register").click()

    dataset = page.locator(".jp-MlwsDataset[data-data='registered']")
    expect(dataset.get_by_role("gridcell", name="town 3").first).to_be_visible(timeout=PATIENCE)
    expect(dataset.get_by_text("3 columns")).to_be_visible()
    jupyterlab.errors.clear()


def test_rows_are_read_on_as_they_come_into_view(jupyterlab: LabPage, towns: str) -> None:
    dataset = opened(jupyterlab, towns, version="1")
    grid = dataset.locator(".jp-MlwsTable-grid")
    expect(grid.get_by_role("gridcell", name="town 3").first).to_be_visible(timeout=PATIENCE)
    grid.focus()
    last = grid.get_by_role("gridcell", name="500", exact=True)
    for _ in range(100):
        if last.is_visible():
            break
        jupyterlab.page.keyboard.press("End")
        jupyterlab.page.wait_for_timeout(200)

    expect(last).to_be_visible()
    assert dataset.locator(".jp-MlwsTable-row").count() < 80


def test_the_profile_of_each_column_is_shown_and_known_the_second_time(
    jupyterlab: LabPage, towns: str
) -> None:
    dataset = opened(jupyterlab, towns, version="1", tab="profile")
    people = dataset.locator("[data-column='people']")
    expect(people).to_be_visible(timeout=PATIENCE)
    expect(people.get_by_role("img")).to_be_visible()
    expect(people.locator("dl")).to_contain_text("499")
    expect(dataset.locator("[data-column='city'] ol li").first).to_contain_text("town")

    jupyterlab.reload()

    expect(people).to_be_visible()


def test_changes_against_the_version_before(jupyterlab: LabPage, towns: str) -> None:
    dataset = opened(jupyterlab, towns, tab="changes")
    row = dataset.locator("tr[data-column='new']")
    expect(row).to_have_attribute("data-state", "added", timeout=PATIENCE)
    expect(dataset.locator("tr[data-column='people']")).to_have_attribute("data-state", "changed")
    expect(dataset.locator("tr[data-column='people']").get_by_role("img")).to_be_visible()

    dataset.get_by_role("tab", name="Preview").click()
    dataset.locator("[data-version='1']").click()
    dataset.get_by_role("tab", name="Changes").click()

    expect(dataset.get_by_text("This is the first version")).to_be_visible()


def test_runs_that_read_it_are_listed_and_open(lab: Lab, jupyterlab: LabPage, towns: str) -> None:
    inputs = {"table": {"type": "uri_file", "path": f"azureml:{towns}:2"}}
    name = rest.submit(lab, "wc -l ${{inputs.table}}", inputs=inputs, display_name="counts towns")
    rest.wait_for(lab, name, "Completed")

    dataset = opened(jupyterlab, towns, tab="uses")
    dataset.get_by_text("counts towns").click()

    expect(jupyterlab.page.locator(f".jp-MlwsRunPage[data-run='{name}']")).to_be_visible()


def test_a_label_is_given_and_dropped(jupyterlab: LabPage, towns: str) -> None:
    dataset = opened(jupyterlab, towns, version="1")
    dataset.get_by_role("button", name="+ Label").click()
    jupyterlab.page.keyboard.type("golden")
    jupyterlab.page.keyboard.press("Enter")
    expect(dataset.locator("[data-version='1']")).to_contain_text("@golden")

    dataset.get_by_role("button", name="Drop the label golden").click()

    expect(dataset.locator("[data-version='1']")).not_to_contain_text("@golden")


def test_a_cell_that_loads_it_is_put_into_the_notebook(jupyterlab: LabPage, towns: str) -> None:
    page = jupyterlab.page
    jupyterlab.open("train.ipynb")
    notebook = page.locator(".jp-NotebookPanel:visible")
    expect(notebook.locator(".jp-CodeCell").first).to_be_visible(timeout=PATIENCE)
    row = jupyterlab.section("data").locator(f"[data-data='{towns}']")
    expect(row.locator(".jp-MlwsNote")).to_have_text("2", timeout=PATIENCE)

    row.click(button="right")
    page.get_by_role("menuitem", name="Insert into notebook").click()
    expect(notebook.get_by_text(f'mlws.data("{towns}:2")')).to_have_count(1)

    place = notebook.locator(".jp-Cell.jp-mod-active").bounding_box()
    start = row.bounding_box()
    assert place
    assert start
    page.mouse.move(start["x"] + 30, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 30, steps=5)
    page.mouse.move(place["x"] + 80, place["y"] + 20, steps=10)
    page.mouse.up()
    expect(notebook.get_by_text(f'mlws.data("{towns}:2")')).to_have_count(2)


def test_a_datastore_is_made_browsed_and_a_file_of_it_becomes_data(
    jupyterlab: LabPage, folder: Path
) -> None:
    jupyterlab.execute("mlws:data-list", tab="datastores")
    page = jupyterlab.page.locator(".jp-MlwsDataPage")
    page.get_by_role("button", name="New datastore…").click()
    form = page.get_by_role("form", name="New datastore")
    form.get_by_label("Name").fill("Bad Name")
    form.get_by_label("Path").fill(str(folder))
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_label("Name").fill("tables")
    form.get_by_role("button", name="Create").click()
    page.locator("[data-datastore='tables']").click()
    expect(page.locator("[data-path='first.csv']")).to_be_visible()

    page.locator("[data-path='first.csv'] .jp-MlwsEntry-name").click()
    expect(page.get_by_role("gridcell", name="town 3").first).to_be_visible(timeout=PATIENCE)
    page.locator("[data-path='second.csv']").get_by_role("button", name="Register as data").click()

    made = jupyterlab.page.locator(".jp-MlwsDataset[data-data='second']")
    expect(made.get_by_role("gridcell", name="town 3").first).to_be_visible(timeout=PATIENCE)
    jupyterlab.errors.clear()


def test_a_secret_is_kept_replaced_and_nowhere_shown(lab: Lab, jupyterlab: LabPage) -> None:
    value = "seen-by-nobody-4711"
    jupyterlab.execute("mlws:data-list", tab="secrets")
    page = jupyterlab.page.locator(".jp-MlwsDataPage")
    page.get_by_role("button", name="New secret…").click()
    form = page.get_by_role("form", name="New secret")
    form.get_by_label("Name").fill("weather_key")
    form.get_by_label("Value").fill(value)
    assert form.get_by_label("Value").get_attribute("type") == "password"
    form.get_by_role("button", name="Keep").click()
    row = page.locator("[data-secret='weather_key']")
    expect(row).to_contain_text("never")

    environment = {"KEY": "${{secrets.weather_key}}"}
    name = rest.submit(lab, "echo $KEY", environment_variables=environment)
    rest.wait_for(lab, name, "Completed")

    expect(row).to_contain_text("1 job", timeout=PATIENCE)
    assert value not in jupyterlab.page.content()
    answers = [rest.call(lab, "GET", path) for path in ("/api/secrets", f"/api/jobs/{name}")]
    assert value not in json.dumps(answers)
    row.get_by_role("button", name="Forget").click()
    expect(row).to_have_count(0)


def test_files_are_taken_where_they_are_dropped(jupyterlab: LabPage) -> None:
    jupyterlab.execute("mlws:data-list", tab="data")
    page = jupyterlab.page.locator(".jp-MlwsDataPage")
    with jupyterlab.page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file…").click()
    file = FilePayload(name="my drop.csv", mimeType="text/csv", buffer=b"a,b\n1,2\n")
    chooser.value.set_files(file)

    made = jupyterlab.page.locator(".jp-MlwsDataset[data-data='my-drop']")
    expect(made.get_by_role("gridcell", name="2", exact=True)).to_be_visible(timeout=PATIENCE)


@pytest.fixture
def database(lab: Lab) -> Iterator[str]:
    """A datastore that is a database of three towns."""
    with sqlite3.connect(lab.project / "towns.db") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS towns (name TEXT, people INTEGER)")
        connection.execute("DELETE FROM towns")
        rows = [("Oslo", 709), ("Tokyo", 14094), ("Paris", 2103)]
        connection.executemany("INSERT INTO towns VALUES (?, ?)", rows)
    connection.close()
    datastore = {"type": "sql", "name": "towns_db", "url": f"sqlite:///{lab.project}/towns.db"}
    rest.call(lab, "POST", "/api/datastores", {"datastore": datastore})
    yield "towns_db"
    (lab.project / "towns.db").unlink()


def test_rows_of_a_database_are_imported_followed_and_scheduled(
    jupyterlab: LabPage, lab: Lab, database: str
) -> None:
    page = jupyterlab.page
    name = f"imported-{uuid4().hex[:8]}"
    jupyterlab.execute("mlws:data-list")
    page.locator(".jp-MlwsDataPage").get_by_role("button", name="Import data…").click()
    dialog = page.locator(".jp-MlwsRunDialog")
    expect(dialog.get_by_label("Database")).to_contain_text(database)
    dialog.get_by_label("Database").select_option(f"azureml:{database}")
    expect(dialog.locator(".jp-mod-wrong")).to_have_count(0)
    dialog.get_by_label("Name").fill("no good name!")
    expect(dialog.locator(".jp-MlwsField.jp-mod-wrong")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Name")).to_be_focused()
    expect(dialog.locator(".jp-MlwsField.jp-mod-wrong")).to_have_count(2)
    dialog.get_by_label("Name").fill(name)
    query = dialog.get_by_label("Query")
    query.fill("SELECT * FROM towns")
    query.press("Enter")
    query.type("WHERE people > 1000")
    expect(dialog.locator(".jp-mod-wrong")).to_have_count(0)

    dialog.get_by_role("button", name="Schedule…").click()
    editor = page.locator(".jp-MlwsRunDialog", has=page.locator(".jp-MlwsSchedule"))
    expect(editor.locator(".jp-MlwsSchedule-times li")).to_have_count(10)
    expect(editor.get_by_label("Name")).to_have_value(f"import-{name}")
    editor.get_by_role("button", name="Create schedule").click()
    expect(editor).to_have_count(0)
    kept = rest.call(lab, "GET", f"/api/schedules/import-{name}")
    assert kept["import_data"]["source"]["query"] == "SELECT * FROM towns\nWHERE people > 1000"
    rest.call(lab, "POST", f"/api/schedules/import-{name}:disable", {})

    page.evaluate(
        "name => void window.jupyterapp.commands.execute('mlws:data-import', { name })", name
    )
    dialog.get_by_label("Rows").select_option("table_name")
    dialog.get_by_label("Table").fill("towns")
    expect(dialog.get_by_label("Database")).to_have_value(re.compile("azureml:"))
    dialog.get_by_label("Database").select_option(f"azureml:{database}")
    dialog.get_by_label("Table").press("Enter")
    run = page.locator(".jp-MlwsRunPage")
    expect(run.get_by_text("Completed").first).to_be_visible(timeout=PATIENCE)
    jupyterlab.execute("mlws:data-list")
    listed = page.locator(".jp-MlwsDataPage").get_by_role("gridcell", name=name, exact=True)
    expect(listed).to_be_visible()
    assert rest.call(lab, "GET", f"/api/data/{name}")["type"] == "mltable"
