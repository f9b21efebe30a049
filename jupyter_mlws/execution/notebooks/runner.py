"""The process of a notebook job: `python -m jupyter_mlws.execution.notebooks.runner --kernel NAME`.

It starts its kernel at once and then waits for one line on standard input, the folder of the attempt; when
the line never comes, it ends. With `--folder` it waits for nothing and starts the kernel in the job's
environment.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

NOT_NEEDED = (
    "rfc3987_syntax",  # jsonschema would compile its grammar, which takes a second
    "papermill.abs",
    "papermill.adl",
    "papermill.s3",
    "gcsfs",
    "github",
    "pyarrow",
)
"""Modules that are loaded where they are installed and serve nothing here: papermill's ways to notebooks
elsewhere are 100 MB in each process that waits for a job."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one notebook; answers one of `attempt.EXIT_CODES`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", required=True, help="name of the kernelspec")
    parser.add_argument("--folder", type=Path, help="the attempt's; from standard input if absent")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    leave_out()
    from jupyter_mlws.execution.notebooks.attempt import run_in, stand_by

    if options.folder is not None:
        return run_in(options.folder, options.kernel)
    return stand_by(options.kernel)


def leave_out() -> None:
    """Let imports go on without what is not needed."""
    for module in NOT_NEEDED:
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]


def _end(number: int, frame: object) -> None:
    """End when told to; that a cell was in the middle of something is no news for the log."""
    logging.getLogger("asyncio").disabled = True
    sys.exit(128 + number)


if __name__ == "__main__":
    # All is written and the kernel is gone; taking down the interpreter costs more than a short cell.
    os._exit(main())
