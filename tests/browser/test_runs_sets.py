"""The runs page with many runs: groups, folders, saved views, export, keys alone, 10,000 rows."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, expect

from jupyter_mlws.sdk import service
from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

MODELS = ("gbm", "nn", "gbm")
N_MANY = 10_000


def log_run(
    lab: Lab, name: str, params: dict[str, str], metrics: dict[str, Sequence[float]]
) -> str:
    """A finished run with a value of each metric at each step; answers its id."""
    now = int(time.time() * 1000)
    body = {"experiment_id": "0", "run_name": name, "start_time": now}
    run = rest.call(lab, "POST", "/mlflow/api/2.0/mlflow/runs/create", body)["run"]
    run_id: str = run["info"]["run_id"]
    logged = {
        "run_id": run_id,
        "params": [{"key": key, "value": value} for key, value in params.items()],
        "metrics": [
            {"key": key, "value": value, "timestamp": now + step * 1000, "step": step}
            for key, values in metrics.items()
            for step, value in enumerate(values)
        ],
    }
    rest.call(lab, "POST", "/mlflow/api/2.0/mlflow/runs/log-batch", logged)
    ended = {"run_id": run_id, "status": "FINISHED", "end_time": now}
    rest.call(lab, "POST", "/mlflow/api/2.0/mlflow/runs/update", ended)
    return run_id


@pytest.fixture
def label(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


@pytest.fixture
def ids(lab: Lab, label: str) -> list[str]:
    """Three runs: two of a boosted model, one of a net; accuracies 0.1, 0.2 and 0.3."""
    return [
        log_run(
            lab,
            f"{label} {number}",
            {"model": model, "depth": str(number + 2)},
            {"accuracy": [(number + 1) / 10], "drop": [9 - step - number for step in range(5)]},
        )
        for number, model in enumerate(MODELS)
    ]


@pytest.fixture
def runs(jupyterlab: LabPage, label: str, ids: list[str]) -> Locator:
    jupyterlab.execute("mlws:runs-open", search=label)
    page = jupyterlab.page.locator(".jp-MlwsRuns")
    expect(page.locator(".jp-MlwsTable-row")).to_have_count(len(ids))
    return page


def test_runs_in_groups_tell_mean_and_range_and_unfold(jupyterlab: LabPage, runs: Locator) -> None:
    rows = runs.locator(".jp-MlwsTable-row")
    runs.get_by_label("Group by").select_option("params.model")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("gbm2")
    expect(rows.first).to_contain_text("0.20.1 – 0.3")

    runs.locator(".jp-MlwsTable-grid").focus()
    jupyterlab.page.keyboard.press("ArrowRight")

    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_have_attribute("aria-level", "2")
    jupyterlab.page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(2)


def test_runs_move_to_a_folder_that_narrows_the_table(
    jupyterlab: LabPage, runs: Locator, label: str
) -> None:
    rows = runs.locator(".jp-MlwsTable-row")
    keyboard = jupyterlab.page.keyboard
    runs.locator(".jp-MlwsTable-grid").focus()
    for key in ("Space", "m"):
        keyboard.press(key)
    field = runs.get_by_label("Folder to move to")
    expect(field).to_be_focused()
    field.fill(f" {label} / below ")
    keyboard.press("Enter")

    tree = runs.get_by_role("tree", name="Folders")
    tree.get_by_role("treeitem", name=label).click()
    expect(rows).to_have_count(1)
    runs.get_by_role("button", name="Out of folder").click()
    expect(runs.get_by_text("No run fits the filter.")).to_be_visible()
    tree.get_by_role("treeitem", name="All runs").click()

    expect(rows).to_have_count(3)


def test_a_view_is_saved_for_all_and_opened_by_its_link(
    lab: Lab, jupyterlab: LabPage, runs: Locator, label: str
) -> None:
    runs.get_by_label("Group by").select_option("params.model")
    runs.get_by_role("button", name="Save as view…").click()
    runs.get_by_label("Name of the view").fill(label)
    jupyterlab.page.keyboard.press("Enter")
    tab = runs.get_by_role("tab", name=label)
    expect(tab).to_have_attribute("aria-selected", "true")
    runs.get_by_label("Group by").select_option("")
    expect(runs.get_by_role("button", name="Save changes")).to_be_visible()
    view = next(v for v in rest.call(lab, "GET", "/api/views?page=runs") if v["name"] == label)

    jupyterlab.execute("application:close-all")
    jupyterlab.open(mlws=f"views/{view['id']}")

    expect(tab).to_have_attribute("aria-selected", "true")
    expect(runs.get_by_label("Group by")).to_have_value("params.model")
    expect(runs.locator(".jp-MlwsTable-row")).to_have_count(2)
    expect(runs.get_by_role("button", name="Save changes")).to_have_count(0)
    runs.get_by_role("button", name="Delete", exact=True).click()
    jupyterlab.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(tab).to_have_count(0)


@pytest.mark.parametrize(("item", "name"), [("CSV", "runs.csv"), ("Parquet", "runs.parquet")])
def test_chosen_runs_are_downloaded(
    jupyterlab: LabPage, runs: Locator, tmp_path: Path, item: str, name: str
) -> None:
    page = jupyterlab.page
    runs.get_by_role("checkbox", name="Select all").click()
    bar = runs.get_by_role("toolbar", name="Selected runs")
    bar.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=f"Export as {item}").click()

    target = tmp_path / name
    download.value.save_as(target)
    assert download.value.suggested_filename == name
    assert target.stat().st_size > 200


def test_a_notebook_that_loads_the_runs_opens(jupyterlab: LabPage, runs: Locator, lab: Lab) -> None:
    page = jupyterlab.page
    runs.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("menuitem", name="Notebook that loads them").click()

    expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible()
    made = max(lab.project.glob("Untitled*.ipynb"), key=lambda path: path.stat().st_mtime)
    cells = json.loads(made.read_text())["cells"]
    assert "runs.export(" in "".join(cells[1]["source"])
    made.unlink()


def test_everything_is_reached_by_keys_alone(
    jupyterlab: LabPage, runs: Locator, label: str
) -> None:
    keyboard = jupyterlab.page.keyboard
    rows = runs.locator(".jp-MlwsTable-row")
    runs.get_by_label("Charts", exact=True).check()
    runs.locator(".jp-MlwsTable-grid").focus()

    keyboard.press("/")
    expect(runs.get_by_label("Filter runs")).to_be_focused()
    runs.locator(".jp-MlwsTable-grid").focus()
    keyboard.press("b")
    expect(rows.first).to_contain_text("baseline")
    keyboard.press("e")
    expect(rows.first.locator(".jp-MlwsEye")).to_have_attribute("aria-pressed", "false")
    for key in ("Space", "ArrowDown", "Space"):
        keyboard.press(key)
    expect(runs.get_by_text("2 runs selected")).to_be_visible()
    keyboard.press("t")
    expect(runs.get_by_label("Tag as name=value")).to_be_focused()
    keyboard.press("Escape")
    runs.locator(".jp-MlwsTable-grid").focus()
    keyboard.press("Enter")

    expect(jupyterlab.page.locator(".jp-MlwsRunPage")).to_be_visible()


def test_the_chosen_runs_go_to_the_page_that_compares(
    jupyterlab: LabPage, runs: Locator, ids: list[str]
) -> None:
    jupyterlab.page.evaluate(
        """() => {
          const { commands } = window.jupyterapp;
          const id = 'mlws:open-compare';
          window.compared = [];
          commands.commandExecuted.connect((_, call) => {
            if (call.id === id) { window.compared.push(call.args.runs); }
          });
          if (!commands.hasCommand(id)) {
            commands.addCommand(id, { execute: () => undefined,
              describedBy: { args: { type: 'object', properties: {} } } });
          }
        }"""
    )
    runs.get_by_role("checkbox", name="Select all").click()
    runs.locator(".jp-MlwsTable-grid").focus()
    jupyterlab.page.keyboard.press("c")

    jupyterlab.page.wait_for_function("() => window.compared.length === 1")
    assert jupyterlab.page.evaluate("() => window.compared[0]") == ids[::-1]
    jupyterlab.errors.clear()


@pytest.mark.timeout(400)
def test_ten_thousand_rows_are_a_few_on_the_page(lab: Lab, jupyterlab: LabPage, label: str) -> None:
    running = service.find(lab.workspace)
    assert running
    base, headers = (
        f"{running.url}/mlflow/api/2.0/mlflow",
        {"Authorization": f"Bearer {running.token}"},
    )
    with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:
        made = client.post(f"{base}/experiments/create", json={"name": label}).json()
        run = {"experiment_id": made["experiment_id"], "start_time": 1, "run_name": label}
        for _ in range(N_MANY):
            assert client.post(f"{base}/runs/create", json=run).status_code == 200
    jupyterlab.execute("mlws:runs-open", search=label)
    grid = jupyterlab.page.locator(".jp-MlwsRuns .jp-MlwsTable-grid")
    table = jupyterlab.page.locator(".jp-MlwsRuns .jp-MlwsTable")
    rows = grid.locator(".jp-MlwsTable-row")
    expect(rows.first).to_contain_text(label)

    table.evaluate(
        """async (table, n) => {
          const grid = table.querySelector('.jp-MlwsTable-grid');
          while (grid.getAttribute('aria-rowcount') !== String(n + 1)) {
            table.scrollTop = table.scrollHeight;
            await new Promise(requestAnimationFrame);
          }
        }""",
        N_MANY,
    )

    assert rows.count() < 100
    grid.focus()
    jupyterlab.page.keyboard.press("End")
    expect(grid.locator("[aria-current='true']")).to_have_attribute(
        "aria-rowindex", str(N_MANY + 1)
    )
    jupyterlab.page.keyboard.press("Control+a")
    expect(jupyterlab.page.get_by_text("10000 runs selected")).to_be_visible()
    jupyterlab.page.keyboard.press("Home")
    expect(grid.locator("[aria-current='true']")).to_have_attribute("aria-rowindex", "2")
