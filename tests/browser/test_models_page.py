"""Models: what a run left becomes one, and a stage is asked for, approved and shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

PATIENCE = 60_000


@pytest.fixture(scope="module")
def run(lab: Lab) -> str:
    """A run that left a file."""
    name = rest.submit(
        lab, "mkdir outputs; echo weights > outputs/net.bin", display_name="trains a net"
    )
    rest.wait_for(lab, name, "Completed")
    return name


def opened(jupyterlab: LabPage, name: str, **args: str) -> Locator:
    jupyterlab.execute("mlws:model-open", name=name, **args)
    page = jupyterlab.page.locator(f".jp-MlwsModelPage[data-model='{name}']")
    expect(page).to_be_visible(timeout=PATIENCE)
    return page


def test_what_a_run_left_is_registered_and_remembers_the_run(jupyterlab: LabPage, run: str) -> None:
    page = jupyterlab.page
    jupyterlab.execute("mlws:run-open", run_id=run)
    shown = page.locator(f".jp-MlwsRunPage[data-run='{run}']")
    shown.get_by_role("button", name="More actions").click(timeout=PATIENCE)
    page.get_by_role("menuitem", name="Register model…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What the run left").select_option("outputs/net.bin")
    dialog.get_by_label("Name").fill("no name")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("name")
    dialog.get_by_label("Name").fill("net")

    dialog.get_by_role("button", name="Register").click()

    model = page.locator(".jp-MlwsModelPage[data-model='net']")
    expect(model.get_by_role("button", name=run)).to_be_visible(timeout=PATIENCE)
    model.get_by_role("tab", name="Files").click()
    expect(model.get_by_role("link", name="net.bin")).to_be_visible()
    model.get_by_role("tab", name="Used by").click()
    expect(model.locator(f"[data-run='{run}']")).to_contain_text("made it")
    jupyterlab.errors.clear()


def test_a_guarded_stage_is_asked_for_and_approved(jupyterlab: LabPage, lab: Lab, run: str) -> None:
    asset = {"name": "asked", "path": f"runs:/{run}/outputs"}
    rest.call(lab, "POST", "/api/models", {"asset": asset})
    model = opened(jupyterlab, "asked", tab="stage")
    model.get_by_label("Production").click()
    expect(model.get_by_label("Production")).to_be_checked()
    model.get_by_label("Move to").select_option("Production")
    model.get_by_label("Why").fill("AUC 0.97")
    model.get_by_role("button", name="Ask for approval").click()
    expect(model.get_by_role("button", name="A request waits")).to_be_visible()
    jupyterlab.execute("mlws:models-open", tab="requests")
    requests = jupyterlab.page.locator(".jp-MlwsModelsPage")
    row = requests.get_by_role("row", name="asked:1")
    expect(row).to_contain_text("AUC 0.97")
    row.click()

    model.get_by_label("Answer").fill("go ahead")
    model.get_by_role("button", name="Approve").click()

    expect(model.locator("header [data-stage='Production']")).to_be_visible()
    expect(model.locator("[data-request='approved']")).to_contain_text("go ahead")
    assert rest.call(lab, "GET", "/api/models/asked")["stage"] == "Production"


def test_the_list_is_searched_and_opened_by_keys(jupyterlab: LabPage, lab: Lab, run: str) -> None:
    for name in ("found", "other"):
        asset = {"name": name, "path": f"runs:/{run}/outputs"}
        rest.call(lab, "POST", "/api/models", {"asset": asset})
    jupyterlab.execute("mlws:models-open", tab="models")
    models = jupyterlab.page.locator(".jp-MlwsModelsPage")
    models.get_by_label("Search models").fill("found", timeout=PATIENCE)
    expect(models.locator(".jp-MlwsTable-row[data-key]")).to_have_count(1)

    models.get_by_role("grid", name="Models").focus()
    jupyterlab.page.keyboard.press("Enter")

    expect(jupyterlab.page.locator(".jp-MlwsModelPage[data-model='found']")).to_be_visible()


MLMODEL = """flavors: {python_function: {loader_module: mlflow.sklearn}}
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: '[{"name": "top", "type": "long", "default": 5, "shape": null}]'
"""


def test_what_a_model_takes_and_gives_is_a_table(jupyterlab: LabPage, lab: Lab) -> None:
    command = f"mkdir -p outputs/m; cat > outputs/m/MLmodel <<'END'\n{MLMODEL}END"
    name = rest.submit(lab, command, display_name="signs")
    rest.wait_for(lab, name, "Completed")
    asset = {"name": "signed", "path": f"runs:/{name}/outputs/m", "type": "mlflow_model"}
    rest.call(lab, "POST", "/api/models", {"asset": asset})

    table = opened(jupyterlab, "signed").get_by_role("region", name="Signature")

    rows = table.locator("tbody tr")
    expect(rows).to_have_text(
        ["TakesagedoubleYes", "Parameterstoplongelse 5", "Gives—int64 (-1)yes"], ignore_case=True
    )
    jupyterlab.errors.clear()
