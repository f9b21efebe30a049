"""Webhooks out: what has happened is queued in the store, sent with retries, and given up at last.

A delivery is a record of kind `delivery`, its name that of the webhook and its version the event's id: the
same event queues it once, whatever ends in between. It may arrive twice; `webhook-id` tells.

Source: CloudEvents 1.0, structured mode over HTTP; Standard Webhooks for the signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import httpcore
import orjson

from jupyter_mlws.entities.errors import Denied, MlwsError
from jupyter_mlws.entities.record import from_ms, to_ms
from jupyter_mlws.entities.trigger import EVENTS
from jupyter_mlws.entities.webhook import WebhookSpec
from jupyter_mlws.execution.automation.addresses import Gate, GatedSmtp, GatedSmtpTls
from jupyter_mlws.execution.automation.happenings import Follower, Happening

if TYPE_CHECKING:
    from jupyter_mlws.execution.sealing import Seal
    from jupyter_mlws.store.base import Doc, Record, Store

logger = logging.getLogger(__name__)

KIND = "webhook"
DELIVERY = "delivery"
WHO = "webhooks"
PAUSES_S = (10, 30, 120, 600, 1800, 3600, 4 * 3600, 12 * 3600)
"""How long each next try is put off; after the last the delivery is dead."""
TIMEOUT_S = 10.0
N_KEPT = 500
"""Deliveries that are remembered of each webhook."""
AT_ONCE = 20


class Webhooks:
    """Queues and sends. `turn` in one thread at a time.

    Args:
        gate: which addresses may be reached.
        url: base address of the service; the source of its events.
    """

    def __init__(
        self, store: Store, seal: Seal, gate: Gate, *, url: str, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._seal, self._gate = store, seal, gate
        self._url, self._clock = url, clock
        self._pool = gate.pool()
        self._follower = Follower(store, "webhooks", self._queue)
        self._listening: list[tuple[str, int, WebhookSpec]] = []
        self._pending: dict[tuple[str, str], int] = {
            (record.name, record.version): record.doc["next_ms"]
            for record in store.list_records(DELIVERY, where={"state": "pending"})
        }
        self.changed()

    @property
    def is_needed(self) -> bool:
        """Whether something is still to be delivered."""
        return bool(self._pending)

    def changed(self) -> None:
        """Read which webhooks listen."""
        self._listening = [
            (record.name, record.doc["since"], WebhookSpec.model_validate(record.doc["spec"]))
            for record in self._store.list_records(KIND)
            if record.doc["enabled"]
        ]

    def listens(self, kind: str) -> bool:
        """Whether a webhook tells of this kind of event."""
        return any(
            fnmatchcase(kind, event) for _, _, spec in self._listening for event in spec.events
        )

    def turn(self) -> datetime | None:
        """Queue what is new and send what is due; answers when the next is due."""
        self._follower.turn(listens=bool(self._listening))
        now_ms = to_ms(self._clock())
        due = sorted(key for key, next_ms in self._pending.items() if next_ms <= now_ms)
        for webhook, event in due[:AT_ONCE]:
            self._send(webhook, event)
        return from_ms(min(self._pending.values())) if self._pending else None

    def again(self, webhook: str, id: str) -> None:
        """Send a delivery once more, as soon as may be.

        Raises:
            NotFound: there is none.
        """
        record = self._store.get_record(DELIVERY, webhook, id)
        now_ms = to_ms(self._clock())
        doc = {**record.doc, "state": "pending", "next_ms": now_ms, "n_tries": 0}
        with self._store.change(WHO, "deliveries/write", f"webhook:{webhook}", delivery=id) as tx:
            tx.put_record(DELIVERY, webhook, doc, version=id)
        self._pending[webhook, id] = now_ms

    def forget(self, webhook: str) -> None:
        """A webhook was deleted: nothing of it is sent any more."""
        for key in [key for key in self._pending if key[0] == webhook]:
            self._pending.pop(key, None)
        self.changed()

    def test(self, webhook: str) -> str:
        """Queue a delivery that only says that it arrives; answers its id."""
        now_ms = to_ms(self._clock())
        happening = Happening(f"test-{now_ms}", 0, "webhook.test", f"webhooks/{webhook}", now_ms)
        self._put(webhook, happening)
        return happening.id

    # Queueing
    def _queue(self, happening: Happening) -> bool:
        wrote = False
        for name, since, spec in tuple(self._listening):
            if happening.seq > since and happening.matches(spec.events, spec.filter):
                wrote = self._put(name, happening) or wrote
        return wrote

    def _put(self, webhook: str, happening: Happening) -> bool:
        if self._store.find_record(DELIVERY, webhook, happening.id):
            return False
        next_ms = to_ms(self._clock())
        doc = {
            "event": happening.cloud_event(self._url),
            "kind": happening.kind,
            "state": "pending",
            "next_ms": next_ms,
            "n_tries": 0,
            "attempts": [],
        }
        subject = f"webhook:{webhook}"
        with self._store.change(WHO, "deliveries/write", subject, delivery=happening.id) as tx:
            tx.put_record(DELIVERY, webhook, doc, version=happening.id)
            kept = self._store.list_records(DELIVERY, name=webhook)
            for old in kept[: max(0, len(kept) - N_KEPT)]:
                if old.doc["state"] != "pending":
                    tx.delete_record(DELIVERY, webhook, version=old.version)
        self._pending[webhook, happening.id] = next_ms
        return True

    # Sending
    def _send(self, webhook: str, id: str) -> None:
        record = self._store.find_record(DELIVERY, webhook, id)
        hook = self._store.find_record(KIND, webhook)
        if record is None or hook is None:
            self._pending.pop((webhook, id), None)
            return
        began = time.monotonic()
        code, error = self._try(hook, id, record.doc["event"])
        attempt = {
            "time_ms": to_ms(self._clock()),
            "status_code": code,
            "error": error,
            "duration_ms": round((time.monotonic() - began) * 1000),
        }
        self._close(record, attempt)

    def _close(self, record: Record, attempt: Doc) -> None:
        doc, key = record.doc, (record.name, record.version)
        tries = doc["n_tries"] + 1
        doc = {**doc, "n_tries": tries, "attempts": [*doc["attempts"], attempt][-20:]}
        if not attempt["error"]:
            doc["state"] = "delivered"
            self._pending.pop(key, None)
        elif tries > len(PAUSES_S):
            doc["state"] = "dead"
            self._pending.pop(key, None)
            logger.warning("Webhook '%s' gives up event %s: %s", *key, attempt["error"])
        else:
            due = self._clock() + timedelta(seconds=PAUSES_S[tries - 1])
            doc["next_ms"] = self._pending[key] = to_ms(due)
        action = f"deliveries/{doc['state']}"
        with self._store.change(
            WHO, action, f"webhook:{record.name}", delivery=record.version
        ) as tx:
            tx.put_record(DELIVERY, record.name, doc, version=record.version)

    def _try(self, hook: Record, id: str, event: Doc) -> tuple[int | None, str]:
        """Send once; answers the status, and what went wrong or nothing."""
        try:
            spec = WebhookSpec.model_validate(hook.doc["spec"])
            if spec.format == "email":
                self._mail(spec, hook.doc["secrets"], event)
                return None, ""
            secret = hook.doc["secrets"].get("secret")
            return self._post(spec, self._seal.open(secret) if secret else None, id, event)
        except MlwsError as error:
            return None, error.message
        except (OSError, ssl.SSLError, smtplib.SMTPException, httpcore.NetworkError) as error:
            return None, f"{type(error).__name__}: {error}"[:500]
        except (httpcore.TimeoutException, httpcore.ProtocolError) as error:
            return None, f"{type(error).__name__}: {error}"[:500]

    def _post(
        self, spec: WebhookSpec, secret: str | None, id: str, event: Doc
    ) -> tuple[int | None, str]:
        body = orjson.dumps(event if spec.format == "cloudevents" else message(spec, event))
        is_cloud = spec.format == "cloudevents"
        headers = {
            "Content-Type": f"application/{'cloudevents+json' if is_cloud else 'json'}; charset=utf-8",
            "User-Agent": "jupyter-mlws",
            **signature(id, body, secret, to_ms(self._clock()) // 1000),
        }
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_S)
        answer = self._pool.request(
            "POST",
            str(spec.url),
            headers=list(headers.items()),
            content=body,
            extensions={"timeout": timeout},
        )
        if 200 <= answer.status < 300:
            return answer.status, ""
        told = answer.content[:200].decode(errors="replace")
        return answer.status, f"answered {answer.status}: {told}"

    def _mail(self, spec: WebhookSpec, secrets: Mapping[str, str], event: Doc) -> None:
        smtp = spec.smtp
        if smtp is None:
            raise Denied("There is no mail server.")
        mail = EmailMessage()
        mail["Subject"] = headline(event)
        mail["From"], mail["To"] = smtp.sender, ", ".join(spec.emails)
        mail.set_content(text(event))
        kind = GatedSmtpTls if smtp.security == "tls" else GatedSmtp
        with kind(self._gate, smtp.host, smtp.port, TIMEOUT_S) as server:
            if smtp.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if smtp.user and (sealed := secrets.get("password")):
                server.login(smtp.user, self._seal.open(sealed))
            server.send_message(mail)


def signature(id: str, body: bytes, secret: str | None, at_s: int) -> dict[str, str]:
    """The headers by which a receiver knows that we sent this, and when.

    Source: Standard Webhooks 1.0, scheme v1.
    """
    headers = {"webhook-id": id, "webhook-timestamp": str(at_s)}
    if secret:
        signed = f"{id}.{at_s}.".encode() + body
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def headline(event: Mapping[str, Any]) -> str:
    """The event in one line."""
    kind = str(event["type"]).removeprefix("org.jupyter.mlws.")
    data = event["data"]
    what = data.get("display_name") or data.get("name") or event["subject"]
    return f"{kind}: {what}".replace("\n", " ").replace("\r", " ")[:200]


def text(event: Mapping[str, Any]) -> str:
    """The event in words, with its facts below."""
    kind = str(event["type"]).removeprefix("org.jupyter.mlws.")
    facts = [f"{name}: {value}" for name, value in event["data"].items() if value not in ("", None)]
    return "\n".join(
        [EVENTS.get(kind, headline(event)), "", *facts, "", f"Source: {event['source']}"]
    )


def message(spec: WebhookSpec, event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as a chat takes it: Slack's text, or an adaptive card for Teams."""
    if spec.format == "slack":
        return {"text": f"*{headline(event)}*\n{text(event)}"}
    shown = [
        {"type": "TextBlock", "text": headline(event), "weight": "Bolder", "wrap": True},
        {"type": "TextBlock", "text": text(event), "wrap": True},
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": shown,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}
