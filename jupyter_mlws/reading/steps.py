"""MLTable's steps, each a query around the one before it; nothing is read until the end."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.errors import Invalid, PluginMissing
from jupyter_mlws.entities.mltable import (
    READERS,
    BooleanType,
    ColumnConversion,
    ColumnPattern,
    DatetimeType,
    Inference,
    MLTableSpec,
    ReadDelimited,
    ReadDeltaLake,
    ReadJsonLines,
    ReadParquet,
    Sampling,
    TablePath,
    column_type,
)
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.reading import expressions, tables
from jupyter_mlws.reading.expressions import quoted, text
from jupyter_mlws.reading.partitions import PartitionFormat
from jupyter_mlws.reading.places import matcher
from jupyter_mlws.reading.tables import PATH, Relation, TableFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TYPES = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "stream_info": "VARCHAR",
}
CODECS = {
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "utf8bom": "utf-8-sig",
    "windows1252": "cp1252",
}
PATH_COLUMN = "Path"
OUT_OF = 2**53


def chosen(path: TablePath, files: Sequence[TableFile]) -> list[TableFile]:
    """Those of a folder's files that an entry of `paths` means.

    Raises:
        Invalid: there is none.
    """
    said = path.file or path.folder or path.pattern or ""
    plain = "/".join(part for part in said.split("/") if part not in ("", "."))
    if path.file:
        found = [file for file in files if file.name == plain]
    elif path.folder:
        found = [file for file in files if not plain or file.name.startswith(f"{plain}/")]
        found = [file for file in found if file.name != "MLTable"]
    else:
        fits = matcher(plain)
        found = [file for file in files if fits(file.name)]
    if not found:
        raise Invalid.field("paths", f"there is no file that fits '{said}'.")
    return found


def relation(
    con: DuckDBPyConnection, spec: MLTableSpec, files: Sequence[TableFile], scratch: Path
) -> Relation:
    """The table that `spec` makes of `files`, which are those that its paths mean.

    Args:
        scratch: a folder for what must be written on the way.
    Raises:
        Invalid: a step cannot be done.
        PluginMissing: a step needs a library that is not installed.
    """
    made: Relation | None = None
    for name, given in spec.steps:
        with tables.errors(files):
            if name in READERS:
                made = tables.named(con, READ[name](con, files, given, scratch), files)
                wanted = [*spec.traits.index_columns, spec.traits.timestamp_column]
                made = replace(made, protected=frozenset(filter(None, wanted)))
            else:
                made = STEPS[name](con, made or _stream(files), given)
    return made or _stream(files)


def _stream(files: Sequence[TableFile]) -> Relation:
    """Without a reader a table is the list of its files."""
    rows = ", ".join(f"({text(file.name)}, {text(file.name)})" for file in files)
    sql = f"SELECT * FROM (VALUES {rows}) AS files({quoted(PATH_COLUMN)}, {PATH})"
    return Relation(sql, {PATH_COLUMN: "VARCHAR"}, protected=frozenset({PATH_COLUMN}))


# Readers
def _delimited(
    con: DuckDBPyConnection, files: Sequence[TableFile], given: ReadDelimited, scratch: Path
) -> Relation:
    files = _recoded(files, given.encoding, scratch)
    infer = given.infer_column_types
    options: dict[str, Any] = {"delim": _unescaped(given.delimiter), "quote": '"'}
    if infer is False:
        options["all_varchar"] = True
    if isinstance(infer, Inference):
        if infer.sample_size:
            options["sample_size"] = infer.sample_size
        if overrides := _overrides(infer.column_type_overrides):
            options["types"] = overrides
    match given.header:
        case "no_header":
            options["header"] = False
            sql = tables.csv(files, **options)
            width = len(tables.describe(con, sql))
            names = [f"Column{i + 1}" for i in range(width)]
            sql = tables.csv(files, **options, names=names)
        case "from_first_file":
            head = tables.csv(files[:1], **options, header=True)
            names = list(tables.describe(con, head))
            rest = tables.csv(files[1:], **options, header=False, names=names) if files[1:] else ""
            sql = f"({head}) UNION ALL BY NAME ({rest})" if rest else head
        case "all_files_same_headers":
            sql = tables.csv(files, **options, header=True, union_by_name=False)
        case _:
            sql = tables.csv(files, **options, header=True, union_by_name=True)
    columns = tables.describe(con, sql)
    if given.empty_as_string:
        texts = [name for name, kind in columns.items() if kind == "VARCHAR"]
        if texts:
            filled = ", ".join(f"COALESCE({quoted(n)}, '') AS {quoted(n)}" for n in texts)
            sql = f"SELECT * REPLACE ({filled}) FROM ({sql})"
    return _original(con, Relation(sql, columns, _path_column(given)), files)


def _parquet(
    con: DuckDBPyConnection, files: Sequence[TableFile], given: ReadParquet, scratch: Path
) -> Relation:
    sql = tables.parquet(files)
    return Relation(sql, tables.describe(con, sql), _path_column(given))


def _json_lines(
    con: DuckDBPyConnection, files: Sequence[TableFile], given: ReadJsonLines, scratch: Path
) -> Relation:
    files = _recoded(files, given.encoding, scratch)
    sql = tables.json_lines(
        files, format="newline_delimited", ignore_errors=given.invalid_lines == "drop"
    )
    columns = tables.describe(con, sql)
    if given.invalid_lines == "drop" and columns:
        # A line that is no JSON becomes a row of nothing.
        some = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
        sql = f"SELECT * FROM ({sql}) WHERE {some}"
    return _original(con, Relation(sql, columns, _path_column(given)), files)


def _delta(
    con: DuckDBPyConnection, files: Sequence[TableFile], given: ReadDeltaLake, scratch: Path
) -> Relation:
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ModuleNotFoundError:
        message = "read_delta_lake needs 'deltalake': pip install 'jupyter_mlws[clouds]'."
        raise PluginMissing(message) from None
    root = _laid_out(files, scratch)
    try:
        table = DeltaTable(str(root), version=given.version_as_of)
        if given.timestamp_as_of:
            table.load_as_version(given.timestamp_as_of)
        content = table.to_pyarrow_table()
    except (DeltaError, ValueError, OSError) as error:
        raise Invalid.field("read_delta_lake", f"{' '.join(str(error).split())[:300]}") from None
    view = f"mlws_delta_{len(con.execute('SHOW TABLES').fetchall())}"
    con.register(view, content)
    sql = f"SELECT *, '' AS {PATH} FROM {view}"
    return Relation(
        sql, tables.describe(con, sql), PATH_COLUMN if given.include_path_column else ""
    )


def _laid_out(files: Sequence[TableFile], scratch: Path) -> Path:
    """The folder of a Delta table, with links to the files, so that its log is found."""
    logs = [file.name for file in files if "_delta_log/" in file.name]
    if not logs:
        raise Invalid.field("read_delta_lake", "there is no folder '_delta_log' in it.")
    root = scratch / "delta"
    for file in files:
        link = root / file.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.location)
    return root / logs[0].partition("_delta_log/")[0]


READ: dict[str, Callable[..., Relation]] = {
    "read_delimited": _delimited,
    "read_parquet": _parquet,
    "read_json_lines": _json_lines,
    "read_delta_lake": _delta,
}


# Steps
def _keep(con: DuckDBPyConnection, table: Relation, given: list[str] | ColumnPattern) -> Relation:
    return _with(table, _fitting(table, given))


def _drop(con: DuckDBPyConnection, table: Relation, given: list[str] | ColumnPattern) -> Relation:
    gone = _fitting(table, given)
    if kept := table.protected & set(gone):
        names = ", ".join(sorted(kept))
        raise Invalid.field("drop_columns", f"'{names}' is an index, time or partition column.")
    return _with(table, [name for name in table.columns if name not in gone])


def _with(table: Relation, names: Sequence[str]) -> Relation:
    listed = ", ".join([*map(quoted, names), PATH])
    return replace(
        table,
        sql=f"SELECT {listed} FROM ({table.sql})",
        columns={name: table.columns[name] for name in names},
    )


def _fitting(table: Relation, given: list[str] | ColumnPattern) -> list[str]:
    if isinstance(given, list):
        for name in given:
            _require(table, name)
        return list(dict.fromkeys(given))
    try:
        pattern = re.compile(given.pattern, re.IGNORECASE if given.ignore_case else 0)
    except re.error as error:
        raise Invalid.field("pattern", f"'{given.pattern}' is no pattern: {error}.") from None
    return [n for n in table.columns if (pattern.search(n) is not None) != given.invert]


def _require(table: Relation, name: str) -> None:
    if name not in table.columns:
        known = ", ".join(list(table.columns)[:20])
        hint = did_you_mean(name, table.columns)
        raise Invalid.field("columns", f"there is no column '{name}' (there are: {known}).{hint}")


def _convert(con: DuckDBPyConnection, table: Relation, given: list[ColumnConversion]) -> Relation:
    changed = {}
    for entry in given:
        for name in [entry.columns] if isinstance(entry.columns, str) else entry.columns:
            _require(table, name)
            changed[name] = _converted(quoted(name), column_type(entry.column_type))
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in changed.items())
    sql = f"SELECT * REPLACE ({listed}) FROM ({table.sql})"
    return replace(table, sql=sql, columns=tables.describe(con, sql))


def _converted(column: str, kind: str | BooleanType | DatetimeType) -> str:
    """The conversion in SQL; what cannot be converted is missing."""
    if isinstance(kind, BooleanType):
        return _boolean(column, kind)
    if isinstance(kind, DatetimeType):
        return _datetime(column, kind)
    if kind == "int":
        return f"TRY_CAST({column} AS BIGINT)"
    return f"TRY_CAST({column} AS {TYPES[kind]})"


def _boolean(column: str, kind: BooleanType) -> str:
    def listed(values: Any, default: list[str]) -> str:
        given = [values] if isinstance(values, str) else (values or default)
        return ", ".join(text(value) for value in given)

    word = f"CAST({column} AS VARCHAR)"
    if kind.true_values is None and kind.false_values is None:
        word = f"lower({word})"
    other = {
        "true": "TRUE",
        "false": "FALSE",
        "error": f"error('is neither true nor false: ' || {word})",
    }[kind.mismatch_as]
    return (
        f"CASE WHEN {column} IS NULL THEN NULL"
        f" WHEN {word} IN ({listed(kind.true_values, ['true', '1'])}) THEN TRUE"
        f" WHEN {word} IN ({listed(kind.false_values, ['false', '0'])}) THEN FALSE ELSE {other} END"
    )


def _datetime(column: str, kind: DatetimeType) -> str:
    formats = [kind.formats] if isinstance(kind.formats, str) else kind.formats
    word = f"CAST({column} AS VARCHAR)"
    if not formats:
        return f"TRY_CAST({column} AS TIMESTAMP)"
    if kind.date_constant:
        word = f"({text(kind.date_constant + ' ')} || {word})"
        formats = [f"%Y-%m-%d {form}" for form in formats]
    return f"try_strptime({word}, [{', '.join(text(form) for form in formats)}])"


def _filter(con: DuckDBPyConnection, table: Relation, given: str) -> Relation:
    condition = expressions.to_sql(given, table.columns)
    return replace(table, sql=f"SELECT * FROM ({table.sql}) WHERE {condition}")


def _take(con: DuckDBPyConnection, table: Relation, given: int) -> Relation:
    return replace(table, sql=f"SELECT * FROM ({table.sql}) LIMIT {given}")


def _skip(con: DuckDBPyConnection, table: Relation, given: int) -> Relation:
    return replace(table, sql=f"SELECT * FROM ({table.sql}) OFFSET {given}")


def _sampled(con: DuckDBPyConnection, table: Relation, given: Sampling) -> Relation:
    """By a hash of the row's number, so that the same seed gives the same rows."""
    seed = given.seed if given.seed is not None else _chance()
    limit = int(given.probability * OUT_OF)
    sql = (
        f"SELECT * EXCLUDE (__mlws_row) FROM"
        f" (SELECT *, row_number() OVER () AS __mlws_row FROM ({table.sql}))"
        f" WHERE hash(__mlws_row, {seed}) % {OUT_OF} < {limit}"
    )
    return replace(table, sql=sql)


def _chance() -> int:
    import secrets

    return secrets.randbits(31)


def _partitions(con: DuckDBPyConnection, table: Relation, given: str) -> Relation:
    form = PartitionFormat(given)
    paths = [row[0] for row in con.execute(f"SELECT DISTINCT {PATH} FROM ({table.sql})").fetchall()]
    added = []
    for name, is_moment in form.columns.items():
        values = [form.values(path)[name] for path in paths]
        listed = ", ".join(
            f"TIMESTAMP {text(str(value))}" if is_moment else text(str(value)) for value in values
        )
        keys = ", ".join(text(path) for path in paths)
        added.append(f"MAP([{keys}], [{listed}])[{PATH}] AS {quoted(name)}")
    twice = [quoted(name) for name in form.columns if name in table.columns]
    rest = f"* EXCLUDE ({', '.join(twice)})" if twice else "*"
    sql = f"SELECT {', '.join(added)}, {rest} FROM ({table.sql})"
    return replace(
        table,
        sql=sql,
        columns=tables.describe(con, sql),
        protected=table.protected | set(form.columns),
    )


STEPS: dict[str, Callable[..., Relation]] = {
    "keep_columns": _keep,
    "drop_columns": _drop,
    "convert_column_types": _convert,
    "filter": _filter,
    "take": _take,
    "skip": _skip,
    "take_random_sample": _sampled,
    "extract_columns_from_partition_format": _partitions,
}


# Small things
def _path_column(given: Any) -> str:
    if given.path_column:
        return str(given.path_column)
    return PATH_COLUMN if given.include_path_column else ""


def _original(con: DuckDBPyConnection, made: Relation, files: Sequence[TableFile]) -> Relation:
    """Names of files instead of the places of their copies."""
    return tables.named(con, made, files) if _is_recoded(files) else made


def _is_recoded(files: Sequence[TableFile]) -> bool:
    return any(file.location.endswith(".mlws-utf8") for file in files)


def _recoded(files: Sequence[TableFile], encoding: str, scratch: Path) -> list[TableFile]:
    """The files in UTF-8; copies where they are written otherwise."""
    if encoding in ("utf8", "ascii", "utf8bom"):
        return list(files)
    made = []
    for index, file in enumerate(files):
        target = scratch / f"{index}.mlws-utf8"
        try:
            with (
                codecs.open(file.location, encoding=CODECS.get(encoding, encoding)) as source,
                target.open("w", encoding="utf-8", newline="") as sink,
            ):
                while piece := source.read(1 << 20):
                    sink.write(piece)
        except UnicodeError as error:
            raise Invalid.field("encoding", f"'{file.name}' is not {encoding}: {error}.") from None
        made.append(TableFile(file.name, str(target)))
    return made


def _overrides(said: Any) -> dict[str, str]:
    """Types of columns by name; a list of `{columns, column_type}` says the same."""
    entries = said.items() if isinstance(said, dict) else []
    if isinstance(said, list):
        checked = [ColumnConversion.model_validate(item) for item in said]
        entries = [
            (name, item.column_type)
            for item in checked
            for name in ([item.columns] if isinstance(item.columns, str) else item.columns)
        ]
    found = {}
    for name, kind in entries:
        try:
            plain = column_type(kind)
        except ValueError as error:
            raise Invalid.field("column_type_overrides", f"'{name}': {error}.") from None
        word = "boolean" if isinstance(plain, BooleanType) else plain
        found[str(name)] = TYPES[word if isinstance(word, str) else "datetime"]
    return found


def _unescaped(delimiter: str) -> str:
    return {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
