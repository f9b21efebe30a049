"""From what a kernel says of a failed cell to what helps its author."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.job import Cause, CellError, JobError

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_FRAME = re.compile(r"(?:Cell In|Input In ?)\s*\[(\d+)\](?:, line (\d+))?")
_ARROW = re.compile(r"^-+>\s*(\d+)", re.MULTILINE)
_TAIL_LINES = 20


def plain(text: str) -> str:
    """`text` without colours."""
    return _ANSI.sub("", text)


def failing_line(traceback: Sequence[str], count: int | None) -> int | None:
    """The deepest line of the cell `In [count]` in an IPython traceback, counted from 1."""
    text = plain("\n".join(traceback))
    found = None
    for frame in _FRAME.finditer(text):
        if count is not None and int(frame[1]) != count:
            continue
        arrow = _ARROW.search(text, frame.end())
        line = frame[2] or (arrow[1] if arrow else None)
        found = int(line) if line else found
    return found


def cell_error(
    cell: Mapping[str, Any],
    index: int,
    code_index: int | None,
    ename: str,
    evalue: str,
    traceback: Sequence[str],
) -> CellError:
    """The failed cell.

    Args:
        index: place among all cells of the source notebook, from 0.
        code_index: place among its code cells, from 1.
        traceback: as the kernel gave it, with colours.
    """
    line = failing_line(traceback, cell.get("execution_count"))
    lines = str(cell["source"]).splitlines()
    return CellError(
        cell_id=cell["id"],
        index=index,
        code_index=code_index,
        execution_count=cell.get("execution_count"),
        ename=ename,
        evalue=evalue,
        line=line,
        source_line=lines[line - 1] if line and line <= len(lines) else None,
        traceback=list(traceback),
        output_tail=output_tail(cell.get("outputs", ())),
    )


def output_tail(outputs: Sequence[Mapping[str, Any]]) -> str:
    """The last lines that a cell printed."""
    text = "".join(str(out["text"]) for out in outputs if out.get("output_type") == "stream")
    return "\n".join(text[-20_000:].splitlines()[-_TAIL_LINES:])


def job_error(cause: Cause, cell: CellError) -> JobError:
    """The failure of a job by one of its cells."""
    where = f"Cell {cell.code_index or cell.index + 1}"
    where += f" (line {cell.line})" if cell.line else ""
    what = f"{cell.ename}: {cell.evalue}" if cell.evalue else cell.ename
    return JobError(cause=cause, message=f"{where} failed: {what}", cell=cell)


def lines_of(error: JobError) -> str:
    """The failure as the last lines of the log."""
    source = error.cell.source_line if error.cell else None
    return f"{error.message}\n" + (f"    {source.strip()}\n" if source else "")


def n_out_of_memory() -> int:
    """How many processes the system has ended for want of memory since it started."""
    try:
        rows = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in rows if row.startswith("oom_kill ")), 0)
