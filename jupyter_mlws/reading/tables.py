"""Files as a table that DuckDB reads as it goes: CSV, Parquet, JSON, Arrow, and MLTable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.reading.expressions import quoted, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PATH = "__mlws_path"
"""Hidden column: which file a row is from."""
KINDS = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "parquet": "parquet",
    "pq": "parquet",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
}
"""How a file is read, by the end of its name."""
PACKED = {"gz": "gzip", "zst": "zstd"}
MEMORY_LIMIT = "500MB"
"""Most memory that DuckDB takes for itself; what does not fit goes to disk."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table.

    Attributes:
        name: relative to the table's folder, with `/`.
        location: where it can be read.
    """

    name: str
    location: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table that has not been read yet.

    Attributes:
        sql: a query; its hidden column `PATH` is none of `columns`.
        columns: DuckDB's type by name.
        shows_path: name under which the hidden column is shown at the end; empty for not at all.
    """

    sql: str
    columns: dict[str, str]
    shows_path: str = ""
    protected: frozenset[str] = field(default_factory=frozenset)
    """Columns that may not be dropped."""

    @property
    def final(self) -> str:
        """The query without what is hidden."""
        shown = [quoted(name) for name in self.columns]
        if self.shows_path:
            shown.insert(0, f"{PATH} AS {quoted(self.shows_path)}")
        return f"SELECT {', '.join(shown) or 'NULL'} FROM ({self.sql})"


@contextmanager
def engine(scratch: Path, *, in_order: bool = True) -> Iterator[DuckDBPyConnection]:
    """A DuckDB of its own, which spills to `scratch`.

    Args:
        in_order: whether rows keep the order of the files.
    """
    import duckdb

    con = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(scratch),
            "preserve_insertion_order": in_order,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        con.execute("SET TimeZone = 'UTC'")
        yield con
    finally:
        con.close()


@contextmanager
def errors(files: Sequence[TableFile]) -> Iterator[None]:
    """DuckDB's errors as ours, with the names that people know.

    Raises:
        Invalid: a file is not what it should be.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        said = str(error)
        where = next((f"'{file.name}': " for file in files if file.location in said), "")
        for file in files:
            said = said.replace(file.location, file.name)
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        kept = [lines[0]] + [
            line for line in lines[1:] if re.match(r"(?i)(line|original line):", line)
        ]
        first = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", kept[0])
        raise Invalid(
            f"The table cannot be read: {where}{' '.join([first, *kept[1:]])[:600]}"
        ) from None


def describe(con: DuckDBPyConnection, sql: str) -> dict[str, str]:
    """Names and types of the columns of a query, without the hidden one."""
    rows = con.execute(f"DESCRIBE {sql}").fetchall()
    return {name: kind for name, kind, *_ in rows if name != PATH}


def of_files(con: DuckDBPyConnection, files: Sequence[TableFile]) -> Relation:
    """A table made of all files that are read in the same way.

    Raises:
        Invalid: none of them is a table, or they cannot be read as one.
    """
    chosen, kind = tabular(files)
    if not chosen:
        names = ", ".join(file.name for file in files[:3])
        raise Invalid(
            f"There is no table in it ({names}): tables are .csv, .tsv, .parquet, .json and .jsonl,"
            " and folders with an MLTable file."
        )
    with errors(chosen):
        sql = {"csv": csv, "parquet": parquet, "json": json_lines}[kind](chosen)
        return named(con, Relation(sql, describe(con, sql)), chosen)


def tabular(files: Sequence[TableFile]) -> tuple[list[TableFile], str]:
    """Those files that together are a table, and how they are read."""
    by_kind = [(file, kind_of(file.name)) for file in files if not _is_hidden(file.name)]
    counted = Counter(kind for _, kind in by_kind if kind)
    if not counted:
        return [], ""
    best = max(counted, key=lambda kind: (kind == "parquet", counted[kind]))
    return [file for file, kind in by_kind if kind == best], best


def kind_of(name: str) -> str:
    """How a file is read; empty when it is no table."""
    parts = name.lower().rpartition("/")[2].split(".")
    if parts[-1] in PACKED:
        parts.pop()
    return KINDS.get(parts[-1], "") if len(parts) > 1 else ""


def csv(files: Sequence[TableFile], **options: Any) -> str:
    """A query over delimited text."""
    name = files[0].name.lower()
    if ".tsv" in name:
        options.setdefault("delim", "\t")
    if len(files) > 1:
        options.setdefault("union_by_name", True)
    return f"SELECT * FROM read_csv({_listed(files)}, {_options(files, **options)})"


def parquet(files: Sequence[TableFile], **options: Any) -> str:
    """A query over Parquet."""
    if len(files) > 1:
        options.setdefault("union_by_name", True)
    said = ", ".join(f"{key} = {_literal(value)}" for key, value in options.items())
    return (
        f"SELECT * FROM read_parquet({_listed(files)}, filename = '{PATH}',"
        f" hive_partitioning = false{', ' + said if said else ''})"
    )


def json_lines(files: Sequence[TableFile], **options: Any) -> str:
    """A query over JSON, one object a line or one array."""
    if len(files) > 1:
        options.setdefault("union_by_name", True)
    return f"SELECT * FROM read_json({_listed(files)}, {_options(files, **options)})"


def named(con: DuckDBPyConnection, relation: Relation, files: Sequence[TableFile]) -> Relation:
    """The relation with names instead of locations in its hidden column."""
    if all(file.name == file.location for file in files):
        return relation
    keys = ", ".join(text(file.location) for file in files)
    values = ", ".join(text(file.name) for file in files)
    variable = f"mlws_names_{abs(hash(tuple(file.location for file in files)))}"
    con.execute(f"SET VARIABLE {variable} = MAP([{keys}], [{values}])")
    sql = f"SELECT * REPLACE (getvariable('{variable}')[{PATH}] AS {PATH}) FROM ({relation.sql})"
    return Relation(sql, relation.columns, relation.shows_path, relation.protected)


def _listed(files: Sequence[TableFile]) -> str:
    # A location is a path and never a pattern.
    return "[" + ", ".join(text(re.sub(r"([*?\[])", r"[\1]", f.location)) for f in files) + "]"


def _options(files: Sequence[TableFile], **options: Any) -> str:
    packed = PACKED.get(files[0].name.lower().rpartition(".")[2])
    if packed:
        options.setdefault("compression", packed)
    said = [f"{key} = {_literal(value)}" for key, value in options.items()]
    return ", ".join([f"filename = '{PATH}'", "hive_partitioning = false", *said])


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(str(k))}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return str(value)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))
