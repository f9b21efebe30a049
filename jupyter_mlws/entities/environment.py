"""Environments: what a job's code runs in, as files describe it and as it came to be.

Source: the Azure ML v2 environment YAML schema; `pip`, `requirements`, `python` and `kernel` are ours.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.record import Moment, Spec, View
from jupyter_mlws.entities.scalars import NAME, fold, text
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.entities.yaml import parse

ANONYMOUS = "CliV2AnonymousEnvironment"
"""Name of the environments that stand inside jobs; their version is the hash of their content."""

FORMS = ("kernel", "build", "image", "conda_file", "requirements", "pip", "python")
"""The fields of which an environment has at least one."""


class BuildContext(Spec):
    """A folder with a Dockerfile."""

    path: str = Field(min_length=1)
    """Local folder, which is sent along."""
    dockerfile_path: str = "Dockerfile"


class Route(Spec):
    """Where a container answers."""

    port: int = Field(ge=1, le=65535)
    path: str


class InferenceConfig(Spec):
    """Where a container that serves a model answers."""

    liveness_route: Route
    readiness_route: Route
    scoring_route: Route


class EnvironmentFields(Spec):
    """What an environment is made of."""

    image: str | None = Field(default=None, min_length=1)
    """A container image; base images of Azure ML and `python:X` mean the Python on this machine."""
    build: BuildContext | None = None
    conda_file: str | dict[str, Any] | None = None
    """A conda file, as a path or in place."""
    requirements: str | None = None
    """Path of a `requirements.txt`; once it was sent, its text. *Ours.*"""
    pip: list[str] | None = None
    """Requirements as pip takes them. *Ours.*"""
    python: Annotated[str | None, BeforeValidator(text)] = Field(
        default=None, pattern=r"^[0-9][0-9a-z.,<>=!~* ]*$|^[<>=!~][0-9a-z.,<>=!~* ]*$"
    )
    """Version of Python, such as `3.12`; that of the workspace when absent. *Ours.*"""
    kernel: str | None = Field(default=None, min_length=1)
    """Name of an installed kernelspec that is used as it is, such as `ir`. *Ours.*"""
    os_type: Annotated[Literal["linux", "windows"] | None, BeforeValidator(fold)] = None
    datastore: str | None = None
    inference_config: InferenceConfig | None = None

    @property
    def form(self) -> str:
        """Which field says most of what it is."""
        return next((field for field in FORMS if getattr(self, field) is not None), "python")

    @field_validator("conda_file", mode="before")
    @classmethod
    def _text_of_conda_file(cls, value: Any) -> Any:
        """The text of a conda file may stand in the place of its path: it has more than one line."""
        if not isinstance(value, str) or "\n" not in value:
            return value
        try:
            return parse(value).data
        except Invalid as error:
            raise ValueError("; ".join(str(problem) for problem in error.problems)) from None

    @model_validator(mode="after")
    def _is_something(self) -> EnvironmentFields:
        given = [field for field in FORMS if getattr(self, field) is not None]
        if not given:
            raise ValueError(f"give one of: {', '.join(reversed(FORMS))}")
        for field in ("kernel", "build"):
            if field in given and len(given) > 1:
                others = ", ".join(other for other in given if other != field)
                raise ValueError(f"'{field}' stands alone: leave out {others}")
        return self


class InlineEnvironment(EnvironmentFields):
    """An environment that stands inside a job."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    name: str | None = Field(default=None, max_length=255, pattern=NAME)
    """With a name it becomes a version of that environment; without, it stays out of lists."""
    version: Annotated[str | None, BeforeValidator(text)] = Field(
        default=None, max_length=30, pattern=NAME
    )
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)


def fields_of(content: dict[str, Any]) -> EnvironmentFields:
    """The fields in a version's content.

    Raises:
        Invalid: this release cannot read them.
    """
    known = {key: value for key, value in content.items() if key in EnvironmentFields.model_fields}
    return validated(EnvironmentFields, known)


class EnvironmentChoice(View):
    """Something that a job's `environment` can name."""

    name: str
    display_name: str
    language: str
    kind: Literal["default", "environment", "curated", "kernel"]
    """The workspace's own Python, a version of ours, a mapped name of Azure ML, or a kernelspec."""
    path: str = ""
    """The program that starts it; empty where it must be built first."""
    is_default: bool = False


class Package(View):
    """An installed package."""

    name: str
    version: str
    source: str | None = None
    """Where it came from, when not from the package index."""


class Build(View):
    """How far an environment is made on this machine."""

    name: str
    version: str | None = None
    state: Literal["none", "building", "ready", "failed", "container"]
    """`none` until it is asked for; `container` where it runs in one and nothing is built."""
    message: str = ""
    """Why it failed, in a sentence."""
    warnings: list[str] = Field(default_factory=list)
    """What its file asks for that means something else here, or nothing."""
    python: str | None = None
    """Version of its Python."""
    path: str | None = None
    """Its folder."""
    kernel: str | None = None
    """Name of its kernelspec in JupyterLab."""
    identity: str | None = None
    """Hash of lock and interpreter; two environments with the same share one folder."""
    n_packages: int | None = None
    lock: str | None = None
    """All packages with exact versions."""
    requirements: list[str] = Field(default_factory=list)
    """What was asked for, as lines of a requirements file."""
    started_at: Moment | None = None
    ended_at: Moment | None = None
    n_jobs: int = 0
    """How many jobs have used it."""


class EnvironmentUse(View):
    """What a job ran in."""

    job: str
    name: str
    version: str | None = None
    python: str | None = None
    identity: str | None = None
    lock: str | None = None
    packages: list[Package] = Field(default_factory=list)


class EnvironmentDraft(View):
    """An environment that can be created: what a kernel has installed."""

    python: str
    pip: list[str]
    left_out: list[str] = Field(default_factory=list)
    """Packages that lie on this machine alone, such as editable ones."""
