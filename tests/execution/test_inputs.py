from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import Cause
from jupyter_mlws.entities.run import Status
from jupyter_mlws.testing.jobs import Workroom


@pytest.fixture
def web() -> Iterator[str]:
    """Address of a server that has `/data/x%20y.csv`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.startswith("/data/")
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(b"1,2\n" if found else b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_from_the_web_is_downloaded(room: Workroom, web: str) -> None:
    url = f"{web}/data/x%20y.csv?sig=1"

    job = room.run(
        command="basename ${{inputs.x}}; cat ${{inputs.x}}",
        inputs={"x": {"type": "uri_file", "path": url}},
    )

    assert room.log(job.name) == b"x_y.csv\n1,2\n"


@pytest.mark.parametrize("path", ["/nothing", "/../../etc"])
def test_a_file_that_the_web_has_not_fails_the_job(room: Workroom, web: str, path: str) -> None:
    job = room.run(command="true", inputs={"x": {"type": "uri_file", "path": web + path}})

    assert job.status is Status.FAILED
    assert job.error
    assert job.error.cause is Cause.PREPARATION
    assert "404" in job.error.message


def test_direct_passes_the_address(room: Workroom, web: str) -> None:
    url = f"{web}/data/x"

    job = room.run(
        command="echo ${{inputs.x}}",
        inputs={"x": {"type": "uri_file", "path": url, "mode": "direct"}},
    )

    assert room.log(job.name).decode() == f"{url}\n"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"type": "integer", "value": "10.0"}, "10"),
        ({"type": "integer", "value": 12345678901234567890}, "12345678901234567890"),
        ({"type": "number", "value": "1e-3"}, "0.001"),
        ({"type": "boolean", "value": "true"}, "True"),
        ({"type": "Boolean", "value": False}, "False"),
        ({"type": "string", "value": 5}, "5"),
        ({"value": 5}, "5"),
        (True, "True"),
        ("text", "text"),
    ],
)
def test_literals_have_their_types(room: Workroom, given: Any, text: str) -> None:
    job = room.run(command="echo ${{inputs.x}}", inputs={"x": given})

    assert room.log(job.name).decode() == f"{text}\n"


def test_a_single_file_is_an_input(room: Workroom) -> None:
    reference = room.snapshot({"a.csv": b"1"}, is_file=True)

    job = room.run(
        command="basename ${{inputs.x}}", inputs={"x": {"type": "uri_file", "path": reference}}
    )

    assert room.log(job.name) == b"a.csv\n"


def test_part_of_a_snapshot_is_an_input(room: Workroom) -> None:
    reference = room.snapshot({"a/b/c.txt": b"c", "d.txt": b"d"})

    job = room.run(
        command="ls ${{inputs.x}}; cat ${{inputs.y}}",
        inputs={
            "x": {"path": f"{reference}/a"},
            "y": {"type": "uri_file", "path": f"{reference}/a/b/c.txt"},
        },
    )

    assert room.log(job.name) == b"b\nc"


@pytest.mark.parametrize(
    ("kind", "files", "message"),
    [
        ("uri_file", {"a": b"", "b": b""}, "is a folder: use type uri_folder"),
        ("mlflow_model", None, "is a file: use type uri_file"),
    ],
)
def test_data_must_be_what_its_type_says(
    room: Workroom, kind: str, files: dict[str, bytes] | None, message: str
) -> None:
    reference = room.snapshot(files or {"a": b""}, is_file=files is None)

    with pytest.raises(Invalid, match=message):
        room.submit(command="true", inputs={"x": {"type": kind, "path": reference}})


def test_local_data_cannot_be_direct(room: Workroom) -> None:
    given = {"path": room.snapshot({"a": b""}), "mode": "direct"}

    with pytest.raises(Invalid, match="no address"):
        room.submit(command="true", inputs={"x": given})


def test_an_unknown_output_of_a_job_is_refused(room: Workroom) -> None:
    job = room.run(command="true")

    with pytest.raises(Invalid, match="There is nothing at"):
        room.submit(
            command="true", inputs={"x": {"path": f"azureml://jobs/{job.name}/outputs/model"}}
        )
