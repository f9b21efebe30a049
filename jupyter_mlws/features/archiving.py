"""Files of a run as one zip archive that is made while it is sent: memory stays flat."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import timezone

from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.store.base import ArtifactRow, Blobs

PIECE_BYTES = 1 << 20
FIRST_YEAR = 1980
"""Before it, the format knows no time."""
PACKED = frozenset(
    {".gz", ".zip", ".png", ".jpg", ".jpeg", ".parquet", ".npz", ".pt", ".xz", ".bz2", ".mp4"}
)
"""Ends of names of files that get no smaller."""


class _Outlet(io.RawIOBase):
    """Holds what the archive has written since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Hold a piece."""
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """All that is held; none of it afterwards."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def as_zip(blobs: Blobs, files: list[tuple[str, ArtifactRow]]) -> Iterator[bytes]:
    """The archive in pieces of about a mebibyte; entries in the order of `files`."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for path, row in files:
            with (
                archive.open(_entry(path, row), "w", force_zip64=True) as target,
                blobs.open(row.blob or "") as source,
            ):
                while data := source.read(PIECE_BYTES):
                    target.write(data)
                    if piece := outlet.take():
                        yield piece
            yield outlet.take()
    yield outlet.take()


def _entry(path: str, row: ArtifactRow) -> zipfile.ZipInfo:
    moment = from_ms(row.modified_ms).astimezone(timezone.utc)
    entry = zipfile.ZipInfo(path, max(moment.timetuple()[:6], (FIRST_YEAR, 1, 1, 0, 0, 0)))
    packed = any(path.lower().endswith(end) for end in PACKED)
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry
