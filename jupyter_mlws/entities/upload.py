"""Uploads: large files on their way in, part by part."""

from __future__ import annotations

from pydantic import Field

from jupyter_mlws.entities.record import View


class UploadPart(View):
    """A part that has come."""

    part_number: int
    sha256: str
    size_bytes: int


class Upload(View):
    """A file that is sent in parts, each to `PUT /uploads/ID/parts/NUMBER`."""

    id: str
    blob: str
    """SHA-256 of the whole file."""
    n_parts: int
    part_bytes: int
    """Size of each part but the last."""
    parts: list[UploadPart] = Field(default_factory=list)
    """Those that have come; the others are still to be sent."""
