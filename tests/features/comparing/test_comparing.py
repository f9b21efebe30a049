"""Two runs, section by section: real jobs, and runs as an MLflow client leaves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Point
from jupyter_mlws.testing.jobs import Workroom
from tests.execution.notebooks.making import code, notebook

Call = Callable[..., Any]


def log_run(
    ws: Workspace,
    run_id: str,
    *,
    metrics: Mapping[str, float] = {},
    params: Mapping[str, str] = {},
    artifacts: Mapping[str, bytes] = {},
    tags: Mapping[str, str] = {},
    seconds: int = 10,
    start_ms: int = 1000,
) -> str:
    """A run as an MLflow client leaves it."""
    with ws.store.change("ana", "runs/write", f"run:{run_id}") as tx:
        tx.create_run(
            run_id,
            0,
            name=run_id,
            user="ana",
            status="Completed",
            start_ms=start_ms,
            tags=dict(tags),
        )
        tx.update_run(run_id, end_ms=start_ms + 1000 * seconds)
        tx.log(
            run_id,
            metrics=[Point(key, value, 2000) for key, value in metrics.items()],
            params=dict(params),
        )
        for path, content in artifacts.items():
            blob = ws.blobs.put(content)
            tx.put_artifact(f"0/{run_id}/artifacts/{path}", blob, len(content))
    return run_id


class TestVerdict:
    def test_it_says_what_is_better_what_is_slower_and_what_differs(
        self, ws: Workspace, call: Call
    ) -> None:
        log_run(ws, "a", metrics={"val_auc": 0.8, "loss": 2}, params={"lr": "0.1", "n": "3"})
        log_run(
            ws,
            "b",
            metrics={"val_auc": 0.88, "loss": 1},
            params={"lr": "0.2", "n": "3"},
            seconds=21,
        )

        (verdict,) = call("runs.compare", run_ids=["a", "b"]).verdicts

        assert (verdict.metric, verdict.better) == ("val_auc", True)
        assert verdict.relative == pytest.approx(0.1)
        assert verdict.slowdown == pytest.approx(2.1)
        assert verdict.params == ["lr"]

    def test_a_metric_of_ones_own_choice_and_goal(self, ws: Workspace, call: Call) -> None:
        log_run(ws, "a", metrics={"val_auc": 0.8, "size": 5})
        log_run(ws, "b", metrics={"val_auc": 0.9, "size": 6})

        found = call("runs.compare", run_ids=["a", "b"], metric="size", goal="minimize")

        assert (found.verdicts[0].metric, found.verdicts[0].better) == ("size", False)

    @pytest.mark.parametrize("run_ids", [[], ["a"], ["a", "a"], [f"r{n}" for n in range(21)]])
    def test_too_few_too_many_or_twice_the_same_is_refused(
        self, ws: Workspace, call: Call, run_ids: list[str]
    ) -> None:
        log_run(ws, "a")

        with pytest.raises(Invalid, match="run_ids"):
            call("runs.compare", run_ids=run_ids)

    def test_an_unknown_run_is_not_found(self, ws: Workspace, call: Call) -> None:
        log_run(ws, "a")

        with pytest.raises(NotFound):
            call("runs.compare", run_ids=["a", "b"])


class TestValues:
    def test_metrics_carry_their_distance_to_the_baseline(self, ws: Workspace, call: Call) -> None:
        log_run(ws, "a", metrics={"x": 2.0, "system/cpu": 1})
        log_run(ws, "b", metrics={"x": 3.0, "y": float("nan")})
        log_run(ws, "c", metrics={"x": 2.0})

        rows = {row.key: row for row in call("runs.compare", run_ids=["a", "b", "c"]).metrics}

        assert set(rows) == {"x", "y"}
        assert (rows["x"].deltas, rows["x"].relative) == ([0, 1, 0], [0, 0.5, 0])
        assert (rows["y"].values, rows["y"].deltas) == ([None, "NaN", None], [None, None, None])

    def test_nested_parameters_are_compared_key_by_key(self, ws: Workspace, call: Call) -> None:
        log_run(
            ws, "a", params={"model": '{"kind": "gbm", "tree": {"depth": 3}}', "py": "{'k': 1}"}
        )
        log_run(ws, "b", params={"model": '{"kind": "gbm", "tree": {"depth": 4}}', "py": "{oops"})

        rows = {row.key: row for row in call("runs.compare", run_ids=["a", "b"]).params}

        assert rows["model.tree.depth"].values == ["3", "4"]
        assert rows["model.tree.depth"].differs
        assert not rows["model.kind"].differs
        assert (rows["py.k"].values, rows["py"].values) == (["1", None], [None, "{oops"])


class TestCode:
    def test_changed_files_are_counted_in_lines_and_shown_as_a_patch(
        self, room: Workroom, call: Call
    ) -> None:
        old = {"train.py": b"a\nb\nc\n", "same.py": b"x\n", "gone.py": b"y\n"}
        new = {"train.py": b"a\nB\nc\nd\n", "same.py": b"x\n", "blob.bin": b"\0\1"}
        a, b = (room.run(command="true", code=room.snapshot(files)).name for files in (old, new))

        found = call("runs.compare_code", run_ids=[a, b])
        patch = call("runs.diff_file", run_id=a, other_run_id=b, path="train.py")

        rows = {file.path: file for file in found.files}
        assert [path for path, file in rows.items() if file.differs] == [
            "blob.bin",
            "gone.py",
            "train.py",
        ]
        counts = rows["train.py"].counts[1]
        assert (counts.added, counts.removed) == (2, 1)
        assert (rows["blob.bin"].kind, rows["blob.bin"].counts) == ("binary", [None, None])
        assert [line.op for line in patch.hunks[0].lines] == [
            "same",
            "removed",
            "added",
            "same",
            "added",
        ]
        assert "-b\n+B\n" in patch.unified
        assert call("runs.compare", run_ids=[a, b]).verdicts[0].files == [
            "blob.bin",
            "gone.py",
            "train.py",
        ]

    def test_a_missing_snapshot_says_why(self, ws: Workspace, room: Workroom, call: Call) -> None:
        log_run(ws, "a")
        b = room.run(command="true").name

        found = call("runs.compare_code", run_ids=["a", b])

        assert found.missing == {"a": "no_job", b: "no_code"}
        with pytest.raises(NotFound):
            call("runs.diff_file", run_id="a", other_run_id=b, path="train.py")


class TestNotebooks:
    def test_cells_and_outputs_of_two_executions(self, room: Workroom, call: Call) -> None:
        cells = [code("x = 1", id="one"), code("print(x)", id="two"), code("y = 2", id="three")]
        changed = [code("x = 5", id="one"), code("print(x)", id="two"), code("z = 9", id="four")]
        a, b = (
            room.run(
                type="notebook",
                notebook="n.ipynb",
                code=room.snapshot({"n.ipynb": json.dumps(notebook(*listed)).encode()}),
            ).name
            for listed in (cells, changed)
        )

        found = call("runs.diff_notebook", run_id=a, other_run_id=b)

        assert found.missing == {}
        assert [(cell.state, cell.base, cell.other) for cell in found.cells] == [
            ("changed", 1, 1),
            ("changed", 2, 2),
            ("removed", 3, None),
            ("added", None, 3),
        ]
        printed = found.cells[1]
        assert not printed.source_differs
        (output,) = printed.outputs
        assert (output.base["text"], output.other["text"]) == ("1\n", "5\n")
        assert call("runs.compare", run_ids=[a, b]).verdicts[0].cells == [1, 3]

    def test_cells_without_common_ids_are_found_by_their_likeness(
        self, room: Workroom, call: Call
    ) -> None:
        long = "import math\nfor i in range(10):\n    print(i)\n"
        cells = [code(long, id="p"), code("total = 0", id="q")]
        others = [code("# new\n" * 3, id="r"), code(long, id="s"), code("total = 0", id="t")]
        a, b = (
            room.run(
                command="true",
                code=room.snapshot({"n.ipynb": json.dumps(notebook(*listed)).encode()}),
            ).name
            for listed in (cells, others)
        )

        found = call("runs.diff_notebook", run_id=a, other_run_id=b, path="n.ipynb")

        assert [cell.state for cell in found.cells] == ["added", "same", "same"]

    def test_a_run_without_a_notebook_says_so(
        self, ws: Workspace, room: Workroom, call: Call
    ) -> None:
        log_run(ws, "a")
        log_run(ws, "b", artifacts={"n.ipynb": b"no notebook"})

        found = call("runs.diff_notebook", run_id="a", other_run_id="b")

        assert found.missing == {"a": "no_notebook", "b": "no_notebook"}


class TestEnvironments:
    def test_a_job_keeps_the_packages_that_it_ran_with(self, room: Workroom, call: Call) -> None:
        a, b = (room.run(command="true").name for _ in range(2))

        found = call("runs.compare_environments", run_ids=[a, b])

        versions = {row.key: row.values for row in found.packages}
        assert found.missing == {}
        assert versions["pydantic"][0] == versions["pydantic"][1]
        assert {row.key: row.values for row in found.facts}["environment"] == ["default"] * 2
        assert len(room.store.list_records("packages")) == 1

    def test_what_a_model_was_saved_with_stands_for_a_foreign_run(
        self, ws: Workspace, call: Call
    ) -> None:
        env = b"python: 3.11.2\nbuild_dependencies: [pip==23]\n"
        log_run(
            ws,
            "a",
            artifacts={
                "m/requirements.txt": b"scikit_learn==1.4\n# no\nx>=2 ; y\n",
                "m/python_env.yaml": env,
            },
        )
        conda = b"dependencies:\n- python=3.12\n- pip:\n  - scikit-learn==1.5\n"
        log_run(ws, "b", artifacts={"m/conda.yaml": conda})
        log_run(ws, "c")

        found = call("runs.compare_environments", run_ids=["a", "b", "c"])

        versions = {row.key: row.values for row in found.packages}
        facts = {row.key: row.values for row in found.facts}
        assert found.missing == {"c": "no_packages"}
        assert versions["scikit-learn"] == ["1.4", "1.5", None]
        assert versions["x"] == [">=2", None, None]
        assert facts["python"] == ["3.11.2", "3.12", None]


class TestData:
    def test_a_dataset_is_compared_by_digest_rows_and_columns(
        self, ws: Workspace, call: Call
    ) -> None:
        for run_id, digest, rows in (("a", "d1", 100), ("b", "d2", 120)):
            log_run(ws, run_id)
            doc = {
                "name": "iris",
                "source_type": "local",
                "source": '{"uri": "iris.csv"}',
                "schema": '{"mlflow_colspec": [{"name": "x", "type": "double"}]}',
                "profile": json.dumps({"num_rows": rows}),
            }
            with ws.store.change("ana", "runs/write", f"run:{run_id}") as tx:
                tx.put_record("dataset", "0/iris", doc, version=digest)
                tags = {"mlflow.data.context": "train"}
                tx.link(f"dataset:0/iris@{digest}", Relation.INPUT, f"run:{run_id}", {"tags": tags})

        (row,) = call("runs.compare_data", run_ids=["a", "b"]).inputs

        assert (row.key, row.differs) == ("iris (train)", True)
        assert [item.version for item in row.inputs] == ["d1", "d2"]
        assert [item.n_rows for item in row.inputs] == [100, 120]
        assert row.inputs[0].columns == {"x": "double"}
        assert call("runs.compare", run_ids=["a", "b"]).verdicts[0].data == ["iris (train)"]

    def test_files_that_were_sent_along_are_compared_by_content(
        self, room: Workroom, call: Call
    ) -> None:
        a, b = (
            room.run(
                command="true",
                inputs={
                    "d": {"type": "uri_file", "path": room.snapshot({"d": text}, is_file=True)}
                },
            ).name
            for text in (b"1", b"2")
        )

        (row,) = call("runs.compare_data", run_ids=[a, b]).inputs

        assert (row.key, row.differs) == ("d", True)


class TestArtifacts:
    def test_files_are_compared_by_path_and_hash(self, ws: Workspace, call: Call) -> None:
        log_run(ws, "a", artifacts={"p.png": b"1", "t.csv": b"x", "only.txt": b"a"})
        log_run(ws, "b", artifacts={"p.png": b"2", "t.csv": b"x"})

        found = call("runs.compare_artifacts", run_ids=["a", "b"])

        assert [(row.path, row.kind, row.differs) for row in found.artifacts] == [
            ("only.txt", "text", True),
            ("p.png", "image", True),
            ("t.csv", "table", False),
        ]

    def test_texts_among_them_are_compared_line_by_line(self, ws: Workspace, call: Call) -> None:
        log_run(ws, "a", artifacts={"notes.txt": b"one\ntwo\n"})
        log_run(ws, "b", artifacts={"notes.txt": b"one\n2\n"})

        found = call(
            "runs.diff_file", run_id="a", other_run_id="b", path="notes.txt", of="artifacts"
        )

        assert (found.counts.added, found.counts.removed) == (1, 1)

    def test_changed_cells_of_a_table_are_named(self, ws: Workspace, call: Call) -> None:
        log_run(ws, "a", artifacts={"t.csv": b"id,score\n1,0.5\n2,0.6\n3,0.7\n"})
        log_run(ws, "b", artifacts={"t.csv": b"id,score,more\n1,0.5,x\n2,0.9,y\n"})

        found = call("runs.diff_table", run_id="a", other_run_id="b", path="t.csv")

        assert (found.columns, found.added_columns) == (["id", "score", "more"], ["more"])
        assert [(row.index, row.changed) for row in found.rows] == [(1, [1]), (2, [])]
        assert found.rows[1].other is None
        assert (found.n_different, found.n_rows) == (2, [3, 2])


class TestTables:
    def test_each_kind_of_table_is_read_by_page(self, ws: Workspace, call: Call) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        sink = pa.BufferOutputStream()
        parquet.write_table(pa.table({"n": [1, 2, 3], "v": [0.5, float("nan"), None]}), sink)
        files = {
            "t.csv": b"n,v\n1,a\n2,b\n3,c\n",
            "t.tsv": b"n\tv\n1\ta\n2\tb\n3\tc\n",
            "t.json": b'{"columns": ["n", "v"], "data": [[1, "a"], [2, "b"], [3, "c"]]}',
            "r.json": b'[{"n": 1}, {"n": 2, "v": "b"}, {"n": 3}]',
            "t.parquet": sink.getvalue().to_pybytes(),
        }
        log_run(ws, "a", artifacts=files)

        pages = {
            path: call("runs.read_table", run_id="a", path=path, offset=1, limit=1)
            for path in files
        }

        assert {page.n_rows for page in pages.values()} == {3}
        assert {tuple(column.name for column in page.columns) for page in pages.values()} == {
            ("n", "v")
        }
        assert pages["t.csv"].rows == [["2", "b"]]
        assert pages["r.json"].rows == [[2, "b"]]
        assert pages["t.parquet"].rows == [[2, "NaN"]]

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("t.parquet", b"no parquet"),
            ("t.json", b"{oops"),
            ("t.json", b'{"a": 1}'),
            ("t.json", b'{"columns": [], "data": [1]}'),
            ("t.csv", b"\xff\xfe\0\0"),
            ("t.bin", b""),
        ],
    )
    def test_what_is_no_table_is_refused(
        self, ws: Workspace, call: Call, path: str, content: bytes
    ) -> None:
        log_run(ws, "a", artifacts={path: content})

        with pytest.raises(Invalid, match="path"):
            call("runs.read_table", run_id="a", path=path)


class TestChanges:
    def test_a_run_is_held_against_the_one_before_it_of_the_same_source(
        self, ws: Workspace, call: Call
    ) -> None:
        source = {"mlflow.source.name": "train.py"}
        log_run(ws, "old", params={"lr": "1"}, metrics={"x": 1}, tags=source, start_ms=1000)
        log_run(ws, "other", params={"lr": "7"}, tags={"mlflow.source.name": "x"}, start_ms=2000)
        log_run(ws, "new", params={"lr": "2"}, metrics={"x": 2}, tags=source, start_ms=3000)

        found = call("runs.changes", run_id="new")

        assert found.previous.run_id == "old"
        assert found.verdict.params == ["lr"]
        assert found.metrics[0].deltas == [0, 1]
        assert call("runs.changes", run_id="old").previous is None

    def test_a_script_is_known_by_its_name_whatever_its_options(
        self, room: Workroom, call: Call
    ) -> None:
        first = room.run(command="echo train.py --lr 1").name
        room.run(command="echo other.py")
        second = room.run(command="echo train.py --lr 2").name

        assert call("runs.changes", run_id=second).previous.run_id == first
