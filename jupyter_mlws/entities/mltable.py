"""MLTable: a table as a list of files and the steps that make it.

Source: Azure ML's MLTable YAML (the package `mltable` is another's; only its file format is followed).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.record import Spec
from jupyter_mlws.entities.scalars import fold
from jupyter_mlws.entities.validation import did_you_mean, validated
from jupyter_mlws.entities.yaml import parse

FILE = "MLTable"
Encoding = Annotated[
    Literal["utf8", "iso88591", "latin1", "ascii", "utf16", "utf32", "utf8bom", "windows1252"],
    BeforeValidator(lambda value: value.replace("-", "") if isinstance(value, str) else value),
]
Names = str | list[str]


class TablePath(Spec):
    """Some of the table's files."""

    file: str | None = None
    folder: str | None = None
    pattern: str | None = None
    """Such as `./*.csv`; `**` goes through folders."""

    @model_validator(mode="after")
    def _one(self) -> TablePath:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give one of file, folder and pattern")
        return self


class Inference(Spec):
    """How types of columns are found out."""

    sample_size: int | None = Field(default=None, gt=0)
    column_type_overrides: Any = None


class ReadDelimited(Spec):
    """Text whose fields are set apart by a character."""

    delimiter: str = Field(default=",", min_length=1)
    header: Annotated[
        Literal[
            "all_files_same_headers",
            "all_files_different_headers",
            "from_first_file",
            "no_header",
        ],
        BeforeValidator(fold),
    ] = "all_files_same_headers"
    encoding: Encoding = "utf8"
    support_multi_line: bool = False
    """Line breaks between quotation marks are part of the field in either case."""
    empty_as_string: bool = False
    include_path_column: bool = False
    infer_column_types: bool | Inference = True
    path_column: str | None = None
    partition_size: int | None = None
    """Says how Azure ML splits the work; no part of the result."""

    @field_validator("header", mode="before")
    @classmethod
    def _yes_or_no(cls, value: Any) -> Any:
        """Older files say whether there is a header."""
        return {True: "all_files_same_headers", False: "no_header"}.get(value, value)


class ReadParquet(Spec):
    """Parquet files."""

    include_path_column: bool = False
    path_column: str | None = None


class ReadJsonLines(Spec):
    """An object on each line."""

    encoding: Encoding = "utf8"
    invalid_lines: Annotated[Literal["error", "drop"], BeforeValidator(fold)] = "error"
    include_path_column: bool = False
    path_column: str | None = None
    partition_size: int | None = None


class ReadDeltaLake(Spec):
    """A Delta Lake table."""

    version_as_of: int | None = Field(default=None, ge=0)
    timestamp_as_of: str | None = None
    include_path_column: bool = False

    @model_validator(mode="after")
    def _one_time(self) -> ReadDeltaLake:
        if self.version_as_of is not None and self.timestamp_as_of is not None:
            raise ValueError("give version_as_of or timestamp_as_of, not both")
        return self


class ColumnPattern(Spec):
    """Columns whose name fits a regular expression."""

    pattern: str
    ignore_case: bool = False
    invert: bool = False


Columns = str | list[str] | ColumnPattern


class BooleanType(Spec):
    """What is true and what is false."""

    true_values: Names | None = None
    false_values: Names | None = None
    mismatch_as: Annotated[Literal["error", "true", "false"], BeforeValidator(fold)] = "error"

    @field_validator("mismatch_as", mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        return (
            {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        )


class DatetimeType(Spec):
    """How a moment is written."""

    formats: Names | None = None
    """As in Python's strptime."""
    date_constant: str | None = None
    """The date where a format has only a time."""


class ColumnConversion(Spec):
    """A new type for some columns."""

    columns: Names
    column_type: Any
    """`int`, `float`, `string`, `boolean`, `stream_info`, or a mapping of one of `boolean`, `datetime`."""

    @field_validator("column_type")
    @classmethod
    def _known(cls, value: Any) -> Any:
        return column_type(value)


class Sampling(Spec):
    """Some rows, by chance."""

    probability: float = Field(gt=0, le=1)
    seed: int | None = None


SIMPLE_TYPES = ("int", "float", "string", "boolean", "datetime", "stream_info")
READERS: dict[str, type[Spec]] = {
    "read_delimited": ReadDelimited,
    "read_parquet": ReadParquet,
    "read_json_lines": ReadJsonLines,
    "read_delta_lake": ReadDeltaLake,
}
RARE = ("sample", "select_partitions", "read_query_source")
STEPS = (
    "keep_columns",
    "drop_columns",
    "convert_column_types",
    "filter",
    "take",
    "skip",
    "take_random_sample",
    "extract_columns_from_partition_format",
)


class Traits(Spec):
    """What columns are for."""

    index_columns: list[str] = Field(default_factory=list)
    timestamp_column: str | None = None

    @field_validator("index_columns", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class MLTableSpec(Spec):
    """A table: where its files are and what is done with them."""

    model_config = ConfigDict(title="MLTable")

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    type: Literal["mltable"] = "mltable"
    paths: list[TablePath] = Field(min_length=1)
    transformations: list[Any] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)
    traits: Traits = Field(default_factory=Traits)

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """The transformations with their arguments, checked.

        Raises:
            Invalid: one is unknown or its arguments are wrong.
        """
        return [_step(item, index) for index, item in enumerate(self.transformations)]


def column_type(value: Any) -> str | BooleanType | DatetimeType:
    """A type of a column as a file says it.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, (BooleanType, DatetimeType)):
        return value
    if isinstance(value, str):
        name: str = {"long": "int", "integer": "int", "bool": "boolean", "double": "float"}.get(
            fold(value), fold(value)
        )
        if name in SIMPLE_TYPES:
            return name
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name == "boolean":
            return BooleanType.model_validate(inner or {})
        if name == "datetime":
            return DatetimeType.model_validate(inner or {})
        if name in SIMPLE_TYPES:
            return str(name)
    raise ValueError(f"no type of a column (there are: {', '.join(SIMPLE_TYPES)})")


def table_spec(text: str | bytes, file: str = FILE) -> MLTableSpec:
    """The table that the text of an `MLTable` file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    document = parse(text, file=file)
    try:
        return checked(document.data)
    except Invalid as error:
        raise document.invalid(error) from None


def checked(document: dict[str, Any]) -> MLTableSpec:
    """The table that a document describes, its steps checked too.

    Raises:
        Invalid: with a problem for each field that is wrong.
    """
    spec = validated(MLTableSpec, document)
    problems: list[Problem] = []
    names: list[str] = []
    for index, item in enumerate(spec.transformations):
        try:
            names.append(_step(item, index)[0])
        except Invalid as error:
            problems += error.problems
    late = [i for i, name in enumerate(names) if name in READERS and i > 0]
    if late and not problems:
        message = f"'{names[late[0]]}' must be the first transformation."
        problems.append(Problem(message, f"transformations.{late[0]}"))
    if names and names[0] not in READERS and not problems:
        tabular = [n for n in names if n not in ("take", "skip", "take_random_sample")]
        tabular = [n for n in tabular if n != "extract_columns_from_partition_format"]
        tabular = [n for n in tabular if n not in ("filter", "convert_column_types")]
        if tabular:
            message = f"'{tabular[0]}' needs a reader, such as read_delimited, in front of it."
            problems.append(Problem(message, f"transformations.{names.index(tabular[0])}"))
    if problems:
        raise Invalid.of(problems)
    return spec


def _step(item: Any, index: int) -> tuple[str, Any]:
    field = f"transformations.{index}"
    if isinstance(item, str):
        item = {item: None}
    if not isinstance(item, dict) or len(item) != 1:
        raise Invalid.field(field, "a transformation is a name, or one name with its arguments.")
    name, given = next(iter(item.items()))
    where = f"{field}.{name}"
    if name in READERS:
        return name, validated(READERS[name], given or {}, prefix=where)
    if name in RARE:
        raise Invalid.field(where, f"'{name}' is not done here.")
    if name not in STEPS:
        known = (*READERS, *STEPS)
        raise Invalid.field(
            where, f"'{name}' is no transformation.{did_you_mean(str(name), known)}"
        )
    return name, _arguments(str(name), given, where)


def _arguments(name: str, given: Any, where: str) -> Any:
    match name:
        case "take" | "skip":
            if isinstance(given, dict) and set(given) == {"count"}:
                given = given["count"]
            if not isinstance(given, int) or isinstance(given, bool) or given < 0:
                raise Invalid.field(where, f"a number of rows is expected (got {given!r:.80}).")
            return given
        case "take_random_sample":
            return validated(Sampling, given or {}, prefix=where)
        case "keep_columns" | "drop_columns":
            if isinstance(given, dict):
                if set(given) == {"columns"}:
                    return _arguments(name, given["columns"], where)
                return validated(ColumnPattern, given, prefix=where)
            names = [given] if isinstance(given, str) else given
            if (
                not isinstance(names, list)
                or not all(isinstance(n, str) for n in names)
                or not names
            ):
                raise Invalid.field(where, "a column, a list of columns or a pattern is expected.")
            return names
        case "convert_column_types":
            if isinstance(given, dict):
                given = [given]
            if not isinstance(given, list) or not given:
                raise Invalid.field(where, "a list of columns with their column_type is expected.")
            return [
                validated(ColumnConversion, entry, prefix=f"{where}.{i}")
                for i, entry in enumerate(given)
            ]
        case "filter":
            if isinstance(given, dict) and set(given) == {"expression"}:
                given = given["expression"]
            if not isinstance(given, str) or not given.strip():
                raise Invalid.field(where, 'an expression such as col("age") > 20 is expected.')
            return given
        case _:
            if isinstance(given, dict) and set(given) == {"partition_format"}:
                given = given["partition_format"]
            if not isinstance(given, str) or "{" not in given:
                raise Invalid.field(
                    where, "a partition_format such as /{year:yyyy}/{month:MM}/ is expected."
                )
            return given
