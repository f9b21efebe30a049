"""Bringing runs and models of an MLflow server, database or folder into the workspace."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.imported import (
    ImportCount,
    ImportedModel,
    ImportedPoint,
    ImportedRun,
    ImportedVersion,
    ImportReport,
)
from jupyter_mlws.entities.run import Experiment, special_float
from jupyter_mlws.sdk import mlflow_source
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.mlflow_source import MlflowSource

POINTS = 5000
"""Most points of one call."""
FILES = 200
"""Most files of one call."""
KINDS = ("experiments", "runs", "metrics", "files", "logged models", "registered models")
Progress = Callable[[ImportReport], None]


class Import:
    """One way through a source; `run` may be repeated and then changes nothing.

    What is the same as when it was last brought in is passed over: a run is looked at by its status,
    times, params, tags, latest metrics and the sizes of its files.

    Args:
        dry_run: only count what would be brought in.
        with_files: whether artifacts come too.
        deep: bring everything in again, also what looks the same.
        progress: is told how far it is, after each item.
    """

    def __init__(
        self,
        client: MLClient,
        source: MlflowSource,
        *,
        dry_run: bool = False,
        with_files: bool = True,
        deep: bool = False,
        progress: Progress = lambda report: None,
    ) -> None:
        self._client = client
        self._source = source
        self._dry_run = dry_run
        self._with_files = with_files
        self._deep = deep
        self._progress = progress
        counts = {kind: ImportCount(kind=kind) for kind in KINDS}
        counts["files"].size_bytes = 0
        self._counts = counts
        self._report = ImportReport(
            source=source.uri, dry_run=dry_run, counts=list(counts.values())
        )
        self._locations: dict[str, str] = {}

    def run(self) -> ImportReport:
        """Bring everything in; answers what there was and what of it was new."""
        for experiment in self._source.experiments():
            known = self._known([f"experiment:{experiment.name}"])
            name = f"experiment:{experiment.name}"
            # Every source has a `Default` of its own age: what is here already takes only their tags.
            own = {"experiment_id", "created_ms", "updated_ms", "archived"}
            digest = _digest(experiment, leave_out=own)
            is_new = self._count("experiments", known.get(name), digest)
            here = None
            if not self._dry_run:
                made: Experiment = self._client.call(
                    "imports.put_experiment", experiment=_plain(experiment)
                )
                here = int(made.experiment_id)
                self._locations[experiment.experiment_id] = made.artifact_location.rstrip("/")
                if is_new:
                    self._finish(name, digest)
            self._progress(self._report)
            for page in self._source.runs(experiment.experiment_id):
                self._runs(page, here)
            self._logged_models(experiment.experiment_id, here)
        for model in self._source.models():
            self._attempt(f"model '{model.name}'", self._model, model)
        return self._report

    # Runs
    def _runs(self, page: Sequence[Any], here: int | None) -> None:
        known = self._known([f"run:{item.info.run_id}" for item in page])
        for item in page:
            what = f"run '{item.info.run_name}' ({item.info.run_id})"
            self._attempt(what, self._run, item, here, known)

    def _run(self, item: Any, here: int | None, known: dict[str, str]) -> None:
        run = mlflow_source.run_of(item, here or 0)
        name = f"run:{run.run_id}"
        files = self._files_of(item.info.artifact_uri)
        latest = mlflow_source.latest_of(item)
        digest = _digest(run, latest, files, leave_out={"experiment_id"})
        is_new = self._count("runs", known.get(name), digest)
        self._counts["metrics"].n += len(latest)
        self._count_files(files, is_new=is_new)
        if is_new:
            self._counts["metrics"].n_new += len(latest)
            if not self._dry_run:
                self._put_run(run, [key for key, *_ in latest], item.info.artifact_uri, files)
                self._finish(name, digest)
        self._progress(self._report)

    def _put_run(
        self, run: ImportedRun, keys: list[str], artifact_uri: str, files: list[tuple[str, int]]
    ) -> None:
        self._client.call("imports.put_run", run=_plain(run))
        waiting: list[ImportedPoint] = []
        for key in keys:
            waiting += self._source.points(run.run_id, key)
            while len(waiting) >= POINTS:
                self._log(run.run_id, waiting[:POINTS])
                del waiting[:POINTS]
        self._log(run.run_id, waiting)
        self._put_files(f"run:{run.run_id}", artifact_uri, files)

    def _log(self, run_id: str, points: Sequence[ImportedPoint]) -> None:
        if points:
            self._client.call("imports.log", run_id=run_id, points=[_plain(p) for p in points])

    # Logged models
    def _logged_models(self, experiment_id: str, here: int | None) -> None:
        for item in self._source.logged_models(experiment_id):
            what = f"logged model '{item.name}' ({item.model_id})"
            self._attempt(what, self._logged_model, item, here)

    def _logged_model(self, item: Any, here: int | None) -> None:
        model = mlflow_source.logged_model_of(item, here or 0)
        points = mlflow_source.model_points(item)
        files = self._files_of(item.artifact_location)
        name = f"logged_model:{model.model_id}"
        plain = [[_plain(point) for point in of_run] for of_run in points.values()]
        digest = _digest(model, plain, files, leave_out={"experiment_id"})
        is_new = self._count("logged models", self._known([name]).get(name), digest)
        self._count_files(files, is_new=is_new)
        if is_new and not self._dry_run:
            self._client.call("imports.put_logged_model", model=_plain(model))
            for run_id, of_run in points.items():
                self._log(run_id, of_run)
            self._put_files(name, item.artifact_location, files)
            self._finish(name, digest)
        self._progress(self._report)

    # Registered models
    def _model(self, model: ImportedModel) -> None:
        name, digest = f"model:{model.name}", _digest(model)
        is_new = self._count("registered models", self._known([name]).get(name), digest)
        if is_new and not self._dry_run:
            versions = [self._moved(version) for version in model.versions]
            moved = model.model_copy(update={"versions": versions})
            self._client.call("imports.put_model", model=_plain(moved))
            self._finish(name, digest)
        self._progress(self._report)

    def _moved(self, version: ImportedVersion) -> ImportedVersion:
        """A version whose files are looked for where they lie here."""
        changes = {"source": version.source, "location": version.location}
        for there, here in self._moves(version):
            for field, address in changes.items():
                if f"{address}/".startswith(f"{there}/"):
                    changes[field] = f"{here}{address.removeprefix(there)}"
        return version.model_copy(update=changes)

    def _moves(self, version: ImportedVersion) -> Iterator[tuple[str, str]]:
        """Where the files of the version's run and logged model lay, and where they lie here."""
        if version.run_id and (place := self._source.run_place(version.run_id)):
            location = self._locations[place.experiment_id]
            yield place.artifact_uri, f"{location}/{version.run_id}/artifacts"
        if version.model_id and (place := self._source.model_place(version.model_id)):
            location = self._locations[place.experiment_id]
            yield place.artifact_uri, f"{location}/models/{version.model_id}/artifacts"

    # Files
    def _files_of(self, artifact_uri: str) -> list[tuple[str, int]]:
        return self._source.files(artifact_uri) if self._with_files else []

    def _put_files(self, owner: str, artifact_uri: str, files: list[tuple[str, int]]) -> None:
        for start in range(0, len(files), FILES):
            with tempfile.TemporaryDirectory(prefix="mlws-import-") as folder:
                places = {
                    path: self._source.fetch(artifact_uri, path, Path(folder))
                    for path, _ in files[start : start + FILES]
                }
                self._send_files(owner, places)

    def _send_files(self, owner: str, places: dict[str, Path]) -> None:
        blobs = {path: _hash(place) for path, place in places.items()}
        said = [{"path": path, "blob": blob} for path, blob in blobs.items()]
        by_blob = {blob: places[path] for path, blob in blobs.items()}
        for blob in self._client.call("imports.put_files", owner=owner, files=said):
            self._client.transport.put_blob(blob, by_blob.pop(blob))
        if len(by_blob) < len(set(blobs.values())):
            self._client.call("imports.put_files", owner=owner, files=said)

    # What is known
    def _known(self, names: list[str]) -> dict[str, str]:
        known = self._client.call("imports.known", names=names) if names else {}
        return dict(known)

    def _count(self, kind: str, known: str | None, digest: str) -> bool:
        """Count an item; whether it is to be brought in."""
        count = self._counts[kind]
        count.n += 1
        count.n_new += known is None
        count.n_changed += known not in {None, digest}
        return known != digest or self._deep

    def _count_files(self, files: list[tuple[str, int]], *, is_new: bool) -> None:
        count = self._counts["files"]
        count.n += len(files)
        if is_new:
            count.n_new += len(files)
            count.size_bytes = (count.size_bytes or 0) + sum(size for _, size in files)

    def _finish(self, name: str, digest: str) -> None:
        self._client.call("imports.finish", name=name, digest=digest)

    def _attempt(self, what: str, work: Callable[..., None], *given: Any) -> None:
        """Do one item; what goes wrong with it does not keep others out."""
        try:
            work(*given)
        except MlwsError as error:
            self._report.failures.append(f"{what}: {error.message}")


def _plain(entity: BaseModel) -> dict[str, Any]:
    """The entity as JSON, in which there is neither NaN nor infinity."""
    plain = entity.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(entity, ImportedPoint):
        plain["value"] = special_float(entity.value)
    return plain


def _digest(entity: BaseModel, *more: Any, leave_out: Iterable[str] = ()) -> str:
    plain = {key: value for key, value in _plain(entity).items() if key not in set(leave_out)}
    return hashlib.sha256(orjson.dumps([plain, *more], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
