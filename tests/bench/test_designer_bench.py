"""How quick the designer is with a pipeline of 300 steps, in a real Chromium."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator

import pytest
import yaml
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, Lab, LabPage, running_lab

pytestmark = pytest.mark.timeout(900)

Report = Callable[..., None]
N_STEPS = 300
WIDTH = 20
"""Steps that stand side by side; each takes from two of those before."""
ROUNDS = 5
N_PANNED = 120
OPEN_MS = 1000
FRAME_MS = 50
EDIT_MS = 300

IN_PAGE = """
window.bench = {
  // Time from what `act` does until `isDone` holds, looked at in each frame.
  async until(act, isDone) {
    const start = performance.now();
    await act();
    while (!isDone()) {
      await new Promise(requestAnimationFrame);
      if (performance.now() - start > 60000) { throw new Error('It takes too long.'); }
    }
    return performance.now() - start;
  },
  shown() { return window.jupyterapp.shell.currentWidget.node; },
  step(key) { return this.shown().querySelector(`[data-mlws-step="${key}"]`); },
  text() { return window.jupyterapp.shell.currentWidget.context.model.sharedModel; },
};
"""


# pytest-jupyter gives every test an event loop; Playwright has one running, and they do not go together.


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """None."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """None."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on an empty workspace."""
    base = tmp_path_factory.mktemp("designer")
    with running_lab(base, base / "workspace") as lab:
        yield lab


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    """A page of the machine's own Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found is not None, "There is no Chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def large() -> str:
    """A pipeline of 300 steps in 15 columns."""
    jobs: dict[str, object] = {}
    for number in range(N_STEPS):
        before = [number - WIDTH, number - WIDTH + 1]
        jobs[f"step_{number}"] = {
            "type": "command",
            "command": "cat ${{inputs.a}} ${{inputs.b}} > ${{outputs.all}}",
            "inputs": {
                name: f"${{{{parent.jobs.step_{source}.outputs.all}}}}"
                for name, source in zip("ab", before, strict=True)
            }
            if number >= WIDTH
            else {"a": "x", "b": "y"},
            "outputs": {"all": {"type": "uri_file"}},
        }
    return yaml.safe_dump({"type": "pipeline", "jobs": jobs}, sort_keys=False)


def test_the_designer_stays_quick_at_300_steps(lab: Lab, page: Page, report: Report) -> None:
    (lab.project / "large.pipeline.yml").write_text(large())
    opened = LabPage(page, lab).open()
    page.evaluate(IN_PAGE)
    rows: list[tuple[str, float, object]] = [
        ("open, for the first time, nothing placed", _open(page), OPEN_MS)
    ]
    expect(page.locator("[data-mlws-step='step_0']")).to_be_visible()
    again = []
    for _ in range(ROUNDS):
        opened.execute("application:close-all")
        again.append(_open(page))
    rows.append(("open again", statistics.median(again), OPEN_MS))
    # What the service says of the file is drawn by then.
    page.wait_for_timeout(2000)
    longest, n_long = _panned(page)
    rows.append((f"longest task while it is panned, {N_PANNED} moves", longest, FRAME_MS))
    rows.append(("how many of these tasks took over 50 ms", n_long, 0))
    edits = [_edited(page, number) for number in range(ROUNDS)]
    rows.append(("edit of the text until it is drawn", statistics.median(edits), EDIT_MS))

    table = [(what, f"{took:,.0f}", most) for what, took, most in rows]
    report("The designer at 300 steps", ("", "ms", "promised"), table)
    assert page.locator("[data-mlws-step]").count() > 0


def _open(page: Page) -> float:
    took: float = page.evaluate(
        """() => bench.until(
          () => void window.jupyterapp.commands.execute(
            'docmanager:open', { path: 'large.pipeline.yml' }),
          () => document.querySelector('[data-mlws-step]:not([style*="hidden"])'))"""
    )
    return took


def _panned(page: Page) -> tuple[float, float]:
    """The longest task while the canvas is dragged about, and how many were long."""
    page.evaluate(
        """() => {
          window.bench.long = [];
          new PerformanceObserver(list => {
            window.bench.long.push(...list.getEntries().map(task => task.duration));
          }).observe({ type: 'longtask' });
        }"""
    )
    box = page.locator("[data-mlws-canvas]:visible").bounding_box()
    assert box is not None
    left, top = box["x"] + 6, box["y"] + box["height"] / 2
    page.mouse.move(left, top)
    page.mouse.down()
    for number in range(N_PANNED):
        page.mouse.move(left + (number % 40) * 12, top + (number % 30) * 5)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    page.mouse.up()
    long: list[float] = page.evaluate("() => window.bench.long")
    return max(long, default=0.0), len(long)


def _edited(page: Page, number: int) -> float:
    """Time until a step has the name that the text gives it."""
    took: float = page.evaluate(
        """async number => {
          const text = bench.text();
          const source = text.getSource();
          const was = number === 0 ? 'step_0:' : `first_${number - 1}:`;
          const at = source.indexOf(was);
          return bench.until(
            () => text.updateSource(at, at + was.length, `first_${number}:`),
            () => bench.step(`first_${number}`));
        }""",
        number,
    )
    return took
