"""Components: the built-in ones are installed, looked at, and put into a new pipeline."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

PATIENCE = 60_000


def test_a_component_tells_what_it_takes_and_begins_a_pipeline(
    jupyterlab: LabPage, lab: Lab
) -> None:
    jupyterlab.execute("mlws:components-open")
    page = jupyterlab.page.locator(".jp-MlwsComponents")
    page.get_by_role("button", name="Install the built-in components").click(timeout=PATIENCE)
    component = page.locator("[data-component]").first
    expect(component).to_be_visible(timeout=PATIENCE)
    name = component.get_attribute("data-component") or ""
    made = rest.call(lab, "GET", f"/api/components/{name}")
    page.get_by_label("Search components").fill(name)
    page.get_by_role("listitem").filter(
        has=jupyterlab.page.locator(f"[data-component='{name}']")
    ).focus()
    jupyterlab.page.keyboard.press("Enter")
    shown = page.locator(f"[data-shown='{name}']")
    for port in made["inputs"]:
        expect(shown.locator(f"[data-port='{port}']").first).to_be_visible(timeout=PATIENCE)

    shown.get_by_role("button", name="New pipeline with it").click()

    expect(jupyterlab.page.locator(".jp-MlwsDesignerWidget")).to_be_visible(timeout=PATIENCE)
    [file] = lab.project.glob("untitled*.pipeline.yml")
    assert f"component: azureml:{name}:{made['version']}" in file.read_text()
    file.unlink()
