"""A run's files, its models among them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.features.run_files import RunFiles
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Any:
    store = SqliteStore(tmp_path / "w.db")
    with store.change("ana", "runs/write", "run:r") as tx:
        tx.create_run("r", 0, name="r", user="ana", status="Running")
        tx.put_artifact("0/r/artifacts/plots/a.png", "a" * 64, 1)
        tx.put_artifact("0/r/artifacts/notes.txt", "b" * 64, 2)
    yield store
    store.close()


def add_model(store: SqliteStore, model_id: str, name: str = "model") -> None:
    with store.change("ana", "models/write", f"logged_model:{model_id}") as tx:
        tx.put_record("logged_model", model_id, {"name": name, "experiment_id": 0})
        tx.link("run:r", Relation.OUTPUT, f"logged_model:{model_id}")
        tx.put_artifact(f"0/models/{model_id}/artifacts/MLmodel", "c" * 64, 3)
        tx.put_artifact(f"0/models/{model_id}/artifacts/data/model.pkl", "d" * 64, 4)


def files_of(store: SqliteStore) -> RunFiles:
    ws = cast("Workspace", SimpleNamespace(store=store))
    return RunFiles(ws, store.get_run("r", with_data=False))


def names(files: RunFiles, path: str = "", *, recursive: bool = False) -> list[str]:
    return [name for name, _ in files.items(path, recursive=recursive)]


def test_a_logged_model_is_a_folder_among_the_artifacts(store: SqliteStore) -> None:
    add_model(store, "m-1")

    assert names(files_of(store)) == ["model", "notes.txt", "plots"]
    assert names(files_of(store), "model") == ["model/MLmodel", "model/data"]
    assert names(files_of(store), "model/data") == ["model/data/model.pkl"]
    assert names(files_of(store), "plots") == ["plots/a.png"]


def test_all_files_are_listed_with_the_path_that_reads_them(store: SqliteStore) -> None:
    add_model(store, "m-1")
    files = files_of(store)

    listed = {name: row.blob for name, row in files.items("", recursive=True) if row.blob}

    assert len(listed) == 4
    assert {name: files.get(name).blob for name in listed} == listed


def test_models_of_one_name_are_told_apart(store: SqliteStore) -> None:
    add_model(store, "m-1")
    add_model(store, "m-2")

    assert {"model", "m-2"} <= set(names(files_of(store)))


def test_an_artifact_of_a_models_name_is_not_hidden(store: SqliteStore) -> None:
    add_model(store, "m-1", name="plots")

    assert names(files_of(store), "plots") == ["plots/a.png"]


def test_a_file_that_is_not_there_is_not_found(store: SqliteStore) -> None:
    add_model(store, "m-1")

    with pytest.raises(NotFound):
        files_of(store).get("model/nothing")
