"""Addresses of data outside of the workspace: on a datastore, or on the open storages that Azure ML names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from jupyter_mlws.entities.datastore import (
    S3,
    AzureBlob,
    AzureDataLakeGen2,
    DatastoreSpec,
    Gcs,
    Http,
)
from jupyter_mlws.entities.errors import Invalid

ON_DATASTORE = re.compile(
    r"^azureml://(?:subscriptions/[^/]+/resource[gG]roups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+/)?"
    r"datastores/(?P<datastore>[^/]+)(?:/paths(?:/(?P<path>.*))?)?/?$"
)
NAMELESS = "_"
"""Name of the datastore that an open address stands for."""
GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Address:
    """Where data lies.

    Attributes:
        datastore: name of the datastore; empty where the address says it all.
        spec: the storage that the address names by itself, opened with the service's own identity.
        path: below the datastore; may have `*`, `?` and `**`.
    """

    text: str
    datastore: str
    spec: DatastoreSpec | None
    path: str

    @property
    def is_glob(self) -> bool:
        """Whether it means all files that fit."""
        return not isinstance(self.spec, Http) and GLOB.search(self.path) is not None


def parse(text: str) -> Address | None:
    """What an address says; None for what is no address of data, such as a local path.

    Raises:
        Invalid: it begins like one and goes on wrongly.
    """
    if text.startswith("azureml:") and not text.startswith("azureml://"):
        inner = text.removeprefix("azureml:")
        return parse(inner) if "://" in inner else None
    if match := ON_DATASTORE.match(text):
        return Address(text, match["datastore"].lower(), None, inside(match["path"] or "", text))
    scheme, separator, rest = text.partition("://")
    if not separator:
        return None
    if text.startswith(("azureml://datastores", "azureml://subscriptions")):
        raise Invalid(f"'{text}' is not of the form azureml://datastores/NAME/paths/PATH.")
    where, _, path = rest.partition("/")
    match scheme.lower():
        case "http" | "https":
            base = text.rpartition("/")[0] if "/" in rest else text
            spec: DatastoreSpec = Http(name=NAMELESS, url=base)
            return Address(text, "", spec, text[len(base) + 1 :])
        case "s3" | "s3a":
            spec = S3(name=NAMELESS, bucket=_needed(where, text))
        case "gs" | "gcs":
            spec = Gcs(name=NAMELESS, bucket=_needed(where, text))
        case "wasb" | "wasbs" | "abfs" | "abfss":
            container, at, host = where.partition("@")
            account, _, endpoint = host.partition(".")
            if not at or not account or not endpoint or not container:
                raise Invalid(f"'{text}' is not of the form {scheme}://CONTAINER@ACCOUNT.…/PATH.")
            kind = endpoint.partition(".")[2] or None
            spec = (
                AzureBlob(name=NAMELESS, account_name=account, container_name=container)
                if scheme.lower().startswith("wasb")
                else AzureDataLakeGen2(name=NAMELESS, account_name=account, filesystem=container)
            ).model_copy(update={"endpoint": kind})
        case "adl":
            raise Invalid(f"'{text}': Data Lake Storage Gen1 has been switched off by Microsoft.")
        case _:
            return None
    return Address(text, "", spec, inside(path, text))


def inside(path: str, text: str = "") -> str:
    """A path with `/` that does not lead out of the folder it is in.

    Raises:
        Invalid: it does.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in path or "\\" in path:
        raise Invalid.field("path", f"'{text or path}' leads out of its folder.")
    return "/".join(parts)


def file_name(address: str) -> str:
    """The last part of an address, without a query."""
    return urlsplit(address).path.rstrip("/").rpartition("/")[2]


def _needed(where: str, text: str) -> str:
    if not where:
        raise Invalid(f"'{text}' names no bucket.")
    return where
