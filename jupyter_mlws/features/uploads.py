"""Uploads: a large file goes up in parts, and goes on from the last one when it was interrupted."""

from __future__ import annotations

import hashlib
import re

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.upload import Upload, UploadPart
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.uploads import MAX_PARTS

PART_BYTES = 16 << 20
MAX_BYTES = 1 << 40


@operation("blobs/write")
def create_or_update(ws: Workspace, blob: str, size_bytes: int) -> Upload:
    """Begin to send a file in parts, or find how far it has come.

    The parts go to `PUT /uploads/ID/parts/NUMBER`, in any order and side by side; one that is sent
    again takes the place of the one before.

    Args:
        blob: SHA-256 of the whole file, in hexadecimal digits.
        size_bytes: of the whole file.
    Raises:
        Invalid: this is no hash, or the size is none that a file can have here.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", blob):
        raise Invalid.field("blob", f"'{blob}' is not a SHA-256 in 64 hexadecimal digits.")
    if not 1 <= size_bytes <= MAX_BYTES:
        raise Invalid.field("size_bytes", f"must be 1 to {MAX_BYTES} (got {size_bytes}).")
    part_bytes = max(PART_BYTES, -(-size_bytes // MAX_PARTS))
    who = ws.principal.name
    # The same file of the same sender is the same upload: that is how it goes on.
    name = hashlib.sha256(f"{who}|{blob}|{size_bytes}".encode()).hexdigest()[:32]
    upload = ws.uploads.begin(who, blob, -(-size_bytes // part_bytes), name)
    if upload.blob:  # it was sent before, and freed since
        ws.uploads.forget(upload)
        upload = ws.uploads.begin(who, blob, upload.n_parts, name)
    return Upload(
        id=upload.id,
        blob=blob,
        n_parts=upload.n_parts,
        part_bytes=part_bytes,
        parts=[
            UploadPart(part_number=part.number, sha256=part.tag, size_bytes=part.size_bytes)
            for part in ws.uploads.parts(upload)
        ],
    )


@operation("blobs/write")
def complete(ws: Workspace, id: str) -> None:
    """Put the parts together; the file is there from now on, as `PUT /blobs/SHA256` would have kept it.

    Asking again is no error.

    Raises:
        NotFound: there is no such upload of the caller.
        Conflict: parts are missing.
        Invalid: together they are not what was announced; all must be sent again.
    """
    upload = ws.uploads.get(id, ws.principal.name)
    blob, _ = ws.uploads.assemble(upload)
    if blob != upload.target:
        ws.uploads.forget(upload)
        raise Invalid(f"The bytes are '{blob}' and not '{upload.target}'.")


@operation("blobs/write")
def delete(ws: Workspace, id: str) -> None:
    """Give an upload up, with the parts that have come.

    Raises:
        NotFound: there is no such upload of the caller.
    """
    ws.uploads.forget(ws.uploads.get(id, ws.principal.name))
