"""MLTable as Azure ML's files say it: each reader and each step, and what is wrong with a file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws import mltable
from jupyter_mlws.entities.errors import AlreadyExists, Invalid, NotFound
from jupyter_mlws.entities.mltable import table_spec

Make = Callable[..., mltable.MLTable]
PEOPLE = "name,age,born,ok\nAna,31,1994-05-01,yes\nBob,,2001-02-03,no\nCem,17,,yes\n"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A table of the steps and files that are given."""

    def make(
        *transformations: Any, files: dict[str, str | bytes] | None = None, **more: Any
    ) -> Any:
        for name, content in (files or {"people.csv": PEOPLE}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        said = {"paths": [{"pattern": "./**/*.csv"}], **more, "transformations": transformations}
        (tmp_path / "MLTable").write_text(json.dumps(said))
        return mltable.load(tmp_path)

    return make


def rows(table: mltable.MLTable) -> list[list[Any]]:
    """All rows, with None for what is missing."""
    frame = table.to_pandas_dataframe().astype(object)
    return [[None if missing(v) else v for v in row] for row in frame.to_numpy().tolist()]


def missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


class TestDelimited:
    def test_types_are_found_out(self, make: Make) -> None:
        frame = make("read_delimited").to_pandas_dataframe()
        assert list(frame.columns) == ["name", "age", "born", "ok"]
        assert frame["age"].tolist()[0] == 31
        assert str(frame["born"].dtype).startswith("datetime64")

    def test_or_all_is_text(self, make: Make) -> None:
        table = make({"read_delimited": {"infer_column_types": False}})
        assert rows(table)[0] == ["Ana", "31", "1994-05-01", "yes"]

    def test_or_some_types_are_said(self, make: Make) -> None:
        said = {"sample_size": 10, "column_type_overrides": {"age": "string"}}
        assert rows(make({"read_delimited": {"infer_column_types": said}}))[0][1] == "31"

    def test_empty_fields_are_missing_or_text(self, make: Make) -> None:
        files = {"a.csv": "a,b\nx,\n,y\n"}
        assert rows(make("read_delimited", files=files)) == [["x", None], [None, "y"]]
        table = make({"read_delimited": {"empty_as_string": True}}, files=files)
        assert rows(table) == [["x", ""], ["", "y"]]

    @pytest.mark.parametrize(
        ("header", "columns", "n_rows"),
        [
            ("all_files_same_headers", ["a", "b"], 2),
            ("all_files_different_headers", ["a", "b"], 2),
            ("from_first_file", ["a", "b"], 3),
            ("no_header", ["Column1", "Column2"], 4),
        ],
    )
    def test_headers(self, make: Make, header: str, columns: list[str], n_rows: int) -> None:
        files = {"1.csv": "a,b\nx,y\n", "2.csv": "a,b\nz,w\n"}
        frame = make({"read_delimited": {"header": header}}, files=files).to_pandas_dataframe()
        assert list(frame.columns) == columns
        assert len(frame) == n_rows

    def test_files_with_other_columns_are_joined_by_name(self, make: Make) -> None:
        files = {"1.csv": "a,b\nx,y\n", "2.csv": "b,c\nz,w\n"}
        table = make({"read_delimited": {"header": "all_files_different_headers"}}, files=files)
        assert rows(table) == [["x", "y", None], [None, "z", "w"]]

    @pytest.mark.parametrize(
        ("encoding", "codec"),
        [
            ("utf8", "utf-8"),
            ("utf8bom", "utf-8-sig"),
            ("latin1", "latin-1"),
            ("iso88591", "latin-1"),
            ("utf16", "utf-16"),
            ("utf32", "utf-32"),
            ("windows1252", "cp1252"),
        ],
    )
    def test_encodings(self, make: Make, encoding: str, codec: str) -> None:
        files: dict[str, str | bytes] = {"a.csv": "ä;b\nGröße;é\n".encode(codec)}
        table = make({"read_delimited": {"encoding": encoding, "delimiter": ";"}}, files=files)
        assert list(table.to_pandas_dataframe().columns) == ["ä", "b"]
        assert rows(table) == [["Größe", "é"]]

    def test_a_file_in_another_encoding_is_named(self, make: Make) -> None:
        files: dict[str, str | bytes] = {"a.csv": b"a\n\x81\xfe\n"}
        with pytest.raises(Invalid, match=r"'a\.csv' is not windows1252"):
            rows(make({"read_delimited": {"encoding": "windows1252"}}, files=files))

    def test_where_a_row_is_from(self, make: Make) -> None:
        files = {"x/1.csv": "a\n1\n", "x/2.csv": "a\n2\n"}
        table = make({"read_delimited": {"include_path_column": True}}, files=files)
        assert [path for path, _ in rows(table)] == ["x/1.csv", "x/2.csv"]

    def test_tabs_and_packed_files(self, make: Make) -> None:
        files: dict[str, str | bytes] = {"a.csv.gz": gzip.compress(b"a\tb\n1\t2\n")}
        table = make(
            {"read_delimited": {"delimiter": "\t"}}, files=files, paths=[{"file": "./a.csv.gz"}]
        )
        assert rows(table) == [[1, 2]]

    def test_a_broken_line_is_named(self, make: Make) -> None:
        files = {"a.csv": "a,b\n" + "1,2\n" * 30_000 + '3,"4\n'}
        with pytest.raises(Invalid, match=r"a\.csv"):
            rows(make("read_delimited", files=files))


class TestOtherReaders:
    def test_json_lines(self, make: Make) -> None:
        files = {"a.csv": '{"a": 1}\n{"a": 2, "b": "x"}\n'}
        assert rows(make("read_json_lines", files=files)) == [[1, None], [2, "x"]]

    def test_lines_that_are_no_json_are_an_error_or_dropped(self, make: Make) -> None:
        files = {"a.csv": '{"a": 1}\nnothing\n{"a": 2}\n'}
        with pytest.raises(Invalid, match=r"a\.csv"):
            rows(make("read_json_lines", files=files))
        assert rows(make({"read_json_lines": {"invalid_lines": "drop"}}, files=files)) == [[1], [2]]

    def test_parquet(self, make: Make, tmp_path: Path) -> None:
        import pandas as pd

        make()
        (tmp_path / "p").mkdir()
        pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "p" / "x.parquet")
        table = make({"read_parquet": {"include_path_column": True}}, paths=[{"folder": "./p"}])
        assert rows(table) == [["p/x.parquet", 1], ["p/x.parquet", 2]]

    def test_delta_lake_as_it_was(self, make: Make, tmp_path: Path) -> None:
        import pandas as pd
        from deltalake import write_deltalake

        make()
        write_deltalake(tmp_path / "d", pd.DataFrame({"a": [1]}))
        write_deltalake(tmp_path / "d", pd.DataFrame({"a": [2]}), mode="append")
        now = make("read_delta_lake", paths=[{"folder": "./d"}])
        first = make({"read_delta_lake": {"version_as_of": 0}}, paths=[{"folder": "./d"}])
        assert sorted(rows(now)) == [[1], [2]]
        assert rows(first) == [[1]]
        with pytest.raises(Invalid, match="read_delta_lake"):
            rows(make({"read_delta_lake": {"version_as_of": 9}}, paths=[{"folder": "./d"}]))

    def test_without_a_reader_a_table_is_its_files(self, make: Make) -> None:
        files = {"1.csv": "", "2.csv": ""}
        assert rows(make(files=files)) == [["1.csv"], ["2.csv"]]


class TestSteps:
    def test_steps_go_one_after_the_other(self, make: Make) -> None:
        files = {"a.csv": "n\n" + "".join(f"{i}\n" for i in range(20))}
        first = make("read_delimited", {"take": 10}, {"skip": 7}, files=files)
        second = make("read_delimited", {"skip": 7}, {"take": 2}, files=files)
        assert rows(first) == [[7], [8], [9]]
        assert rows(second) == [[7], [8]]

    @pytest.mark.parametrize(
        ("expression", "names"),
        [
            ('col("age") > 20', ["Ana"]),
            ('col("age") > 20 or col("name") == "Cem"', ["Ana", "Cem"]),
            ('not (col("ok") == "yes")', ["Bob"]),
            ("col('age') >= 17 and col('age') < 31", ["Cem"]),
            ('col("age") == None', ["Bob"]),
            ('col("name") in ["Ana", "Bob"]', ["Ana", "Bob"]),
            ('(col("age") > 10) & ~(col("name") == "Ana")', ["Cem"]),
            ('17 <= col("age") <= 20', ["Cem"]),
            ('col("name").startswith("B")', ["Bob"]),
            ('col("age") * 2 - 1 > 60', ["Ana"]),
        ],
    )
    def test_filters(self, make: Make, expression: str, names: list[str]) -> None:
        table = make(
            {"read_delimited": {"infer_column_types": {"column_type_overrides": {"ok": "string"}}}},
            {"filter": expression},
        )
        assert [row[0] for row in rows(table)] == names

    @pytest.mark.parametrize(
        ("expression", "message"),
        [
            ('col("agee") > 20', r"no column 'agee'.*Did you mean 'age'"),
            ("__import__('os').system('true')", "cannot stand in it"),
            ('col("age") >', "is no filter"),
            ("open('/etc/passwd')", "cannot stand in it"),
            ('col("age") > 1; DROP TABLE x', "is no filter"),
        ],
    )
    def test_filters_that_are_none(self, make: Make, expression: str, message: str) -> None:
        with pytest.raises(Invalid, match=message):
            rows(make("read_delimited", {"filter": expression}))

    def test_columns_are_kept_and_dropped(self, make: Make) -> None:
        kept = make("read_delimited", {"keep_columns": ["ok", "name"]}).to_pandas_dataframe()
        dropped = make(
            "read_delimited", {"drop_columns": {"pattern": "^[AB]", "ignore_case": True}}
        )
        inverted = make("read_delimited", {"keep_columns": {"pattern": "a", "invert": True}})
        assert list(kept.columns) == ["ok", "name"]
        assert list(dropped.to_pandas_dataframe().columns) == ["name", "ok"]
        assert list(inverted.to_pandas_dataframe().columns) == ["born", "ok"]
        with pytest.raises(Invalid, match="no column 'nam'"):
            rows(make("read_delimited", {"keep_columns": "nam"}))

    def test_index_and_time_columns_cannot_be_dropped(self, make: Make) -> None:
        table = make(
            "read_delimited", {"drop_columns": "born"}, traits={"timestamp_column": "born"}
        )
        with pytest.raises(Invalid, match="'born' is an index, time or partition column"):
            rows(table)

    def test_types_are_converted(self, make: Make) -> None:
        files = {"a.csv": "n,f,b,d,t,s\n1,2.5,T,01.02.2024,10:30,5\nx,y,F,nothing,11:00,6\n"}
        boolean = {"boolean": {"true_values": ["T"], "false_values": ["F"]}}
        said = [
            {"columns": "n", "column_type": "int"},
            {"columns": ["f"], "column_type": "float"},
            {"columns": "b", "column_type": boolean},
            {"columns": "d", "column_type": {"datetime": {"formats": ["%d.%m.%Y"]}}},
            {
                "columns": "t",
                "column_type": {"datetime": {"formats": "%H:%M", "date_constant": "2020-01-01"}},
            },
            {"columns": "s", "column_type": "string"},
        ]
        table = make(
            {"read_delimited": {"infer_column_types": False}},
            {"convert_column_types": said},
            files=files,
        )
        frame = table.to_pandas_dataframe()
        assert frame.iloc[0]["n"] == 1
        assert frame.iloc[0]["f"] == 2.5
        assert bool(frame.iloc[0]["b"])
        assert str(frame.iloc[0]["d"]) == "2024-02-01 00:00:00"
        assert str(frame.iloc[0]["t"]) == "2020-01-01 10:30:00"
        assert frame.iloc[0]["s"] == "5"
        assert frame.iloc[1][["n", "f", "d"]].isna().all()

    def test_what_is_neither_true_nor_false_is_an_error_or_what_is_said(self, make: Make) -> None:
        files = {"a.csv": "b\nyes\nmaybe\n"}

        def converted(mismatch: str) -> mltable.MLTable:
            kind = {
                "boolean": {"true_values": "yes", "false_values": "no", "mismatch_as": mismatch}
            }
            step = {"convert_column_types": [{"columns": "b", "column_type": kind}]}
            return make("read_delimited", step, files=files)

        with pytest.raises(Invalid, match="neither true nor false: maybe"):
            rows(converted("error"))
        assert rows(converted("false")) == [[True], [False]]

    def test_samples_are_the_same_for_the_same_seed(self, make: Make) -> None:
        files = {"a.csv": "n\n" + "".join(f"{i}\n" for i in range(2000))}

        def sample(seed: int) -> list[list[Any]]:
            step = {"take_random_sample": {"probability": 0.1, "seed": seed}}
            return rows(make("read_delimited", step, files=files))

        assert sample(1) == sample(1) != sample(2)
        assert 120 < len(sample(1)) < 280

    def test_columns_come_from_paths(self, make: Make) -> None:
        files = {
            "2023/12/north.csv": "a\n1\n",
            "2024/01/south.csv": "a\n2\n",
        }
        table = make(
            "read_delimited",
            {"extract_columns_from_partition_format": "/{month:yyyy/MM}/{region}.csv"},
            {"filter": 'col("region") == "south"'},
            files=files,
        )
        frame = table.to_pandas_dataframe()
        assert frame["month"].astype(str).tolist() == ["2024-01-01"]
        assert frame["a"].tolist() == [2]
        assert table.partition_keys == ["month", "region"]

    def test_a_path_that_does_not_fit_is_named(self, make: Make) -> None:
        step = {"extract_columns_from_partition_format": "/{year:yyyy}/{x}.csv"}
        with pytest.raises(Invalid, match=r"'people\.csv' does not fit"):
            rows(make("read_delimited", step))


class TestInPython:
    def test_a_table_is_shaped_saved_and_loaded_again(self, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_text(PEOPLE)
        table = (
            mltable.from_delimited_files([{"file": str(tmp_path / "people.csv")}])
            .filter('col("age") > 1')
            .convert_column_types({"age": mltable.DataType.to_float()})
            .keep_columns(["name", "age"])
        )
        table.save(tmp_path / "saved")
        again = mltable.load(tmp_path / "saved")
        assert rows(again) == rows(table) == [["Ana", 31.0], ["Cem", 17.0]]
        assert again.paths == [{"file": "../people.csv"}]
        assert again.validate()
        with pytest.raises(AlreadyExists):
            table.save(tmp_path / "saved", overwrite=False)

    def test_each_step_answers_a_new_table(self, make: Make) -> None:
        table = make("read_delimited")
        assert len(table.take(1).to_pandas_dataframe()) == 1
        assert len(table.skip(1).to_pandas_dataframe()) == 2
        assert len(table.show(2)) == 2
        assert len(table.to_pandas_dataframe()) == 3

    def test_what_is_not_there_is_said(self, tmp_path: Path, make: Make) -> None:
        with pytest.raises(NotFound, match="no file 'MLTable'"):
            mltable.load(tmp_path)
        with pytest.raises((NotFound, Invalid), match=r"none\.csv|fits"):
            rows(make("read_delimited", paths=[{"file": "./none.csv"}]))
        with pytest.raises((NotFound, Invalid), match="fits"):
            rows(make("read_delimited", paths=[{"pattern": "./*.tsv"}]))


BAD: list[tuple[str, str, int]] = [
    ("", "mapping", 1),
    ("paths: []\n", "at least 1", 1),
    ("type: mltable\n", "is required", 1),
    ("paths:\n- file: a\n  folder: b\n", "one of file, folder and pattern", 2),
    ("paths:\n- path: a\n", "unknown key 'path'", 2),
    ("type: table\npaths:\n- file: a\n", "'mltable'", 1),
    ("paths:\n- file: a\ntransformation:\n- read_parquet\n", "Did you mean 'transformations'", 3),
    ("paths:\n- file: a\ntransformations:\n- read_csv\n", "is no transformation", 4),
    (
        "paths:\n- file: a\ntransformations:\n- read_delimited:\n    delim: ;\n",
        "unknown key 'delim'",
        5,
    ),
    ("paths:\n- file: a\ntransformations:\n- read_delimited:\n    encoding: ebcdic\n", "'utf8'", 5),
    (
        "paths:\n- file: a\ntransformations:\n- read_delimited:\n    header: some\n",
        "'no_header'",
        5,
    ),
    ("paths:\n- file: a\ntransformations:\n- read_parquet\n- take: many\n", "number of rows", 5),
    ("paths:\n- file: a\ntransformations:\n- read_parquet\n- take: -1\n", "number of rows", 5),
    ("paths:\n- file: a\ntransformations:\n- take: 1\n- read_parquet\n", "must be the first", 5),
    ("paths:\n- file: a\ntransformations:\n- keep_columns: a\n", "needs a reader", 4),
    ("paths:\n- file: a\ntransformations:\n- read_parquet\n- filter: 3\n", "expression", 5),
    (
        "paths:\n- file: a\ntransformations:\n- read_parquet\n- keep_columns: []\n",
        "a list of columns",
        5,
    ),
    (
        "paths:\n- file: a\ntransformations:\n- read_parquet\n- take_random_sample:\n    probability: 2\n",
        "less than or equal to 1",
        6,
    ),
    (
        (
            "paths:\n- file: a\ntransformations:\n- read_parquet\n"
            "- convert_column_types:\n  - columns: a\n    column_type: money\n"
        ),
        "no type of a column",
        7,
    ),
    (
        (
            "paths:\n- file: a\ntransformations:\n- read_delta_lake:\n"
            "    version_as_of: 1\n    timestamp_as_of: x\n"
        ),
        "not both",
        4,
    ),
    ("paths:\n- file: a\ntransformations:\n- read_parquet\n- sample: {}\n", "is not done here", 5),
    ("paths:\n- file: a\ntransformations:\n- read_parquet: {}\n  take: 1\n", "one name with", 4),
    (
        "paths:\n- file: a\ntransformations:\n- read_parquet\n- extract_columns_from_partition_format: x\n",
        "partition_format",
        5,
    ),
]


@pytest.mark.parametrize(("text", "message", "line"), BAD, ids=[b[0][-40:] for b in BAD])
def test_what_is_wrong_is_named_with_its_line(text: str, message: str, line: int) -> None:
    with pytest.raises(Invalid) as refused:
        table_spec(text, "MLTable")
    problem = refused.value.problems[0]
    assert message in problem.message
    assert problem.line == line
