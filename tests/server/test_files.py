"""Files that are made while they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.simple_httpclient import HTTPStreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from jupyter_mlws.server.files import send_pieces


def pieces(last: bytes | None) -> Iterator[bytes]:
    yield b"first,"
    if last is None:
        raise ValueError("It cannot go on.")
    yield last


class Handler(RequestHandler):
    async def get(self, last: str) -> None:
        await send_pieces(self, pieces(last.encode() or None), "runs.csv", "text/csv")


def fetched(path: str) -> bytes:
    async def fetch() -> bytes:
        server = HTTPServer(Application([("/(.*)", Handler)]))
        sock, port = bind_unused_port()
        server.add_socket(sock)
        client = AsyncHTTPClient(force_instance=True)
        try:
            return (await client.fetch(f"http://127.0.0.1:{port}/{path}")).body
        finally:
            client.close()
            server.stop()

    return asyncio.run(fetch())


def test_pieces_arrive_as_one_file() -> None:
    assert fetched("second") == b"first,second"


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_cannot_be_finished_is_not_taken_for_whole() -> None:
    with pytest.raises((HTTPStreamClosedError, HTTPClientError)):
        fetched("")
