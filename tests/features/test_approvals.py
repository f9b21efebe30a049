"""Stages of models that need approval: asked for, approved, rejected, withdrawn; each is an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.features import operations
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]


@pytest.fixture
def model(room: Workroom, call: Call) -> dict[str, Any]:
    """A model whose production is guarded; answers what its next version would be made of."""
    files = [SnapshotFile(path="m.txt", blob=room.blobs.put(b"1"), size_bytes=1)]
    snapshot = Snapshot(files=files, is_file=True)
    call("codes.create_or_update", snapshot=snapshot)
    asset = {"name": "iris", "path": snapshot.reference}
    call("models.create_or_update", asset=asset)
    assert call("models.guard_stages", name="iris", stages=["Production"]) == ["Production"]
    return asset


@pytest.fixture
def bob(ws: Workspace) -> Call:
    """Call an operation as a data scientist, who may not approve."""
    own = replace(ws, principal=Principal(name="bob", role="Data Scientist"))
    return lambda name, /, **said: operations.prepare(operations.find(name), own, said)()


VERSION = {"name": "iris", "version": "1"}


def test_who_may_not_approve_must_ask_and_approval_moves_the_version(
    call: Call, bob: Call, model: dict[str, Any]
) -> None:
    with pytest.raises(Denied, match="'production' of model 'iris' needs approval"):
        bob("models.set_stage", **VERSION, stage="production")
    asked = bob("models.request_stage", **VERSION, stage="Production", comment="AUC 0.97")
    assert (asked.state, asked.requested_by, asked.from_stage) == ("pending", "bob", "None")
    with pytest.raises(Denied, match="models/approve"):
        bob("models.approve", **VERSION)

    decided = call("models.approve", **VERSION, comment="Well done")

    assert (decided.state, decided.decided_by, decided.answer) == ("approved", "ana", "Well done")
    assert call("models.get", name="iris").stage == "Production"
    assert call("models.list_requests") == []
    assert call("models.list_requests", state="all", name="iris") == [decided]
    with pytest.raises(Denied, match="needs approval"):
        bob("models.set_stage", **VERSION, stage="Archived")


def test_a_rejected_request_leaves_the_version_where_it_is(
    call: Call, bob: Call, model: dict[str, Any]
) -> None:
    bob("models.request_stage", **VERSION, stage="Production")

    assert call("models.reject", **VERSION, comment="Too old").answer == "Too old"

    assert call("models.get", name="iris").stage == "None"
    with pytest.raises(NotFound, match="No request for version '1'"):
        call("models.approve", **VERSION)


def test_one_request_of_a_version_waits_and_only_who_asked_withdraws_it(
    call: Call, bob: Call, ws: Workspace, model: dict[str, Any]
) -> None:
    bob("models.request_stage", **VERSION, stage="Production")
    with pytest.raises(Conflict, match="waits already"):
        bob("models.request_stage", **VERSION, stage="Staging")
    eve = replace(ws, principal=Principal(name="eve", role="Data Scientist"))
    withdraw = operations.find("models.withdraw_request")
    with pytest.raises(Denied, match="is bob's"):
        operations.prepare(withdraw, eve, VERSION)()

    assert bob("models.withdraw_request", **VERSION).state == "withdrawn"
    assert bob("models.request_stage", **VERSION, stage="Staging").state == "pending"


def test_nothing_begins_in_a_guarded_stage_unasked(
    call: Call, bob: Call, model: dict[str, Any]
) -> None:
    with pytest.raises(Denied, match="needs approval"):
        bob("models.create_or_update", asset={**model, "stage": "Production"})
    assert bob("models.create_or_update", asset={**model, "stage": "Staging"}).version == "2"
    call("models.guard_stages", name="iris", stages=[])
    assert bob("models.set_stage", **VERSION, stage="Production").stage == "Production"


def test_to_stay_in_a_guarded_stage_needs_no_approval_and_changes_nothing(
    call: Call, bob: Call, room: Workroom, model: dict[str, Any]
) -> None:
    call("models.set_stage", **VERSION, stage="Production")
    before = room.store.last_event()

    assert bob("models.set_stage", **VERSION, stage="Production").stage == "Production"
    assert room.store.last_event() == before
    same = {**model, "version": "1", "stage": "Production"}
    assert bob("models.create_or_update", asset=same).stage == "Production"
    with pytest.raises(Denied, match="needs approval"):
        bob("models.create_or_update", asset={**same, "stage": "Staging"})


def test_what_is_brought_in_enters_and_leaves_guarded_stages_by_approval_alone(
    call: Call, bob: Call, model: dict[str, Any]
) -> None:
    version = {"version": 1, "source": "s", "location": "l", "created_ms": 1, "updated_ms": 2}
    brought = {"name": "lily", "created_ms": 1, "updated_ms": 2, "versions": [version]}
    bob("imports.put_model", model=brought)
    call("models.guard_stages", name="lily", stages=["Production"])
    bob("models.request_stage", name="lily", version="1", stage="Production", comment="Please")
    moved = {**brought, "versions": [{**version, "stage": "Production"}]}

    with pytest.raises(Denied, match="'Production' of model 'lily' needs approval"):
        bob("imports.put_model", model=moved)
    assert call("models.get", name="lily").stage == "None"
    assert [item.comment for item in call("models.list_requests", name="lily")] == ["Please"]

    call("imports.put_model", model=moved)
    bob("imports.put_model", model=moved)
    assert call("models.get", name="lily").stage == "Production"
    assert [item.comment for item in call("models.list_requests", name="lily")] == ["Please"]
    with pytest.raises(Denied, match="needs approval"):
        bob("imports.put_model", model=brought)


@pytest.mark.parametrize(
    ("error", "verb", "more"),
    [
        (Invalid, "request_stage", {"stage": ""}),
        (Invalid, "request_stage", {"stage": "Staging", "comment": "x" * 2001}),
        (Invalid, "guard_stages", {"stages": ["x" * 65]}),
        (NotFound, "request_stage", {"version": "7", "stage": "Staging"}),
        (NotFound, "approve", {"name": "nobody"}),
        (NotFound, "guard_stages", {"name": "nobody", "stages": ["Production"]}),
        (Conflict, "request_stage", {"stage": "None"}),
    ],
)
def test_wrong_requests_change_nothing(
    call: Call,
    room: Workroom,
    model: dict[str, Any],
    error: type[Exception],
    verb: str,
    more: dict[str, Any],
) -> None:
    given = {**({"name": "iris"} if verb == "guard_stages" else VERSION), **more}
    before = room.store.last_event()

    with pytest.raises(error):
        call(f"models.{verb}", **given)

    assert room.store.last_event() == before


def test_the_audit_tells_who_asked_who_decided_and_from_where(
    call: Call, bob: Call, model: dict[str, Any]
) -> None:
    bob("models.request_stage", **VERSION, stage="Production")
    call("models.approve", **VERSION)

    [decided, asked] = call("audit.list", entity="model:iris@1").items
    assert (asked.who, asked.change["requested_stage"]) == ("bob", "Production")
    assert (decided.who, decided.action) == ("ana", "models/approve")
    assert decided.change["requested_by"] == "bob"
    assert (decided.change["from_stage"], decided.change["stage"]) == ("None", "Production")


def test_runs_that_read_a_model_are_told(call: Call, room: Workroom, model: dict[str, Any]) -> None:
    name = room.submit(
        command="true", inputs={"m": {"type": "custom_model", "path": "azureml:iris:1"}}
    )
    room.wait(name, Status.COMPLETED)

    [use] = call("models.list_uses", name="iris")
    assert (use.run_id, use.relation, use.inputs) == (name, "input", ["m"])
