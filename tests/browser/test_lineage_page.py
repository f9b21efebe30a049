"""Where a thing comes from and what depends on it, as graph and list; runs that are made again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

PATIENCE = 60_000
TRAIN = (
    "cp ${{inputs.rows}} ${{outputs.weights}}/weights.txt;"
    " python -c \"import mlflow; mlflow.log_metric('loss', 0.25)\""
)


@pytest.fixture(scope="module")
def chain(lab: Lab) -> dict[str, str]:
    """Data, the run that read it, its model, and the run that read that; by what they are."""
    (lab.project / "rows.csv").write_text("x,y\n1,2\n")
    for name in ("origin", "unread"):
        fields = {"name": name, "type": "uri_file"}
        rest.call(lab, "POST", "/lab/data", {"path": "rows.csv", "data": fields})
    train = rest.submit(
        lab,
        TRAIN,
        display_name="trains weights",
        inputs={"rows": {"type": "uri_file", "path": "azureml:origin:1"}},
        outputs={"weights": {"type": "custom_model", "name": "weights"}},
    )
    rest.wait_for(lab, train, "Completed")
    score = rest.submit(
        lab,
        "ls ${{inputs.weights}}",
        display_name="scores with weights",
        inputs={"weights": {"type": "custom_model", "path": "azureml:weights:1"}},
    )
    rest.wait_for(lab, score, "Completed")
    return {"train": train, "score": score}


def opened(jupyterlab: LabPage, node: str) -> Locator:
    jupyterlab.execute("mlws:lineage-open", node=node)
    page = jupyterlab.page.locator(".jp-MlwsLineagePage:visible")
    expect(page.locator(".jp-MlwsLineage")).to_be_visible(timeout=PATIENCE)
    return page


def test_the_graph_goes_both_ways_and_tells_what_depends_on_a_thing(
    jupyterlab: LabPage, chain: dict[str, str]
) -> None:
    lineage = opened(jupyterlab, "data:origin:1")
    train = lineage.locator(f"[data-node='run:{chain['train']}']")
    expect(train).to_be_visible(timeout=PATIENCE)
    lineage.locator("[data-node='data:origin@1']").click()

    lineage.get_by_role("button", name="What depends on this?").click()

    expect(lineage.get_by_role("status")).to_contain_text("it concerns Run: ")
    expect(lineage.get_by_role("status")).to_contain_text("Model: 1")
    expect(lineage.locator(f"[data-depends='run:{chain['score']}']")).to_be_visible()


def test_the_graph_is_walked_by_keys_and_grows(jupyterlab: LabPage, chain: dict[str, str]) -> None:
    lineage = opened(jupyterlab, "data:origin:1")
    score = lineage.locator(f"[data-node='run:{chain['score']}']")
    start = lineage.locator("[data-node='data:origin@1']")
    expect(start).to_be_visible(timeout=PATIENCE)
    expect(score).to_have_count(0)
    start.focus()
    jupyterlab.page.keyboard.press("+")
    expect(score).to_have_count(1)
    for _ in range(3):
        jupyterlab.page.keyboard.press("ArrowRight")
    expect(score).to_be_focused()

    jupyterlab.page.keyboard.press("Enter")

    run = jupyterlab.page.locator(f".jp-MlwsRunPage[data-run='{chain['score']}']")
    expect(run).to_be_visible(timeout=PATIENCE)


def test_the_list_says_the_same_and_stands_in_the_page_of_the_run(
    jupyterlab: LabPage, chain: dict[str, str]
) -> None:
    jupyterlab.execute("mlws:run-open", run_id=chain["train"])
    run = jupyterlab.page.locator(f".jp-MlwsRunPage[data-run='{chain['train']}']")
    run.get_by_role("tab", name="Lineage").click()
    run.get_by_label("Show as").select_option("list")
    made_of = run.get_by_role("region", name="What it was made of")
    expect(made_of.locator("[data-listed='data:origin@1']")).to_contain_text("read by")
    goes_into = run.get_by_role("region", name="What was made of it")
    model = goes_into.locator("[data-listed='model:weights@1']")
    expect(model).to_contain_text("made")

    model.click()
    run.get_by_role("button", name="Start here").click()

    expect(made_of.locator(f"[data-listed='run:{chain['train']}']")).to_be_visible()


def test_a_thing_that_nobody_used_says_so(jupyterlab: LabPage, chain: dict[str, str]) -> None:
    lineage = opened(jupyterlab, "data:unread")

    expect(lineage.get_by_text("No run has read or made this yet")).to_be_visible()
    lineage.get_by_role("button", name="What depends on this?").click()
    expect(lineage.get_by_role("status")).to_contain_text("Nothing depends on this")


def test_a_run_is_reproduced_after_its_plan_was_told_and_the_report_says_bit_for_bit(
    jupyterlab: LabPage, chain: dict[str, str]
) -> None:
    page = jupyterlab.page
    jupyterlab.execute("mlws:run-open", run_id=chain["train"])
    run = page.locator(f".jp-MlwsRunPage[data-run='{chain['train']}']")
    run.get_by_role("button", name="Reproduce…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-what='input rows']")).to_contain_text("same")
    expect(dialog.locator("[data-what='seed']")).to_contain_text("may differ")

    dialog.get_by_role("button", name="Reproduce").click()

    report = page.locator(".jp-MlwsReproduction")
    expect(report).to_have_attribute("data-identical", "true", timeout=PATIENCE)
    expect(report).to_contain_text("Reproduced bit for bit")
    report.get_by_role("button", name="Show the report").click()
    expect(report.get_by_role("row", name="loss")).to_contain_text("0.25")
    report.get_by_role("button", name="Open the original").click()
    expect(run).to_be_visible()
