"""Routes below `/mlws` in the user's own Jupyter server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ApiPath, to_os_path
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError, SimpleAsyncHTTPClient
from tornado.web import HTTPError, RequestHandler, authenticated

from jupyter_mlws.entities.access import VIA
from jupyter_mlws.entities.errors import Invalid, MlwsError, NotFound, Unavailable

if TYPE_CHECKING:
    from jupyter_mlws.entities.job import Job
    from jupyter_mlws.lab.link import Link
    from jupyter_mlws.sdk.client import MLClient
    from jupyter_mlws.sdk.service import Running

T = TypeVar("T")

RESOURCE = "mlws"
YAML = {".yml", ".yaml"}
FORWARDED = ("Accept", "Content-Type", "Range", "If-None-Match")
ANSWERED = (
    "Content-Type",
    "Content-Length",
    "Content-Range",
    "Content-Disposition",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Accept-Ranges",
    "ETag",
    "Retry-After",
)
STATUS = {
    "INVALID": 422,
    "DENIED": 403,
    "NOT_FOUND": 404,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 502,
}
"""An unknown token is this server's fault towards the service, not the browser's."""


class LabHandler(APIHandler):
    """What our handlers share: the link, and errors as `{code, message, problems}`."""

    link: Link

    def initialize(self, link: Link) -> None:
        """Take what the route was made with."""
        self.link = link

    async def ask(self, question: Callable[[MLClient], T]) -> T:
        """What the workspace answers, without holding up this server."""

        def asked() -> T:
            with self.link.client() as client:
                return question(client)

        return await asyncio.to_thread(asked)

    async def file(self, path: str, *, or_folder: bool = False) -> Path:
        """Where a file of this server's contents lies.

        Raises:
            NotFound: there is none.
            Invalid: this server keeps its files elsewhere.
        """
        contents = self.contents_manager
        root = getattr(contents, "root_dir", None)
        if root is None:
            raise Invalid.field("path", "this server does not keep its files in folders.")
        exists = contents.file_exists(path)
        found = await exists if asyncio.iscoroutine(exists) else exists
        if not found and or_folder:
            exists = contents.dir_exists(path)
            found = await exists if asyncio.iscoroutine(exists) else exists
        if not found:
            raise NotFound(f"There is no file '{path}'.")
        return Path(to_os_path(ApiPath(path.strip("/")), root))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error in the words of the service."""
        error = kwargs["exc_info"][1]
        if not isinstance(error, MlwsError):
            super().write_error(status_code, **kwargs)
            return
        self.set_status(STATUS.get(error.code, 409))
        self.finish(json.dumps(error.to_dict()))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A mistake of the user does not belong in the server's log."""
        if not isinstance(value, MlwsError):
            super().log_exception(typ, value, tb)


class StateHandler(LabHandler):
    """Whether the service is there."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer `{state, workspace, url, message}`; with `?retry=1` look for the service again."""
        if self.get_query_argument("retry", None):
            self.link.connect()
        self.finish(json.dumps(self.link.state()))


class InterfaceHandler(LabHandler):
    """The interface of a notebook in this server's files."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer the interface of the notebook at `?path=`."""
        path = self.get_query_argument("path")
        content = await self._content(path)
        arguments = {"notebook": content}
        answer = await self.ask(
            lambda client: client.transport.call("notebooks.interface", arguments)
        )
        self.finish(json.dumps(answer))

    async def _content(self, path: str) -> Any:
        contents = self.contents_manager
        try:
            model = contents.get(path, content=True, type="notebook")
            model = await model if asyncio.iscoroutine(model) else model
        except HTTPError as error:
            cls = NotFound if error.status_code == 404 else Invalid
            raise cls(error.log_message or str(error)) from None
        return model["content"]


class JobsHandler(LabHandler):
    """Jobs from files of this server."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Run the file at `path` with the fields of `job`: a notebook, a script, or the YAML of a job.

        Its folder, or what the YAML names, is sent along.
        """
        body = self.get_json_body() or {}
        file = await self.file(str(body.get("path", "")))
        fields = dict(body.get("job") or {})
        if file.suffix in YAML:
            made = await self.ask(lambda client: submitted(client, file, fields))
        else:
            job = job_of(file, fields)
            made = await self.ask(lambda client: client.jobs.create_or_update(job))
        self.finish(made.model_dump_json(by_alias=True))


class DataHandler(LabHandler):
    """Data from files and folders of this server."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Register what lies at `path` as data, with the fields of `data`."""
        body = self.get_json_body() or {}
        file = await self.file(str(body.get("path", "")), or_folder=True)
        data = {**dict(body.get("data") or {}), "path": str(file)}
        made = await self.ask(lambda client: client.data.create_or_update(data))
        self.finish(made.model_dump_json(by_alias=True))


class SchedulesHandler(JobsHandler):
    """Schedules of files of this server."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Schedule the file at `path` as `POST /mlws/lab/jobs` runs it.

        `schedule.create_job` has fields of its job.
        """
        body = self.get_json_body() or {}
        file = await self.file(str(body.get("path", "")))
        given = dict(body.get("schedule") or {})
        job = dict(given.get("create_job") or {})
        if file.suffix in YAML:
            job["job"] = str(file)
        else:
            # Without an experiment of its own the jobs are found under the schedule's name.
            job.setdefault("experiment_name", str(given.get("name") or file.stem))
            job = job_of(file, job)
        schedule = {**given, "create_job": job}
        made = await self.ask(lambda client: client.schedules.create_or_update(schedule))
        self.finish(made.model_dump_json(by_alias=True))


class ForwardHandler(LabHandler):
    """Carries a request to the service, and its answer back as it comes."""

    SUPPORTED_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
    _left = False

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, path: str) -> None:
        """Forward a reading request."""
        await self._forward(path)

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, path: str) -> None:
        """Forward a writing request."""
        await self._forward(path)

    patch = put = delete = post

    async def _forward(self, path: str) -> None:
        for last_try in (False, True):
            running = self.link.known()
            if running is None:
                running = await asyncio.to_thread(self.link.ensure)
            try:
                await self._carry(running, path)
            except (ConnectionRefusedError, HTTPStreamClosedError) as error:
                self.link.lost(running)
                # A service that ended in the middle may have done what was asked: only what reads
                # is asked again.
                may_repeat = (
                    isinstance(error, ConnectionRefusedError) or self.request.method == "GET"
                )
                if last_try or self._headers_written or not may_repeat:
                    raise Unavailable(f"The workspace service does not answer: {error}") from error
            else:
                return

    async def _carry(self, running: Running, path: str) -> None:
        # A token in the address is this server's own, and the service's business neither.
        asked = [pair for pair in parse_qsl(self.request.query, True) if pair[0] != "token"]
        query = f"?{urlencode(asked)}" if asked else ""
        headers = HTTPHeaders({"Authorization": f"Bearer {running.token}", "Via": VIA})
        for name in FORWARDED:
            if name in self.request.headers:
                headers[name] = self.request.headers[name]
        request = HTTPRequest(
            f"{running.url}/{path}{query}",
            method=self.request.method or "GET",
            headers=headers,
            body=self.request.body or None,
            allow_nonstandard_methods=True,
            request_timeout=0,
            connect_timeout=10,
            decompress_response=False,
            header_callback=self._take_header,
            streaming_callback=self._take_piece,
        )
        self.set_header("Content-Type", "application/json")
        try:
            await CLIENT.fetch(request, raise_error=True)
        except HTTPTimeoutError as error:
            raise Unavailable(str(error)) from error
        except HTTPClientError as error:
            # An error of the service itself: status and body are already on their way.
            if error.response is None:
                raise
        if not self._finished and not self._left:
            with suppress(StreamClosedError):
                await self.finish()

    def on_connection_close(self) -> None:
        """Who asked has left: the rest of the answer is read, and dropped."""
        self._left = True
        super().on_connection_close()

    def _take_header(self, line: str) -> None:
        if line.startswith("HTTP/"):
            status = int(line.split()[1])
            self.set_status(status, responses.get(status, "Unknown"))
            return
        name, _, value = line.partition(":")
        if name.title() in ANSWERED or name in ANSWERED:
            self.set_header(name, value.strip())

    async def _take_piece(self, piece: bytes) -> None:
        if self._left:
            return
        self.write(piece)
        try:
            await self.flush()
        except StreamClosedError:
            self._left = True


CLIENT = SimpleAsyncHTTPClient(force_instance=True, max_clients=1000, max_body_size=1 << 40)


def submitted(client: MLClient, file: Path, fields: dict[str, Any]) -> Job:
    """The job that a YAML file describes, with `fields` in place of its own, on its way.

    Raises:
        Invalid: with the line of what is wrong in the file.
    """
    from jupyter_mlws.sdk.jobs import submission

    with submission(file, fields, check=True) as made:
        made.send(client.transport)
        job: Job = client.call("jobs.create_or_update", job=made.document, git=made.git)
        return job


def job_of(file: Path, job: dict[str, Any]) -> dict[str, Any]:
    """The job that runs `file`: a notebook as it is, a script by its interpreter.

    Paths of its inputs start at the file's folder, not where this server was started.
    """
    job.setdefault("experiment_name", file.parent.name or "Default")
    if job.get("type") == "sweep":
        made = job_of(file, {**dict(job.get("trial") or {}), "inputs": job.get("inputs", {})})
        inputs = made.pop("inputs")
        del made["experiment_name"]
        return {**job, "inputs": inputs, "trial": made}
    job["inputs"] = {name: _located(value, file) for name, value in job.get("inputs", {}).items()}
    if file.suffix == ".ipynb":
        return {**job, "type": "notebook", "notebook": file.name, "code": str(file.parent)}
    programs = {".py": "python", ".r": "Rscript", ".sh": "bash"}
    program = programs.get(file.suffix.lower())
    if "command" not in job and program is None:
        raise Invalid.field("command", f"how '{file.name}' is run is not known: give a command.")
    return {
        "command": f"{program} '{file.name}'",
        **job,
        "type": "command",
        "code": str(file.parent),
    }


def _located(value: Any, file: Path) -> Any:
    from jupyter_mlws.entities.snapshot import is_local

    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(path, str) or not is_local(path) or path.startswith("file:"):
        return value
    return {**value, "path": str(file.parent / path)}


def routes() -> list[tuple[str, type[RequestHandler]]]:
    """Our routes, below the base address."""
    return [
        (r"/mlws/lab/state", StateHandler),
        (r"/mlws/lab/interface", InterfaceHandler),
        (r"/mlws/lab/jobs", JobsHandler),
        (r"/mlws/lab/data", DataHandler),
        (r"/mlws/lab/schedules", SchedulesHandler),
        (r"/mlws/((?:api|mlflow)/.*)", ForwardHandler),
    ]
