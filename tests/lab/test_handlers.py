"""The extension in the user's own server: who may, what is forwarded, what a file becomes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.lab.handlers import job_of
from jupyter_mlws.sdk.service import Running

Fetch = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture
def jp_server_config(service: Running) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_mlws.lab": True}},
        "MLWorkspace": {"url": service.url, "token": service.token},
    }


@pytest.fixture
def notebook(jp_root_dir: Path) -> str:
    made = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("lr: float = 0.1  # [0..1] Learning rate")
    cell.metadata["tags"] = ["parameters"]
    made.cells = [cell, nbformat.v4.new_code_cell("print(lr)")]
    (jp_root_dir / "project").mkdir()
    nbformat.write(made, jp_root_dir / "project" / "train.ipynb")
    return "project/train.ipynb"


async def refused(answer: Awaitable[HTTPResponse]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await answer
    assert caught.value.response is not None
    return caught.value.code, json.loads(caught.value.response.body)


@pytest.mark.parametrize(
    "path", ["lab/state", "lab/interface", "lab/jobs", "api/jobs", "mlflow/api/2.0/mlflow/runs/get"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_route_answers_to_strangers(jp_fetch: Fetch, path: str, method: str) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(
            "mlws",
            *path.split("/"),
            method=method,
            headers={"Authorization": "token wrong"},
            allow_nonstandard_methods=True,
        )

    assert caught.value.code in {403, 405}


async def test_requests_reach_the_service_as_its_owner(jp_fetch: Fetch) -> None:
    answer = await jp_fetch("mlws", "api", "workspaces:show")

    assert json.loads(answer.body)["actions"] == ["*"]


async def test_a_token_in_the_address_stays_here(jp_fetch: Fetch, jp_serverapp: Any) -> None:
    token = jp_serverapp.identity_provider.token

    answer = await jp_fetch("mlws", "api", "jobs", params={"token": token, "type": "none"})

    assert json.loads(answer.body)["items"] == []


async def test_an_error_of_the_service_arrives_unchanged(jp_fetch: Fetch) -> None:
    status, body = await refused(jp_fetch("mlws", "api", "jobs", "nobody"))

    assert (status, body["code"]) == (404, "NOT_FOUND")


async def test_who_leaves_in_the_middle_of_an_answer_disturbs_nobody(
    jp_fetch: Fetch,
    jp_serverapp: Any,
    jp_base_url: str,
    service: Running,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = ("mlws", "mlflow", "api", "2.0", "mlflow-artifacts", "artifacts", "big.bin")
    big = bytes(30_000_000)
    await jp_fetch(*path, method="PUT", body=big)
    token = jp_serverapp.identity_provider.token

    reader, writer = await asyncio.open_connection("127.0.0.1", jp_serverapp.port)
    asked = f"GET {jp_base_url}{'/'.join(path)} HTTP/1.1\r\nAuthorization: token {token}\r\n"
    writer.write(f"{asked}Host: 127.0.0.1\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    writer.transport.abort()

    answer = await jp_fetch(*path)
    assert len(answer.body) == len(big)
    assert not [r for r in caplog.records if r.levelname in {"ERROR", "CRITICAL"}]


async def test_the_browser_never_sees_the_services_token(jp_fetch: Fetch, service: Running) -> None:
    answer = await jp_fetch("mlws", "lab", "state")

    assert service.token.encode() not in answer.body


async def test_the_interface_of_a_notebook_is_read(jp_fetch: Fetch, notebook: str) -> None:
    answer = await jp_fetch("mlws", "lab", "interface", params={"path": notebook})

    assert json.loads(answer.body)["inputs"][0]["name"] == "lr"


@pytest.mark.parametrize(
    ("path", "status"), [("nothing.ipynb", 404), ("project/broken.ipynb", 422), ("../x.ipynb", 404)]
)
async def test_what_is_no_notebook_is_told(
    jp_fetch: Fetch, jp_root_dir: Path, notebook: str, path: str, status: int
) -> None:
    (jp_root_dir / "project" / "broken.ipynb").write_text("{not json")

    code, body = await refused(jp_fetch("mlws", "lab", "interface", params={"path": path}))

    assert code == status
    assert body["message"]


async def test_a_notebook_becomes_a_job_with_its_folder(jp_fetch: Fetch, notebook: str) -> None:
    body = {"path": notebook, "job": {"inputs": {"lr": 0.5}, "display_name": "half"}}

    answer = await jp_fetch("mlws", "lab", "jobs", method="POST", body=json.dumps(body))

    job = json.loads(answer.body)
    assert (job["type"], job["display_name"], job["experiment_name"]) == (
        "notebook",
        "half",
        "project",
    )


async def test_a_job_file_is_submitted_with_fields_of_ones_own(
    jp_fetch: Fetch, jp_root_dir: Path
) -> None:
    file = "type: command\ncommand: echo ${{inputs.word}}\ninputs: {word: one}\n"
    (jp_root_dir / "say.yml").write_text(file)
    body = {"path": "say.yml", "job": {"inputs": {"word": "two"}, "display_name": "say"}}

    answer = await jp_fetch("mlws", "lab", "jobs", method="POST", body=json.dumps(body))

    job = json.loads(answer.body)
    assert (job["type"], job["display_name"], job["inputs"]) == ("command", "say", {"word": "two"})


async def test_what_is_wrong_in_a_job_file_is_told_with_its_line(
    jp_fetch: Fetch, jp_root_dir: Path
) -> None:
    (jp_root_dir / "wrong.yml").write_text("type: command\ncomand: x\ncommand: y\n")
    body = {"path": "wrong.yml", "job": {}}

    status, answer = await refused(
        jp_fetch("mlws", "lab", "jobs", method="POST", body=json.dumps(body))
    )

    assert status == 422
    assert [problem["line"] for problem in answer["problems"]] == [2]


async def test_a_wrong_parameter_is_told_at_its_field(jp_fetch: Fetch, notebook: str) -> None:
    body = {"path": notebook, "job": {"inputs": {"lr": 7}}}

    status, answer = await refused(
        jp_fetch("mlws", "lab", "jobs", method="POST", body=json.dumps(body))
    )

    assert status == 422
    assert [problem["field"] for problem in answer["problems"]] == ["inputs.lr"]


def test_a_script_is_run_by_its_interpreter() -> None:
    job = job_of(Path("/project/my script.py"), {})

    assert job["command"] == "python 'my script.py'"
    assert job["code"] == "/project"


def test_a_file_that_nothing_runs_needs_a_command() -> None:
    with pytest.raises(Invalid, match="give a command"):
        job_of(Path("/project/data.csv"), {})


def test_inputs_of_a_file_are_looked_for_beside_it() -> None:
    inputs = {
        "near": {"type": "uri_file", "path": "data.csv"},
        "far": {"type": "uri_folder", "path": "azureml:data@latest"},
        "plain": "data.csv",
    }

    job = job_of(Path("/project/train.ipynb"), {"inputs": inputs})

    assert job["inputs"]["near"]["path"] == "/project/data.csv"
    assert job["inputs"]["far"] == inputs["far"]
    assert job["inputs"]["plain"] == "data.csv"


def test_a_sweep_of_a_file_tries_that_file() -> None:
    inputs = {"table": {"type": "uri_file", "path": "rows.csv"}}
    space = {"rate": {"type": "choice", "values": [1, 2]}}

    job = job_of(
        Path("/project/train.ipynb"), {"type": "sweep", "search_space": space, "inputs": inputs}
    )

    assert job["type"] == "sweep"
    assert job["search_space"] == space
    assert job["trial"] == {"type": "notebook", "notebook": "train.ipynb", "code": "/project"}
    assert job["inputs"]["table"]["path"] == "/project/rows.csv"
