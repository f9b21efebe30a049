"""Jobs that an engine runs: Spark, imports, copies between stores, fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from jupyter_mlws.entities.azure.base import Folded, JobShape, Shape, Text
from jupyter_mlws.entities.errors import Problem

FIXED = ("driver.cores", "driver.memory", "executor.cores", "executor.memory")
DYNAMIC = ("minExecutors", "maxExecutors")


class Entry(Shape):
    """Where a Spark program begins."""

    file: str | None = None
    class_name: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Entry:
        if (self.file is None) == (self.class_name is None):
            raise ValueError("give either `file` or `class_name`")
        return self


class SparkResources(Shape):
    """A serverless Spark cluster."""

    instance_type: str
    runtime_version: Text


class SparkJob(JobShape):
    """Run a program on Spark."""

    type: Annotated[Literal["spark"], Folded]
    entry: Entry
    code: str | None = None
    py_files: list[str] = Field(default_factory=list)
    jars: list[str] = Field(default_factory=list)
    files: list[str] = Field(default_factory=list)
    archives: list[str] = Field(default_factory=list)
    conf: dict[str, Any] = Field(default_factory=dict)
    environment: str | dict[str, Any] | None = None
    args: str | None = None
    resources: SparkResources | None = None  # type: ignore[assignment]


def spark_problems(spec: SparkJob) -> Iterator[Problem]:
    """What in a Spark job does not fit together."""
    if spec.compute and spec.resources:
        yield Problem("give either `compute` or `resources`.", "resources")
    if not spec.compute and not spec.resources:
        yield Problem("is required, where no `compute` is named.", "resources")
    for name in _missing(spec.conf):
        yield Problem(f"'{name}' is required.", "conf")


def _missing(conf: dict[str, Any]) -> list[str]:
    """Settings of the cluster's size; Azure ML asks for all of them."""
    needed = [f"spark.{name}" for name in FIXED]
    if str(conf.get("spark.dynamicAllocation.enabled", "")).lower() == "true":
        needed += [f"spark.dynamicAllocation.{name}" for name in DYNAMIC]
    else:
        needed.append("spark.executor.instances")
    return [name for name in needed if name not in conf]


class StoredProcedureParameter(Shape):
    """A value that is given to a stored procedure."""

    name: str
    value: str
    type: str | None = None


class Place(Shape):
    """A database or file system that data is read from or written to."""

    type: Annotated[Literal["database", "file_system"], Folded] = "file_system"
    connection: str
    table_name: str | None = None
    query: str | None = None
    stored_procedure: str | None = None
    stored_procedure_params: list[StoredProcedureParameter] | None = None
    path: str | None = None


class TransferJob(JobShape):
    """Copy data, bring it in, or send it out."""

    type: Annotated[Literal["data_transfer"], Folded]
    task: Annotated[Literal["copy_data", "import_data", "export_data"], Folded]
    data_copy_mode: Annotated[
        Literal["merge_with_overwrite", "fail_if_conflict"] | None, Folded
    ] = None
    source: Place | None = None
    sink: Place | None = None

    @model_validator(mode="after")
    def _fields_of_its_task(self) -> TransferJob:
        if (self.task == "import_data") != (self.source is not None):
            raise ValueError("`source` belongs to task import_data, which needs it")
        if (self.task == "export_data") != (self.sink is not None):
            raise ValueError("`sink` belongs to task export_data, which needs it")
        return self


class FineTuningJob(JobShape):
    """Train somebody's large model further; its fields depend on who offers the model."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[Literal["finetuning", "fine_tuning", "distillation"], Folded]
