"""The compute page: cards, slots, drain and start, who is next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage


@pytest.fixture
def card(lab: Lab, jupyterlab: LabPage) -> Iterator[Locator]:
    """The card of a compute with one slot, on its page."""
    rest.call(lab, "POST", "/api/computes", {"compute": {"name": "page", "slots": 1}})
    rest.call(lab, "POST", "/api/computes/page:start", {})
    jupyterlab.execute("mlws:computes-open")
    yield jupyterlab.page.locator("[data-compute-card='page']")
    left = rest.call(lab, "GET", "/api/computes/page")
    for name in [*left["queued"], *left["running"]]:
        rest.call(lab, "POST", f"/api/jobs/{name}:cancel", {})


def test_a_compute_is_made_changed_drained_and_started(jupyterlab: LabPage, card: Locator) -> None:
    jupyterlab.page.get_by_role("button", name="New compute").click()
    form = jupyterlab.page.get_by_role("form", name="New compute")
    form.get_by_label("Name").fill("from-page")
    form.get_by_label("Slots").fill("2")
    form.get_by_role("button", name="Create").click()

    made = jupyterlab.page.locator("[data-compute-card='from-page']")
    expect(made).to_contain_text("0 of 2")
    made.get_by_role("button", name="One slot more").click()
    expect(made).to_contain_text("0 of 3")
    made.get_by_role("button", name="Drain").click()
    expect(made).to_contain_text("Stopped: jobs wait")
    made.get_by_role("button", name="Start", exact=True).click()
    expect(made).to_contain_text("Jobs may start")
    made.get_by_role("button", name="Delete").click()
    expect(made).to_have_count(0)


def test_a_waiting_job_is_moved_up_by_keyboard(
    lab: Lab, jupyterlab: LabPage, card: Locator
) -> None:
    names = [rest.submit(lab, "sleep 600", compute="page") for _ in range(3)]
    rows = card.get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_have_attribute("data-queued", names[0])

    rows.nth(2).focus()
    jupyterlab.page.keyboard.press("Alt+ArrowUp")

    expect(rows.nth(1)).to_have_attribute("data-queued", names[2])


def test_the_panel_leads_to_the_page_and_it_comes_back(jupyterlab: LabPage, card: Locator) -> None:
    expect(card).to_be_visible()

    jupyterlab.reload()

    expect(card).to_be_visible()
