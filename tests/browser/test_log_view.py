"""The log view: what is left out, folded, found and linked."""

from __future__ import annotations

import re
from urllib.parse import unquote

from playwright.sync_api import Locator, expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage
from tests.browser.test_run_page import run_page

SCRIPT = r"""python - <<'END'
import json, logging, sys
logging.basicConfig(level="DEBUG", format="%(levelname)s %(message)s", stream=sys.stdout)
logging.debug("start"); logging.info("reading"); logging.warning("slow disk")
for i in range(0, 101, 10): print(f"\r{i} %", end="")
print()
for i in range(300): logging.info("needle %d" % i if i % 50 == 0 else "line %d" % i)
class Bad:
    pass
try:
    json.dumps(Bad())
except TypeError:
    logging.exception("it broke")
print("\033[32mgreen\033[0m end")
END"""


def logs_of(lab: Lab, jupyterlab: LabPage) -> tuple[str, Locator]:
    """A job that wrote a log, and the log on its page."""
    name = rest.submit(lab, SCRIPT)
    rest.wait_for(lab, name, "Completed")
    page = run_page(jupyterlab, name)
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_text("green")).to_be_visible()
    return name, page


def line(page: Locator, text: str) -> Locator:
    return page.locator(".jp-MlwsLog-line", has_text=re.compile(text))


def test_lines_are_timed_coloured_filtered_by_level_and_folded(
    lab: Lab, jupyterlab: LabPage
) -> None:
    _, page = logs_of(lab, jupyterlab)

    expect(page.locator(".ansi-green-fg", has_text="green")).to_be_visible()
    expect(line(page, "green").locator(".jp-MlwsLog-time")).to_have_attribute(
        "data-time", re.compile(r"^\d\d:\d\d:\d\d$")
    )
    fold = page.get_by_role("button", name="lines in libraries")
    expect(fold).to_have_count(1)
    expect(line(page, "in default")).to_have_count(0)
    fold.click()
    expect(line(page, "in default")).to_have_count(1)
    page.get_by_label("Level").select_option("warning")

    expect(line(page, "slow disk")).to_be_visible()
    expect(line(page, "it broke")).to_be_visible()
    expect(line(page, "reading")).to_have_count(0)
    expect(line(page, "slow disk").locator(".jp-MlwsLog-number")).to_have_attribute(
        "data-line", "3"
    )


def test_hits_are_on_a_map_and_walked_by_keyboard(lab: Lab, jupyterlab: LabPage) -> None:
    _, page = logs_of(lab, jupyterlab)

    page.get_by_label("Regular expression").check()
    page.get_by_role("searchbox", name="Search in the log").fill(r"needle \d+")
    expect(page.get_by_text("1 of 6", exact=True)).to_be_visible()
    expect(page.locator(".jp-MlwsLog-map span")).to_have_count(6)
    jupyterlab.page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    expect(line(page, "needle 50")).to_be_visible()
    jupyterlab.page.keyboard.press("Shift+Enter")
    jupyterlab.page.keyboard.press("Shift+Enter")

    expect(line(page, "needle 250")).to_be_visible()


def test_a_progress_bar_is_its_last_state(lab: Lab, jupyterlab: LabPage) -> None:
    _, page = logs_of(lab, jupyterlab)
    page.locator(".jp-MlwsLog-view").focus()
    jupyterlab.page.keyboard.press("Control+Home")

    expect(line(page, "100 %")).to_be_visible()
    expect(line(page, "90 %")).to_have_count(0)


def test_a_link_to_a_line_opens_the_log_at_it(lab: Lab, jupyterlab: LabPage) -> None:
    jupyterlab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    name, page = logs_of(lab, jupyterlab)
    page.get_by_role("searchbox", name="Search in the log").fill("needle 100")
    expect(line(page, "needle 100")).to_be_visible()

    page.get_by_role("button", name="Copy a link to the marked line").click()
    expect(jupyterlab.page.get_by_text("A link to line 105 is copied.")).to_be_visible()
    link = unquote(jupyterlab.page.evaluate("() => navigator.clipboard.readText()"))
    where = link.partition("mlws=")[2]
    jupyterlab.open(mlws=where)

    assert where == f"runs/{name}/logs/L105"
    expect(line(page, "needle 100")).to_be_visible()
    expect(page.locator(".jp-MlwsLog-line.jp-mod-current")).to_contain_text("needle 100")
