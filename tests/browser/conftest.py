"""A real JupyterLab in a real browser: one server for the session, one page for a test."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from jupyter_mlws.dev import free_port

ROOT = Path(__file__).parents[2]
TOKEN = "browser-tests"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HARMLESS = re.compile(r"favicon|ResizeObserver loop")
"""Console errors that are neither ours nor anybody's fault."""

expect.set_options(timeout=15_000)
names = count()


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs: its address, its files, and the workspace it opens."""

    url: str
    project: Path
    workspace: Path
    log: Path


class LabPage:
    """JupyterLab in a browser, with the few moves that tests share."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.lab = lab
        self.name = f"test{next(names)}"
        self.errors: list[str] = []
        """What the console told; a test that provokes refusals clears it at its end."""
        self._saving: set[Request] = set()
        page.on("request", self._saves)
        page.on("requestfinished", self._saved)
        page.on("requestfailed", self._saved)

    def open(self, path: str = "", **query: str) -> LabPage:
        """Go to JupyterLab, or to a file in it, and wait until the layout is restored."""
        tree = f"/tree/{path}" if path else ""
        asked = "&".join(f"{key}={value}" for key, value in {"token": TOKEN, **query}.items())
        self.page.goto(f"{self.lab.url}/lab/workspaces/{self.name}{tree}?{asked}")
        return self.wait_until_restored()

    def reload(self) -> LabPage:
        """Load the page again; the layout is the one that was left."""
        # JupyterLab writes the layout down half a second after it changed. A change of our own comes
        # after those under way; a later timer of the page's own fires after that half second,
        # however busy the machine is.
        with self.page.expect_request(_saves_layout):
            self.page.evaluate("() => window.jupyterapp.shell.layoutModified.emit(undefined)")
        self.page.evaluate("() => new Promise(done => setTimeout(done, 600))")
        while self._saving:
            self.page.wait_for_event("requestfinished")
        self.page.reload()
        return self.wait_until_restored()

    def _saves(self, request: Request) -> None:
        if _saves_layout(request):
            self._saving.add(request)

    def _saved(self, request: Request) -> None:
        self._saving.discard(request)

    def wait_until_restored(self) -> LabPage:
        """Wait until JupyterLab has put back the layout; before that there is little to click."""
        self.page.wait_for_function(
            "() => window.jupyterapp && window.jupyterapp.restored.then(() => true)", timeout=60_000
        )
        return self

    def execute(self, command: str, **args: Any) -> None:
        """Run one of JupyterLab's commands."""
        self.page.evaluate(
            "async ([id, args]) => { await window.jupyterapp.commands.execute(id, args); }",
            [command, args],
        )

    def commands(self) -> list[str]:
        """Ids of all the commands there are."""
        found: list[str] = self.page.evaluate("() => window.jupyterapp.commands.listCommands()")
        return found

    def plugins(self) -> list[str]:
        """Ids of all the plugins that are active."""
        found: list[str] = self.page.evaluate(
            "() => window.jupyterapp.listPlugins().filter(id => window.jupyterapp.isPluginActivated(id))"
        )
        return found

    def side(self, panel: str) -> Locator:
        """Show a panel of the side bar; answers it."""
        self.page.evaluate("id => window.jupyterapp.shell.activateById(id)", panel)
        return self.page.locator(f"[id='{panel}']")

    def section(self, name: str) -> Locator:
        """Show a section of the workspace's panel, unfolded; answers it."""
        marked = self.side("mlws-panel").locator(f"[data-mlws-section='{name}']")
        title = marked.and_(self.page.locator(".jp-AccordionPanel-title"))
        if title.get_attribute("aria-expanded") != "true":
            title.click()
        return marked.and_(self.page.locator(".lm-Widget"))

    def dark(self) -> None:
        """Switch to the dark theme."""
        # JupyterLab shows its splash for a theme too, and takes it away twice when the first one still fades.
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        self.execute("apputils:change-theme", theme="JupyterLab Dark")


def _saves_layout(request: Request) -> bool:
    return request.method == "PUT" and "/api/workspaces/" in request.url


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the examples, with folders and a workspace of its own."""
    base = tmp_path_factory.mktemp("lab")
    with running_lab(base, base / "workspace") as running:
        yield running


@contextmanager
def running_lab(base: Path, workspace: Path) -> Iterator[Lab]:
    """JupyterLab on a copy of the examples, with folders below `base`, on a workspace."""
    project = base / "project"
    shutil.copytree(
        ROOT / "binder", project, ignore=shutil.ignore_patterns(".*", "requirements.txt")
    )
    settings = base / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    env = {**os.environ, **{name: str(base / folder) for name, folder in folders.items()}}
    env |= {"JUPYTER_TOKEN": TOKEN, "JUPYTERLAB_SETTINGS_DIR": str(settings.parents[1])}
    env |= {"MLWS_WORKSPACE": str(workspace)}
    env |= {"JUPYTERLAB_WORKSPACES_DIR": str(base / "config" / "lab" / "workspaces")}
    lab = Lab(f"http://127.0.0.1:{free_port(0)}", project, workspace, base / "lab.log")
    port = lab.url.rpartition(":")[2]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={project}", "--allow-root"]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    with lab.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=project, env=env, stdout=log, stderr=log)
    try:
        wait_until_answering(lab, process)
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            process.kill()
            process.wait()
            stop = [str(Path(sys.executable).with_name("mlws")), "service", "stop", "--force"]
            subprocess.run(stop, env=env, check=False, capture_output=True)


def wait_until_answering(
    lab: Lab, process: subprocess.Popen[bytes], timeout_s: float = 120
) -> None:
    until = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{lab.url}/api/status?token={TOKEN}", timeout=10).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"JupyterLab does not answer:\n{lab.log.read_text()[-3000:]}", pytrace=False)


@pytest.fixture
def jupyterlab(lab: Lab, page: Page) -> Iterator[LabPage]:
    """A page of JupyterLab, opened; an error in its console fails the test."""
    opened = LabPage(page, lab)

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not HARMLESS.search(message.text):
            opened.errors.append(f"{message.text} ({message.location['url']})")

    page.on("console", hear)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))

    yield opened.open()

    assert opened.errors == []


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; without one these tests are skipped, but not in CI."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("There is no Chromium for the browser tests.", pytrace=False)
    if found is None:
        pytest.skip("There is no Chromium for the browser tests.")
    return {**browser_type_launch_args, "args": FLAGS, "executable_path": found}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A window as large as a laptop's."""
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In CI a browser test that fails runs up to twice more: Chromium shares few cores with what it looks at.

    pytest prints an R for it; JupyterLab's own suite does the same.
    """
    for item in items:
        if os.environ.get("CI") and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=2))


# pytest-jupyter gives every test an event loop; Playwright has one running, and they do not go together.


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """None."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """None."""
