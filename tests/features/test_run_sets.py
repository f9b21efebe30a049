"""Questions about many runs: columns, groups, folders, importance, export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import nbformat
import pyarrow as pa
import pytest
from pyarrow import parquet

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.features.operations import Stream
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.store import add_run

Call = Callable[..., Any]

TABLE = {
    "a": ({"lr": "0.1", "model": "gbm"}, {"auc": 0.7}),
    "b": ({"lr": "0.2", "model": "gbm"}, {"auc": float("nan")}),
    "c": ({"model": "nn"}, {}),
}


@pytest.fixture
def runs(ws: Workspace) -> None:
    for number, (run_id, (params, metrics)) in enumerate(TABLE.items()):
        add_run(ws.store, run_id, params=params, metrics=metrics, start_ms=number)


def content(stream: Stream) -> bytes:
    return b"".join(stream.pieces)


@pytest.mark.usefixtures("runs")
def test_columns_are_answered_newest_run_first_with_gaps(call: Call) -> None:
    answer = call("runs.columns", columns=["metrics.auc", "params.lr"])

    assert answer.run_ids == ["c", "b", "a"]
    assert answer.columns == {
        "metrics.auc": [None, "NaN", 0.7],
        "params.lr": [None, "0.2", "0.1"],
    }
    assert answer.n_runs == 3


@pytest.mark.usefixtures("runs")
def test_columns_of_some_runs_tell_how_many_there_are(call: Call) -> None:
    answer = call("runs.columns", columns=["params.lr"], max_results=1)

    assert (answer.run_ids, answer.n_runs) == (["c"], 3)


@pytest.mark.parametrize("name", ["auc", "metrics.", "attributes.status", "colour.red"])
def test_a_column_of_nothing_is_refused(call: Call, name: str) -> None:
    with pytest.raises(Invalid) as error:
        call("runs.columns", columns=[name])

    assert error.value.problems[0].field == "columns"


@pytest.mark.usefixtures("runs")
def test_groups_are_counted_over_all_runs(call: Call) -> None:
    groups = call("runs.group", by="params.model", metrics=["auc"])

    assert [(group.value, group.n_runs) for group in groups] == [("gbm", 2), ("nn", 1)]
    assert groups[0].metrics["auc"].mean == 0.7


def test_runs_are_not_grouped_by_a_metric(call: Call) -> None:
    with pytest.raises(Invalid, match="not grouped by a metric"):
        call("runs.group", by="metrics.auc")


@pytest.mark.usefixtures("runs")
def test_a_run_with_the_tag_of_a_folder_is_in_it(call: Call) -> None:
    assert call("runs.list_folders") == []

    for run_id, folder in (("a", "churn/old"), ("b", "churn/old"), ("c", "best")):
        call("runs.update", run_id=run_id, tags={"mlws.folder": folder})
    call("runs.archive", run_id="b")

    folders = call("runs.list_folders")
    assert [(folder.path, folder.n_runs) for folder in folders] == [("best", 1), ("churn/old", 1)]


def test_the_param_that_decides_is_the_important_one(ws: Workspace, call: Call) -> None:
    for i in range(60):
        add_run(
            ws.store,
            f"r{i}",
            params={"depth": str(i % 6), "noise": str((i * 7919) % 11), "same": "1"},
            metrics={"auc": (i % 6) * -2.0 + (i % 10) * 0.01},
        )

    found = call("runs.importance", metric="auc")

    assert [item.param for item in found] == ["depth", "noise"]
    assert found[0].importance > 0.95
    assert found[0].correlation < -0.95
    assert found[1].importance < 0.1


def test_importance_without_numbers_is_empty(ws: Workspace, call: Call) -> None:
    for i in range(5):
        add_run(ws.store, f"r{i}", params={"x": str(i)}, metrics={"auc": float("nan")})

    assert call("runs.importance", metric="auc") == []
    assert call("runs.importance", metric="unknown") == []


@pytest.mark.usefixtures("runs")
def test_runs_are_exported_as_csv(call: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(content(call("runs.export")).decode())))

    assert [row["run_id"] for row in rows] == ["c", "b", "a"]
    assert [row["metrics.auc"] for row in rows] == ["", "NaN", "0.7"]
    assert [row["params.lr"] for row in rows] == ["", "0.2", "0.1"]
    assert rows[0]["experiment"] == "Default"


@pytest.mark.usefixtures("runs")
def test_chosen_runs_are_exported_as_parquet_with_types(call: Call) -> None:
    made = content(call("runs.export", format="parquet", run_ids=["a", "c"]))

    table = parquet.read_table(pa.BufferReader(made))
    assert table.column("run_id").to_pylist() == ["c", "a"]
    assert table.column("metrics.auc").to_pylist() == [None, 0.7]
    assert table.schema.field("created_at").type == pa.timestamp("ms", tz="UTC")


def test_an_export_of_no_run_has_a_header_alone(call: Call) -> None:
    assert content(call("runs.export")).decode().startswith("run_id,name,experiment")
    made = content(call("runs.export", format="parquet"))
    assert parquet.read_table(pa.BufferReader(made)).num_rows == 0


@pytest.mark.usefixtures("runs")
def test_the_exported_notebook_asks_for_the_same_runs(call: Call) -> None:
    made = json.loads(content(call("runs.export", format="notebook", filter="metrics.auc > 0.5")))

    nbformat.validate(made)
    asked: dict[str, Any] = {}
    source = made["cells"][1]["source"]
    source = source.partition("export(")[2].partition("\n)")[0]
    asked = eval(f"dict({source})")
    path = asked.pop("download_path")
    rows = parquet.read_table(pa.BufferReader(content(call("runs.export", **asked))))
    assert path == "runs.parquet"
    assert rows.column("run_id").to_pylist() == ["a"]


@pytest.mark.parametrize("format", ["csv", "parquet", "notebook"])
def test_a_wrong_filter_is_refused_before_a_byte_is_sent(call: Call, format: str) -> None:
    with pytest.raises(Invalid):
        call("runs.export", format=format, filter="metrics.auc >")


def test_too_many_runs_by_id_are_refused(call: Call) -> None:
    with pytest.raises(Invalid, match="1 to 1000"):
        call("runs.export", run_ids=[str(number) for number in range(1001)])
