"""Approvals: stages of a model that a version enters only when somebody with the right said so."""

from __future__ import annotations

from typing import Literal

from jupyter_mlws.entities.record import Moment, View

RequestState = Literal["pending", "approved", "rejected", "withdrawn"]


class StageRequest(View):
    """Somebody's wish that a version of a model moves to a stage, and what was decided."""

    name: str
    version: str
    from_stage: str
    stage: str
    comment: str = ""
    state: RequestState
    requested_by: str
    requested_at: Moment
    decided_by: str | None = None
    decided_at: Moment | None = None
    answer: str = ""
    """What the one who decided said."""
