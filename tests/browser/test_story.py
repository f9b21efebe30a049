"""The whole story: a notebook becomes a job, is watched, looked into, and is there tomorrow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from jupyter_mlws import MLClient
from jupyter_mlws.entities.run import Status
from tests.browser.conftest import Lab, LabPage

pytestmark = pytest.mark.slow


@pytest.fixture
def client(lab: Lab) -> Iterator[MLClient]:
    with MLClient(workspace=lab.workspace) as client:
        yield client


def test_a_notebook_is_run_as_a_job_and_is_there_tomorrow(
    jupyterlab: LabPage, client: MLClient
) -> None:
    page = jupyterlab.page
    earlier = {job.name for job in client.jobs.list()}
    jupyterlab.execute("docmanager:open", path="train.ipynb")

    # The form is made from the cell tagged `parameters`.
    page.get_by_role("button", name="Run as job").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("train.ipynb")
    dialog.get_by_label("epochs").first.fill("12")
    dialog.get_by_role("button", name="run", exact=False).last.click()
    expect(dialog).to_be_hidden()

    # It runs in the side bar, and the page that is loaded again still shows it.
    panel = jupyterlab.side("mlws-panel")
    expect(panel).to_contain_text("Running", timeout=60_000)
    jupyterlab.reload()
    panel = jupyterlab.side("mlws-panel")
    [job] = [job for job in client.jobs.list() if job.name not in earlier]
    expect(panel).to_contain_text(job.display_name, timeout=30_000)
    ended = client.jobs.wait(job.name, timeout_s=180)
    assert ended.status is Status.COMPLETED, ended.error

    # Its metrics, log and executed notebook.
    jupyterlab.execute("mlws:run-open", run_id=job.name)
    expect(page.get_by_role("rowheader", name="test_accuracy")).to_be_visible(timeout=30_000)
    open_tab(page, "Logs")
    expect(page.get_by_text("1,257 scans to learn from")).to_be_visible(timeout=30_000)
    open_tab(page, "Notebook")
    expect(page.get_by_text("Reading handwritten digits").last).to_be_visible(timeout=30_000)
    open_tab(page, "Artifacts")
    expect(page.get_by_text("learning_curve.png", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_text("model", exact=True).last).to_be_visible()

    # Tomorrow: a new page, a service that was started anew.
    client.workspaces.stop(force=True)
    jupyterlab.open()
    expect(jupyterlab.side("mlws-panel")).to_contain_text(job.display_name, timeout=60_000)
    run = client.runs.get(job.name)
    assert run.params["epochs"] == "12"
    assert len(client.runs.series(run_ids=[job.name], keys=["test_accuracy"])[0].steps) == 12


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).last.click()
