"""Logged models, through the stock client."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import mlflow
import pytest
from mlflow.entities import LoggedModelParameter, LoggedModelStatus, Metric
from mlflow.exceptions import MlflowException

from tests.server.mlflow.serving import Client

Post = Callable[..., httpx.Response]


@pytest.fixture
def model_id(client: Client, experiment_id: str, run_id: str) -> str:
    return str(client.create_logged_model(experiment_id, "mine", run_id).model_id)


def test_a_logged_model_is_made_and_finished(
    client: Client, experiment_id: str, run_id: str
) -> None:
    made = client.create_logged_model(
        experiment_id, "mine", run_id, tags={"a": "b"}, params={"lr": "1"}, model_type="agent"
    )
    client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)

    model = client.get_logged_model(made.model_id)

    assert made.status == LoggedModelStatus.PENDING
    assert model.status == LoggedModelStatus.READY
    assert (model.name, model.model_type, model.source_run_id) == ("mine", "agent", run_id)
    assert (model.tags, model.params) == ({"a": "b"}, {"lr": "1"})
    assert model.artifact_location == (
        f"mlflow-artifacts:/{experiment_id}/models/{made.model_id}/artifacts"
    )
    assert made.model_id.startswith("m-")
    assert len(made.model_id) == 34


def test_a_model_without_a_name_gets_one(client: Client, experiment_id: str) -> None:
    assert client.create_logged_model(experiment_id).name


def test_tags_and_params_are_added_and_dropped(client: Client, model_id: str) -> None:
    client.set_logged_model_tags(model_id, {"a": "1", "b": "2"})
    client.delete_logged_model_tag(model_id, "a")
    client.log_model_params(model_id, {f"p{i}": str(i) for i in range(150)})

    model = client.get_logged_model(model_id)

    assert model.tags == {"b": "2"}
    assert len(model.params) == 150
    with pytest.raises(MlflowException, match=r"No tag with key 'a' found for model with ID"):
        client.delete_logged_model_tag(model_id, "a")


def test_metrics_with_its_id_are_all_kept_on_the_model(
    client: Client, run_id: str, model_id: str
) -> None:
    for step in range(3):
        client.log_metric(run_id, "acc", step / 10, 5, step, model_id=model_id)
    client.log_batch(
        run_id, [Metric("f1", 0.5, 1, 0, model_id, dataset_name="d", dataset_digest="1")]
    )

    metrics = client.get_logged_model(model_id).metrics

    assert [(m.key, m.value, m.step) for m in metrics] == [
        ("acc", 0.0, 0),
        ("acc", 0.1, 1),
        ("acc", 0.2, 2),
        ("f1", 0.5, 0),
    ]
    assert {m.run_id for m in metrics} == {run_id}
    assert (metrics[-1].dataset_name, metrics[-1].dataset_digest) == ("d", "1")
    assert client.get_run(run_id).data.metrics == {"acc": 0.2, "f1": 0.5}


def test_a_deleted_model_is_gone(http: httpx.Client, client: Client, model_id: str) -> None:
    client.delete_logged_model(model_id)

    with pytest.raises(MlflowException, match=f"Logged model with ID '{model_id}' not found."):
        client.get_logged_model(model_id)
    kept = http.get(
        f"/api/2.0/mlflow/logged-models/{model_id}", params={"allow_deleted": "True"}
    ).json()
    assert kept["model"]["info"]["model_id"] == model_id


@pytest.mark.parametrize("verb", ["finalize", "delete", "tag"])
def test_an_unknown_model_is_a_404(client: Client, verb: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "finalize": lambda: client.finalize_logged_model("m-none", "READY"),
        "delete": lambda: client.delete_logged_model("m-none"),
        "tag": lambda: client.delete_logged_model_tag("m-none", "a"),
    }

    with pytest.raises(MlflowException, match=r"Logged model with ID 'm-none' not found\.") as e:
        calls[verb]()
    assert e.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_status_is_a_name_or_a_number(post: Post, http: httpx.Client, model_id: str) -> None:
    path = f"/api/2.0/mlflow/logged-models/{model_id}"

    by_number = http.patch(path, json={"model_id": model_id, "status": 3}).json()
    unknown = http.patch(path, json={"model_id": model_id, "status": "DONE"})

    assert by_number["model"]["info"]["status"] == "LOGGED_MODEL_UPLOAD_FAILED"
    assert unknown.status_code == 400


@pytest.fixture
def zoo(client: Client, experiment_id: str, run_id: str) -> dict[str, str]:
    """Names of models by id: a (acc 1), b (acc 3, then 2), c (none)."""
    found = {}
    for name, values in (("a", [1.0]), ("b", [3.0, 2.0]), ("c", [])):
        model = client.create_logged_model(
            experiment_id, name, run_id, tags={"t": name}, params={"p": name * 2}
        )
        for step, value in enumerate(values):
            point = Metric("acc", value, step, step, model.model_id, "d", "1")
            client.log_batch(run_id, [point])
        found[model.model_id] = name
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    return found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name = 'a'", "a"),
        ("attributes.name != 'a'", "bc"),
        ("metrics.acc >= 2", "b"),
        ("metrics.acc > 0 AND metrics.acc < 3", "ab"),
        ("params.p = 'bb'", "b"),
        ("tags.t LIKE 'c%' AND params.p ILIKE 'CC'", "c"),
        ("status = 'READY'", "c"),
        ("status = 'LOGGED_MODEL_PENDING'", "ab"),
        ("name IN ('a', 'c')", "ac"),
        ("creation_timestamp > 0", "abc"),
    ],
)
def test_models_are_searched(
    client: Client, experiment_id: str, zoo: dict[str, str], text: str, names: str
) -> None:
    found = client.search_logged_models([experiment_id], text)

    assert "".join(sorted(zoo[model.model_id] for model in found)) == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ([{"field_name": "metrics.acc"}], "abc"),
        ([{"field_name": "metrics.acc", "ascending": False}], "bac"),
        ([{"field_name": "name", "ascending": False}], "cba"),
        ([{"field_name": "metrics.acc", "dataset_name": "other"}, {"field_name": "name"}], "abc"),
    ],
)
def test_models_are_ordered(
    client: Client,
    experiment_id: str,
    zoo: dict[str, str],
    order: list[dict[str, object]],
    names: str,
) -> None:
    found = client.search_logged_models([experiment_id], order_by=order)

    assert "".join(zoo[model.model_id] for model in found) == names


def test_models_come_by_pages(client: Client, experiment_id: str, zoo: dict[str, str]) -> None:
    order = [{"field_name": "name"}]
    page = client.search_logged_models([experiment_id], max_results=2, order_by=order)
    rest = client.search_logged_models(
        [experiment_id], max_results=2, order_by=order, page_token=page.token
    )

    assert [model.name for model in [*page, *rest]] == ["a", "b", "c"]
    assert not rest.token


def test_models_are_found_by_the_data_they_were_measured_on(
    client: Client, experiment_id: str, zoo: dict[str, str]
) -> None:
    found = client.search_logged_models([experiment_id], datasets=[{"dataset_name": "d"}])
    none = client.search_logged_models([experiment_id], datasets=[{"dataset_name": "other"}])

    assert sorted(zoo[model.model_id] for model in found) == ["a", "b"]
    assert list(none) == []


def test_the_files_of_a_model_are_listed(
    http: httpx.Client, client: Client, experiment_id: str, model_id: str
) -> None:
    root = f"{experiment_id}/models/{model_id}/artifacts"
    http.put(f"/api/2.0/mlflow-artifacts/artifacts/{root}/data/x", content=b"1")

    found = http.get(
        f"/api/2.0/mlflow/logged-models/{model_id}/artifacts/directories",
        params={"artifact_directory_path": "data"},
    ).json()

    assert found["files"] == [{"path": "data/x", "is_dir": False, "file_size": 1}]


def test_params_given_as_entities_are_kept(client: Client, experiment_id: str) -> None:
    model = mlflow.initialize_logged_model("external", params={"a": "b"})

    assert client.get_logged_model(model.model_id).params == {"a": "b"}
    assert LoggedModelParameter("a", "b").key in model.params
