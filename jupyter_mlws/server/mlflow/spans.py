"""Spans of traces: the client's file of them, their form in OTLP's JSON, and times as protobuf writes them.

Source: OpenTelemetry protocol 1.x (`trace.proto`, JSON mapping), MLflow 3.17 (`traces.json`).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import orjson

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.server.mlflow.wire import Json, bad_value, present

if TYPE_CHECKING:
    from jupyter_mlws.features.workspace import Workspace

FILE = "traces.json"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?)s")


def read(workspace: Workspace, path: str) -> list[Json]:
    """The spans in the file at `path`; none where there is no file, or none of this form."""
    try:
        row = workspace.store.get_artifact(path)
        found = orjson.loads(workspace.blobs.get(row.blob or ""))
    except (NotFound, orjson.JSONDecodeError):
        return []
    spans = found.get("spans") if isinstance(found, dict) else None
    return [span for span in spans or [] if isinstance(span, dict)]


def to_otlp(span: Json) -> Json:
    """A span of the client's file as OTLP's JSON has it: attributes are lists of typed values."""
    status = span.get("status") or {}
    return present(
        {
            **{name: span.get(name) for name in ("trace_id", "span_id", "name")},
            "parent_span_id": span.get("parent_span_id") or None,
            "start_time_unix_nano": span.get("start_time_unix_nano"),
            "end_time_unix_nano": span.get("end_time_unix_nano"),
            "attributes": _pairs(attributes(span)),
            "events": [_event(event) for event in span.get("events") or []],
            "status": present(
                {"code": status.get("code"), "message": status.get("message") or None}
            ),
        }
    )


def attributes(span: Json) -> Json:
    """A span's attributes; the client writes each as JSON text."""
    return {key: _decoded(value) for key, value in (span.get("attributes") or {}).items()}


def time_text(ms: int) -> str:
    """A time as protobuf's JSON has it.

    Args:
        ms: milliseconds since 1970.
    """
    moment = _EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def read_time(text: str, name: str) -> int:
    """Milliseconds since 1970.

    Raises:
        Refused: this is no time as RFC 3339 has it.
    """
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        zone = match[3].replace("Z", "+00:00")
        whole = datetime.fromisoformat(match[1] + zone) - _EPOCH
    except ValueError:
        raise bad_value(name, text, "It must be a time such as 2026-01-31T12:00:00.5Z.") from None
    return whole // timedelta(milliseconds=1) + int(float(match[2] or 0) * 1000)


def duration_text(ms: int | None) -> str | None:
    """A duration in milliseconds as protobuf's JSON has it."""
    return None if ms is None else f"{ms / 1000:.3f}s"


def read_duration(text: str | None, name: str) -> int | None:
    """Milliseconds.

    Raises:
        Refused: this is no duration such as `0.5s`.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise bad_value(name, text, "It must be a duration such as 0.5s.")
    return round(float(match[1]) * 1000)


def _event(event: Json) -> Json:
    return present(
        {
            "name": event.get("name"),
            "time_unix_nano": event.get("timestamp", event.get("time_unix_nano")),
            "attributes": _pairs(event.get("attributes") or {}),
        }
    )


def _pairs(values: Json) -> list[Json]:
    return [{"key": key, "value": _typed(value)} for key, value in values.items()]


def _typed(value: Any) -> Json:
    match value:
        case bool():
            return {"bool_value": value}
        case int():
            return {"int_value": value}
        case float():
            return {"double_value": value}
        case str():
            return {"string_value": value}
        case list():
            return {"array_value": present({"values": [_typed(item) for item in value]})}
        case dict():
            return {"kvlist_value": present({"values": _pairs(value)})}
    return {}


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
