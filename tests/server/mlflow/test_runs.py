"""Runs, their params, metrics and tags, through the stock client."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

from jupyter_mlws.entities.run import Status
from jupyter_mlws.server.mlflow.runs import TO_THEIRS
from tests.server.mlflow.serving import Client, Server

Post = Callable[..., httpx.Response]


def test_a_run_is_made_as_mlflow_makes_it(client: Client, experiment_id: str) -> None:
    run = client.create_run(experiment_id, 1234, {"a": "b"}, "my run")

    assert len(run.info.run_id) == 32
    assert run.info.status == "RUNNING"
    assert run.info.start_time == 1234
    assert run.info.end_time is None
    assert run.info.artifact_uri == f"mlflow-artifacts:/{experiment_id}/{run.info.run_id}/artifacts"
    assert run.data.tags == {"a": "b", "mlflow.runName": "my run"}


def test_the_answer_to_a_new_run_is_what_is_kept(client: Client, experiment_id: str) -> None:
    made = client.create_run(experiment_id, tags={"a": "b"})

    kept = client.get_run(made.info.run_id)

    assert made.to_dictionary() == kept.to_dictionary()


@pytest.mark.parametrize("by_tag", [True, False])
def test_a_run_is_named_by_name_or_tag(client: Client, experiment_id: str, by_tag: bool) -> None:
    tags = {"mlflow.runName": "named"} if by_tag else {}

    run = client.create_run(experiment_id, tags=tags, run_name=None if by_tag else "named")

    assert run.info.run_name == "named"
    assert run.data.tags["mlflow.runName"] == "named"


def test_a_run_without_a_name_gets_one(client: Client, run_id: str) -> None:
    run = client.get_run(run_id)

    assert run.info.run_name.count("-") == 2
    assert run.data.tags["mlflow.runName"] == run.info.run_name


def test_a_run_without_an_experiment_is_in_the_default_one(post: Post) -> None:
    assert post("runs/create").json()["run"]["info"]["experiment_id"] == "0"


def test_an_unset_end_is_left_out_and_an_unset_step_is_0(
    http: httpx.Client, post: Post, run_id: str
) -> None:
    post("runs/log-metric", run_id=run_id, key="a", value=1, timestamp=1)

    run = http.get("/api/2.0/mlflow/runs/get", params={"run_id": run_id}).json()["run"]

    assert "end_time" not in run["info"]
    assert run["data"]["metrics"] == [{"key": "a", "value": 1.0, "timestamp": 1, "step": 0}]
    assert run["inputs"] == {}
    assert "params" not in run["data"]


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_run_ends(client: Client, run_id: str, status: str) -> None:
    client.set_terminated(run_id, status, 5678)

    info = client.get_run(run_id).info
    assert (info.status, info.end_time) == (status, 5678)


def test_an_ended_run_can_be_resumed(client: Client, experiment_id: str) -> None:
    with mlflow.start_run() as run:
        pass
    with mlflow.start_run(run.info.run_id):
        resumed = client.get_run(run.info.run_id).info

    assert resumed.status == "RUNNING"
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


def test_the_answer_to_an_update_is_what_is_kept(
    http: httpx.Client, post: Post, run_id: str
) -> None:
    answer = post("runs/update", run_id=run_id, status="FAILED", end_time=7, run_name="other")

    kept = http.get("/api/2.0/mlflow/runs/get", params={"run_id": run_id}).json()["run"]
    assert answer.json()["run_info"] == kept["info"]
    assert {"key": "mlflow.runName", "value": "other"} in kept["data"]["tags"]


def test_the_name_tag_renames(client: Client, run_id: str) -> None:
    client.set_tag(run_id, "mlflow.runName", "by tag")
    assert client.get_run(run_id).info.run_name == "by tag"

    client.log_batch(run_id, tags=[RunTag("mlflow.runName", "by batch")])
    assert client.get_run(run_id).info.run_name == "by batch"


def test_a_job_keeps_the_state_that_the_dispatcher_gave_it(server: Server, client: Client) -> None:
    with server.store.change("test", "jobs/write", "job:a-job") as tx:
        tx.create_run("a-job", 0, name="a", type="command", user="u", status="Running")

    client.set_terminated("a-job", "FINISHED", 5)
    client.update_run("a-job", name="renamed")

    row = server.store.get_run("a-job")
    assert (row.status, row.end_ms, row.name) == ("Running", None, "renamed")
    assert client.get_run("a-job").info.status == "RUNNING"


def test_every_state_of_ours_has_a_word_of_theirs() -> None:
    assert set(TO_THEIRS) == {status.value for status in Status}


def test_runs_nest(client: Client, experiment_id: str, server: Server) -> None:
    with mlflow.start_run() as parent, mlflow.start_run(nested=True) as child:
        pass

    found = client.search_runs([experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")

    assert [run.info.run_id for run in found] == [child.info.run_id]
    assert server.store.get_run(child.info.run_id).parent_id == parent.info.run_id


def test_an_unknown_run_is_told(client: Client) -> None:
    with pytest.raises(MlflowException, match="Run with id=nobody not found") as e:
        client.get_run("nobody")
    assert e.value.error_code == "RESOURCE_DOES_NOT_EXIST"


# Params
def test_a_param_is_written_once(client: Client, run_id: str) -> None:
    client.log_param(run_id, "lr", 0.1)
    client.log_param(run_id, "lr", 0.1)

    told = (
        "Changing param values is not allowed. Param with key='lr' was already logged with "
        f"value='0.1' for run ID='{run_id}'. Attempted logging new value '0.2'."
    )
    with pytest.raises(MlflowException, match=told):
        client.log_param(run_id, "lr", 0.2)
    assert client.get_run(run_id).data.params == {"lr": "0.1"}


def test_a_changed_param_in_a_batch_stops_all_of_it(client: Client, run_id: str) -> None:
    client.log_param(run_id, "lr", "1")

    told = (
        rf"Params were already logged='\[{{'key': 'lr', 'old_value': '1', 'new_value': '2'}}\]' "
        rf"for run ID='{run_id}'\."
    )
    with pytest.raises(MlflowException, match=told):
        client.log_batch(
            run_id, [Metric("m", 1, 1, 0)], [Param("new", "1"), Param("lr", "2")], [RunTag("t", "")]
        )

    data = client.get_run(run_id).data
    assert data.params == {"lr": "1"}
    assert data.metrics == {}
    assert "t" not in data.tags


def test_long_params_and_tags_are_cut(post: Post, client: Client, run_id: str) -> None:
    post("runs/log-parameter", run_id=run_id, key="p", value="ü" * 7000)
    post("runs/set-tag", run_id=run_id, key="t", value="ü" * 9000)

    data = client.get_run(run_id).data
    assert data.params["p"] == "ü" * 6000
    assert data.tags["t"] == "ü" * 8000


# Tags
def test_tags_are_upserted_and_dropped(client: Client, run_id: str) -> None:
    client.log_batch(run_id, tags=[RunTag("a", "1"), RunTag("a", "2"), RunTag("b/c d", "日本")])
    client.set_tag(run_id, "x", 3)
    client.delete_tag(run_id, "x")

    tags = client.get_run(run_id).data.tags
    assert (tags["a"], tags["b/c d"]) == ("2", "日本")
    assert "x" not in tags
    with pytest.raises(MlflowException, match=f"No tag with name: x in run with id {run_id}"):
        client.delete_tag(run_id, "x")


def test_a_tag_without_value_is_empty(post: Post, client: Client, run_id: str) -> None:
    post("runs/set-tag", run_id=run_id, key="empty")

    assert client.get_run(run_id).data.tags["empty"] == ""


# Deleting
def test_a_deleted_run_can_be_read_and_not_written(post: Post, client: Client, run_id: str) -> None:
    client.delete_run(run_id)
    client.delete_run(run_id)

    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    for path, fields in (
        ("runs/update", {"status": "FINISHED"}),
        ("runs/log-metric", {"key": "a", "value": 1, "timestamp": 1}),
        ("runs/log-parameter", {"key": "a", "value": "1"}),
        ("runs/log-batch", {"tags": [{"key": "a", "value": "b"}]}),
        ("runs/set-tag", {"key": "a", "value": "b"}),
        ("runs/delete-tag", {"key": "mlflow.runName"}),
        ("runs/log-inputs", {"models": [{"model_id": "m-1"}]}),
        ("runs/outputs", {"models": [{"model_id": "m-1"}]}),
    ):
        answer = post(path, run_id=run_id, **fields)
        assert answer.status_code == 400, path
        assert answer.json()["message"] == (
            f"The run {run_id} must be in the 'active' state. Current state is deleted."
        )


def test_a_deleted_run_comes_back(client: Client, run_id: str) -> None:
    client.delete_run(run_id)
    client.restore_run(run_id)
    client.restore_run(run_id)

    assert client.get_run(run_id).info.lifecycle_stage == "active"


# Searching
@pytest.fixture
def three(client: Client, experiment_id: str) -> dict[str, str]:
    """Names of runs by id: `a` (acc 1), `b` (acc 2), `c` (acc NaN, deleted)."""
    found = {}
    for i, name in enumerate("abc"):
        run_id = client.create_run(experiment_id, 1000 + i, run_name=name).info.run_id
        client.log_batch(
            run_id,
            [Metric("acc", [1.0, 2.0, float("nan")][i], 1, 0)],
            [Param("odd key", "x%d" % i)],  # noqa: UP031
        )
        found[run_id] = name
    client.delete_run(run_id)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ba"),
        ("metrics.acc > 1", "b"),
        ('params."odd key" LIKE "x%" and metric.acc <= 1', "a"),
        ("tags.mlflow.runName ILIKE 'A'", "a"),
        ("attributes.run_name != 'a'", "b"),
        ("status = 'RUNNING' AND start_time >= 1001", "b"),
        ("params.`odd key` IN ('x0', 'x9')", "a"),
        ("params.none IS NULL", "ba"),
        ("metrics.acc = 1 OR NOT run_name = 'a'", "ba"),
    ],
)
def test_runs_are_searched(
    client: Client, experiment_id: str, three: dict[str, str], text: str, expected: str
) -> None:
    found = client.search_runs([experiment_id], text)

    assert "".join(three[run.info.run_id] for run in found) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [("metrics.acc", "abc"), ("metrics.acc DESC", "bac"), ("run_name", "abc")],
)
def test_runs_are_ordered_numbers_first(
    client: Client, experiment_id: str, three: dict[str, str], order: str, expected: str
) -> None:
    found = client.search_runs([experiment_id], run_view_type=ViewType.ALL, order_by=[order])

    assert "".join(three[run.info.run_id] for run in found) == expected


def test_a_search_goes_by_pages_and_brings_all_data(
    client: Client, experiment_id: str, three: dict[str, str]
) -> None:
    pages, token = [], None
    while token != "":
        page = client.search_runs([experiment_id], max_results=1, page_token=token)
        pages += list(page)
        token = page.token or ""

    assert [three[run.info.run_id] for run in pages] == ["b", "a"]
    assert pages[0].data.metrics == {"acc": 2.0}
    assert pages[0].data.params == {"odd key": "x1"}


def test_a_search_of_no_experiment_finds_nothing(post: Post) -> None:
    assert post("runs/search", experiment_ids=[]).json() == {}


def test_search_runs_gives_a_table(client: Client, three: dict[str, str]) -> None:
    table = mlflow.search_runs(order_by=["metrics.acc ASC"])

    assert list(table["metrics.acc"]) == [1.0, 2.0]
    assert list(table["status"]) == ["RUNNING", "RUNNING"]


# Old clients
def test_a_model_logged_by_an_old_client_is_noted(post: Post, client: Client, run_id: str) -> None:
    model = '{"artifact_path": "m", "flavors": {}, "utc_time_created": "now", "run_id": "r"}'

    assert post("runs/log-model", run_id=run_id, model_json=model).status_code == 200
    assert post("runs/log-model", run_id=run_id, model_json=model).status_code == 200

    assert client.get_run(run_id).data.tags["mlflow.log-model.history"].count("artifact_path") == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"flavors": {}}'])
def test_a_broken_model_is_refused(post: Post, run_id: str, text: str) -> None:
    answer = post("runs/log-model", run_id=run_id, model_json=text)

    assert answer.status_code == 400


# Many at a time
def test_32_clients_that_log_at_the_same_time_lose_nothing(
    server: Server, client: Client, experiment_id: str
) -> None:
    run_ids = [client.create_run(experiment_id).info.run_id for _ in range(4)]
    failures: list[str] = []

    def work(number: int) -> None:
        http = server.http()
        run_id = run_ids[number % 4]
        for i in range(20):
            body = {"run_id": run_id, "key": f"m{number}", "value": i, "timestamp": i, "step": i}
            answers = [http.post("/api/2.0/mlflow/runs/log-metric", json=body)]
            points = [
                {"key": f"b{number}", "value": float(j), "timestamp": i, "step": i * 300 + j}
                for j in range(300)
            ]
            batch = {"run_id": run_id, "metrics": points}
            answers.append(http.post("/api/2.0/mlflow/runs/log-batch", json=batch))
            failures.extend(answer.text for answer in answers if answer.status_code != 200)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    for number in range(32):
        run_id = run_ids[number % 4]
        assert len(server.store.history(run_id, f"m{number}")[0]) == 20
        assert len(server.store.history(run_id, f"b{number}")[0]) == 6000
