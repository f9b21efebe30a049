"""Connections to other services, and secrets by name.

Source: the Azure ML v2 YAML schema of workspace connections.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from jupyter_mlws.entities.datastore import discreet
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.record import CreationContext, Moment, Spec, View
from jupyter_mlws.entities.scalars import fold
from jupyter_mlws.entities.validation import did_you_mean, validated

TYPES = (
    "git",
    "container_registry",
    "python_feed",
    "s3",
    "snowflake",
    "azure_sql_db",
    "azure_synapse_analytics",
    "azure_my_sql_db",
    "azure_postgres_db",
    "azure_data_lake_gen2",
    "azure_one_lake",
    "azure_blob",
    "azure_open_ai",
    "azure_ai_search",
    "azure_ai_services",
    "azure_content_safety",
    "azure_speech_services",
    "cognitive_search",
    "cognitive_service",
    "open_ai",
    "serp",
    "serverless",
    "api_key",
    "custom",
)
READ_ONLY = ("id", "creation_context", "secrets")


class Credential(Spec):
    """What opens a connection."""

    SECRETS: ClassVar[frozenset[str]] = frozenset()


class Pat(Credential):
    """A personal access token."""

    SECRETS = frozenset({"pat"})
    type: Literal["pat"]
    pat: str = Field(min_length=1, repr=False)


class SasToken(Credential):
    """A shared access signature."""

    SECRETS = frozenset({"sas_token"})
    type: Literal["sas", "sas_token"]
    sas_token: str = Field(min_length=1, repr=False)


class UsernamePassword(Credential):
    """A user and a password."""

    SECRETS = frozenset({"password"})
    type: Literal["username_password"]
    username: str = Field(min_length=1)
    password: str = Field(min_length=1, repr=False)


class ManagedIdentity(Credential):
    """An identity of Azure's."""

    type: Literal["managed_identity"]
    client_id: str | None = None
    resource_id: str | None = None


class ServicePrincipal(Credential):
    """An application of Entra ID."""

    SECRETS = frozenset({"client_secret"})
    type: Literal["service_principal"]
    tenant_id: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)


class AccessKey(Credential):
    """A key of Amazon's."""

    SECRETS = frozenset({"secret_access_key"})
    type: Literal["access_key"]
    access_key_id: str = Field(min_length=1)
    secret_access_key: str = Field(min_length=1, repr=False)


class ApiKey(Credential):
    """A key of an API."""

    SECRETS = frozenset({"key"})
    type: Literal["api_key"]
    key: str = Field(min_length=1, repr=False)


class AccountKey(Credential):
    """The key of a storage account."""

    SECRETS = frozenset({"account_key"})
    type: Literal["account_key"]
    account_key: str = Field(min_length=1, repr=False)


class Identity(Credential):
    """None, or whoever asks."""

    type: Literal["aad", "none", "no_auth"]


CREDENTIALS: dict[str, type[Credential]] = {
    "pat": Pat,
    "sas": SasToken,
    "sas_token": SasToken,
    "username_password": UsernamePassword,
    "managed_identity": ManagedIdentity,
    "service_principal": ServicePrincipal,
    "access_key": AccessKey,
    "api_key": ApiKey,
    "account_key": AccountKey,
    "aad": Identity,
    "none": Identity,
    "no_auth": Identity,
}


class Connection(Spec):
    """How another service is reached."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    name: str = Field(max_length=255, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    type: Annotated[str, BeforeValidator(fold)]
    target: str | None = None
    """Its address."""
    credentials: dict[str, Any] | None = None
    """`type` says which fields belong to it."""
    description: str | None = Field(default=None, max_length=5000)
    metadata: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    is_shared: bool = True

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if k not in READ_ONLY}


def connection_spec(document: dict[str, Any]) -> tuple[Connection, Credential | None]:
    """The connection that a document describes, and its credentials.

    Raises:
        Invalid: a field is wrong.
    """
    made = validated(Connection, document)
    if made.type not in TYPES:
        hint = did_you_mean(made.type, TYPES)
        known = ", ".join(TYPES)
        raise Invalid.field("type", f"'{made.type:.80}' is no type of connection ({known}).{hint}")
    if made.credentials is None:
        return made, None
    kind = fold(made.credentials.get("type"))
    if not isinstance(kind, str) or kind not in CREDENTIALS:
        hint = did_you_mean(str(kind), CREDENTIALS)
        known = ", ".join(CREDENTIALS)
        raise Invalid.field(
            "credentials.type", f"{kind!r:.80} is no type of credentials ({known}).{hint}"
        )
    fields = {**made.credentials, "type": kind}
    with discreet():
        credential = validated(CREDENTIALS[kind], fields, prefix="credentials")
    return made.model_copy(update={"credentials": fields}), credential


class ConnectionView(View):
    """A connection as the workspace answers it."""

    model_config = ConfigDict(title="Connection")

    id: str
    name: str
    type: str
    target: str | None = None
    description: str | None = None
    credentials: dict[str, str] = Field(default_factory=dict)
    """What is no secret of the credentials."""
    secrets: list[str] = Field(default_factory=list)
    """Names of the credentials' fields that are sealed; their values are never answered."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    is_shared: bool = True
    creation_context: CreationContext


class Secret(View):
    """A secret as the workspace answers it: never its value."""

    name: str
    description: str | None = None
    creation_context: CreationContext
    last_used_at: Moment | None = None
    used_by: list[str] = Field(default_factory=list)
    """Names of jobs that asked for it, at most 20."""
    n_uses: int = 0
    """How many jobs asked for it."""


class DatabaseSource(Spec):
    """Rows of a database."""

    type: Literal["database"] = "database"
    connection: str = Field(min_length=1)
    """`azureml:NAME` of a connection, or of a datastore of type sql."""
    query: str | None = None
    table_name: str | None = None
    stored_procedure: str | None = None
    stored_procedure_params: list[dict[str, Any]] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> DatabaseSource:
        if sum(bool(way) for way in (self.query, self.table_name, self.stored_procedure)) != 1:
            raise ValueError("give one of query, table_name and stored_procedure")
        return self


class FileSource(Spec):
    """Files of another storage."""

    type: Literal["file_system"] = "file_system"
    connection: str | None = None
    """`azureml:NAME` of a connection or datastore; none for an open address."""
    path: str = Field(min_length=1)


Source = Annotated[
    Annotated[DatabaseSource, Tag("database")] | Annotated[FileSource, Tag("file_system")],
    Discriminator("type"),
]


class DataImport(Spec):
    """Data that is brought in from elsewhere and becomes a version."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    name: str = Field(max_length=255, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str | None = Field(default=None, max_length=30)
    type: Annotated[Literal["uri_file", "uri_folder", "mltable"], BeforeValidator(fold)] = "mltable"
    source: Source
    path: str | None = None
    """Where the copy is kept, `azureml://datastores/D/paths/…/${{name}}`; in the workspace when absent."""
    description: str | None = Field(default=None, max_length=5000)
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)


def import_spec(document: dict[str, Any]) -> DataImport:
    """The import that a document describes.

    Raises:
        Invalid: a field is wrong.
    """
    source = document.get("source")
    if isinstance(source, dict):
        document = {**document, "source": {**source, "type": fold(source.get("type", "database"))}}
    if "version" in document and document["version"] is not None:
        document = {**document, "version": str(document["version"])}
    return validated(DataImport, document)
