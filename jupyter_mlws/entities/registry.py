"""Registries: where the workspaces of one machine share assets, and how these are named.

Source: the Azure ML v2 YAML schema of registries, and its references `azureml://registries/…`.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from jupyter_mlws.entities.azure.workspace import RegistryShape
from jupyter_mlws.entities.record import CreationContext, View
from jupyter_mlws.entities.scalars import NAME
from jupyter_mlws.entities.validation import validated

REFERENCE = re.compile(
    r"^azureml://registries/(?P<registry>[^/]+)/(?P<noun>components|data|environments|models)"
    r"/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+)|/labels/(?P<label>[^/]+))?/?$"
)
"""A version in a registry; without version and label it is the latest."""
KINDS = {
    "components": "component",
    "data": "data",
    "environments": "environment",
    "models": "model",
}
"""The kind of the records of each noun that a registry has."""
NOUNS = {kind: noun for noun, kind in KINDS.items()}
KEPT = "registries/"
"""How the names begin under which a workspace keeps what it uses of registries."""
EVERYBODY = "*"

Role = Literal["Owner", "AzureML Registry User", "Reader"]


class RegistrySpec(RegistryShape):
    """A registry of this machine."""

    READ_ONLY: ClassVar[tuple[str, ...]] = (*RegistryShape.READ_ONLY, "path", "role")

    name: str = Field(min_length=2, max_length=33, pattern=NAME)
    location: str
    """As Azure ML's files have it; here it is but a word, a registry lies on this machine."""
    access: dict[str, Role] = Field(default={EVERYBODY: "Reader"})
    """Who may do what, by user; `*` is everybody. Who makes it is its Owner."""


class Registry(View):
    """A registry, as one caller sees it."""

    name: str
    path: str
    """Its directory on the service's machine."""
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    location: str
    access: dict[str, str]
    role: str
    """What the caller may do there."""
    creation_context: CreationContext


def registry_spec(document: dict[str, Any]) -> RegistrySpec:
    """The registry that a document describes.

    Raises:
        Invalid: a field is wrong.
    """
    return validated(RegistrySpec, document)


def kept_name(registry: str, name: str) -> str:
    """Under which name a workspace keeps what it uses of a registry; no asset of its own is called so."""
    return f"{KEPT}{registry}/{name}"


def reference_of(kind: str, name: str, version: str, registry: str = "") -> str:
    """How jobs name a version, of a workspace or of a registry, exactly."""
    if not registry and name.startswith(KEPT):
        registry, _, name = name.removeprefix(KEPT).partition("/")
    if registry:
        return f"azureml://registries/{registry}/{NOUNS[kind]}/{name}/versions/{version}"
    return f"azureml:{name}:{version}"
