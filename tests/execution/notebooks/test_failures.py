"""From a traceback to the line that its author must mend."""

from __future__ import annotations

import pytest

from jupyter_mlws.entities.job import Cause
from jupyter_mlws.execution.notebooks.failures import (
    cell_error,
    failing_line,
    job_error,
    lines_of,
    output_tail,
)

DEEP = [
    "\x1b[31mValueError\x1b[39m   Traceback (most recent call last)",
    "\x1b[36mCell\x1b[39m \x1b[32mIn[3]\x1b[39m\x1b[32m, line 9\x1b[39m\n---> 9 helper()",
    "Cell In[3], line 4, in helper()\n----> 4 other()",
    "Cell In[1], line 2, in other()\n----> 2 raise ValueError",
    "File /usr/lib/python3/json/decoder.py:355, in raw_decode\n--> 355 raise",
]


def test_the_deepest_line_of_the_failed_cell_is_found_behind_colours() -> None:
    assert failing_line(DEEP, 3) == 4


@pytest.mark.parametrize(
    ("traceback", "line"),
    [
        (["Input In [2], in <cell line: 3>()\n      2 a\n----> 3 b"], 3),
        (["  Cell In[2], line 5\n    x = = 1\n        ^\nSyntaxError: invalid syntax"], 5),
        (["Error in library(x): there is no package"], None),
        ([], None),
    ],
)
def test_other_shapes_of_tracebacks(traceback: list[str], line: int | None) -> None:
    assert failing_line(traceback, 2) == line


def test_the_log_ends_with_cell_line_and_error() -> None:
    source = "\n".join(f"line_{n}" for n in range(1, 10))
    cell = {"id": "a", "source": source, "execution_count": 3, "outputs": []}

    error = job_error(Cause.USER_ERROR, cell_error(cell, 5, 3, "ValueError", "bad", DEEP))

    assert lines_of(error) == "Cell 3 (line 4) failed: ValueError: bad\n    line_4\n"


def test_the_tail_of_the_output_is_its_last_20_lines() -> None:
    outputs = [{"output_type": "stream", "text": "".join(f"{n}\n" for n in range(100))}]

    assert output_tail(outputs).splitlines() == [str(n) for n in range(80, 100)]
