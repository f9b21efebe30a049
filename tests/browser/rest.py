"""What browser tests prepare behind the page's back: jobs, through the person's own server."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import TOKEN, Lab

PATIENCE_S = 60


def call(lab: Lab, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer of `/mlws<path>` on the person's server."""
    request = urllib.request.Request(
        f"{lab.url}/mlws{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def submit(lab: Lab, command: str, **more: Any) -> str:
    """Submit a command job; answers its name."""
    job = {"type": "command", "command": command, **more}
    name: str = call(lab, "POST", "/api/jobs", {"job": job})["name"]
    return name


def wait_for(lab: Lab, name: str, *statuses: str) -> dict[str, Any]:
    """The job, once it is in one of the states."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        job: dict[str, Any] = call(lab, "GET", f"/api/jobs/{name}")
        if job["status"] in statuses:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.1)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def log_metrics(n: int = 1, **values: float) -> str:
    """The shell line of a job that logs metrics `n` times, `value * step` each."""
    calls = "; ".join(
        f"mlflow.log_metric({key!r}, {value} * (i + 1), step=i)" for key, value in values.items()
    )
    return f'python -c "import mlflow\nfor i in range({n}): {calls}"'
