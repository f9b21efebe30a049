"""One handler for all operations: it translates, and turns errors into status and JSON."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from typing import Any, ClassVar
from urllib.parse import unquote

import orjson
from tornado.web import HTTPError, RequestHandler, stream_request_body

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    Invalid,
    MlwsError,
    NotFound,
    PluginMissing,
    Unauthenticated,
    Unavailable,
)
from jupyter_mlws.features.operations import Download, Operation, Stream, prepare
from jupyter_mlws.features.registries import entered, require
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.server.files import send_file, send_pieces
from jupyter_mlws.server.service import Service
from jupyter_mlws.store.base import BlobWriter

logger = logging.getLogger(__name__)

STATUS: dict[type[MlwsError], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Denied: 403,
    NotFound: 404,
    AlreadyExists: 409,
    Conflict: 409,
    Unavailable: 503,
    PluginMissing: 501,
}
MAX_BODY_BYTES = 64 << 20

Route = tuple[str, type[RequestHandler], dict[str, Any]]


class ApiHandler(RequestHandler):
    """What all REST handlers share: who asks, and what an error looks like."""

    service: Service
    principal: Principal

    def check_xsrf_cookie(self) -> None:
        """Nothing: no cookie is ever taken for a token, so there is nothing to forge."""

    async def prepare(self) -> None:
        """Find out who asks, before the body is read."""
        self.service.seen()
        self.principal = self.service.authenticate(self.request)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error as `{code, message, problems}`."""
        error = kwargs["exc_info"][1]
        if isinstance(error, MlwsError):
            self.set_status(STATUS.get(type(error), 500))
        else:
            error = self._foreign(status_code, error)
        if isinstance(error, Unauthenticated):
            self.set_header("WWW-Authenticate", 'Bearer realm="jupyter_mlws"')
        if isinstance(error, Unavailable):
            self.set_header("Retry-After", "1")
        self.set_header("Content-Type", "application/json")
        self.finish(orjson.dumps(error.to_dict()))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Only what is our own fault belongs in the log."""
        if not isinstance(value, (MlwsError, HTTPError)):
            super().log_exception(typ, value, tb)

    def answer(self, body: bytes) -> None:
        """Finish with JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish(body)

    def _foreign(self, status_code: int, error: BaseException) -> MlwsError:
        if isinstance(error, HTTPError) and status_code < 500:
            cls = {404: NotFound, 405: NotFound}.get(status_code, Invalid)
            return cls(error.log_message or error.reason or f"HTTP {status_code}")
        reference = secrets.token_hex(4)
        logger.error("Request %s %s failed (%s)", self.request.method, self.request.path, reference)
        return MlwsError(f"The service failed; its log tells more under '{reference}'.")


class OperationHandler(ApiHandler):
    """Calls the operation that a path and method stand for."""

    operations: dict[str, Operation]

    def initialize(self, service: Service, operations: dict[str, Operation]) -> None:
        """Take what the route was made with."""
        self.service = service
        self.operations = operations

    async def get(self, **path: str) -> None:
        """Call the reading operation of this path."""
        await self._call(path)

    post = patch = delete = get

    async def _call(self, path: dict[str, str]) -> None:
        op = self.operations.get(self.request.method or "")
        if op is None:
            allowed = ", ".join(sorted(self.operations))
            raise HTTPError(
                405, f"{self.request.method} is not for {self.request.path}: {allowed}."
            )
        ws = self.service.workspace.of(self.principal)
        if registry := path.get("registry"):
            require(ws, op)
            ws = await asyncio.to_thread(entered, ws, unquote(registry))
        call = prepare(op, ws, self._arguments(op, path))
        result = await call() if op.is_async else await asyncio.to_thread(call)
        if isinstance(result, Download):
            try:
                await send_file(self, result.path, result.name, result.media_type)
            finally:
                if result.is_temporary:
                    await asyncio.to_thread(result.path.unlink, missing_ok=True)
        elif isinstance(result, Stream):
            await send_pieces(self, result.pieces, result.name, result.media_type)
        else:
            self.answer(op.answer.dump_json(result, by_alias=True))

    def _arguments(self, op: Operation, path: dict[str, str]) -> dict[str, Any]:
        arguments = self._query(op) if op.route[0] in {"GET", "DELETE"} else self._body()
        if op.key:
            arguments[op.key] = unquote(path["key"])
        return arguments

    def _query(self, op: Operation) -> dict[str, Any]:
        lists = op.list_arguments
        return {
            name: self.get_query_arguments(name, strip=False)
            if name in lists
            else self.get_query_argument(name, strip=False)
            for name in self.request.query_arguments
        }

    def _body(self) -> dict[str, Any]:
        try:
            body = orjson.loads(self.request.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise Invalid(f"The body is not JSON: {error}.") from None
        if not isinstance(body, dict):
            raise Invalid("The body must be a JSON object.")
        return body


@stream_request_body
class BlobHandler(ApiHandler):
    """Takes the bytes of one blob, as they come."""

    MAX_BYTES: ClassVar[int] = 1 << 40
    writer: BlobWriter | None = None

    def initialize(self, service: Service) -> None:
        """Take what the route was made with."""
        self.service = service

    async def prepare(self) -> None:
        """Open the way for a large body, once it is known who sends it."""
        await super().prepare()
        if not self.principal.may("blobs/write"):
            raise Denied(f"'{self.principal.name}' may not send files.")
        self.request.connection.set_max_body_size(self.MAX_BYTES)  # type: ignore[union-attr]
        if self.request.method == "PUT":
            self.writer = await self.begin()

    async def begin(self) -> BlobWriter:
        """Where the bytes go."""
        return (await self._workspace()).blobs.writer()

    async def _workspace(self) -> Workspace:
        ws = self.service.workspace.of(self.principal)
        if not (registry := self.path_kwargs.get("registry")):
            return ws
        ws = await asyncio.to_thread(entered, ws, unquote(registry))
        if not ws.principal.may("blobs/write"):
            raise Denied(f"'{self.principal.name}' may not send files to '{ws.registry}'.")
        return ws

    async def data_received(self, chunk: bytes) -> None:
        """Write a piece without holding up others."""
        if self.writer:
            await asyncio.to_thread(self.writer.write, chunk)

    async def put(self, blob: str, registry: str | None = None) -> None:
        """Keep the bytes, if they are what their name says."""
        assert self.writer is not None
        kept, size = await asyncio.to_thread(self.writer.commit)
        if kept != blob:
            raise Invalid(f"The bytes are '{kept}' and not '{blob}'.")
        self.answer(orjson.dumps({"blob": kept, "size_bytes": size}))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What is refused before its body is read ends the connection, and the answer says so."""
        if self.writer is None:
            self.set_header("Connection", "close")
        super().write_error(status_code, **kwargs)

    def on_finish(self) -> None:
        """Leave nothing half done."""
        if self.writer:
            self.writer.abort()

    on_connection_close = on_finish


class PartHandler(BlobHandler):
    """Takes one part of an upload, as it comes."""

    async def begin(self) -> BlobWriter:
        """Where the bytes go."""
        uploads = self.service.workspace.uploads
        upload = uploads.get(self.path_kwargs["id"], self.principal.name)
        return uploads.writer(upload, int(self.path_kwargs["number"]))

    async def put(self, id: str, number: str) -> None:  # type: ignore[override]
        """Keep the part; the answer has its SHA-256."""
        assert self.writer is not None
        tag, size = await asyncio.to_thread(self.writer.commit)
        self.answer(orjson.dumps({"part_number": int(number), "sha256": tag, "size_bytes": size}))


class UnknownHandler(ApiHandler):
    """Answers for paths that are none."""

    def initialize(self, service: Service) -> None:
        """Take what the route was made with."""
        self.service = service

    def get(self, **path: str) -> None:
        """Say that there is nothing."""
        raise NotFound(f"There is no '{self.request.path}'.")

    post = put = patch = delete = get


def routes(service: Service, operations: dict[str, Operation]) -> list[Route]:
    """The routes of all operations, below `/mlws/api` and `/mlws/registries/NAME/api`."""
    by_path: dict[str, dict[str, Operation]] = {}
    for op in operations.values():
        method, path = op.route
        by_path.setdefault(path, {})[method] = op
    made: list[Route] = [
        (r"/blobs/(?P<blob>[0-9a-f]{64})", BlobHandler, {"service": service}),
        (r"/uploads/(?P<id>\w+)/parts/(?P<number>\d{1,9})", PartHandler, {"service": service}),
    ]
    # A verb is looked for before the bare key, which would swallow it.
    for path in sorted(by_path, key=lambda path: (":" not in path, path)):
        options = {"service": service, "operations": by_path[path]}
        made.append((_pattern(path), OperationHandler, options))
    return [*made, (r"/.*", UnknownHandler, {"service": service})]


def _pattern(path: str) -> str:
    return re.sub(r"\{\w+\}", "(?P<key>[^/]+?)", path)
