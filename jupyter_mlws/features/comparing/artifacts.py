"""Files that runs left, side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from jupyter_mlws.entities.comparison import ArtifactComparison, ArtifactRow, Why
from jupyter_mlws.features.comparing.subjects import Subject, differ, union

MOST = 2000
IMAGES = re.compile(r"\.(png|jpe?g|gif|svg|webp|bmp)$", re.IGNORECASE)
TABLES = re.compile(r"\.(csv|tsv|parquet)$", re.IGNORECASE)
TEXTS = re.compile(
    r"(^|/)(MLmodel|README|LICENSE|Dockerfile)$"
    r"|\.(txt|log|md|json|ya?ml|py|toml|cfg|ini|html|xml|sh|r|jl|sql)$",
    re.IGNORECASE,
)

Kind = Literal["image", "table", "text", "notebook", "other"]


def compare(runs: Sequence[Subject]) -> ArtifactComparison:
    """Files of runs by path; those that differ come first when there are too many."""
    rows = [_row(path, runs) for path in union([run.artifacts for run in runs])]
    kept = sorted(rows, key=lambda row: not row.differs)[:MOST] if len(rows) > MOST else rows
    why: dict[str, Why] = {run.run_id: "no_artifacts" for run in runs if not run.artifacts}
    return ArtifactComparison(
        missing=why,
        artifacts=sorted(kept, key=lambda row: (row.path.lower(), row.path)),
        n_artifacts=len(rows),
    )


def kind_of(path: str) -> Kind:
    """How a file can be looked at, by its name."""
    if IMAGES.search(path):
        return "image"
    if TABLES.search(path):
        return "table"
    if path.endswith(".ipynb"):
        return "notebook"
    return "text" if TEXTS.search(path) else "other"


def _row(path: str, runs: Sequence[Subject]) -> ArtifactRow:
    found = [run.artifacts.get(path) for run in runs]
    blobs = [row.blob if row else None for row in found]
    return ArtifactRow(
        path=path,
        kind=kind_of(path),
        blobs=blobs,
        sizes=[row.size_bytes if row else None for row in found],
        differs=differ(blobs),
    )
