"""Tables as Azure ML's `mltable` package gives them: loaded, shaped step by step, read as a DataFrame.

    from jupyter_mlws import mltable

    table = mltable.load("azureml:flowers:1").filter('col("petal") > 1').take(100)
    frame = table.to_pandas_dataframe()

Source: the public names of Azure ML's package `mltable`, whose file format this reads and writes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.errors import AlreadyExists, Invalid, NotFound
from jupyter_mlws.entities.mltable import FILE, MLTableSpec, Traits, checked, table_spec
from jupyter_mlws.entities.yaml import dump
from jupyter_mlws.reading import addresses, steps, tables
from jupyter_mlws.reading.steps import chosen
from jupyter_mlws.reading.tables import Relation, TableFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from jupyter_mlws.sdk.client import MLClient

__all__ = [
    "DataType",
    "MLTable",
    "MLTableFileEncoding",
    "MLTableHeaders",
    "from_delimited_files",
    "from_delta_lake",
    "from_json_lines_files",
    "from_parquet_files",
    "from_paths",
    "load",
]


class MLTableHeaders(str, Enum):
    """Which files have a header."""

    no_header = "no_header"
    from_first_file = "from_first_file"
    all_files_different_headers = "all_files_different_headers"
    all_files_same_headers = "all_files_same_headers"


class MLTableFileEncoding(str, Enum):
    """How text files are written."""

    utf8 = "utf8"
    iso88591 = "iso88591"
    latin1 = "latin1"
    ascii = "ascii"
    utf16 = "utf16"
    utf32 = "utf32"
    utf8bom = "utf8bom"
    windows1252 = "windows1252"


class DataType:
    """A type that a column can be converted to."""

    def __init__(self, said: Any) -> None:
        self.said = said

    @staticmethod
    def to_string() -> DataType:
        """Text."""
        return DataType("string")

    @staticmethod
    def to_int() -> DataType:
        """Whole numbers."""
        return DataType("int")

    @staticmethod
    def to_float() -> DataType:
        """Numbers."""
        return DataType("float")

    @staticmethod
    def to_stream() -> DataType:
        """Addresses of files."""
        return DataType("stream_info")

    @staticmethod
    def to_bool(
        true_values: list[str] | None = None,
        false_values: list[str] | None = None,
        mismatch_as: str | None = None,
    ) -> DataType:
        """True and false."""
        said = {
            "true_values": true_values,
            "false_values": false_values,
            "mismatch_as": mismatch_as,
        }
        return DataType({"boolean": {k: v for k, v in said.items() if v is not None}})

    @staticmethod
    def to_datetime(formats: str | list[str], date_constant: str | None = None) -> DataType:
        """Moments, as Python's strptime reads them."""
        said: dict[str, Any] = {"formats": [formats] if isinstance(formats, str) else formats}
        if date_constant is not None:
            said["date_constant"] = date_constant
        return DataType({"datetime": said})


class MLTable:
    """A table that is read when its rows are asked for. Each step answers a new table.

    Args:
        spec: what its MLTable file says.
        base: the folder from which its relative paths start.
        client: the workspace that `azureml:` addresses mean.
    """

    def __init__(self, spec: MLTableSpec, base: Path, client: MLClient | None = None) -> None:
        self._spec, self._base, self._client = spec, base, client

    @property
    def paths(self) -> list[dict[str, str]]:
        """Where the files are."""
        return [path.model_dump(exclude_none=True) for path in self._spec.paths]

    @property
    def traits(self) -> Traits:
        """What columns are for."""
        return self._spec.traits

    @property
    def partition_keys(self) -> list[str]:
        """Names of the columns that come from paths."""
        from jupyter_mlws.reading.partitions import PartitionFormat

        formats = (
            given
            for name, given in self._spec.steps
            if name == "extract_columns_from_partition_format"
        )
        return [name for given in formats for name in PartitionFormat(given).columns]

    def take(self, count: int = 20) -> MLTable:
        """The first rows."""
        return self._with("take", count)

    def skip(self, count: int) -> MLTable:
        """All rows but the first."""
        return self._with("skip", count)

    def filter(self, expression: str) -> MLTable:
        """Rows for which an expression such as `col("age") > 20` holds."""
        return self._with("filter", expression)

    def keep_columns(self, columns: str | Sequence[str]) -> MLTable:
        """Only these columns."""
        return self._with("keep_columns", _listed(columns))

    def drop_columns(self, columns: str | Sequence[str]) -> MLTable:
        """All columns but these."""
        return self._with("drop_columns", _listed(columns))

    def convert_column_types(
        self, column_types: Mapping[str | tuple[str, ...], DataType]
    ) -> MLTable:
        """Columns with other types, by name or names."""
        return self._with(
            "convert_column_types",
            [
                {"columns": _listed(names), "column_type": kind.said}
                for names, kind in column_types.items()
            ],
        )

    def take_random_sample(self, probability: float, seed: int | None = None) -> MLTable:
        """Some rows by chance; the same seed gives the same rows."""
        said = {"probability": probability, "seed": seed}
        given = {key: value for key, value in said.items() if value is not None}
        return self._with("take_random_sample", given)

    def extract_columns_from_partition_format(self, partition_format: str) -> MLTable:
        """Columns from the files' paths, by a format such as `/{year:yyyy}/{name}.csv`."""
        return self._with("extract_columns_from_partition_format", partition_format)

    def to_pandas_dataframe(self) -> Any:
        """All rows.

        Raises:
            Invalid: the files are not what the steps need.
            NotFound: a file is not there.
        """
        with self._read() as (con, made):
            return con.sql(made.final).df()

    def show(self, count: int = 20) -> Any:
        """The first rows as a DataFrame."""
        return self.take(count).to_pandas_dataframe()

    def validate(self) -> bool:
        """Whether the files are there and can be read.

        Raises:
            Invalid: they are not what the steps need.
            NotFound: a file is not there.
        """
        with self._read() as (con, made):
            con.sql(f"SELECT * FROM ({made.final}) LIMIT 1").fetchall()
        return True

    def save(self, path: str | os.PathLike[str] | None = None, overwrite: bool = True) -> MLTable:
        """Write the MLTable file into a folder; relative paths lead to the same files as before.

        Raises:
            AlreadyExists: there is one, and `overwrite` is False.
        """
        folder = Path(path or ".").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / FILE
        if target.exists() and not overwrite:
            raise AlreadyExists(f"There is a file '{target}' already.")
        said = self._said()
        said["paths"] = [
            {key: self._moved(value, folder) for key, value in entry.items()}
            for entry in said["paths"]
        ]
        target.write_text(dump(said), encoding="utf-8")
        return MLTable(checked(said), folder, self._client)

    def __repr__(self) -> str:
        return dump(self._said()).rstrip()

    def _said(self) -> dict[str, Any]:
        said = self._spec.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {key: value for key, value in said.items() if value or key in ("type", "paths")}

    def _moved(self, path: str, folder: Path) -> str:
        if _is_address(path):
            return path
        return os.path.relpath(os.path.normpath(self._base / path), folder)

    def _with(self, name: str, given: Any) -> MLTable:
        said = self._said()
        said["transformations"] = [*said.get("transformations", ()), {name: given}]
        return MLTable(checked(said), self._base, self._client)

    @contextmanager
    def _read(self) -> Iterator[tuple[DuckDBPyConnection, Relation]]:
        with tempfile.TemporaryDirectory(prefix="mlws-table-") as folder:
            scratch = Path(folder)
            files = list(
                dict.fromkeys(file for path in self._spec.paths for file in self._of(path))
            )
            with tables.engine(scratch) as con:
                made = steps.relation(con, self._spec, files, scratch)
                with tables.errors(files):
                    yield con, made

    def _of(self, path: Any) -> list[TableFile]:
        """The files of an entry of `paths`, on this machine."""
        said = path.file or path.folder or path.pattern
        if _is_address(said):
            return files_of(_local(said, self._client))
        place = Path(os.path.normpath(self._base / Path(said).expanduser()))
        if path.file and not place.is_file():
            raise NotFound(f"There is no file '{place}'.")
        if not path.pattern:
            return [self._named(file) for file in files_of(place) if file.name != FILE]
        base = place
        while any(sign in str(base) for sign in "*?["):
            base = base.parent
        inner = path.model_copy(update={"pattern": place.relative_to(base).as_posix()})
        return [self._named(file) for file in chosen(inner, files_of(base))]

    def _named(self, file: TableFile) -> TableFile:
        """The file with its path below the table's folder as its name, where it is there."""
        place = Path(file.location)
        if not place.is_relative_to(self._base):
            return file
        return TableFile(place.relative_to(self._base).as_posix(), file.location)


def load(
    uri: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None = None,
    ml_client: MLClient | None = None,
) -> MLTable:
    """The table of a folder with an MLTable file: on this machine, `azureml:NAME:VERSION`, or an address.

    Args:
        storage_options: taken from scripts for Azure ML; the workspace of `ml_client` is used.
        ml_client: the workspace that `azureml:` addresses mean; this notebook's when absent.
    Raises:
        NotFound: there is no such folder, or no MLTable file in it.
        Invalid: the file is wrong; with its lines.
    """
    text = os.fspath(uri)
    place = _local(text, ml_client) if _is_address(text) else Path(text).expanduser().absolute()
    file = place if place.name == FILE and place.is_file() else place / FILE
    if not file.is_file():
        raise NotFound(f"There is no file '{FILE}' in '{text}'.")
    return MLTable(table_spec(file.read_bytes(), str(file)), file.parent, ml_client)


def from_paths(paths: Sequence[Mapping[str, str]]) -> MLTable:
    """The table of files: `[{"file": …}, {"folder": …}, {"pattern": …}]`."""
    return _made(paths, [])


def from_delimited_files(
    paths: Sequence[Mapping[str, str]],
    header: str | MLTableHeaders = "all_files_same_headers",
    delimiter: str = ",",
    support_multi_line: bool = False,
    empty_as_string: bool = False,
    encoding: str | MLTableFileEncoding = "utf8",
    include_path_column: bool = False,
    infer_column_types: bool | Mapping[str, Any] = True,
) -> MLTable:
    """The table of text files whose fields are set apart by a character."""
    said = {
        "header": MLTableHeaders(header).value,
        "delimiter": delimiter,
        "support_multi_line": support_multi_line,
        "empty_as_string": empty_as_string,
        "encoding": MLTableFileEncoding(encoding).value,
        "include_path_column": include_path_column,
        "infer_column_types": infer_column_types,
    }
    return _made(paths, [{"read_delimited": said}])


def from_parquet_files(
    paths: Sequence[Mapping[str, str]], include_path_column: bool = False
) -> MLTable:
    """The table of Parquet files."""
    return _made(paths, [{"read_parquet": {"include_path_column": include_path_column}}])


def from_json_lines_files(
    paths: Sequence[Mapping[str, str]],
    invalid_lines: str = "error",
    encoding: str | MLTableFileEncoding = "utf8",
    include_path_column: bool = False,
) -> MLTable:
    """The table of files with an object on each line."""
    said = {
        "invalid_lines": invalid_lines,
        "encoding": MLTableFileEncoding(encoding).value,
        "include_path_column": include_path_column,
    }
    return _made(paths, [{"read_json_lines": said}])


def from_delta_lake(
    delta_table_uri: str,
    timestamp_as_of: str | None = None,
    version_as_of: int | None = None,
    include_path_column: bool = False,
) -> MLTable:
    """A Delta Lake table, as it was at a version or a moment."""
    said: dict[str, Any] = {"include_path_column": include_path_column}
    if timestamp_as_of is not None:
        said["timestamp_as_of"] = timestamp_as_of
    if version_as_of is not None:
        said["version_as_of"] = version_as_of
    return _made([{"folder": delta_table_uri}], [{"read_delta_lake": said}])


def read(path: Path) -> Any:
    """A file or folder of this machine as a DataFrame.

    Raises:
        Invalid: it is no table.
    """
    if (path / FILE).is_file():
        return load(path).to_pandas_dataframe()
    files = files_of(path)
    with (
        tempfile.TemporaryDirectory(prefix="mlws-table-") as folder,
        tables.engine(Path(folder)) as con,
    ):
        made = tables.of_files(con, files)
        with tables.errors(files):
            return con.sql(made.final).df()


def _made(paths: Sequence[Mapping[str, str]], transformations: list[Any]) -> MLTable:
    if not paths:
        raise Invalid.field("paths", "at least one is needed.")
    said = {"type": "mltable", "paths": [dict(path) for path in paths]}
    return MLTable(checked({**said, "transformations": transformations}), Path.cwd())


def files_of(place: Path) -> list[TableFile]:
    """The files at a place of this machine.

    Raises:
        NotFound: there is nothing.
    """
    if place.is_file():
        return [TableFile(place.name, str(place))]
    if not place.is_dir():
        raise NotFound(f"There is nothing at '{place}'.")
    found = sorted(path for path in place.rglob("*") if path.is_file())
    names = [path.relative_to(place).as_posix() for path in found]
    return [
        TableFile(n, str(p)) for n, p in zip(names, found, strict=True) if n != ".mlws-complete"
    ]


def _is_address(text: str) -> bool:
    return text.startswith("azureml:") or addresses.parse(text) is not None


def _local(text: str, client: MLClient | None) -> Path:
    from jupyter_mlws.sdk import contents
    from jupyter_mlws.sdk.client import MLClient

    address = addresses.parse(text)
    if address is not None and not address.datastore:
        return contents.local(MLClient(), text)
    return contents.local(client or MLClient(), text)


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else [*names]
