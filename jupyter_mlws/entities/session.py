"""Sessions: interactive kernels that hold slots of a compute, as jobs do."""

from __future__ import annotations

from pydantic import Field

from jupyter_mlws.entities.record import Moment, Spec, View


class SessionSpec(Spec):
    """A kernel that asks for slots."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")
    """The kernel's id."""
    compute: str = Field(min_length=1)
    slots: int = Field(default=1, ge=1)
    kernel: str = Field(default="", max_length=255)
    """Name of its kernelspec."""


class Session(View):
    """A kernel that holds slots."""

    name: str
    compute: str
    slots: int
    kernel: str
    user: str
    started_at: Moment
    idle_minutes: float | None = None
    """For how long nothing was executed, where the kernel's server tells it."""
    env: dict[str, str] = Field(default_factory=dict)
    """What the kernel finds in its environment, such as the GPUs that it may use."""


class SessionKernel(View):
    """A kernel of JupyterLab's picker that runs on a compute."""

    name: str
    """Of the kernelspec."""
    display_name: str
    compute: str
    slots: int
