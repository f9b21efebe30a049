"""REST: translation, authentication and errors, by a table over all operations."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.features.operations import Operation, load
from jupyter_mlws.sdk.service import Running

OPERATIONS = sorted(load().values(), key=lambda op: op.name)


def url_of(service: Running, op: Operation) -> tuple[str, str]:
    method, path = op.route
    return method, f"{service.url}/api{path}".replace(f"{{{op.key}}}", "nobody")


def client_of(service: Running, token: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token or service.token}"}
    return httpx.Client(base_url=f"{service.url}/api", headers=headers)


def new_token(service: Running, **spec: Any) -> str:
    with client_of(service) as client:
        answer = client.post("/tokens", json={"spec": {"name": "test", **spec}})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", "Basic !", "token x"]
)
def test_no_route_answers_without_a_token(
    service: Running, op: Operation, header: str | None
) -> None:
    method, url = url_of(service, op)

    answer = httpx.request(method, url, headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/",
        "/login",
        "/logout",
        "/static/favicon.ico",
        "/mlws/mlflow/health",
        "/metrics",
        "/api/contents",
        "/mlws/nothing",
        "/mlws/api/x",
    ],
)
def test_no_other_route_answers_without_a_token(service: Running, path: str) -> None:
    base = service.url.removesuffix("/mlws")

    assert httpx.get(f"{base}{path}").status_code in {401, 403, 404}


def test_a_blob_cannot_be_sent_without_a_token(service: Running) -> None:
    answer = httpx.put(f"{service.url}/api/blobs/{'0' * 64}", content=b"x")

    assert answer.status_code == 401


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
@pytest.mark.parametrize("role", ["Reader", "Data Scientist", "Compute Operator"])
def test_a_role_is_denied_exactly_what_it_does_not_allow(
    service: Running, role: str, op: Operation, role_tokens: dict[str, str]
) -> None:
    method, url = url_of(service, op)

    answer = httpx.request(
        method,
        url,
        headers={"Authorization": f"Bearer {role_tokens[role]}"},
        params={"unknown": "1"},
    )

    # An argument that is none comes after the permission: no operation is carried out here.
    assert (answer.status_code == 403) is not Principal(name="x", role=role).may(op.action)


@pytest.fixture(scope="module")
def role_tokens(service: Running) -> dict[str, str]:
    return {
        role: new_token(service, role=role)
        for role in ("Reader", "Data Scientist", "Compute Operator")
    }


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_an_unknown_argument_is_named_and_nothing_is_done(service: Running, op: Operation) -> None:
    method, url = url_of(service, op)
    options: dict[str, Any] = (
        {"params": {"nonsense": "1"}} if method in {"GET", "DELETE"} else {"json": {"nonsense": 1}}
    )

    answer = httpx.request(
        method, url, headers={"Authorization": f"Bearer {service.token}"}, **options
    )

    assert answer.status_code == 422
    assert "nonsense" in {problem["field"] for problem in answer.json()["problems"]}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff\xfe", b"nul\x00l"])
def test_a_body_that_is_no_json_object_is_refused(service: Running, body: bytes) -> None:
    with client_of(service) as client:
        answer = client.post("/jobs", content=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID")


def test_an_unknown_path_is_a_404_in_our_words(service: Running) -> None:
    with client_of(service) as client:
        answer = client.get("/nothing/here")

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_method_that_a_path_has_not_is_told(service: Running) -> None:
    with client_of(service) as client:
        answer = client.delete("/jobs")

    assert answer.status_code == 405
    assert "GET, POST" in answer.json()["message"]


@pytest.mark.parametrize("header", ["Bearer {t}", "token {t}", "bearer {t}"])
def test_a_token_is_taken_in_either_scheme(service: Running, header: str) -> None:
    answer = httpx.get(
        f"{service.url}/api/workspaces:show",
        headers={"Authorization": header.format(t=service.token)},
    )

    assert answer.status_code == 200


def test_a_token_is_taken_as_a_password(service: Running) -> None:
    answer = httpx.get(f"{service.url}/api/workspaces:show", auth=("ana", service.token))

    assert answer.status_code == 200


def test_a_token_that_was_revoked_is_worth_nothing(service: Running) -> None:
    token = new_token(service)
    with client_of(service) as owner:
        newest = owner.get("/tokens").json()[-1]["id"]
        owner.delete(f"/tokens/{newest}")

    with client_of(service, token) as client:
        assert client.get("/jobs").status_code == 401


def test_a_token_that_has_expired_is_worth_nothing(service: Running) -> None:
    with client_of(service) as owner:
        spec = {"name": "x", "expires_in_s": 0}
        assert owner.post("/tokens", json={"spec": spec}).status_code == 422


def test_tokens_are_not_kept_in_clear(service: Running) -> None:
    token = new_token(service)

    kept = b"".join(path.read_bytes() for path in Path(service.workspace).glob("workspace.db*"))

    assert token.encode() not in kept
    assert service.token.encode() not in kept


def test_nothing_of_the_workspace_is_readable_by_others(service: Running) -> None:
    workspace = Path(service.workspace)

    assert stat.S_IMODE(workspace.stat().st_mode) == 0o700
    open_to_others = [
        str(path)
        for path in workspace.rglob("*")
        if path.name != "bell.sock"
        and stat.S_IMODE(path.stat().st_mode) & 0o077
        and path.parent == workspace
    ]
    assert open_to_others == []
    assert stat.S_IMODE((workspace / "runtime" / "service.json").stat().st_mode) == 0o600


def test_bytes_that_are_not_what_their_name_says_are_refused(service: Running) -> None:
    with client_of(service) as client:
        answer = client.put(f"/blobs/{'0' * 64}", content=b"hello")

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../b", "a//b", "a\\b", "", "a\0b", "./a"]
)
def test_a_snapshot_cannot_leave_its_folder(service: Running, path: str) -> None:
    file = {"path": path, "blob": "0" * 64, "size_bytes": 1}
    with client_of(service) as client:
        answer = client.post("/codes", json={"snapshot": {"files": [file]}})

    assert answer.status_code == 422
    assert "snapshot.files" in answer.json()["problems"][0]["field"]


def test_an_event_wakes_whoever_waits(service: Running) -> None:
    with client_of(service) as client:
        last = client.get("/workspaces:show").json()["last_event"]
        new_token(service)

        events = client.get("/events", params={"after": last, "wait_s": 20}).json()

    assert events[0]["action"] == "access/tokens/write"
    assert events[0]["seq"] == last + 1


def test_half_a_request_leaves_nothing(service: Running) -> None:
    host, port = service.url.split("/")[2].split(":")
    before = sorted((Path(service.workspace) / "blobs").rglob("*"))
    with socket.create_connection((host, int(port))) as half:
        head = (
            f"PUT /mlws/api/blobs/{'a' * 64} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {service.token}\r\nContent-Length: 1000000\r\n\r\n"
        )
        half.sendall(head.encode() + b"x" * 1000)

    with client_of(service) as client:
        assert client.get("/workspaces:show").status_code == 200
    assert sorted((Path(service.workspace) / "blobs").rglob("*")) == before


def test_the_document_in_the_repository_is_what_the_operations_say() -> None:
    from jupyter_mlws.server.openapi import text

    written = Path(__file__).parents[2] / "labextension" / "openapi.json"

    assert json.loads(written.read_text()) == json.loads(text())
