"""Files over HTTP: answered in pieces, with ranges; never whole in memory."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

PIECE = 1 << 20


async def send_file(
    handler: RequestHandler, path: Path, name: str, media_type: str | None = None
) -> None:
    """Answer a request with a file, or with the part that its Range header asks for.

    The browser is told to save it and not to guess its type, so that nothing a run has written is
    executed in the name of this server.
    """
    size = (await asyncio.to_thread(path.stat)).st_size
    start, stop = _range(handler.request, size)
    _set_headers(handler, name, media_type or guess_type(name))
    handler.set_header("Accept-Ranges", "bytes")
    if start is None or stop is None:
        handler.set_status(416)
        handler.set_header("Content-Range", f"bytes */{size}")
        return
    if (start, stop) != (0, size):
        handler.set_status(206)
        handler.set_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
    handler.set_header("Content-Length", str(stop - start))
    if handler.request.method == "HEAD":
        return
    with path.open("rb") as file:
        file.seek(start)
        await _send(handler, file, stop - start)


async def send_pieces(
    handler: RequestHandler, pieces: Iterator[bytes], name: str, media_type: str
) -> None:
    """Answer a request with a file that is made while it is sent; each piece in a thread.

    Where making it fails halfway, the connection is cut: who receives must not take it for whole.
    """
    _set_headers(handler, name, media_type)
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            handler.write(piece)
            await handler.flush()
    except BaseException:
        if handler._headers_written:
            handler.request.connection.stream.close()  # type: ignore[union-attr]
        raise


def _set_headers(handler: RequestHandler, name: str, media_type: str) -> None:
    handler.set_header("Content-Type", media_type)
    handler.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}")
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Content-Security-Policy", "sandbox")


def guess_type(name: str) -> str:
    """The media type that a file's name suggests."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


async def _send(handler: RequestHandler, file: BinaryIO, left: int) -> None:
    while left > 0:
        piece = await asyncio.to_thread(file.read, min(PIECE, left))
        if not piece:
            return
        left -= len(piece)
        handler.write(piece)
        await handler.flush()


def _range(request: HTTPServerRequest, size: int) -> tuple[int | None, int | None]:
    """First byte and the one after the last; (None, None) when the range cannot be given."""
    unit, _, asked = request.headers.get("Range", "").partition("=")
    first, dash, last = asked.partition("-")
    if unit.strip() != "bytes" or not dash or "," in asked:
        return 0, size
    if not (first.strip() or last.strip()).isdigit() or (
        last.strip() and not last.strip().isdigit()
    ):
        return 0, size
    if not first.strip():
        return max(0, size - int(last)), size
    start = int(first)
    stop = min(int(last) + 1, size) if last.strip() else size
    return (start, stop) if start < stop else (None, None)
