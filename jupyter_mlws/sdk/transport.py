"""How the client reaches a workspace: the one seam between the SDK and the wire."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import orjson

from jupyter_mlws.entities.errors import MlwsError, Unavailable, from_dict
from jupyter_mlws.features.operations import Operation, find

RETRY_S = 30.0
IN_ONE_BYTES = 32 << 20
"""A file of up to this size is sent as one."""
TIMEOUT = httpx.Timeout(120.0, connect=10.0)


class Transport(Protocol):
    """Carries calls of operations."""

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """The answer of an operation, as plain JSON.

        Raises:
            MlwsError: of the class that the workspace raised.
        """

    def download(self, name: str, arguments: dict[str, Any], target: Path) -> None:
        """Write the file that an operation answers to `target`, whole or not at all."""

    def put_blob(self, blob: str, source: Path) -> None:
        """Send the bytes of a file whose SHA-256 is `blob`."""

    def close(self) -> None:
        """Let go of the connections."""


class HttpTransport:
    """Calls operations over REST; waits for a service that is just being restarted.

    Args:
        registry: asked in the place of the workspace, through its service.
    """

    def __init__(self, url: str, token: str, registry: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.token = token
        where = f"/registries/{quote(registry, safe='')}" if registry else ""
        self._client = httpx.Client(
            base_url=f"{self.url}{where}/api",
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            trust_env=False,
        )
        # Scripts for Azure ML never close their client.
        self._finalizer = weakref.finalize(self, self._client.close)

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """The answer of an operation, as plain JSON."""
        request = self._request(find(name), arguments)
        response = self._sent(request)
        _raise_for(response)
        return orjson.loads(response.content)

    def download(self, name: str, arguments: dict[str, Any], target: Path) -> None:
        """Write the file that an operation answers to `target`, whole or not at all."""
        response = self._sent(self._request(find(name), arguments), stream=True)
        with _closing(response):
            if response.is_error:
                response.read()
            _raise_for(response)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.part")
            with partial.open("wb") as file:
                for piece in response.iter_bytes(1 << 20):
                    file.write(piece)
            partial.replace(target)

    def put_blob(self, blob: str, source: Path) -> None:
        """Send the bytes of a file whose SHA-256 is `blob`; a large one goes on where it was broken off."""
        if source.stat().st_size > IN_ONE_BYTES:
            self._put_parts(blob, source)
            return
        with source.open("rb") as file:
            request = self._client.build_request("PUT", f"/blobs/{blob}", content=_pieces(file))
            _raise_for(self._client.send(request))

    def close(self) -> None:
        """Close the connections."""
        self._finalizer()

    def _put_parts(self, blob: str, source: Path) -> None:
        size_bytes = source.stat().st_size
        upload = self._done("uploads.create_or_update", blob=blob, size_bytes=size_bytes)
        there = {part["part_number"] for part in upload["parts"]}
        with source.open("rb") as file:
            for number in range(1, upload["n_parts"] + 1):
                if number not in there:
                    file.seek((number - 1) * upload["part_bytes"])
                    part = file.read(upload["part_bytes"])
                    address = f"/uploads/{upload['id']}/parts/{number}"
                    request = self._client.build_request("PUT", address, content=part)
                    _raise_for(self._sent(request, repeatable=True))
        self._done("uploads.complete", id=upload["id"])

    def _done(self, name: str, **arguments: Any) -> Any:
        """The answer of an operation that may be asked for twice."""
        response = self._sent(self._request(find(name), arguments), repeatable=True)
        _raise_for(response)
        return orjson.loads(response.content)

    def _request(self, op: Operation, arguments: dict[str, Any]) -> httpx.Request:
        method, path = op.route
        rest = {name: value for name, value in arguments.items() if value is not None}
        if op.key:
            path = path.replace(f"{{{op.key}}}", quote(str(rest.pop(op.key)), safe=""))
        if method in {"GET", "DELETE"}:
            return self._client.build_request(method, path, params=_query(rest))
        return self._client.build_request(
            method,
            path,
            content=orjson.dumps(rest, default=_plain),
            headers={"Content-Type": "application/json"},
        )

    def _sent(
        self, request: httpx.Request, *, stream: bool = False, repeatable: bool = False
    ) -> httpx.Response:
        deadline = time.monotonic() + RETRY_S
        pause_s = 0.05
        while True:
            try:
                return self._client.send(request, stream=stream)
            except httpx.TransportError as error:
                # A request that never arrived, or one that only reads, may be sent again.
                safe = isinstance(error, httpx.ConnectError) or request.method == "GET"
                if not (safe or repeatable) or time.monotonic() > deadline:
                    raise Unavailable(f"{self.url} does not answer: {error}") from error
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)


def _raise_for(response: httpx.Response) -> None:
    if not response.is_error:
        return
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise MlwsError(f"HTTP {response.status_code} from {response.request.url}") from None
    raise from_dict(body)


def _query(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value).lower() if isinstance(value, bool) else _plain(value)
        for name, value in arguments.items()
    }


def _plain(value: Any) -> Any:
    """Entities as the wire carries them."""
    dump = getattr(value, "model_dump", None)
    if dump:
        return dump(mode="json", by_alias=True, exclude_none=True)
    return getattr(value, "value", value)


def _pieces(file: Any) -> Iterator[bytes]:
    while piece := file.read(1 << 20):
        yield piece


@contextmanager
def _closing(response: httpx.Response) -> Iterator[None]:
    try:
        yield
    finally:
        response.close()
