"""Files as one zip archive that is made while it is sent: memory stays flat."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timezone

from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.store.base import Blobs

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


@dataclass(frozen=True)
class Entry:
    """One file of an archive."""

    path: str
    content: str | bytes
    """The hash of a blob, or the bytes themselves."""
    modified_ms: int
    is_executable: bool = False


def as_zip(blobs: Blobs, entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive in pieces of about a mebibyte; in the order of `entries`."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for entry in entries:
            content = entry.content
            with (
                archive.open(_head(entry), "w", force_zip64=True) as target,
                io.BytesIO(content)
                if isinstance(content, bytes)
                else blobs.open(content) as source,
            ):
                while data := source.read(PIECE_BYTES):
                    target.write(data)
                    if piece := outlet.take():
                        yield piece
            yield outlet.take()
    yield outlet.take()


def _head(entry: Entry) -> zipfile.ZipInfo:
    moment = from_ms(entry.modified_ms).astimezone(timezone.utc)
    head = zipfile.ZipInfo(entry.path, max(moment.timetuple()[:6], (FIRST_YEAR, 1, 1, 0, 0, 0)))
    packed = any(entry.path.lower().endswith(end) for end in PACKED)
    head.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    head.external_attr = (0o700 if entry.is_executable else 0o600) << 16
    return head
