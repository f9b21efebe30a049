"""The compare page: two notebook jobs, and runs as an MLflow client leaves them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage


@dataclass(frozen=True)
class Pair:
    """Two jobs of one notebook."""

    base: str
    other: str


def notebook_job(lab: Lab, name: str, lr: float, picture: str, title: str) -> str:
    """A notebook that logs, prints and leaves files; answers the job's name once it has ended."""
    cells = {
        "setup": "import mlflow, pathlib",
        "params": f"lr = {lr}\nmodel = {{'depth': {int(lr * 10)}, 'kind': 'gbm'}}",
        "train": (
            "mlflow.log_params({'lr': lr, 'model': model})\n"
            "for i in range(5): mlflow.log_metric('val_auc', 0.5 + lr * i / 4, step=i)\n"
            "print('rate', lr)"
        ),
        "files": (
            "folder = pathlib.Path('outputs'); folder.mkdir(exist_ok=True)\n"
            'svg = \'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="120">\'\n'
            f"(folder / 'plot.svg').write_text(svg + '<rect width=\"{int(lr * 700)}\" height=\"120\"'"
            f" ' fill=\"{picture}\"/></svg>')\n"
            "(folder / 'table.csv').write_text(f'id,score\\n1,0.5\\n2,{lr}\\n')\n"
            "(folder / 'same.txt').write_text('equal')"
        ),
    }
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "code",
                "id": cell_id,
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for cell_id, source in cells.items()
        ],
    }
    path = f"compare-{name}.ipynb"
    (lab.project / path).write_text(json.dumps(content))
    body = {"path": path, "job": {"type": "notebook", "display_name": title}}
    job: str = rest.call(lab, "POST", "/lab/jobs", body)["name"]
    rest.wait_for(lab, job, "Completed")
    return job


@pytest.fixture(scope="module")
def pair(lab: Lab) -> Pair:
    return Pair(
        notebook_job(lab, "same", 0.1, "red", "slow learner"),
        notebook_job(lab, "same", 0.4, "blue", "fast learner"),
    )


def compare_page(jupyterlab: LabPage, *runs: str) -> Locator:
    """The comparison of runs, opened and with its verdict."""
    jupyterlab.execute("mlws:open-compare", runs=list(runs))
    page = jupyterlab.page.locator(".jp-MlwsCompare:visible")
    expect(page.locator("[data-section='verdict'] li")).to_have_count(len(runs) - 1)
    return page


def section(page: Locator, name: str) -> Locator:
    return page.locator(f"[data-section='{name}']")


def test_each_section_tells_what_differs_and_only_that(pair: Pair, jupyterlab: LabPage) -> None:
    page = compare_page(jupyterlab, pair.base, pair.other)

    verdict = section(page, "verdict")
    expect(verdict).to_contain_text("fast learner")
    expect(verdict).to_contain_text("val_auc 0.9")
    expect(verdict).to_contain_text("+50%")
    expect(section(page, "metrics").locator("[data-row='val_auc']")).to_contain_text("▲")
    parameters = section(page, "parameters")
    expect(parameters.locator("[data-row='model.depth']")).to_contain_text("4")
    expect(parameters.locator("[data-row='model.kind']")).to_have_count(0)
    expect(section(page, "environment")).to_contain_text("No difference")
    expect(section(page, "data")).to_contain_text("no data was declared")
    artifacts = section(page, "artifacts")
    expect(artifacts.locator("[data-row='outputs/plot.svg']")).to_be_visible()
    expect(artifacts.locator("[data-row='outputs/same.txt']")).to_have_count(0)

    page.get_by_label("Only differences").uncheck()

    expect(parameters.locator("[data-row='model.kind']")).to_be_visible()
    expect(artifacts.locator("[data-row='outputs/same.txt']")).to_be_visible()


def test_the_executed_notebooks_are_compared_cell_by_cell_with_their_outputs(
    pair: Pair, jupyterlab: LabPage
) -> None:
    page = compare_page(jupyterlab, pair.base, pair.other)
    code = section(page, "code")

    changed = code.locator(".jp-MlwsCell.jp-mod-changed")
    expect(changed.nth(0)).to_contain_text("Cell 2")
    expect(changed.nth(0).locator(".jp-mod-removed mark").first).to_have_text("1")
    expect(changed.nth(1)).to_contain_text("The source is equal; its output is not.")
    outputs = changed.nth(1).locator(".jp-MlwsOutputs-side")
    expect(outputs.nth(0)).to_contain_text("rate 0.1")
    expect(outputs.nth(1)).to_contain_text("rate 0.4")
    expect(code.get_by_text("1 equal cell").first).to_be_visible()


def test_files_are_looked_at_side_by_side(pair: Pair, jupyterlab: LabPage) -> None:
    page = compare_page(jupyterlab, pair.base, pair.other)
    artifacts = section(page, "artifacts")

    image = artifacts.locator("[data-row='outputs/plot.svg'] + tr")
    image.get_by_text("Side by side").first.click()
    expect(image.get_by_role("img")).to_have_count(2)
    image.get_by_label("Look").select_option("slider")
    slider = image.get_by_role("slider")
    slider.fill("80")
    expect(image.locator("img").last).to_have_css("clip-path", "inset(0px 20% 0px 0px)")
    table = artifacts.locator("[data-row='outputs/table.csv'] + tr")
    table.get_by_text("Side by side").first.click()

    expect(table.locator("td.jp-mod-changed del")).to_have_text("0.1")
    expect(table.locator("td.jp-mod-changed ins")).to_have_text("0.4")


def test_all_of_it_by_keyboard(pair: Pair, jupyterlab: LabPage) -> None:
    page = compare_page(jupyterlab, pair.base, pair.other)
    keyboard = jupyterlab.page.keyboard
    expect(section(page, "code").locator(".jp-MlwsCell.jp-mod-changed").first).to_be_visible()
    chips = page.locator("[data-run-chip]")
    chips.first.focus()

    keyboard.press("ArrowRight")
    expect(chips.nth(1)).to_be_focused()
    keyboard.press("b")
    expect(chips.first).to_contain_text("fast learner")
    expect(chips.first).to_be_focused()
    expect(section(page, "verdict")).to_contain_text("slow learner")
    keyboard.press("Alt+ArrowRight")
    expect(chips.first).to_contain_text("slow learner")
    expect(section(page, "verdict")).to_contain_text("fast learner")
    keyboard.press("3")
    expect(section(page, "parameters")).to_be_focused()
    keyboard.press("F7")
    first = section(page, "parameters").locator("[data-difference]").first
    expect(first).to_be_focused()
    keyboard.press("F7")
    expect(first).not_to_be_focused()
    keyboard.press("Shift+F7")
    expect(first).to_be_focused()
    keyboard.press("4")

    expect(section(page, "code")).to_be_focused()


def test_a_third_run_gets_a_column_and_the_code_asks_which_pair(
    lab: Lab, pair: Pair, jupyterlab: LabPage
) -> None:
    third = notebook_job(lab, "same", 0.2, "red", "third learner")
    page = compare_page(jupyterlab, pair.base, pair.other)

    page.get_by_role("button", name="Add run").click()
    page.get_by_role("searchbox").fill("third")
    expect(page.locator(".jp-MlwsCompare-picker li")).to_have_count(1)
    jupyterlab.page.keyboard.press("Enter")
    expect(section(page, "verdict").locator("li")).to_have_count(2)
    expect(section(page, "metrics").locator("thead th")).to_have_count(4)
    section(page, "code").get_by_label("and", exact=True).select_option(third)

    expect(section(page, "code").locator(".jp-MlwsOutputs").first).to_contain_text("rate 0.2")


def test_an_empty_page_asks_for_two_runs_and_a_run_can_ask_for_another(
    pair: Pair, jupyterlab: LabPage
) -> None:
    jupyterlab.execute("mlws:open-compare")
    page = jupyterlab.page.locator(".jp-MlwsCompare:visible")
    expect(page).to_contain_text("Pick two runs")
    page.get_by_role("searchbox").fill("no such run at all")
    expect(page).to_contain_text("No run fits this search.")

    jupyterlab.execute("mlws:run-compare-with", run_id=pair.base)
    page = jupyterlab.page.locator(".jp-MlwsCompare:visible")
    expect(page).to_contain_text("Pick a run to compare it with.")
    page.get_by_role("searchbox").fill("fast learner")
    jupyterlab.page.keyboard.press("ArrowDown")
    page.locator(".jp-MlwsCompare-picker li", has_text="fast learner").first.press("Enter")

    expect(section(page, "verdict")).to_contain_text("fast learner")


def test_a_link_opens_the_comparison_and_a_reload_brings_it_back(
    pair: Pair, jupyterlab: LabPage
) -> None:
    jupyterlab.open(mlws=f"compare/{pair.base},{pair.other}")
    page = jupyterlab.page.locator(".jp-MlwsCompare:visible")
    expect(section(page, "verdict")).to_contain_text("fast learner")
    assert "mlws=" not in jupyterlab.page.url

    jupyterlab.reload()

    expect(section(page, "verdict")).to_contain_text("fast learner")


def test_a_run_without_code_says_why_in_the_dark_too(
    lab: Lab, pair: Pair, jupyterlab: LabPage
) -> None:
    name = rest.submit(lab, rest.log_metrics(val_auc=0.7), display_name="bare")
    rest.wait_for(lab, name, "Completed")
    jupyterlab.dark()

    page = compare_page(jupyterlab, pair.base, name)

    expect(section(page, "code")).to_contain_text("bare: the job has no code folder.")
    added = page.evaluate("node => getComputedStyle(node).getPropertyValue('--mlws-good')")
    assert added.strip()


def test_versions_of_data_are_compared_column_by_column(lab: Lab, jupyterlab: LabPage) -> None:
    runs = []
    for version, scale in ((1, 1), (2, 50)):
        rows = f"python -c \"print('x'); [print(i * {scale}) for i in range(100)]\""
        made = rest.submit(
            lab,
            f"{rows} > ${{{{outputs.d}}}}/part.csv",
            outputs={"d": {"type": "uri_folder", "name": "compared"}},
        )
        rest.wait_for(lab, made, "Completed")
        data = {"type": "uri_folder", "path": f"azureml:compared:{version}"}
        runs.append(rest.submit(lab, "true # ${{inputs.d}}", inputs={"d": data}))
        rest.wait_for(lab, runs[-1], "Completed")
    page = compare_page(jupyterlab, *runs)
    expect(section(page, "verdict")).to_contain_text("Data d")
    rows_of_data = section(page, "data")
    expect(rows_of_data.locator("[data-row='d']")).to_contain_text("compared")

    rows_of_data.get_by_text("compared: version 2 against 1").click()

    table = rows_of_data.get_by_role("table", name="compared")
    expect(table.locator("tbody tr")).to_contain_text("49.5 → 2,475", timeout=60_000)
