"""What the process that reads tables does: previews, profiles, comparisons."""

from __future__ import annotations

import math
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.datastore import datastore_spec
from jupyter_mlws.entities.mltable import checked
from jupyter_mlws.entities.profile import Analysis, Profile, TableColumn, TablePreview
from jupyter_mlws.reading import comparing, profiles, steps, tables
from jupyter_mlws.reading.places import FoundFile, Place, connect
from jupyter_mlws.reading.profiles import Report
from jupyter_mlws.reading.request import Request, TableRef
from jupyter_mlws.reading.tables import Relation, TableFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STREAMED = {
    "s3": "s3",
    "azure_blob": "abfs",
    "azure_data_lake_gen2": "abfs",
    "gcs": "gs",
    "http": "",
}
"""Storages whose tables are read piece by piece, and how DuckDB is told which; Delta tables are not."""
SAFE_INT = 2**53
MAX_CELL = 2000
FILE_SYSTEMS = ("LocalFileSystem",)


def preview(request: Request) -> TablePreview:
    """Some rows of a table, read no further than they need."""
    with tempfile.TemporaryDirectory(prefix="mlws-table-") as folder:
        scratch = Path(folder)
        with tables.engine(scratch) as con:
            table = request.tables[0]
            files = list(_files(con, table, scratch, whole=False))
            made = _relation(con, table, files, scratch)
            wanted = (
                f"SELECT * FROM ({made.final}) LIMIT {request.limit + 1} OFFSET {request.offset}"
            )
            with tables.errors(files):
                rows = con.execute(wanted).fetchall()
                types = tables.describe(con, made.final)
                n_rows = _known_rows(con, table, files)
    return TablePreview(
        columns=[TableColumn(name=n, type=t, family=profiles.family(t)) for n, t in types.items()],
        rows=[[jsonable(cell) for cell in row] for row in rows[: request.limit]],
        offset=request.offset,
        n_rows=n_rows,
        has_more=len(rows) > request.limit,
        files=len(table.files),
    )


def profile(request: Request, report: Report) -> Profile:
    """The profile of a table."""
    began = time.monotonic()
    table = request.tables[0]
    with (
        tempfile.TemporaryDirectory(prefix="mlws-table-") as folder,
        tables.engine(Path(folder), in_order=table.mltable is not None) as con,
        _repeatable(con, table, Path(folder), "t0", report) as (source, columns),
    ):
        n_rows, found = profiles.columns_of(con, source, columns, report)
    return Profile(
        n_rows=n_rows,
        n_columns=len(found),
        size_bytes=table.size_bytes,
        columns=found,
        seconds=round(time.monotonic() - began, 3),
        peak_memory_bytes=peak_memory_bytes(),
    )


def compare(request: Request, report: Report) -> Analysis:
    """How the second table differs from the first."""
    with tempfile.TemporaryDirectory(prefix="mlws-table-") as folder, ExitStack() as stack:
        in_order = any(table.mltable is not None for table in request.tables)
        con = stack.enter_context(tables.engine(Path(folder), in_order=in_order))
        both = [
            stack.enter_context(_repeatable(con, table, Path(folder), f"t{i}", report))
            for i, table in enumerate(request.tables)
        ]
        made = comparing.compare(con, both[0], both[1], report)
    return Analysis(state="ready", progress=1, comparison=made)


def peak_memory_bytes() -> int:
    """Most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def jsonable(value: Any) -> Any:
    """A value as JSON has it; what it has not is text."""
    if value is None or isinstance(value, (bool, str)):
        return value[:MAX_CELL] if isinstance(value, str) else value
    if isinstance(value, int):
        return value if abs(value) < SAFE_INT else str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value)} bytes"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value[:50]]
    return str(value)


@contextmanager
def _repeatable(
    con: DuckDBPyConnection, table: TableRef, scratch: Path, name: str, report: Report
) -> Iterator[tuple[str, dict[str, str]]]:
    """The table as something that can be read again and again: Parquet of this machine."""
    own = scratch / name
    own.mkdir()
    report(0.0, "")
    files = list(_files(con, table, own, whole=True))
    made = _relation(con, table, files, own)
    with tables.errors(files):
        _, kind = tables.tabular(files)
        if kind == "parquet" and table.mltable is None:
            con.execute(f"CREATE VIEW {name} AS {made.final}")
        else:
            copy = own / "table.parquet"
            con.execute(f"COPY ({made.final}) TO '{copy}' (FORMAT parquet, COMPRESSION zstd)")
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{copy}')")
        yield name, tables.describe(con, f"SELECT * FROM {name}")


def _relation(
    con: DuckDBPyConnection, table: TableRef, files: Sequence[TableFile], scratch: Path
) -> Relation:
    if table.mltable is None:
        return tables.of_files(con, files)
    return steps.relation(con, checked(table.mltable), files, scratch)


def _files(
    con: DuckDBPyConnection, table: TableRef, scratch: Path, *, whole: bool
) -> Iterator[TableFile]:
    """The files with places where DuckDB can read them; copied to this machine where it cannot.

    Args:
        whole: whether all of them will be read, so that a copy is worth its time.
    """
    opened: dict[int, Place] = {}
    n_remote = len({file.place for file in table.files if file.place is not None})
    is_delta = any("_delta_log/" in file.name for file in table.files)
    for index, file in enumerate(table.files):
        if file.place is None:
            yield TableFile(file.name, file.location)
            continue
        if file.place not in opened:
            ref = table.places[file.place]
            opened[file.place] = connect(datastore_spec(ref.spec), ref.secrets)
        place = opened[file.place]
        kind = place.spec.type
        if place.is_local:
            yield TableFile(file.name, file.location)
        elif not whole and n_remote == 1 and kind in STREAMED and not is_delta:
            if index == 0:
                con.register_filesystem(place.fs)
            prefix = f"{STREAMED[kind]}://" if STREAMED[kind] else ""
            yield TableFile(file.name, f"{prefix}{file.location}")
        else:
            target = scratch / f"{index}-{file.name.rpartition('/')[2]}"
            place.download(FoundFile(file.name, file.location, file.size_bytes, ""), target)
            yield TableFile(file.name, str(target))


def _known_rows(con: DuckDBPyConnection, table: TableRef, files: Sequence[TableFile]) -> int | None:
    """The number of rows where the files' own ends tell it."""
    chosen, kind = tables.tabular(files)
    if table.mltable is not None or kind != "parquet":
        return None
    row = con.execute(f"SELECT count(*) FROM ({tables.parquet(chosen)})").fetchone()
    return int(row[0]) if row else None
