"""Large files in parts: with the stock client, and with everything that can go wrong."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow.entities.multipart_upload import MultipartUploadPart
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

from jupyter_mlws.sdk.service import Running
from jupyter_mlws.store.uploads import Uploads
from jupyter_mlws.testing.service import kill, running_service
from tests.server.mlflow.serving import Client, Server

FILES = "/api/2.0/mlflow-artifacts/artifacts"
MPU = "/api/2.0/mlflow-artifacts/mpu"
PART = 1 << 20


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the client sends in six parts, the last a small one."""
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(PART))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(PART))
    path = tmp_path / "weights ü.bin"
    path.write_bytes(os.urandom(5 * PART + 77))
    return path


def create(http: httpx.Client, n_parts: int = 3, folder: str = "0/f", name: str = "a") -> Any:
    answer = http.post(f"{MPU}/create/{folder}", json={"path": name, "num_parts": n_parts})
    assert answer.status_code == 200, answer.text
    return answer.json()


def put(credential: Any, data: bytes) -> httpx.Response:
    """Send a part as the client does: only with the headers it was given."""
    return httpx.put(credential["url"], content=data, headers=credential["headers"])


def parts_of(upload: Any, *data: bytes) -> list[dict[str, Any]]:
    answers = [
        put(credential, part) for credential, part in zip(upload["credentials"], data, strict=False)
    ]
    assert [answer.status_code for answer in answers] == [200] * len(data)
    return [
        {"part_number": number, "etag": answer.headers["ETag"], "url": "x"}
        for number, answer in enumerate(answers, 1)
    ]


def finish(
    http: httpx.Client, verb: str, upload: Any, parts: Any = None, name: str = "a"
) -> httpx.Response:
    body = {"path": name, "upload_id": upload["upload_id"], "parts": parts}
    return http.post(f"{MPU}/{verb}/0/f", json=body)


# Through the client
@pytest.mark.parametrize("asked_for", [None, "true"])
def test_a_large_file_goes_up_in_parts(
    client: Client,
    server: Server,
    run_id: str,
    large: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked_for: str | None,
) -> None:
    if asked_for:
        monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", asked_for)
    sent = []
    once = HttpArtifactRepository._upload_part

    def watched(credential: Any, *rest: Any, **named: Any) -> Any:
        sent.append(credential.part_number)
        return once(credential, *rest, **named)

    monkeypatch.setattr(HttpArtifactRepository, "_upload_part", staticmethod(watched))

    client.log_artifact(run_id, str(large), "models/best")

    assert sorted(sent) == [1, 2, 3, 4, 5, 6]
    [file] = client.list_artifacts(run_id, "models/best")
    assert (file.path, file.file_size) == ("models/best/weights ü.bin", 5 * PART + 77)
    down = Path(client.download_artifacts(run_id, file.path))
    assert down.read_bytes() == large.read_bytes()
    blob = hashlib.sha256(large.read_bytes()).hexdigest()
    assert server.blobs.has(blob)


def test_a_client_that_fails_gives_its_parts_up(
    client: Client, server: Server, run_id: str, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set((server.path / "uploads").glob("*"))
    once = HttpArtifactRepository._upload_part

    def failing(credential: Any, *rest: Any, **named: Any) -> Any:
        if credential.part_number == 4:
            raise MlflowException("The cable was pulled.")
        return once(credential, *rest, **named)

    monkeypatch.setattr(HttpArtifactRepository, "_upload_part", staticmethod(failing))

    with pytest.raises(MlflowException, match="cable"):
        client.log_artifact(run_id, str(large))

    assert client.list_artifacts(run_id) == []
    assert set((server.path / "uploads").iterdir()) == before


@pytest.mark.slow
def test_a_service_that_is_killed_in_the_middle_still_has_the_parts_that_came(
    tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def repository(running: Running) -> Any:
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", running.token)
        return MlflowArtifactsRepository("mlflow-artifacts:/0/f", f"{running.url}/mlflow")

    def send(numbers: range) -> list[MultipartUploadPart]:
        return [
            client._upload_part(upload.credentials[number - 1], large, PART, (number - 1) * PART)
            for number in numbers
        ]

    with running_service(tmp_path / "workspace") as running:
        client = repository(running)
        upload = client.create_multipart_upload(str(large), 6)
        parts = send(range(1, 4))
        kill(running)
    with running_service(tmp_path / "workspace") as again:
        client = repository(again)
        parts += send(range(4, 7))
        client.complete_multipart_upload(str(large), upload.upload_id, parts)
        client.complete_multipart_upload(str(large), upload.upload_id, parts)  # a retry
        client._download_file("weights ü.bin", str(tmp_path / "down"))

    assert (tmp_path / "down").read_bytes() == large.read_bytes()


# What goes wrong
def test_parts_become_the_file_whatever_their_order(http: httpx.Client) -> None:
    upload = create(http)
    tags = {}
    for credential in reversed(upload["credentials"]):
        number = credential["part_number"]
        tags[number] = put(credential, str(number).encode()).headers["ETag"]

    done = finish(
        http, "complete", upload, [{"part_number": n, "etag": tags[n]} for n in (2, 3, 1)]
    )

    assert (done.status_code, done.json()) == (200, {})
    assert http.get(f"{FILES}/0/f/a").content == b"123"


def test_nothing_is_there_before_all_is(http: httpx.Client) -> None:
    parts_of(create(http, name="half"), b"1", b"2")

    assert http.get(f"{FILES}/0/f/half").status_code == 404


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([1, 2], "1 of 3 parts are missing: 3."),
        ([], "3 of 3 parts are missing: 1, 2, 3."),
        ([1, 2, 3, 4], "Invalid part number 4"),
        ([0, 1, 2], "Invalid part number 0"),
        ([1, 2, 2], "Invalid part number 2: it is there twice"),
        ([1, 2, None], "part_number"),
        ([1, 2, "x"], "part_number"),
    ],
)
def test_what_the_client_says_it_sent_must_be_right(
    http: httpx.Client, parts: list[Any], message: str
) -> None:
    upload = create(http)
    parts_of(upload, b"1", b"2", b"3")

    answer = finish(http, "complete", upload, [{"part_number": number} for number in parts])

    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert message in answer.json()["message"]


def test_a_part_that_never_came_is_named_and_may_still_come(http: httpx.Client) -> None:
    upload = create(http, name="late")
    said = parts_of(upload, b"1", b"2")
    said.append({"part_number": 3, "etag": None})

    refused = finish(http, "complete", upload, said, "late")
    put(upload["credentials"][2], b"3")
    done = finish(http, "complete", upload, said, "late")

    assert "1 of 3 parts are missing: 3." in refused.json()["message"]
    assert done.status_code == 200
    assert http.get(f"{FILES}/0/f/late").content == b"123"


def test_a_part_that_is_another_than_was_sent_is_refused(http: httpx.Client) -> None:
    upload = create(http, 1)
    parts_of(upload, b"1")

    answer = finish(http, "complete", upload, [{"part_number": 1, "etag": '"abc"'}])

    assert answer.status_code == 400
    assert "Part 1 is" in answer.json()["message"]


@pytest.mark.parametrize("number", ["0", "4", "99999"])
def test_there_is_no_part_of_another_number(http: httpx.Client, number: str) -> None:
    upload = create(http)

    answer = http.put(f"{MPU}/parts/{upload['upload_id']}/{number}", content=b"x")

    assert answer.status_code == 400
    assert "it has 3" in answer.json()["message"]


@pytest.mark.parametrize("n_parts", [0, -1, 10_001, None, "many", 1.5, 10**30])
def test_a_number_of_parts_that_none_can_have_is_refused(http: httpx.Client, n_parts: Any) -> None:
    answer = http.post(f"{MPU}/create/0/f", json={"path": "a", "num_parts": n_parts})

    assert answer.status_code == 400
    assert "num_parts" in answer.json()["message"]


@pytest.mark.parametrize("folder", ["..", "0/%2e%2e/x", "0/..%2f..", "0//x", "C:/x"])
def test_no_upload_leaves_the_root(http: httpx.Client, folder: str) -> None:
    body = {"path": "a", "num_parts": 1}

    assert http.post(f"{MPU}/create/{folder}", json=body).status_code in {400, 404}


@pytest.mark.parametrize(
    ("path", "kept"), [("/home/ann/w.bin", "w.bin"), (r"C:\models\w.bin", "w.bin")]
)
def test_a_file_keeps_its_own_name_wherever_it_lay(
    http: httpx.Client, path: str, kept: str
) -> None:
    upload = create(http, 1, name=path)

    done = finish(http, "complete", upload, parts_of(upload, b"here"), path)

    assert done.status_code == 200
    assert http.get(f"{FILES}/0/f/{kept}").content == b"here"


def test_an_upload_belongs_to_who_began_it(server: Server, http: httpx.Client) -> None:
    upload = create(http, 1)
    parts = parts_of(upload, b"1")
    bob = server.http(server.token("bob", "Data Scientist"))

    part = bob.put(f"{MPU}/parts/{upload['upload_id']}/1", content=b"bob's")
    done = finish(bob, "complete", upload, parts)
    abort = finish(bob, "abort", upload)

    assert [answer.status_code for answer in (part, done, abort)] == [404, 404, 404]
    assert finish(http, "complete", upload, parts).status_code == 200


def test_a_token_is_needed_for_every_step(server: Server, http: httpx.Client) -> None:
    upload = create(http, 1)
    stranger, reader = server.http(None), server.http(server.token("reads", "Reader"))

    for who, status in ((stranger, 401), (reader, 403)):
        steps = [
            who.post(f"{MPU}/create/0/f", json={"path": "a", "num_parts": 1}),
            who.put(f"{MPU}/parts/{upload['upload_id']}/1", content=b"x"),
            finish(who, "complete", upload),
            finish(who, "abort", upload),
        ]
        assert [answer.status_code for answer in steps] == [status] * 4


def test_a_job_sends_only_to_its_own_run(
    server: Server, client: Client, experiment_id: str, run_id: str
) -> None:
    other = client.create_run(experiment_id).info.run_id
    job = server.http(server.token(f"job:{run_id}", "Job", run_id))
    body = {"path": "a", "num_parts": 1}

    own = job.post(f"{MPU}/create/{experiment_id}/{run_id}/artifacts", json=body)
    others = job.post(f"{MPU}/create/{experiment_id}/{other}/artifacts", json=body)

    assert own.status_code == 200
    assert put(own.json()["credentials"][0], b"x").status_code == 200
    assert others.status_code == 403


def test_what_is_given_up_takes_no_more(http: httpx.Client) -> None:
    upload = create(http, 1)
    parts = parts_of(upload, b"1")

    assert finish(http, "abort", upload).status_code == 200

    assert finish(http, "complete", upload, parts).status_code == 404
    assert put(upload["credentials"][0], b"again").status_code == 404


def test_an_upload_goes_where_it_was_begun_for(http: httpx.Client) -> None:
    upload = create(http, 1)
    parts = parts_of(upload, b"1")

    answer = finish(http, "complete", upload, parts, name="elsewhere")

    assert answer.status_code == 400
    assert http.get(f"{FILES}/0/f/elsewhere").status_code == 404


def test_a_file_cannot_take_a_folders_place(http: httpx.Client) -> None:
    http.put(f"{FILES}/0/f/folder/file", content=b"x")
    upload = create(http, 1, name="folder")

    answer = finish(http, "complete", upload, parts_of(upload, b"1"), "folder")

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid path")


def test_a_proxy_that_ends_tls_is_where_parts_go(http: httpx.Client) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ml.example.org"}
    body = {"path": "a", "num_parts": 1}

    [credential] = http.post(f"{MPU}/create/0/f", json=body, headers=headers).json()["credentials"]

    assert credential["url"].startswith("https://ml.example.org/mlws/mlflow/api/2.0/")


def test_who_was_forwarded_never_sees_the_forwarders_token(http: httpx.Client) -> None:
    body = {"path": "a", "num_parts": 1}

    answer = http.post(f"{MPU}/create/0/f", json=body, headers={"Via": "1.1 jupyter-mlws"})

    assert answer.status_code == 501  # so the client sends the file as one
    assert answer.json()["message"].startswith("Multipart upload is not supported")
    assert "Authorization" not in answer.text


def test_a_large_part_streams_to_the_disk(server: Server, http: httpx.Client) -> None:
    upload = create(http, 1, name="big")
    size = 120_000_000  # more than tornado's own limit for a body

    answer = put(upload["credentials"][0], bytes(size))
    done = finish(http, "complete", upload, [{"part_number": 1}], "big")

    assert (answer.status_code, done.status_code) == (200, 200)
    assert http.head(f"{FILES}/0/f/big").headers["Content-Length"] == str(size)
    found = Uploads(server.path / "uploads", server.blobs).get(upload["upload_id"], "owners-token")
    assert found.size_bytes == size
