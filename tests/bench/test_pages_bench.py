"""How quick the pages are with 100,000 runs and a metric of a million points, in a real Chromium.

MLWS_LARGE_WORKSPACE names a folder that `tests.bench.large_workspace` has filled; without it one is made.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.bench import large_workspace as large
from tests.browser import rest
from tests.browser.conftest import CHROMIUM, FLAGS, Lab, LabPage, running_lab

pytestmark = pytest.mark.timeout(3600)

Report = Callable[..., None]
ROUNDS = 5
FIRST_ROWS_MS = 1000
FILTER_MS = 300
LONG_TASK_MS = 50
CHART_MS = 1000
ZOOM_MS = 200
N_SCROLLED = 10_000

IN_PAGE = """
window.bench = {
  // Time from what `act` does until `isDone` holds, looked at in each frame.
  async until(act, isDone) {
    const start = performance.now();
    act();
    while (!isDone()) {
      await new Promise(requestAnimationFrame);
      if (performance.now() - start > 60000) { throw new Error('It takes too long.'); }
    }
    return performance.now() - start;
  },
  row() { return document.querySelector('.jp-MlwsRuns .jp-MlwsTable-row'); },
  type(text) {
    const box = document.querySelector('.jp-MlwsRuns-filter');
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(box, text);
    box.dispatchEvent(new Event('input', { bubbles: true }));
  },
  enter() {
    const box = document.querySelector('.jp-MlwsRuns-filter');
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  },
  plot(metric) { return document.querySelector(`[data-metric="${metric}"] .jp-MlwsChart`); },
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
    """JupyterLab that opens the large workspace."""
    base = tmp_path_factory.mktemp("large")
    given = os.environ.get("MLWS_LARGE_WORKSPACE")
    workspace = Path(given) if given else base / "workspace"
    if not (workspace / "workspace.db").exists():
        large.make(workspace)
    with running_lab(base, workspace) as lab:
        yield lab


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    """A page of the machine's own Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("There is no Chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def test_pages_stay_quick_at_100_000_runs(lab: Lab, page: Page, report: Report) -> None:
    opened = LabPage(page, lab).open()
    page.evaluate(IN_PAGE)
    rows: list[tuple[str, float, float]] = []

    def measured(what: str, times: list[float], most: float) -> None:
        rows.append((what, statistics.median(times), most))

    measured("first rows, page opened for the first time", [_first_rows(page)], FIRST_ROWS_MS)
    again = []
    for _ in range(ROUNDS):
        opened.execute("application:close-all")
        again.append(_first_rows(page))
    measured("first rows, page opened again", again, FIRST_ROWS_MS)
    for what, text in FILTERS.items():
        times = []
        for _ in range(ROUNDS):
            times.append(_filtered(page, text))
            _filtered(page, "")
        measured(f"filter: {what}", times, FILTER_MS)
    loading, scrolling, n_long, jitter = _scrolled(page)
    measured(f"longest task while {N_SCROLLED:,} rows are loaded", [loading], LONG_TASK_MS)
    measured("longest task while they are scrolled, 600 screens", [scrolling], LONG_TASK_MS)
    measured("how many of these tasks took over 50 ms", [n_long], 0)
    measured("for comparison: longest of 200 tasks of 10 ms of arithmetic", [jitter], LONG_TASK_MS)
    tasks = _scrolled_of_the_processor(page, ".jp-MlwsRuns .jp-MlwsTable", 600)
    own = "scrolled again, 600 screens, time of the processor alone"
    measured(f"longest task while they are {own}", [max(tasks)], LONG_TASK_MS)
    measured("how many of these tasks took over 50 ms", [sum(t > LONG_TASK_MS for t in tasks)], 0)
    chart, zooms, peaks = _charted(opened)
    measured("chart of 1,000,000 points, first paint", [chart], CHART_MS)
    measured(f"zoom into it (median of {len(zooms)})", zooms, ZOOM_MS)
    measured("slowest zoom", [max(zooms)], ZOOM_MS)

    table = [(what, f"{took:,.0f}", f"{most}") for what, took, most in rows]
    seen = f"spike of one step, seen at {sum(peak == large.SPIKE for peak in peaks)} of {len(peaks)} zooms"
    report("Pages at 100,000 runs", ("", "ms", "promised"), [*table, (seen, "", "all")])
    assert peaks == [large.SPIKE] * len(peaks)


def test_a_log_of_50_mb_opens_quickly(lab: Lab, page: Page, report: Report) -> None:
    name = rest.submit(lab, WRITE_A_LONG_LOG)
    rest.wait_for(lab, name, "Completed")
    opened = LabPage(page, lab).open()
    page.evaluate(IN_PAGE)
    # What all pages share is loaded by then.
    _log_opened(page, _short_log(lab), "short")
    opened.execute("application:close-all")
    before = _heap_mb(page)

    to_end = _log_opened(page, name, f"line {N_LINES - 1} ")
    longest = max(_scrolled_of_the_processor(page, ".jp-MlwsLog-view", 300))
    hit = _log_searched(page, "needle", "1 of ")
    grown = _heap_mb(page) - before

    table = [
        ("open until its last line is seen", f"{to_end:,.0f} ms", "1000 ms"),
        (
            "longest task while all that is shown is scrolled, time of the processor",
            f"{longest:,.0f} ms",
            "50 ms",
        ),
        ("search in what is shown, from the last key", f"{hit:,.0f} ms", "500 ms"),
        ("memory that the page needs for it", f"{grown:,.1f} MB", "30 MB"),
    ]
    report(f"A log of 50 MB, {N_LINES:,} lines", ("", "", "promised"), table)
    assert grown < 100


N_LINES = 650_000
WRITE_A_LONG_LOG = f"""python - <<'END'
import sys
for i in range({N_LINES}):
    sys.stdout.write("INFO line %d and what a training step says of itself, loss %.12f %s\\n" % (
        i, 1 / (i + 1), "needle" if i % 1000 == 0 else ""))
END"""


def _short_log(lab: Lab) -> str:
    """A job that wrote a line."""
    name = rest.submit(lab, "echo short")
    rest.wait_for(lab, name, "Completed")
    return name


def _log_opened(page: Page, name: str, text: str) -> float:
    """Time until a line with a text is drawn in the log of a job."""
    took: float = page.evaluate(
        """([run_id, text]) => bench.until(
          () => void window.jupyterapp.commands.execute('mlws:run-open', { run_id, tab: 'logs' }),
          () => [...document.querySelectorAll('.jp-MlwsLog-text')].some(
            line => line.textContent.includes(text)))""",
        [name, text],
    )
    return took


def _log_searched(page: Page, text: str, told: str) -> float:
    """Time from the last key of a search until its hits are counted."""
    page.get_by_role("searchbox", name="Search in the log").fill(text[:-1])
    page.get_by_text(told).wait_for()
    took: float = page.evaluate(
        """([text, told]) => {
          const box = document.querySelector(
            'input.jp-MlwsLogs-search, .jp-MlwsLogs-search input');
          const note = () => document.querySelector('.jp-MlwsLogs .jp-MlwsNote')?.textContent ?? '';
          const before = document.querySelectorAll('.jp-MlwsLog-text mark')[0]?.textContent;
          return bench.until(
            () => {
              Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(box, text);
              box.dispatchEvent(new Event('input', { bubbles: true }));
            },
            () => {
              const mark = document.querySelectorAll('.jp-MlwsLog-text mark')[0]?.textContent;
              return note().startsWith(told) && mark !== undefined && mark !== before;
            });
        }""",
        [text, told],
    )
    return took


def _heap_mb(page: Page) -> float:
    """Memory of the page's own objects, when what is gone is collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / 1e6


FILTERS = {
    "metric and param": 'metrics.auc > 0.9 and params.model = "net"',
    "a word in the name": "4242",
    "state": "failed",
    "either of two params": "params.depth = '3' or params.p07 = 'value 4'",
}


def _first_rows(page: Page) -> float:
    took: float = page.evaluate(
        """() => bench.until(
          () => void window.jupyterapp.commands.execute('mlws:runs-open'), () => bench.row())"""
    )
    return took


def _filtered(page: Page, text: str) -> float:
    """Time from Enter until other rows are shown than before."""
    took: float = page.evaluate(
        """async text => {
          const before = bench.row().dataset.key;
          bench.type(text);
          await new Promise(requestAnimationFrame);
          return bench.until(bench.enter, () => {
            const row = bench.row();
            return row && row.dataset.key !== before;
          });
        }""",
        text,
    )
    return took


def _scrolled(page: Page) -> tuple[float, float, float, float]:
    """Longest tasks while rows are read to the end of 10,000, and while they are scrolled through.

    Then how many tasks were long while scrolling, and what a page that only counts would have shown: the
    share of the machine in all this.
    """
    found: list[float] = page.evaluate(
        """async n => {
          let longest = 0;
          let nLong = 0;
          const observer = new PerformanceObserver(list => {
            for (const task of list.getEntries()) {
              longest = Math.max(longest, task.duration);
              nLong += 1;
            }
          });
          observer.observe({ type: 'longtask' });
          const frame = () => new Promise(requestAnimationFrame);
          const table = document.querySelector('.jp-MlwsRuns .jp-MlwsTable');
          while (table.scrollHeight < n * 30) {
            table.scrollTop = table.scrollHeight;
            await frame();
          }
          await frame();
          const loading = longest;
          longest = 0;
          nLong = 0;
          const step = table.scrollHeight / 600;
          for (let at = 600; at >= 0; at -= 1) {
            table.scrollTop = at * step;
            await frame();
          }
          await new Promise(done => setTimeout(done, 300));
          const scrolling = [longest, nLong];
          // How much arithmetic 10 ms are is told by the quickest of some.
          const count = n => {
            let sum = 0;
            for (let i = 0; i < n; i += 1) { sum += Math.sqrt(i); }
            return sum;
          };
          let least = Infinity;
          for (let i = 0; i < 20; i += 1) {
            const start = performance.now();
            count(1e6);
            least = Math.min(least, performance.now() - start);
          }
          let jitter = 0;
          for (let i = 0; i < 200; i += 1) {
            await frame();
            const start = performance.now();
            count(1e7 / least);
            jitter = Math.max(jitter, performance.now() - start);
          }
          observer.disconnect();
          return [loading, ...scrolling, jitter];
        }""",
        N_SCROLLED,
    )
    return found[0], found[1], found[2], found[3]


def _scrolled_of_the_processor(page: Page, view: str, n_steps: int) -> list[float]:
    """Milliseconds of the processor that each task takes while all is scrolled through.

    On a machine that others use too it tells what the page is to blame for.
    """
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["toplevel"])
    page.evaluate(
        """async ([selector, n]) => {
          const view = document.querySelector(selector);
          const step = view.scrollHeight / n;
          for (let at = n; at >= 0; at -= 1) {
            view.scrollTop = at * step;
            await new Promise(requestAnimationFrame);
          }
          await new Promise(done => setTimeout(done, 300));
        }""",
        [view, n_steps],
    )
    events = orjson.loads(browser.stop_tracing())["traceEvents"]
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in pages
    ]
    assert len(tasks) > n_steps
    return tasks


def _charted(lab: LabPage) -> tuple[float, list[float], list[float]]:
    """Time to the first paint of the long metric, times of zooms, and the peaks that were drawn."""
    page = lab.page
    run_id = large.id_of(large.N_RUNS - 1)
    # The libraries of charts are loaded by then, as they are from the second chart on.
    lab.execute("mlws:run-open", run_id=large.id_of(1), tab="metrics")
    expect(page.locator(".jp-MlwsRunPage .jp-MlwsValue").first).to_be_visible()
    lab.execute("application:close-all")
    first: float = page.evaluate(
        """([run_id, key]) => bench.until(
          () => void window.jupyterapp.commands.execute('mlws:run-open', { run_id, tab: 'metrics' }),
          () => bench.plot(key)?.querySelector('.scatterlayer path.js-line'))""",
        [run_id, large.LONG],
    )
    zooms: list[float] = []
    peaks = [_peak(page)]
    half = 250_000
    while half > 40:
        zooms.append(_zoomed(page, large.SPIKE_STEP - half, large.SPIKE_STEP + half // 2))
        peaks.append(_peak(page))
        half //= 3
    return first, zooms, peaks


def _zoomed(page: Page, begin: int, end: int) -> float:
    """Time from the end of a drag over some steps until their own points are drawn."""
    plot = page.locator(f"[data-metric='{large.LONG}'] .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    places: list[float] = page.evaluate(
        """([key, ...steps]) => {
          const axis = bench.plot(key)._fullLayout.xaxis;
          return steps.map(step => axis._offset + axis.l2p(step));
        }""",
        [large.LONG, begin, end],
    )
    left = page.locator(f"[data-metric='{large.LONG}'] .jp-MlwsChart").bounding_box()
    assert left
    x0, x1 = (left["x"] + place for place in places)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(max(x0, box["x"] + 1), middle)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, middle + 5)
    page.mouse.move(min(x1, box["x"] + box["width"] - 1), middle + 5)
    page.evaluate(
        """key => {
          const plot = bench.plot(key);
          const drawn = plot.data[0].x;
          document.addEventListener('mouseup', () => {
            bench.zoom = bench.until(() => undefined, () => plot.data[0].x !== drawn);
          }, { once: true, capture: true });
        }""",
        large.LONG,
    )
    page.mouse.up()
    took: float = page.evaluate("() => bench.zoom")
    return took


def _peak(page: Page) -> Any:
    """The greatest value that the chart draws within what it shows."""
    return page.evaluate(
        """key => {
          const { data, _fullLayout } = bench.plot(key);
          const [low, high] = _fullLayout.xaxis.range;
          const shown = data[0].y.filter((_, at) => data[0].x[at] >= low && data[0].x[at] <= high);
          const peak = Math.max(...shown);
          return peak <= _fullLayout.yaxis.range[1] ? peak : null;
        }""",
        large.LONG,
    )
