"""Assets that the workspaces of one machine share, each workspace with its own service's objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, NotFound
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.submission import Types
from jupyter_mlws.features import operations
from jupyter_mlws.features.registries import entered, require
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunQuery
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
SPEC = {"name": "shared", "location": "here"}
SHARED = "azureml://registries/shared/data/iris/versions/1"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Workroom]:
    """Another workspace of the same machine."""
    path = tmp_path / "other"
    types: Types = {"command": CommandJobType(), "pipeline": PipelineJobType()}
    with Workroom(path, types=types, computes={"local": LocalCompute(path, grace_s=0.5)}) as room:
        yield room


@pytest.fixture
def registry(call: Call) -> str:
    call("registries.create_or_update", registry=SPEC)
    return "shared"


def in_registry(ws: Workspace, operation: str, /, **arguments: Any) -> Any:
    op = operations.find(operation)
    require(ws, op)
    return operations.prepare(op, entered(ws, "shared"), arguments)()


def iris(call: Call, room: Workroom, text: bytes = b"a,b\n1,2\n") -> Any:
    path = room.snapshot({"rows.csv": text})
    return call(
        "data.create_or_update",
        asset={"name": "iris", "path": path, "tags": {"from": "us"}, "description": "Flowers"},
    )


def test_what_is_shared_is_found_in_the_registry(
    call: Call, ws: Workspace, room: Workroom, registry: str
) -> None:
    iris(call, room)

    made = call("data.share", name="iris", registry_name=registry)

    assert made.id == SHARED
    (listed,) = in_registry(ws, "data.list").items
    assert (listed.name, listed.version, listed.description) == ("iris", "1", "Flowers")
    assert listed.tags == {"from": "us"}
    (file,) = in_registry(ws, "data.list_files", name="iris")
    assert file.path == "rows.csv"


def test_sharing_copies_no_bytes(call: Call, ws: Workspace, room: Workroom, registry: str) -> None:
    made = iris(call, room)
    call("data.share", name="iris", registry_name=registry)

    there = entered(ws, registry)
    snapshot = room.store.get_record("code", made.path.partition(":")[2])
    blobs = {info.blob for info in there.blobs.list()}
    assert snapshot.name in blobs
    for blob in blobs:
        assert there.blobs.path(blob).samefile(room.blobs.path(blob))


def test_sharing_again_changes_nothing(
    call: Call, ws: Workspace, room: Workroom, registry: str
) -> None:
    iris(call, room)
    call("data.share", name="iris", registry_name=registry)
    before = room.store.last_event(), entered(ws, registry).store.last_event()

    call("data.share", name="iris", registry_name=registry)

    assert (room.store.last_event(), entered(ws, registry).store.last_event()) == before


def test_a_version_of_a_registry_never_changes(call: Call, room: Workroom, registry: str) -> None:
    iris(call, room)
    call("data.share", name="iris", registry_name=registry)
    iris(call, room, b"a,b\n3,4\n")

    with pytest.raises(Conflict, match=r"data 'iris' version '1' with other content.*path"):
        call("data.share", name="iris", version="2", registry_name=registry, share_with_version="1")
    renamed = call(
        "data.share", name="iris", version="2", registry_name=registry, share_with_name="flowers"
    )
    assert renamed.id == "azureml://registries/shared/data/flowers/versions/2"


def test_another_workspace_uses_it_and_goes_on_when_the_registry_is_gone(
    call: Call, ws: Workspace, room: Workroom, other: Workroom, registry: str
) -> None:
    iris(call, room)
    call("data.share", name="iris", registry_name=registry)
    job = {
        "command": "cat ${{inputs.rows}}/rows.csv",
        "inputs": {
            "rows": {
                "type": "uri_folder",
                "path": "azureml://registries/shared/data/iris/labels/latest",
            }
        },
    }

    first = other.submit(job)
    other.wait(first)
    call("registries.delete", name=registry)
    again = {**job, "inputs": {"rows": {"type": "uri_folder", "path": SHARED}}}
    second = other.submit(again)
    other.wait(second)

    for name in (first, second):
        assert other.job(name).status == "Completed", other.log(name)
        assert b"1,2" in other.log(name)
        assert ("data:registries/shared/iris@1", "input", f"run:{name}") in {
            edge[:3] for edge in other.store.edges("data:registries/shared/iris@1")
        }
    assert other.job(first).model_dump()["inputs"]["rows"]["path"] == SHARED


def test_what_a_workspace_keeps_of_a_registry_is_in_no_list_of_its_own(
    call: Call, room: Workroom, registry: str
) -> None:
    iris(call, room)
    call("data.share", name="iris", registry_name=registry)

    for view in ("active", "archived", "all"):
        listed = call("data.list", view=view).items
        assert {asset.name for asset in listed} <= {"iris"}


def test_both_sides_tell_who_shared_what(
    call: Call, ws: Workspace, room: Workroom, registry: str
) -> None:
    iris(call, room)
    call("data.share", name="iris", registry_name=registry)

    ours = [event for event in room.store.events() if event.subject == "data:iris@1"]
    theirs = entered(ws, registry).store.events(subject="data:iris@1")
    assert (ours[-1].who, ours[-1].change["registry"]) == ("ana", "shared")
    assert (theirs[-1].who, theirs[-1].change["asset"]) == ("ana", "data:iris@1")
    graph = call("lineage.show", node="data:iris:1")
    assert ("data:iris@1", "shared_as", "data:registries/shared/iris@1") in {
        (edge.source, edge.relation, edge.target) for edge in graph.edges
    }
    assert not any(node.missing for node in graph.nodes)


def test_a_component_is_shared_with_its_environment(
    call: Call, ws: Workspace, room: Workroom, other: Workroom, registry: str
) -> None:
    call("environments.create_or_update", asset={"name": "plain", "kernel": "python3"})
    component = {
        "name": "say",
        "command": "cat word.txt",
        "code": room.snapshot({"word.txt": b"hello from a registry"}),
        "environment": "azureml:plain:1",
    }
    call("components.create_or_update", asset=component)

    made = call("components.share", name="say", registry_name=registry)

    assert made.environment == "azureml://registries/shared/environments/plain/versions/1"
    step = {"type": "command", "component": made.id}
    name = other.submit({"type": "pipeline", "jobs": {"say": step}})
    other.wait(name)
    assert other.job(name).status == "Completed", other.job(name).error
    (child,), _ = other.store.search_runs(RunQuery(parent_id=name))
    assert b"hello from a registry" in other.log(child.run_id)


def test_a_model_of_a_run_is_shared_with_its_files(
    call: Call, ws: Workspace, room: Workroom, registry: str
) -> None:
    run = room.submit({"command": "mkdir outputs; echo weights > outputs/model.bin"})
    room.wait(run)
    call(
        "models.create_or_update",
        asset={"name": "net", "path": f"runs:/{run}/outputs/model.bin"},
    )

    made = call("models.share", name="net", registry_name=registry, share_with_version="7")

    assert made.version == "7"
    download = in_registry(ws, "models.read_file", name="net", path="model.bin")
    assert download.path.read_text() == "weights\n"


@pytest.mark.parametrize(
    ("asset", "field"),
    [
        ({"name": "d", "path": "azureml://datastores/workspaceblobstore/paths/x/"}, "path"),
        ({"name": "d", "path": "snapshot:" + "0" * 64}, "path"),
        ({"name": "d", "path": "https://example.org/x", "datastore": "other"}, "datastore"),
    ],
)
def test_a_registry_takes_nothing_that_lies_elsewhere(
    ws: Workspace, registry: str, asset: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        in_registry(ws, "data.create_or_update", asset=asset)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_a_component_in_a_registry_names_no_workspace(ws: Workspace, registry: str) -> None:
    component = {"name": "c", "command": "true", "environment": "azureml:mine:1"}

    with pytest.raises(Invalid, match="of one workspace") as caught:
        in_registry(ws, "components.create_or_update", asset=component)
    assert caught.value.problems[0].field == "environment"


def test_only_who_may_write_shares(
    call: Call, ws: Workspace, room: Workroom, registry: str
) -> None:
    iris(call, room)
    bob = replace(ws, principal=Principal(name="bob"))
    share = operations.find("data.share")
    given = {"name": "iris", "registry_name": registry}

    with pytest.raises(Denied, match="'bob' has the role Reader in registry 'shared'"):
        operations.prepare(share, bob, given)()
    assert in_registry(ws, "data.list").items == []
    reader = replace(ws, principal=Principal(name="ana", role="Reader"))
    with pytest.raises(Denied, match="the role Reader"):
        operations.prepare(share, reader, given)()
    access = {"bob": "AzureML Registry User"}
    call("registries.create_or_update", registry={**SPEC, "access": access})
    assert operations.prepare(share, bob, given)().id == SHARED
    with pytest.raises(Denied, match="'eve' has no role in registry"):
        in_registry(replace(ws, principal=Principal(name="eve")), "data.list")
    with pytest.raises(Denied, match="is not bob's"):
        operations.prepare(operations.find("registries.delete"), bob, {"name": registry})()


def test_who_may_not_read_a_registry_cannot_use_it(
    call: Call, room: Workroom, other: Workroom
) -> None:
    call("registries.create_or_update", registry={**SPEC, "access": {}})
    iris(call, room)
    call("data.share", name="iris", registry_name="shared")
    job = {"command": "true", "inputs": {"rows": {"type": "uri_folder", "path": SHARED}}}

    with pytest.raises(Invalid, match="'eve' has no role in registry 'shared'") as caught:
        other.submit(job, user="eve")
    assert caught.value.problems[0].field == "inputs.rows.path"
    other.submit(job, user="ana")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("azureml://registries/none/data/iris/versions/1", "no registry 'none'"),
        ("azureml://registries/shard/data/iris/versions/1", "Did you mean 'shared'"),
        ("azureml://registries/shared/data/iris/versions/9", "no version '9'"),
        ("azureml://registries/shared/data/iris/labels/prod", "no label 'prod'"),
        ("azureml://registries/shared/data/irs/versions/1", "Did you mean 'iris'"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(
    call: Call, room: Workroom, registry: str, path: str, message: str
) -> None:
    iris(call, room)
    call("data.share", name="iris", registry_name=registry)

    checked = call(
        "jobs.validate",
        job={"command": "true", "inputs": {"x": {"type": "uri_folder", "path": path}}},
    )

    (obstacle,) = checked.obstacles
    assert obstacle["field"] == "inputs.x.path"
    assert message in obstacle["message"]


def test_registries_hold_assets_and_run_nothing(ws: Workspace, registry: str) -> None:
    for operation in ("jobs.create_or_update", "runs.list", "secrets.set", "environments.build"):
        with pytest.raises(NotFound, match="they hold assets"):
            require(ws, operations.find(operation))


def test_two_workspaces_cannot_both_make_a_version(
    call: Call, ws: Workspace, room: Workroom, other: Workroom, registry: str
) -> None:
    iris(call, room)
    there = replace(ws, store=other.store, blobs=other.blobs, dispatcher=other.dispatcher)
    path = other.snapshot({"rows.csv": b"other"})
    operations.prepare(
        operations.find("data.create_or_update"), there, {"asset": {"name": "iris", "path": path}}
    )()
    share = operations.find("data.share")

    call("data.share", name="iris", registry_name=registry)
    with pytest.raises(Conflict):
        operations.prepare(share, there, {"name": "iris", "registry_name": registry})()

    (kept,) = in_registry(ws, "data.list", name="iris").items
    assert kept.path == call("data.get", name="iris").path
