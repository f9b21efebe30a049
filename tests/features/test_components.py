from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlws import components
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]


def test_built_in_components_are_registered_once(call: Call) -> None:
    made = call("components.install")
    again = call("components.install")

    assert len(made) == 21
    assert {asset.version for asset in again} == {"1"}
    assert all(asset.tags["built_in"] for asset in made)


def test_a_component_of_ones_own_stays(call: Call) -> None:
    call("components.create_or_update", asset={"name": "cluster", "command": "true"})

    made = {asset.name: asset for asset in call("components.install")}

    assert made["cluster"].command == "true"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_they_make_a_pipeline_without_code(room: Workroom, call: Call) -> None:
    call("components.install")
    rows = "".join(f"{n},{'high' if n > 20 else 'low'}\n" for n in range(40))
    data = room.snapshot({"t.csv": f"n,kind\n{rows}".encode()}, is_file=True)
    table = {"type": "uri_file", "path": data}
    jobs = {
        "read": {"component": "azureml:import_data@latest", "inputs": {"data": table}},
        "ask": {
            "component": "azureml:sql_transform@latest",
            "inputs": {
                "t1": "${{parent.jobs.read.outputs.result}}",
                "query": "SELECT kind, count(*) AS \"how many\" FROM t1 WHERE kind = 'high' GROUP BY 1",
            },
        },
    }

    job = room.wait(room.submit({"type": "pipeline", "name": "p", "jobs": jobs}))

    assert job.error is None, room.log("p_read") + room.log("p_ask")
    assert b"result: 1 rows, 2 columns" in room.log("p_ask")


def test_a_workspace_is_given_the_built_in_components_once_and_what_was_done_to_them_stays(
    room: Workroom, call: Call
) -> None:
    components.keep_current(room.store, room.blobs)
    call("components.archive", name="cluster")
    event = room.store.last_event()

    components.keep_current(room.store, room.blobs)

    assert room.store.last_event() == event
    names = [asset.name for asset in call("components.list", max_results=100).items]
    assert len(names) == 20
    assert "cluster" not in names
