"""Runs and experiments deleted for good: rows, names and files are free, the event stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, NotFound
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.entities.record import now
from jupyter_mlws.features import operations
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Point, RunQuery

Call = Callable[..., Any]
TABLES = ("runs", "points", "latest", "model_points", "params", "tags", "artifacts", "edges")


def _experiment(ws: Workspace, name: str = "study") -> int:
    with ws.change(f"experiment:{name}") as tx:
        return tx.create_experiment(name, tags={"a": "b"})


def _run(
    ws: Workspace, eid: int, run_id: str, type_: str = "mlflow", status: str = "Running"
) -> str:
    blob = ws.blobs.put(run_id.encode())
    with ws.change(f"run:{run_id}") as tx:
        tx.create_run(run_id, eid, name=run_id, type=type_, user="ana", status=status)
        points = [Point("loss", 1 / (i + 1), i, i, model_id=f"m-{run_id}") for i in range(20)]
        tx.log(run_id, metrics=points, params={"lr": "1"}, tags={"team": "a"})
        tx.put_artifact(f"{eid}/{run_id}/artifacts/a/b.txt", blob, len(run_id))
        tx.put_artifact(f"{eid}/models/m-{run_id}/artifacts/MLmodel", blob, len(run_id))
        doc = {"experiment_id": eid, "name": "m", "source_run_id": run_id}
        tx.put_record("logged_model", f"m-{run_id}", doc)
        tx.link(f"run:{run_id}", Relation.OUTPUT, f"logged_model:m-{run_id}")
        tx.link("dataset:x@1", Relation.INPUT, f"run:{run_id}")
    return run_id


def _counts(ws: Workspace) -> dict[str, int]:
    import sqlite3

    with sqlite3.connect(ws.store.path) as db:  # type: ignore[attr-defined]
        return {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES
        }


def test_a_deleted_run_leaves_no_row_and_its_event(ws: Workspace, call: Call) -> None:
    eid = _experiment(ws)
    before = _counts(ws)
    run_id = _run(ws, eid, "a")
    call("runs.archive", run_id=run_id)

    call("runs.delete", run_id=run_id)

    after = _counts(ws)
    assert {**after, "artifacts": 0} == {**before, "artifacts": 0}
    assert ws.store.list_artifacts(f"{eid}/{run_id}", recursive=True) == []
    assert ws.store.find_record("logged_model", "m-a") is None
    with pytest.raises(NotFound):
        call("runs.get", run_id=run_id)
    event = ws.store.events(subject=f"run:{run_id}")[-1]
    assert (event.who, event.action) == ("ana", "runs/delete")
    assert event.change == {"deleted": True, "name": "a", "n_points": 20, "n_files": 2}


def test_only_what_is_archived_is_deleted(ws: Workspace, call: Call) -> None:
    run_id = _run(ws, _experiment(ws), "a")

    with pytest.raises(Conflict, match="archive it first"):
        call("runs.delete", run_id=run_id)

    assert call("runs.get", run_id=run_id).metrics["loss"] == 0.05


def test_a_job_that_has_not_ended_is_not_deleted(ws: Workspace, call: Call) -> None:
    run_id = _run(ws, _experiment(ws), "a", "command", "Running")
    call("runs.archive", run_id=run_id)

    with pytest.raises(Conflict, match="only an ended job"):
        call("runs.delete", run_id=run_id)

    assert call("runs.get", run_id=run_id).run_id == run_id


def test_the_folder_of_a_deleted_job_goes(ws: Workspace, call: Call) -> None:
    run_id = _run(ws, _experiment(ws), "a", "command", "Completed")
    folder = ws.path / "jobs" / run_id / "1"
    folder.mkdir(parents=True)
    call("runs.archive", run_id=run_id)

    call("runs.delete", run_id=run_id)

    assert not folder.parent.exists()


def test_files_of_a_registered_model_keep_their_run(ws: Workspace, call: Call) -> None:
    run_id = _run(ws, _experiment(ws), "a")
    with ws.change("model:m") as tx:
        tx.put_record("model", "m", {"run_id": None, "model_id": f"m-{run_id}"}, version="3")
    call("runs.archive", run_id=run_id)

    with pytest.raises(Conflict, match="Version 3 of model 'm'"):
        call("runs.delete", run_id=run_id)

    assert ws.store.list_artifacts(f"0/{run_id}") == []
    assert call("runs.get", run_id=run_id).archived


def test_runs_below_a_deleted_one_stay(ws: Workspace, call: Call) -> None:
    eid = _experiment(ws)
    parent = _run(ws, eid, "parent")
    with ws.change("run:child") as tx:
        tx.create_run("child", eid, name="child", user="ana", status="Running", parent_id=parent)
    call("runs.archive", run_id=parent)

    call("runs.delete", run_id=parent)

    assert call("runs.get", run_id="child").parent_run_id is None


def test_a_deleted_experiment_takes_its_runs_and_frees_its_name(ws: Workspace, call: Call) -> None:
    eid = _experiment(ws)
    for name in ("a", "b"):
        _run(ws, eid, name)
    other = _run(ws, _experiment(ws, "other"), "c")
    call("experiments.archive", experiment_id=eid)

    call("experiments.delete", experiment_id=eid)

    with pytest.raises(NotFound):
        call("experiments.get", experiment_id=eid)
    assert [run.run_id for run in call("runs.list", view="all").items] == [other]
    assert ws.store.list_artifacts(str(eid), recursive=True) == []
    assert _experiment(ws) > eid


def test_the_id_of_a_deleted_experiment_is_never_given_again(ws: Workspace, call: Call) -> None:
    last = _experiment(ws, "last")
    call("experiments.archive", experiment_id=last)
    call("experiments.delete", experiment_id=last)

    assert _experiment(ws, "next") == last + 1


def test_an_experiment_in_use_and_the_default_one_stay(ws: Workspace, call: Call) -> None:
    eid = _experiment(ws)

    with pytest.raises(Conflict, match="archive it first"):
        call("experiments.delete", experiment_id=eid)
    with pytest.raises(Invalid):
        call("experiments.delete", experiment_id=0)


def test_an_experiment_is_renamed_tagged_archived_and_restored(ws: Workspace, call: Call) -> None:
    eid = _experiment(ws)

    renamed = call("experiments.update", experiment_id=eid, name="new", tags={"x": "y"})
    archived = call("experiments.archive", experiment_id=eid)
    restored = call("experiments.restore", experiment_id=eid)

    assert (renamed.name, renamed.tags) == ("new", {"a": "b", "x": "y"})
    assert (archived.archived, restored.archived) == (True, False)


def test_a_collection_deletes_what_was_archived_longer_ago_than_is_kept(
    ws: Workspace, call: Call
) -> None:
    eid = _experiment(ws)
    old = [_run(ws, eid, name) for name in ("a", "b")]
    kept = _run(ws, eid, "kept")
    for run_id in old:
        call("runs.archive", run_id=run_id)
    assert call("workspaces.update", retention_days=7).retention_days == 7
    assert call("workspaces.gc").n_runs == 0
    later = Workspace(**{**vars(ws), "clock": lambda: now() + timedelta(days=8)})

    freed = operations.prepare(operations.find("workspaces.gc"), later, {})()

    assert (freed.n_runs, freed.n_experiments) == (2, 0)
    assert [run.run_id for run in call("runs.list", view="all").items] == [kept]


def test_without_a_time_everything_archived_is_kept(ws: Workspace, call: Call) -> None:
    run_id = _run(ws, _experiment(ws), "a")
    call("runs.archive", run_id=run_id)
    later = Workspace(**{**vars(ws), "clock": lambda: now() + timedelta(days=9999)})

    freed = operations.prepare(operations.find("workspaces.gc"), later, {})()

    assert freed.n_runs == 0
    assert call("runs.get", run_id=run_id).archived


def test_a_restored_run_is_no_longer_waiting_for_its_end(ws: Workspace, call: Call) -> None:
    run_id = _run(ws, _experiment(ws), "a")
    call("runs.archive", run_id=run_id)
    call("runs.restore", run_id=run_id)

    assert ws.store.archived_before(2**62) == ([], [])


@pytest.mark.parametrize("days", [-1, 1e9])
def test_an_absurd_time_is_refused(call: Call, days: float) -> None:
    with pytest.raises(Invalid, match="retention_days"):
        call("workspaces.update", retention_days=days)


def test_a_job_deletes_nothing(ws: Workspace) -> None:
    eid = _experiment(ws)
    job = ws.of(Principal(name="job", role="Job", run_id="x"))

    for verb, arguments in (
        ("runs.delete", {"run_id": "a"}),
        ("experiments.delete", {"experiment_id": eid}),
        ("experiments.archive", {"experiment_id": eid}),
    ):
        with pytest.raises(Denied):
            operations.prepare(operations.find(verb), job, arguments)()


def test_who_writes_while_a_run_is_deleted_writes_nothing_that_stays(
    ws: Workspace, call: Call
) -> None:
    eid = _experiment(ws)
    run_ids = [_run(ws, eid, f"r{n}") for n in range(20)]
    for run_id in run_ids:
        call("runs.archive", run_id=run_id)
    stop = threading.Event()

    def write() -> None:
        step = 100
        while not stop.is_set():
            for run_id in run_ids:
                step += 1
                try:
                    with ws.change(f"run:{run_id}") as tx:
                        tx.log(run_id, metrics=[Point("late", 1.0, step, step)])
                except NotFound:
                    continue

    writer = threading.Thread(target=write)
    writer.start()
    for run_id in run_ids:
        call("runs.delete", run_id=run_id)
    stop.set()
    writer.join(30)

    assert ws.store.count_runs(RunQuery(view="all")) == 0
    counts = _counts(ws)
    assert (counts["points"], counts["latest"], counts["params"]) == (0, 0, 0)
    assert call("workspaces.check").findings == []
