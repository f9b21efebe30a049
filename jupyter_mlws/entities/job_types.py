"""The job types that ship with the package."""

from __future__ import annotations

from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.import_job import ImportJob
from jupyter_mlws.entities.job import CommandJob, JobSpec, NotebookJob
from jupyter_mlws.entities.parallel import ParallelJob
from jupyter_mlws.entities.pipeline import PipelineJob
from jupyter_mlws.entities.sweep import SweepJob

SPECS: dict[str, type[JobSpec]] = {
    "automl": AutoMLJob,
    "command": CommandJob,
    "import": ImportJob,
    "notebook": NotebookJob,
    "parallel": ParallelJob,
    "pipeline": PipelineJob,
    "sweep": SweepJob,
}
"""By the `type` that a document says."""
