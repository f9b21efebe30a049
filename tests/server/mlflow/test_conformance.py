"""Every endpoint, reached over HTTP by the stock client, or as other clients send it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import mlflow
import pytest
import requests
from mlflow.entities import (
    AssessmentSource,
    Dataset,
    DatasetInput,
    Feedback,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    Metric,
    Param,
    RunTag,
)
from mlflow.tracking._tracking_service.utils import _get_store

from jupyter_mlws.server.mlflow import table
from jupyter_mlws.server.mlflow.wire import Refused
from tests.server.mlflow.serving import OWNER, Client, Server

pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own

NUMBERS = itertools.count()
HUMAN = AssessmentSource(source_type="HUMAN", source_id="ana")


class World:
    """Things to ask about, made when they are first needed."""

    def __init__(self, client: Client, server: Server, path: Path) -> None:
        self.client = client
        self.server = server
        self.path = path
        store_of: Any = _get_store
        self.store = store_of()

    def name(self) -> str:
        return f"thing-{next(NUMBERS)}"

    @cached_property
    def experiment(self) -> str:
        made = str(self.client.create_experiment(self.name()))
        mlflow.set_experiment(experiment_id=made)
        return made

    @cached_property
    def run(self) -> str:
        return str(self.client.create_run(self.experiment).info.run_id)

    @cached_property
    def model(self) -> str:
        return str(self.client.create_registered_model(self.name()).name)

    @cached_property
    def version(self) -> str:
        source = self.client.get_run(self.run).info.artifact_uri
        return str(self.client.create_model_version(self.model, source, self.run).version)

    @cached_property
    def logged(self) -> str:
        made = self.client.create_logged_model(self.experiment, self.name(), self.run)
        return str(made.model_id)

    @cached_property
    def trace(self) -> str:
        assert self.experiment
        with mlflow.start_span("work") as span:
            span.set_outputs(1)
        return str(span.trace_id)

    @cached_property
    def assessment(self) -> str:
        made: Any = mlflow.log_feedback(trace_id=self.trace, name="good", value=True, source=HUMAN)
        return str(made.assessment_id)

    def get(self, path: str, **fields: Any) -> None:
        self._send("GET", path, params=fields)

    def post(self, path: str, **fields: Any) -> None:
        self._send("POST", path, json=fields)

    def send(self, method: str, path: str, **fields: Any) -> None:
        self._send(method, path, json=fields)

    def _send(self, method: str, path: str, **how: Any) -> None:
        headers = {"Authorization": f"Bearer {OWNER}"}
        with requests.Session() as session:
            session.request(method, f"{self.server.url}/api/{path}", headers=headers, **how)


def _inputs(w: World) -> None:
    dataset = Dataset("iris", "d1", "local", "{}")
    w.client.log_inputs(w.run, [DatasetInput(dataset)], [LoggedModelInput(w.logged)])


def _search_datasets(w: World) -> None:
    _inputs(w)
    w.post("2.0/mlflow/experiments/search-datasets", experiment_ids=[w.experiment])


def _alias(w: World) -> str:
    w.client.set_registered_model_alias(w.model, "best", w.version)
    return "best"


def _tagged_trace(w: World) -> str:
    w.client.set_trace_tag(w.trace, "a", "b")
    return w.trace


def _log_metric(w: World) -> None:
    w.client.log_metric(w.run, "loss", 0.5, step=1)


def _history(w: World, path: str, **fields: Any) -> None:
    _log_metric(w)
    w.get(f"2.0/mlflow/metrics/{path}", metric_key="loss", **fields)


def _set_experiment_tag(w: World) -> None:
    w.client.set_experiment_tag(w.experiment, "a", "b")


def _delete_experiment(w: World) -> None:
    w.client.delete_experiment(w.experiment)


def _delete_run(w: World) -> None:
    w.client.delete_run(w.run)


def _delete_file(w: World) -> None:
    w.client.log_text(w.run, "a", "a.txt")
    folder = f"{w.experiment}/{w.run}/artifacts"
    w.send("DELETE", f"2.0/mlflow-artifacts/artifacts/{folder}/a.txt")


Step = Callable[[World], object]


def _after(first: Step, then: Step) -> Step:
    def both(w: World) -> None:
        first(w)
        then(w)

    return both


M, T3, T2 = "2.0/mlflow/", "3.0/mlflow/traces", "2.0/mlflow/traces"
STEPS: dict[str, Step] = {
    # Experiments
    f"POST {M}experiments/create": lambda w: w.experiment,
    f"GET {M}experiments/get": lambda w: w.client.get_experiment(w.experiment),
    f"GET {M}experiments/get-by-name": lambda w: w.client.get_experiment_by_name("Default"),
    f"POST {M}experiments/search": lambda w: w.client.search_experiments(),
    f"GET {M}experiments/search": lambda w: w.get(f"{M}experiments/search", max_results=5),
    f"POST {M}experiments/update": lambda w: w.client.rename_experiment(w.experiment, w.name()),
    f"POST {M}experiments/delete": _delete_experiment,
    f"POST {M}experiments/restore": _after(
        _delete_experiment, lambda w: w.client.restore_experiment(w.experiment)
    ),
    f"POST {M}experiments/set-experiment-tag": _set_experiment_tag,
    f"POST {M}experiments/delete-experiment-tag": _after(
        _set_experiment_tag, lambda w: w.client.delete_experiment_tag(w.experiment, "a")
    ),
    f"POST {M}experiments/search-datasets": _search_datasets,
    # Runs
    f"POST {M}runs/create": lambda w: w.run,
    f"GET {M}runs/get": lambda w: w.client.get_run(w.run),
    f"POST {M}runs/update": lambda w: w.client.set_terminated(w.run),
    f"POST {M}runs/delete": _delete_run,
    f"POST {M}runs/restore": _after(_delete_run, lambda w: w.client.restore_run(w.run)),
    f"POST {M}runs/log-metric": _log_metric,
    f"POST {M}runs/log-parameter": lambda w: w.client.log_param(w.run, "a", 1),
    f"POST {M}runs/log-batch": lambda w: w.client.log_batch(
        w.run, [Metric("a", 1.0, 1, 1)], [Param("p", "1")], [RunTag("t", "1")]
    ),
    f"POST {M}runs/set-tag": lambda w: w.client.set_tag(w.run, "a", "b"),
    f"POST {M}runs/delete-tag": lambda w: (
        w.client.set_tag(w.run, "a", "b"),
        w.client.delete_tag(w.run, "a"),
    ),
    f"POST {M}runs/log-inputs": _inputs,
    f"POST {M}runs/outputs": lambda w: w.client.log_outputs(
        w.run, [LoggedModelOutput(w.logged, 1)]
    ),
    f"POST {M}runs/log-model": lambda w: w.post(
        f"{M}runs/log-model",
        run_id=w.run,
        model_json=json.dumps(
            {"artifact_path": "m", "flavors": {}, "utc_time_created": "now", "run_id": w.run}
        ),
    ),
    f"POST {M}runs/search": lambda w: w.client.search_runs([w.experiment]),
    f"GET {M}metrics/get-history": lambda w: w.client.get_metric_history(w.run, "loss"),
    f"GET {M}metrics/get-history-bulk": lambda w: _history(w, "get-history-bulk", run_id=w.run),
    f"GET {M}metrics/get-history-bulk-interval": lambda w: _history(
        w, "get-history-bulk-interval", run_ids=[w.run], start_step=0, end_step=9, max_results=5
    ),
    f"GET {M}artifacts/list": lambda w: w.get(f"{M}artifacts/list", run_id=w.run),
    # Logged models
    f"POST {M}logged-models": lambda w: w.logged,
    f"GET {M}logged-models/{{model_id}}": lambda w: w.client.get_logged_model(w.logged),
    f"PATCH {M}logged-models/{{model_id}}": lambda w: w.client.finalize_logged_model(
        w.logged, "READY"
    ),
    f"DELETE {M}logged-models/{{model_id}}": lambda w: w.client.delete_logged_model(w.logged),
    f"POST {M}logged-models/search": lambda w: w.client.search_logged_models([w.experiment]),
    f"PATCH {M}logged-models/{{model_id}}/tags": lambda w: w.client.set_logged_model_tags(
        w.logged, {"a": "b"}
    ),
    f"DELETE {M}logged-models/{{model_id}}/tags/{{key}}": lambda w: (
        w.client.set_logged_model_tags(w.logged, {"a": "b"}),
        w.client.delete_logged_model_tag(w.logged, "a"),
    ),
    f"POST {M}logged-models/{{model_id}}/params": lambda w: w.store.log_logged_model_params(
        w.logged, [LoggedModelParameter("a", "b")]
    ),
    f"GET {M}logged-models/{{model_id}}/artifacts/directories": lambda w: w.get(
        f"{M}logged-models/{w.logged}/artifacts/directories"
    ),
    # Registry
    f"POST {M}registered-models/create": lambda w: w.model,
    f"GET {M}registered-models/get": lambda w: w.client.get_registered_model(w.model),
    f"PATCH {M}registered-models/update": lambda w: w.client.update_registered_model(w.model, "d"),
    f"POST {M}registered-models/rename": lambda w: w.client.rename_registered_model(
        w.model, w.name()
    ),
    f"DELETE {M}registered-models/delete": lambda w: w.client.delete_registered_model(w.model),
    f"GET {M}registered-models/search": lambda w: w.client.search_registered_models(),
    f"POST {M}registered-models/get-latest-versions": lambda w: w.client.get_latest_versions(
        w.model
    ),
    f"GET {M}registered-models/get-latest-versions": lambda w: w.get(
        f"{M}registered-models/get-latest-versions", name=w.model
    ),
    f"POST {M}registered-models/set-tag": lambda w: w.client.set_registered_model_tag(
        w.model, "a", "b"
    ),
    f"DELETE {M}registered-models/delete-tag": lambda w: w.client.delete_registered_model_tag(
        w.model, "a"
    ),
    f"POST {M}registered-models/alias": _alias,
    f"GET {M}registered-models/alias": lambda w: w.client.get_model_version_by_alias(
        w.model, _alias(w)
    ),
    f"DELETE {M}registered-models/alias": lambda w: w.client.delete_registered_model_alias(
        w.model, _alias(w)
    ),
    f"POST {M}model-versions/create": lambda w: w.version,
    f"GET {M}model-versions/get": lambda w: w.client.get_model_version(w.model, w.version),
    f"PATCH {M}model-versions/update": lambda w: w.client.update_model_version(
        w.model, w.version, "d"
    ),
    f"DELETE {M}model-versions/delete": lambda w: w.client.delete_model_version(w.model, w.version),
    f"GET {M}model-versions/search": lambda w: w.client.search_model_versions(),
    f"GET {M}model-versions/get-download-uri": lambda w: w.client.get_model_version_download_uri(
        w.model, w.version
    ),
    f"POST {M}model-versions/transition-stage": (
        lambda w: w.client.transition_model_version_stage(w.model, w.version, "Staging")
    ),
    f"POST {M}model-versions/set-tag": lambda w: w.client.set_model_version_tag(
        w.model, w.version, "a", "b"
    ),
    f"DELETE {M}model-versions/delete-tag": lambda w: w.client.delete_model_version_tag(
        w.model, w.version, "a"
    ),
    # Traces
    f"POST {T3}": lambda w: w.trace,
    f"GET {T3}/{{trace_id}}": lambda w: mlflow.get_trace(w.trace),
    f"GET {T3}/get": lambda w: w.store.get_trace(w.trace),
    f"GET {T3}/batchGet": lambda w: w.store.batch_get_traces([w.trace]),
    f"POST {T3}/batchGetInfos": lambda w: w.store.batch_get_trace_infos([w.trace]),
    f"POST {T3}/search": lambda w: mlflow.search_traces(locations=[w.experiment]),
    f"POST {T2}/delete-traces": lambda w: w.client.delete_traces(w.experiment, trace_ids=[w.trace]),
    f"POST {T3}/delete-traces": lambda w: w.post(
        f"{T3}/delete-traces", experiment_id=w.experiment, request_ids=[w.trace]
    ),
    f"PATCH {T2}/{{trace_id}}/tags": _tagged_trace,
    f"DELETE {T2}/{{trace_id}}/tags": lambda w: w.client.delete_trace_tag(_tagged_trace(w), "a"),
    f"PATCH {T3}/{{trace_id}}/tags": lambda w: w.send(
        "PATCH", f"{T3}/{w.trace}/tags", key="a", value="b"
    ),
    f"DELETE {T3}/{{trace_id}}/tags": lambda w: w.send(
        "DELETE", f"{T3}/{_tagged_trace(w)}/tags", key="a"
    ),
    f"POST {T2}/link-to-run": lambda w: w.client.link_traces_to_run([w.trace], w.run),
    f"POST {T2}/link-prompts": lambda w: w.post(
        f"{T2}/link-prompts", trace_id=w.trace, prompt_versions=[{"name": "p", "version": "1"}]
    ),
    f"POST {T3}/{{trace_id}}/assessments": lambda w: w.assessment,
    f"GET {T3}/{{trace_id}}/assessments/{{assessment_id}}": lambda w: mlflow.get_assessment(
        w.trace, w.assessment
    ),
    f"PATCH {T3}/{{trace_id}}/assessments/{{assessment_id}}": lambda w: mlflow.update_assessment(
        w.trace, w.assessment, Feedback(name="good", value=False, source=HUMAN)
    ),
    f"DELETE {T3}/{{trace_id}}/assessments/{{assessment_id}}": lambda w: mlflow.delete_assessment(
        w.trace, w.assessment
    ),
    # Files, and what the server says of itself
    "GET 3.0/mlflow/server-info": lambda w: w.get("3.0/mlflow/server-info"),
    "PUT 2.0/mlflow-artifacts/artifacts": lambda w: w.client.log_text(w.run, "a", "a.txt"),
    "GET 2.0/mlflow-artifacts/artifacts": lambda w: w.client.list_artifacts(w.run),
    "DELETE 2.0/mlflow-artifacts/artifacts": _delete_file,
}


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """The endpoints that were asked so far, each with the status of its answer."""
    seen: list[tuple[str, int]] = []
    send = requests.Session.send

    def tap(session: requests.Session, request: Any, **how: Any) -> requests.Response:
        answer = send(session, request, **how)
        seen.append((_endpoint(request.method, request.url), answer.status_code))
        return answer

    monkeypatch.setattr(requests.Session, "send", tap)
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    reset: Any = mlflow.tracing.reset
    reset()
    yield seen
    reset()


@pytest.mark.parametrize("endpoint", STEPS)
def test_the_endpoint_answers_its_client(
    endpoint: str,
    answered: list[tuple[str, int]],
    client: Client,
    server: Server,
    tmp_path: Path,
) -> None:
    STEPS[endpoint](World(client, server, tmp_path))

    assert {status for name, status in answered if name == endpoint} == {200}


def test_no_endpoint_goes_without_a_test() -> None:
    known = {f"{method} {path}" for method, path in table.PLAIN}
    known |= {f"{method} {entry.path}" for method, _, entry in table.WITH_NAMES}

    assert known == {name for name in STEPS if "mlflow-artifacts" not in name}


LARGE = "x" * 10_000_000
SEARCHES = [
    ("POST", f"{M}experiments/search", {"max_results": 5}),
    ("POST", f"{M}runs/search", {"experiment_ids": ["0"]}),
    ("POST", f"{M}logged-models/search", {"experiment_ids": ["0"]}),
    ("POST", f"{T3}/search", {"locations": []}),
    ("GET", f"{M}registered-models/search", {}),
    ("GET", f"{M}model-versions/search", {}),
    ("GET", f"{M}metrics/get-history", {"metric_key": "loss", "max_results": 5}),
]
FILTERS = [
    "status ~ 'x'", "status =", "= 'x'", "status 'x'", "status = 'x", "status = x", "status = 5",
    "metrics.a = 'x'", "metrics.a LIKE 'x'", "metrics. > 1", "params.a > 'x'", "tags.a = 1",
    "nothing = 'x'", "start_time = 'now'", "a.b.c.d = 'x'", "params.`a = 'x'", "AND", "status = 'x' AND",
    "status = 'x' status = 'y'", "(status = 'x'", "status = 'x')", "status IN ('x'", "status IN ()",
    "run_id IN 'x'", "NOT", "metrics.a IS NULL", "status = 'x';", "status = 'x' -- y", "\0", "{}", "🙂",
    "datasets.colour = 'x'", "(" * 51 + "status = 'x'" + ")" * 51, "status = 'x' AND " * 501 + "status = 'x'",
]  # fmt: skip


@pytest.mark.parametrize("filter", FILTERS)
def test_a_filter_that_cannot_be_read_is_refused(http: httpx.Client, filter: str) -> None:
    asked = {"experiment_ids": ["0"], "filter": filter}

    answer = http.post("/api/2.0/mlflow/runs/search", json=asked)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(("method", "path", "fields"), SEARCHES)
@pytest.mark.parametrize("token", ["?", "x" * 40_000, "WzEsIDJd", "eyJvZmZzZXQiOiAtMX0="])
def test_a_token_that_is_none_is_refused(
    http: httpx.Client,
    client: Client,
    run_id: str,
    method: str,
    path: str,
    fields: dict[str, Any],
    token: str,
) -> None:
    client.log_metric(run_id, "loss", 0.5)
    asked = {**fields, "page_token": token}
    if path.endswith("get-history"):
        asked["run_id"] = run_id
    how: dict[str, Any] = {"params": asked} if method == "GET" else {"json": asked}

    answer = http.request(method, f"/api/{path}", **how)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "Invalid page token" in answer.json()["message"]


def test_long_values_are_cut_where_the_real_server_cuts_them(client: Client, run_id: str) -> None:
    client.set_tag(run_id, "large", LARGE)
    client.log_param(run_id, "large", LARGE)
    client.log_batch(run_id, params=[Param("second", LARGE)], tags=[RunTag("second", LARGE)])

    data = client.get_run(run_id).data
    assert [len(data.tags[key]) for key in ("large", "second")] == [8000, 8000]
    assert [len(data.params[key]) for key in ("large", "second")] == [6000, 6000]


def test_long_values_are_refused_where_the_real_server_refuses_them(
    client: Client, experiment_id: str
) -> None:
    model = client.create_registered_model(f"large-{experiment_id}").name

    with pytest.raises(mlflow.MlflowException, match="exceeds the maximum length of 20000"):
        client.set_experiment_tag(experiment_id, "large", LARGE)
    with pytest.raises(mlflow.MlflowException, match="exceeds the maximum length of 100000"):
        client.set_registered_model_tag(model, "large", LARGE)


WRITES: dict[str, Callable[[Client, str], object]] = {
    "metric": lambda client, run_id: client.log_metric(run_id, "a", 1),
    "param": lambda client, run_id: client.log_param(run_id, "a", 1),
    "batch": lambda client, run_id: client.log_batch(run_id, params=[Param("a", "1")]),
    "tag": lambda client, run_id: client.set_tag(run_id, "a", "b"),
    "dropped tag": lambda client, run_id: client.delete_tag(run_id, "a"),
    "end": lambda client, run_id: client.set_terminated(run_id),
    "inputs": lambda client, run_id: client.log_inputs(
        run_id, [DatasetInput(Dataset("iris", "d1", "local", "{}"))]
    ),
    "outputs": lambda client, run_id: client.log_outputs(run_id, [LoggedModelOutput("m-1", 1)]),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_deleted_run_takes_no_writes(client: Client, run_id: str, write: str) -> None:
    client.delete_run(run_id)

    with pytest.raises(mlflow.MlflowException) as refused:
        WRITES[write](client, run_id)

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert f"The run {run_id} must be in the 'active' state." in str(refused.value)


def _endpoint(method: str, url: str) -> str:
    path = urlsplit(url).path.partition("/api/")[2]
    if "mlflow-artifacts" in path:
        return f"{method} 2.0/mlflow-artifacts/artifacts"
    try:
        entry, _ = table.find(method, path)
    except Refused:
        return f"{method} {path}"
    return f"{method} {entry.path}"
