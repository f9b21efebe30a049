"""*Bring MLflow runs in…*: counted, brought in, and told what is wrong, for a folder that MLflow made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Locator, expect

from tests.browser.conftest import LabPage

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own
ENDED_MS = 60_000
N_RUNS = 3


@pytest.fixture(scope="module")
def mlruns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that MLflow made."""
    folder = tmp_path_factory.mktemp("elsewhere") / "mlruns"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        tracking: Any = MlflowClient(folder.as_uri())
        experiment_id = tracking.create_experiment("elsewhere")
        for number in range(N_RUNS):
            run_id = tracking.create_run(experiment_id, run_name=f"brought {number}").info.run_id
            tracking.log_metric(run_id, "loss", number)
            tracking.log_text(run_id, "hello", "note.txt")
            tracking.set_terminated(run_id)
    return folder


def row(dialog: Locator, kind: str) -> Locator:
    return dialog.locator(f"tr[data-kind='{kind}'] td")


def test_runs_of_a_folder_are_counted_then_brought_in_by_keyboard(
    jupyterlab: LabPage, mlruns: Path
) -> None:
    keyboard = jupyterlab.page.keyboard
    jupyterlab.execute("mlws:runs-open", search="brought")
    runs = jupyterlab.page.locator(".jp-MlwsRuns")
    runs.get_by_role("button", name="Bring in…").click()
    dialog = jupyterlab.page.get_by_role("dialog")
    place = dialog.get_by_label("Folder")
    expect(place).to_be_focused()

    keyboard.type("mlruns")
    keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text(["", "Write the whole path"])
    expect(place).to_be_focused()

    place.fill(str(mlruns))
    dialog.get_by_role("button", name="Count first").click()
    expect(dialog).to_contain_text(f"{N_RUNS} runs would come.", timeout=ENDED_MS)
    expect(row(dialog, "runs")).to_have_text([str(N_RUNS), str(N_RUNS), "0"])
    expect(row(dialog, "files").nth(1)).to_have_text(re.compile(rf"· {N_RUNS}$"))

    expect(dialog.get_by_role("button", name="Bring in")).to_be_focused()
    keyboard.press("Enter")
    expect(dialog).to_contain_text(f"{N_RUNS} runs were brought in.", timeout=ENDED_MS)
    expect(dialog.get_by_role("button", name="Open Runs")).to_be_focused()
    keyboard.press("Enter")

    expect(dialog).to_have_count(0)
    expect(runs.locator(".jp-MlwsTable-row")).to_have_count(N_RUNS)


def test_a_folder_that_is_not_there_is_told_beside_its_field(
    jupyterlab: LabPage, tmp_path: Path
) -> None:
    jupyterlab.page.evaluate("() => void window.jupyterapp.commands.execute('mlws:runs-bring')")
    dialog = jupyterlab.page.get_by_role("dialog")
    place = dialog.get_by_label("Folder")
    place.fill(str(tmp_path / "gone"))
    place.press("Enter")

    expect(dialog.locator(".jp-MlwsField-problem").nth(1)).to_contain_text(
        "There is no folder", timeout=ENDED_MS
    )
    expect(place).to_have_attribute("aria-invalid", "true")
    expect(place).to_be_focused()
    place.press("Escape")
    expect(dialog).to_have_count(0)
