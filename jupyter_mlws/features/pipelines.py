"""Pipelines: drawn while they are written, followed and resumed while they run."""

from __future__ import annotations

from typing import Literal

from jupyter_mlws.entities.errors import Conflict, Invalid
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.pipeline import Converted, Graph, StepView
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import records
from jupyter_mlws.execution.attempt import again
from jupyter_mlws.execution.families import Families
from jupyter_mlws.execution.pipelines import drawing, elyra
from jupyter_mlws.execution.pipelines import steps as standing
from jupyter_mlws.execution.pipelines.exporting import conversion, submitted
from jupyter_mlws.execution.pipelines.exporting.conversion import Format
from jupyter_mlws.execution.pipelines.exporting.submitted import BundleFormat
from jupyter_mlws.features.archiving import Entry, as_zip
from jupyter_mlws.features.operations import Stream, operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record

ENDED = (Status.FAILED, Status.CANCELED, Status.COMPLETED)


@operation("jobs/read")
def draw(
    ws: Workspace, text: str, files: dict[str, str] | None = None, file: str | None = None
) -> Graph:
    """The graph of a pipeline's YAML, also of one that is wrong: steps, ports, edges, problems.

    Args:
        text: the document.
        files: text of the components and notebooks that it names, by the path as it names them; those that
            are named and not here are answered as `missing`.
        file: name of the document, for the problems.
    Raises:
        Invalid: it is no YAML.
    """
    return drawing.draft(text, files or {}, ws.dispatcher.desk, file)


@operation("jobs/read")
def convert(
    ws: Workspace,
    text: str,
    format: Format,
    files: dict[str, str] | None = None,
    file: str | None = None,
) -> Converted:
    """A pipeline's YAML for others: Azure ML's YAML, or a Python script that makes the same pipeline.

    Args:
        text: the document.
        format: `azureml` or `python`.
        files: text of the components and notebooks that it names, by the path as it names them.
        file: name of the document.
    Raises:
        Invalid: it is no pipeline that could run, with its problems.
    """
    return conversion.converted(text, files or {}, format, ws.dispatcher.desk, file)


@operation("jobs/read")
def import_elyra(ws: Workspace, text: str, file: str | None = None) -> Converted:
    """The YAML of a pipeline that was drawn with Elyra; it is to lie beside the `.pipeline` file.

    Args:
        text: the `.pipeline` file.
        file: its name.
    Raises:
        Invalid: it is no such file, or has nodes that are neither notebooks nor scripts.
    """
    return elyra.converted(text, file or "untitled.pipeline")


@operation("jobs/read")
def get(ws: Workspace, name: str) -> Graph:
    """The graph of a pipeline job as it was submitted.

    Raises:
        NotFound: there is no such job.
        Invalid: it is no pipeline.
    """
    record = records.get(ws.store, name)
    _check_pipeline(record)
    return drawing.drawn(record.doc["spec"], ws.dispatcher.desk)


@operation("jobs/read")
def export(ws: Workspace, name: str, format: BundleFormat = "yaml") -> Stream:
    """A pipeline job as it was submitted, with the code, components and data it came with, as a zip.

    Args:
        format: `yaml` that starts the same job again, `azureml` for Azure ML, or a `python` script.
    Raises:
        NotFound: there is no such job, or a file that it came with is gone.
        Invalid: it is no pipeline.
    """
    record = records.get(ws.store, name)
    _check_pipeline(record)
    made = submitted.bundle(
        record.doc["spec"], name, format, ws.store, ws.blobs, ws.dispatcher.desk
    )
    then = record.created_ms
    entries = [Entry(path, text.encode(), then) for path, text in made.texts.items()]
    entries += [Entry(path, file.blob, then, file.executable) for path, file in made.kept.items()]
    return Stream(as_zip(ws.blobs, entries), f"{name}.zip", "application/zip")


@operation("jobs/read")
def list_steps(ws: Workspace, name: str) -> list[StepView]:
    """How each step of a pipeline job stands, and why, in the order in which they can run.

    Raises:
        NotFound: there is no such job, or it is no pipeline.
    """
    with ws.followed.of(name, ws.store, ws.blobs, ws.url) as reading:
        return standing.steps(reading.families, name, reading.why)


@operation("jobs/write")
def resume(
    ws: Workspace,
    name: str,
    step: str | None = None,
    scope: Literal["from", "only", "until"] = "from",
) -> Job:
    """Start a new attempt of an ended pipeline job; what has completed is kept.

    Args:
        step: where to begin; without one, all steps that failed or did not start.
        scope: `from` the step on, `only` the step, or `until` it: what it needs and lacks.
    Raises:
        NotFound: there is no such job or step.
        Conflict: the job has not ended, or there is nothing to do.
    """
    found = standing.progress(Families(ws.store, ws.blobs, ws.url), name)
    status = found.family.job.status
    if status not in ENDED or (step is None and status is Status.COMPLETED):
        why = "has completed" if status is Status.COMPLETED else f"is {status.value}"
        raise Conflict(f"Job '{name}' {why}: name a step, of a pipeline that has ended.")
    keys, limit = standing.chosen(found, step, scope) if step else (None, None)
    wanted = None if keys is None else standing.jobs_of(found, keys)
    if not again(
        ws.store,
        name,
        ws.principal.name,
        ws.action,
        of=status,
        children=wanted,
        chosen=None if limit is None else sorted(limit),
    ):
        raise Conflict(f"Job '{name}' has moved on: look again.")
    ws.dispatcher.wake()
    return records.load(ws.store, ws.url, name)


def _check_pipeline(record: Record) -> None:
    if record.doc["spec"]["type"] != "pipeline":
        raise Invalid.field("name", f"job '{record.name}' is no pipeline.")
