"""The charts of the runs page: cards of every kind, as pictures and as tables, remembered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Lab, LabPage
from tests.browser.test_runs_sets import log_run


@pytest.fixture
def charts(lab: Lab, jupyterlab: LabPage, request: pytest.FixtureRequest) -> Locator:
    """The charts of twelve runs of which `rate` decides `gain`, with a course and a spike of `loss`."""
    label = request.node.name
    for number in range(12):
        rate, size = number % 4, number % 3
        course = [5.0 - step / 10 + (50 if (number, step) == (11, 17) else 0) for step in range(40)]
        params = {"rate": str(rate), "size": str(size), "model": "gbm" if number % 2 else "nn"}
        metrics: dict[str, Sequence[float]] = {"gain": [rate * 1.5 + number / 100], "loss": course}
        log_run(lab, f"{label} {number}", params, metrics)
    jupyterlab.execute("mlws:runs-open", search=label)
    page = jupyterlab.page.locator(".jp-MlwsRuns")
    expect(page.locator(".jp-MlwsTable-row")).to_have_count(12)
    page.get_by_label("Charts", exact=True).check()
    expect(page.locator("[data-metric='loss'] .main-svg").first).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("kind", "drawn"),
    [
        ("scatter", ".scatterlayer .point"),
        ("box", ".boxlayer .box"),
        ("contour", ".contourlayer path, .contourlayer image"),
        ("importance", ".jp-MlwsBars tr"),
        ("parallel", ".jp-MlwsParallel-axis"),
    ],
)
def test_a_card_of_each_kind_is_drawn_and_told_as_a_table(
    charts: Locator, kind: str, drawn: str
) -> None:
    charts.get_by_label("Add chart").select_option(kind)
    card = charts.locator(f"[data-kind='{kind}']")
    expect(card.locator(drawn).first).to_be_attached()

    card.get_by_role("button", name="View as table").click()

    expect(card.locator("tbody tr").first).to_be_visible()
    expect(card.locator(drawn)).to_have_count(0)


def test_the_param_that_decides_stands_first(charts: Locator) -> None:
    charts.get_by_label("Add chart").select_option("importance")
    card = charts.locator("[data-kind='importance']")

    expect(card.locator("tr").first).to_contain_text("rate")


def test_cards_are_moved_changed_and_remembered(jupyterlab: LabPage, charts: Locator) -> None:
    titles = charts.locator(".jp-MlwsChartCard-head h3")
    charts.get_by_label("Add chart").select_option("scatter")
    card = charts.locator("[data-kind='scatter']")
    card.get_by_label("Across").select_option("params.size")
    card.get_by_label("Up", exact=True).select_option("metrics.loss")
    expect(titles.first).to_have_text("loss over size")
    card.get_by_role("button", name="Move back").click()
    charts.locator("[data-metric='gain']").get_by_role("button", name="Remove the chart").click()
    expect(titles).to_have_text(["loss over size", "loss"])
    jupyterlab.reload()

    expect(titles).to_have_text(["loss over size", "loss"])
    charts.get_by_role("button", name="Reset charts").click()
    expect(titles).to_have_text(["gain", "loss"])


def test_lines_of_a_param_come_together_to_mean_and_band(charts: Locator) -> None:
    card = charts.locator("[data-metric='loss']")
    expect(card.locator(".jp-MlwsLegend li")).to_have_count(10)
    card.get_by_role("button", name="Options of the chart").click()
    card.get_by_label("Mean and band by").select_option("model")

    expect(card.locator(".jp-MlwsLegend li")).to_have_text(["gbm", "nn"])
    expect(card.locator(".scatterlayer .fills path")).to_have_count(2)


def test_a_stretch_is_looked_at_closely_and_let_go(jupyterlab: LabPage, charts: Locator) -> None:
    plot = charts.locator("[data-metric='loss'] .nsewdrag").first
    box = plot.bounding_box()
    assert box
    mouse = jupyterlab.page.mouse
    with jupyterlab.page.expect_response(lambda answer: "start_step" in answer.url):
        mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
        mouse.down()
        mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
        mouse.up()
    reset = charts.get_by_role("button", name="Reset zoom")
    expect(reset).to_be_visible()

    reset.click()

    expect(reset).to_have_count(0)


def test_a_brush_by_keys_becomes_a_filter(jupyterlab: LabPage, charts: Locator) -> None:
    charts.get_by_label("Add chart").select_option("parallel")
    axis = charts.locator(".jp-MlwsParallel-axis[data-column='params.rate']")
    axis.focus()
    for _ in range(14):
        jupyterlab.page.keyboard.press("ArrowUp")
    expect(charts.get_by_text("3 runs in the brushed ranges")).to_be_visible()
    charts.get_by_role("button", name="Filter by them").click()

    expect(charts.locator(".jp-MlwsTable-row")).to_have_count(3)


def test_an_axis_changes_its_place_by_keys(jupyterlab: LabPage, charts: Locator) -> None:
    charts.get_by_label("Add chart").select_option("parallel")
    axes = charts.locator(".jp-MlwsParallel-axis")
    first = axes.first.get_attribute("data-column")
    axes.first.focus()

    jupyterlab.page.keyboard.press("ArrowRight")

    expect(axes.nth(1)).to_have_attribute("data-column", str(first))


def test_cards_are_drawn_in_the_dark(jupyterlab: LabPage, charts: Locator) -> None:
    jupyterlab.dark()
    charts.get_by_label("Add chart").select_option("parallel")
    title = charts.locator(".jp-MlwsParallel-title").first
    expect(title).to_be_visible()

    light = title.evaluate(
        "node => getComputedStyle(node).fill.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert min(light) > 150
    jupyterlab.execute("apputils:change-theme", theme="JupyterLab Light")
