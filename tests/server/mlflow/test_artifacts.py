"""The artifact proxy."""

from __future__ import annotations

import errno
import http.client
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import matplotlib as mpl
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from jupyter_mlws.entities.errors import Unavailable
from jupyter_mlws.server.mlflow.artifacts import safe_path
from jupyter_mlws.server.mlflow.wire import Refused
from jupyter_mlws.store.base import BlobWriter
from jupyter_mlws.store.blobs import FileBlobs
from tests.server.mlflow.serving import OWNER, Client, Server, serve

FILES = "/api/2.0/mlflow-artifacts/artifacts"
Post = Callable[..., httpx.Response]


# Through the client
def test_files_and_folders_go_up_and_come_down(client: Client, run_id: str, tmp_path: Path) -> None:
    source = tmp_path / "up"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "a b+c 5%ü.txt").write_text("odd name")
    (source / "deep" / "er" / "b.bin").write_bytes(bytes(range(256)) * 5000)
    (source / "empty").touch()

    client.log_artifacts(run_id, str(source), "folder")
    client.log_artifact(run_id, str(source / "empty"))
    down = Path(client.download_artifacts(run_id, "", str(tmp_path)))

    for file in ("a b+c 5%ü.txt", "deep/er/b.bin", "empty"):
        assert (down / "folder" / file).read_bytes() == (source / file).read_bytes()
    assert [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run_id)] == [
        ("empty", False, 0),
        ("folder", True, None),
    ]
    assert {f.path for f in client.list_artifacts(run_id, "folder/deep")} == {"folder/deep/er"}


@pytest.mark.filterwarnings("ignore:For backward compatibility")  # between mlflow and pandas
def test_everything_that_can_be_logged_can_be_loaded(
    client: Client, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 2])
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    uri = f"runs:/{run_id}"
    with mlflow.start_run(run_id):
        mlflow.log_text("hällo", "text.txt")
        mlflow.log_dict({"a": [1, "ü"]}, "dict.json")
        mlflow.log_figure(figure, "figure.png")
        mlflow.log_table(table, "table.json")
        mlflow.log_table(table, "table.json")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "image.png")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), key="dogs", step=1)
    plt.close(figure)

    assert mlflow.artifacts.load_text(f"{uri}/text.txt") == "hällo"
    assert mlflow.artifacts.load_dict(f"{uri}/dict.json") == {"a": [1, "ü"]}
    assert mlflow.artifacts.load_image(f"{uri}/image.png").size == (4, 4)
    assert len(mlflow.load_table("table.json", run_ids=[run_id])) == 4
    assert {f.path for f in client.list_artifacts(run_id)} >= {"figure.png", "images"}


def test_an_overwritten_file_has_the_new_bytes(client: Client, run_id: str) -> None:
    client.log_text(run_id, "first", "a.txt")
    client.log_text(run_id, "second, longer", "a.txt")

    assert mlflow.artifacts.load_text(f"runs:/{run_id}/a.txt") == "second, longer"


def test_what_is_not_there_is_told(client: Client, run_id: str, tmp_path: Path) -> None:
    with pytest.raises(MlflowException, match=r"No such artifact: '.*none.txt'|Failed to download"):
        client.download_artifacts(run_id, "none.txt", str(tmp_path))
    assert client.list_artifacts(run_id, "none") == []


# Over plain HTTP
def test_a_file_is_sent_to_be_saved_and_not_guessed(http: httpx.Client) -> None:
    http.put(f"{FILES}/0/page.html", content=b"<script>")

    answer = http.get(f"{FILES}/0/page.html")

    assert answer.content == b"<script>"
    assert answer.headers["Content-Length"] == "8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox"


def test_a_part_of_a_file_is_sent(http: httpx.Client) -> None:
    http.put(f"{FILES}/0/digits", content=b"0123456789")

    answer = http.get(f"{FILES}/0/digits", headers={"Range": "bytes=2-4"})

    assert (answer.status_code, answer.content) == (206, b"234")
    assert answer.headers["Content-Range"] == "bytes 2-4/10"


def test_a_known_file_is_not_sent_again(http: httpx.Client) -> None:
    http.put(f"{FILES}/0/known", content=b"0123456789")
    etag = http.get(f"{FILES}/0/known").headers["Etag"]

    answer = http.get(f"{FILES}/0/known", headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content) == (304, b"")


def test_a_folder_is_listed_by_own_names(http: httpx.Client) -> None:
    http.put(f"{FILES}/0/list/b", content=b"12")
    http.put(f"{FILES}/0/list/a/c", content=b"123")

    found = http.get(FILES, params={"path": "0/list"}).json()["files"]

    assert found == [
        {"path": "a", "is_dir": True},
        {"path": "b", "is_dir": False, "file_size": 2},
    ]


@pytest.mark.parametrize("path", ["nobody", "0/list/b", "nobody/"])
def test_what_is_no_folder_has_nothing_in_it(http: httpx.Client, path: str) -> None:
    answer = http.get(FILES, params={"path": path})

    assert (answer.status_code, answer.json()) == (200, {})


def test_a_folder_cannot_be_fetched_as_a_file(http: httpx.Client) -> None:
    http.put(f"{FILES}/0/folder/file", content=b"")

    assert http.get(f"{FILES}/0/folder").status_code == 400
    assert http.get(f"{FILES}/0/nobody").status_code == 404


def test_a_file_cannot_take_the_place_of_a_folder_nor_lie_below_a_file(http: httpx.Client) -> None:
    http.put(f"{FILES}/0/place/file", content=b"")

    assert http.put(f"{FILES}/0/place", content=b"").status_code == 400
    assert http.put(f"{FILES}/0/place/file/below", content=b"").status_code == 400


def test_files_and_folders_are_deleted(http: httpx.Client) -> None:
    for path in ("a/b", "a/c/d", "ab"):
        http.put(f"{FILES}/0/gone/{path}", content=b"1")

    answer = http.request("DELETE", f"{FILES}/0/gone/a")

    assert (answer.status_code, answer.json()) == (200, {})
    left = http.get(FILES, params={"path": "0/gone"}).json()["files"]
    assert [file["path"] for file in left] == ["ab"]
    assert http.request("DELETE", f"{FILES}/0/gone/a").status_code == 200


def test_a_runs_artifacts_are_listed_by_paths_from_its_root(
    http: httpx.Client, client: Client, run_id: str
) -> None:
    client.log_text(run_id, "a", "folder/a.txt")

    root = http.get("/api/2.0/mlflow/artifacts/list", params={"run_id": run_id}).json()
    below = http.get(
        "/api/2.0/mlflow/artifacts/list", params={"run_id": run_id, "path": "folder"}
    ).json()

    assert root["root_uri"] == client.get_run(run_id).info.artifact_uri
    assert root["files"] == [{"path": "folder", "is_dir": True}]
    assert below["files"] == [{"path": "folder/a.txt", "is_dir": False, "file_size": 1}]


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "a/../b",
        "%2e%2e/a",
        "%2E%2E%2Fa",
        "%252e%252e/a",
        "%25252e%25252e%25252fa",
        "a/%2e%2e/%2e%2e/b",
        "%2Fetc/passwd",
        "%252Fetc/passwd",
        "a%5C..%5Cb",
        "a%255Cb",
        "C:/a",
        "c%3A/a",
        "a%00b",
        "a//b",
        "./a",
        "a/./b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_path_leads_out(server: Server, method: str, path: str) -> None:
    before = server.store.last_event()
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)

    connection.request(
        method,
        f"{address.path}{FILES}/{path}",
        body=b"a" if method == "PUT" else None,
        headers={"Authorization": f"Bearer {OWNER}"},
    )
    answer = connection.getresponse()
    body = answer.read()
    connection.close()

    assert (answer.status, b"Invalid path" in body) == (400, True), body
    assert server.store.last_event() == before


@pytest.mark.parametrize("path", ["../a", "a/%2e%2e", "/a", "a\\b", "%252e%252e"])
def test_no_listed_path_leads_out(http: httpx.Client, run_id: str, path: str) -> None:
    proxy = http.get(FILES, params={"path": path})
    run = http.get("/api/2.0/mlflow/artifacts/list", params={"run_id": run_id, "path": path})

    assert (proxy.status_code, run.status_code) == (400, 400)
    assert proxy.json()["message"] == run.json()["message"] == "Invalid path"


@pytest.mark.parametrize("path", ["a", "a b/c+d", "100%", "%zz", "ü/日本", "..a/b..", "a/"])
def test_ordinary_paths_are_used_as_they_are(path: str) -> None:
    assert safe_path(path) == path.rstrip("/")


@pytest.mark.parametrize("path", ["", "/", "a/../b", "..%2f", "Z:a"])
def test_odd_paths_are_refused(path: str) -> None:
    with pytest.raises(Refused, match="Invalid path"):
        safe_path(path)


def test_broken_escapes_are_a_400_in_json(server: Server) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    connection.request(
        "GET", f"{address.path}{FILES}/%ff", headers={"Authorization": f"Bearer {OWNER}"}
    )

    answer = connection.getresponse()

    assert answer.status == 400
    assert b'"error_code":"BAD_REQUEST"' in answer.read()
    connection.close()


def test_a_large_file_streams_through_little_memory(
    server: Server, http: httpx.Client, tmp_path: Path
) -> None:
    size = 150_000_000  # more than tornado's own limit for a body

    def pieces() -> Iterator[bytes]:
        for _ in range(150):
            yield bytes(1_000_000)

    up = http.put(f"{FILES}/0/large", content=pieces(), headers={"Content-Length": str(size)})
    with http.stream("GET", f"{FILES}/0/large") as down:
        received = sum(map(len, down.iter_bytes()))

    assert (up.status_code, received) == (200, size)


def test_a_chunked_upload_is_taken(http: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a" * 10
        yield b"b" * 10

    assert http.put(f"{FILES}/0/chunked", content=pieces()).status_code == 200
    assert http.get(f"{FILES}/0/chunked").content == b"a" * 10 + b"b" * 10


def test_a_refused_upload_is_read_to_its_end_so_that_the_answer_arrives(server: Server) -> None:
    reader = server.http(server.token("reader", "Reader"))

    for _ in range(20):
        answer = reader.put(f"{FILES}/0/refused", content=bytes(1_000_000))
        assert answer.status_code == 403


class Watched(BlobWriter):
    """A blob writer that says when it is let go of."""

    def __init__(self, inner: BlobWriter, gone: threading.Event, *, full_after: int | None) -> None:
        self.inner = inner
        self.gone = gone
        self.left = full_after

    def write(self, data: bytes) -> None:
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                self.inner.abort()
                raise Unavailable(f"The disk is full: {os.strerror(errno.ENOSPC)}.")
        self.inner.write(data)

    def commit(self) -> tuple[str, int]:
        return self.inner.commit()

    def abort(self) -> None:
        self.inner.abort()
        self.gone.set()


class WatchedBlobs(FileBlobs):
    """Blobs on a disk that has room for `full_after` more bytes of each blob."""

    def __init__(self, path: Path, full_after: int | None = None) -> None:
        super().__init__(path)
        self.full_after = full_after
        self.gone = threading.Event()

    def writer(self) -> BlobWriter:  # type: ignore[override]
        return Watched(super().writer(), self.gone, full_after=self.full_after)


def test_a_full_disk_is_told_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = WatchedBlobs(tmp_path / "blobs", full_after=3_000_000)

    for server in serve(tmp_path, blobs):
        http = server.http()
        before = server.store.last_event()
        answer = http.put(f"{FILES}/0/a/large", content=bytes(8_000_000))

        assert answer.status_code == 507  # the client would repeat a 500 or 503 for minutes
        assert answer.json()["error_code"] == "RESOURCE_EXHAUSTED"
        assert http.get(FILES, params={"path": "0"}).json() == {}
        assert http.put(f"{FILES}/0/a/small", content=b"1").status_code == 200
        assert server.store.last_event() == before + 1
        assert len(list(blobs.list())) == 1
        assert [p for p in (tmp_path / "blobs").rglob("*") if p.is_file()] == [
            blobs.path(server.store.get_artifact("0/a/small").blob or "")
        ]


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    blobs = WatchedBlobs(tmp_path / "blobs")

    for server in serve(tmp_path, blobs):
        address = urlsplit(server.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        connection.putrequest("PUT", f"{address.path}{FILES}/0/broken")
        connection.putheader("Authorization", f"Bearer {OWNER}")
        connection.putheader("Content-Length", "10000000")
        connection.endheaders()
        connection.send(bytes(5_000_000))
        connection.close()

        assert blobs.gone.wait(20)
        assert list(blobs.list()) == []
        assert server.http().get(f"{FILES}/0/broken").status_code == 404


def test_files_of_a_run_and_of_a_version_are_answered_as_the_web_pages_ask(
    http: httpx.Client, client: Client, run_id: str
) -> None:
    client.log_text(run_id, "hello", "folder/a b.txt")
    root = client.get_run(run_id).info.artifact_uri
    name = f"model-{run_id}"
    client.create_registered_model(name)
    client.create_model_version(name, f"{root}/folder", run_id)

    by_run = http.get("/get-artifact", params={"run_uuid": run_id, "path": "folder/a b.txt"})
    by_version = http.get(
        "/model-versions/get-artifact", params={"name": name, "version": "1", "path": "a b.txt"}
    )

    assert (by_run.text, by_version.text) == ("hello", "hello")


def test_a_file_of_a_logged_model_is_answered_as_the_web_pages_ask(
    http: httpx.Client, client: Client, experiment_id: str
) -> None:
    model = client.create_logged_model(experiment_id, "m")
    root = model.artifact_location.removeprefix("mlflow-artifacts:/")
    http.put(f"{FILES}/{root}/MLmodel", content=b"flavors: {}")

    answer = http.get(
        f"/ajax-api/2.0/mlflow/logged-models/{model.model_id}/artifacts/files",
        params={"artifact_file_path": "MLmodel"},
    )

    assert answer.text == "flavors: {}"


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"path": "zz"}, 404, "No such artifact"),
        ({"path": "../a"}, 400, "Invalid path"),
        ({}, 400, "Missing value for required parameter 'path'"),
        ({"path": "a", "run_uuid": "nope"}, 404, "Run with id=nope not found"),
    ],
)
def test_a_web_pages_bad_request_for_a_file_is_told(
    http: httpx.Client, run_id: str, query: dict[str, str], status: int, message: str
) -> None:
    answer = http.get("/get-artifact", params={"run_uuid": run_id, **query})

    assert answer.status_code == status
    assert message in answer.json()["message"]


def test_a_web_page_uploads_a_small_file(http: httpx.Client, client: Client, run_id: str) -> None:
    path = "/ajax-api/2.0/mlflow/upload-artifact"

    answer = http.post(path, params={"run_uuid": run_id, "path": "up/a.txt"}, content=b"up")

    assert answer.status_code == 200
    assert Path(client.download_artifacts(run_id, "up/a.txt")).read_text() == "up"
    large = http.post(path, params={"run_uuid": run_id, "path": "b"}, content=b"x" * 10_485_761)
    assert (large.status_code, "10MB" in large.json()["message"]) == (400, True)
    assert http.post(path, content=b"up").json()["message"] == "Request must specify run_uuid."
    client.delete_run(run_id)
    gone = http.post(path, params={"run_uuid": run_id, "path": "c"}, content=b"up")
    assert "must be in the 'active' state" in gone.json()["message"]
