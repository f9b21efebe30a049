"""Datastores: named places where data lies, and the credentials that open them.

Source: the Azure ML v2 YAML schemas of datastores; `file`, `s3`, `gcs`, `http` and `sql` are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.record import CreationContext, Spec, View
from jupyter_mlws.entities.scalars import fold
from jupyter_mlws.entities.validation import did_you_mean, validated

DEFAULTS = (
    "workspaceblobstore",
    "workspaceartifactstore",
    "workspacefilestore",
    "workspaceworkingdirectory",
)
"""Datastores that every workspace has: folders of its own."""
DEFAULT = DEFAULTS[0]
READ_ONLY = ("id", "creation_context", "is_default", "secrets")


class Credentials(Spec):
    """What opens a datastore: one of Azure ML's forms, or one of ours.

    A field of `SECRETS` is sealed when it is stored and never answered.
    """

    SECRETS: ClassVar[frozenset[str]] = frozenset(
        {
            "account_key",
            "sas_token",
            "client_secret",
            "certificate",
            "secret_access_key",
            "session_token",
            "service_account",
            "password",
            "token",
            "keytab",
        }
    )
    account_key: str | None = Field(default=None, repr=False)
    sas_token: str | None = Field(default=None, repr=False)
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = Field(default=None, repr=False)
    certificate: str | None = Field(default=None, repr=False)
    """In PEM, private key included."""
    thumbprint: str | None = None
    authority_url: str | None = None
    resource_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = Field(default=None, repr=False)
    session_token: str | None = Field(default=None, repr=False)
    service_account: str | None = Field(default=None, repr=False)
    """The JSON of a service account's key."""
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    token: str | None = Field(default=None, repr=False)
    kerberos_realm: str | None = None
    kerberos_kdc_address: str | None = None
    kerberos_principal: str | None = None
    keytab: str | None = Field(default=None, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _long_names(cls, value: Any) -> Any:
        """Kerberos' fields have two spellings in Azure ML's own files."""
        if not isinstance(value, dict):
            return value
        return {SPELLINGS.get(str(key), str(key)): item for key, item in value.items()}


SPELLINGS = {
    "realm": "kerberos_realm",
    "kdc_address": "kerberos_kdc_address",
    "principal": "kerberos_principal",
    "kerberos_password": "password",
    "kerberos_keytab": "keytab",
}


class DatastoreSpec(Spec):
    """What all datastores share."""

    FORMS: ClassVar[tuple[frozenset[str], ...]] = ()
    """Sets of credential fields of which exactly one must be given whole; others may be left out."""
    OPTIONAL: ClassVar[frozenset[str]] = frozenset()
    """Credential fields that may stand beside any form."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    name: str = Field(max_length=255, pattern=r"^[a-z0-9_]+$")
    type: str
    description: str | None = Field(default=None, max_length=5000)
    tags: dict[str, str] = Field(default_factory=dict)
    credentials: Credentials | None = None
    """Without any, the identity of the service's own user is used."""

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, value: Any) -> Any:
        """A datastore that was saved from the workspace loads again."""
        if not isinstance(value, dict):
            return value
        kept = {k: v for k, v in value.items() if k not in READ_ONLY}
        return {k: v for k, v in kept.items() if k != "credentials" or v}

    @field_validator("tags", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {str(k): v if isinstance(v, (dict, list, str)) else str(v) for k, v in value.items()}

    @field_validator("credentials")
    @classmethod
    def _one_form(cls, value: Credentials | None) -> Credentials | None:
        given = set(value.model_dump(exclude_none=True)) if value else set()
        if not given:
            return None
        forms = [*cls.FORMS]
        known = frozenset[str]().union(*forms) | cls.OPTIONAL
        if unknown := given - known:
            what = ", ".join(sorted(known)) or "none"
            raise ValueError(f"{', '.join(sorted(unknown))}: not of this type (there are: {what})")
        whole = [form for form in forms if form <= given]
        whole = [form for form in whole if not any(form < other for other in whole)]
        if len(whole) != 1 or given - whole[0] - cls.OPTIONAL:
            said = "; or ".join(" with ".join(sorted(form)) for form in forms)
            raise ValueError(f"give {said}")
        return value


PRINCIPAL = frozenset({"tenant_id", "client_id", "client_secret"})
CERTIFICATE = frozenset({"tenant_id", "client_id", "thumbprint", "certificate"})
SHARED = (frozenset({"account_key"}), frozenset({"sas_token"}))
AUTHORITY = frozenset({"authority_url", "resource_url"})


class _Azure(DatastoreSpec):
    protocol: Literal["http", "https"] = "https"
    endpoint: str | None = None
    """`core.windows.net` when absent; a whole address for an emulator."""


class AzureBlob(_Azure):
    """A container of Azure Blob Storage."""

    FORMS = SHARED
    type: Literal["azure_blob"] = "azure_blob"
    account_name: str = Field(min_length=1)
    container_name: str = Field(min_length=1)


class AzureFile(_Azure):
    """A share of Azure Files."""

    FORMS = SHARED
    type: Literal["azure_file"] = "azure_file"
    account_name: str = Field(min_length=1)
    file_share_name: str = Field(min_length=1)


class AzureDataLakeGen2(_Azure):
    """A file system of Azure Data Lake Storage Gen2."""

    FORMS = (PRINCIPAL, CERTIFICATE, *SHARED)
    OPTIONAL = AUTHORITY
    type: Literal["azure_data_lake_gen2"] = "azure_data_lake_gen2"
    account_name: str = Field(min_length=1)
    filesystem: str = Field(min_length=1)


class AzureDataLakeGen1(DatastoreSpec):
    """A store of Azure Data Lake Storage Gen1, which Microsoft has switched off."""

    FORMS = (PRINCIPAL, CERTIFICATE)
    OPTIONAL = AUTHORITY
    type: Literal["azure_data_lake_gen1"] = "azure_data_lake_gen1"
    store_name: str = Field(min_length=1)


class OneLakeArtifact(Spec):
    """The item of a Fabric workspace that the data is in."""

    name: str = Field(min_length=1)
    type: Annotated[Literal["lake_house"], BeforeValidator(fold)] = "lake_house"


class OneLake(DatastoreSpec):
    """A lakehouse of Microsoft Fabric."""

    FORMS = (PRINCIPAL,)
    OPTIONAL = AUTHORITY
    type: Literal["one_lake"] = "one_lake"
    one_lake_workspace_name: str = Field(min_length=1)
    endpoint: str = "onelake.dfs.fabric.microsoft.com"
    artifact: OneLakeArtifact


class Hdfs(DatastoreSpec):
    """A Hadoop file system."""

    FORMS = (
        frozenset({"kerberos_realm", "kerberos_kdc_address", "kerberos_principal", "keytab"}),
        frozenset({"kerberos_realm", "kerberos_kdc_address", "kerberos_principal", "password"}),
    )
    type: Literal["hdfs"] = "hdfs"
    name_node_address: str = Field(min_length=1)
    hdfs_server_certificate: str | None = None
    protocol: Literal["http", "https"] = "http"


class FileDatastore(DatastoreSpec):
    """A folder on the service's machine, a network share for example. An addition of ours."""

    type: Literal["file"] = "file"
    path: str = Field(pattern=r"^[/~]")
    """Absolute."""


class S3(DatastoreSpec):
    """A bucket of Amazon S3, or of what speaks like it: MinIO, Ceph. An addition of ours."""

    FORMS = (frozenset({"access_key_id", "secret_access_key"}),)
    OPTIONAL = frozenset({"session_token"})
    type: Literal["s3"] = "s3"
    bucket: str = Field(min_length=1)
    endpoint: str | None = Field(default=None, pattern=r"^https?://")
    """Address of the server; Amazon's when absent."""
    region: str | None = None
    anonymous: bool = False
    """Whether the bucket is open to everybody."""


class Gcs(DatastoreSpec):
    """A bucket of Google Cloud Storage. An addition of ours."""

    FORMS = (frozenset({"service_account"}),)
    type: Literal["gcs"] = "gcs"
    bucket: str = Field(min_length=1)
    project: str | None = None
    endpoint: str | None = Field(default=None, pattern=r"^https?://")
    anonymous: bool = False


class Http(DatastoreSpec):
    """Files below a web address; can only be read. An addition of ours."""

    FORMS = (frozenset({"username", "password"}), frozenset({"token"}))
    type: Literal["http"] = "http"
    url: str = Field(pattern=r"^https?://[^\s]+$")


class Sql(DatastoreSpec):
    """A database that SQLAlchemy reaches: PostgreSQL, SQLite, Azure SQL and others. An addition of ours."""

    FORMS = (frozenset({"username", "password"}), frozenset({"password"}))
    type: Literal["sql"] = "sql"
    url: str = Field(pattern=r"^[a-z0-9]+(\+[a-z0-9_]+)?://")
    """SQLAlchemy's address, without a password: `postgresql://host/db`, `sqlite:////path/file.db`."""

    @field_validator("url")
    @classmethod
    def _without_password(cls, value: str) -> str:
        if re.match(r"^[^/]+://[^/@:]*:[^/@]+@", value) or re.search(r"(?i)[?&;]pwd=", value):
            raise ValueError("the password belongs into credentials.password, where it is sealed")
        return value


TYPES: dict[str, type[DatastoreSpec]] = {
    model.model_fields["type"].default: model
    for model in (
        AzureBlob,
        AzureFile,
        AzureDataLakeGen2,
        AzureDataLakeGen1,
        OneLake,
        Hdfs,
        FileDatastore,
        S3,
        Gcs,
        Http,
        Sql,
    )
}
"""The types of datastore."""


def datastore_spec(document: dict[str, Any]) -> DatastoreSpec:
    """The datastore that a document describes.

    Raises:
        Invalid: a field is wrong.
    """
    kind = fold(document.get("type"))
    if not isinstance(kind, str) or kind not in TYPES:
        known = ", ".join(TYPES)
        if kind is None:
            raise Invalid.field("type", f"is required (one of: {known}).")
        hint = did_you_mean(str(kind), TYPES)
        raise Invalid.field("type", f"{kind!r:.80} is no type of datastore ({known}).{hint}")
    with discreet():
        return validated(TYPES[kind], {**document, "type": kind})


@contextmanager
def discreet() -> Iterator[None]:
    """What is wrong with credentials is told without them."""
    try:
        yield
    except Invalid as error:
        raise Invalid.of([_told(problem) for problem in error.problems]) from None


def _told(problem: Problem) -> Problem:
    if problem.field.partition(".")[0] != "credentials":
        return problem
    return replace(problem, message=re.sub(r" \(got .*\)", "", problem.message, flags=re.DOTALL))


class Datastore(View):
    """A datastore as the workspace answers it; the fields of its type stand beside these."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    type: str
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    credentials: dict[str, str] = Field(default_factory=dict)
    """What is no secret of the credentials."""
    secrets: list[str] = Field(default_factory=list)
    """Names of the credentials' fields that are sealed; their values are never answered."""
    is_default: bool = False
    creation_context: CreationContext


class DatastoreEntry(View):
    """A file or folder of a datastore."""

    path: str
    """Relative to the datastore, with `/`."""
    is_folder: bool = False
    size_bytes: int | None = None
    modified_at: str | None = None
    """ISO 8601, where the storage tells it."""
