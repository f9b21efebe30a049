"""What a job says of its environment, and what that means."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.asset import environment_spec
from jupyter_mlws.entities.environment import ANONYMOUS, InlineEnvironment
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution import assets, kernelspecs
from jupyter_mlws.execution.environments.choice import Choice, Chosen, choose
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore

ARM = "azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


@pytest.fixture
def store(tmp_path: Path, blobs: FileBlobs) -> Iterator[SqliteStore]:
    """A store with the environment `mine` in versions 1 and 2, of which `prod` is the first."""
    store = SqliteStore(tmp_path / "workspace.db")
    for line in ("six==1.15.0", "six==1.16.0"):
        spec = environment_spec({"name": "mine", "pip": [line]})
        made = assets.draft(store, blobs, "environment", spec)
        with store.change("ana", "environments/write", "environment:mine") as tx:
            assets.add(store, blobs, tx, made, who="ana")
    record = store.get_record("environment", "mine")
    record.doc["aliases"]["prod"] = "1"
    with store.change("ana", "environments/write", "environment:mine") as tx:
        tx.put_record("environment", "mine", record.doc)
    yield store
    store.close()


def chosen(store: SqliteStore, blobs: FileBlobs, given: Any) -> Chosen:
    return choose(given, store, blobs, has_containers=lambda: False)


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("azureml:mine:1", "1"),
        ("mine:1", "1"),
        ("azureml:mine@latest", "2"),
        ("azureml:mine@prod", "1"),
        ("mine@prod", "1"),
        ("mine", "2"),
        ("azureml:mine", "2"),
        ("azureml://registries/other/environments/mine/versions/1", "1"),
        (f"{ARM}/environments/mine/versions/1", "1"),
    ],
)
def test_a_version_is_found_by_every_form_of_reference(
    store: SqliteStore, blobs: FileBlobs, reference: str, version: str
) -> None:
    found = chosen(store, blobs, reference).choice

    assert (found.name, found.version) == ("mine", version)
    assert found.recipe
    assert found.recipe.requirements[0] == f"six==1.{14 + int(version)}.0"


@pytest.mark.parametrize(
    "reference",
    [
        "sklearn-1.5",
        "azureml:sklearn-1.5:12",
        "azureml:AzureML-sklearn-1.5-ubuntu20.04-py310-cpu@latest",
        "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
        "azureml://registries/azureml/environments/sklearn-1.5/versions/3",
        "azureml://registries/azureml/environments/sklearn-1.5",
    ],
)
def test_a_curated_name_is_mapped(store: SqliteStore, blobs: FileBlobs, reference: str) -> None:
    recipe = chosen(store, blobs, reference).choice.recipe

    assert recipe
    assert "scikit-learn~=1.5.0" in recipe.requirements


def test_a_mapping_that_differs_is_told(store: SqliteStore, blobs: FileBlobs) -> None:
    found = chosen(store, blobs, "azureml:AzureML-sklearn-0.24-ubuntu18.04-py37-cpu@latest")

    assert "scikit-learn 1.3 to 1.5" in found.warnings[0]


@pytest.mark.parametrize(
    "reference", ["python3", "azureml:python3", "python3:1", "azureml:python3@latest"]
)
def test_kernelspecs_are_environments(store: SqliteStore, blobs: FileBlobs, reference: str) -> None:
    recipe = chosen(store, blobs, reference).choice.recipe

    assert recipe
    assert recipe.kernel == "python3"


def test_the_services_own_python_is_the_default(store: SqliteStore, blobs: FileBlobs) -> None:
    assert chosen(store, blobs, None).choice == Choice()
    assert chosen(store, blobs, "default").choice == Choice()
    assert kernelspecs.installed()[0].is_default
    assert kernelspecs.installed()[0].path == sys.executable


def test_an_environment_in_place_gets_its_hash_as_version(
    store: SqliteStore, blobs: FileBlobs
) -> None:
    first = chosen(store, blobs, InlineEnvironment(pip=["six"]))
    again = chosen(store, blobs, InlineEnvironment(pip=["six"]))
    other = chosen(store, blobs, InlineEnvironment(pip=["attrs"]))

    assert first.choice.name == ANONYMOUS
    assert first.draft
    assert first.choice == again.choice
    assert first.choice.version != other.choice.version


def test_one_in_place_with_a_name_must_equal_what_is_there(
    store: SqliteStore, blobs: FileBlobs
) -> None:
    same = InlineEnvironment(name="mine", version="2", pip=["six==1.16.0"])
    other = InlineEnvironment(name="mine", version="2", pip=["six==1.0.0"])

    assert chosen(store, blobs, same).draft is None
    with pytest.raises(Invalid, match="with other content"):
        chosen(store, blobs, other)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("azureml:mine:9", "There is no version '9'|9"),
        ("azureml:mine@nope", "no label 'nope'"),
        ("azureml:min:1", "no environment 'azureml:min:1' here .*mine.* Did you mean 'mine'"),
        ("azureml://registries/azureml/environments/nothing/labels/latest", "no environment"),
        ("::", "no environment '::'"),
        ("", "no environment"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    store: SqliteStore, blobs: FileBlobs, reference: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        chosen(store, blobs, reference)

    assert refused.value.problems[0].field == "environment"


def test_a_choice_survives_being_kept(store: SqliteStore, blobs: FileBlobs) -> None:
    for given in (None, "mine:1", "sklearn-1.5", "python3"):
        found = chosen(store, blobs, given).choice

        assert Choice.of_doc(found.to_doc()) == found
