"""The environments page: described, built, watched, used; by keyboard, and from a notebook's kernel."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser import notebooks, rest
from tests.browser.conftest import Lab, LabPage

BUILD_MS = 110_000


def page_of(jupyterlab: LabPage) -> Locator:
    return jupyterlab.page.locator(".jp-MlwsEnvironments")


def create(lab: Lab, name: str, *lines: str) -> None:
    asset = {"name": name, "pip": list(lines)}
    rest.call(lab, "POST", "/api/environments", {"asset": asset})


def test_an_environment_is_described_and_built_before_ones_eyes(
    lab: Lab, jupyterlab: LabPage
) -> None:
    jupyterlab.execute("mlws:environment-new")
    form = page_of(jupyterlab).get_by_role("form", name="New environment")
    form.get_by_label("Name").fill("from-form")
    form.get_by_label("Packages").last.fill("six==1.16.0\n# a comment\n")
    form.get_by_role("button", name="Create and build").click()

    head = page_of(jupyterlab).locator("[data-environment='from-form']")
    expect(head.locator("[data-state='ready']")).to_be_visible(timeout=BUILD_MS)
    page_of(jupyterlab).get_by_role("tab", name="Build log").click()
    expect(page_of(jupyterlab)).to_contain_text("+ six==1.16.0")
    page_of(jupyterlab).get_by_role("tab", name="Lock file").click()
    expect(page_of(jupyterlab).locator("pre")).to_contain_text("six==1.16.0")

    # It is a kernel now: the button opens a notebook on it.
    head.get_by_role("button", name="New notebook").click()
    expect(jupyterlab.page.get_by_role("button", name="from-form 1", exact=True)).to_be_visible(
        timeout=60_000
    )


def test_a_conflict_is_explained_in_words(lab: Lab, jupyterlab: LabPage) -> None:
    create(lab, "impossible", "jupyter-client==8.6.3", "jupyter-core<4")

    jupyterlab.execute("mlws:environments-open", name="impossible")
    page_of(jupyterlab).get_by_role("button", name="Build", exact=True).click()

    alert = page_of(jupyterlab).get_by_role("alert")
    expect(alert).to_contain_text("jupyter-client==8.6.3 depends on", timeout=BUILD_MS)
    expect(page_of(jupyterlab).get_by_role("button", name="Build again")).to_be_visible()


def test_what_is_wrong_stands_beside_its_field(jupyterlab: LabPage) -> None:
    jupyterlab.execute("mlws:environment-new")
    form = page_of(jupyterlab).get_by_role("form", name="New environment")
    form.get_by_label("Name").fill("wrong")
    form.get_by_label("Python").fill("new")
    form.get_by_label("Packages").last.fill("six")

    form.get_by_role("button", name="Create and build").click()

    expect(form.get_by_label("Python")).to_have_attribute("aria-invalid", "true")
    expect(form).to_contain_text("String should match pattern")
    jupyterlab.errors.clear()
    form.get_by_label("Name").press("Escape")
    expect(form).to_have_count(0)


def test_jobs_that_used_it_are_listed_and_opened(lab: Lab, jupyterlab: LabPage) -> None:
    create(lab, "used", "six==1.16.0")
    name = rest.submit(lab, "python -c 'import six'", environment="azureml:used:1")
    rest.wait_for(lab, name, "Completed")

    jupyterlab.execute("mlws:environments-open", name="used")
    page_of(jupyterlab).get_by_role("tab", name="Used by").click()
    page_of(jupyterlab).locator(f"[data-job='{name}']").click()

    expect(jupyterlab.page.locator(f"[data-run='{name}'].jp-MlwsPage")).to_be_visible()


def test_packages_are_taken_from_the_notebooks_kernel(lab: Lab, jupyterlab: LabPage) -> None:
    notebooks.write(lab.project, "kernel-source", "1")
    jupyterlab.open("kernel-source.ipynb")
    kernel = jupyterlab.page.get_by_role("button", name="Python 3 (ipykernel)", exact=True)
    expect(kernel).to_be_visible(timeout=60_000)
    jupyterlab.execute("mlws:environment-new")
    form = page_of(jupyterlab).get_by_role("form", name="New environment")

    form.get_by_role("button", name="Import from this notebook's kernel").click()

    expect(form.get_by_label("Name")).to_have_value("like-python3")
    packages = form.get_by_label("Packages").last
    expect(packages).to_have_value(re.compile("ipykernel=="), timeout=60_000)


def test_the_panel_shows_each_with_its_state_and_the_page_comes_back(
    lab: Lab, jupyterlab: LabPage
) -> None:
    create(lab, "listed", "colorama")
    section = jupyterlab.section("environments")

    row = section.locator("[data-environment='listed']")
    expect(row).to_contain_text("Not built")
    row.click()
    expect(page_of(jupyterlab).locator("[data-environment='listed']")).to_be_visible()

    jupyterlab.reload()
    expect(page_of(jupyterlab).locator("header[data-environment='listed']")).to_be_visible()
