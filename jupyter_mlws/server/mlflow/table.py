"""The table of the protocol's JSON endpoints: each is a function of a `Call`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from jupyter_mlws.entities.access import ROLES, Principal
from jupyter_mlws.entities.errors import Denied
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.server.mlflow.rendered import Rendered
from jupyter_mlws.server.mlflow.wire import Fields, Json, Refused
from jupyter_mlws.store.base import Store

HEAVY_BODY_BYTES = 16_000
"""A body longer than this (some 200 metrics) is worked on in a thread."""


@dataclass(frozen=True)
class Door:
    """What all calls share.

    Attributes:
        workspace: as the system sees it.
        locations: artifact location of each experiment that was asked for; it never changes.
        rendered: the runs that were found last.
    """

    workspace: Workspace
    locations: dict[int, str] = field(default_factory=dict)
    rendered: Rendered = field(default_factory=Rendered)

    def location(self, experiment_id: int) -> str:
        """Where the experiment's runs and models keep their artifacts."""
        found = self.locations.get(experiment_id)
        if found is None:
            found = self.workspace.store.get_experiment(experiment_id).artifact_location
            self.locations[experiment_id] = found
        return found


class Call:
    """One request: who asks for what."""

    __slots__ = ("door", "fields", "principal", "size_bytes")

    def __init__(
        self, door: Door, principal: Principal, values: Mapping[str, Any], size_bytes: int = 0
    ) -> None:
        self.door = door
        self.principal = principal
        self.fields = Fields(values)
        self.size_bytes = size_bytes

    @property
    def store(self) -> Store:
        """The rows of the workspace."""
        return self.door.workspace.store

    @property
    def who(self) -> str:
        """Name of the caller, for events."""
        return self.principal.name

    def may_write(self, run_id: str) -> None:
        """Let a job's token write only to its own run and the runs below it.

        Raises:
            Denied: the run is another's.
        """
        if self.principal.run_id is not None:
            self.door.workspace.of(self.principal).require_run(run_id)


Answer = Callable[[Call], Json]
F = TypeVar("F", bound=Answer)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One entry of the table.

    Attributes:
        action: permission that the caller needs.
        heavy: whether a call is worked on in a thread, so that others are not kept waiting.
    """

    method: str
    path: str
    action: str
    answer: Answer
    heavy: Callable[[Call], bool]


PLAIN: dict[tuple[str, str], Endpoint] = {}
WITH_NAMES: list[tuple[str, re.Pattern[str], Endpoint]] = []


def endpoint(
    method: str,
    path: str,
    action: str,
    *,
    version: str = "2.0",
    heavy: Callable[[Call], bool] | bool = False,
) -> Callable[[F], F]:
    """Enter a function into the table.

    Args:
        path: after `/api/<version>/mlflow/`; `{name}` stands for one segment, given as a field.
    """
    decide = (lambda call: heavy) if isinstance(heavy, bool) else heavy

    def enter(function: F) -> F:
        full = f"{version}/mlflow/{path}"
        entry = Endpoint(method, full, action, function, decide)
        if "{" in path:
            pattern = re.sub(
                r"\{(\w+)\}",
                r"(?P<\1>[^/]+)",
                re.escape(full).replace(r"\{", "{").replace(r"\}", "}"),
            )
            WITH_NAMES.append((method, re.compile(pattern), entry))
        else:
            PLAIN[method, full] = entry
        return function

    return enter


def find(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint for a path such as `2.0/mlflow/runs/get`, and the names in the path.

    Raises:
        Refused: there is none.
    """
    found = PLAIN.get((method, path))
    if found is not None:
        return found, {}
    for known, pattern, entry in WITH_NAMES:
        match = pattern.fullmatch(path) if known == method else None
        if match:
            return entry, match.groupdict()
    raise Refused("ENDPOINT_NOT_FOUND", f"There is no endpoint {method} /api/{path}.")


def large(call: Call) -> bool:
    """Whether the request is long enough to be worked on in a thread."""
    return call.size_bytes > HEAVY_BODY_BYTES


def permit(principal: Principal, action: str) -> None:
    """Refuse a caller whose role does not allow `action`.

    Raises:
        Denied: it does not.
    """
    if not _may(principal.role, action):
        raise Denied(f"The role {principal.role} of '{principal.name}' does not allow '{action}'.")


@lru_cache(maxsize=len(ROLES) * 32)
def _may(role: str, action: str) -> bool:
    return Principal(name="", role=role).may(action)
