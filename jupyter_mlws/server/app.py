"""The workspace service as a Jupyter application: `jupyter mlws`.

It is a Jupyter Server that runs only our extension: identity, TLS, logging and config are Jupyter's.
"""

from __future__ import annotations

import fcntl
import gc
import getpass
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import IO, Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.ioloop import PeriodicCallback
from tornado.web import RequestHandler
from traitlets import Float, List, Unicode, default

from jupyter_mlws import components
from jupyter_mlws._version import __version__
from jupyter_mlws.entities.access import Principal, Token
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.record import now
from jupyter_mlws.execution.automation.engine import Automation
from jupyter_mlws.execution.dispatcher import Dispatcher
from jupyter_mlws.execution.registries import Registries
from jupyter_mlws.features.feed import Feed
from jupyter_mlws.features.operations import load
from jupyter_mlws.features.tokens import Tokens, fingerprint
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.plugins import load as load_plugin
from jupyter_mlws.sdk import service as runtime
from jupyter_mlws.server import handler, mlflow
from jupyter_mlws.server.auth import OwnersOnly, WorkspaceIdentity
from jupyter_mlws.server.service import Service
from jupyter_mlws.store.blobs import FileBlobs

ANSWERED = (r"/", r"/api/?", r"/login/?", r"/logout/?", r"/static/.*", r"/favicon.ico")
"""Paths where Jupyter would answer to strangers; the service has no pages."""
SYSTEM = Principal(name="system", role="Owner")
COLLECT_EVERY = 50_000
"""So many new objects, less those that are gone, are looked through for cycles at a time."""


class WorkspaceServer(ServerApp):
    """A Jupyter Server without notebooks, kernels and files of its own."""

    name = "jupyter-mlws"
    default_services = ("security",)  # type: ignore[assignment]

    @default("no_browser_open_file")
    def _no_page_to_open(self) -> bool:
        return True

    @property
    def display_url(self) -> str:
        """Where it answers; Jupyter's own token means nothing here, so it is not shown."""
        return self.local_url.partition("?")[0]


class WorkspaceApp(ExtensionApp):
    """The service of one workspace directory."""

    name = "jupyter_mlws_service"
    extension_url = "/mlws/api/workspaces:show"
    load_other_extensions = False
    serverapp_class = WorkspaceServer
    aliases = {  # noqa: RUF012 - traitlets asks for it here
        **ExtensionApp.aliases,
        "workspace": "WorkspaceApp.workspace",
        "idle-timeout": "WorkspaceApp.idle_timeout_s",
    }
    serverapp_config = {  # noqa: RUF012
        "identity_provider_class": WorkspaceIdentity,
        "authorizer_class": OwnersOnly,
        "ip": "127.0.0.1",
        "open_browser": False,
        "allow_root": True,
        "reraise_server_extension_failures": True,
    }

    workspace = Unicode(help="The workspace directory; it is made when it is not there.").tag(
        config=True
    )
    store = Unicode("sqlite", help="Name of the store plug-in.").tag(config=True)
    synchronous = Unicode(
        "NORMAL",
        help="SQLite's flush policy. NORMAL: a power cut may lose the last moments, a killed process"
        " loses nothing. FULL: neither loses anything, each write waits for the disk.",
    ).tag(config=True)
    registries = Unicode(
        help="The directory of the registries, which all workspaces of this machine share.",
    ).tag(config=True)
    allowed_networks = List(
        Unicode(),
        help="Private networks that webhooks and mails may reach, such as 10.0.0.0/8; none when empty.",
    ).tag(config=True)
    idle_timeout_s = Float(
        1800.0,
        help="Seconds without client, job and enabled schedule after which the service ends; 0 for never.",
    ).tag(config=True)

    @default("workspace")
    def _default_workspace(self) -> str:
        return str(runtime.directory())

    @default("registries")
    def _default_registries(self) -> str:
        return str(runtime.registries())

    @classmethod
    def get_extension_package(cls) -> str:
        """The package that Jupyter Server loads this app from."""
        return "jupyter_mlws.server"

    @property
    def server(self) -> ServerApp:
        """The server that this app runs in."""
        assert self.serverapp is not None
        return self.serverapp

    def initialize_settings(self) -> None:
        """Open the workspace."""
        path = Path(self.workspace).expanduser().absolute()
        self._lock = lock(path)
        store = load_plugin("stores", self.store)(
            path / "workspace.db", synchronous=self.synchronous
        )
        blobs = FileBlobs(path / "blobs")
        tokens = Tokens(store)
        loop = self.server.io_loop.asyncio_loop  # type: ignore[attr-defined]
        feed = Feed(store, loop)
        self._token = self._owner_token(path, tokens)
        self._registries = Registries(
            Path(self.registries).expanduser().absolute(),
            load_plugin("stores", self.store),
            FileBlobs,
        )
        dispatcher = Dispatcher(
            store=store,
            blobs=blobs,
            path=path,
            url=self.url,
            mint=lambda job: mint(tokens, job),
            revoke=lambda job: tokens.revoke(f"job:{job.name}"),
            ring=feed.ring,
            registries=self._registries,
        )
        self.service = Service(
            Workspace(
                path=path,
                url=self.url,
                store=store,
                blobs=blobs,
                dispatcher=dispatcher,
                automation=Automation(
                    store,
                    dispatcher,
                    url=self.url,
                    allowed_networks=self.allowed_networks,
                ),
                feed=feed,
                tokens=tokens,
                principal=SYSTEM,
                shutdown=self._stop_soon,
            )
        )
        identity = self.server.identity_provider
        assert isinstance(identity, WorkspaceIdentity)
        identity.tokens = tokens

    def initialize_handlers(self) -> None:
        """Hang our routes below `/mlws`."""
        # Routes are tried one after the other: what is called most often, for each metric, stands first.
        routes = [
            (f"/mlws/mlflow{pattern}", cls, options)
            for pattern, cls, options in mlflow.handlers(self.service)
        ]
        routes += [
            (f"/mlws/api{pattern}", cls, options)
            for pattern, cls, options in handler.routes(self.service, load())
        ]
        routes += [
            (f"/mlws/registries/(?P<registry>[^/]+)/api{pattern}", cls, options)
            for pattern, cls, options in handler.routes(self.service, load())
        ]
        routes += [(path, handler.UnknownHandler, {"service": self.service}) for path in ANSWERED]
        for _, cls, _ in routes:
            _mark_checked(cls)
        self.handlers.extend(routes)

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Take up the jobs that were left, and say where we are."""
        _settle_memory()
        workspace = self.service.workspace
        components.keep_current(workspace.store, workspace.blobs)
        await workspace.dispatcher.start()
        await workspace.automation.start()
        self._say(os.getpid())
        self._idle = PeriodicCallback(self._leave_when_idle, 5000)
        self._idle.start()

    async def stop_extension(self) -> None:
        """Let go of the workspace; running jobs go on."""
        if not hasattr(self, "service"):
            return
        workspace = self.service.workspace
        if hasattr(self, "_idle"):
            self._idle.stop()
        await workspace.automation.stop()
        await workspace.dispatcher.stop()
        workspace.feed.close()
        self._say(0)
        workspace.store.close()
        self._registries.close()
        self._lock.close()

    @property
    def url(self) -> str:
        """Where this machine reaches the service, with `/mlws` at the end."""
        server = self.server
        host = server.ip if server.ip not in {"", "0.0.0.0", "::", "*"} else "127.0.0.1"
        scheme = "https" if server.certfile else "http"
        return f"{scheme}://{host}:{server.port}{url_path_join(server.base_url, 'mlws')}"

    def _owner_token(self, path: Path, tokens: Tokens) -> str:
        before = runtime.read(path)
        token = before.token if before else f"mlws_{secrets.token_urlsafe(32)}"
        if fingerprint(token) not in tokens.fingerprints:
            owner = Token(
                id="owner",
                name="The owner's own, in the runtime file",
                user=getpass.getuser(),
                role="Owner",
                created_at=now(),
            )
            tokens.add(token, owner)
        return token

    def _say(self, pid: int) -> None:
        workspace = str(self.service.workspace.path)
        runtime.write(runtime.Running(self.url, self._token, pid, __version__, workspace))

    def _leave_when_idle(self) -> None:
        if 0 < self.idle_timeout_s < self.service.idle_s:
            self.log.info("Nothing asked or ran for %.0f s: leaving.", self.service.idle_s)
            self._stop_soon()

    def _stop_soon(self) -> None:
        """End after the answers that are on their way."""
        loop = self.server.io_loop
        loop.add_callback(loop.call_later, 0.1, self.server.stop)


def lock(path: Path) -> IO[bytes]:
    """Make the workspace directory and hold its lock; closing the file lets it go.

    Raises:
        SystemExit: another service holds it.
    """
    for folder in (path, path / "runtime", path / "jobs", path / "blobs"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path / "runtime" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    held = os.fdopen(descriptor, "r+b")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        # 0: whoever started us will find the other service.
        print(f"Another service holds {path}.", file=sys.stderr)  # noqa: T201
        raise SystemExit(0) from None
    return held


def mint(tokens: Tokens, job: Job) -> str:
    """A token with which a job's own processes write to its run."""
    token = f"mlws_{secrets.token_urlsafe(32)}"
    spec = Token(
        id=f"job:{job.name}",
        name=f"Job {job.name}",
        user=f"job:{job.name}",
        role="Job",
        run_id=job.name,
        created_at=now(),
    )
    tokens.add(token, spec)
    return token


def _settle_memory() -> None:
    """Spare the collector what is here to stay.

    An answer of a thousand runs is some hundred thousand objects without a cycle among them; to look
    through all modules for each few hundred of these takes longer than to make the answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)


def _mark_checked(cls: type[RequestHandler]) -> None:
    """Tell Jupyter Server that our handlers check for themselves, in `prepare`, before any method."""
    for method in ("get", "head", "post", "delete", "patch", "put", "options"):
        function: Any = getattr(cls, method)
        if function is not RequestHandler._unimplemented_method:
            function.__dict__.setdefault("__allow_unauthenticated", True)


def free_port(wanted: int = 0) -> int:
    """`wanted` when it is free on loopback, else any that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on loopback")


def main(argv: list[str] | None = None) -> None:
    """Run the service until it is stopped; listens on loopback unless told otherwise."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not any(
        argument.lstrip("-").startswith(("port", "ServerApp.port")) for argument in arguments
    ):
        arguments.append(f"--ServerApp.port={free_port(_last_port(arguments))}")
    WorkspaceApp.launch_instance(arguments)  # type: ignore[no-untyped-call]


def _last_port(arguments: list[str]) -> int:
    given = next((a.partition("=")[2] for a in arguments if a.startswith("--workspace=")), None)
    before = runtime.read(runtime.directory(given))
    return int(before.url.split(":")[2].partition("/")[0]) if before else 0
