"""How each type of datastore is opened: the fsspec file system, and the folder in it that is the root."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.datastore import (
    S3,
    AzureBlob,
    AzureDataLakeGen2,
    DatastoreSpec,
    FileDatastore,
    Gcs,
    Http,
    OneLake,
)
from jupyter_mlws.entities.errors import Invalid, PluginMissing

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem

FRESH = {"skip_instance_cache": True, "use_listings_cache": False}
"""Every opening has its own credentials, and sees what is there now."""
TIMEOUT_S = 20


def _needed(module: str) -> Any:
    """A library that only this storage needs.

    Raises:
        PluginMissing: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise PluginMissing(
            f"This storage needs '{module}': pip install 'jupyter_mlws[clouds]'."
        ) from None


def _file(spec: DatastoreSpec, secrets: Mapping[str, str]) -> tuple[AbstractFileSystem, str]:
    from fsspec.implementations.local import LocalFileSystem

    assert isinstance(spec, FileDatastore)
    return LocalFileSystem(**FRESH), str(Path(spec.path).expanduser())


def _blob(spec: DatastoreSpec, secrets: Mapping[str, str]) -> tuple[AbstractFileSystem, str]:
    assert isinstance(spec, (AzureBlob, AzureDataLakeGen2))
    root = spec.container_name if isinstance(spec, AzureBlob) else spec.filesystem
    account, endpoint = spec.account_name, spec.endpoint or "core.windows.net"
    url = endpoint if "://" in endpoint else f"{spec.protocol}://{account}.blob.{endpoint}"
    adlfs = _needed("adlfs")
    if key := secrets.get("account_key"):
        said = f"AccountName={account};AccountKey={key};BlobEndpoint={url};"
        said = f"DefaultEndpointsProtocol={url.partition(':')[0]};{said}"
        return adlfs.AzureBlobFileSystem(connection_string=said, **FRESH), root
    if token := secrets.get("sas_token"):
        said = f"BlobEndpoint={url};SharedAccessSignature={token.lstrip('?')};"
        return adlfs.AzureBlobFileSystem(
            account_name=account, connection_string=said, **FRESH
        ), root
    host = url.partition("://")[2]
    return adlfs.AzureBlobFileSystem(
        account_name=account, account_host=host, **_identity(spec, secrets), **FRESH
    ), root


def _one_lake(spec: DatastoreSpec, secrets: Mapping[str, str]) -> tuple[AbstractFileSystem, str]:
    assert isinstance(spec, OneLake)
    host = spec.endpoint.partition("://")[2] or spec.endpoint
    fs = _needed("adlfs").AzureBlobFileSystem(
        account_name="onelake",
        account_host=host.replace(".dfs.", ".blob."),
        **_identity(spec, secrets),
        **FRESH,
    )
    name = spec.artifact.name
    item = name if name.lower().endswith(".lakehouse") else f"{name}.Lakehouse"
    return fs, f"{spec.one_lake_workspace_name}/{item}/Files"


def _identity(spec: DatastoreSpec, secrets: Mapping[str, str]) -> dict[str, Any]:
    """How Entra ID is told who asks: as an application, or as whoever runs the service."""
    given = spec.credentials
    if given is None:
        return {"anon": False}
    if pem := secrets.get("certificate"):
        credential = _needed("azure.identity.aio").CertificateCredential(
            given.tenant_id, given.client_id, certificate_data=pem.encode()
        )
        return {"credential": credential}
    return {
        "tenant_id": given.tenant_id,
        "client_id": given.client_id,
        "client_secret": secrets.get("client_secret"),
    }


def _s3(spec: DatastoreSpec, secrets: Mapping[str, str]) -> tuple[AbstractFileSystem, str]:
    assert isinstance(spec, S3)
    fs = _needed("s3fs").S3FileSystem(
        anon=spec.anonymous,
        key=spec.credentials.access_key_id if spec.credentials else None,
        secret=secrets.get("secret_access_key"),
        token=secrets.get("session_token"),
        endpoint_url=spec.endpoint,
        client_kwargs={"region_name": spec.region} if spec.region else {},
        config_kwargs={"connect_timeout": TIMEOUT_S, "retries": {"max_attempts": 2}},
        **FRESH,
    )
    return fs, spec.bucket


def _gcs(spec: DatastoreSpec, secrets: Mapping[str, str]) -> tuple[AbstractFileSystem, str]:
    assert isinstance(spec, Gcs)
    token: Any = "anon" if spec.anonymous else "google_default"
    if text := secrets.get("service_account"):
        try:
            token = json.loads(text)
        except json.JSONDecodeError:
            raise Invalid("The service account of the datastore is no JSON.") from None
    fs = _needed("gcsfs").GCSFileSystem(
        project=spec.project, token=token, endpoint_url=spec.endpoint, **FRESH
    )
    return fs, spec.bucket


def _http(spec: DatastoreSpec, secrets: Mapping[str, str]) -> tuple[AbstractFileSystem, str]:
    assert isinstance(spec, Http)
    aiohttp = _needed("aiohttp")
    from fsspec.implementations.http import HTTPFileSystem

    options: dict[str, Any] = {
        "timeout": aiohttp.ClientTimeout(sock_connect=TIMEOUT_S, sock_read=60)
    }
    if token := secrets.get("token"):
        options["headers"] = {"Authorization": f"Bearer {token}"}
    elif password := secrets.get("password"):
        assert spec.credentials
        options["auth"] = aiohttp.BasicAuth(spec.credentials.username or "", password)
    return HTTPFileSystem(client_kwargs=options, **FRESH), spec.url.rstrip("/")


def _refused(reason: str) -> Callable[..., tuple[AbstractFileSystem, str]]:
    def refuse(spec: DatastoreSpec, secrets: Mapping[str, str]) -> tuple[AbstractFileSystem, str]:
        raise Invalid(f"Files of datastore '{spec.name}' cannot be read here: {reason}.")

    return refuse


STORAGES: dict[str, Callable[..., tuple[AbstractFileSystem, str]]] = {
    "file": _file,
    "azure_blob": _blob,
    "azure_data_lake_gen2": _blob,
    "one_lake": _one_lake,
    "s3": _s3,
    "gcs": _gcs,
    "http": _http,
    "azure_file": _refused(
        "mount the share on the service's machine and make a datastore of type file of it"
    ),
    "azure_data_lake_gen1": _refused("Microsoft has switched off Data Lake Storage Gen1"),
    "hdfs": _refused("mount it (hdfs-fuse, NFS gateway) and make a datastore of type file of it"),
    "sql": _refused("it is a database; `mlws data import` brings its rows in"),
}
"""The opener of each type of datastore."""
