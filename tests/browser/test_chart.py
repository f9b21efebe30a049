"""A chart in a notebook of JupyterLab that follows a run."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import notebooks
from tests.browser.conftest import Lab, LabPage

START = """\
import jupyter_mlws as mlws
from jupyter_mlws import MLClient
client = MLClient()
run = {"run_id": "followed", "experiment_id": 0, "name": "followed", "status": "RUNNING"}
def log(status, *values):
    points = [{"key": "loss", "value": v, "ts_ms": s, "step": s} for s, v in enumerate(values)]
    client.call("imports.put_run", run={**run, "status": status})
    client.call("imports.log", run_id="followed", points=points)
log("RUNNING", 3.0, 2.0)
chart = mlws.chart("followed", "loss")
chart"""
MORE = 'log("FINISHED", 3.0, 2.0, 1.5, 1.0); chart.wait(60)'

KERNEL_IS_READY = """() =>
  window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"""


def test_a_chart_is_drawn_and_follows_its_run(lab: Lab, jupyterlab: LabPage) -> None:
    notebooks.write(lab.project, "chart", START, MORE)
    jupyterlab.open("chart.ipynb")
    page = jupyterlab.page
    page.wait_for_function(KERNEL_IS_READY, timeout=60_000)
    jupyterlab.execute("notebook:run-all-cells")

    line = page.locator(".jp-OutputArea .js-plotly-plot .scatterlayer path.js-line")

    expect(line).to_have_count(1, timeout=60_000)
    expect(page.locator(".jp-OutputArea-output", has_text="True")).to_be_visible(timeout=60_000)
    assert page.evaluate(
        "() => Array.from(document.querySelector('.js-plotly-plot').data[0].y)"
    ) == [3.0, 2.0, 1.5, 1.0]
