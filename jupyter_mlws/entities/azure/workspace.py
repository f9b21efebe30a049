"""Things of a subscription: workspaces, registries, feature stores, packages.

They are checked so that a repository's files can be; here a workspace is a directory.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from jupyter_mlws.entities.azure.base import Described, Folded, Lower, Shape, Text
from jupyter_mlws.entities.scalars import NAME

Access = Annotated[Literal["enabled", "disabled"] | None, Lower]


class IpRule(Shape):
    """An address that may come in."""

    value: str


class NetworkAcls(Shape):
    """Who may come in."""

    default_action: Annotated[Literal["allow", "deny"], Lower]
    ip_rules: list[IpRule] = Field(default_factory=list)


class ManagedNetwork(Shape):
    """Where to jobs may go out."""

    isolation_mode: Annotated[
        Literal["disabled", "allow_internet_outbound", "allow_only_approved_outbound"] | None,
        Folded,
    ] = None
    outbound_rules: list[dict[str, Any]] = Field(default_factory=list)
    firewall_sku: str | None = None
    network_id: str | None = None
    status: dict[str, Any] | None = None


class ServerlessCompute(Shape):
    """The network of computes that nobody names."""

    custom_subnet: str | None = None
    no_public_ip: bool | None = None


class ManagedKey(Shape):
    """The key that encrypts a workspace."""

    key_vault: str | None = None
    key_uri: str | None = None
    cosmosdb_id: str | None = None
    storage_id: str | None = None
    search_id: str | None = None


class Managed(Described):
    """What workspaces and feature stores share."""

    READ_ONLY: ClassVar[tuple[str, ...]] = (
        *("id", "creation_context", "provisioning_state", "discovery_url"),
        "mlflow_tracking_uri",
    )

    name: str = Field(min_length=2, max_length=33, pattern=NAME)
    display_name: str | None = None
    location: str | None = None
    resource_group: str | None = None
    hbi_workspace: bool | None = None
    storage_account: str | None = None
    container_registry: str | None = None
    key_vault: str | None = None
    application_insights: str | None = None
    customer_managed_key: ManagedKey | None = None
    image_build_compute: str | None = None
    public_network_access: Access = None
    identity: dict[str, Any] | None = None
    primary_user_assigned_identity: str | None = None
    managed_network: ManagedNetwork | None = None


class Workspace(Managed):
    """A workspace of Azure."""

    network_acls: NetworkAcls | None = None
    system_datastores_auth_mode: str | None = None
    workspace_hub: str | None = None
    hub_id: str | None = None
    provision_network_now: bool | None = None
    enable_data_isolation: bool | None = None
    allow_roleassignment_on_rg: bool | None = None
    serverless_compute: ServerlessCompute | None = None
    kind: str | None = None


class Replication(Shape):
    """A region that a registry is copied to."""

    location: str
    storage_config: Any = None


class Publisher(Shape):
    """Whose the content is."""

    publisher: str | None = None


class RegistryShape(Described):
    """A registry of Azure."""

    READ_ONLY: ClassVar[tuple[str, ...]] = (
        *("id", "creation_context", "identity", "kind", "sku", "managed_resource_group"),
        *("mlflow_registry_uri", "discovery_url"),
    )

    name: str = Field(min_length=2, max_length=33, pattern=NAME)
    location: str
    public_network_access: Access = None
    replication_locations: list[Replication] = Field(default_factory=list)
    container_registry: Any = None
    intellectual_property: Publisher | None = None


class StoreTarget(Shape):
    """Where features are kept."""

    type: str
    target: str


class FeatureRuntime(Shape):
    """What computes features."""

    spark_runtime_version: Text | None = None


class FeatureStore(Managed):
    """A workspace for features."""

    compute_runtime: FeatureRuntime | None = None
    offline_store: StoreTarget | None = None
    online_store: StoreTarget | None = None
    materialization_identity: dict[str, Any] | None = None


class Column(Shape):
    """A column and its type."""

    name: str
    type: str
    description: str | None = None
    tags: dict[str, Any] | None = None


class FeatureEntity(Described):
    """What features are of."""

    READ_ONLY: ClassVar[tuple[str, ...]] = ("id", "creation_context", "latest_version")

    name: str = Field(max_length=255, pattern=NAME)
    version: Text
    index_columns: list[Column] = Field(min_length=1)
    stage: Annotated[Literal["development", "production", "archived"] | None, Lower] = None


class Specification(Shape):
    """Where a feature set's specification is."""

    path: str


class Notification(Shape):
    """Who is told of what."""

    email_on: list[
        Annotated[
            Literal["job_completed", "job_failed", "job_cancelled"],
            Folded,
        ]
    ] = Field(min_length=1)
    emails: list[str] = Field(min_length=1)


class MaterializationResource(Shape):
    """The machine that computes features."""

    instance_type: str | None = None


class Materialization(Shape):
    """When features are computed ahead."""

    schedule: dict[str, Any] | None = None
    notification: Notification | None = None
    resource: MaterializationResource | None = None
    spark_configuration: dict[str, Any] | None = None
    offline_enabled: bool | None = None
    online_enabled: bool | None = None


class FeatureSet(FeatureEntity):
    """Features that are computed together."""

    index_columns: list[Column] = Field(default_factory=list)
    specification: Specification
    entities: list[str] = Field(min_length=1)
    materialization_settings: Materialization | None = None


class FeatureSetSpecification(Shape):
    """What a feature set computes, from what."""

    source: dict[str, Any]
    features: list[Column] = Field(min_length=1)
    index_columns: list[Column] = Field(default_factory=list)
    source_lookback: dict[str, int] | None = None
    temporal_join_lookback: dict[str, int] | None = None
    feature_transformation_code: dict[str, str] | None = None


class BaseEnvironment(Shape):
    """What a package is built on."""

    type: str
    resource_id: str


class InferencingServer(Shape):
    """What answers in a package."""

    type: Annotated[Literal["azureml_online", "azureml_batch", "custom", "triton"], Folded]
    code_configuration: dict[str, Any] | None = None
    inference_configuration: dict[str, Any] | None = None


class PackagedInput(Shape):
    """What is put into a package."""

    type: str
    mode: Annotated[Literal["copy", "download"] | None, Lower] = None
    path: Any
    mount_path: str | None = None


class ModelConfiguration(Shape):
    """How the model gets into a package."""

    mode: Annotated[Literal["copy", "download"] | None, Lower] = None
    mount_path: str | None = None


class ModelPackage(Described):
    """A model with all that it needs, as an image."""

    target_environment: str | dict[str, Any]
    base_environment_source: BaseEnvironment | None = None
    inferencing_server: InferencingServer
    model_configuration: ModelConfiguration | None = None
    inputs: list[PackagedInput] = Field(default_factory=list)
    environment_variables: dict[str, Any] = Field(default_factory=dict)
