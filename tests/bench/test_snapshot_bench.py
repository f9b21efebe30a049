"""A large folder is sent once: what changes afterwards is all that is sent and stored."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlws import MLClient
from jupyter_mlws.sdk import snapshot
from jupyter_mlws.testing.service import running_service

FILES = 40
FILE_BYTES = 50 << 20


@pytest.mark.timeout(900)
def test_a_folder_of_2_gb_with_one_changed_file(
    report: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for n in range(FILES):
        with (folder / f"{n:02}.bin").open("wb") as file:
            file.write(b"%d" % n)
            file.truncate(FILE_BYTES)  # holes take no disk here
    rows = []
    with running_service(tmp_path / "workspace") as running:
        blobs = tmp_path / "workspace" / "blobs"
        with MLClient(url=running.url, token=running.token) as client:
            for what in ("first time", "nothing changed", "one file changed"):
                if what == "one file changed":
                    with (folder / "07.bin").open("r+b") as file:
                        os.pwrite(file.fileno(), b"changed", FILE_BYTES // 2)
                before = _stored(blobs)
                began = time.perf_counter()
                snapshot.send(client.transport, folder, code=True)
                seconds = time.perf_counter() - began
                new = {name: size for name, size in _stored(blobs).items() if name not in before}
                rows.append((what, len(new), f"{sum(new.values()) / 1e6:,.1f}", f"{seconds:.1f}"))
    report(
        f"Snapshots of a folder of {FILES * FILE_BYTES / 1e9:.1f} GB in {FILES} files",
        ("", "new blobs", "new MB", "seconds"),
        rows,
    )
    assert [row[1] for row in rows] == [FILES + 1, 0, 2]


def _stored(blobs: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in blobs.rglob("*") if len(path.name) == 64}
