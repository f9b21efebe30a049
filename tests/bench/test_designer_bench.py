"""How quick the designer is with a pipeline of 300 steps, in a real Chromium."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import yaml
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import rest
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
LIVE_MS = 1000
RUN_S = 600

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


LONG_TASKS = """() => {
  window.bench.long = [];
  new PerformanceObserver(list => {
    window.bench.long.push(...list.getEntries().map(task => task.duration));
  }).observe({ type: 'longtask' });
}"""
WATCHED = """() => {
  const seen = window.bench.seen = {};
  const look = node => {
    if (node.dataset?.state === 'completed' && node.dataset.mlwsStep) {
      seen[node.dataset.mlwsStep] ??= Date.now();
    }
  };
  new MutationObserver(changes => changes.forEach(change => look(change.target))).observe(
    window.bench.shown(), { attributes: true, attributeFilter: ['data-state'], subtree: true });
}"""


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
            "command": "echo ${{inputs.a}} ${{inputs.b}} > ${{outputs.all}}",
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


def test_the_designer_follows_300_steps_live(lab: Lab, page: Page, report: Report) -> None:
    (lab.project / "large.pipeline.yml").write_text(large())
    LabPage(page, lab).open()
    page.evaluate(IN_PAGE)
    _open(page)
    job = {
        **yaml.safe_load(large()),
        "properties": {"mlws.path": "large.pipeline.yml"},
        "settings": {"cache": "refresh"},
    }
    name = rest.call(lab, "POST", "/api/jobs", {"job": job})["name"]
    page.locator(f".jp-MlwsPastRuns [data-run='{name}']").click()
    page.evaluate(WATCHED)
    page.evaluate(LONG_TASKS)

    deadline = time.monotonic() + RUN_S
    while rest.call(lab, "GET", f"/api/jobs/{name}")["status"] != "Completed":
        assert time.monotonic() < deadline, "The pipeline does not end."
        page.wait_for_timeout(500)
    expect(page.locator("[data-mlws-step='step_0'][data-state='completed']")).to_be_visible()

    seen: dict[str, float] = page.evaluate("() => window.bench.seen")
    long: list[float] = page.evaluate("() => window.bench.long")
    ended = {
        step["key"]: datetime.fromisoformat(step["ended_at"]).timestamp() * 1000
        for step in rest.call(lab, "GET", f"/api/pipelines/{name}:list_steps")
    }
    late = sorted(at - ended[key] for key, at in seen.items())
    took = max(ended.values()) - min(ended.values())
    assert len(late) > N_STEPS / 10, "Too few steps were in view."
    rows = [
        ("end of a step until its box shows it, median", statistics.median(late), LIVE_MS),
        ("the same, 95th percentile", late[int(0.95 * len(late))], LIVE_MS),
        ("longest task while the run is followed", max(long, default=0), "-"),
        ("tasks over 50 ms", len(long), "-"),
        ("(boxes in view)", len(late), "-"),
        ("(the run, from its first step's end to its last's)", took, "-"),
    ]
    table = [(what, f"{value:,.0f}", most) for what, value, most in rows]
    report("The designer follows a run of 300 steps", ("", "ms", "promised"), table)


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
    page.evaluate(LONG_TASKS)
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
