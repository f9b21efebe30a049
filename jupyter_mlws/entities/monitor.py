"""Monitors: what a scheduled look at a deployment compares.

Source: the Azure ML v2 monitor schedule schema.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from jupyter_mlws.entities.record import Spec
from jupyter_mlws.entities.scalars import fold

SIGNALS = (
    "data_drift",
    "prediction_drift",
    "data_quality",
    "feature_attribution_drift",
    "model_performance",
    "custom",
    "generation_safety_quality",
    "generation_token_statistics",
)


class MonitorCompute(Spec):
    """On what a monitor runs."""

    instance_type: str | None = None
    runtime_version: Annotated[
        str | None, BeforeValidator(lambda v: None if v is None else str(v))
    ] = None


class MonitoringTarget(Spec):
    """Which deployment or model is looked at."""

    ml_task: Annotated[
        Literal["classification", "regression", "question_answering"] | None, BeforeValidator(fold)
    ] = None
    endpoint_deployment_id: str | None = None
    model_id: str | None = None


class MonitoringSignal(Spec):
    """One comparison of a monitor."""

    type: Annotated[
        Literal[
            "data_drift",
            "prediction_drift",
            "data_quality",
            "feature_attribution_drift",
            "model_performance",
            "custom",
            "generation_safety_quality",
            "generation_token_statistics",
        ],
        BeforeValidator(fold),
    ]
    production_data: dict[str, Any] | list[dict[str, Any]] | None = None
    reference_data: dict[str, Any] | None = None
    features: list[str] | dict[str, Any] | str | None = None
    feature_type_override: dict[str, Literal["numerical", "categorical"]] | None = None
    data_segment: dict[str, Any] | None = None
    metric_thresholds: dict[str, Any] | list[dict[str, Any]] | None = None
    component_id: str | None = None
    input_data: dict[str, Any] | None = None
    inputs: dict[str, Any] | None = None
    connection: dict[str, Any] | str | None = None
    alert_enabled: bool = False
    properties: dict[str, str] = Field(default_factory=dict)


class MonitorDefinition(Spec):
    """What a monitor does each time."""

    compute: MonitorCompute
    monitoring_target: MonitoringTarget | None = None
    monitoring_signals: dict[str, MonitoringSignal] | None = None
    alert_notification: dict[str, Any] | Literal["azmonitoring"] | None = None
