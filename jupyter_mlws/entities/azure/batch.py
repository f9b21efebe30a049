"""Batch endpoints and their deployments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from jupyter_mlws.entities.azure.base import ENDPOINT, Described, Folded, Lower, Shape
from jupyter_mlws.entities.azure.online import CodeConfiguration, Endpoint, InlineModel
from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import Resources


class Defaults(Shape):
    """Which deployment answers where none is named."""

    deployment_name: str | None = None


class BatchEndpoint(Endpoint):
    """An endpoint that answers with a job."""

    defaults: Defaults | None = None


class Retries(Shape):
    """How often a mini batch is tried again."""

    max_retries: int | None = Field(default=None, ge=0)
    timeout: int | None = Field(default=None, gt=0, le=259_200)


class BatchSettings(Shape):
    """How a model works on its mini batches."""

    mini_batch_size: int | None = Field(default=None, ge=1)
    max_concurrency_per_instance: int | None = Field(default=None, ge=1)
    instance_count: int | None = Field(default=None, ge=1)
    output_action: Annotated[Literal["append_row", "summary_only"] | None, Folded] = None
    output_file_name: str | None = None
    retry_settings: Retries | None = None
    error_threshold: int | None = Field(default=None, ge=-1)
    logging_level: Annotated[Literal["debug", "info", "warning"] | None, Lower] = None
    environment_variables: dict[str, Any] = Field(default_factory=dict)


class BatchDeploymentBase(Described):
    """What batch deployments share."""

    name: str = Field(min_length=3, max_length=32, pattern=ENDPOINT)
    endpoint_name: str = Field(min_length=3, max_length=32, pattern=ENDPOINT)


class ModelBatchDeployment(BatchDeploymentBase):
    """A model behind a batch endpoint."""

    type: Annotated[Literal["model"], Folded] = "model"
    model: str | InlineModel | None = None
    code_configuration: CodeConfiguration | None = None
    environment: str | dict[str, Any] | None = None
    environment_variables: dict[str, Any] = Field(default_factory=dict)
    compute: str
    resources: Resources | None = None
    settings: BatchSettings | None = None
    error_threshold: int | None = Field(default=None, ge=-1)


class LegacyBatchDeployment(BatchDeploymentBase, BatchSettings):
    """The same, with its settings at the root, as before there was a `type`."""

    model: str | InlineModel | None = None
    code_configuration: CodeConfiguration | None = None
    environment: str | dict[str, Any] | None = None
    compute: str | None = None
    resources: Resources | None = None


class PipelineBatchDeployment(BatchDeploymentBase):
    """A pipeline component behind a batch endpoint."""

    type: Annotated[Literal["pipeline"], Folded] = "pipeline"
    component: str | dict[str, Any] | None = None
    job_definition: str | dict[str, Any] | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


def model_problems(spec: ModelBatchDeployment | LegacyBatchDeployment) -> Iterator[Problem]:
    """What in a model's deployment does not fit together."""
    if spec.code_configuration and not spec.environment:
        yield Problem("is required beside `code_configuration`.", "environment")
    if not spec.model and not spec.code_configuration:
        yield Problem("is required, where no `code_configuration` says what is done.", "model")


def pipeline_problems(spec: PipelineBatchDeployment) -> Iterator[Problem]:
    """What in a pipeline's deployment does not fit together."""
    if (spec.component is None) == (spec.job_definition is None):
        yield Problem("give either `component` or `job_definition`.", "component")
