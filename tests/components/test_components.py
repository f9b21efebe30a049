"""Each built-in component does what it says, on real data."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_iris

from jupyter_mlws.components import FOLDER, documents
from jupyter_mlws.entities.asset import component_spec
from jupyter_mlws.execution.pipelines.fitting import is_data

pytestmark = pytest.mark.filterwarnings("default")
CODE = FOLDER / "code"
NOTHING: Mapping[str, Any] = MappingProxyType({})
Run = Callable[..., dict[str, Path]]


@pytest.fixture
def iris() -> pd.DataFrame:
    frame = load_iris(as_frame=True).frame
    frame.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width", "kind"]
    names = {0: "setosa", 1: "versicolor", 2: "virginica"}
    return frame.assign(kind=frame.kind.map(names))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a component's script as its job would: data and values in the environment."""
    monkeypatch.syspath_prepend(str(CODE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)

    def run(name: str, data: Mapping[str, Any] = NOTHING, /, **values: Any) -> dict[str, Path]:
        document = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
        for key, port in document["inputs"].items():
            if is_data(port["type"]):
                monkeypatch.delenv(f"AZURE_ML_INPUT_{key}", raising=False)
            else:
                monkeypatch.setenv(f"ARG_{key}", str(values.get(key, port.get("default", ""))))
        for key, given in data.items():
            path = given
            if isinstance(given, pd.DataFrame):
                path = tmp_path / f"in-{name}-{key}"
                path.mkdir(exist_ok=True)
                given.to_parquet(path / "data.parquet")
            monkeypatch.setenv(f"AZURE_ML_INPUT_{key}", str(path))
        outputs = {}
        for key, port in document["outputs"].items():
            outputs[key] = tmp_path / f"out-{name}-{key}"
            if is_data(port["type"]):
                outputs[key].mkdir(exist_ok=True)
            monkeypatch.setenv(f"AZURE_ML_OUTPUT_{key}", str(outputs[key]))
        runpy.run_path(str(CODE / f"{name}.py"), run_name="__main__")
        return outputs

    return run


def table(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


@pytest.mark.parametrize("name", sorted(documents()))
def test_it_is_a_component_with_types_and_help(name: str) -> None:
    document = documents()[name]

    spec = component_spec(document)

    assert (spec.name, (CODE / f"{name}.py").exists()) == (name, True)
    ports = [*document["inputs"].values(), *document["outputs"].values()]
    assert spec.description
    assert all(port.get("description") for port in ports)


def test_files_become_a_table(run: Run, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,age\nAna,30\nBen,40\n")

    made = run("import_data", {"data": tmp_path / "people.csv"}, rows=1)

    assert table(made["result"]).to_dict("list") == {"name": ["Ana"], "age": [30]}


def test_columns_are_kept_or_left_out(run: Run, iris: pd.DataFrame) -> None:
    kept = run("select_columns", {"table": iris}, columns="kind, petal_width")
    assert list(table(kept["result"])) == ["kind", "petal_width"]

    left = run("select_columns", {"table": iris}, columns="kind", leave_out=True)
    assert "kind" not in table(left["result"])


def test_a_column_that_is_not_there_is_named(run: Run, iris: pd.DataFrame) -> None:
    with pytest.raises(SystemExit, match="there is no column 'colour'"):
        run("select_columns", {"table": iris}, columns="colour")


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("median", [1.0, 2.0, 3.0, 2.0]),
        ("constant", [1.0, 2.0, 3.0, 9.0]),
        ("drop_rows", [1.0, 2.0, 3.0]),
    ],
)
def test_gaps_are_filled_or_dropped(run: Run, way: str, expected: list[float]) -> None:
    frame = pd.DataFrame({"n": [1.0, 2.0, 3.0, None]})

    made = run("clean_missing", {"table": frame}, way=way, constant="9")

    assert table(made["result"]).n.tolist() == expected


def test_types_are_converted(run: Run) -> None:
    frame = pd.DataFrame({"n": ["1", "x", "3"], "when": ["2024-01-02", "", "2024-03-04"]})

    numbers = table(run("convert_types", {"table": frame}, columns="n", to="integer")["result"])
    dates = table(run("convert_types", {"table": frame}, columns="when", to="datetime")["result"])

    assert numbers.n.isna().tolist() == [False, True, False]
    assert dates.when.dt.month.tolist()[::2] == [1, 3]


def test_words_become_true_and_false(run: Run) -> None:
    frame = pd.DataFrame({"ok": ["Yes", "no", "maybe"]})

    made = table(run("convert_types", {"table": frame}, columns="ok", to="boolean")["result"])

    assert made.ok.tolist()[:2] == [True, False]
    assert made.ok.isna().tolist() == [False, False, True]


def test_tables_are_joined(run: Run) -> None:
    left = pd.DataFrame({"id": [1, 2], "a": ["x", "y"]})
    right = pd.DataFrame({"id": [2, 3], "b": ["z", "w"]})

    made = run("join_tables", {"left": left, "right": right}, by="id")

    assert table(made["result"]).to_dict("records") == [{"id": 2, "a": "y", "b": "z"}]


def test_a_table_is_split_evenly_and_in_groups(run: Run, iris: pd.DataFrame) -> None:
    even = run("split_table", {"table": iris}, share=0.8, stratify="kind")
    assert table(even["second"]).kind.value_counts().tolist() == [10, 10, 10]

    groups = run("split_table", {"table": iris}, share=0.67, group="kind")
    first, second = (set(table(groups[key]).kind) for key in ("first", "second"))
    assert not first & second


def test_rows_are_sampled(run: Run, iris: pd.DataFrame) -> None:
    assert len(table(run("sample_rows", {"table": iris}, share=0.1)["result"])) == 15


def test_a_scale_is_learned_and_applied(run: Run, iris: pd.DataFrame) -> None:
    made = run("normalise", {"table": iris}, way="min_max")
    scaled = table(made["result"])
    assert scaled.petal_width.agg(["min", "max"]).tolist() == [0, 1]

    one = iris.head(1)
    data = {"table": one, "transformation": made["transformation"]}
    again = table(run("apply_transformation", data)["result"])
    assert again.petal_width.tolist() == scaled.petal_width.head(1).tolist()


def test_rare_values_become_one(run: Run) -> None:
    frame = pd.DataFrame({"town": ["A"] * 3 + ["B", "C"]})

    made = run("group_categories", {"table": frame}, columns="town", least=2)

    assert table(made["result"]).town.tolist() == ["A", "A", "A", "other", "other"]


def test_tables_are_asked_in_sql(run: Run, iris: pd.DataFrame) -> None:
    query = "SELECT kind, avg(petal_width) AS width FROM t1 GROUP BY kind ORDER BY width"

    made = run("sql_transform", {"t1": iris}, query=query)

    assert table(made["result"]).kind.tolist() == ["setosa", "versicolor", "virginica"]
    with pytest.raises(SystemExit, match="query:"):
        run("sql_transform", {"t1": iris}, query="SELEC 1")


def test_a_python_function_is_run(run: Run, iris: pd.DataFrame) -> None:
    script = "def azureml_main(a, b):\n    return a.head(2), b\n"

    made = run("python_script", {"table1": iris}, script=script)

    assert len(table(made["result"])) == 2
    with pytest.raises(SystemExit, match="no function 'main'"):
        run("python_script", {"table1": iris}, script="x = 1")


def test_r_says_when_it_is_not_there(
    run: Run, iris: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SystemExit, match="needs R"):
        run("r_script", {"table1": iris})


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="This machine has no R.")
def test_an_r_function_is_run(run: Run, iris: pd.DataFrame) -> None:
    script = "main <- function(table1) aggregate(. ~ kind, data = table1, FUN = mean)\n"

    made = run("r_script", {"table1": iris}, script=script)

    expected = iris.groupby("kind").mean().reset_index()
    pd.testing.assert_frame_equal(table(made["result"])[expected.columns], expected)


@pytest.mark.timeout(300)
def test_a_model_is_trained_scored_and_evaluated(run: Run, iris: pd.DataFrame) -> None:
    parts = run("split_table", {"table": iris}, share=0.7, stratify="kind")
    made = run(
        "train_model",
        {"table": parts["first"]},
        label="kind",
        estimator="RandomForestClassifier",
        parameters='{"n_estimators": 20, "random_state": 0}',
    )
    scored = run("score_model", {"table": parts["second"], "model": made["model"]})
    found = run("evaluate_model", {"scored": scored["result"]}, label="kind")
    data = {"table": parts["second"], "model": made["model"]}
    weights = run("feature_importance", data, label="kind", repeats=2)

    assert {"prediction", "chance_setosa"} <= set(table(scored["result"]))
    assert float(found["score"].read_text()) > 0.8
    assert "accuracy" in set(table(found["metrics"]).metric)
    assert table(weights["result"]).column.iloc[0].startswith("petal")


def test_numbers_are_told_too(run: Run, iris: pd.DataFrame) -> None:
    made = run("train_model", {"table": iris}, label="petal_width", estimator="LinearRegression")
    scored = run("score_model", {"table": iris, "model": made["model"]})
    found = run("evaluate_model", {"scored": scored["result"]}, label="petal_width")

    assert float(found["score"].read_text()) > 0.9


def test_an_unknown_estimator_is_told_with_a_hint(run: Run, iris: pd.DataFrame) -> None:
    with pytest.raises(SystemExit, match=r"Did you mean .*RandomForestClassifier"):
        run("train_model", {"table": iris}, label="kind", estimator="RandomForrestClassifier")
    with pytest.raises(SystemExit, match="'parameters' is no JSON"):
        run("train_model", {"table": iris}, label="kind", parameters="{")


def test_arguments_are_tuned(run: Run, iris: pd.DataFrame) -> None:
    grid = '{"max_depth": [1, 3]}'

    made = run(
        "tune_model", {"table": iris}, label="kind", estimator="DecisionTreeClassifier", grid=grid
    )

    trials = table(made["trials"])
    assert trials.max_depth.tolist() == [3, 1]
    assert (made["model"] / "MLmodel").exists()


def test_an_estimator_is_cross_validated(run: Run, iris: pd.DataFrame) -> None:
    made = run("cross_validate", {"table": iris}, label="kind", folds=3)

    assert len(table(made["folds"])) == 3
    assert float(made["score"].read_text()) > 0.8


def test_rows_are_clustered(run: Run, iris: pd.DataFrame) -> None:
    columns = "petal_length, petal_width"

    made = run("cluster", {"table": iris}, columns=columns, groups=3)

    found = table(made["result"])
    assert found.groupby("kind").cluster.agg(lambda c: c.mode()[0]).nunique() == 3


def test_a_model_below_the_least_score_is_not_registered(run: Run, tmp_path: Path) -> None:
    made = run("register_model", {"model": tmp_path}, name="m", least_score=0.9, score=0.5)

    assert made["version"].read_text() == ""
