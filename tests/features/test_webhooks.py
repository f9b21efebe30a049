"""Webhooks: told once, signed, tried again, given up, sent again; nothing private is reached."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Denied, Invalid, NotFound
from jupyter_mlws.execution.automation.addresses import Gate
from jupyter_mlws.execution.automation.engine import Automation
from jupyter_mlws.execution.automation.webhooks import PAUSES_S
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.clock import Clock
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
HERE = ("127.0.0.0/8",)


@dataclass
class Receiver:
    """A server that takes what is posted, and answers as it is told."""

    url: str
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(made.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock("2026-03-01T00:00Z")


@pytest.fixture
def ws(ws: Workspace, room: Workroom, clock: Clock) -> Workspace:
    automation = Automation(
        room.store, room.dispatcher, url="http://mlws", allowed_networks=HERE, clock=clock
    )
    return replace(ws, clock=clock, automation=automation)


@pytest.fixture
def hook(call: Call, receiver: Receiver) -> Call:
    def create(**more: Any) -> Any:
        webhook = {"name": "ops", "url": receiver.url, "events": ["job.failed"], **more}
        return call("webhooks.create_or_update", webhook=webhook)

    return create


def fail_a_job(room: Workroom, name: str = "bad") -> None:
    room.wait(room.submit(command="exit 3", name=name, display_name="Nightly"))


def test_a_failed_job_is_told_as_a_cloud_event(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver, call: Call
) -> None:
    hook()
    room.wait(room.submit(command="true"))
    fail_a_job(room)

    ws.automation.webhooks.turn()
    ws.automation.webhooks.turn()

    ((headers, body),) = receiver.got
    event = json.loads(body)
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert (event["specversion"], event["type"]) == ("1.0", "org.jupyter.mlws.job.failed")
    assert (event["source"], event["subject"]) == ("http://mlws", "jobs/bad")
    assert event["data"]["display_name"] == "Nightly"
    assert headers["webhook-id"] == event["id"]
    (delivery,) = call("deliveries.list")
    assert (delivery.state, delivery.attempts[0].status_code) == ("delivered", 200)


def test_what_is_sent_is_signed_and_the_secret_is_sealed(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver
) -> None:
    secret = "correct horse battery"
    shown = hook(secret=secret)
    fail_a_job(room)

    ws.automation.webhooks.turn()

    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    kept = b"".join(path.read_bytes() for path in room.path.glob("workspace.db*"))
    assert secret.encode() not in kept
    assert (shown.is_signed, secret in shown.model_dump_json()) == (True, False)


def test_a_failure_is_tried_again_after_a_restart_and_given_up_at_last(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver, clock: Clock, call: Call
) -> None:
    hook()
    fail_a_job(room)
    receiver.status = 500
    ws.automation.webhooks.turn()
    ws.automation.webhooks.turn()
    assert len(receiver.got) == 1

    webhooks = Automation(
        room.store, room.dispatcher, url="x", allowed_networks=HERE, clock=clock
    ).webhooks
    for pause_s in PAUSES_S:
        clock.forward(timedelta(seconds=pause_s))
        webhooks.turn()

    (delivery,) = call("deliveries.list", state="dead")
    assert len(receiver.got) == len(delivery.attempts) == len(PAUSES_S) + 1
    assert "answered 500" in delivery.attempts[-1].error
    assert call("webhooks.get", name="ops").dead == 1
    assert not webhooks.is_needed


def test_a_dead_delivery_is_sent_again_when_asked(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver, clock: Clock, call: Call
) -> None:
    hook()
    fail_a_job(room)
    receiver.status = 500
    for pause_s in (0, *PAUSES_S):
        clock.forward(timedelta(seconds=pause_s))
        ws.automation.webhooks.turn()
    (dead,) = call("deliveries.list")
    receiver.status = 204

    assert call("deliveries.redeliver", id=dead.id).state == "pending"
    ws.automation.webhooks.turn()

    assert call("deliveries.get", id=dead.id).state == "delivered"


@pytest.mark.parametrize("format", ["slack", "teams"])
def test_chats_get_messages_of_theirs(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver, format: str
) -> None:
    hook(format=format)
    fail_a_job(room)

    ws.automation.webhooks.turn()

    ((_, body),) = receiver.got
    message = json.loads(body)
    text = message["text"] if format == "slack" else json.dumps(message["attachments"])
    assert "job.failed: Nightly" in text


def test_mail_is_sent(call: Call, ws: Workspace, room: Workroom) -> None:
    lines: list[str] = []

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            in_data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                lines.append(line)
                if in_data:
                    in_data = line != "."
                    if in_data:
                        continue
                elif line.upper() == "DATA":
                    in_data = True
                    self.wfile.write(b"354 go\r\n")
                    continue
                if line.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.server_address[1]
        smtp = {"host": "127.0.0.1", "port": port, "sender": "mlws@x.org", "security": "none"}
        webhook = {
            "name": "mail",
            "format": "email",
            "emails": ["ana@x.org"],
            "smtp": smtp,
            "events": ["job.*"],
        }
        call("webhooks.create_or_update", webhook=webhook)
        call("webhooks.test", name="mail")
        ws.automation.webhooks.turn()
        server.shutdown()
        thread.join()

    assert "RCPT TO:<ana@x.org>" in [
        line.upper().replace("ANA@X.ORG", "ana@x.org") for line in lines
    ]
    assert any(line.startswith("Subject: webhook.test") for line in lines)
    assert call("deliveries.list")[0].state == "delivered"


def test_private_addresses_are_refused_unless_allowed(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver, clock: Clock, call: Call
) -> None:
    closed = Automation(room.store, room.dispatcher, url="x", clock=clock)
    hook()
    fail_a_job(room)

    closed.webhooks.changed()
    closed.webhooks.turn()

    (delivery,) = call("deliveries.list")
    assert receiver.got == []
    assert "not a public address" in delivery.attempts[0].error


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "localhost",
    ],
)
def test_the_gate_is_shut_for_private_hosts(host: str) -> None:
    with pytest.raises(Denied):
        Gate().address(host, 80)


def test_the_address_that_was_checked_is_the_one_that_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    tried: list[Any] = []

    def lookup(host: str, port: int, **more: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in next(answers)]

    def connect(address: Any, *args: Any, **more: Any) -> Any:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the pool makes of a refusal
        Gate().pool().request("POST", "http://rebinding.example/")

    assert [address[0] for address in tried] == ["8.8.8.8"]


def test_a_webhook_hears_nothing_of_before_and_nothing_while_off(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver, call: Call
) -> None:
    fail_a_job(room, "before")
    hook()
    call("webhooks.disable", name="ops")
    fail_a_job(room, "off")
    call("webhooks.enable", name="ops")

    ws.automation.webhooks.turn()

    assert receiver.got == []


def test_a_filter_chooses(hook: Call, ws: Workspace, room: Workroom, receiver: Receiver) -> None:
    hook(filter={"job": "important-*"})
    fail_a_job(room, "important-1")
    fail_a_job(room, "other")

    ws.automation.webhooks.turn()

    assert [json.loads(body)["data"]["job"] for _, body in receiver.got] == ["important-1"]


def test_a_deleted_webhook_is_forgotten_with_what_waits(
    hook: Call, ws: Workspace, room: Workroom, receiver: Receiver, call: Call, clock: Clock
) -> None:
    hook()
    fail_a_job(room)
    receiver.status = 500
    ws.automation.webhooks.turn()

    call("webhooks.delete", name="ops")
    clock.forward(timedelta(days=1))
    ws.automation.webhooks.turn()

    assert len(receiver.got) == 1
    with pytest.raises(NotFound):
        call("webhooks.get", name="ops")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"url": "http://user:pw@x.org"}, "url"),
        ({"url": None}, ""),
        ({"events": ["job.nothing"]}, "events"),
        ({"secret": "short"}, "secret"),
        ({"format": "fax"}, "format"),
        ({"format": "email"}, ""),
        (
            {"format": "email", "emails": ["a\nb@x"], "smtp": {"host": "x", "sender": "a@b"}},
            "emails",
        ),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_webhook_names_the_field(hook: Call, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        hook(**change)

    assert field in {problem.field for problem in refused.value.problems}
