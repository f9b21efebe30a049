"""A profile of a large table takes little memory, whatever the size of its file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from jupyter_mlws.entities.profile import Analysis
from jupyter_mlws.execution.analyses import _lines
from jupyter_mlws.reading.request import FileRef, Request, TableRef

ROWS = 5_000_000
NUMBERS = 20
MOST_BYTES = 1_000_000_000


@pytest.mark.timeout(900)
def test_memory_of_a_profile_of_five_million_rows(
    report: Callable[..., None], tmp_path: Path
) -> None:
    path = tmp_path / "x.parquet"
    numbers = ", ".join(f"random() * {i + 1} AS f{i}" for i in range(NUMBERS))
    with duckdb.connect(
        config={"memory_limit": "800MB", "temp_directory": str(tmp_path)}
    ) as connection:
        connection.execute(
            "COPY (SELECT range AS id, (range % 1000)::INT AS k,"
            " 'user-' || (hash(range) % 2000000) AS who,"
            " TIMESTAMP '2020-01-01' + INTERVAL (range) SECOND AS at, range % 3 = 0 AS flag,"
            f" {numbers} FROM range({ROWS})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    size = path.stat().st_size
    table = TableRef(files=[FileRef(name=path.name, location=str(path), size_bytes=size)])

    began = time.perf_counter()
    lines = list(_lines(Request(task="profile", tables=[table])))
    seconds = time.perf_counter() - began

    found = Analysis.model_validate(lines[-1]["answer"]).profile
    assert found
    report(
        "Profile of a Parquet file",
        ("rows", "columns", "file (MB)", "seconds", "most memory (MB)"),
        [
            (
                f"{found.n_rows:,}",
                found.n_columns,
                round(size / 1e6),
                round(seconds, 1),
                round(found.peak_memory_bytes / 1e6),
            )
        ],
    )
    assert found.n_rows == ROWS
    assert found.peak_memory_bytes < MOST_BYTES
