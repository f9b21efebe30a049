"""A store that the real MLflow made comes in and goes out, and its own client sees the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from jupyter_mlws import MLClient, NotFound
from jupyter_mlws.cli.main import main
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.imported import ImportReport
from jupyter_mlws.sdk.exporting import Export
from jupyter_mlws.sdk.importing import Import
from jupyter_mlws.sdk.mlflow_source import MlflowSource
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.service import running_service
from tests.sdk.mlflow_made import fill

pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own

N_RUNS = 200
"""As many as the issue asks for."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a database that MLflow filled."""
    folder = tmp_path_factory.mktemp("made")
    uri = f"sqlite:///{folder}/mlflow.db"
    fill(uri, folder / "artifacts", n_runs=N_RUNS)
    return uri


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of an empty workspace."""
    with running_service(tmp_path_factory.mktemp("own") / "workspace") as running:
        yield running


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service for small sources: what comes of them does not meet what `brought_in` is compared with."""
    with running_service(tmp_path_factory.mktemp("other") / "workspace") as running:
        yield running


@pytest.fixture(scope="module")
def brought_in(made: str, own: Running) -> ImportReport:
    """What the import of `made` said."""
    with MLClient(url=own.url, token=own.token) as client:
        return Import(client, MlflowSource(made)).run()


@pytest.fixture
def client(own: Running) -> Iterator[MLClient]:
    with MLClient(url=own.url, token=own.token) as client:
        yield client


@pytest.fixture
def ours(own: Running, monkeypatch: pytest.MonkeyPatch) -> Any:
    """MLflow's client of the workspace."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", own.token)
    uri = f"{own.url}/mlflow"
    return MlflowClient(uri, registry_uri=uri)


def test_what_would_come_is_counted_and_nothing_comes(made: str, tmp_path: Path) -> None:
    with (
        running_service(tmp_path / "workspace") as running,
        MLClient(url=running.url, token=running.token) as client,
    ):
        report = Import(client, MlflowSource(made), dry_run=True).run()

        assert _counts(report)["runs"] == (N_RUNS + 1, N_RUNS + 1)
        assert client.call("workspaces.show").n_runs == 0
        assert len(client.call("experiments.list").items) == 1


def test_mlflows_client_gets_the_same_answers_of_both_sides(
    made: str, brought_in: ImportReport, ours: Any
) -> None:
    theirs = MlflowClient(made, registry_uri=made)

    assert brought_in.failures == []
    assert _all_of(ours) == _all_of(theirs)


def test_files_come_with_their_bytes(made: str, brought_in: ImportReport, ours: Any) -> None:
    theirs: Any = MlflowClient(made)
    run = theirs.search_runs(["1"], "params.lr = '0.0'")[0]

    for path in ("notes/é è.txt", "d.json", "model/weights.bin"):
        there = Path(theirs.download_artifacts(run.info.run_id, path)).read_bytes()
        assert Path(ours.download_artifacts(run.info.run_id, path)).read_bytes() == there


def test_again_changes_nothing(
    made: str, brought_in: ImportReport, client: MLClient, ours: Any
) -> None:
    before = client.call("workspaces.show").last_event, _all_of(ours)

    report = Import(client, MlflowSource(made)).run()

    assert [c for c in report.counts if c.n_new or c.n_changed] == []
    assert (client.call("workspaces.show").last_event, _all_of(ours)) == before


def test_bringing_in_again_what_is_the_same_leaves_it_the_same(
    made: str, brought_in: ImportReport, client: MLClient, ours: Any
) -> None:
    before = _all_of(ours)

    report = Import(client, MlflowSource(made), deep=True).run()

    assert report.failures == []
    assert _all_of(ours) == before


def test_only_what_changed_there_is_brought_in(tmp_path: Path, other: Running) -> None:
    uri = f"sqlite:///{tmp_path}/m.db"
    theirs: Any = MlflowClient(uri)
    where = theirs.create_experiment("changes", artifact_location=(tmp_path / "a").as_uri())
    runs = [theirs.create_run(where, run_name=str(n)).info.run_id for n in range(3)]
    with MLClient(url=other.url, token=other.token) as client:
        Import(client, MlflowSource(uri)).run()
        theirs.log_metric(runs[1], "late", 5.0)
        theirs.log_text(runs[2], "late", "late.txt")

        report = Import(client, MlflowSource(uri)).run()

        changed = next(count for count in report.counts if count.kind == "runs")
        assert (changed.n, changed.n_new, changed.n_changed) == (3, 0, 2)
        assert client.runs.get(run_id=runs[1]).metrics == {"late": 5.0}
        assert [file.path for file in client.runs.list_artifacts(run_id=runs[2])] == ["late.txt"]


def test_what_cannot_come_is_told_and_the_rest_comes(tmp_path: Path, other: Running) -> None:
    uri = f"sqlite:///{tmp_path}/m.db"
    theirs: Any = MlflowClient(uri)
    served = theirs.create_experiment("served", artifact_location="mlflow-artifacts:/served")
    kept = theirs.create_experiment("kept", artifact_location=(tmp_path / "kept").as_uri())
    theirs.create_run(served, run_name="files elsewhere")
    good = theirs.create_run(kept).info.run_id
    with MLClient(url=other.url, token=other.token) as client:
        report = Import(client, MlflowSource(uri)).run()

        assert len(report.failures) == 1
        assert "files elsewhere" in report.failures[0]
        assert "--artifacts" in report.failures[0]
        assert client.runs.get(run_id=good).run_id == good
        again = Import(client, MlflowSource(uri, artifacts=str(tmp_path / "files"))).run()
        assert again.failures == []


def test_a_folder_of_runs_comes_in(
    tmp_path: Path, other: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    folder = tmp_path / "mlruns"
    theirs: Any = MlflowClient(folder.as_uri())
    run_id = theirs.create_run(theirs.create_experiment("in a folder ü")).info.run_id
    theirs.log_metric(run_id, "a", 1.5, step=2)
    theirs.log_text(run_id, "ü", "a.txt")
    with MLClient(url=other.url, token=other.token) as client:
        report = Import(client, MlflowSource(str(tmp_path))).run()

        assert report.failures == []
        assert client.runs.get(run_id=run_id).metrics == {"a": 1.5}
        assert client.runs.list_artifacts(run_id=run_id)[0].path == "a.txt"


def test_what_goes_out_is_what_mlflow_would_have_made(
    made: str, brought_in: ImportReport, client: MLClient, ours: Any, tmp_path: Path
) -> None:
    report = Export(client, tmp_path / "out").run()
    again = Export(client, tmp_path / "out").run()

    out = f"sqlite:///{tmp_path}/out/mlflow.db"
    assert report.failures == again.failures == []
    assert _counts(again)["runs"][1] == _counts(again)["files"][1] == 0
    assert _all_of(MlflowClient(out, registry_uri=out)) == _all_of(ours)


def test_the_command_tells_counts_and_faults(
    made: str, brought_in: ImportReport, own: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--url", own.url, "--token", own.token)

    with pytest.raises(SystemExit) as ended:
        main(["import", "mlflow", made, "--dry-run", "-o", "json", *where])
    told = json.loads(capsys.readouterr().out)

    assert ended.value.code == 0
    assert {count["kind"]: count["n"] for count in told["counts"]}["runs"] == N_RUNS + 1
    with pytest.raises(SystemExit) as ended:
        main(["import", "mlflow", "/nowhere/mlruns", *where])
    assert ended.value.code == 1
    assert "There is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("uri", "error"), [("sqlite:///nowhere.db", NotFound), ("/nowhere", NotFound), (".", Invalid)]
)
def test_a_source_that_is_none_is_told(
    uri: str, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(error):
        MlflowSource(uri)

    assert list(tmp_path.iterdir()) == []


def _counts(report: ImportReport) -> dict[str, tuple[int, int]]:
    return {count.kind: (count.n, count.n_new) for count in report.counts}


def _all_of(client: Any) -> dict[str, Any]:
    """All that a client answers of experiments, runs, histories, logged and registered models."""
    experiments = {
        item.experiment_id: item
        for item in client.search_experiments(view_type=ViewType.ALL)
        if item.name in {"Vögel 鳥 🐦", 'it\'s "quoted"', "gone"}
    }
    found: dict[str, Any] = {
        f"experiment {item.name}": {**dict(item), "artifact_location": None}
        for item in experiments.values()
    }
    runs = _pages(
        lambda token: client.search_runs(
            list(experiments), run_view_type=ViewType.ALL, max_results=70, page_token=token
        )
    )
    found["order of runs"] = [run.info.run_id for run in runs]
    found["runs"] = {run.info.run_id: _run(client, run) for run in runs}
    found["best first"] = [
        run.info.run_id
        for run in client.search_runs(
            list(experiments), "params.lr != '1.0' and tags.team = '鳥'", order_by=["metrics.auc"]
        )
    ]
    models = client.search_logged_models(list(experiments), max_results=50)
    found["logged models"] = {model.model_id: _logged(model) for model in models}
    for model in client.search_registered_models():
        plain = dict(model)
        plain["description"] = model.description or ""
        plain["aliases"] = {alias: int(number) for alias, number in model.aliases.items()}
        plain["deployment_job_id"] = plain["deployment_job_state"] = None
        plain["latest_versions"] = sorted(str(v.version) for v in plain["latest_versions"])
        found[f"model {model.name}"] = plain
        for version in client.search_model_versions(f"name = '{model.name}'"):
            own = client.get_model_version(model.name, version.version)
            plain = {**dict(own), "model_metrics": None, "model_params": None, "user_id": None}
            found[f"version {model.name} {version.version}"] = {
                **plain,
                "version": str(own.version),
                "run_id": own.run_id or "",
                "run_link": own.run_link or "",
                "description": own.description or "",
                "model_id": None,
                "metadata": None,
                "aliases": sorted(own.aliases),
            }
    return json.loads(json.dumps(found, default=_text))  # type: ignore[no-any-return]


def _run(client: Any, run: Any) -> Any:
    plain = run.to_dictionary()
    plain["info"]["artifact_uri"] = None
    keys = sorted(run.data.metrics)
    plain["history"] = {
        key: [
            (repr(point.value), point.timestamp, point.step)
            for point in client.get_metric_history(run.info.run_id, key)
        ]
        for key in keys
    }
    plain["data"]["metrics"] = {key: repr(run.data.metrics[key]) for key in keys}
    plain["files"] = sorted(
        (item.path, item.is_dir, item.file_size or 0)
        for item in client.list_artifacts(run.info.run_id)
    )
    return plain


def _logged(model: Any) -> Any:
    plain = model.to_dictionary()
    plain["artifact_location"] = None
    plain["model_type"] = model.model_type or ""
    plain["status_message"] = model.status_message or ""
    return plain


def _pages(ask: Callable[[str | None], Any]) -> list[Any]:
    found, token = [], None
    while True:
        page = ask(token)
        found += page
        token = page.token
        if not token:
            return found


def _text(value: object) -> str:
    return re.sub(r" at 0x\w+", "", str(value))
