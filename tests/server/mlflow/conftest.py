"""The protocol served over HTTP, and the stock client pointed at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.tracking import fluent

from tests.server.mlflow.serving import OWNER, Server, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from serve(tmp_path_factory.mktemp("workspace"))


@pytest.fixture
def http(server: Server) -> httpx.Client:
    return server.http()


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    """The stock client, pointed at the server as a user would do it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", OWNER)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri(server.url)
    yield MlflowClient()
    while mlflow.active_run():
        mlflow.end_run()
    forget()


def forget() -> None:
    """Let mlflow forget where it logged; it tells its own process and, by the environment, others."""
    fluent._active_experiment_id = None
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # "" would hide the environment


@pytest.fixture
def experiment_id(client: MlflowClient, request: pytest.FixtureRequest) -> str:
    """A new experiment, named after the test."""
    experiment_id = client.create_experiment(f"{request.node.name}-{id(request)}")
    mlflow.set_experiment(experiment_id=experiment_id)
    return str(experiment_id)


@pytest.fixture
def run_id(client: MlflowClient, experiment_id: str) -> str:
    """A new run."""
    return str(client.create_run(experiment_id).info.run_id)


@pytest.fixture
def post(http: httpx.Client) -> Callable[..., httpx.Response]:
    """Post fields to an endpoint: `post("runs/create", run_name="a")`."""

    def send(path: str, /, **fields: Any) -> httpx.Response:
        return http.post(f"/api/2.0/mlflow/{path}", json=fields)

    return send
