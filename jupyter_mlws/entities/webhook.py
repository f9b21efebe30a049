"""Webhooks: whom the workspace tells what has happened."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from jupyter_mlws.entities.record import CreationContext, Moment, Spec, View
from jupyter_mlws.entities.trigger import known_events
from jupyter_mlws.entities.validation import validated


class Smtp(Spec):
    """A mail server."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=587, ge=1, le=65535)
    user: str | None = None
    password: str | None = None
    """Sealed, never answered."""
    sender: str = Field(min_length=3, max_length=320)
    security: Literal["starttls", "tls", "none"] = "starttls"


class WebhookSpec(Spec):
    """An address that is told of events: by CloudEvents, a chat message or a mail."""

    name: str = Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    description: str | None = Field(default=None, max_length=5000)
    format: Literal["cloudevents", "slack", "teams", "email"] = "cloudevents"
    url: str | None = Field(default=None, max_length=2000)
    """Where it is posted."""
    secret: str | None = Field(default=None, min_length=8, max_length=200)
    """Signs what is sent, by Standard Webhooks; sealed, never answered."""
    emails: list[str] = Field(default_factory=list)
    smtp: Smtp | None = None
    events: list[str] = Field(min_length=1)
    """Such as `job.failed`; `*` stands for any part."""
    filter: dict[str, str] = Field(default_factory=dict)
    """Facts of the event that must fit, such as `schedule: nightly`."""

    @field_validator("events")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return known_events(value)

    @field_validator("url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        from urllib.parse import urlsplit

        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("is no http or https address")
        if parts.username or parts.password:
            raise ValueError("must not carry a password: use the secret")
        return value

    @field_validator("emails")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for address in value:
            if not 3 <= len(address) <= 320 or "@" not in address or set(address) & set(" \r\n,;"):
                raise ValueError(f"'{address:.60}' is no mail address")
        return value

    @model_validator(mode="after")
    def _complete(self) -> WebhookSpec:
        if self.format == "email":
            if not self.emails or self.smtp is None:
                raise ValueError("format email needs emails and smtp")
        elif self.url is None:
            raise ValueError(f"format {self.format} needs url")
        return self


def webhook_spec(data: dict[str, Any]) -> WebhookSpec:
    """A webhook as its YAML says it.

    Raises:
        Invalid: with a problem for each field that is wrong.
    """
    return validated(WebhookSpec, data)


class Webhook(View):
    """A webhook as the workspace keeps it."""

    name: str
    description: str | None = None
    format: str
    url: str | None = None
    emails: list[str] = Field(default_factory=list)
    events: list[str]
    filter: dict[str, str] = Field(default_factory=dict)
    is_signed: bool = False
    is_enabled: bool = True
    pending: int = 0
    """Deliveries that are still to be made."""
    dead: int = 0
    """Deliveries that were given up."""
    creation_context: CreationContext


class Attempt(View):
    """One try to deliver."""

    time: Moment
    status_code: int | None = None
    error: str = ""
    duration_ms: int = 0


class Delivery(View):
    """Something that a webhook was told, or is to be told."""

    id: str
    webhook: str
    event: str
    subject: str
    state: Literal["pending", "delivered", "dead"]
    created_at: Moment
    next_attempt_at: Moment | None = None
    attempts: list[Attempt] = Field(default_factory=list)
