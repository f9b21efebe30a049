"""Registries: what the workspaces of this machine share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jupyter_mlws.entities.errors import Denied, Invalid, NotFound
from jupyter_mlws.entities.record import CreationContext, from_ms
from jupyter_mlws.entities.registry import Registry, registry_spec
from jupyter_mlws.execution.registries import KIND, Open
from jupyter_mlws.features.jobs import Validation, judged
from jupyter_mlws.features.operations import Operation, operation
from jupyter_mlws.features.workspace import Workspace

IGNORED = ("public_network_access", "replication_locations", "container_registry")
"""Fields of Azure ML's files that mean nothing here."""


@operation("registries/write")
def create_or_update(ws: Workspace, registry: dict[str, Any]) -> Registry:
    """Make a registry on the service's machine, or describe one's own anew; who makes it is its Owner.

    Args:
        registry: as its YAML says it; `access` tells the role of each user, `*` is everybody.
    Raises:
        Invalid: a field is wrong.
        Denied: there is one of this name, and it is another's.
    """
    return _shown(ws, ws.registries.create(registry_spec(registry), ws.principal.name))


@operation("registries/read")
def validate(ws: Workspace, registry: dict[str, Any]) -> Validation:
    """Check a registry as `create` would, and make nothing."""
    try:
        spec = registry_spec(registry)
    except Invalid as error:
        return judged(error.problems)
    said = [field for field in IGNORED if getattr(spec, field)]
    return judged([], [f"{field}: ignored, a registry lies on one machine." for field in said])


@operation("registries/read")
def list_(ws: Workspace) -> list[Registry]:
    """The registries of the service's machine in which the caller has a role."""
    found = []
    for name in ws.registries.names():
        try:
            found.append(_shown(ws, ws.registries.get(name)))
        except (NotFound, Denied):
            continue
    return found


@operation("registries/read")
def get(ws: Workspace, name: str) -> Registry:
    """One registry.

    Raises:
        NotFound: there is none of this name.
        Denied: the caller has no role there.
    """
    return _shown(ws, ws.registries.get(name))


@operation("registries/write")
def delete(ws: Workspace, name: str) -> None:
    """Remove one's own registry with all that it holds; workspaces keep what they use of it.

    Raises:
        NotFound: there is none of this name.
        Denied: it is another's.
    """
    ws.registries.delete(name, ws.principal.name)


def entered(ws: Workspace, name: str) -> Workspace:
    """A registry as a caller of a workspace sees it.

    Raises:
        NotFound: there is none of this name.
        Denied: the caller has no role there.
    """
    found = ws.registries.get(name)
    principal = found.principal(ws.principal.name)
    return replace(
        ws,
        store=found.store,
        blobs=found.blobs,
        path=found.path,
        principal=principal.model_copy(update={"run_id": ws.principal.run_id}),
        registry=name,
    )


def require(ws: Workspace, op: Operation) -> None:
    """Refuse what a registry does not answer, or the caller may not do in the workspace.

    Raises:
        NotFound: registries know no such operation.
        Denied: the caller's role does not allow it.
    """
    if not op.in_registries:
        raise NotFound(f"Registries have no '{op.name}': they hold assets.")
    if not ws.principal.may(op.action):
        raise Denied(
            f"'{ws.principal.name}' has the role {ws.principal.role} in the workspace, which does"
            f" not allow '{op.action}'."
        )


def _shown(ws: Workspace, found: Open) -> Registry:
    role = found.principal(ws.principal.name).role
    record = found.store.get_record(KIND, found.name)
    return Registry(
        name=found.name,
        path=str(found.path),
        role=role,
        creation_context=CreationContext(
            created_at=from_ms(record.created_ms),
            created_by=record.doc["created_by"],
            last_modified_at=from_ms(record.updated_ms),
            last_modified_by=record.doc["modified_by"],
        ),
        **{key: record.doc[key] for key in ("description", "tags", "location", "access")},
    )
