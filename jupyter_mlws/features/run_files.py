"""The files of a run as one tree: what it logged as artifacts, and the models it logged."""

from __future__ import annotations

from functools import cached_property

from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import ArtifactRow, RunRow

MODEL = "logged_model:"


class RunFiles:
    """One run's files. A model that MLflow keeps beside the run is a folder of its name here.

    Source: Azure ML and MLflow 2 keep a run's models among its artifacts, and addresses such as
    `azureml://jobs/JOB/outputs/artifacts/paths/model/` count on it.
    """

    def __init__(self, ws: Workspace, row: RunRow) -> None:
        self._store = ws.store
        self._row = row

    @cached_property
    def root(self) -> str:
        """Where the run's own artifacts lie under the workspace's artifact root."""
        return f"{self._location(self._row.experiment_id)}/{self._row.run_id}/artifacts"

    @cached_property
    def models(self) -> dict[str, str]:
        """Root of each logged model by the folder it is shown as: its name, or its id on a clash."""
        found: dict[str, str] = {}
        for _, _, target, _ in self._store.edges(f"run:{self._row.run_id}"):
            if not target.startswith(MODEL):
                continue
            model_id = target.removeprefix(MODEL)
            record = self._store.find_record("logged_model", model_id)
            if record is None or record.archived:
                continue
            folder = model_id if record.doc["name"] in found else str(record.doc["name"])
            location = self._location(int(record.doc["experiment_id"]))
            found[folder] = f"{location}/models/{model_id}/artifacts"
        return found

    def items(self, path: str, *, recursive: bool) -> list[tuple[str, ArtifactRow]]:
        """What lies in the folder `path`, each with its path relative to the run."""
        root, inside = self._place(path)
        prefix = "" if root == self.root else f"{path.strip('/').partition('/')[0]}/"
        rows = self._store.list_artifacts(f"{root}/{inside}".rstrip("/"), recursive=recursive)
        found = [(prefix + row.path.removeprefix(f"{root}/"), row) for row in rows]
        if not path.strip("/"):
            found += self._models(recursive, {name for name, _ in found})
        return sorted(found, key=lambda item: item[0])

    def get(self, path: str) -> ArtifactRow:
        """The file at `path`.

        Raises:
            NotFound: there is none.
        """
        root, inside = self._place(path)
        return self._store.get_artifact(f"{root}/{inside}")

    def _models(self, recursive: bool, taken: set[str]) -> list[tuple[str, ArtifactRow]]:
        found = []
        for folder in self.models.keys() - taken:
            if recursive:
                found += self.items(folder, recursive=True)
            else:
                found.append((folder, ArtifactRow(folder, None, 0, self._row.created_ms)))
        return found

    def _place(self, path: str) -> tuple[str, str]:
        """The root that `path` lies under, and the rest of it; own artifacts come first."""
        path = path.strip("/")
        folder, _, rest = path.partition("/")
        if folder in self.models and not self._store.list_artifacts(f"{self.root}/{folder}"):
            return self.models[folder], rest
        return self.root, path

    def _location(self, experiment_id: int) -> str:
        location = self._store.get_experiment(experiment_id).artifact_location
        return location.removeprefix("mlflow-artifacts:").strip("/")
