"""*Run as job…*: a form made from the notebook, by keyboard, with every mistake told at its field."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser import notebooks, rest
from tests.browser.conftest import Lab, LabPage


def open_notebook(jupyterlab: LabPage, name: str) -> None:
    jupyterlab.open(f"{name}.ipynb")
    jupyterlab.page.get_by_role("heading", name=f"Notebook {name}").wait_for()


def ask_to_run(jupyterlab: LabPage) -> Locator:
    jupyterlab.page.get_by_role("button", name="Run as job").first.click()
    return dialog(jupyterlab)


def dialog(jupyterlab: LabPage) -> Locator:
    shown = jupyterlab.page.locator(".jp-MlwsRunDialog")
    shown.locator(".jp-MlwsRun-where").wait_for()
    return shown


def field(shown: Locator, name: str) -> Locator:
    return shown.get_by_label(name, exact=True)


def problem(shown: Locator, name: str) -> Locator:
    return shown.locator(f"[data-parameter={name}] .jp-MlwsField-problem")


def jobs(lab: Lab) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = rest.call(lab, "GET", "/api/jobs")["items"]
    return items


def test_every_type_has_its_control(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "controls", "1", parameters=notebooks.PARAMETERS)
    open_notebook(jupyterlab, "controls")

    shown = ask_to_run(jupyterlab)

    expect(shown.get_by_role("spinbutton", name="lr")).to_have_value("0.1")
    expect(shown.get_by_role("slider", name="lr between its limits")).to_be_visible()
    expect(shown.get_by_role("checkbox", name="shuffle")).to_be_checked()
    expect(shown.get_by_role("combobox", name="kind")).to_have_value('"tree"')
    expect(field(shown, "options")).to_have_value('{"a": 1}')
    expect(field(shown, "key")).to_have_attribute("type", "password")
    expect(shown.get_by_text("How far each step goes · from 0.0001 to 1")).to_be_visible()


def test_a_job_is_submitted_by_keyboard_alone(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "keyboard", "print(lr)", parameters="lr: float = 0.1\nname = 'a'")
    open_notebook(jupyterlab, "keyboard")
    jupyterlab.page.locator(".jp-Notebook .jp-Cell").first.click()
    keys = jupyterlab.page.keyboard

    keys.press("Control+Shift+Enter")
    shown = dialog(jupyterlab)
    expect(field(shown, "lr")).to_be_focused()
    keys.press("ArrowUp")
    keys.press("Tab")
    keys.type("bc")
    keys.press("Enter")
    shown.wait_for(state="detached")

    job = jobs(lab)[0]
    assert job["inputs"] == {"lr": 0.2, "name": "bc"}
    assert job["properties"]["mlws.path"] == "keyboard.ipynb"
    expect(jupyterlab.page.locator(".jp-Notebook .jp-Cell").first).to_be_focused()
    jupyterlab.page.get_by_text("was submitted.").first.wait_for()


def test_mistakes_are_told_at_their_fields_and_nothing_is_submitted(
    jupyterlab: LabPage, lab: Lab
) -> None:
    notebooks.write(lab.project, "mistakes", "1", parameters=notebooks.PARAMETERS)
    open_notebook(jupyterlab, "mistakes")
    shown = ask_to_run(jupyterlab)
    before = [job["name"] for job in jobs(lab)]

    field(shown, "lr").fill("7")
    field(shown, "depth").fill("2.5")
    field(shown, "options").fill("[1]")
    field(shown, "options").press("Control+Enter")

    expect(problem(shown, "lr")).to_have_text("This is out of range: from 0.0001 to 1.")
    expect(problem(shown, "depth")).to_contain_text("whole number")
    expect(problem(shown, "options")).to_contain_text("JSON object")
    expect(problem(shown, "target")).to_have_text("This needs a value.")
    expect(field(shown, "lr")).to_be_focused()
    jupyterlab.page.keyboard.press("Escape")
    assert [job["name"] for job in jobs(lab)] == before


def test_what_the_workspace_refuses_is_told_and_the_values_stay(
    jupyterlab: LabPage, lab: Lab
) -> None:
    notebooks.write(lab.project, "refused", "1", parameters="table: 'File' = 'a.csv'\nlr = 0.1")
    open_notebook(jupyterlab, "refused")
    shown = ask_to_run(jupyterlab)

    field(shown, "lr").fill("0.5")
    field(shown, "table").fill("gone.csv")
    jupyterlab.page.keyboard.press("Enter")

    expect(problem(shown, "table")).to_contain_text("gone.csv")
    expect(field(shown, "lr")).to_have_value("0.5")
    assert all("422" in error for error in jupyterlab.errors)
    jupyterlab.errors.clear()


def test_a_changed_value_can_be_put_back(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "reset", "1", parameters="lr: float = 0.1\ndepth: int = 3")
    open_notebook(jupyterlab, "reset")
    shown = ask_to_run(jupyterlab)

    field(shown, "lr").fill("0.7")
    expect(shown.locator("[data-parameter=lr]")).to_have_class("jp-MlwsField jp-mod-changed")
    field(shown, "lr").press("Alt+r")
    expect(field(shown, "lr")).to_have_value("0.1")

    field(shown, "depth").fill("5")
    shown.locator("[data-parameter=depth]").get_by_role("button").click()
    expect(field(shown, "depth")).to_have_value("3")


def test_a_notebook_without_parameters_offers_its_cells(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "untagged", "rate = 0.5\nname = 'x'", "print(rate)")
    open_notebook(jupyterlab, "untagged")
    shown = ask_to_run(jupyterlab)

    shown.get_by_role("button", name="Choose a cell to be the parameters").click()
    shown.get_by_role("button", name="rate = 0.5").click()
    field(shown, "rate").fill("0.9")
    jupyterlab.page.keyboard.press("Enter")
    shown.wait_for(state="detached")

    saved = json.loads((lab.project / "untagged.ipynb").read_text())
    assert saved["cells"][1]["metadata"]["tags"] == ["parameters"]
    assert jobs(lab)[0]["inputs"] == {"rate": 0.9}
    edge = jupyterlab.page.locator('.jp-Notebook .jp-Cell[data-mlws-tag="parameters"]')
    expect(edge).to_have_count(1)


def test_values_come_from_json_and_from_the_last_run(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "fill", "1", parameters="lr: float = 0.1\ndepth: int = 3")
    open_notebook(jupyterlab, "fill")
    shown = ask_to_run(jupyterlab)

    shown.get_by_role("button", name="Paste JSON").click()
    values = shown.get_by_label("Values as a JSON object")
    values.fill('{"lr": 0.4, "dept": 5}')
    shown.get_by_role("button", name="Fill in").click()
    expect(shown.get_by_text("There is no parameter dept.")).to_be_visible()
    values.fill('{"lr": 0.4, "depth": 5}')
    shown.get_by_role("button", name="Fill in").click()
    expect(field(shown, "depth")).to_have_value("5")
    field(shown, "depth").press("Control+Enter")
    shown.wait_for(state="detached")

    shown = ask_to_run(jupyterlab)
    expect(field(shown, "depth")).to_have_value("3")
    shown.get_by_role("button", name="From last run").click()
    expect(field(shown, "depth")).to_have_value("5")
    expect(field(shown, "lr")).to_have_value("0.4")


def test_the_same_job_is_said_as_a_command_and_in_python(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "lines", "1", parameters="lr: float = 0.1\nkey: 'Secret' = None")
    open_notebook(jupyterlab, "lines")
    shown = ask_to_run(jupyterlab)

    field(shown, "lr").fill("0.3")
    field(shown, "key").fill("hunter2")
    shown.get_by_text("As a command or in Python").click()

    expect(shown.locator("pre")).to_have_text(
        "mlws job create --notebook lines.ipynb -p lr=0.3 -p 'key=\"…\"' --stream"
    )
    shown.get_by_role("tab", name="Python").click()
    expect(shown.locator("pre")).to_contain_text('"lr": 0.3')
    expect(shown.locator("pre")).not_to_contain_text("hunter2")


def test_a_script_runs_from_the_file_browser(jupyterlab: LabPage, lab: Lab) -> None:
    (lab.project / "hello.py").write_text("import sys; print('hello', sys.argv[1:])")
    jupyterlab.execute("filebrowser:refresh")
    item = jupyterlab.page.locator(".jp-DirListing-item", has_text="hello.py")

    item.click(button="right")
    jupyterlab.page.get_by_role("menuitem", name="Run as job…").click()
    shown = dialog(jupyterlab)
    field(shown, "Command").fill("python hello.py you")
    field(shown, "Command").press("Control+Enter")
    shown.wait_for(state="detached")

    assert jobs(lab)[0]["command"] == "python hello.py you"


def test_the_dialog_is_japanese_where_jupyterlab_is(jupyterlab: LabPage, lab: Lab) -> None:
    notebooks.write(lab.project, "nihongo", "1", parameters="lr: float  # 学習率")
    jupyterlab.page.evaluate(
        "locale => window.jupyterapp.serviceManager.settings.save("
        "'@jupyterlab/translation-extension:plugin', JSON.stringify({ locale }))",
        "ja_JP",
    )
    try:
        open_notebook(jupyterlab, "nihongo")
        jupyterlab.page.get_by_role("button", name="ジョブとして実行").first.click()
        shown = dialog(jupyterlab)
        shown.locator("[data-parameter=lr] input").press("Enter")

        expect(problem(shown, "lr")).to_have_text("値が必要です。")
        expect(shown.get_by_text("学習率")).to_be_visible()
    finally:
        jupyterlab.page.evaluate(
            "() => window.jupyterapp.serviceManager.settings.save("
            "'@jupyterlab/translation-extension:plugin', '{}')"
        )
