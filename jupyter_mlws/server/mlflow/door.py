"""How the protocol meets HTTP: lean handlers, errors as JSON, work that takes long in threads.

Plain tornado handlers, not Jupyter's: a call costs half as much, and the protocol has its own ways
with tokens and errors. Every handler asks who is there before it reads anything else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.server.mlflow import table, wire
from jupyter_mlws.server.mlflow.wire import Json, Query, Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jupyter_mlws.features.workspace import Workspace

BY_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    405: "ENDPOINT_NOT_FOUND",
}


class Service(Protocol):
    """What the protocol needs of the running service."""

    @property
    def workspace(self) -> Workspace:
        """The workspace as the system sees it."""

    def authenticate(self, request: HTTPServerRequest) -> Principal:
        """Who asks.

        Raises:
            Unauthenticated: nobody that is known.
        """

    def seen(self) -> None:
        """Remember that somebody asked: an idle service leaves."""


class Handler(RequestHandler):
    """What all handlers of the protocol share."""

    service: Service
    door: table.Door

    def initialize(self, service: Service, door: table.Door) -> None:
        """Take what the route says."""
        self.service = service
        self.door = door

    def principal(self) -> Principal:
        """Who asks.

        Raises:
            Refused: the page that sent this is another site's.
            Unauthenticated: nobody that is known.
        """
        origin = self.request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != self.request.host:
            raise Refused("PERMISSION_DENIED", "Cross-origin request blocked")
        principal = self.service.authenticate(self.request)
        self.service.seen()
        return principal

    def answer(self, body: Json) -> None:
        """Send a JSON object."""
        self.set_header("Content-Type", "application/json")
        self.finish(wire.encode(body))

    def refuse(self, error: Refused | MlwsError) -> None:
        """Send an error."""
        refused = error if isinstance(error, Refused) else Refused.of(error)
        self.clear()
        self.set_status(refused.status)
        if refused.status == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        self.answer(refused.to_dict())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send tornado's own errors (bad escapes, methods unknown, faults of ours) in the protocol's form."""
        code = BY_STATUS.get(status_code, "INTERNAL_ERROR")
        self.answer(Refused(code, self._reason).to_dict())

    def compute_etag(self) -> None:
        """No hash over JSON answers: nobody compares them."""

    def check_xsrf_cookie(self) -> None:
        """Nothing to check: only a token in a header lets anybody in, never a cookie."""

    def _log(self) -> None:
        """Log only what went wrong: a line for each metric would drown everything else."""
        if self.get_status() >= 500 and self.get_status() != 501:
            super()._log()


class JsonHandler(Handler):
    """Every endpoint of the table."""

    def handle(self, path: str) -> Awaitable[None] | None:
        """Answer a call, at once when it is small."""
        try:
            principal = self.principal()
            entry, names = table.find(self.request.method or "", path)
            table.permit(principal, entry.action)
            call = self._call(principal, names)
            if entry.heavy(call):
                return self._in_thread(entry, call)
            self.answer(entry.answer(call))
        except (Refused, MlwsError) as error:
            self.refuse(error)
        return None

    get = post = patch = delete = handle

    async def _in_thread(self, entry: table.Endpoint, call: table.Call) -> None:
        try:
            body = await asyncio.to_thread(lambda: wire.encode(entry.answer(call)))
        except (Refused, MlwsError) as error:
            self.refuse(error)
            return
        self.set_header("Content-Type", "application/json")
        self.finish(body)

    def _call(self, principal: Principal, names: dict[str, str]) -> table.Call:
        request = self.request
        values: Json
        if request.method == "GET" or (request.method == "DELETE" and not request.body):
            values = Query.of(request.query_arguments)
        else:
            _check_content_type(request.headers.get("Content-Type"))
            values = wire.decode(request.body)
        if names:
            values.update({name: unquote(value) for name, value in names.items()})
        return table.Call(self.door, principal, values, len(request.body))


class TextHandler(Handler):
    """A fixed text, such as the version that the server speaks; like all else, not for strangers."""

    text: str

    def initialize(  # type: ignore[override]
        self, service: Service, door: table.Door, text: str
    ) -> None:
        """Take what the route says."""
        super().initialize(service, door)
        self.text = text

    def get(self) -> None:
        """Send the text."""
        try:
            self.principal()
        except (Refused, MlwsError) as error:
            self.refuse(error)
            return
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(self.text)

    def _log(self) -> None:
        """Nothing: these are asked for often and tell nothing."""


class UnknownHandler(Handler):
    """Every other path: clients read JSON there too."""

    def prepare(self) -> None:
        """Refuse."""
        try:
            self.principal()
            raise Refused("ENDPOINT_NOT_FOUND", f"There is nothing at {self.request.path}.")
        except (Refused, MlwsError) as error:
            self.refuse(error)


def _check_content_type(header: str | None) -> None:
    if header is None:
        raise wire.invalid("Bad Request. Content-Type header is missing.")
    if header.partition(";")[0].strip().lower() != "application/json":
        raise wire.invalid("Bad Request. Content-Type must be one of ['application/json'].")
