"""Environments side by side: what was recorded with a job, or saved with a model."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_mlws.entities.comparison import EnvironmentComparison, Why
from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.execution import packages
from jupyter_mlws.execution.environments.choice import Choice
from jupyter_mlws.features.comparing.subjects import Subject, union, value_row
from jupyter_mlws.store.base import Doc

SAVED = ("requirements.txt", "conda.yaml", "conda.yml", "python_env.yaml")
"""Files that MLflow saves with a model, the fullest first."""
LARGEST = 1_000_000


def compare(runs: Sequence[Subject]) -> EnvironmentComparison:
    """Environment, Python and packages of runs."""
    found = [recorded(run) for run in runs]
    why: dict[str, Why] = {
        run.run_id: "no_packages" for run, facts in zip(runs, found, strict=True) if facts is None
    }
    known = [facts or {} for facts in found]
    lists = [facts.get("packages", {}) for facts in known]
    return EnvironmentComparison(
        missing=why,
        facts=[
            value_row("environment", [_name(run) for run in runs]),
            value_row("python", [facts.get("python") for facts in known]),
            value_row("platform", [facts.get("platform") for facts in known]),
        ],
        packages=[value_row(name, [listed.get(name) for listed in lists]) for name in union(lists)],
    )


def recorded(run: Subject) -> Doc | None:
    """`python`, `platform`, `packages` of a run; None where nobody knows."""
    digest = (run.doc or {}).get("packages")
    record = run.ws.store.find_record(packages.KIND, digest) if digest else None
    return record.doc if record else _saved(run)


def _saved(run: Subject) -> Doc | None:
    """What the files say that a model was saved with."""
    merged: Doc = {}
    for name in SAVED:
        for path, row in run.artifacts.items():
            if path.rpartition("/")[2] != name or row.size_bytes > LARGEST:
                continue
            try:
                text = run.ws.blobs.get(row.blob or "").decode("utf-8", "replace")
            except NotFound:
                continue
            facts = packages.parsed(text, name)
            merged = {
                **facts,
                **merged,
                "packages": {**facts["packages"], **merged.get("packages", {})},
            }
            break
    return merged or None


def _name(run: Subject) -> str | None:
    used = (run.doc or {}).get("environment")
    return Choice.of_doc(used).label if used else ("default" if run.doc else None)
