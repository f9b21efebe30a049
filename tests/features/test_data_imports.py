"""Data imports are jobs: checked before, seen while they run, stopped, traced, started by the clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.run import Status
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"


@pytest.fixture
def lite(tmp_path: Path, call: Call) -> str:
    """A datastore that is a database of three towns; answers its name."""
    with sqlite3.connect(tmp_path / "towns.db") as connection:
        connection.execute("CREATE TABLE towns (name TEXT, people INTEGER)")
        rows = [("Oslo", 709), ("Tokyo", 14094), ("Paris", 2103)]
        connection.executemany("INSERT INTO towns VALUES (?, ?)", rows)
    connection.close()
    made = {"type": "sql", "name": "lite", "url": f"sqlite:///{tmp_path}/towns.db"}
    call("datastores.create_or_update", datastore=made)
    return "lite"


def rows(query: str, **more: Any) -> dict[str, Any]:
    """An import of rows."""
    return {
        "name": "towns",
        "source": {"type": "database", "connection": "azureml:lite", "query": query},
        **more,
    }


def test_an_import_leaves_a_log_figures_and_an_edge(lite: str, room: Workroom, call: Call) -> None:
    said = rows(
        "SELECT * FROM towns",
        version="7",
        description="All",
        tags={"a": "b"},
        properties={"c": "d"},
    )

    job = room.wait(call("data.import_data", data_import=said).name)

    assert job.status is Status.COMPLETED, job.error
    asset = call("data.get", name="towns", version="7")
    assert (asset.type, asset.description, asset.tags) == ("mltable", "All", {"a": "b"})
    assert asset.properties["c"] == "d"
    assert len(call("data.preview", name="towns").rows) == 3
    run = call("runs.get", run_id=job.name)
    assert run.metrics["rows"] == 3
    assert run.params["source"].endswith("towns.db")
    log = call("jobs.read_log", name=job.name).text
    assert "Bringing in 'SELECT * FROM towns' of azureml:lite." in log
    assert "3 rows" in log
    uses = call("data.list_uses", name="towns", version="7")
    assert [(use.run_id, use.relation) for use in uses] == [(job.name, "output")]
    likeness = {item.what: item for item in call("jobs.plan_reproduction", name=job.name).items}
    assert not likeness["source"].same


def test_a_running_import_tells_its_rows_and_is_canceled(
    lite: str, room: Workroom, call: Call
) -> None:
    name = call("data.import_data", data_import=rows(ENDLESS)).name
    room.until(lambda: room.job(name).progress is not None, lambda: str(room.job(name)))
    progress = room.job(name).progress
    assert progress
    assert (progress.unit, progress.total) == ("rows", 0)
    assert progress.done > 0

    call("jobs.cancel", name=name)

    assert room.wait(name).status is Status.CANCELED
    assert call("data.list").items == []


def test_a_file_keeps_its_name(tmp_path: Path, room: Workroom, call: Call) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("x\n1\n")
    made = {"type": "file", "name": "disk", "path": str(tmp_path / "in")}
    call("datastores.create_or_update", datastore=made)
    source = {"type": "file_system", "connection": "azureml:disk", "path": "a.csv"}

    said = {"name": "one", "type": "uri_file", "source": source}
    job = room.wait(call("data.import_data", data_import=said).name)

    assert job.status is Status.COMPLETED, job.error
    assert call("data.get", name="one").type == "uri_file"
    assert call("data.preview", name="one").rows == [[1]]
    wrong = {**said, "source": {**source, "path": ""}}
    with pytest.raises(Invalid, match="at least 1 character"):
        call("data.import_data", data_import=wrong)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": {"connection": "nobody", "query": "x"}}, "source.connection"),
        ({"source": {"connection": "workspaceblobstore", "query": "x"}}, "source.connection"),
        ({"type": "uri_file"}, "type"),
        ({"path": "azureml://datastores/nowhere/paths/x"}, "path"),
        ({"path": "somewhere"}, "path"),
    ],
)
def test_what_cannot_be_done_is_refused_before_there_is_a_job(
    lite: str, call: Call, change: dict[str, Any], field: str
) -> None:
    said = {**rows("SELECT 1"), **change}

    with pytest.raises(Invalid) as refused:
        call("data.import_data", data_import=said)

    assert {problem.field for problem in refused.value.problems} == {field}
    told = call("data.validate_import", data_import=said)
    assert [item["field"] for item in [*told.errors, *told.obstacles]] == [field]
    assert call("jobs.list").items == []


def test_the_import_job_of_azure_ml_runs(lite: str, room: Workroom) -> None:
    source = {"type": "azuresqldb", "connection": "azureml:lite", "query": "SELECT * FROM towns"}

    job = room.run(type="import", source=source, output={"type": "mltable"})

    assert job.status is Status.COMPLETED, job.error


@pytest.mark.parametrize("field", ["environment", "code", "inputs"])
def test_an_import_takes_nothing_that_it_would_ignore(
    lite: str, room: Workroom, field: str
) -> None:
    given = {"environment": "azureml:default@latest", "code": "snapshot:x", "inputs": {"a": 1}}
    source = {"connection": "lite", "query": "SELECT 1"}
    job = {"type": "import", "source": source, "output": {"type": "mltable"}}

    with pytest.raises(Invalid, match=f"has no {field}"):
        room.submit({**job, field: given[field]})


def test_the_clock_starts_an_import(lite: str, room: Workroom, call: Call) -> None:
    data = rows(
        "SELECT * FROM towns",
        path="azureml://datastores/workspaceblobstore/paths/nightly/${{name}}",
    )
    schedule = {
        "name": "nightly",
        "trigger": {"type": "cron", "expression": "0 4 * * *"},
        "import_data": data,
    }
    call("schedules.create_or_update", schedule=schedule)

    name = call("schedules.trigger", name="nightly").job

    job = room.wait(name)
    assert job.status is Status.COMPLETED, job.error
    assert call("data.get", name="towns").version == "1"
