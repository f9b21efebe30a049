"""The process of one import: reads what to do, and writes how far it is, a line of JSON at a time."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, BinaryIO

import orjson

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.imported import ImportReport
from jupyter_mlws.sdk.client import MLClient

TELL_EVERY_S = 0.2
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
"""Somebody is looking on: a server that is not there is told after seconds, not minutes."""


class Teller:
    """Writes lines for whoever started this process."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._told_at = 0.0

    def __call__(self, report: ImportReport) -> None:
        """Tell how far it is, now and then."""
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self.say(report=report.model_dump(mode="json"), done=False)

    def say(self, **line: Any) -> None:
        """Write one line."""
        self._out.write(orjson.dumps(line) + b"\n")
        self._out.flush()
        self._told_at = time.monotonic()


def main() -> None:
    """Do what standard input says."""
    task = orjson.loads(sys.stdin.buffer.read())
    teller = Teller(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what libraries print is no line of ours
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        report = _brought_in(task, teller)
    except MlwsError as error:
        teller.say(error=error.to_dict())
    else:
        teller.say(report=report.model_dump(mode="json"), done=True)


def _brought_in(task: dict[str, Any], teller: Teller) -> ImportReport:
    from jupyter_mlws.sdk.importing import Import
    from jupyter_mlws.sdk.mlflow_source import MlflowSource

    with MLClient(url=task["url"], token=task["token"]) as client:
        return Import(
            client,
            MlflowSource(task["source"], task["artifacts"]),
            dry_run=task["dry_run"],
            with_files=task["with_files"],
            deep=task["deep"],
            progress=teller,
        ).run()


if __name__ == "__main__":
    main()
