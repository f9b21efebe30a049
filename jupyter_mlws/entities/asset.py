"""Assets: named things with versions that never change, labels that move, and who made them.

Source: the Azure ML v2 YAML schemas of data, models and components.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.environment import EnvironmentFields
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import Distribution, Resources
from jupyter_mlws.entities.record import CreationContext, Spec, View
from jupyter_mlws.entities.scalars import NAME, fold, text
from jupyter_mlws.entities.validation import did_you_mean, validated

LATEST = "latest"
"""The label that every asset has: the version that was created last."""

READ_ONLY = (
    "id",
    "creation_context",
    "latest_version",
    "referenced_uris",
    "job_name",
    "labels",
    "archived",
    "latest",
)
"""Fields that a saved asset has and that are dropped when it is created again."""

DESCRIPTIVE = frozenset({"schema_", "name", "version", "description", "tags", "properties"})
"""Fields that are no part of a version's content."""


class AssetSpec(Spec):
    """What all assets share."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    name: str = Field(max_length=255, pattern=NAME)
    version: Annotated[str | None, BeforeValidator(text)] = Field(
        default=None, max_length=30, pattern=NAME
    )
    """The next whole number when absent."""
    description: str | None = Field(default=None, max_length=5000)
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, value: Any) -> Any:
        """An asset that was saved from the workspace loads again."""
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if k not in READ_ONLY}

    @field_validator("tags", "properties", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Azure ML turns the scalars in these maps into text."""
        if not isinstance(value, dict):
            return value
        return {
            str(k): v if isinstance(v, (dict, list, str)) else ("" if v is None else str(v))
            for k, v in value.items()
        }

    @property
    def content(self) -> dict[str, Any]:
        """What makes the version what it is; never changes."""
        return self.model_dump(mode="json", exclude=set(DESCRIPTIVE), exclude_none=True)


class AutoDelete(Spec):
    """When Azure ML removes a version by itself."""

    condition: Annotated[
        Literal["created_greater_than", "last_accessed_greater_than"], BeforeValidator(fold)
    ]
    value: str


class Data(AssetSpec):
    """A file, a folder or a table."""

    model_config = ConfigDict(title="Data")

    type: Annotated[Literal["uri_file", "uri_folder", "mltable"], BeforeValidator(fold)] = (
        "uri_folder"
    )
    path: str = Field(min_length=1)
    """Local path, which is sent along, or an address, which is kept by reference."""
    datastore: str | None = None
    """Where local files are copied to; the workspace itself when absent."""
    auto_delete_setting: AutoDelete | None = None
    """Taken from Azure ML's files; nothing is removed by itself here."""

    @property
    def content(self) -> dict[str, Any]:
        """What makes the version what it is."""
        said = super().content
        return {k: v for k, v in said.items() if k not in ("datastore", "auto_delete_setting")}


class Model(AssetSpec):
    """A trained model: its files, its stage."""

    model_config = ConfigDict(title="Model")

    version: Annotated[str | None, BeforeValidator(text)] = Field(
        default=None, max_length=18, pattern=r"^[1-9][0-9]*$"
    )
    """A whole number: MLflow's registry shows the same models and knows no other versions."""
    type: Annotated[
        Literal["custom_model", "mlflow_model", "triton_model"], BeforeValidator(fold)
    ] = "custom_model"
    path: str = Field(min_length=1)
    """Local path, `runs:/RUN/PATH` or `azureml://jobs/NAME/outputs/OUTPUT/paths/…`."""
    stage: str | None = Field(default=None, min_length=1, max_length=64)
    flavors: dict[str, Any] | None = None
    """Filled from `MLmodel` when absent."""

    @property
    def content(self) -> dict[str, Any]:
        """What makes the version what it is; its stage moves on."""
        return {key: value for key, value in super().content.items() if key != "stage"}


class Environment(EnvironmentFields, AssetSpec):
    """A versioned environment."""

    model_config = ConfigDict(title="Environment")

    @model_validator(mode="before")
    @classmethod
    def _drop_form(cls, value: Any) -> Any:
        """A saved environment says its form as `type`, which is read from the fields."""
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if key != "type"}

    @property
    def content(self) -> dict[str, Any]:
        """What makes the version what it is, and which form it has as `type`."""
        return {**super().content, "type": self.form}


class OutputPort(Spec):
    """An input or output that a component declares."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[
        Literal[
            "uri_file",
            "uri_folder",
            "mltable",
            "mlflow_model",
            "custom_model",
            "triton_model",
            "path",
            "string",
            "number",
            "integer",
            "boolean",
        ],
        BeforeValidator(fold),
    ]
    description: str | None = None
    mode: str | None = None


class InputPort(OutputPort):
    """An input that a component declares."""

    optional: bool = False
    default: Any = None
    min: float | None = None
    max: float | None = None
    enum: list[Any] | None = None


class Component(AssetSpec):
    """A step that can be used again; unknown keys are kept, as Azure ML keeps them."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(max_length=255, pattern=r"^[a-z][a-z0-9_]*$")
    type: str = "command"
    display_name: str | None = None
    is_deterministic: bool = True
    inputs: dict[str, InputPort] = Field(default_factory=dict)
    outputs: dict[str, OutputPort] = Field(default_factory=dict)

    @field_validator("inputs", "outputs")
    @classmethod
    def _port_names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not name.isidentifier() or not name.isascii():
                raise ValueError(f"'{name}' is no name: use letters, digits and _ (not first)")
        return value


class CommandComponent(Component):
    """A step that runs a shell command."""

    model_config = ConfigDict(title="Command component")

    type: Literal["command"] = "command"
    command: str = Field(min_length=1)
    code: str | None = None
    environment: str | dict[str, Any] | None = None
    resources: Resources | None = None
    distribution: Distribution | None = None


class NotebookComponent(Component):
    """A step that runs a notebook; a type of ours."""

    model_config = ConfigDict(title="Notebook component")

    type: Literal["notebook"] = "notebook"
    notebook: str = Field(min_length=1)
    code: str | None = None
    environment: str | dict[str, Any] | None = None


class PipelineComponent(Component):
    """A pipeline as a step."""

    model_config = ConfigDict(title="Pipeline component")

    type: Literal["pipeline"] = "pipeline"
    jobs: dict[str, dict[str, Any]] = Field(min_length=1)


class ParallelComponent(Component):
    """A step that works on mini batches."""

    model_config = ConfigDict(title="Parallel component")

    type: Literal["parallel"] = "parallel"
    task: dict[str, Any]
    input_data: str | None = None
    mini_batch_size: str | int | None = None


class SparkComponent(Component):
    """A step that runs on Spark."""

    model_config = ConfigDict(title="Spark component")

    type: Literal["spark"] = "spark"
    entry: dict[str, Any]
    code: str | None = None
    conf: dict[str, Any] = Field(default_factory=dict)


COMPONENTS: dict[str, type[AssetSpec]] = {
    "command": CommandComponent,
    "notebook": NotebookComponent,
    "pipeline": PipelineComponent,
    "parallel": ParallelComponent,
    "spark": SparkComponent,
}
"""The types of component."""


def data_spec(document: dict[str, Any]) -> AssetSpec:
    """The data that a document describes.

    Raises:
        Invalid: a field is wrong.
    """
    return validated(Data, document)


def model_spec(document: dict[str, Any]) -> AssetSpec:
    """The model that a document describes.

    Raises:
        Invalid: a field is wrong.
    """
    return validated(Model, document)


def component_spec(document: dict[str, Any]) -> AssetSpec:
    """The component that a document describes.

    Raises:
        Invalid: a field is wrong.
    """
    kind = fold(document.get("type", "command"))
    if not isinstance(kind, str) or kind not in COMPONENTS:
        known = ", ".join(COMPONENTS)
        hint = did_you_mean(str(kind), COMPONENTS)
        raise Invalid.field("type", f"{kind!r:.80} is no type of component ({known}).{hint}")
    return validated(COMPONENTS[kind], {**document, "type": kind})


def environment_spec(document: dict[str, Any]) -> AssetSpec:
    """The environment that a document describes.

    Raises:
        Invalid: a field is wrong.
    """
    return validated(Environment, document)


SPECS = {
    "data": data_spec,
    "models": model_spec,
    "components": component_spec,
    "environments": environment_spec,
}
"""How each noun's documents are read."""


class Asset(View):
    """A version as the workspace keeps it; the fields of its kind stand beside these."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    version: str
    type: str
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    latest: bool
    """Whether it is the version that `@latest` means."""
    labels: list[str] = Field(default_factory=list)
    archived: bool = False
    creation_context: CreationContext


class AssetFile(View):
    """A file of a version."""

    path: str
    size_bytes: int
    stamp: str | None = None
    """Changes when the bytes do, where that can be told."""
