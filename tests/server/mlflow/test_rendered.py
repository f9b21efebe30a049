"""Runs that are kept as JSON are never shown as they were before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import httpx
import orjson

from jupyter_mlws.server.mlflow.rendered import Rendered
from jupyter_mlws.store.base import RunMark
from tests.server.mlflow.serving import Server

Post = Callable[..., httpx.Response]
DATASET = {"name": "d", "digest": "1", "source_type": "local", "source": "{}"}

WRITES: dict[str, dict[str, Any]] = {
    "runs/log-metric": {"key": "m", "value": 2.5, "timestamp": 9, "step": 1},
    "runs/log-parameter": {"key": "p", "value": "1"},
    "runs/set-tag": {"key": "t", "value": "2"},
    "runs/delete-tag": {"key": "t"},
    "runs/log-batch": {
        "metrics": [{"key": "m", "value": "NaN", "timestamp": 10, "step": 2}],
        "params": [{"key": "q", "value": "ü\n"}],
        "tags": [{"key": "mlflow.runName", "value": "renamed"}],
    },
    "runs/log-inputs": {
        "datasets": [{"dataset": DATASET, "tags": [{"key": "mlflow.data.context", "value": "x"}]}]
    },
    "runs/outputs": {"models": [{"model_id": "m-1", "step": 3}]},
    "runs/update": {"status": "FINISHED", "end_time": 5678, "run_name": "again"},
    "runs/delete": {},
    "runs/restore": {},
}


def test_a_search_shows_every_kind_of_write_at_once(
    http: httpx.Client, post: Post, experiment_id: str
) -> None:
    tags = [{"key": "t", "value": "1"}]
    made = post("runs/create", experiment_id=experiment_id, start_time=1, tags=tags).json()["run"]
    other = post("runs/create", experiment_id=experiment_id, start_time=0).json()["run"]
    shown = [_sorted(made)]
    assert _found(post, experiment_id) == [_sorted(made), other]

    for path, fields in WRITES.items():
        assert post(path, run_id=made["info"]["run_id"], **fields).status_code == 200
        asked = {"run_id": made["info"]["run_id"]}
        now = _sorted(http.get("/api/2.0/mlflow/runs/get", params=asked).json()["run"])

        assert _found(post, experiment_id) == [now, other]
        assert now != shown[-1], path
        shown.append(now)

    assert shown[-1] == shown[-3]  # deleted and restored


def test_a_run_that_is_gone_is_not_found(server: Server, post: Post, experiment_id: str) -> None:
    run_id = post("runs/create", experiment_id=experiment_id).json()["run"]["info"]["run_id"]
    assert len(_found(post, experiment_id)) == 1

    with server.store.change("ana", "runs/delete", f"run:{run_id}") as tx:
        tx.delete_run(run_id)

    assert _found(post, experiment_id) == []


def test_what_was_acknowledged_is_seen_while_others_write_and_search(
    post: Post, server: Server, experiment_id: str
) -> None:
    run_ids = [
        post("runs/create", experiment_id=experiment_id).json()["run"]["info"]["run_id"]
        for _ in range(4)
    ]
    done = threading.Event()
    faults: list[str] = []

    def write(run_id: str) -> None:
        http = server.http()
        for n in range(40):
            fields = {
                "metrics": [{"key": "m", "value": n, "timestamp": n, "step": n}],
                "tags": [{"key": "t", "value": str(n)}],
            }
            http.post("/api/2.0/mlflow/runs/log-batch", json={"run_id": run_id, **fields})
            found = _search(http, experiment_id)
            data = next(run["data"] for run in found if run["info"]["run_id"] == run_id)
            if _state(data) != (n, str(n)):
                faults.append(f"{_state(data)} instead of {n}")

    def watch() -> None:
        http = server.http()
        seen = dict.fromkeys(run_ids, -1)
        while not done.is_set():
            for run in _search(http, experiment_id):
                metric, tag = _state(run["data"])
                if str(metric) != tag and tag != "none":
                    faults.append(f"the metric {metric} with the tag {tag}")
                if metric < seen[run["info"]["run_id"]]:
                    faults.append(f"back to {metric}")
                seen[run["info"]["run_id"]] = metric

    writers = [threading.Thread(target=write, args=(run_id,)) for run_id in run_ids]
    watcher = threading.Thread(target=watch)
    for thread in (*writers, watcher):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    watcher.join()

    assert faults == []


def test_what_has_not_changed_is_rendered_once() -> None:
    rendered, asked = Rendered(), _Runs()

    first = rendered.all([RunMark("a", 1), RunMark("b", 1)], asked.render)
    again = rendered.all([RunMark("b", 1), RunMark("a", 1)], asked.render)

    assert asked.rendered == ["a", "b"]
    assert orjson.dumps(first) == b'["a1","b1"]'
    assert orjson.dumps(again) == b'["b1","a1"]'


def test_another_mark_is_rendered_anew_also_an_older_one() -> None:
    rendered, runs = Rendered(), _Runs()
    rendered.all([RunMark("a", 1)], runs.render)
    runs.changed["a"] = 2

    assert orjson.dumps(rendered.all([RunMark("a", 2)], runs.render)) == b'["a2"]'
    # Somebody who found the run before it changed, and asks for it now.
    assert orjson.dumps(rendered.all([RunMark("a", 1)], runs.render)) == b'["a2"]'
    assert orjson.dumps(rendered.all([RunMark("a", 2)], runs.render)) == b'["a2"]'
    assert runs.rendered == ["a", "a", "a"]


def test_a_run_that_is_gone_meanwhile_is_left_out() -> None:
    runs = _Runs(gone={"a"})

    assert (
        orjson.dumps(Rendered().all([RunMark("a", 1), RunMark("b", 1)], runs.render)) == b'["b1"]'
    )


def test_what_is_kept_stays_small_and_what_is_asked_for_stays() -> None:
    rendered, runs = Rendered(400), _Runs()

    for n in count():
        rendered.all([RunMark("often", 1), RunMark(f"r{n}", 1)], runs.render)
        kept = [text for half in (rendered._newer, rendered._older) for _, text in half.values()]
        assert sum(map(len, kept)) <= 400 + len(b'"often1"') * 2
        if n == 500:
            break

    assert runs.rendered.count("often") == 1
    rendered.all([RunMark("r0", 1)], runs.render)
    assert runs.rendered.count("r0") == 2


class _Runs:
    """Runs that are rendered as their id and mark."""

    def __init__(self, gone: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        self.changed: dict[str, int] = {}
        self.rendered: list[str] = []
        self._gone = gone

    def render(self, run_ids: Sequence[str]) -> Iterator[tuple[RunMark, bytes]]:
        for run_id in run_ids:
            if run_id not in self._gone:
                changed = self.changed.get(run_id, 1)
                self.rendered.append(run_id)
                yield RunMark(run_id, changed), orjson.dumps(f"{run_id}{changed}")


def _search(http: httpx.Client, experiment_id: str) -> list[dict[str, Any]]:
    asked = {"experiment_ids": [experiment_id], "run_view_type": "ALL"}
    found: list[dict[str, Any]] = http.post("/api/2.0/mlflow/runs/search", json=asked).json()[
        "runs"
    ]
    return found


def _found(post: Post, experiment_id: str) -> list[dict[str, Any]]:
    asked = {"experiment_ids": [experiment_id], "run_view_type": "ALL"}
    return [_sorted(run) for run in post("runs/search", **asked).json().get("runs", [])]


def _sorted(run: dict[str, Any]) -> dict[str, Any]:
    """The run with its tags by key: their order tells nothing."""
    for values in run["data"].values():
        values.sort(key=lambda value: str(value["key"]))
    return run


def _state(data: dict[str, Any]) -> tuple[int, str]:
    """The values of the metric `m` and the tag `t`."""
    metric = data["metrics"][0]["value"] if "metrics" in data else -1
    return int(metric), next((tag["value"] for tag in data["tags"] if tag["key"] == "t"), "none")
