"""The artifact proxy: files up and down in pieces, folders listed and deleted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tornado.http1connection import HTTP1Connection
from tornado.web import stream_request_body

from jupyter_mlws.entities.errors import Conflict, Denied, MlwsError, NotFound, Unavailable
from jupyter_mlws.entities.run import Json
from jupyter_mlws.features.run_links import LOGGED_MODEL
from jupyter_mlws.server.files import send_file
from jupyter_mlws.server.mlflow.door import Handler, Service
from jupyter_mlws.server.mlflow.lineage import SOURCE_RUN, TRACE
from jupyter_mlws.server.mlflow.table import Door, permit
from jupyter_mlws.server.mlflow.wire import Refused, absent, invalid
from jupyter_mlws.store.base import ArtifactRow, BlobWriter, Record, Store

if TYPE_CHECKING:
    from jupyter_mlws.entities.access import Principal

SCHEME = "mlflow-artifacts:"
PIECE_BYTES = 1 << 20
"""Bytes are handed to the disk in pieces of about this size."""
MAX_FILE_BYTES = 1 << 44
MADE_BY_RUNS = {"models": LOGGED_MODEL, "traces": TRACE}
"""Folders beside those of the runs, and the kinds of record that have their artifacts in them."""
_DRIVE = re.compile(r"[A-Za-z]:")


class FileHandler(Handler):
    """One file, or for DELETE a folder, below the artifact root."""

    async def get(self, path: str) -> None:
        """Send a file or a part of it."""
        await self._guarded(self._send(path))

    head = get

    async def delete(self, path: str) -> None:
        """Delete a file, or a folder and all below it; what is not there is no error."""
        await self._guarded(self._delete(path))

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (Refused, MlwsError) as error:
            self.refuse(error)

    async def _send(self, path: str) -> None:
        permit(self.principal(), "artifacts/read")
        await self.send(safe_path(path))

    async def send(self, path: str) -> None:
        """Send the file at a safe path, or the part of it that is asked for."""
        row = await asyncio.to_thread(find_file, self.door.workspace.store, path)
        file = self.door.workspace.blobs.path(row.blob or "")
        self.set_header("Etag", f'"{row.blob}"')
        if self.check_etag_header():
            self.set_status(304)
            return
        await send_file(self, file, path.rpartition("/")[2])

    async def _delete(self, path: str) -> None:
        principal = self.principal()
        permit(principal, "artifacts/write")
        path = safe_path(path)
        subject = subject_of(self.door, principal, path)
        await asyncio.to_thread(delete_below, self.door.workspace.store, principal, subject, path)
        self.answer({})


@stream_request_body
class UploadHandler(FileHandler):
    """Takes a file while it comes: it may be larger than memory.

    The bytes become a blob only when all of them are there, and the path points to it only then.
    What is refused is read to its end and forgotten: a client that is cut off in the middle of
    sending sees no answer, and would try again for minutes.
    """

    writer: BlobWriter | None = None
    refusal: Refused | MlwsError | None = None
    path: str
    subject: str
    caller: Principal

    def prepare(self) -> None:
        """Check who uploads what to where, before a byte is kept."""
        self.pieces: list[bytes] = []
        self.waiting_bytes = 0
        if self.request.method != "PUT":
            return
        try:
            self.caller = self.principal()
            permit(self.caller, "artifacts/write")
            self.expect(*self.path_args)
        except (Refused, MlwsError) as error:
            self.refusal = error
            return
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)
        connection.set_max_body_size(MAX_FILE_BYTES)

    def expect(self, *names: str) -> None:
        """Find out what the names in the address mean.

        Raises:
            Refused: the caller may not send this.
        """
        self.path = safe_path(names[0])
        self.subject = subject_of(self.door, self.caller, self.path)

    def begin(self) -> BlobWriter:
        """Where the bytes go."""
        return self.door.workspace.blobs.writer()

    def keep(self, blob: str, size_bytes: int) -> None:
        """Make of all bytes what they are to be."""
        point_to(self.door.workspace.store, self.caller, self.subject, self.path, blob, size_bytes)

    async def data_received(self, chunk: bytes) -> None:
        """Gather bytes, and write them once there are enough."""
        if self.request.method != "PUT" or self.refusal is not None:
            return
        self.pieces.append(chunk)
        self.waiting_bytes += len(chunk)
        if self.waiting_bytes >= PIECE_BYTES:
            try:
                await asyncio.to_thread(self._write)
            except (Refused, MlwsError) as error:
                self.refusal = error

    async def put(self, *names: str) -> None:
        """Keep the file."""
        await self._guarded(self._keep())

    def on_connection_close(self) -> None:
        """Forget what came of a file whose sender is gone."""
        self._abort()
        super().on_connection_close()

    def on_finish(self) -> None:
        """Forget what was not kept."""
        self._abort()

    async def _keep(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        await asyncio.to_thread(self._commit)
        self.answer({})

    def _write(self) -> None:
        if self.writer is None:
            self.writer = self.begin()
        data, self.pieces, self.waiting_bytes = b"".join(self.pieces), [], 0
        try:
            self.writer.write(data)
        except Unavailable as error:
            raise Refused("RESOURCE_EXHAUSTED", error.message) from None

    def _commit(self) -> None:
        self._write()
        assert self.writer is not None
        try:
            blob, size_bytes = self.writer.commit()
        except Unavailable as error:
            raise Refused("RESOURCE_EXHAUSTED", error.message) from None
        self.keep(blob, size_bytes)

    def _abort(self) -> None:
        if self.writer is not None:
            self.writer.abort()


class FolderHandler(Handler):
    """What lies in a folder."""

    async def get(self) -> None:
        """List files and folders by their own names; nothing for an unknown folder."""
        try:
            permit(self.principal(), "artifacts/read")
            path = self.get_query_argument("path", "", strip=False)
            folder = safe_path(path) if path.strip("/") else ""
            rows = await asyncio.to_thread(self.door.workspace.store.list_artifacts, folder)
        except (Refused, MlwsError) as error:
            self.refuse(error)
            return
        files = [view_of(row, row.path.rpartition("/")[2]) for row in rows]
        self.answer({"files": files} if files else {})


class UnsupportedHandler(Handler):
    """What clients do without when they are told so: they send a file as one, a trace's spans as a file.

    A 501 is not tried again. For spans the client knows the server by these very words.
    """

    message: str

    def initialize(self, service: Service, door: Door, message: str = "") -> None:
        """Take what the route says."""
        super().initialize(service, door)
        self.message = message

    def prepare(self) -> None:
        """Refuse."""
        try:
            self.principal()
            raise Refused("NOT_IMPLEMENTED", self.message)
        except (Refused, MlwsError) as error:
            self.refuse(error)


def safe_path(path: str) -> str:
    """`path` without a slash at its end, when it surely stays below the root.

    The path is used as it is; but what a careless reader could still decode to a way out is refused.

    Raises:
        Refused: it is absolute, has a drive, a backslash, an empty part or `..`, also escaped.
    """
    path = path.removesuffix("/")
    seen = path
    while True:
        parts = seen.split("/")
        if (
            "\\" in seen
            or "\0" in seen
            or _DRIVE.match(seen)
            or any(part in {"", ".", ".."} for part in parts)
        ):
            raise invalid("Invalid path")
        decoded = unquote(seen)
        if decoded == seen:
            return path
        seen = decoded


def find_file(store: Store, path: str) -> ArtifactRow:
    """The file at `path`.

    Raises:
        Refused: there is nothing, or a folder.
    """
    try:
        return store.get_artifact(path)
    except NotFound:
        if store.list_artifacts(path):
            raise invalid(f"Artifact path refers to a directory, not a file: '{path}'") from None
        raise absent(f"No such artifact: '{path}'") from None


def point_to(
    store: Store, principal: Principal, subject: str, path: str, blob: str, size_bytes: int
) -> None:
    """Let a path mean a blob.

    Raises:
        Refused: there is a folder at the path, or a file where it has a folder.
    """
    facts = {"path": path, "size_bytes": size_bytes}
    try:
        with store.change(principal.name, "artifacts/write", subject, **facts) as tx:
            tx.put_artifact(path, blob, size_bytes)
    except Conflict as error:
        raise invalid(f"Invalid path: {error.message}") from None


def delete_below(store: Store, principal: Principal, subject: str, path: str) -> int:
    """Delete the file at `path` and all below it; answers how many went."""
    if not store.list_artifacts(path) and not is_file(store, path):
        return 0
    with store.change(principal.name, "artifacts/write", subject, path=path, deleted=True) as tx:
        count = tx.delete_artifacts(path)
        tx.note(n_files=count)
    return count


def is_file(store: Store, path: str) -> bool:
    """Whether there is a file at `path`."""
    try:
        store.get_artifact(path)
    except NotFound:
        return False
    return True


def subject_of(door: Door, principal: Principal, path: str) -> str:
    """The run, logged model or trace whose artifacts `path` belongs to, as events name it.

    Raises:
        Denied: the caller is a job, and the artifacts are not those of its run, of a run below it or
            of a model or trace that one of these made.
    """
    parts = path.split("/")
    owner, kind = "", ""
    if "artifacts" in parts[1:]:
        place = parts.index("artifacts", 1)
        owner = parts[place - 1]
        kind = parts[place - 2] if place > 1 else ""
    run_id, subject = owner, f"run:{owner}"
    made = MADE_BY_RUNS.get(kind)
    if made is not None:
        subject = f"{made}:{owner}"
        record = door.workspace.store.find_record(made, owner)
        run_id = _source_run(record) if record else ""
    if principal.run_id is not None:
        _check_job(door, principal, path, run_id, is_run=made is None)
    return subject if run_id else f"artifact:{path}"


def files_below(store: Store, uri: str, path: str) -> list[Json]:
    """What lies in the folder `path` below the artifacts at `uri`, by paths from there."""
    root = root_of(uri)
    if root is None:
        return []
    folder = f"{root}/{safe_path(path)}" if path.strip("/") else root
    return [view_of(row, row.path.removeprefix(f"{root}/")) for row in store.list_artifacts(folder)]


def root_of(uri: str) -> str | None:
    """The path below the artifact root that an address stands for; None for another server's."""
    return uri.removeprefix(SCHEME).strip("/") if uri.startswith(SCHEME) else None


def view_of(row: ArtifactRow, path: str) -> Json:
    """A file or folder as the protocol answers it."""
    if row.blob is None:
        return {"path": path, "is_dir": True}
    return {"path": path, "is_dir": False, "file_size": row.size_bytes}


def _source_run(record: Record) -> str:
    if record.kind == TRACE:
        return str(record.doc["metadata"].get(SOURCE_RUN) or "")
    return str(record.doc.get("source_run_id") or "")


def _check_job(door: Door, principal: Principal, path: str, run_id: str, *, is_run: bool) -> None:
    denied = Denied(f"The token of job '{principal.run_id}' may not write to '{path}'.")
    try:
        row = door.workspace.store.get_run(run_id, with_data=False)
    except NotFound:
        raise denied from None
    root = root_of(door.location(row.experiment_id))
    if is_run and not f"{path}/".startswith(f"{root}/{run_id}/artifacts/"):
        raise denied
    door.workspace.of(principal).require_run(run_id)
