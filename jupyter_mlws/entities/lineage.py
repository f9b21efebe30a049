"""Lineage: what was made of what, and whether it can be made again."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

from pydantic import Field

from jupyter_mlws.entities.record import Moment, View

Direction = Literal["both", "up", "down"]


class Relation(str, Enum):
    """What the source of an edge is to its target."""

    INPUT = "input"
    """The target run reads it."""
    OUTPUT = "output"
    """The source run made it."""
    CODE_OF = "code_of"
    """A snapshot and the run that runs it."""
    ENVIRONMENT_OF = "environment_of"
    """An environment and the run that runs in it."""
    SECRET_OF = "secret_of"
    """A secret and the run that may know it."""
    REUSED_AS = "reused_as"
    """A run and the one that took over its result."""
    REPRODUCED_BY = "reproduced_by"
    """A run and the one that was made to repeat it."""
    SHARED = "shared"
    """A workspace and the version that it put into a registry."""
    SHARED_AS = "shared_as"
    """A version and its copy in another workspace or registry."""


FLOWS = frozenset({Relation.INPUT, Relation.OUTPUT})
"""Relations along which content goes: what was made of something outdated is stale."""


class LineageNode(View):
    """A run, or a version of something that runs take or make."""

    id: str
    """Such as `data:iris@1` or `run:NAME`."""
    kind: str
    """`data`, `run`, `model`, `environment`, `code`, `dataset`, `logged_model` …"""
    name: str
    version: str = ""
    label: str
    """What people call it."""
    type: str = ""
    status: str = ""
    created_at: Moment | None = None
    distance: int
    """How many edges away it is; negative on the way to where things come from."""
    newer: str | None = None
    """The version that has come since; what was made of this one is stale."""
    stale: bool = False
    """Whether something it was made of has a newer version."""
    missing: bool = False
    """Whether it is gone, and only its edges tell of it."""
    n_hidden_up: int = 0
    """Edges that enter it from outside of this graph."""
    n_hidden_down: int = 0
    """Edges that leave it to outside of this graph."""


class LineageEdge(View):
    """What went from where to where."""

    source: str
    relation: Relation
    target: str
    detail: dict[str, Any] = Field(default_factory=dict)


class Lineage(View):
    """A part of the lineage, around one node."""

    root: str
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    truncated: bool = False
    """Whether there are more nodes than are answered."""


class Impact(View):
    """All that depends on one thing."""

    root: str
    counts: dict[str, int]
    """How many of each kind."""
    nodes: list[LineageNode]


class AssetUse(View):
    """A run that has to do with a version of data or of a model."""

    run_id: str
    name: str
    status: str
    relation: Literal["input", "output"]
    """Whether the run read the version or made it."""
    started_at: Moment | None = None
    inputs: list[str] = Field(default_factory=list)
    """Names of the run's inputs that are this version."""


class Likeness(View):
    """What of a reproduction is the same as it was, and what cannot be."""

    what: str
    """`code`, `environment`, `input NAME`, `parameters`, `seed`, `machine`, `outputs`."""
    same: bool
    detail: str


class ReproductionPlan(View):
    """What running a job again would hold fast, told before it runs."""

    name: str
    possible: bool
    reason: str = ""
    """Why it is not possible."""
    items: list[Likeness]


Verdict = Literal["equal", "same_content", "differs", "missing", "extra"]


class MetricVerdict(View):
    """One metric of both runs, bit for bit."""

    key: str
    verdict: Verdict
    n_points: int
    before: float | None = None
    after: float | None = None


class ArtifactVerdict(View):
    """One file of both runs, by hash."""

    path: str
    verdict: Verdict
    """`same_content`: equal but for the times and ids that its format carries."""
    before: str | None = None
    after: str | None = None


class Reproduction(View):
    """How a reproduction compares with what it reproduces."""

    original: str
    name: str
    status: str
    ended: bool
    identical: bool | None = None
    """Whether all metrics and files are the same; None while it has not ended."""
    summary: str
    metrics: list[MetricVerdict] = Field(default_factory=list)
    artifacts: list[ArtifactVerdict] = Field(default_factory=list)
