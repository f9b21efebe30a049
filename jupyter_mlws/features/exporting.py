"""Runs as a file: CSV, Parquet, or a notebook that loads them; made while it is sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.entities.run import special_float
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunQuery, RunRow

PAGE = 1000
TIMES = ("created_at", "started_at", "ended_at")
OWN = (
    *("run_id", "name", "experiment", "status", "user", "type", "parent_run_id", "archived"),
    *TIMES,
)
GROUPS = {"metric": "metrics", "parameter": "params", "tag": "tags"}

Row = dict[str, Any]


class Table:
    """All runs of a query as rows of one table, a page at a time.

    Its columns are known before the first row is read: what a run has, and all that any run logged.
    """

    def __init__(self, ws: Workspace, query: RunQuery) -> None:
        self._ws = ws
        self._query = replace(query, max_results=PAGE, page_token=None)
        keys = ws.store.run_keys(query)
        self.logged = {group: keys[entity] for entity, group in GROUPS.items()}  # type: ignore[index]
        self._experiments: dict[int, str] = {}

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        return [*OWN, *(f"{group}.{key}" for group, keys in self.logged.items() for key in keys)]

    def pages(self) -> Iterator[list[Row]]:
        """The rows, some at a time."""
        query = self._query
        while True:
            rows, token = self._ws.store.search_runs(query)
            yield [self._row(row) for row in rows]
            if token is None:
                return
            query = replace(query, page_token=token)

    def _row(self, row: RunRow) -> Row:
        if row.experiment_id not in self._experiments:
            name = self._ws.store.get_experiment(row.experiment_id).name
            self._experiments[row.experiment_id] = name
        made: Row = {
            "run_id": row.run_id,
            "name": row.name,
            "experiment": self._experiments[row.experiment_id],
            "status": row.status,
            "user": row.user,
            "type": row.type,
            "parent_run_id": row.parent_id,
            "archived": row.archived,
            "created_at": from_ms(row.created_ms),
            "started_at": None if row.start_ms is None else from_ms(row.start_ms),
            "ended_at": None if row.end_ms is None else from_ms(row.end_ms),
        }
        made |= {f"metrics.{point.key}": point.value for point in row.metrics}
        made |= {f"params.{key}": value for key, value in row.params.items()}
        made |= {f"tags.{key}": value for key, value in row.tags.items()}
        return made


def as_csv(table: Table) -> Iterator[bytes]:
    """The table as CSV in UTF-8, with a header."""
    columns = table.columns
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for rows in table.pages():
        writer.writerows([_plain(row.get(column)) for column in columns] for row in rows)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def as_parquet(table: Table) -> Iterator[bytes]:
    """The table as Parquet: metrics are numbers, times are times."""
    import pyarrow as pa
    from pyarrow import parquet

    moment = pa.timestamp("ms", tz="UTC")
    kinds = {**dict.fromkeys(TIMES, moment), "archived": pa.bool_()}
    schema = pa.schema(
        [
            (
                column,
                pa.float64() if column.startswith("metrics.") else kinds.get(column, pa.string()),
            )
            for column in table.columns
        ]
    )
    kept = _Pieces()
    with parquet.ParquetWriter(kept, schema) as writer:
        for rows in table.pages():
            columns = [pa.array([row.get(f.name) for row in rows], type=f.type) for f in schema]
            writer.write_table(pa.table(columns, schema=schema))
            yield from kept.taken()
    yield from kept.taken()


def as_notebook(arguments: dict[str, Any]) -> Iterator[bytes]:
    """A notebook that loads the runs that `arguments` of `runs.export` choose, as they are by then."""
    import nbformat

    given = "".join(
        f"    {name}={value!r},\n" for name, value in arguments.items() if value not in (None, "")
    )
    load = (
        "import pandas as pd\n"
        "from jupyter_mlws import MLClient\n\n"
        "path = MLClient().runs.export(\n"
        '    download_path="runs.parquet",\n'
        '    format="parquet",\n'
        f"{given})\n"
        "runs = pd.read_parquet(path)\n"
        "runs.head()"
    )
    show = (
        'metrics = [name for name in runs.columns if name.startswith("metrics.")]\n'
        "runs[metrics].describe().T"
    )
    made = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(
                "# Runs\n\nParameters, metrics and tags, a run in each row."
            ),
            nbformat.v4.new_code_cell(load),
            nbformat.v4.new_code_cell(show),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    yield json.dumps(made, indent=1, ensure_ascii=False).encode()


class _Pieces(io.RawIOBase):
    """A file that is given away as it grows."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._n_written = 0

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def tell(self) -> int:
        """How much was written."""
        return self._n_written

    def write(self, data: Any) -> int:
        """Keep a piece until it is taken."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._n_written += len(piece)
        return len(piece)

    def taken(self) -> Iterable[bytes]:
        """What was written since the last time, as one piece."""
        pieces, self._pieces = self._pieces, []
        return [b"".join(pieces)] if pieces else []


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return special_float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
