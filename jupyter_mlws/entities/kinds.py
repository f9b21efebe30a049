"""What a file describes, told by its `$schema`, its `type` or its fields, and how it is checked.

A kind whose noun has operations is checked by the workspace as it would be created. One that only has
a shape is checked against it, and says why it cannot be created here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from jupyter_mlws.entities.asset import COMPONENTS
from jupyter_mlws.entities.azure import batch, engines, online, workspace
from jupyter_mlws.entities.datastore import TYPES as DATASTORES
from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job_types import SPECS
from jupyter_mlws.entities.scalars import fold
from jupyter_mlws.entities.validation import did_you_mean, validated

Check = Callable[[Any], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be said of the files of one kind.

    Attributes:
        noun: of its operations, or of those that Azure ML has for it.
        model: its shape; None where the workspace checks it.
        problems: what in a right shape does not fit together.
        reason: why there are none in this workspace; empty where the workspace checks.
        files: fields that may be paths of local files, dots between the parts.
    """

    noun: str
    model: type[BaseModel] | None = None
    problems: Check | None = None
    reason: str = ""
    files: tuple[str, ...] = ()

    def check(self, document: Mapping[str, Any], *, prefix: str = "") -> list[Problem]:
        """What is wrong with a document of this kind.

        Raises:
            Invalid: its shape is wrong.
        """
        if self.model is None:
            return []
        spec = validated(self.model, document, prefix=prefix)
        return list(self.problems(spec)) if self.problems else []


SERVING = "this workspace has no endpoints; load the model in a job or notebook instead"
ENDPOINT_FILES = ("model.path", "code_configuration.code", "environment.conda_file")

JOBS: dict[str, Kind] = {
    "spark": Kind(
        "jobs",
        engines.SparkJob,
        engines.spark_problems,
        "no Spark is attached here; run it with pyspark in a command job",
        ("code",),
    ),
    "data_transfer": Kind(
        "jobs",
        engines.TransferJob,
        None,
        "data is not moved by a service here; copy it in a command job",
    ),
    **dict.fromkeys(
        ("finetuning", "fine_tuning", "distillation"),
        Kind(
            "jobs",
            engines.FineTuningJob,
            None,
            "models are fine-tuned by Azure's own service; train in a command job",
        ),
    ),
}
"""Types of job that are known by their shape alone."""

ONLINE_ENDPOINT = Kind("online_endpoints", online.OnlineEndpoint, online.endpoint_problems, SERVING)
ONLINE_DEPLOYMENT = Kind(
    "online_deployments",
    online.OnlineDeployment,
    online.deployment_problems,
    SERVING,
    ENDPOINT_FILES,
)
BATCH_ENDPOINT = Kind("batch_endpoints", batch.BatchEndpoint, None, SERVING)
LEGACY_DEPLOYMENT = Kind(
    "batch_deployments", batch.LegacyBatchDeployment, batch.model_problems, SERVING, ENDPOINT_FILES
)
MODEL_DEPLOYMENT = Kind(
    "batch_deployments", batch.ModelBatchDeployment, batch.model_problems, SERVING, ENDPOINT_FILES
)
PIPELINE_DEPLOYMENT = Kind(
    "batch_deployments",
    batch.PipelineBatchDeployment,
    batch.pipeline_problems,
    SERVING,
    ("component", "job_definition"),
)
SUBSCRIPTION = "it lives in a subscription of Azure"

SEGMENTS: dict[str, Kind] = {
    "data": Kind("data"),
    "model": Kind("models"),
    "environment": Kind("environments"),
    **{name.replace("_", ""): Kind("datastores") for name in DATASTORES},
    **dict.fromkeys(("connection", "workspaceconnection"), Kind("connections")),
    **dict.fromkeys(
        ("amlcompute", "computeinstance", "kubernetescompute", "vmcompute", "synapsesparkcompute"),
        Kind("computes"),
    ),
    "dataimport": Kind("imports"),
    "mltable": Kind("mltable"),
    **dict.fromkeys(("schedule", "monitorschedule"), Kind("schedules")),
    **{f"{kind}component": Kind("components") for kind in COMPONENTS},
    **{f"{kind}job": Kind("jobs") for kind in SPECS},
    **{
        f"{name.replace('_', '')}job": kind
        for name, kind in JOBS.items()
        if name != "data_transfer"
    },
    **dict.fromkeys(
        (
            *("datatransferjob", "datatransfercopyjob"),
            *("datatransferimportjob", "datatransferexportjob"),
        ),
        JOBS["data_transfer"],
    ),
    "managedonlineendpoint": ONLINE_ENDPOINT,
    "kubernetesonlineendpoint": ONLINE_ENDPOINT,
    "onlineendpoint": ONLINE_ENDPOINT,
    "managedonlinedeployment": ONLINE_DEPLOYMENT,
    "kubernetesonlinedeployment": ONLINE_DEPLOYMENT,
    "onlinedeployment": ONLINE_DEPLOYMENT,
    "batchendpoint": BATCH_ENDPOINT,
    "batchdeployment": LEGACY_DEPLOYMENT,
    "modelbatchdeployment": MODEL_DEPLOYMENT,
    "pipelinecomponentbatchdeployment": PIPELINE_DEPLOYMENT,
    "modelversionpackage": Kind(
        "models", workspace.ModelPackage, None, "models are not packed into images here"
    ),
    "workspace": Kind(
        "workspaces",
        workspace.Workspace,
        None,
        f"{SUBSCRIPTION}; here a workspace is a directory: `jupyter mlws --workspace DIR`",
    ),
    "registry": Kind("registries"),
    "featurestore": Kind(
        "feature_stores", workspace.FeatureStore, None, "there are no feature stores here"
    ),
    "featureset": Kind(
        "feature_sets",
        workspace.FeatureSet,
        None,
        "there are no feature stores here",
        ("specification.path",),
    ),
    "featurestoreentity": Kind(
        "feature_store_entities",
        workspace.FeatureEntity,
        None,
        "there are no feature stores here",
    ),
    "featuresetspec": Kind(
        "feature_sets",
        workspace.FeatureSetSpecification,
        None,
        "there are no feature stores here",
    ),
}
"""By the last segment of a `$schema`, in lower case."""

TYPES: dict[str, str] = {
    **dict.fromkeys(("uri_file", "uri_folder", "mltable"), "data"),
    **dict.fromkeys(("custom_model", "mlflow_model", "triton_model"), "model"),
    **{kind: kind.replace("_", "") for kind in DATASTORES},
    "local": "amlcompute",
    "amlcompute": "amlcompute",
    "computeinstance": "computeinstance",
    **dict.fromkeys(("kubernetes", "virtualmachine", "synapsespark"), "kubernetescompute"),
    **{kind: f"{kind}job" for kind in SPECS},
    **{kind: "datatransferjob" if kind == "data_transfer" else f"{kind}job" for kind in JOBS},
}
"""What a `type` alone says, as the segment it stands for."""

FIELDS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"source", "path"}), "dataimport"),
    (frozenset({"specification", "entities"}), "featureset"),
    (frozenset({"index_columns", "name"}), "featurestoreentity"),
    (frozenset({"inferencing_server"}), "modelversionpackage"),
    (frozenset({"endpoint_name", "instance_type"}), "managedonlinedeployment"),
    (frozenset({"endpoint_name", "component"}), "pipelinecomponentbatchdeployment"),
    (frozenset({"endpoint_name", "compute"}), "batchdeployment"),
    (frozenset({"auth_mode", "name"}), "managedonlineendpoint"),
    (frozenset({"trigger"}), "schedule"),
    (frozenset({"command"}), "commandjob"),
    (frozenset({"jobs"}), "pipelinejob"),
    *(
        (frozenset({field}), "environment")
        for field in ("image", "conda_file", "build", "pip", "requirements")
    ),
)
"""Fields that together tell a file without `$schema` and `type`, as the segment it stands for."""


def type_name(type_: Any) -> str:
    """A `type` as it is looked up: Azure ML takes it in any case and in camelCase."""
    text = str(type_)
    return text.lower() if text.lower() in JOBS else str(fold(text))


def segment_of(schema: str) -> str:
    """`commandJob` of `https://…/commandJob.schema.json`."""
    return re.sub(r"(\.schema)?\.json$", "", schema.rpartition("/")[2], flags=re.IGNORECASE)


def find(document: Mapping[str, Any]) -> Kind:
    """What a document describes.

    Raises:
        LookupError: with a `Problem`: neither `$schema` nor `type` nor its fields say it.
    """
    schema, type_ = document.get("$schema"), document.get("type")
    if isinstance(schema, str):
        segment = segment_of(schema)
        found = SEGMENTS.get(segment.lower())
        if found is None:
            hint = did_you_mean(segment.lower(), SEGMENTS)
            raise LookupError(
                Problem(f"'{segment}' is nothing that can be checked here.{hint}", "$schema")
            )
        return _flavour(found, document)
    if isinstance(type_, str) and (segment := TYPES.get(type_name(type_), "")) in SEGMENTS:
        return SEGMENTS[segment]
    for fields, segment in FIELDS:
        if fields <= set(document) and segment in SEGMENTS:
            return _flavour(SEGMENTS[segment], document)
    raise LookupError(Problem("neither `$schema` nor `type` says what this file is."))


def _flavour(found: Kind, document: Mapping[str, Any]) -> Kind:
    """The kind that a `type` makes of it: of batch deployments and of jobs."""
    type_ = type_name(document.get("type", ""))
    if found is LEGACY_DEPLOYMENT and type_ == "model":
        return MODEL_DEPLOYMENT
    if found is LEGACY_DEPLOYMENT and type_ == "pipeline":
        return PIPELINE_DEPLOYMENT
    if found.noun == "jobs" and type_ in JOBS:
        return JOBS[type_]
    return found
