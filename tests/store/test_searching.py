"""Searches find what MLflow's own search finds, in its order, whichever way they are run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from math import nan
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.entities import Metric, Param, Run, RunData, RunInfo, RunTag
from mlflow.utils.search_utils import SearchUtils

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.store import searching
from jupyter_mlws.store.base import Point, RunQuery
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.store import all_pages

N_RUNS = 60
WORDS = ("", "a", "A", "ab", "b%", "it's", "é", "[x]")
NUMBERS = (-1.0, 0.0, 0.5, 0.5, 1e9, nan)
STATUSES = {
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Running": "RUNNING",
    "Queued": "SCHEDULED",
}

texts = st.sampled_from(WORDS).map(
    lambda word: "'" + word + "'" if "'" not in word else f'"{word}"'
)
patterns = st.sampled_from(["'a%'", "'%b%'", "'_'", "'%'", "'[x]'", "'A_'"])
text_tests = st.one_of(
    st.tuples(st.sampled_from(["=", "!="]), texts),
    st.tuples(st.sampled_from(["LIKE", "ILIKE"]), patterns),
).map(" ".join)
number_tests = st.tuples(
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.sampled_from(["-1", "0", "0.5", "1e9"])
).map(" ".join)
comparisons = st.one_of(
    st.tuples(st.sampled_from(["metrics.m", "metric.`n n`", "metrics.none"]), number_tests),
    st.tuples(
        st.sampled_from(["params.p", "param.q", "tags.t", "run_name", "user_id"]), text_tests
    ),
    st.tuples(st.sampled_from(["params.p", "tags.t"]), st.sampled_from(["IS NULL", "IS NOT NULL"])),
    st.tuples(st.just("status ="), st.sampled_from(sorted(STATUSES.values())).map("'{}'".format)),
    st.tuples(st.sampled_from(["start_time", "end_time"]), number_tests),
).map(" ".join)
filters = st.lists(comparisons, max_size=3).map(" AND ".join)
fields = ["metrics.m", "metrics.`n n`", "params.p", "tags.t", "start_time", "end_time", "run_name"]
orders = st.lists(st.sampled_from(fields), max_size=3, unique=True).flatmap(
    lambda chosen: st.tuples(*(st.sampled_from([f, f"{f} ASC", f"{f} DESC"]) for f in chosen))
)


def random_run(number: int, chance: random.Random) -> dict[str, Any]:
    """What one run has, with much that is equal among runs and much that is missing."""
    keys = [key for key in ("m", "n n", "p", "q", "t") if chance.random() < 0.7]
    return {
        "run_id": f"r{chance.randrange(10**6):06d}{number}",
        "name": chance.choice(WORDS),
        "user": chance.choice(WORDS),
        "status": chance.choice(list(STATUSES)),
        "start_ms": chance.randrange(5),
        "end_ms": chance.choice([None, 1, 2]),
        "metrics": {key: chance.choice(NUMBERS) for key in keys if key in {"m", "n n"}},
        "params": {key: chance.choice(WORDS) for key in keys if key in {"p", "q"}},
        "tags": {key: chance.choice(WORDS) for key in keys if key == "t"},
    }


def put(store: SqliteStore, run: dict[str, Any]) -> None:
    run_id = run["run_id"]
    with store.change("user:ana", "runs/write", f"run:{run_id}") as tx:
        tx.create_run(
            run_id,
            run["start_ms"] % 2,
            name=run["name"],
            user=run["user"],
            status=run["status"],
            start_ms=run["start_ms"],
            params=run["params"],
            tags=run["tags"],
        )
        tx.update_run(run_id, end_ms=run["end_ms"])
        tx.log(run_id, metrics=[Point(key, value, 0) for key, value in run["metrics"].items()])


def as_mlflow(run: dict[str, Any]) -> Run:
    info = RunInfo(
        run_id=run["run_id"],
        experiment_id="0",
        user_id=run["user"],
        status=STATUSES[run["status"]],
        start_time=run["start_ms"],
        end_time=run["end_ms"],
        lifecycle_stage="active",
        run_name=run["name"],
    )
    data = RunData(
        [Metric(key, value, 0, 0) for key, value in run["metrics"].items()],
        [Param(key, value) for key, value in run["params"].items()],
        [RunTag(key, value) for key, value in run["tags"].items()],
    )
    return Run(info, data)


@pytest.fixture(scope="module")
def runs() -> list[dict[str, Any]]:
    chance = random.Random(7)
    return [random_run(number, chance) for number in range(N_RUNS)]


@pytest.fixture(scope="module")
def store(runs: list[dict[str, Any]]) -> Iterator[SqliteStore]:
    made = SqliteStore(":memory:")
    with made.change("user:ana", "experiments/write", "experiment:1") as tx:
        tx.create_experiment("odd")
    for run in runs:
        put(made, run)
    yield made
    made.close()


@pytest.mark.parametrize("few", [0, 5, 1000])
@pytest.mark.parametrize("most_walks", [1, 64])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=filters, order_by=orders, size=st.sampled_from([1, 7, 100]), named=st.booleans())
def test_a_search_finds_what_mlflow_finds(
    store: SqliteStore,
    runs: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    most_walks: int,
    text: str,
    order_by: tuple[str, ...],
    size: int,
    named: bool,
) -> None:
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(searching, "MOST_WALKS", most_walks)
    every = [as_mlflow(run) for run in runs]
    chosen = SearchUtils.filter(every, text)  # type: ignore[no-untyped-call]
    wanted = SearchUtils.sort(chosen, list(order_by))  # type: ignore[no-untyped-call]

    query = RunQuery(filter=text, order_by=order_by, experiment_ids=[0, 1] if named else None)

    assert all_pages(store, query, size) == [run.info.run_id for run in wanted]
    assert store.count_runs(query) == len(wanted)


@pytest.mark.parametrize(
    "order_by", [[], ["start_time"], ["metrics.m DESC"], ["params.p", "metrics.m"], ["run_name"]]
)
def test_a_page_may_be_found_in_another_way_than_the_one_before(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, order_by: list[str]
) -> None:
    query = RunQuery(filter="metrics.m >= 0", order_by=order_by, max_results=3)
    wanted, _ = store.search_runs(replace(query, max_results=N_RUNS))
    found, token = store.search_runs(query)

    while token:
        monkeypatch.setattr(searching, "FEW", 1000 - searching.FEW)
        monkeypatch.setattr(searching, "MOST_WALKS", 65 - searching.MOST_WALKS)
        more, token = store.search_runs(replace(query, page_token=token))
        found += more

    assert [run.run_id for run in found] == [run.run_id for run in wanted]


def test_more_ids_than_sqlite_takes_are_refused(store: SqliteStore) -> None:
    with pytest.raises(Invalid, match="too much for the database"):
        store.search_runs(RunQuery(experiment_ids=range(300_000)))


@pytest.fixture
def library() -> Iterator[SqliteStore]:
    store = SqliteStore(":memory:")
    with store.change("user:ana", "runs/write", "run") as tx:
        runs: list[tuple[str, str, dict[str, str], dict[str, str]]] = [
            ("a1", "ResNet 50%", {"net": "x"}, {"note": "fine"}),
            ("b2", "other", {"net": "my resnet"}, {}),
            ("c3", "third", {}, {"note": "no RESNET here", "mlflow.note.content": "50_"}),
            ("d4", "fourth", {"net": "vgg"}, {"note": "it's"}),
        ]
        for run_id, name, params, tags in runs:
            tx.create_run(
                run_id, 0, name=name, user="ana", status="Running", params=params, tags=tags
            )
        tx.log("a1", metrics=[Point("auc", 0.9, 1)])
    yield store
    store.close()


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("'resnet'", "a1 b2 c3"),
        ('"RESNET" AND metrics.auc > 0.5', "a1"),
        ("NOT 'resnet'", "d4"),
        ("'50%'", "a1"),
        ("'50_'", "c3"),
        ("('vgg' OR 'b2')", "b2 d4"),
        ('"it\'s"', "d4"),
        ("'nothing of the kind'", ""),
    ],
)
def test_a_text_by_itself_is_looked_for_in_all_that_is_written(
    library: SqliteStore, filter: str, found: str
) -> None:
    rows, _ = library.search_runs(RunQuery(filter=filter, order_by=["run_id"]))

    assert " ".join(row.run_id for row in rows) == found


def test_experiments_have_no_full_text(library: SqliteStore) -> None:
    with pytest.raises(Invalid, match="Invalid clause"):
        library.search_experiments(filter="'Default'")
