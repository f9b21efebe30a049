"""Who gets in, what is refused, and how refusals look."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from jupyter_mlws.server.mlflow import table
from tests.server.mlflow.serving import Server

Post = Callable[..., httpx.Response]

ENDPOINTS = [
    *((method, f"/api/{path}") for method, path in table.PLAIN),
    *((method, f"/api/{re.sub('{.*?}', 'x', e.path)}") for method, _, e in table.WITH_NAMES),
    *((method, "/api/2.0/mlflow-artifacts/artifacts/a") for method in ("GET", "PUT", "DELETE")),
    ("GET", "/api/2.0/mlflow-artifacts/artifacts"),
    ("POST", "/api/2.0/mlflow-artifacts/mpu/create/a"),
    ("GET", "/api/2.0/mlflow-artifacts/presigned/a"),
    ("GET", "/api/2.0/mlflow/no-such-thing"),
    ("GET", "/no-such-thing"),
]


@pytest.fixture(scope="module")
def stranger(server: Server) -> httpx.Client:
    return server.http(None)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_route_refuses_without_a_token(
    stranger: httpx.Client, method: str, path: str
) -> None:
    answer = stranger.request(method, path, content=b"{}")

    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (entry.method, f"/api/{re.sub('{.*?}', 'x', entry.path)}")
        for entry in [*table.PLAIN.values(), *(entry for _, _, entry in table.WITH_NAMES)]
        if not entry.action.endswith("/read")
    ],
)
def test_a_reader_may_not_write(server: Server, method: str, path: str) -> None:
    reader = server.http(server.token("reader", "Reader"))

    answer = reader.request(method, path, json={})

    assert answer.status_code == 403
    assert answer.json()["error_code"] == "PERMISSION_DENIED"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_reader_may_not_write_artifacts(server: Server, method: str) -> None:
    reader = server.http(server.token("reader", "Reader"))

    answer = reader.request(method, "/api/2.0/mlflow-artifacts/artifacts/0/a", content=b"a")

    assert answer.status_code == 403


def test_a_reader_reads(server: Server) -> None:
    reader = server.http(server.token("reader", "Reader"))

    answer = reader.get("/api/2.0/mlflow/experiments/get", params={"experiment_id": "0"})

    assert answer.json()["experiment"]["name"] == "Default"


@pytest.mark.parametrize("scheme", ["bearer", "token", "basic"])
def test_a_token_comes_in_each_of_the_usual_ways(server: Server, scheme: str) -> None:
    auth = httpx.BasicAuth("anybody", "owners-token") if scheme == "basic" else None
    headers = {} if auth else {"Authorization": f"{scheme.title()} owners-token"}

    answer = server.http(None).get(
        "/api/2.0/mlflow/experiments/get",
        params={"experiment_id": "0"},
        headers=headers,
        auth=auth,
    )

    assert answer.status_code == 200


def test_a_page_of_another_site_is_refused(http: httpx.Client) -> None:
    answer = http.get("/api/2.0/mlflow/runs/search", headers={"Origin": "http://evil.example"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/2.0/mlflow/no-such-thing"),
        ("POST", "/api/2.0/mlflow/runs/get"),
        ("GET", "/api/3.0/mlflow/runs/get"),
        ("GET", "/api/2.0/preview/mlflow/runs/get"),
        ("GET", "/graphql"),
    ],
)
def test_unknown_paths_are_told_in_json(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path)

    assert answer.status_code == 404
    assert answer.json()["error_code"] == "ENDPOINT_NOT_FOUND"


def test_the_web_pages_paths_lead_to_the_same_endpoints(http: httpx.Client) -> None:
    answer = http.get("/ajax-api/2.0/mlflow/experiments/get", params={"experiment_id": "0"})

    assert answer.json()["experiment"]["experiment_id"] == "0"


def test_version_and_health_are_plain_text(http: httpx.Client) -> None:
    assert http.get("/health").text == "OK"
    assert re.fullmatch(r"\d+\.\d+\.\d+", http.get("/version").text)


@pytest.mark.parametrize("path", ["/health", "/version"])
def test_version_and_health_are_not_for_strangers(server: Server, path: str) -> None:
    assert server.http(None).get(path).status_code == 401


def test_the_server_says_what_it_can_do(http: httpx.Client) -> None:
    answer = http.get("/api/3.0/mlflow/server-info")

    assert answer.json()["store_type"] == "SqlStore"
    assert answer.json()["workspaces_enabled"] is False


def test_answers_are_compact_json(http: httpx.Client) -> None:
    answer = http.get("/api/2.0/mlflow/experiments/get", params={"experiment_id": "0"})

    assert answer.headers["Content-Type"] == "application/json"
    assert b": " not in answer.content


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("runs/create", {"experiment_id": 1}, "Invalid value 1 for parameter 'experiment_id' supplied"),
    ("runs/create", {"experiment_id": "x"}, "Invalid experiment ID 'x'. Experiment ID must be a v"),
    ("runs/create", {"start_time": "soon"}, "Invalid value \"soon\" for parameter 'start_time'"),
    ("runs/create", {"start_time": 2**63}, "for parameter 'start_time' supplied"),
    ("runs/create", {"tags": {"a": "b"}}, "for parameter 'tags' supplied"),
    ("runs/create", {"tags": [1]}, "Invalid value [1] for parameter 'tags' supplied"),
    (
        "runs/create",
        {"tags": [{"value": "b"}]},
        "Missing value for required parameter 'tags[0].key'",
    ),
    ("runs/create", {"tags": [{"key": "a", "value": 1}]}, "parameter 'tags[0].value' supplied"),
    (
        "runs/create",
        {"tags": [{"key": "../a", "value": "b"}]},
        "Invalid value \"../a\" for parameter 'tags[0].key' supplied: Names may be treated as files",
    ),
    (
        "runs/create",
        {"tags": [{"key": "a$", "value": "b"}]},
        (
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), "
            "spaces ( ), colon(:) and slashes (/)."
        ),
    ),
    (
        "runs/create",
        {"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]},
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values",
    ),
    ("runs/update", {}, "Missing value for required parameter 'run_id'. See the API docs"),
    ("runs/update", {"runId": "a"}, "Missing value for required parameter 'run_id'."),
    ("runs/update", {"run_id": "RUN", "status": "DONE"}, 'Invalid value "DONE" for parameter'),
    ("runs/update", {"run_id": "RUN", "end_time": True}, "parameter 'end_time' supplied"),
    ("runs/log-metric", {"run_id": "RUN", "key": "a"}, "required parameter 'value'"),
    (
        "runs/log-metric",
        {"run_id": "RUN", "key": "a", "value": "much", "timestamp": 1},
        "Invalid value \"much\" for parameter 'value' supplied",
    ),
    (
        "runs/log-metric",
        {"run_id": "RUN", "key": "a", "value": 1, "timestamp": -1},
        "Timestamp must be a nonnegative long (64-bit integer)",
    ),
    (
        "runs/log-metric",
        {"run_id": "RUN", "key": "a" * 251, "value": 1, "timestamp": 1},
        "'Metric name' exceeds the maximum length of 250 characters",
    ),
    (
        "runs/log-metric",
        {"run_id": "RUN", "key": "a", "value": 1, "timestamp": 1, "step": 1.5},
        "Invalid value 1.5 for parameter 'step' supplied",
    ),
    (
        "runs/log-metric",
        {"run_id": "RUN", "key": "a", "value": 1, "timestamp": 1, "model_id": "m-none"},
        "Logged model with ID 'm-none' not found.",
    ),
    ("runs/log-parameter", {"run_id": "RUN", "key": "a", "value": 3}, "parameter 'value' supplied"),
    (
        "runs/log-parameter",
        {"run_id": "RUN", "key": "a" * 251, "value": "b"},
        "'Param key' exceeds the maximum length of 250 characters",
    ),
    (
        "runs/log-batch",
        {"run_id": "RUN", "metrics": [{"key": "a", "timestamp": 1}]},
        "Missing value for required parameter 'metrics[0].value'. See the API docs",
    ),
    (
        "runs/log-batch",
        {"run_id": "RUN", "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]},
        (
            "Duplicate parameter keys have been submitted: ['a']. Please ensure the request contains "
            "only one param value per param key."
        ),
    ),
    (
        "runs/log-batch",
        {"run_id": "RUN", "metrics": [{"key": "a", "value": 1.0, "timestamp": 1}] * 1001},
        (
            "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. "
            "Please split up metrics across multiple requests and try again."
        ),
    ),
    (
        "runs/log-batch",
        {"run_id": "RUN", "tags": [{"key": f"t{i}"} for i in range(101)]},
        "A batch logging request can contain at most 100 tags. Got 101 tags.",
    ),
    ("runs/log-batch", {"run_id": "RUN", "metrics": "all"}, "parameter 'metrics' supplied"),
    ("runs/log-batch", {"run_id": "RUN", "metrics": [[]]}, "parameter 'metrics[0]' supplied"),
    ("runs/set-tag", {"run_id": "RUN"}, "Missing value for required parameter 'key'"),
    ("runs/search", {"experiment_ids": "0"}, "parameter 'experiment_ids' supplied"),
    (
        "runs/search",
        {"experiment_ids": ["0"], "max_results": 0},
        "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer",
    ),
    (
        "runs/search",
        {"experiment_ids": ["0"], "max_results": 50001},
        "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000",
    ),
    (
        "runs/search",
        {"experiment_ids": ["0"], "page_token": "?"},
        "Invalid page token, could not base64-decode",
    ),
    (
        "runs/search",
        {"experiment_ids": ["0"], "filter": "foo.a = 'b'"},
        (
            "Invalid entity type 'foo'. Valid values are "
            "['metric', 'parameter', 'tag', 'attribute', 'dataset']"
        ),
    ),
    (
        "runs/search",
        {"experiment_ids": ["0"], "filter": "metrics.a > 'x'"},
        "Expected numeric value type for metric. Found 'x'",
    ),
    (
        "runs/search",
        {"experiment_ids": ["0"], "filter": "params.a = x"},
        "Parameter value is either not quoted or unidentified quote types used for string value",
    ),
    (
        "runs/search",
        {"experiment_ids": ["0"], "order_by": ["start_time", "start_time DESC"]},
        "`order_by` contains duplicate fields",
    ),
    (
        "experiments/search",
        {},
        "for parameter 'max_results' supplied. It must be a positive integer",
    ),
    ("experiments/create", {}, "Missing value for required parameter 'name'"),
    ("experiments/create", {"name": "  "}, "Invalid experiment name: '  '"),
    (
        "experiments/create",
        {"name": "a" * 501},
        "'name' exceeds the maximum length of 500 characters",
    ),
    (
        "experiments/create",
        {"name": "loc", "artifact_location": "runs:/a"},
        "Artifact location cannot be a runs:/ URI. Given: 'runs:/a'",
    ),
    (
        "logged-models",
        {"experiment_id": "0", "name": "a/b"},
        "Invalid model name ('a/b') provided.",
    ),
    ("logged-models/search", {}, "Missing value for required parameter 'experiment_ids'"),
    (
        "registered-models/create",
        {"name": "a/b"},
        "Invalid model name 'a/b'. Names cannot contain '/' or ':'.",
    ),
]


@pytest.mark.parametrize(("path", "fields", "message"), BAD)
def test_bad_input_is_named_and_changes_nothing(
    server: Server, post: Post, run_id: str, path: str, fields: dict[str, Any], message: str
) -> None:
    before = server.store.last_event()

    answer = post(path, **{k: run_id if v == "RUN" else v for k, v in fields.items()})

    assert answer.status_code == 400, answer.text
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert message in answer.json()["message"]
    assert server.store.last_event() == before


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"{}", None, "Bad Request. Content-Type header is missing."),
        (b"{}", "text/plain", "Content-Type must be one of ['application/json']."),
        (b"{", "application/json", "The request body is not JSON"),
        (b"[]", "application/json", "The request body must be a JSON object."),
        (b"\xff\xfe", "application/json", "The request body is not JSON"),
        (b"[" * 100_000, "application/json", "The request body is not JSON"),
    ],
)
def test_a_malformed_request_is_a_400(
    http: httpx.Client, body: bytes, content_type: str | None, message: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    answer = http.post("/api/2.0/mlflow/runs/create", content=body, headers=headers)

    assert answer.status_code == 400
    assert message in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [b'{"run_name": "old"}', b'"{\\"run_name\\": \\"old\\"}"', b'{"runName": "old", "other": 1}'],
    ids=["plain", "encoded twice", "camel case"],
)
def test_what_other_clients_send_is_understood(http: httpx.Client, body: bytes) -> None:
    answer = http.post(
        "/api/2.0/mlflow/runs/create", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.json()["run"]["info"]["run_name"] == "old"


def test_run_uuid_is_understood_everywhere(http: httpx.Client, post: Post, run_id: str) -> None:
    post("runs/set-tag", run_uuid=run_id, key="a", value="b")

    answer = http.get("/api/2.0/mlflow/runs/get", params={"run_uuid": run_id}).json()

    assert {"key": "a", "value": "b"} in answer["run"]["data"]["tags"]
    assert answer["run"]["info"]["run_uuid"] == run_id


# Tokens of jobs
def test_a_jobs_token_writes_to_its_own_run_and_below_only(
    server: Server, post: Post, run_id: str
) -> None:
    other = post("runs/create").json()["run"]["info"]["run_id"]
    job = server.http(server.token(f"job-{run_id}", "Job", run_id))

    def logged(target: str) -> int:
        fields = {"run_id": target, "key": "a", "value": 1, "timestamp": 1}
        return job.post("/api/2.0/mlflow/runs/log-metric", json=fields).status_code

    below = job.post("/api/2.0/mlflow/runs/create", json={}).json()["run"]["info"]["run_id"]

    assert server.store.get_run(below).parent_id == run_id
    assert logged(run_id) == 200
    assert logged(below) == 200
    assert logged(other) == 403


@pytest.mark.parametrize("verb", ["delete", "restore", "update"])
def test_a_jobs_token_may_not_change_experiments(
    server: Server, run_id: str, experiment_id: str, verb: str
) -> None:
    job = server.http(server.token(f"job-{run_id}", "Job", run_id))
    fields = {"experiment_id": experiment_id, "new_name": "mine"}

    answer = job.post(f"/api/2.0/mlflow/experiments/{verb}", json=fields)

    assert answer.status_code == 403


def test_a_jobs_token_writes_artifacts_of_its_own_run_and_models_only(
    server: Server, post: Post, run_id: str, experiment_id: str
) -> None:
    other = post("runs/create", experiment_id=experiment_id).json()["run"]["info"]["run_id"]
    job = server.http(server.token(f"job-{run_id}", "Job", run_id))
    made = job.post(
        "/api/2.0/mlflow/logged-models",
        json={"experiment_id": experiment_id, "source_run_id": run_id},
    ).json()["model"]["info"]["model_id"]
    theirs = post("logged-models", experiment_id=experiment_id, source_run_id=other).json()
    theirs = theirs["model"]["info"]["model_id"]

    def put(path: str) -> int:
        target = f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{path}"
        return job.put(target, content=b"a").status_code

    assert put(f"{run_id}/artifacts/a") == 200
    assert put(f"models/{made}/artifacts/a") == 200
    assert put(f"{other}/artifacts/a") == 403
    assert put(f"models/{theirs}/artifacts/a") == 403
    assert put("elsewhere") == 403
    assert put(f"{other}/artifacts/{run_id}/artifacts/a") == 403
