"""The model registry, through the stock client."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import mlflow
import pytest
from mlflow.exceptions import MlflowException

from tests.server.mlflow.serving import Client, Server

Post = Callable[..., httpx.Response]


@pytest.fixture
def name(request: pytest.FixtureRequest, client: Client) -> str:
    """A new registered model with one version, named after the test."""
    name = f"{request.node.name}".replace("/", "-").replace(":", "-")
    client.create_registered_model(name, {"team": "a"}, "what it is")
    client.create_model_version(name, "s3://bucket/model")
    return name


def test_a_model_is_registered(client: Client, name: str) -> None:
    model = client.get_registered_model(name)

    assert (model.name, model.description, model.tags) == (name, "what it is", {"team": "a"})
    assert model.creation_timestamp <= model.last_updated_timestamp
    assert [version.version for version in model.latest_versions] == ["1"]


def test_a_name_is_given_once(client: Client, post: Post, name: str) -> None:
    told = rf"Registered Model \(name={name.replace('[', '.').replace(']', '.')}\) already exists"
    with pytest.raises(MlflowException, match=told):
        client.create_registered_model(name)
    assert post("registered-models/create", name=name).status_code == 400


def test_unknown_models_and_versions_are_told(client: Client, name: str) -> None:
    with pytest.raises(MlflowException, match="Registered Model with name=nobody not found"):
        client.get_registered_model("nobody")
    with pytest.raises(MlflowException, match=r"Model Version \(name=.*, version=9\) not found"):
        client.get_model_version(name, "9")
    with pytest.raises(MlflowException, match=r"Parameter 'version' must be an integer, got 'x'\."):
        client.get_model_version(name, "x")


def test_a_model_is_described_renamed_and_deleted(client: Client, name: str) -> None:
    client.set_registered_model_alias(name, "best", "1")
    client.update_registered_model(name, "better")
    client.rename_registered_model(name, f"{name}-2")

    renamed = client.get_registered_model(f"{name}-2")
    assert (renamed.description, renamed.aliases) == ("better", {"best": "1"})
    assert client.get_model_version(f"{name}-2", "1").source == "s3://bucket/model"
    with pytest.raises(MlflowException, match="not found"):
        client.get_registered_model(name)

    client.delete_registered_model(f"{name}-2")
    with pytest.raises(MlflowException, match="not found"):
        client.get_model_version(f"{name}-2", "1")


def test_renaming_to_a_taken_name_is_refused(client: Client, name: str) -> None:
    client.create_registered_model("taken")

    with pytest.raises(MlflowException, match=r"Registered Model \(name=taken\) already exists"):
        client.rename_registered_model(name, "taken")


def test_numbers_of_versions_are_never_given_again(client: Client, name: str) -> None:
    client.create_model_version(name, "s3://b/2")
    client.delete_model_version(name, "2")

    third = client.create_model_version(name, "s3://b/3", tags={"a": "b"}, description="third")

    assert third.version == "3"
    assert (third.status, third.current_stage, third.tags) == ("READY", "None", {"a": "b"})
    assert client.get_model_version_download_uri(name, "3") == "s3://b/3"


def test_versions_are_described_and_tagged(client: Client, name: str) -> None:
    client.update_model_version(name, "1", "good")
    client.set_model_version_tag(name, "1", "a", "1")
    client.set_model_version_tag(name, "1", "b", "2")
    client.delete_model_version_tag(name, "1", "b")
    client.delete_model_version_tag(name, "1", "b")
    client.set_registered_model_tag(name, "x", "y")
    client.delete_registered_model_tag(name, "team")

    version = client.get_model_version(name, "1")
    assert (version.description, version.tags) == ("good", {"a": "1"})
    assert client.get_registered_model(name).tags == {"x": "y"}


# Aliases
def test_an_alias_moves_and_goes(client: Client, name: str) -> None:
    client.create_model_version(name, "s3://b/2")
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "champion", "2")

    assert client.get_model_version_by_alias(name, "champion").version == "2"
    assert client.get_model_version(name, "2").aliases == ["champion"]
    assert client.get_model_version(name, "1").aliases == []

    client.delete_registered_model_alias(name, "champion")
    client.delete_registered_model_alias(name, "champion")
    with pytest.raises(MlflowException, match=r"Registered model alias champion not found\.") as e:
        client.get_model_version_by_alias(name, "champion")
    assert e.value.error_code == "INVALID_PARAMETER_VALUE"


def test_the_aliases_of_a_deleted_version_go_with_it(client: Client, name: str) -> None:
    client.set_registered_model_alias(name, "champion", "1")

    client.delete_model_version(name, "1")

    assert client.get_registered_model(name).aliases == {}


@pytest.mark.parametrize(
    ("alias", "message"),
    [
        ("latest", "'latest' alias name"),
        ("LATEST", "'latest' alias name"),
        ("v3", "Version alias name 'v3' is reserved."),
        ("a b", "Invalid alias name: 'a b'"),
        ("a" * 256, "exceeds the maximum length of 255"),
    ],
)
def test_an_odd_alias_is_refused(post: Post, name: str, alias: str, message: str) -> None:
    answer = post("registered-models/alias", name=name, alias=alias, version="1")

    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_an_alias_of_a_version_that_is_not_there_is_a_404(post: Post, name: str) -> None:
    answer = post("registered-models/alias", name=name, alias="a", version="7")

    assert answer.status_code == 404


# Stages
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_stages_move_and_archive_what_was_there(client: Client, name: str) -> None:
    client.create_model_version(name, "s3://b/2")
    client.transition_model_version_stage(name, "1", "production")
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)

    stages = {v.version: v.current_stage for v in client.search_model_versions(f"name = '{name}'")}
    latest = client.get_latest_versions(name, ["Production"])

    assert stages == {"1": "Archived", "2": "Production"}
    assert [version.version for version in latest] == ["2"]
    assert {version.version for version in client.get_latest_versions(name)} == {"1", "2"}


def test_a_stage_that_needs_approval_is_closed_to_who_may_not_give_it(
    server: Server, client: Client, name: str
) -> None:
    store = server.store
    with store.change("ana", "models/approve", f"model:{name}") as tx:
        model = store.get_record("model", name)
        tx.put_record("model", name, {**model.doc, "guarded_stages": ["Production"]})
    bob = server.http(server.token("bob", "Data Scientist"))

    def move(who: httpx.Client, stage: str) -> int:
        fields = {"name": name, "version": "1", "stage": stage}
        path = "/api/2.0/mlflow/model-versions/transition-stage"
        return who.post(path, json=fields).status_code

    assert [move(bob, stage) for stage in ("Production", "Staging")] == [403, 200]
    assert move(server.http(), "production") == 200
    assert move(bob, "Archived") == 403
    assert client.get_model_version(name, "1").current_stage == "Production"


@pytest.mark.parametrize(
    ("stage", "archive", "message"),
    [
        ("Live", False, "Invalid Model Version stage: Live. Value must be one of None, Staging"),
        ("Archived", True, "cannot archive existing model versions because 'Archived' is not"),
    ],
)
def test_an_odd_stage_is_refused(
    post: Post, name: str, stage: str, archive: bool, message: str
) -> None:
    answer = post(
        "model-versions/transition-stage",
        name=name,
        version="1",
        stage=stage,
        archive_existing_versions=archive,
    )

    assert answer.status_code == 400
    assert message in answer.json()["message"]


# Where versions come from
def test_a_version_of_a_logged_model_knows_it(
    http: httpx.Client, client: Client, experiment_id: str, run_id: str, name: str
) -> None:
    model = client.create_logged_model(experiment_id, "m", run_id, params={"lr": "1"})
    client.log_metric(run_id, "acc", 0.5, model_id=model.model_id)

    client.create_model_version(name, f"models:/{model.model_id}", model_id=model.model_id)

    query = {"name": name, "version": "2"}
    version = http.get("/api/2.0/mlflow/model-versions/get", params=query).json()["model_version"]
    assert (version["run_id"], version["model_id"]) == (run_id, model.model_id)
    assert version["model_params"] == [{"name": "lr", "value": "1"}]
    assert [metric["value"] for metric in version["model_metrics"]] == [0.5]
    assert client.get_model_version_download_uri(name, "2") == model.artifact_location


def test_the_logged_model_is_told_of_its_versions(
    post: Post, client: Client, experiment_id: str, name: str
) -> None:
    model_id = client.create_logged_model(experiment_id, "m").model_id

    for _ in range(2):
        source = {"source": f"models:/{model_id}", "model_id": model_id}
        post("model-versions/create", name=name, **source)

    told = client.get_logged_model(model_id).tags["mlflow.modelVersions"]
    assert told == f'[{{"name":"{name}","version":"2"}},{{"name":"{name}","version":"3"}}]'


def test_a_version_can_be_copied(client: Client, name: str) -> None:
    copied = client.copy_model_version(f"models:/{name}/1", f"{name}-copy")

    assert copied.version == "1"
    assert copied.source == f"models:/{name}/1"
    assert client.get_model_version_download_uri(f"{name}-copy", "1") == "s3://bucket/model"


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "C:/windows",
        "s3://a/../b",
        "s3://a/%2e%2e/b",
        "https://h/a/%252e%252e/b",
        "mlflow-artifacts:/0/nobody/artifacts",
        "models:/m-none",
        "runs:/nobody/m",
    ],
)
def test_a_source_that_is_not_the_callers_is_refused(
    server: Server, post: Post, name: str, source: str
) -> None:
    before = server.store.last_event()

    answer = post("model-versions/create", name=name, source=source)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"Invalid model version source: '{source}'.")
    assert server.store.last_event() == before


def test_artifacts_of_another_run_are_no_source(
    client: Client, post: Post, run_id: str, name: str
) -> None:
    other = client.create_run("0").info
    own = client.get_run(run_id).info.artifact_uri

    def status(source: str) -> int:
        fields = {"name": name, "source": source, "run_id": run_id}
        return post("model-versions/create", **fields).status_code

    assert status(f"{own}/model") == 200
    assert status(f"runs:/{run_id}/model") == 200
    assert status(f"{other.artifact_uri}/model") == 400
    assert status(f"runs:/{other.run_id}/model") == 400


# Searching
@pytest.fixture
def shelf(client: Client) -> str:
    """Prefix of the names of three models (a, b, c), b with 3 versions, c tagged."""
    prefix = f"shelf{len(client.search_registered_models(max_results=1000))}"
    for letter in "cab":
        client.create_registered_model(f"{prefix}-{letter}", {"t": letter})
    for i in range(3):
        client.create_model_version(f"{prefix}-b", f"s3://b/{i}", tags={"n": str(i)})
    return prefix


@pytest.mark.parametrize(
    ("condition", "letters"),
    [
        ("name LIKE '{}%'", "abc"),
        ("name ILIKE '{}-A'", "a"),
        ("name = '{}-b'", "b"),
        ("name LIKE '{}%' AND tags.t != 'a'", "bc"),
        ("name LIKE '{}%' AND tags.`t` = 'c'", "c"),
    ],
)
def test_models_are_searched(client: Client, shelf: str, condition: str, letters: str) -> None:
    found = client.search_registered_models(condition.format(shelf))

    assert [model.name for model in found] == [f"{shelf}-{letter}" for letter in letters]


def test_models_are_ordered_and_paged(client: Client, shelf: str) -> None:
    condition = f"name LIKE '{shelf}%'"
    page = client.search_registered_models(condition, max_results=2, order_by=["name DESC"])
    rest = client.search_registered_models(
        condition, max_results=2, order_by=["name DESC"], page_token=page.token
    )

    assert [model.name[-1] for model in [*page, *rest]] == ["c", "b", "a"]
    assert not rest.token


@pytest.mark.parametrize(
    ("condition", "versions"),
    [
        ("name = '{}-b'", ["3", "2", "1"]),
        ("name = '{}-b' AND version_number > 1", ["3", "2"]),
        ("name = '{}-b' AND tags.n = '0'", ["1"]),
        ("name = '{}-b' AND source_path = 's3://b/1'", ["2"]),
        ("name IN ('{}-b', 'none') AND run_id = ''", []),
    ],
)
def test_versions_are_searched(
    client: Client, shelf: str, condition: str, versions: list[str]
) -> None:
    found = client.search_model_versions(condition.format(shelf))

    assert sorted((v.version for v in found), reverse=True) == versions


def test_versions_are_ordered(client: Client, shelf: str) -> None:
    found = client.search_model_versions(f"name = '{shelf}-b'", order_by=["version_number ASC"])

    assert [version.version for version in found] == ["1", "2", "3"]


@pytest.mark.parametrize("text", ["owner = 'a'", "name > 'a'", "name", "params.a = 'b'"])
def test_a_bad_search_is_refused(client: Client, text: str) -> None:
    with pytest.raises(MlflowException) as e:
        client.search_registered_models(text)
    assert e.value.error_code == "INVALID_PARAMETER_VALUE"


def test_prompts_are_kept_apart_from_models(client: Client) -> None:
    mlflow.genai.register_prompt("greeting", "Hello {{ name }}")
    mlflow.genai.register_prompt("greeting", "Hi {{ name }}")

    assert mlflow.genai.load_prompt("greeting", version=2).format(name="Ana") == "Hi Ana"
    assert "greeting" not in [m.name for m in client.search_registered_models(max_results=1000)]
    assert "greeting" in [p.name for p in mlflow.genai.search_prompts()]


def test_a_jobs_token_registers_and_does_not_delete(server: Server, name: str, run_id: str) -> None:
    job = server.http(server.token(f"job-{run_id}", "Job", run_id))

    made = job.post(
        "/api/2.0/mlflow/model-versions/create", json={"name": name, "source": "s3://b/j"}
    )
    gone = job.request("DELETE", "/api/2.0/mlflow/registered-models/delete", json={"name": name})

    assert (made.status_code, gone.status_code) == (200, 403)
