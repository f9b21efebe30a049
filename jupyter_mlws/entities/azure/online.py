"""Online endpoints and their deployments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from jupyter_mlws.entities.azure.base import ENDPOINT, Described, Folded, Lower, Shape, Text
from jupyter_mlws.entities.errors import Problem

Probability = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[int, Field(ge=0, le=100)]


class EndpointIdentity(Shape):
    """As whom an endpoint reads its model."""

    type: Annotated[Literal["system_assigned", "user_assigned", "none"], Folded]
    principal_id: str | None = None
    tenant_id: str | None = None
    user_assigned_identities: Any = None


class Endpoint(Described):
    """A name under which models answer."""

    READ_ONLY: ClassVar[tuple[str, ...]] = (
        *("id", "creation_context", "provisioning_state"),
        *("scoring_uri", "openapi_uri", "kind", "location"),
    )

    name: str = Field(min_length=3, max_length=32, pattern=ENDPOINT)
    auth_mode: Annotated[Literal["key", "aml_token", "aad_token"] | None, Folded] = None
    identity: EndpointIdentity | None = None


class OnlineEndpoint(Endpoint):
    """An endpoint that answers at once."""

    type: Annotated[Literal["managed", "kubernetes"] | None, Folded] = None
    traffic: dict[str, Percent] = Field(default_factory=dict)
    mirror_traffic: dict[str, Annotated[int, Field(ge=0, le=50)]] = Field(
        default_factory=dict, max_length=1
    )
    public_network_access: Annotated[Literal["enabled", "disabled"] | None, Lower] = None
    compute: str | None = None


def endpoint_problems(spec: OnlineEndpoint) -> Iterator[Problem]:
    """What in an endpoint does not fit together."""
    if (total := sum(spec.traffic.values())) not in (0, 100):
        yield Problem(f"the shares sum to {total}, and must to 0 or 100.", "traffic")


class CodeConfiguration(Shape):
    """The script that answers."""

    code: str | None = None
    scoring_script: str


class InlineModel(Described):
    """A model that is described in place."""

    name: str | None = None
    version: Text | None = None
    path: str
    type: Annotated[Literal["custom_model", "mlflow_model", "triton_model"], Folded] = (
        "custom_model"
    )
    stage: str | None = None
    flavors: dict[str, Any] | None = None
    datastore: str | None = None


class RequestSettings(Shape):
    """How long a request may take and how many there may be."""

    request_timeout_ms: int | None = Field(default=None, gt=0, le=180_000)
    max_concurrent_requests_per_instance: int | None = Field(default=None, ge=1)
    max_queue_wait_ms: int | None = Field(default=None, ge=0)


class Probe(Shape):
    """How it is found out whether an instance lives or is ready."""

    initial_delay: int | None = Field(default=None, ge=0)
    period: int | None = Field(default=None, gt=0)
    timeout: int | None = Field(default=None, gt=0)
    success_threshold: int | None = Field(default=None, ge=1)
    failure_threshold: int | None = Field(default=None, ge=1)


class ScaleSettings(Shape):
    """How many instances there are."""

    type: Annotated[Literal["default", "target_utilization"], Folded]
    min_instances: int | None = Field(default=None, ge=0)
    max_instances: int | None = Field(default=None, ge=1)
    polling_interval: int | None = Field(default=None, gt=0)
    target_utilization_percentage: Percent | None = None


class CollectedData(Shape):
    """The asset that a collection becomes."""

    name: str | None = None
    path: str | None = None
    version: Text | None = None


class Collection(Shape):
    """What is kept of requests and answers."""

    enabled: Annotated[Any, Lower]
    data: CollectedData | str | None = None
    client_id: str | None = None

    @model_validator(mode="after")
    def _on_or_off(self) -> Collection:
        if str(self.enabled).lower() not in ("true", "false"):
            raise ValueError("`enabled` must be true or false")
        return self


class RequestLogging(Shape):
    """Headers that are kept."""

    capture_headers: list[str] = Field(default_factory=list)


class DataCollector(Shape):
    """What is kept of the traffic, for monitors."""

    collections: dict[str, Collection] = Field(min_length=1)
    rolling_rate: Annotated[Literal["minute", "hour", "day"] | None, Folded] = None
    sampling_rate: Probability | None = None
    request_logging: RequestLogging | None = None


class Amounts(Shape):
    """Parts of a machine, in Kubernetes' notation."""

    cpu: Text | None = None
    memory: Text | None = None
    gpu: Text | None = None


class KubernetesResources(Shape):
    """What an instance asks for and may take at most."""

    requests: Amounts | None = None
    limits: Amounts | None = None


class OnlineDeployment(Described):
    """A model behind an online endpoint."""

    name: str = Field(min_length=3, max_length=32, pattern=ENDPOINT)
    endpoint_name: str = Field(min_length=3, max_length=32, pattern=ENDPOINT)
    type: Annotated[Literal["managed", "kubernetes"] | None, Folded] = None
    model: str | InlineModel | None = None
    code_configuration: CodeConfiguration | None = None
    environment: str | dict[str, Any] | None = None
    environment_variables: dict[str, Any] = Field(default_factory=dict)
    app_insights_enabled: bool | None = None
    instance_type: str | None = None
    instance_count: int | None = Field(default=None, ge=1)
    scale_settings: ScaleSettings | None = None
    request_settings: RequestSettings | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    model_mount_path: str | None = None
    egress_public_network_access: Annotated[Literal["enabled", "disabled"] | None, Lower] = None
    private_network_connection: bool | None = None
    data_collector: DataCollector | None = None
    resources: KubernetesResources | None = None


def deployment_problems(spec: OnlineDeployment) -> Iterator[Problem]:
    """What in a deployment does not fit together."""
    is_kubernetes = spec.type == "kubernetes" or "kubernetes" in (spec.schema_ or "").lower()
    if not spec.instance_type and not is_kubernetes:
        yield Problem("is required.", "instance_type")
    if not spec.model and not spec.environment:
        yield Problem("is required, where no `environment` brings it.", "model")
    if spec.code_configuration and not spec.environment:
        yield Problem("is required beside `code_configuration`.", "environment")
