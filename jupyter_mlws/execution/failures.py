"""Why an attempt failed, in a sentence and in facts."""

from __future__ import annotations

import os
import signal
import traceback
from pathlib import Path

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.job import Cause, JobError
from jupyter_mlws.execution.base import Report

TAIL_BYTES = 4096
BUILD_LOG = "system_logs/environment.txt"
"""Where a job shows the log of its environment's build."""


def of_report(report: Report, folder: Path) -> JobError | None:
    """The error of an attempt that ended; None when it ended well."""
    if report.cause is None and report.exit_code == 0:
        return None
    return JobError(
        cause=report.cause or Cause.USER_ERROR,
        message=_sentence(report),
        exit_code=report.exit_code,
        log_tail=tail(folder / "user_logs" / "std_log.txt"),
    )


def of_preparation(error: Exception, folder: Path) -> JobError:
    """The error of an attempt that could not be run; a foreign error's traceback goes to its logs."""
    if isinstance(error, MlwsError):
        return JobError(cause=Cause.PREPARATION, message=error.message)
    logs = folder / "system_logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (logs / "preparation.txt").open("a") as log:
        log.write("".join(traceback.format_exception(error)))
    kind = type(error).__name__
    return JobError(
        cause=Cause.PREPARATION,
        message=f"{kind}: {error} (see system_logs/preparation.txt).",
    )


def of_environment(error: BaseException, name: str, folder: Path) -> JobError:
    """The error of an attempt whose environment could not be made."""
    why = error.message if isinstance(error, MlwsError) else f"{type(error).__name__}: {error}"
    return JobError(
        cause=Cause.PREPARATION,
        message=f"Environment '{name}': {why}",
        log_tail=tail(folder / BUILD_LOG),
    )


def tail(path: Path) -> str:
    """The last lines of a log, at most `TAIL_BYTES`; nothing when there is none."""
    try:
        with path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - TAIL_BYTES))
            text = log.read(TAIL_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return text if size <= TAIL_BYTES else text.partition("\n")[2] or text


def _sentence(report: Report) -> str:
    if report.message:
        return (
            f"The job {report.message}." if report.cause in _SAID_OF_JOB else f"{_first(report)}."
        )
    code = report.exit_code
    if code is None:
        return "The job ended for an unknown reason."
    if code >= 0:
        return f"The job ended with exit code {code}."
    name = signal.Signals(-code).name if -code in _SIGNALS else f"signal {-code}"
    return f"The job was ended by {name}."


def _first(report: Report) -> str:
    return report.message[:1].upper() + report.message[1:]


_SAID_OF_JOB = (Cause.TIMEOUT,)
_SIGNALS = {number.value for number in signal.Signals}
