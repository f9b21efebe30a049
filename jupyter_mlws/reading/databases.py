"""Rows of a database, written to Parquet as they come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.connection import Connection, DatabaseSource
from jupyter_mlws.entities.datastore import Sql
from jupyter_mlws.entities.errors import Invalid, PluginMissing, Unavailable

if TYPE_CHECKING:
    from sqlalchemy import URL

BATCH = 50_000
"""Rows that are in memory at a time."""
DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mssql": "mssql+pyodbc",
}
"""The driver that is meant where an address names none."""
DIALECTS = {
    "azure_sql_db": "mssql+pyodbc",
    "azure_synapse_analytics": "mssql+pyodbc",
    "azure_postgres_db": "postgresql+psycopg",
    "azure_my_sql_db": "mysql+pymysql",
    "snowflake": "snowflake",
}
ODBC_DRIVER = "ODBC Driver 18 for SQL Server"


def url_of(spec: Sql | Connection, secrets: Mapping[str, str]) -> URL:
    """The address of a database, with its password.

    Raises:
        Invalid: it is no address of a database.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    given = spec.credentials
    user = given.get("username") if isinstance(given, dict) else getattr(given, "username", None)
    text = spec.url if isinstance(spec, Sql) else (spec.target or "")
    if "://" not in text:
        return _of_target(spec, text, user, secrets)
    scheme, _, rest = text.partition("://")
    try:
        url = make_url(f"{DRIVERS.get(scheme, scheme)}://{rest}")
    except ArgumentError:
        raise Invalid(f"'{spec.name}' has no address of a database.") from None
    if url.drivername == "mssql+pyodbc" and "driver" not in url.query:
        url = url.update_query_dict({"driver": ODBC_DRIVER})
    if user:
        url = url.set(username=user)
    return url.set(password=secrets["password"]) if "password" in secrets else url


def export(
    url: URL,
    source: DatabaseSource,
    target: Path,
    secrets: Sequence[str] = (),
    *,
    report: Callable[[int], None] = lambda n_rows: None,
) -> tuple[int, list[str]]:
    """Write what a query gives into `target` as Parquet; answers the number of rows and the columns.

    Args:
        report: is told the number of rows whenever more are written.
    Raises:
        Invalid: the database refuses the query.
        Unavailable: it cannot be reached.
        PluginMissing: its driver is not installed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    import sqlalchemy as sa

    with _errors(url, secrets):
        engine = sa.create_engine(url)
        try:
            with engine.connect().execution_options(stream_results=True) as connection:
                rows = connection.execute(_statement(source))
                if not rows.returns_rows:
                    raise Invalid.field("source.query", "answers no rows.")
                names = list(rows.keys())
                writer: pq.ParquetWriter | None = None
                n_rows = 0
                try:
                    for batch in _batches(rows):
                        table = _table(batch, names)
                        if writer is None:
                            schema = _settled(table.schema)
                            writer = pq.ParquetWriter(target, schema, compression="zstd")
                        try:
                            writer.write_table(table.cast(writer.schema))
                        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                            raise Invalid(f"The rows are not of one type: {error}.") from None
                        n_rows += len(batch)
                        report(n_rows)
                    if writer is None:
                        empty = pa.schema([(name, pa.string()) for name in names])
                        writer = pq.ParquetWriter(target, empty)
                finally:
                    if writer is not None:
                        writer.close()
                return n_rows, names
        finally:
            engine.dispose()


def check(url: URL, secrets: Sequence[str] = ()) -> None:
    """Whether the database answers.

    Raises:
        Unavailable: it does not.
    """
    import sqlalchemy as sa

    with _errors(url, secrets):
        engine = sa.create_engine(url)
        try:
            with engine.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        finally:
            engine.dispose()


def tables(url: URL, secrets: Sequence[str] = ()) -> list[str]:
    """Names of the tables and views, those of a schema that is not the default with it in front."""
    import sqlalchemy as sa

    with _errors(url, secrets):
        engine = sa.create_engine(url)
        try:
            seen = sa.inspect(engine)
            return sorted([*seen.get_table_names(), *seen.get_view_names()])
        finally:
            engine.dispose()


def _statement(source: DatabaseSource) -> Any:
    import sqlalchemy as sa

    if source.query:
        return sa.text(source.query.replace(":", r"\:"))
    if source.table_name:
        schema, _, name = source.table_name.rpartition(".")
        return sa.select(sa.text("*")).select_from(sa.table(name, schema=schema or None))
    given = {str(item["name"]): item.get("value") for item in source.stored_procedure_params or ()}
    if not re.fullmatch(r"[\w.\[\]]+", source.stored_procedure or ""):
        raise Invalid.field("source.stored_procedure", "is no name of a procedure.")
    named = ", ".join(f"@{name} = :{name}" for name in given)
    return sa.text(f"EXEC {source.stored_procedure} {named}").bindparams(**given)


def _batches(rows: Any) -> Iterator[list[Any]]:
    while batch := rows.fetchmany(BATCH):
        yield batch


def _table(batch: Sequence[Any], names: Sequence[str]) -> Any:
    import pyarrow as pa

    columns = []
    for index in range(len(names)):
        values = [row[index] for row in batch]
        try:
            columns.append(pa.array(values))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns.append(pa.array([None if value is None else str(value) for value in values]))
    return pa.Table.from_arrays(columns, names=_distinct(names))


def _settled(schema: Any) -> Any:
    """The schema with room for later rows: what is null so far becomes text, narrow decimals wide."""
    import pyarrow as pa

    fields = []
    for field in schema:
        kind = field.type
        if pa.types.is_null(kind):
            kind = pa.string()
        elif pa.types.is_decimal(kind):
            kind = pa.decimal128(38, max(kind.scale, 10))
        fields.append(field.with_type(kind))
    return pa.schema(fields)


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of which none stands twice."""
    found: list[str] = []
    for name in names:
        free, n = name, 1
        while free in found:
            n += 1
            free = f"{name}_{n}"
        found.append(free)
    return found


def _of_target(
    spec: Sql | Connection, target: str, user: str | None, secrets: Mapping[str, str]
) -> URL:
    """Azure's connection strings: `Server=tcp:HOST,PORT;Database=NAME;…`."""
    from sqlalchemy import URL

    pairs = (part.partition("=") for part in target.split(";") if "=" in part)
    said = {key.strip().lower(): value.strip() for key, _, value in pairs}
    dialect = DIALECTS.get(spec.type)
    server = said.get("server") or said.get("data source") or said.get("host")
    if dialect is None or server is None:
        raise Invalid(f"'{spec.name}' has no address of a database.")
    host, _, port = server.removeprefix("tcp:").partition(",")
    port = port or said.get("port", "")
    return URL.create(
        dialect,
        username=user or said.get("user id") or said.get("uid"),
        password=secrets.get("password"),
        host=host,
        port=int(port) if port.isdigit() else None,
        database=said.get("database") or said.get("initial catalog"),
        query={"driver": ODBC_DRIVER} if dialect == "mssql+pyodbc" else {},
    )


@contextmanager
def _errors(url: URL, secrets: Sequence[str]) -> Iterator[None]:
    """The database's errors as ours, without passwords."""
    import sqlalchemy.exc as sa

    def told(error: BaseException) -> str:
        text = " ".join(str(getattr(error, "orig", None) or error).split())
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "********")
        return text[:500]

    shown = url.render_as_string(hide_password=True)
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"'{shown}' needs the package '{error.name}': pip install it beside the service."
        raise PluginMissing(message) from None
    except (sa.OperationalError, sa.InterfaceError) as error:
        raise Unavailable(
            f"'{shown}' cannot be reached or refuses the query: {told(error)}"
        ) from None
    except sa.DBAPIError as error:
        raise Invalid(f"'{shown}' refuses the query: {told(error)}") from None
    except (sa.ArgumentError, sa.NoSuchModuleError) as error:
        raise Invalid(f"'{shown}' is no address of a database: {told(error)}") from None
