"""An MLflow database and its folder of artifacts, written with MLflow's own library; ids are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.imported import (
    ImportedDataset,
    ImportedExperiment,
    ImportedLoggedModel,
    ImportedModel,
    ImportedPoint,
    ImportedRun,
    ImportedVersion,
)
from jupyter_mlws.sdk.mlflow_source import mlflow_errors

DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"
STATUS = {
    "LOGGED_MODEL_PENDING": 1,
    "LOGGED_MODEL_READY": 2,
    "LOGGED_MODEL_UPLOAD_FAILED": 3,
}
AT_ONCE = {"metrics": 800, "params": 100, "tags": 100}
"""What MLflow takes in one batch: 1,000 of all together."""


class MlflowTarget:
    """A folder with `mlflow.db` and `artifacts/`, made when it is not there.

    Raises:
        Invalid: `folder` is a file.
        PluginMissing: databases need all of `mlflow`, and only `mlflow-skinny` is installed.
    """

    def __init__(self, folder: Path) -> None:
        if folder.is_file():
            raise Invalid(f"'{folder}' is a file: name a folder.")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        uri = f"sqlite:///{self._folder / DATABASE}"
        with mlflow_errors():
            from mlflow.store.model_registry import sqlalchemy_store as registry
            from mlflow.store.tracking import sqlalchemy_store as tracking
            from mlflow.store.tracking.dbmodels import models

            root = (self._folder / ARTIFACTS).as_uri()
            self._tracking: Any = tracking.SqlAlchemyStore(uri, root)  # type: ignore[no-untyped-call]
            self._registry: Any = registry.SqlAlchemyStore(uri)  # type: ignore[no-untyped-call]
            self._rows: Any = models

    def place(self, owner: str) -> Path:
        """Where the files of `<experiment>/<run>` or `<experiment>/models/<model>` lie."""
        return self._folder / ARTIFACTS / owner / "artifacts"

    def run_ids(self, run_ids: Sequence[str]) -> set[str]:
        """Those runs that are there."""
        run = self._rows.SqlRun
        with self._session() as session:
            found = session.query(run.run_uuid).filter(run.run_uuid.in_(run_ids)).all()
        return {run_id for (run_id,) in found}

    def has_experiment(self, experiment_id: str) -> bool:
        """Whether there is an experiment of this id."""
        with self._session() as session:
            row = session.get(self._rows.SqlExperiment, int(experiment_id))
            return row is not None

    def put_experiment(self, given: ImportedExperiment) -> None:
        """Make an experiment or bring it up to date."""
        with self._session() as session:
            session.merge(
                self._rows.SqlExperiment(
                    experiment_id=int(given.experiment_id),
                    name=given.name,
                    artifact_location=(self._folder / ARTIFACTS / given.experiment_id).as_uri(),
                    lifecycle_stage=_stage(given.archived),
                    creation_time=given.created_ms,
                    last_update_time=given.updated_ms,
                )
            )
            for key, value in given.tags.items():
                session.merge(
                    self._rows.SqlExperimentTag(
                        experiment_id=int(given.experiment_id), key=key, value=value
                    )
                )

    def put_run(self, run: ImportedRun, points: Sequence[ImportedPoint]) -> None:
        """Make a run or bring it up to date, with all but files and logged models."""
        from mlflow.entities import (
            DatasetInput,
            InputTag,
            LoggedModelInput,
            LoggedModelOutput,
            Param,
            RunTag,
        )

        with self._session() as session:
            session.merge(
                self._rows.SqlRun(
                    run_uuid=run.run_id,
                    name=run.name,
                    source_type="UNKNOWN",
                    source_name="",
                    entry_point_name="",
                    source_version="",
                    user_id=run.user,
                    status=run.status,
                    start_time=run.start_ms,
                    end_time=run.end_ms,
                    deleted_time=None,
                    lifecycle_stage="active",
                    artifact_uri=self.place(f"{run.experiment_id}/{run.run_id}").as_uri(),
                    experiment_id=run.experiment_id,
                )
            )
        with mlflow_errors():
            self._log(
                run.run_id,
                metrics=[_metric(point, run.run_id) for point in points],
                params=[Param(key, value) for key, value in run.params.items()],
                tags=[RunTag(key, value) for key, value in run.tags.items()],
            )
            datasets = [
                DatasetInput(
                    _dataset(item), [InputTag(key, value) for key, value in item.tags.items()]
                )
                for item in run.datasets
            ]
            models = [LoggedModelInput(model_id) for model_id in run.model_inputs]
            if datasets or models:
                self._tracking.log_inputs(run.run_id, datasets, models)
            known = self._outputs(run.run_id) if run.model_outputs else set()
            made = [
                LoggedModelOutput(name, step)
                for name, step in run.model_outputs.items()
                if name not in known
            ]
            if made:
                self._tracking.log_outputs(run.run_id, made)

    def _outputs(self, run_id: str) -> set[str]:
        """Ids of the logged models that a run made, as far as it is known there."""
        found = self._tracking.get_run(run_id).outputs
        return {item.model_id for item in (found.model_outputs if found else ())}

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        """Mark runs deleted, once all that belongs to them is there."""
        run = self._rows.SqlRun
        with self._session() as session:
            session.query(run).filter(run.run_uuid.in_(run_ids)).update(
                {"lifecycle_stage": "deleted", "deleted_time": 0}, synchronize_session=False
            )

    def put_logged_model(
        self, model: ImportedLoggedModel, points: dict[str, list[ImportedPoint]]
    ) -> None:
        """Make a logged model or bring it up to date; its runs must be there."""
        rows, experiment_id = self._rows, model.experiment_id
        own = {"model_id": model.model_id, "experiment_id": experiment_id}
        with self._session() as session:
            session.merge(
                rows.SqlLoggedModel(
                    **own,
                    name=model.name,
                    artifact_location=self.place(
                        f"{experiment_id}/models/{model.model_id}"
                    ).as_uri(),
                    creation_timestamp_ms=model.created_ms,
                    last_updated_timestamp_ms=model.updated_ms,
                    status=STATUS.get(model.status, 1),
                    lifecycle_stage="active",
                    model_type=model.model_type,
                    source_run_id=model.source_run_id,
                )
            )
            for key, value in model.tags.items():
                session.merge(rows.SqlLoggedModelTag(**own, tag_key=key, tag_value=value))
            for key, value in model.params.items():
                session.merge(rows.SqlLoggedModelParam(**own, param_key=key, param_value=value))
            session.query(rows.SqlLoggedModelMetric).filter_by(model_id=model.model_id).delete()
        with mlflow_errors():
            for run_id, of_run in points.items():
                metrics = [_metric(point, run_id) for point in of_run]
                self._log(run_id, metrics=metrics, params=[], tags=[])

    def put_model(self, model: ImportedModel) -> None:
        """Make a registered model or bring it up to date, with its versions."""
        from mlflow.store.model_registry.dbmodels import models as rows

        own = {"name": model.name}
        if hasattr(rows.SqlRegisteredModel, "workspace"):
            own["workspace"] = "default"
        with self._session() as session:
            session.merge(
                rows.SqlRegisteredModel(
                    **own,
                    creation_time=model.created_ms,
                    last_updated_time=model.updated_ms,
                    description=model.description,
                )
            )
            session.flush()
            for key, value in model.tags.items():
                session.merge(rows.SqlRegisteredModelTag(**own, key=key, value=value))
            for version in model.versions:
                session.merge(self._version(rows, own, version))
                session.flush()
                for key, value in version.tags.items():
                    session.merge(
                        rows.SqlModelVersionTag(
                            **own, version=version.version, key=key, value=value
                        )
                    )
            session.query(rows.SqlRegisteredModelAlias).filter_by(**own).delete()
            for alias, number in model.aliases.items():
                session.merge(
                    rows.SqlRegisteredModelAlias(name=model.name, alias=alias, version=int(number))
                )

    def _version(self, rows: Any, own: dict[str, str], version: ImportedVersion) -> Any:
        return rows.SqlModelVersion(
            **own,
            version=version.version,
            creation_time=version.created_ms,
            last_updated_time=version.updated_ms,
            description=version.description,
            current_stage=version.stage,
            source=self._moved(version.source),
            storage_location=self._moved(version.location),
            run_id=version.run_id,
            run_link=version.run_link,
            status="READY",
        )

    def _moved(self, address: str) -> str:
        """An address among the workspace's artifacts, as it is among those of the folder."""
        scheme, _, path = address.partition(":")
        if scheme != "mlflow-artifacts":
            return address
        return (self._folder / ARTIFACTS / path.strip("/")).as_uri()

    def _log(self, run_id: str, **given: list[Any]) -> None:
        """Log in pieces that MLflow takes."""
        while any(given.values()):
            batch = {kind: items[: AT_ONCE[kind]] for kind, items in given.items()}
            self._tracking.log_batch(run_id, **batch)
            given = {kind: items[AT_ONCE[kind] :] for kind, items in given.items()}

    @contextmanager
    def _session(self) -> Iterator[Any]:
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.orm import Session

        try:
            with mlflow_errors(), Session(self._tracking.engine) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise Invalid(f"'{self._folder / DATABASE}' does not take this: {error}") from error


def _stage(archived: bool) -> str:
    return "deleted" if archived else "active"


def _metric(point: ImportedPoint, run_id: str) -> Any:
    from mlflow.entities import Metric

    return Metric(
        point.key,
        point.value,
        point.ts_ms,
        point.step,
        model_id=point.model_id,
        dataset_name=point.dataset_name,
        dataset_digest=point.dataset_digest,
        run_id=run_id,
    )


def _dataset(item: ImportedDataset) -> Any:
    from mlflow.entities import Dataset

    return Dataset(
        item.name, item.digest, item.source_type, item.source, item.schema_, item.profile
    )
