"""Files in parts, as the client sends large ones: begun, sent side by side, put together.

Source: MLflow's `mlflow-artifacts/mpu`, where its own server hands out addresses of a cloud's storage.
Ours are addresses of this service; the caller's own token goes with them, as the client adds none there.
"""

from __future__ import annotations

import asyncio
import posixpath

from jupyter_mlws.entities.access import VIA, Principal
from jupyter_mlws.entities.errors import Invalid, MlwsError, Unavailable
from jupyter_mlws.server.mlflow.artifacts import UploadHandler, point_to, safe_path, subject_of
from jupyter_mlws.server.mlflow.door import Handler
from jupyter_mlws.server.mlflow.table import permit
from jupyter_mlws.server.mlflow.wire import Fields, Json, Refused, decode, integer, invalid, missing
from jupyter_mlws.store.base import BlobWriter
from jupyter_mlws.store.uploads import Part, Upload


class MultipartHandler(Handler):
    """Begins an upload in parts, completes it or gives it up."""

    async def post(self, verb: str, folder: str | None) -> None:
        """Do what the address says, with the file that it and the body name."""
        try:
            principal = self.principal()
            permit(principal, "artifacts/write")
            fields = Fields(decode(self.request.body))
            path = _path(folder or "", fields)
            subject = subject_of(self.door, principal, path)
            body = await asyncio.to_thread(self._done, verb, principal, subject, path, fields)
        except (Refused, MlwsError) as error:
            self.refuse(error)
            return
        self.answer(body)

    def _done(
        self, verb: str, principal: Principal, subject: str, path: str, fields: Fields
    ) -> Json:
        uploads = self.door.workspace.uploads
        if verb == "create":
            return self._created(principal, path, fields)
        upload = uploads.get(fields.required("upload_id"), principal.name)
        if upload.target != path:
            raise invalid(f"Upload '{upload.id}' is not one of '{path}'.")
        if verb == "abort":
            uploads.forget(upload)
            return {}
        if upload.blob is None:
            _check(fields, upload, uploads.parts(upload))
        try:
            blob, size_bytes = uploads.assemble(upload)
        except Unavailable as error:
            raise Refused("RESOURCE_EXHAUSTED", error.message) from None
        point_to(self.door.workspace.store, principal, subject, path, blob, size_bytes)
        return {}

    def _created(self, principal: Principal, path: str, fields: Fields) -> Json:
        if VIA in self.request.headers.get_list("Via"):
            message = "Multipart upload is not supported for the current artifact repository"
            raise Refused("NOT_IMPLEMENTED", f"{message}: the request was forwarded.")
        n_parts = fields.integer("num_parts")
        if n_parts is None:
            raise missing("num_parts")
        try:
            upload = self.door.workspace.uploads.begin(principal.name, path, n_parts)
        except Invalid as error:
            raise invalid(f"Invalid value for parameter '{error.problems[0]}") from None
        except Unavailable as error:
            raise Refused("RESOURCE_EXHAUSTED", error.message) from None
        headers = {"Authorization": self.request.headers["Authorization"]}
        address = f"{self._address()}/parts/{upload.id}"
        return {
            "upload_id": upload.id,
            "credentials": [
                {"url": f"{address}/{number}", "part_number": number, "headers": headers}
                for number in range(1, n_parts + 1)
            ],
        }

    def _address(self) -> str:
        """Where the caller reaches this part of the protocol, also through a proxy that ends TLS."""
        headers = self.request.headers
        scheme = headers.get("X-Forwarded-Proto", self.request.protocol).partition(",")[0].strip()
        host = headers.get("X-Forwarded-Host", self.request.host).partition(",")[0].strip()
        place = self.request.path.index("/mpu/create") + len("/mpu")
        return f"{scheme}://{host}{self.request.path[:place]}"


class PartHandler(UploadHandler):
    """Takes one part while it comes."""

    SUPPORTED_METHODS = ("PUT",)
    part: tuple[Upload, int]

    def expect(self, *names: str) -> None:
        """Find the upload."""
        uploads = self.door.workspace.uploads
        upload, number = uploads.get(names[0], self.caller.name), int(names[1])
        if upload.blob is not None or not 1 <= number <= upload.n_parts:
            raise invalid(f"Upload '{upload.id}' takes no part {number}: it has {upload.n_parts}.")
        subject_of(self.door, self.caller, upload.target)  # a job may have lost the right since
        self.part = upload, number

    def begin(self) -> BlobWriter:
        """Where the bytes go."""
        return self.door.workspace.uploads.writer(*self.part)

    def keep(self, blob: str, size_bytes: int) -> None:
        """Answer with the tag that the client completes the upload with."""
        self.set_header("ETag", f'"{blob}"')


def _path(folder: str, fields: Fields) -> str:
    """Where the file goes: its own name, below the folder of the address."""
    name = posixpath.basename(fields.required("path").replace("\\", "/"))
    return safe_path(f"{folder.strip('/')}/{name}" if folder.strip("/") else name)


def _check(fields: Fields, upload: Upload, there: list[Part]) -> None:
    """Compare the parts that the client says it has sent with those that have come.

    Raises:
        Refused: a number is wrong or stands there twice, a part is missing or another than was sent.
    """
    tags = {part.number: part.tag for part in there}
    said: set[int] = set()
    for part in fields.objects("parts"):
        number = integer(part.get("part_number"), part.name("part_number"))
        if not 1 <= number <= upload.n_parts or number in said:
            why = "is there twice" if number in said else f"must be 1 to {upload.n_parts}"
            raise invalid(f"Invalid part number {number}: it {why}.")
        said.add(number)
        tag = (part.text("etag") or "").strip('"')
        if number in tags and tag and tag != tags[number]:
            raise invalid(f"Part {number} is '{tags[number]}' and not '{tag}'.")
    missing_ones = [n for n in range(1, upload.n_parts + 1) if n not in said or n not in tags]
    if missing_ones:
        some = ", ".join(map(str, missing_ones[:10]))
        raise invalid(f"{len(missing_ones)} of {upload.n_parts} parts are missing: {some}.")
