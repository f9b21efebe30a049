"""Experiments, through the stock client."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import mlflow
import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from tests.server.mlflow.serving import Client, Server

Post = Callable[..., httpx.Response]


def test_the_default_experiment_is_there_from_the_start(client: Client) -> None:
    default = client.get_experiment("0")

    assert (default.name, default.lifecycle_stage) == ("Default", "active")
    assert default.artifact_location == "mlflow-artifacts:/0"


def test_setting_an_experiment_makes_it_once(client: Client) -> None:
    first = mlflow.set_experiment("made by name")
    second = mlflow.set_experiment("made by name")

    assert first.experiment_id == second.experiment_id
    assert first.artifact_location == f"mlflow-artifacts:/{first.experiment_id}"
    assert first.creation_time is not None


def test_an_experiment_keeps_its_tags_and_location(client: Client) -> None:
    made = client.create_experiment("with tags", "s3://bucket/there", {"team": "a", "b c": ""})

    experiment = client.get_experiment(made)

    assert experiment.tags == {"team": "a", "b c": ""}
    assert experiment.artifact_location == "s3://bucket/there"


def test_a_name_is_given_once_also_to_a_deleted_one(client: Client) -> None:
    made = client.create_experiment("only once")
    client.delete_experiment(made)

    with pytest.raises(MlflowException, match=r"Experiment\(name=only once\) already exists") as e:
        client.create_experiment("only once")

    assert e.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_a_taken_name_is_a_400(post: Post) -> None:
    post("experiments/create", name="400")

    answer = post("experiments/create", name="400")

    assert answer.status_code == 400


def test_an_unknown_experiment_is_told(client: Client) -> None:
    with pytest.raises(MlflowException, match="No Experiment with id=12345 exists"):
        client.get_experiment("12345")
    assert client.get_experiment_by_name("nobody") is None


def test_renaming_changes_the_name_and_the_time(client: Client, experiment_id: str) -> None:
    before = client.get_experiment(experiment_id)

    client.rename_experiment(experiment_id, "another name")

    after = client.get_experiment(experiment_id)
    assert after.name == "another name"
    assert after.last_update_time >= before.last_update_time


def test_renaming_to_a_taken_name_is_refused(client: Client, experiment_id: str) -> None:
    with pytest.raises(MlflowException, match=r"Experiment\(name=Default\) already exists"):
        client.rename_experiment(experiment_id, "Default")


def test_tags_are_set_and_dropped(client: Client, experiment_id: str) -> None:
    client.set_experiment_tag(experiment_id, "a", "1")
    client.set_experiment_tag(experiment_id, "a", "2")
    client.set_experiment_tag(experiment_id, "b", "3")
    client.delete_experiment_tag(experiment_id, "b")

    assert client.get_experiment(experiment_id).tags == {"a": "2"}
    with pytest.raises(MlflowException, match="No tag with name: b in experiment with id"):
        client.delete_experiment_tag(experiment_id, "b")


def test_deleting_an_experiment_deletes_its_runs_and_restoring_brings_them_back(
    client: Client, experiment_id: str, run_id: str
) -> None:
    client.delete_experiment(experiment_id)

    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    client.restore_experiment(experiment_id)
    assert client.get_run(run_id).info.lifecycle_stage == "active"


@pytest.mark.parametrize(
    "path", ["runs/create", "experiments/set-experiment-tag", "experiments/update"]
)
def test_a_deleted_experiment_takes_no_writes(
    client: Client, post: Post, experiment_id: str, path: str
) -> None:
    client.delete_experiment(experiment_id)

    answer = post(path, experiment_id=experiment_id, key="a", value="b", new_name="another")

    assert answer.status_code == 400
    assert answer.json()["message"] == (
        f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted."
    )


def test_deleting_twice_and_restoring_an_active_one_are_404(
    client: Client, post: Post, experiment_id: str
) -> None:
    assert post("experiments/restore", experiment_id=experiment_id).status_code == 404
    assert post("experiments/delete", experiment_id=experiment_id).status_code == 200

    answer = post("experiments/delete", experiment_id=experiment_id)

    assert answer.status_code == 404
    assert answer.json()["message"] == f"No Experiment with id={experiment_id} exists"


def test_experiments_are_searched_ordered_and_paged(client: Client) -> None:
    for i in range(5):
        client.create_experiment(f"search-{i}", tags={"parity": str(i % 2)})
    client.delete_experiment(client.get_experiment_by_name("search-4").experiment_id)

    even = client.search_experiments(
        filter_string="name LIKE 'search-%' AND tags.parity = '0'", order_by=["name DESC"]
    )
    page = client.search_experiments(
        filter_string="name LIKE 'search-%'", order_by=["name"], max_results=3
    )
    rest = client.search_experiments(
        filter_string="name LIKE 'search-%'",
        order_by=["name"],
        max_results=3,
        page_token=page.token,
    )
    deleted = client.search_experiments(
        ViewType.DELETED_ONLY, filter_string="name ILIKE 'SEARCH-%'"
    )

    assert [e.name for e in even] == ["search-2", "search-0"]
    assert [e.name for e in [*page, *rest]] == [f"search-{i}" for i in range(4)]
    assert not rest.token
    assert [e.name for e in deleted] == ["search-4"]


def test_writes_are_told_by_events(server: Server, client: Client) -> None:
    before = server.store.last_event()

    experiment_id = client.create_experiment("told")

    (event,) = server.store.events(after=before)
    assert (event.who, event.action) == ("owners-token", "experiments/write")
    assert event.subject == "experiment:told"
    assert event.change == {"created": True, "experiment_id": int(experiment_id)}
