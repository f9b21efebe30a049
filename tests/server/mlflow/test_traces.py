"""Traces, with the stock client and over plain HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import mlflow
import pytest
from mlflow.entities import AssessmentSource, Expectation, Feedback

from tests.server.mlflow.serving import Client, Server

pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own

HUMAN = AssessmentSource(source_type="HUMAN", source_id="ana")


@pytest.fixture(autouse=True)
def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client exports traces before the traced call returns."""
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    reset: Any = mlflow.tracing.reset
    reset()
    yield
    reset()


@mlflow.trace(span_type="TOOL", attributes={"model": "small"})
def inner(x: int) -> int:
    return x + 1


@mlflow.trace
def outer(x: int) -> dict[str, Any]:
    if x < 0:
        raise ValueError("x is negative")
    return {"y": inner(x), "text": "größer"}


@pytest.fixture
def trace_id(client: Client, experiment_id: str) -> str:
    outer(1)
    return str(mlflow.get_last_active_trace_id())


def _found(experiment_id: str, filter: str = "", **more: Any) -> list[str]:
    found = mlflow.search_traces(
        locations=[experiment_id], filter_string=filter, return_type="list", **more
    )
    return [trace.info.trace_id for trace in found]


def test_a_traced_call_is_there_with_its_spans(trace_id: str, experiment_id: str) -> None:
    trace: Any = mlflow.get_trace(trace_id)

    assert trace.info.state == "OK"
    assert trace.info.experiment_id == experiment_id
    assert trace.info.execution_duration >= 0
    assert trace.info.request_preview == '{"x": 1}'
    assert [(s.name, s.span_type, s.outputs) for s in trace.data.spans] == [
        ("outer", "UNKNOWN", {"y": 2, "text": "größer"}),
        ("inner", "TOOL", 2),
    ]


def test_a_failed_call_is_told_with_its_exception(client: Client, experiment_id: str) -> None:
    with pytest.raises(ValueError, match="negative"):
        outer(-1)

    [trace_id] = _found(experiment_id, "trace.status = 'ERROR'")
    [span] = mlflow.get_trace(trace_id).data.spans
    assert span.events[0].attributes["exception.message"] == "x is negative"


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        ("", True),
        ("name = 'outer'", True),
        ("trace.name LIKE 'out%' AND status = 'OK'", True),
        ("status = 'ERROR'", False),
        ("timestamp_ms > 0 AND execution_time_ms >= 0", True),
        ("timestamp > 99999999999999", False),
        ("end_time < 99999999999999", True),
        ("tag.team = 'red'", True),
        ("tag.team IN ('blue', 'green')", False),
        ("tag.nobody IS NULL", True),
        ("tag.team IS NULL", False),
        ("metadata.`mlflow.user` IS NOT NULL", True),
        ("span.name = 'inner'", True),
        ("span.type = 'TOOL'", True),
        ("span.type = 'LLM'", False),
        ("span.status = 'OK'", True),
        ("span.attributes.model = 'small'", True),
        ("span.content ILIKE '%größer%'", True),
        ("trace.text LIKE '%größer%'", True),
        ("feedback.good = 'true'", True),
        ("feedback.good = 'false'", False),
        ("feedback.other IS NULL", True),
        ("expectation.answer = '2'", True),
        ("run_id = 'nobody'", False),
        ("status = 'ERROR' OR (name = 'outer' AND NOT tag.team = 'blue')", True),
    ],
)
def test_traces_are_searched(
    client: Client, trace_id: str, experiment_id: str, filter: str, matches: bool
) -> None:
    client.set_trace_tag(trace_id, "team", "red")
    mlflow.log_feedback(trace_id=trace_id, name="good", value=True, source=HUMAN)
    mlflow.log_expectation(trace_id=trace_id, name="answer", value=2, source=HUMAN)

    assert _found(experiment_id, filter) == ([trace_id] if matches else [])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"filter": "status > 'OK'"}, "Invalid comparator '>'"),
        ({"filter": "nothing = 'x'"}, "Invalid attribute key 'nothing' specified"),
        ({"filter": "metric.x > 1"}, "Invalid entity type 'metric'"),
        ({"filter": "span.colour = 'x'"}, "Invalid span attribute 'colour'"),
        ({"order_by": ["span.name"]}, "Invalid order_by entity type 'span'"),
        ({"max_results": 0}, "It must be a positive integer"),
        ({"max_results": 501}, "It must be at most 500"),
        ({"page_token": "x" * 100_000}, "Invalid page token, could not base64-decode"),
    ],
)
def test_a_bad_search_is_refused(
    http: httpx.Client, trace_id: str, experiment_id: str, fields: dict[str, Any], said: str
) -> None:
    place = {"mlflow_experiment": {"experiment_id": experiment_id}}

    answer = http.post("/api/3.0/mlflow/traces/search", json={"locations": [place], **fields})

    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert said in answer.json()["message"]


def test_traces_come_ordered_and_by_pages(client: Client, experiment_id: str) -> None:
    made = []
    for x in range(5):
        outer(x)
        made.append(mlflow.get_last_active_trace_id())
        client.set_trace_tag(made[-1], "rank", str(9 - x))

    page = client.search_traces(locations=[experiment_id], max_results=3, order_by=["tag.rank ASC"])
    rest = client.search_traces(
        locations=[experiment_id], max_results=3, order_by=["tag.rank ASC"], page_token=page.token
    )

    assert [trace.info.trace_id for trace in [*page, *rest]] == made[::-1]
    assert not rest.token


def test_a_trace_in_a_run_is_found_by_it_and_others_can_be_linked(
    client: Client, trace_id: str, experiment_id: str
) -> None:
    with mlflow.start_run() as run:
        outer(2)
    inside = mlflow.get_last_active_trace_id()
    run_id = run.info.run_id

    assert _found(experiment_id, run_id=run_id) == [inside]
    client.link_traces_to_run([trace_id], run_id)
    assert set(_found(experiment_id, f"attribute.run_id = '{run_id}'")) == {inside, trace_id}


def test_links_are_checked(post: Callable[..., httpx.Response], trace_id: str, run_id: str) -> None:
    many = post("traces/link-to-run", trace_ids=["x"] * 101, run_id=run_id)
    unknown = post("traces/link-to-run", trace_ids=[trace_id, "tr-0"], run_id=run_id)

    assert many.json()["message"].startswith("Cannot link more than 100 traces to a run")
    assert unknown.json()["message"] == "Trace with ID 'tr-0' not found."


def test_tags_are_set_and_dropped(client: Client, trace_id: str) -> None:
    client.set_trace_tag(trace_id, "color", "red")
    assert mlflow.get_trace(trace_id).info.tags["color"] == "red"

    client.delete_trace_tag(trace_id, "color")

    assert "color" not in mlflow.get_trace(trace_id).info.tags
    with pytest.raises(mlflow.MlflowException, match="No trace tag with key 'color'"):
        client.delete_trace_tag(trace_id, "color")


def test_what_is_said_of_a_trace_can_be_changed_overridden_and_taken_back(trace_id: str) -> None:
    first: Any = mlflow.log_feedback(trace_id=trace_id, name="score", value=0.5, source=HUMAN)
    changed = Feedback(name="score", value=0.7, rationale="closer", source=HUMAN)
    mlflow.update_assessment(trace_id, first.assessment_id, changed)
    second: Any = mlflow.override_feedback(
        trace_id=trace_id, assessment_id=first.assessment_id, value=0.9, source=HUMAN
    )
    mlflow.log_assessment(trace_id, Expectation(name="answer", value={"a": [1]}, source=HUMAN))

    seen: Any = mlflow.get_assessment(trace_id, first.assessment_id)
    assert (seen.value, seen.rationale, seen.valid) == (0.7, "closer", False)
    trace: Any = mlflow.get_trace(trace_id)
    assert {a.name: a.value for a in trace.info.assessments} == {
        "score": 0.9,
        "answer": {"a": [1]},
    }
    mlflow.delete_assessment(trace_id, second.assessment_id)
    assert mlflow.get_assessment(trace_id, first.assessment_id).valid
    with pytest.raises(mlflow.MlflowException, match="not found for trace"):
        mlflow.get_assessment(trace_id, second.assessment_id)


def test_deleted_traces_are_gone_with_their_spans(
    client: Client, server: Server, experiment_id: str
) -> None:
    made = []
    for x in range(4):
        outer(x)
        made.append(str(mlflow.get_last_active_trace_id()))
    later = client.get_trace(made[-1]).info.request_time + 1000

    assert client.delete_traces(experiment_id, trace_ids=[made[3]]) == 1
    assert client.delete_traces(experiment_id, max_timestamp_millis=later, max_traces=1) == 1
    assert set(_found(experiment_id)) == set(made[1:3])
    assert server.store.list_artifacts(f"{experiment_id}/traces/{made[0]}/artifacts") == []
    assert client.delete_traces(experiment_id, max_timestamp_millis=later) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Either `max_timestamp_millis` or `trace_ids` must be specified."),
        ({"max_timestamp_millis": 1, "request_ids": ["x"]}, "Only one of"),
        ({"max_traces": 1, "request_ids": ["x"]}, "`max_traces` can't be specified"),
        ({"max_timestamp_millis": 1, "max_traces": 0}, "must be a positive integer, received 0."),
    ],
)
def test_a_deletion_says_what_it_means(
    post: Callable[..., httpx.Response], fields: dict[str, Any], said: str
) -> None:
    answer = post("traces/delete-traces", experiment_id="0", **fields)

    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_an_unknown_trace_is_a_404(client: Client, http: httpx.Client) -> None:
    with pytest.raises(mlflow.MlflowException, match="Trace with ID 'tr-1' not found"):
        client.set_trace_tag("tr-1", "a", "b")
    answer = http.get("/api/3.0/mlflow/traces/tr-1")
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_a_trace_sent_twice_is_there_once_and_keeps_what_was_said(
    http: httpx.Client, trace_id: str, experiment_id: str
) -> None:
    mlflow.log_feedback(trace_id=trace_id, name="good", value=True, source=HUMAN)
    info = http.get(f"/api/3.0/mlflow/traces/{trace_id}").json()["trace"]["trace_info"]
    del info["assessments"]

    again = http.post("/api/3.0/mlflow/traces", json={"trace": {"trace_info": info}})

    assert again.status_code == 200
    assert _found(experiment_id, "feedback.good = 'true'") == [trace_id]


@pytest.mark.parametrize(
    "change",
    [
        {"trace_id": "../x"},
        {"trace_id": ""},
        {"request_time": "yesterday"},
        {"request_time": "2026-13-01T00:00:00Z"},
        {"execution_duration": "5 minutes"},
        {"state": "HAPPY"},
        {"tags": {"a": 1}},
        {"tags": {"../a": "b"}},
        {"trace_location": {}},
        {"assessments": [{"assessment_name": "x"}]},
    ],
)
def test_a_bad_trace_is_refused(http: httpx.Client, change: dict[str, Any]) -> None:
    info = {
        "trace_id": "tr-bad",
        "trace_location": {"mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-01-31T12:00:00.25Z",
        "state": "OK",
    }

    answer = http.post("/api/3.0/mlflow/traces", json={"trace": {"trace_info": {**info, **change}}})

    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert http.get("/api/3.0/mlflow/traces/tr-bad").status_code == 404


def test_spans_come_in_the_form_of_otlp_too(http: httpx.Client, trace_id: str) -> None:
    one = http.get("/api/3.0/mlflow/traces/get", params={"trace_id": trace_id}).json()["trace"]
    many = http.get(
        "/api/3.0/mlflow/traces/batchGet", params={"trace_ids": [trace_id, "tr-0"]}
    ).json()["traces"]
    infos = http.post(
        "/api/3.0/mlflow/traces/batchGetInfos", json={"trace_ids": [trace_id]}
    ).json()["trace_infos"]

    assert many == [one]
    assert infos == [one["trace_info"]]
    outputs = next(a for a in one["spans"][1]["attributes"] if a["key"] == "mlflow.spanOutputs")
    assert outputs["value"] == {"int_value": 2}


def test_prompts_that_a_trace_has_used_are_noted(
    client: Client, post: Callable[..., httpx.Response], trace_id: str, experiment_id: str
) -> None:
    used = [{"name": "greeting", "version": "3"}]

    for _ in range(2):
        sent = post("traces/link-prompts", trace_id=trace_id, prompt_versions=used)
        assert sent.status_code == 200

    assert _found(experiment_id, "prompt = 'greeting/3'") == [trace_id]


def test_a_jobs_token_traces_in_its_own_run_only(
    server: Server, client: Client, experiment_id: str, trace_id: str
) -> None:
    own, other = (client.create_run(experiment_id).info.run_id for _ in range(2))
    http = server.http(server.token(f"job-{own}", "Job", own))
    info: dict[str, Any] = {
        "trace_location": {"mlflow_experiment": {"experiment_id": experiment_id}},
        "request_time": "2026-01-31T12:00:00Z",
    }

    def send(name: str, **metadata: str) -> int:
        trace = {"trace_info": {**info, "trace_id": name, "trace_metadata": metadata}}
        return http.post("/api/3.0/mlflow/traces", json={"trace": trace}).status_code

    def put(name: str) -> int:
        place = f"{experiment_id}/traces/{name}/artifacts/traces.json"
        url = f"/api/2.0/mlflow-artifacts/artifacts/{place}"
        return http.put(url, content=b'{"spans": []}').status_code

    mine = f"tr-{own}"
    assert send(mine) == 200
    assert put(mine) == 200
    assert _found(experiment_id, f"run_id = '{own}'") == [mine]
    assert send("tr-other", **{"mlflow.sourceRun": other}) == 403
    assert put(trace_id) == 403
    tag = {"key": "a", "value": "b"}
    assert http.patch(f"/api/3.0/mlflow/traces/{mine}/tags", json=tag).status_code == 200
    assert http.patch(f"/api/3.0/mlflow/traces/{trace_id}/tags", json=tag).status_code == 403
    wipe = {"experiment_id": experiment_id, "request_ids": [trace_id]}
    assert http.post("/api/3.0/mlflow/traces/delete-traces", json=wipe).status_code == 403


def test_single_spans_are_declined_so_that_the_client_keeps_the_file(http: httpx.Client) -> None:
    answer = http.post("/v1/traces", content=b"\x0a\x00")

    assert answer.status_code == 501
    assert answer.json()["message"] == "REST OTLP span logging is not supported"
