"""A real tornado server of the protocol in a thread, over a real store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

import httpx
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application

from jupyter_mlws.entities.access import Principal, Token
from jupyter_mlws.entities.record import now
from jupyter_mlws.execution.automation.engine import Automation
from jupyter_mlws.execution.dispatcher import Dispatcher
from jupyter_mlws.features.feed import Feed
from jupyter_mlws.features.tokens import Tokens
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.server.auth import authenticate
from jupyter_mlws.server.mlflow import handlers
from jupyter_mlws.store.base import Blobs, Store
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore

Client: TypeAlias = Any
"""The stock client; its own types say None where a server never leaves anything out."""

PREFIX = "/mlws/mlflow"
OWNER = "owners-token"


@dataclass
class Service:
    """What the handlers need of the service."""

    workspace: Workspace
    n_seen: int = 0

    def seen(self) -> None:
        self.n_seen += 1

    def authenticate(self, request: HTTPServerRequest) -> Principal:
        return authenticate(self.workspace.tokens, request)


@dataclass
class Server:
    """A running server and ways to speak to it."""

    path: Path
    url: str
    store: Store
    blobs: Blobs
    tokens: Tokens
    clients: list[httpx.Client] = field(default_factory=list)

    def token(self, name: str, role: str, run_id: str | None = None) -> str:
        """A new token, which is its own name."""
        made = Token(id=name, name=name, user=name, role=role, run_id=run_id, created_at=now())
        self.tokens.add(name, made)
        return name

    def http(self, token: str | None = OWNER) -> httpx.Client:
        """Plain HTTP below the tracking URI."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=60)
        self.clients.append(client)
        return client


def serve(path: Path, blobs: Blobs | None = None) -> Iterator[Server]:
    """A server of the workspace at `path`, until the generator is closed."""
    store = SqliteStore(path / "workspace.db")
    blobs = blobs or FileBlobs(path / "blobs")
    sockets = bind_sockets(0, "127.0.0.1")
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}{PREFIX}"
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()
    tokens = Tokens(store)

    async def run() -> None:
        workspace = Workspace(
            path=path,
            url=url,
            store=store,
            blobs=blobs,
            dispatcher=cast(Dispatcher, None),  # the protocol starts no jobs
            automation=cast(Automation, None),
            feed=Feed(store, loop),
            shutdown=stop.set,
            tokens=tokens,
            principal=Principal(name="system"),
        )
        routes: list[Any] = [
            (f"{PREFIX}{pattern}", cls, options)
            for pattern, cls, options in handlers(Service(workspace))
        ]
        server = HTTPServer(Application(routes))
        server.add_sockets(sockets)
        ready.set()
        await stop.wait()
        server.stop()
        await server.close_all_connections()
        workspace.feed.close()
        await loop.shutdown_default_executor()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(20)
    running = Server(path, url, store, blobs, tokens)
    running.token(OWNER, "Owner")
    yield running
    for client in running.clients:
        client.close()
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    assert not thread.is_alive()
    loop.close()
    store.close()
