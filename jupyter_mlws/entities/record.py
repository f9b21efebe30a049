"""What all entities share: a Spec is what a person writes, a Record what the workspace keeps."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(timezone.utc)


def to_ms(moment: datetime) -> int:
    """`moment` in milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The moment that lies `milliseconds` after 1970, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)


def _aware(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime, AfterValidator(_aware), PlainSerializer(_iso, when_used="json", return_type=str)
]
"""An aware UTC time; ISO 8601 with milliseconds on the wire."""


class Spec(BaseModel):
    """What a person writes; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, use_attribute_docstrings=True)


class View(BaseModel):
    """What the workspace answers."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class CreationContext(View):
    """Who made a thing and who changed it last."""

    created_at: Moment
    created_by: str
    last_modified_at: Moment
    last_modified_by: str


T = TypeVar("T")


class Page(View, Generic[T]):
    """Some of many items, and the token that gives the next of them."""

    items: list[T]
    next_page_token: str | None = None


class SchemaGenerator(GenerateJsonSchema):
    """JSON Schema in which `X | None` is X that may be left out.

    Forms and TypeScript then see one type with one error, not three.
    """

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The schema of X for `X | None`."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema without a default of null."""
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            made.pop("default")
        return made


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of `model` as forms, OpenAPI and docs use it."""
    return model.model_json_schema(schema_generator=SchemaGenerator)


__all__ = [
    "CreationContext",
    "Field",
    "Moment",
    "Page",
    "SchemaGenerator",
    "Spec",
    "View",
    "from_ms",
    "json_schema",
    "now",
    "to_ms",
]
