"""Tables in files: rows of one, and two of them side by side."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import orjson

from jupyter_mlws.entities.comparison import Column, Table, TableDiff, TableRowDiff
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.run import special_float

LARGEST = 200_000_000
"""Bytes; larger files are for saving, not for looking into."""
MOST_ROWS = 1000
"""Rows of one answer."""
LONGEST = 2000
"""Characters of a cell."""


class TableFile:
    """A CSV, TSV, Parquet or JSON file as rows.

    Args:
        name: says by its ending what it is.
    Raises:
        Invalid: it is no table, or too large.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._ending = name.rpartition(".")[2].lower()
        size = path.stat().st_size
        if size > LARGEST:
            raise Invalid.field("path", f"'{name}' has {size} bytes; save it to look into it.")
        try:
            self.columns, self._rows = self._opened()
        except (ValueError, UnicodeDecodeError, csv.Error) as error:
            raise Invalid.field("path", f"'{name}' is no table: {error}") from None

    def rows(self) -> Iterator[list[Any]]:
        """All rows in order."""
        yield from self._rows

    def page(self, offset: int, limit: int) -> Table:
        """Some of the rows, and how many there are."""
        rows, n_rows = [], 0
        for row in self.rows():
            if offset <= n_rows < offset + limit:
                rows.append([_shown(value) for value in row])
            n_rows += 1
        return Table(columns=self.columns, rows=rows, n_rows=n_rows, offset=offset)

    def _opened(self) -> tuple[list[Column], Iterator[list[Any]]]:
        match self._ending:
            case "csv" | "tsv":
                return self._separated("\t" if self._ending == "tsv" else ",")
            case "parquet":
                return self._parquet()
            case "json":
                return self._json()
            case ending:
                raise ValueError(f"files that end with '.{ending}' are not read as tables")

    def _separated(self, delimiter: str) -> tuple[list[Column], Iterator[list[Any]]]:
        csv.field_size_limit(1 << 24)
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, delimiter=delimiter), [])

        def rows() -> Iterator[list[Any]]:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from islice(csv.reader(file, delimiter=delimiter), 1, None)

        return [Column(name=name) for name in header], rows()

    def _parquet(self) -> tuple[list[Column], Iterator[list[Any]]]:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            file = parquet.ParquetFile(self._path)
        except pa.ArrowException as error:
            raise ValueError(str(error)) from None
        columns = [Column(name=field.name, type=str(field.type)) for field in file.schema_arrow]

        def rows() -> Iterator[list[Any]]:
            for batch in file.iter_batches(batch_size=4096):
                for row in batch.to_pylist():
                    yield [row.get(column.name) for column in columns]

        return columns, rows()

    def _json(self) -> tuple[list[Column], Iterator[list[Any]]]:
        body = orjson.loads(self._path.read_bytes())
        match body:
            case {"columns": list(columns), "data": list(rows)} if all(
                isinstance(row, list) for row in rows
            ):
                return [Column(name=str(name)) for name in columns], iter(rows)
            case [dict(), *_] if all(isinstance(row, dict) for row in body):
                names = list(dict.fromkeys(key for row in body for key in row))
                return (
                    [Column(name=name) for name in names],
                    ([row.get(name) for name in names] for row in body),
                )
        raise ValueError("it is neither {columns, data} nor a list of objects")


def compare(base: TableFile, other: TableFile, limit: int) -> TableDiff:
    """Two tables, row by row in their order; only the first `limit` rows that differ are answered."""
    names = [[column.name for column in table.columns] for table in (base, other)]
    shared = names[0] + [name for name in names[1] if name not in names[0]]
    found: list[TableRowDiff] = []
    n_different, n_rows = 0, [0, 0]
    places = [[side.index(name) if name in side else None for name in shared] for side in names]
    common = [at for at, name in enumerate(shared) if name in names[0] and name in names[1]]
    for index, rows in enumerate(zip_longest(base.rows(), other.rows())):
        old, new = (_arranged(row, place) for row, place in zip(rows, places, strict=True))
        n_rows[0] += old is not None
        n_rows[1] += new is not None
        changed = (
            [at for at in common if old[at] != new[at]]
            if old is not None and new is not None
            else []
        )
        if changed or old is None or new is None:
            n_different += 1
            if len(found) < limit:
                found.append(TableRowDiff(index=index, base=old, other=new, changed=changed))
    return TableDiff(
        columns=shared,
        added_columns=[name for name in names[1] if name not in names[0]],
        removed_columns=[name for name in names[0] if name not in names[1]],
        rows=found,
        n_different=n_different,
        n_rows=n_rows,
    )


def _arranged(row: list[Any] | None, places: list[int | None]) -> list[Any] | None:
    if row is None:
        return None
    return [None if place is None or place >= len(row) else _shown(row[place]) for place in places]


def _shown(value: Any) -> Any:
    """A cell as JSON can carry it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return special_float(value)
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
