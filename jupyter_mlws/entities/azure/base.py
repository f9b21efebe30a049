"""What the shapes of Azure ML's files share.

Source: the schemas of azure-ai-ml; enum values in any case, numbers where text is meant.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.job import (
    Identity,
    Input,
    Output,
    QueueSettings,
    Resources,
    Scalar,
    ServiceSpec,
)
from jupyter_mlws.entities.record import Spec
from jupyter_mlws.entities.scalars import fold, lower, text

ENDPOINT = r"^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$"

Text = Annotated[str, BeforeValidator(text)]
"""Text that may be written as a number."""
Folded = BeforeValidator(fold)
"""Enum values in any case, and in camelCase."""


Lower = BeforeValidator(lower)


class Shape(Spec):
    """A file, or a part of one: what may stand in it, and which fields of a saved one are dropped."""

    READ_ONLY: ClassVar[tuple[str, ...]] = ("id", "creation_context", "provisioning_state")

    model_config = ConfigDict(extra="forbid", populate_by_name=True, use_attribute_docstrings=True)
    schema_: str | None = Field(default=None, alias="$schema", repr=False)

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, value: Any) -> Any:
        """What was saved from a workspace loads again."""
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if key not in cls.READ_ONLY}


class Described(Shape):
    """A thing with a description, tags and properties."""

    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)

    @field_validator("tags", "properties", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Azure ML turns the scalars in these maps into text."""
        if not isinstance(value, dict):
            return value
        return {
            str(key): item if isinstance(item, (dict, list, str)) else str(item)
            for key, item in value.items()
        }


class JobShape(Described):
    """What all jobs share, whatever they run."""

    READ_ONLY: ClassVar[tuple[str, ...]] = ("id", "status", "creation_context", "log_files")

    name: str | None = Field(default=None, max_length=255, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    display_name: str | None = None
    experiment_name: str | None = None
    compute: str | None = None
    identity: Identity | None = None
    services: dict[str, ServiceSpec] = Field(default_factory=dict)
    inputs: dict[str, Input | Scalar] = Field(default_factory=dict)
    outputs: dict[str, Output] = Field(default_factory=dict)
    resources: Resources | None = None
    queue_settings: QueueSettings | None = None

    @field_validator("outputs", mode="before")
    @classmethod
    def _empty_outputs(cls, value: Any) -> Any:
        """`outputs: {x: }` means a folder."""
        if not isinstance(value, dict):
            return value
        return {key: {} if item is None else item for key, item in value.items()}
