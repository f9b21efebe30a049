"""Large files of the caller's machine: sent in parts, and on from the last one after a break."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from jupyter_mlws.entities.access import TokenSpec
from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.sdk.transport import IN_ONE_BYTES, HttpTransport
from jupyter_mlws.testing.service import kill, running_service


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "weights.bin"
    path.write_bytes(os.urandom(1 << 20) * 40 + b"the end")
    return path


@pytest.fixture(scope="module")
def blob(large: Path) -> str:
    return hashlib.sha256(large.read_bytes()).hexdigest()


@pytest.fixture
def transport(service: Running) -> Iterator[HttpTransport]:
    made = HttpTransport(service.url, service.token)
    yield made
    made.close()


def sent_parts(transport: HttpTransport) -> list[str]:
    """Numbers of the parts that the transport sends from now on."""
    sent: list[str] = []

    def note(request: httpx.Request) -> None:
        if "/parts/" in request.url.path:
            sent.append(request.url.path.rpartition("/")[2])

    transport._client.event_hooks["request"].append(note)
    return sent


def begin(transport: HttpTransport, blob: str, size_bytes: int) -> dict[str, object]:
    arguments = {"blob": blob, "size_bytes": size_bytes}
    answer: dict[str, object] = transport.call("uploads.create_or_update", arguments)
    return answer


def put_part(transport: HttpTransport, upload: dict[str, object], number: int, data: bytes) -> int:
    address = f"/uploads/{upload['id']}/parts/{number}"
    return transport._client.put(address, content=data).status_code


def test_an_upload_that_was_broken_off_goes_on(
    service: Running, transport: HttpTransport, large: Path, blob: str
) -> None:
    upload = begin(transport, blob, large.stat().st_size)
    part_bytes = int(str(upload["part_bytes"]))
    assert put_part(transport, upload, 1, large.read_bytes()[:part_bytes]) == 200
    assert large.stat().st_size > IN_ONE_BYTES
    sent = sent_parts(transport)

    transport.put_blob(blob, large)

    assert sent == ["2", "3"]
    kept = Path(service.workspace) / "blobs" / blob[:2] / blob
    assert kept.read_bytes() == large.read_bytes()


@pytest.mark.slow
def test_a_service_that_dies_in_the_middle_is_waited_for(
    tmp_path: Path, large: Path, blob: str
) -> None:
    with running_service(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        transport = HttpTransport(running.url, running.token)
        sending = pool.submit(transport.put_blob, blob, large)
        deadline = time.monotonic() + 60
        while not list((tmp_path / "uploads").glob("*/00001-*")) and time.monotonic() < deadline:
            assert not sending.done()
        kill(running)
        with running_service(tmp_path):
            sending.result(100)
        transport.close()

    assert (tmp_path / "blobs" / blob[:2] / blob).read_bytes() == large.read_bytes()


def test_a_data_asset_of_a_large_file_is_sent_in_parts(service: Running, large: Path) -> None:
    with MLClient(url=service.url, token=service.token) as client:
        made = client.data.create_or_update(
            {"name": "weights", "type": "uri_file", "path": str(large)}
        )
        [file] = client.data.list_files(name="weights", version=made.version)

    assert file.size_bytes == large.stat().st_size


def test_what_is_not_what_was_announced_is_refused_and_begins_anew(
    transport: HttpTransport,
) -> None:
    upload = begin(transport, "a" * 64, 3)
    assert put_part(transport, upload, 1, b"abc") == 200

    with pytest.raises(Invalid, match="and not"):
        transport.call("uploads.complete", {"id": upload["id"]})

    assert begin(transport, "a" * 64, 3)["parts"] == []


def test_missing_and_unknown_parts_are_told(transport: HttpTransport) -> None:
    upload = begin(transport, "b" * 64, 40_000_000)

    assert put_part(transport, upload, 4, b"x") == 422
    with pytest.raises(Conflict, match="3 of 3 parts are missing"):
        transport.call("uploads.complete", {"id": upload["id"]})


def test_an_upload_given_up_is_gone(transport: HttpTransport) -> None:
    upload = begin(transport, "c" * 64, 3)
    transport.call("uploads.delete", {"id": upload["id"]})

    assert put_part(transport, upload, 1, b"abc") == 404
    for verb in ("complete", "delete"):
        with pytest.raises(NotFound):
            transport.call(f"uploads.{verb}", {"id": upload["id"]})


@pytest.mark.parametrize(
    ("blob", "size_bytes", "field"),
    [("x", 1, "blob"), ("A" * 64, 1, "blob"), ("a" * 64, 0, "size"), ("a" * 64, 2**41, "size")],
)
def test_what_no_file_can_be_is_refused(
    transport: HttpTransport, blob: str, size_bytes: int, field: str
) -> None:
    with pytest.raises(Invalid, match=field):
        begin(transport, blob, size_bytes)


def test_an_upload_is_its_senders_alone(service: Running, transport: HttpTransport) -> None:
    upload = begin(transport, "d" * 64, 3)
    with MLClient(url=service.url, token=service.token) as client:
        other = client.tokens.create(TokenSpec(name="other", user="bob"))
    bob = HttpTransport(service.url, other.token)

    refused = bob._client.put(f"/uploads/{upload['id']}/parts/1", content=b"abc")
    assert (refused.status_code, refused.headers["Connection"]) == (404, "close")
    assert begin(bob, "d" * 64, 3)["id"] != upload["id"], "on a connection of its own"
    bob.close()


def test_collection_forgets_what_was_abandoned(service: Running, transport: HttpTransport) -> None:
    upload = begin(transport, "e" * 64, 3)
    folder = Path(service.workspace) / "uploads" / str(upload["id"])
    put_part(transport, upload, 1, b"abc")
    for path in (*folder.iterdir(), folder):
        os.utime(path, (1, 1))

    kept = transport.call("workspaces.gc", {"uploads_unused_days": 30_000})
    freed = transport.call("workspaces.gc", {})

    assert kept["n_uploads"] == 0
    assert freed["n_uploads"] >= 1
    assert freed["n_upload_bytes"] >= 3
    assert not folder.exists()
