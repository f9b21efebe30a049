"""Files as MLflow's web pages ask for them: by run, model version or logged model, and path."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_mlws.server.mlflow import logged_models, registry, runs
from jupyter_mlws.server.mlflow.artifacts import (
    FileHandler,
    point_to,
    root_of,
    safe_path,
    subject_of,
)
from jupyter_mlws.server.mlflow.table import Call, permit
from jupyter_mlws.server.mlflow.wire import Query, absent, invalid, missing

if TYPE_CHECKING:
    from jupyter_mlws.entities.access import Principal

MAX_UPLOAD_BYTES = 10 * 1024 * 1024


class OwnedFileHandler(FileHandler):
    """A file of something that has artifacts."""

    SUPPORTED_METHODS: tuple[str, ...] = ("GET", "HEAD")
    path_field = "path"

    async def get(self, path: str = "") -> None:
        """Send the file."""
        await self._guarded(self._send_owned(path))

    head = get

    def root(self, call: Call, name: str) -> str:
        """Address of the artifacts of what the request names."""
        raise NotImplementedError

    async def _send_owned(self, name: str) -> None:
        principal = self.principal()
        permit(principal, "artifacts/read")
        call = self.call(principal)
        inside = call.fields.text(self.path_field)
        if not inside:
            raise missing(self.path_field)
        uri = await asyncio.to_thread(self.root, call, name)
        root = root_of(uri)
        if root is None:
            raise absent(f"The files at '{uri}' are not served here.")
        await self.send(f"{root}/{safe_path(inside)}")

    def call(self, principal: Principal) -> Call:
        """The request as the endpoints of the table see it."""
        return Call(self.door, principal, Query.of(self.request.query_arguments))


class RunFileHandler(OwnedFileHandler):
    """A file of a run."""

    def root(self, call: Call, name: str) -> str:
        """Address of the run's artifacts."""
        return runs.artifact_uri(call.door, runs.find(call, _run_id(call)))


class VersionFileHandler(OwnedFileHandler):
    """A file of a model version."""

    def root(self, call: Call, name: str) -> str:
        """Address of the version's files."""
        return registry.location_of(call)


class ModelFileHandler(OwnedFileHandler):
    """A file of a logged model."""

    path_field = "artifact_file_path"

    def root(self, call: Call, name: str) -> str:
        """Address of the model's files."""
        return logged_models.artifact_uri(call.door, logged_models.find(call, name))


class SmallUploadHandler(OwnedFileHandler):
    """Takes a small file of a run in one piece."""

    SUPPORTED_METHODS = ("POST",)

    async def post(self) -> None:
        """Keep the file."""
        await self._guarded(self._take())

    async def _take(self) -> None:
        principal = self.principal()
        permit(principal, "artifacts/write")
        call = self.call(principal)
        if not (call.fields.has("run_uuid") or call.fields.has("run_id")):
            raise invalid("Request must specify run_uuid.")
        inside = call.fields.text("path")
        if not inside:
            raise invalid("Request must specify path.")
        body = self.request.body
        if not body:
            raise invalid("Request must specify data.")
        if len(body) > MAX_UPLOAD_BYTES:
            raise invalid("Artifact size is too large. Max size is 10MB.")
        await asyncio.to_thread(self._keep, call, safe_path(inside), body)
        self.answer({})

    def _keep(self, call: Call, inside: str, body: bytes) -> None:
        row = runs.writable(call, _run_id(call))
        root = root_of(runs.artifact_uri(call.door, row))
        if root is None:
            raise invalid("The files of this run are not kept here.")
        path = f"{root}/{inside}"
        blob, size_bytes = call.door.workspace.blobs.put(body), len(body)
        subject = subject_of(call.door, call.principal, path)
        point_to(call.store, call.principal, subject, path, blob, size_bytes)


def _run_id(call: Call) -> str:
    found = call.fields.text("run_uuid") or call.fields.text("run_id")
    if not found:
        raise missing("run_id")
    return found
