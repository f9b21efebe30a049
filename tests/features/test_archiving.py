"""A run's files as one zip archive."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.features.workspace import Workspace

Call = Callable[..., Any]


@pytest.fixture
def run_id(ws: Workspace) -> str:
    files = {
        "a.txt": b"a" * 1000,
        "plots/\u00fc b.png": b"png",
        "plots/deep/c": b"",
        "m/x.bin": b"x",
    }
    with ws.change("run:r") as tx:
        tx.create_run("r", 0, name="a run", user="ana", status="Running")
    for path, data in files.items():
        blob = ws.blobs.put(data)
        with ws.change("run:r") as tx:
            tx.put_artifact(f"0/r/artifacts/{path}", blob, len(data))
    return "r"


def _opened(answer: Any) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.pieces)))


def test_all_files_come_with_their_paths_and_bytes(run_id: str, call: Call) -> None:
    answer = call("runs.download_artifacts", run_id=run_id)

    with _opened(answer) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.txt", "m/x.bin", "plots/deep/c", "plots/\u00fc b.png"]
        assert archive.read("a.txt") == b"a" * 1000
    assert (answer.name, answer.media_type) == ("a run.zip", "application/zip")


@pytest.mark.parametrize(
    ("path", "names"),
    [("plots", ["plots/deep/c", "plots/\u00fc b.png"]), ("a.txt", ["a.txt"]), ("m/", ["m/x.bin"])],
)
def test_a_folder_or_a_file_comes_alone(
    run_id: str, call: Call, path: str, names: list[str]
) -> None:
    with _opened(call("runs.download_artifacts", run_id=run_id, path=path)) as archive:
        assert archive.namelist() == names


@pytest.mark.parametrize("path", ["nope", "plots/nope"])
def test_what_is_not_there_is_told(run_id: str, call: Call, path: str) -> None:
    with pytest.raises(NotFound):
        call("runs.download_artifacts", run_id=run_id, path=path)


def test_a_run_without_files_is_told(ws: Workspace, call: Call) -> None:
    with ws.change("run:empty") as tx:
        tx.create_run("empty", 0, name="e", user="ana", status="Running")

    with pytest.raises(NotFound, match="left no files"):
        call("runs.download_artifacts", run_id="empty")


def test_memory_stays_flat_however_large_the_files(ws: Workspace, run_id: str, call: Call) -> None:
    size = 64 << 20
    writer = ws.blobs.writer()
    for _ in range(64):
        writer.write(bytes(1 << 20))
    blob, _ = writer.commit()
    with ws.change("run:r") as tx:
        tx.put_artifact("0/r/artifacts/large.gz", blob, size)
    answer = call("runs.download_artifacts", run_id=run_id)

    tracemalloc.start()
    n_bytes = sum(len(piece) for piece in answer.pieces)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert n_bytes > size
    assert peak < 16 << 20
