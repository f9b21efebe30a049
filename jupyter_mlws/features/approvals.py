"""Stages that need approval: which they are, who may enter them, what was asked for and decided.

The document of a model says which of its stages are guarded; that of a version keeps its requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.approval import RequestState, StageRequest
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, NotFound
from jupyter_mlws.entities.record import from_ms, to_ms
from jupyter_mlws.execution import assets
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Doc, Record, Store

APPROVE = "models/approve"
"""Permission to decide, and to move versions through guarded stages without asking."""
MAX_COMMENT = 2000


def guarded(store: Store, name: str) -> list[str]:
    """The stages of a model that need approval; none for a model that is not there yet."""
    found = store.find_record("model", name)
    return list(found.doc.get("guarded_stages", ())) if found else []


def require_free(store: Store, principal: Principal, name: str, *stages: str) -> None:
    """Let nobody without the right move a version into a guarded stage, or out of one.

    Raises:
        Denied: one of the stages is guarded, and the caller may not approve.
    """
    if principal.may(APPROVE):
        return
    closed = {stage.casefold() for stage in guarded(store, name)}
    for stage in stages:
        if stage.casefold() in closed:
            raise Denied(
                f"Stage '{stage}' of model '{name}' needs approval: ask for it with"
                " models.request_stage (`mlws model request-stage`)."
            )


def require_move(store: Store, principal: Principal, name: str, before: str, after: str) -> bool:
    """Whether a version moves at all; to stay where it is needs nobody's approval.

    Raises:
        Denied: it would enter or leave a guarded stage, and the caller may not approve.
    """
    if before != after:
        require_free(store, principal, name, after, before)
    return before != after


def guard(ws: Workspace, name: str, stages: Sequence[str]) -> list[str]:
    """Say which stages of a model need approval from now on."""
    for stage in stages:
        check_stage(stage)
    wanted = sorted(set(stages))
    with ws.change(f"model:{name}", guarded_stages=wanted) as tx:
        model = ws.store.get_record("model", name)
        model.doc["guarded_stages"] = wanted
        tx.put_record("model", name, model.doc, archived=model.archived)
    return wanted


def request(ws: Workspace, name: str, version: str, stage: str, comment: str) -> StageRequest:
    """Ask that a version moves to a stage.

    Raises:
        Conflict: it is there already, or another request of this version waits.
    """
    check_stage(stage)
    _check_comment("comment", comment)
    found = assets.find(ws.store, "model", name, version)
    with ws.change(_subject(found), requested_stage=stage) as tx:
        now = ws.store.get_record("model", name, found.version)
        if now.doc["stage"] == stage:
            raise Conflict(f"Version '{version}' of model '{name}' is in stage '{stage}' already.")
        if _waiting(now) is not None:
            raise Conflict(
                f"A request for version '{version}' of model '{name}' waits already: it must be"
                " approved, rejected or withdrawn first."
            )
        made: Doc = {
            "from_stage": now.doc["stage"],
            "stage": stage,
            "comment": comment,
            "state": "pending",
            "requested_by": ws.principal.name,
            "requested_ms": to_ms(ws.clock()),
        }
        now.doc.setdefault("requests", []).append(made)
        tx.put_record("model", name, now.doc, version=found.version, archived=now.archived)
    return _shown(found, made)


def decide(
    ws: Workspace, name: str, version: str, state: RequestState, answer: str = ""
) -> StageRequest:
    """End the request of a version that waits; approval moves the version.

    Raises:
        NotFound: none waits.
        Denied: it is withdrawn by somebody who did not ask and may not decide.
    """
    _check_comment("comment", answer)
    found = assets.find(ws.store, "model", name, version)
    with ws.change(_subject(found), request=state) as tx:
        now = ws.store.get_record("model", name, found.version)
        waiting = _waiting(now)
        if waiting is None:
            raise NotFound(f"No request for version '{version}' of model '{name}' waits.")
        who, at_ms = ws.principal.name, to_ms(ws.clock())
        if (
            state == "withdrawn"
            and who != waiting["requested_by"]
            and not ws.principal.may(APPROVE)
        ):
            raise Denied(f"The request is {waiting['requested_by']}'s, who alone may withdraw it.")
        tx.note(requested_stage=waiting["stage"], requested_by=waiting["requested_by"])
        waiting.update(state=state, decided_by=who, decided_ms=at_ms, answer=answer)
        if state == "approved":
            tx.note(stage=waiting["stage"], from_stage=now.doc["stage"])
            now.doc.update(stage=waiting["stage"], modified_by=who, updated_ms=at_ms)
        tx.put_record("model", name, now.doc, version=found.version, archived=now.archived)
    return _shown(found, waiting)


def requests(ws: Workspace, name: str | None, state: str) -> list[StageRequest]:
    """Requests of one model or of all, the newest first.

    Raises:
        NotFound: there is no such model.
    """
    if name is not None:
        ws.store.get_record("model", name)
    found = [
        _shown(record, doc)
        for record in ws.store.list_records("model", name=name, view="all")
        for doc in _of(record)
        if state in ("all", doc["state"])
    ]
    return sorted(found, key=lambda item: item.requested_at, reverse=True)


def check_stage(stage: str) -> None:
    """Whether it can be a stage.

    Raises:
        Invalid: it is empty or too long.
    """
    if not 1 <= len(stage) <= 64:
        raise Invalid.field("stage", "must have 1 to 64 characters.")


def _check_comment(field: str, text: str) -> None:
    if len(text) > MAX_COMMENT:
        raise Invalid.field(field, f"must have at most {MAX_COMMENT} characters (has {len(text)}).")


def _of(record: Record) -> Iterator[Doc]:
    yield from record.doc.get("requests", ())


def _waiting(record: Record) -> Doc | None:
    return next((doc for doc in _of(record) if doc["state"] == "pending"), None)


def _subject(record: Record) -> str:
    return f"model:{record.name}@{record.version}"


def _shown(record: Record, doc: Doc) -> StageRequest:
    times = {
        "requested_at": from_ms(doc["requested_ms"]),
        "decided_at": from_ms(doc["decided_ms"]) if "decided_ms" in doc else None,
    }
    said = {key: value for key, value in doc.items() if not key.endswith("_ms")}
    return StageRequest(**{**said, **times, "name": record.name, "version": record.version})
