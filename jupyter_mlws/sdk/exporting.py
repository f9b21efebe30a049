"""Taking everything that is tracked in the workspace out into an MLflow database and folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.imported import ImportCount, ImportReport
from jupyter_mlws.sdk import mlflow_source
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.importing import KINDS, Progress
from jupyter_mlws.sdk.mlflow_source import MlflowSource
from jupyter_mlws.sdk.mlflow_target import MlflowTarget
from jupyter_mlws.sdk.transport import HttpTransport


class Export:
    """One way through the workspace, read as any MLflow client reads it; `run` may be repeated.

    Args:
        dry_run: only count what would be taken out.
        with_files: whether artifacts go along.
        progress: is told how far it is, after each item.
    """

    def __init__(
        self,
        client: MLClient,
        folder: Path,
        *,
        dry_run: bool = False,
        with_files: bool = True,
        progress: Progress = lambda report: None,
    ) -> None:
        transport = client.transport
        assert isinstance(transport, HttpTransport), "MLflow's client speaks HTTP"
        self._transport = transport
        self._folder = folder
        self._target = None if dry_run else MlflowTarget(folder)
        self._with_files = with_files
        self._progress = progress
        self._counts = {kind: ImportCount(kind=kind) for kind in KINDS}
        self._report = ImportReport(
            source=transport.url, dry_run=dry_run, counts=list(self._counts.values())
        )

    def run(self) -> ImportReport:
        """Take everything out; answers what there was."""
        with _token(self._transport.token):
            source = MlflowSource(f"{self._transport.url}/mlflow")
            for experiment in source.experiments():
                self._counts["experiments"].n += 1
                if self._target:
                    is_new = not self._target.has_experiment(experiment.experiment_id)
                    self._counts["experiments"].n_new += is_new
                    self._target.put_experiment(experiment)
                self._experiment(source, experiment.experiment_id)
            for model in source.models():
                self._counts["registered models"].n += 1
                if self._target:
                    self._attempt(f"model '{model.name}'", self._target.put_model, model)
                self._progress(self._report)
        return self._report

    def _experiment(self, source: MlflowSource, experiment_id: str) -> None:
        archived: list[str] = []
        for page in source.runs(experiment_id):
            there = self._target.run_ids([i.info.run_id for i in page]) if self._target else set()
            for item in page:
                what = f"run '{item.info.run_name}' ({item.info.run_id})"
                self._counts["runs"].n_new += item.info.run_id not in there
                self._attempt(what, self._run, source, item, int(experiment_id), archived)
        for item in source.logged_models(experiment_id):
            what = f"logged model '{item.name}' ({item.model_id})"
            self._attempt(what, self._logged_model, source, item, int(experiment_id))
        if self._target and archived:
            self._target.delete_runs(archived)

    def _run(
        self, source: MlflowSource, item: Any, experiment_id: int, archived: list[str]
    ) -> None:
        run = mlflow_source.run_of(item, experiment_id)
        keys = [key for key, *_ in mlflow_source.latest_of(item)]
        self._counts["runs"].n += 1
        self._counts["metrics"].n += len(keys)
        if run.archived:
            archived.append(run.run_id)
        if self._target:
            points = [point for key in keys for point in source.points(run.run_id, key)]
            self._target.put_run(run, points)
        self._files(source, item.info.artifact_uri, f"{experiment_id}/{run.run_id}")

    def _logged_model(self, source: MlflowSource, item: Any, experiment_id: int) -> None:
        model = mlflow_source.logged_model_of(item, experiment_id)
        self._counts["logged models"].n += 1
        if self._target:
            self._target.put_logged_model(model, mlflow_source.model_points(item))
        owner = f"{experiment_id}/models/{model.model_id}"
        self._files(source, item.artifact_location, owner)

    def _files(self, source: MlflowSource, artifact_uri: str, owner: str) -> None:
        """Copy the files of a run or logged model that are not there in their size."""
        files = source.files(artifact_uri) if self._with_files else []
        count = self._counts["files"]
        for path, size_bytes in files:
            count.n += 1
            place = self._target.place(owner) / path if self._target else None
            if place is not None and place.is_file() and place.stat().st_size == size_bytes:
                continue
            count.n_new += 1
            count.size_bytes = (count.size_bytes or 0) + size_bytes
            if place is not None:
                with tempfile.TemporaryDirectory(prefix="mlws-export-") as folder:
                    made = source.fetch(artifact_uri, path, Path(folder))
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(made, place)
        self._progress(self._report)

    def _attempt(self, what: str, work: Callable[..., None], *given: Any) -> None:
        """Do one item; what goes wrong with it does not keep others out."""
        try:
            work(*given)
        except MlwsError as error:
            self._report.failures.append(f"{what}: {error.message}")


@contextmanager
def _token(token: str) -> Iterator[None]:
    """Let MLflow's client speak to the workspace as this one does."""
    names: Sequence[str] = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLWS_TOKEN")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ["MLFLOW_TRACKING_TOKEN"] = token
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
