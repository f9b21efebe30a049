"""Computes of Azure: their parts that mean nothing here, and those that need an engine of their own.

They are checked so that a repository's files can be.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from jupyter_mlws.entities.azure.base import Described, Folded, Shape
from jupyter_mlws.entities.schedule import TimeTrigger

NAME = r"^[A-Za-z][A-Za-z0-9-]{1,31}$"


class SshSettings(Shape):
    """Who comes in by SSH."""

    admin_username: str | None = None
    admin_password: str | None = Field(default=None, repr=False)
    ssh_key_value: str | None = None
    ssh_port: int | None = Field(default=None, ge=1, le=65535)
    ssh_private_key_file: str | None = None


class Network(Shape):
    """The network that it stands in."""

    vnet_name: str | None = None
    subnet: str | None = None


class UserIdentity(Shape):
    """An identity that somebody made."""

    resource_id: str | None = None
    principal_id: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None


class ComputeIdentity(Shape):
    """As whom it acts."""

    type: Annotated[
        Literal["system_assigned", "user_assigned", "system_assigned,user_assigned", "none"],
        Folded,
    ]
    user_assigned_identities: list[UserIdentity] | dict[str, Any] | None = None
    principal_id: str | None = None
    tenant_id: str | None = None


class StartStop(Shape):
    """When it starts or stops by itself."""

    READ_ONLY: ClassVar[tuple[str, ...]] = ("schedule_id", "id", "provisioning_state")

    action: Annotated[Literal["start", "stop"], Folded]
    state: Annotated[Literal["enabled", "disabled"], Folded] = "enabled"
    trigger: TimeTrigger


class ComputeSchedules(Shape):
    """At most four times at which it starts or stops."""

    compute_start_stop: list[StartStop] = Field(min_length=1, max_length=4)


class Script(Shape):
    """A script that runs when it is made or started."""

    path: str | None = None
    command: str | None = None
    timeout_minutes: int | None = Field(default=None, ge=1)


class SetupScripts(Shape):
    """What runs when it is made, and at each start."""

    creation_script: Script | None = None
    startup_script: Script | None = None


class ImageSource(Shape):
    """A container image."""

    reference: str
    type: str | None = None


class AppEndpoint(Shape):
    """A port of an application, and where it is reached."""

    target: int = Field(ge=1, le=65535)
    published: int | None = Field(default=None, ge=1, le=65535)
    name: str | None = None
    protocol: str | None = None


class BindMount(Shape):
    """A folder that an application sees."""

    source: str
    target: str


class Application(Shape):
    """A container that runs beside the notebooks."""

    name: str
    type: Annotated[Literal["docker"], Folded] = "docker"
    image: ImageSource
    endpoints: list[AppEndpoint] = Field(default_factory=list)
    bind_mounts: list[BindMount] = Field(default_factory=list)
    environment_variables: dict[str, Any] = Field(default_factory=dict)


class Assigned(Shape):
    """For whom it is."""

    user_tenant_id: str
    user_object_id: str


class _Compute(Described):
    READ_ONLY: ClassVar[tuple[str, ...]] = (
        *("id", "creation_context", "provisioning_state", "provisioning_errors", "created_on"),
        *("state", "services"),
    )

    name: str = Field(pattern=NAME)
    location: str | None = None
    identity: ComputeIdentity | None = None
    resource_id: str | None = None


class Kubernetes(_Compute):
    """A cluster of Kubernetes."""

    type: Literal["kubernetes"]
    namespace: str = "default"
    compute_runtime: dict[str, Any] | None = None


class VirtualMachine(_Compute):
    """A machine of Azure that is there already."""

    type: Literal["virtualmachine"]
    resource_id: str
    ssh_settings: SshSettings | None = None


class AutoScale(Shape):
    """Between how many nodes it grows and shrinks."""

    min_node_count: int | None = Field(default=None, ge=0)
    max_node_count: int | None = Field(default=None, ge=0)
    enabled: bool | None = None
    auto_scale_enabled: bool | None = None


class AutoPause(Shape):
    """After how long it rests."""

    delay_in_minutes: int | None = Field(default=None, ge=0)
    enabled: bool | None = None
    auto_pause_enabled: bool | None = None


class SynapseSpark(_Compute):
    """A Spark pool of Synapse."""

    type: Literal["synapsespark"]
    resource_id: str
    node_count: int | None = None
    node_family: str | None = None
    node_size: str | None = None
    spark_version: str | None = None
    scale_settings: AutoScale | None = None
    auto_pause_settings: AutoPause | None = None


ATTACHED: dict[str, type[_Compute]] = {
    "kubernetes": Kubernetes,
    "virtualmachine": VirtualMachine,
    "synapsespark": SynapseSpark,
}
"""Types of compute that are right as such and need an engine that may be installed later."""
