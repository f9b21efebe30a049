"""Pipelines: jobs made of steps, and how they look as a graph.

Source: the Azure ML v2 pipeline YAML schema; fields marked *ours* are not in it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.job import JobSpec, Progress
from jupyter_mlws.entities.record import Moment, Spec, View
from jupyter_mlws.entities.run import Status

NODE_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
CONTROL_TYPES = ("if_else", "do_while", "parallel_for")
"""Nodes that decide what runs, and run nothing themselves."""

CachePolicy = Literal["use", "refresh", "off"]


def cache_policy(value: Any) -> Any:
    """YAML 1.1 reads `off` as false."""
    return {True: "use", False: "off"}.get(value, value) if isinstance(value, bool) else value


class PipelineSettings(Spec):
    """What holds for all steps of a pipeline."""

    default_compute: str | None = None
    default_datastore: str | None = None
    continue_on_step_failure: bool = True
    """Whether steps that do not depend on a failed one still start."""
    continue_run_on_failed_optional_input: bool = True
    """Whether a step runs without an optional input whose step has failed."""
    force_rerun: bool = False
    """Run every step, and keep none of them for reuse."""
    cache: Annotated[CachePolicy | None, BeforeValidator(cache_policy)] = None
    """For all steps that say nothing themselves: `use` earlier results, `refresh` them, or `off`. *Ours.*"""
    max_concurrency: int | None = Field(default=None, ge=1, le=1000)
    """Most steps that run at the same time. *Ours.*"""
    on_init: str | None = None
    """The step that runs before all others."""
    on_finalize: str | None = None
    """The step that runs after all others, however they ended."""

    @model_validator(mode="before")
    @classmethod
    def _plain_names(cls, value: Any) -> Any:
        """A step may be named by an expression, and a compute with its prefix."""
        if not isinstance(value, dict):
            return value
        found = dict(value)
        for key in ("on_init", "on_finalize"):
            name = found.get(key)
            if isinstance(name, str) and (match := STEP.match(name)):
                found[key] = match[1]
        return found


STEP = re.compile(r"^\$\{\{\s*(?:parent\.)?jobs\.(\w+)\s*\}\}$")
"""`${{parent.jobs.NODE}}`: a step as such."""


class PipelineJob(JobSpec):
    """Run steps that hand results on: commands, notebooks, other pipelines."""

    model_config = ConfigDict(title="Pipeline")

    type: Literal["pipeline"] = "pipeline"
    jobs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """The steps by name, as Azure ML writes them; `notebook:` and `depends_on:` are ours."""
    component: str | dict[str, Any] | None = None
    """A pipeline component, in place of `jobs`."""
    settings: PipelineSettings = Field(default_factory=PipelineSettings)
    steps: list[str] | None = None
    """Run only these steps. *Ours.*"""

    @field_validator("jobs", mode="before")
    @classmethod
    def _mappings(cls, value: Any) -> Any:
        """Steps are checked one by one later; here they only must be mappings."""
        if not isinstance(value, dict):
            return value
        for name, node in value.items():
            if not isinstance(node, dict):
                raise ValueError(f"step '{name}' must be a mapping of fields")
        return value

    @model_validator(mode="after")
    def _either(self) -> PipelineJob:
        if bool(self.jobs) == bool(self.component):
            raise ValueError("a pipeline has either `jobs`, with at least one step, or `component`")
        return self


class NodePort(View):
    """An input or output of a step."""

    name: str
    type: str = "any"
    """As Azure ML names types; of a notebook also `dataset`, `model`, `list`, `object`, `date` …"""
    description: str = ""
    required: bool = False
    default: Any = None
    choices: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None


class Ports(View):
    """What a step takes and gives."""

    inputs: dict[str, NodePort] = Field(default_factory=dict)
    outputs: dict[str, NodePort] = Field(default_factory=dict)
    is_open: bool = False
    """Whether it takes inputs of other names too."""


class GraphNode(View):
    """A step as the graph shows it."""

    key: str
    type: str
    label: str
    description: str = ""
    component: str | None = None
    """The registered component that it is."""
    inputs: list[NodePort] = Field(default_factory=list)
    outputs: list[NodePort] = Field(default_factory=list)
    values: dict[str, Any] = Field(default_factory=dict)
    """What is given for inputs, expressions included."""
    after: list[str] = Field(default_factory=list)
    """Steps that come before, without a result that is handed on."""
    line: int | None = None


class GraphEdge(View):
    """What goes from where to where; an empty key is the pipeline itself."""

    source: str
    output: str
    target: str
    input: str
    kind: Literal["data", "order", "control"] = "data"


class GraphProblem(View):
    """What is wrong with a pipeline."""

    message: str
    node: str | None = None
    field: str = ""
    line: int | None = None
    file: str | None = None


class Graph(View):
    """A pipeline as nodes and edges, also of one that is wrong."""

    nodes: list[GraphNode] = Field(default_factory=list)
    edges: list[GraphEdge] = Field(default_factory=list)
    inputs: list[NodePort] = Field(default_factory=list)
    outputs: list[NodePort] = Field(default_factory=list)
    problems: list[GraphProblem] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)
    """Files that the pipeline names and that were not given along."""


StepState = Literal[
    "waiting", "queued", "running", "completed", "reused", "failed", "canceled", "skipped"
]


class StepView(View):
    """How a step of a pipeline job stands."""

    key: str
    path: str
    """Its key after those of the steps around it, as in `prepare/clean`."""
    type: str
    label: str
    state: StepState
    job: str | None = None
    """The job that runs it; none when it has not started."""
    status: Status | None = None
    attempt: int = 0
    started_at: Moment | None = None
    ended_at: Moment | None = None
    progress: Progress | None = None
    reused_from: str | None = None
    why: str = ""
    """Why it ran, was reused, was skipped or waits, in words."""
    error: str = ""
    depends_on: list[str] = Field(default_factory=list)
    steps: list[StepView] = Field(default_factory=list)
    """Those inside, where it is a pipeline or a loop."""


class Why(View):
    """Why a job ran, or was reused."""

    job: str
    reused_from: str | None = None
    compared_with: str | None = None
    """The earlier job of the same step that is nearest."""
    reasons: list[str] = Field(default_factory=list)
    sentence: str = ""
    key: str | None = None
    parts: dict[str, str] = Field(default_factory=dict)
    """Fingerprint of each part of the key."""


class Converted(View):
    """A pipeline in the words of another tool."""

    text: str
    file: str
    """Name under which it is kept beside the original."""
    warnings: list[str] = Field(default_factory=list)
    """What is lost, and what must be seen to before it runs there."""
