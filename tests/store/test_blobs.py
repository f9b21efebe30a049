from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.testing.store import BlobsSuite


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


class TestFileBlobs(BlobsSuite):
    pass
