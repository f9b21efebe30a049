"""What an MLflow server, database or folder holds, read with MLflow's own library."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from jupyter_mlws.entities.errors import Invalid, NotFound, PluginMissing, Unavailable
from jupyter_mlws.entities.imported import (
    ImportedDataset,
    ImportedExperiment,
    ImportedLoggedModel,
    ImportedModel,
    ImportedPoint,
    ImportedRun,
    ImportedVersion,
)

PAGE = 200
SERVED = "mlflow-artifacts:"


class Place(NamedTuple):
    """Where something keeps its files."""

    experiment_id: str
    artifact_uri: str


class MlflowSource:
    """One place where MLflow keeps runs and models.

    Args:
        uri: a tracking URI (`http://…`, `sqlite:///…`), or a folder such as `mlruns`.
        artifacts: the folder or address where `mlflow-artifacts:` begins, for a database whose
            server does not run.
    Raises:
        NotFound: there is no such file or folder.
        Invalid: nothing of MLflow's is there.
        PluginMissing: databases need all of `mlflow`, and only `mlflow-skinny` is installed.
    """

    def __init__(self, uri: str, artifacts: str | None = None) -> None:
        self.uri = _found(uri)
        self._artifacts = artifacts and artifacts.rstrip("/")
        with mlflow_errors():
            from mlflow import MlflowClient
            from mlflow.tracking._model_registry.utils import _get_store

            with _own_credentials(self.uri):
                self._client: Any = MlflowClient(self.uri, registry_uri=self.uri)
                self._registry: Any = _get_store(self.uri, self.uri)  # type: ignore[no-untyped-call]

    @property
    def is_served(self) -> bool:
        """Whether a server answers, and not this process."""
        return self.uri.startswith(("http://", "https://"))

    def experiments(self) -> Iterator[ImportedExperiment]:
        """All experiments, deleted ones too."""
        from mlflow.entities import ViewType

        found = self._pages(
            lambda token: self._client.search_experiments(
                view_type=ViewType.ALL, max_results=PAGE, page_token=token
            )
        )
        for item in found:
            created = item.creation_time or 0
            yield ImportedExperiment(
                experiment_id=str(item.experiment_id),
                name=item.name,
                archived=item.lifecycle_stage == "deleted",
                created_ms=created,
                updated_ms=item.last_update_time or created,
                tags=dict(item.tags),
            )

    def runs(self, experiment_id: str) -> Iterator[list[Any]]:
        """The runs of an experiment as MLflow has them, deleted ones too, some at a time."""
        from mlflow.entities import ViewType

        token = None
        while True:
            with self._asking():
                page = self._client.search_runs(
                    [experiment_id],
                    run_view_type=ViewType.ALL,
                    max_results=PAGE,
                    order_by=["attributes.start_time ASC"],
                    page_token=token,
                )
            yield list(page)
            token = page.token
            if not token:
                return

    def points(self, run_id: str, key: str) -> list[ImportedPoint]:
        """All points of a metric."""
        with self._asking():
            found = self._client.get_metric_history(run_id, key)
        return [_point(point) for point in found]

    def logged_models(self, experiment_id: str) -> Iterator[Any]:
        """The logged models of an experiment as MLflow has them."""
        yield from self._pages(
            lambda token: self._client.search_logged_models(
                experiment_ids=[experiment_id], max_results=50, page_token=token
            )
        )

    def models(self) -> Iterator[ImportedModel]:
        """All registered models with their versions; prompts too."""
        found = self._pages(
            lambda token: self._registry.search_registered_models(
                filter_string=None, max_results=PAGE, order_by=None, page_token=token
            )
        )
        for item in found:
            created = item.creation_timestamp or 0
            yield ImportedModel(
                name=item.name,
                description=item.description,
                created_ms=created,
                updated_ms=item.last_updated_timestamp or created,
                tags=dict(item.tags),
                aliases={alias: str(version) for alias, version in item.aliases.items()},
                versions=[self._version(version) for version in self._versions(item.name)],
            )

    def run_place(self, run_id: str) -> Place | None:
        """Where a run keeps its files; None when there is no such run."""
        info = self._existing(lambda: self._client.get_run(run_id).info)
        return info and Place(str(info.experiment_id), info.artifact_uri)

    def model_place(self, model_id: str) -> Place | None:
        """Where a logged model keeps its files; None when there is no such model."""
        model = self._existing(lambda: self._client.get_logged_model(model_id))
        return model and Place(str(model.experiment_id), model.artifact_location)

    def files(self, artifact_uri: str) -> list[tuple[str, int]]:
        """Path and size of each file below an address, sorted.

        Raises:
            NotFound: a server keeps them, and it is not known where.
        """
        with self._asking():
            repository = self._repository(artifact_uri)
            found, folders = [], [""]
            while folders:
                for item in repository.list_artifacts(folders.pop() or None):
                    if item.is_dir:
                        folders.append(item.path)
                    else:
                        found.append((item.path, item.file_size or 0))
        return sorted(found)

    def fetch(self, artifact_uri: str, path: str, folder: Path) -> Path:
        """One file below an address; where it lies on this machine now."""
        with self._asking():
            repository = self._repository(artifact_uri)
            return Path(repository.download_artifacts(path, str(folder)))

    def _repository(self, artifact_uri: str) -> Any:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        if artifact_uri.startswith(SERVED) and not self.is_served:
            if not self._artifacts:
                raise NotFound(
                    f"A server keeps '{artifact_uri}'. Name the server's address as the source, or"
                    " with --artifacts the folder where it keeps its files."
                )
            artifact_uri = f"{self._artifacts}/{artifact_uri.removeprefix(SERVED).lstrip('/')}"
        return get_artifact_repository(artifact_uri, tracking_uri=self.uri)

    def _versions(self, name: str) -> Iterator[Any]:
        quote = '"' if "'" in name else "'"
        yield from self._pages(
            lambda token: self._registry.search_model_versions(
                filter_string=f"name = {quote}{name}{quote}",
                max_results=PAGE,
                order_by=["version_number ASC"],
                page_token=token,
            )
        )

    def _version(self, item: Any) -> ImportedVersion:
        with self._asking():
            location = self._registry.get_model_version_download_uri(item.name, item.version)
        created = item.creation_timestamp or 0
        return ImportedVersion(
            version=int(item.version),
            source=item.source or "",
            location=location or item.source or "",
            run_id=item.run_id or None,
            model_id=item.model_id or None,
            run_link=item.run_link or None,
            description=item.description,
            stage=item.current_stage or "None",
            created_ms=created,
            updated_ms=item.last_updated_timestamp or created,
            tags=dict(item.tags),
        )

    def _existing(self, ask: Callable[[], Any]) -> Any:
        from mlflow.exceptions import MlflowException

        with self._asking():
            try:
                return ask()
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise

    def _pages(self, ask: Callable[[str | None], Any]) -> Iterator[Any]:
        token = None
        while True:
            with self._asking():
                page = ask(token)
            yield from page
            token = page.token
            if not token:
                return

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with mlflow_errors(), _own_credentials(self.uri):
            yield


def run_of(item: Any, experiment_id: int) -> ImportedRun:
    """MLflow's run as one that is brought into an experiment of the workspace."""
    info, data = item.info, item.data
    inputs, outputs = item.inputs, item.outputs
    return ImportedRun(
        run_id=info.run_id,
        experiment_id=experiment_id,
        name=info.run_name or data.tags.get("mlflow.runName") or "",
        user=info.user_id or "",
        status=info.status,
        start_ms=info.start_time,
        end_ms=info.end_time,
        archived=info.lifecycle_stage == "deleted",
        params=dict(data.params),
        tags=dict(data.tags),
        datasets=[_dataset(use) for use in (inputs.dataset_inputs if inputs else ())],
        model_inputs=[use.model_id for use in (inputs.model_inputs if inputs else None) or ()],
        model_outputs={
            made.model_id: made.step for made in (outputs.model_outputs if outputs else ())
        },
    )


def latest_of(item: Any) -> list[tuple[str, str, int, int]]:
    """The latest point of each metric of MLflow's run."""
    metrics = item.data.to_proto().metrics
    return sorted((m.key, repr(m.value), m.timestamp, m.step) for m in metrics)


def logged_model_of(item: Any, experiment_id: int) -> ImportedLoggedModel:
    """MLflow's logged model as one that is brought in."""
    return ImportedLoggedModel(
        model_id=item.model_id,
        experiment_id=experiment_id,
        name=item.name,
        model_type=item.model_type or None,
        source_run_id=item.source_run_id or None,
        status=f"LOGGED_MODEL_{str(item.status).removeprefix('LOGGED_MODEL_')}",
        created_ms=item.creation_timestamp,
        updated_ms=item.last_updated_timestamp,
        params=dict(item.params or {}),
        tags=dict(item.tags or {}),
    )


def model_points(item: Any) -> dict[str, list[ImportedPoint]]:
    """The points of MLflow's logged model by the run that logged them."""
    found: dict[str, list[ImportedPoint]] = {}
    for metric in item.metrics or ():
        point = _point(metric).model_copy(
            update={
                "model_id": item.model_id,
                "dataset_name": metric.dataset_name,
                "dataset_digest": metric.dataset_digest,
            }
        )
        found.setdefault(metric.run_id, []).append(point)
    return found


def _point(metric: Any) -> ImportedPoint:
    return ImportedPoint(
        key=metric.key, value=metric.value, ts_ms=metric.timestamp, step=metric.step or 0
    )


def _dataset(use: Any) -> ImportedDataset:
    dataset = use.dataset
    return ImportedDataset(
        name=dataset.name,
        digest=dataset.digest,
        source_type=dataset.source_type,
        source=dataset.source,
        schema_=dataset.schema,
        profile=dataset.profile,
        tags={tag.key: tag.value for tag in use.tags},
    )


def _found(uri: str) -> str:
    """The tracking URI that is meant, when something of MLflow's is there."""
    scheme = urlsplit(uri).scheme
    if scheme in {"http", "https"}:
        return uri.rstrip("/")
    if scheme == "sqlite":
        path = Path(re.sub(r"^sqlite:(///)?", "", uri))
        if not path.is_file():
            raise NotFound(f"There is no database '{path}'.")
        return uri
    if scheme and scheme != "file" and len(scheme) > 1:
        return uri
    folder = Path(uri.removeprefix("file://")).expanduser()
    if folder.is_file():
        return _found(f"sqlite:///{folder.absolute()}")
    if not folder.is_dir():
        raise NotFound(f"There is no folder '{folder}'.")
    if (folder / "mlflow.db").is_file():
        return f"sqlite:///{(folder / 'mlflow.db').absolute()}"
    for root in (folder, folder / "mlruns"):
        if any(root.glob("*/meta.yaml")):
            return root.absolute().as_uri()
    raise Invalid(f"'{folder}' holds no runs of MLflow: no 'mlflow.db' and no 'mlruns'.")


@contextmanager
def _own_credentials(uri: str) -> Iterator[None]:
    """Let MLflow read folders, and never send the workspace's own token to another server."""
    changes = {
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    before = {name: os.environ.get(name) for name in (*changes, "MLFLOW_TRACKING_TOKEN")}
    ours = os.environ.get("MLWS_TOKEN")
    os.environ.update(changes)
    if ours and before["MLFLOW_TRACKING_TOKEN"] == ours and not _is_here(uri):
        del os.environ["MLFLOW_TRACKING_TOKEN"]
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _is_here(uri: str) -> bool:
    return uri.startswith(os.environ.get("MLWS_URL") or "\0")


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """MLflow's errors as ours."""
    try:
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise PluginMissing(f"MLflow cannot be loaded: {error}.") from None
    try:
        yield
    except MlflowException as error:
        is_theirs = error.error_code in {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"}
        kind = Unavailable if is_theirs else Invalid
        raise kind(f"MLflow says: {error.message}") from error
    except ImportError as error:
        raise PluginMissing(
            f"Databases of MLflow need the whole of it ({error}): pip install mlflow."
        ) from None
