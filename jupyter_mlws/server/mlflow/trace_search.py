"""What can be asked of traces: filters and orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from jupyter_mlws.server.mlflow import query, spans, wire
from jupyter_mlws.server.mlflow.lineage import SOURCE_RUN
from jupyter_mlws.server.mlflow.wire import Json, invalid
from jupyter_mlws.store.base import Record
from jupyter_mlws.store.filters import Comparison, Condition, Language, Order, parse, parse_order

TRACE_NAME = "mlflow.traceName"
LINKED_PROMPTS = "mlflow.linkedPrompts"

LANGUAGE = Language(
    entities={
        **dict.fromkeys(("attribute", "attributes", "trace"), "attribute"),
        **dict.fromkeys(("tag", "tags"), "tag"),
        **dict.fromkeys(("request_metadata", "metadata"), "metadata"),
        **{name: name for name in ("span", "feedback", "expectation")},
    },
    texts={
        **dict.fromkeys(("request_id", "trace_id"), "request_id"),
        **dict.fromkeys(("status", "state"), "status"),
        **{
            name: name
            for name in ("name", "run_id", "client_request_id", "prompt", "text", "experiment_id")
        },
    },
    numbers={
        **dict.fromkeys(("timestamp_ms", "timestamp"), "timestamp_ms"),
        **dict.fromkeys(("execution_time_ms", "execution_time"), "execution_time_ms"),
        **dict.fromkeys(("end_time_ms", "end_time"), "end_time_ms"),
    },
)

SpansOf: TypeAlias = Callable[[Record], list[Json]]


@dataclass(frozen=True, slots=True)
class Search:
    """A filter and an order, read and checked."""

    condition: Condition | None
    order: tuple[Order, ...]

    def chosen(self, records: Iterable[Record], spans_of: SpansOf) -> list[Record]:
        """The traces that the filter chooses, in order; spans are read only when it asks for them."""
        found = [
            record
            for record in records
            if query.chosen(self.condition, lambda c, r=record: _holds(c, r, spans_of))  # type: ignore[misc]
        ]
        keys: list[tuple[Callable[[Record], Any], bool]] = [
            (_order_key(item), item.descending) for item in self.order
        ]
        newest = lambda record: record.doc["request_ms"]  # noqa: E731
        return query.ordered(found, [*keys, (newest, True), (lambda record: record.name, False)])


def read(filter: str, order_by: list[str]) -> Search:
    """What a request asks.

    Raises:
        Invalid, Refused: it cannot be read.
    """
    order = parse_order(order_by, LANGUAGE)
    for item in order:
        if item.entity not in {"attribute", "tag", "metadata"} or item.key == "text":
            raise invalid(f"Invalid order_by entity type '{item.entity}'")
    return Search(parse(filter, LANGUAGE), order)


def _holds(comparison: Comparison, record: Record, spans_of: SpansOf) -> bool:
    values = _values(comparison, record, spans_of)
    if comparison.operator == "IS NULL":
        return not values
    return any(query.holds(comparison, value) for value in values)


def _values(comparison: Comparison, record: Record, spans_of: SpansOf) -> list[Any]:
    """What a comparison is about: nothing, one value, or several of which one must do."""
    doc, key = record.doc, comparison.key
    match comparison.entity:
        case "tag":
            return _present(doc["tags"].get(key))
        case "metadata":
            return _present(doc["metadata"].get(key))
        case "span":
            return _of_spans(key, spans_of(record))
        case "feedback" | "expectation" as kind:
            return [
                _text(_said(item[kind]))
                for item in doc["assessments"]
                if kind in item and item["assessment_name"] == key and item["valid"]
            ]
    return _of_spans("content", spans_of(record)) if key == "text" else _attributes(record, key)


def _attributes(record: Record, key: str) -> list[Any]:
    doc = record.doc
    match key:
        case "name":
            return _present(doc["tags"].get(TRACE_NAME))
        case "run_id":
            return [*_present(doc["metadata"].get(SOURCE_RUN)), *doc["runs"]]
        case "prompt":
            used = wire.decode_list(doc["tags"].get(LINKED_PROMPTS, "[]"))
            return [f"{item.get('name')}/{item.get('version')}" for item in used]
        case "request_id":
            return [record.name]
        case "status":
            return [doc["state"]]
        case "timestamp_ms":
            return [doc["request_ms"]]
        case "execution_time_ms":
            return _present(doc["duration_ms"])
        case "end_time_ms":
            return [] if doc["duration_ms"] is None else [doc["request_ms"] + doc["duration_ms"]]
        case "experiment_id":
            return [str(doc["experiment_id"])]
    return _present(doc["client_request_id"])


def _of_spans(key: str, found: list[Json]) -> list[str]:
    if key.startswith("attributes."):
        name = key.removeprefix("attributes.")
        return [_text(a[name]) for a in map(spans.attributes, found) if name in a]
    match key:
        case "name":
            return [str(span.get("name")) for span in found]
        case "type":
            return [str(spans.attributes(span).get("mlflow.spanType")) for span in found]
        case "status":
            codes = [str((span.get("status") or {}).get("code")) for span in found]
            return [code.removeprefix("STATUS_CODE_") for code in codes]
        case "content":
            return [orjson.dumps(span).decode() for span in found]
    raise invalid(
        f"Invalid span attribute '{key}'. "
        "Supported attributes: name, status, type, attributes.<attribute_name>."
    )


def _order_key(item: Order) -> Callable[[Record], Any]:
    def first(record: Record) -> Any:
        comparison = Comparison(item.entity, item.key, "=", "")
        return next(iter(_values(comparison, record, lambda _: [])), None)

    return first


def _present(value: Any) -> list[Any]:
    return [] if value is None else [value]


def _said(value: Json) -> Any:
    return value.get("value", value.get("serialized_value", {}).get("value"))


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else orjson.dumps(value).decode()
