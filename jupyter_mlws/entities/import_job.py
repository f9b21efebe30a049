"""Jobs that bring data in, and how a data import becomes one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import model_validator

from jupyter_mlws.entities.connection import DataImport, FileSource, Source
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.job import JobSpec
from jupyter_mlws.entities.scalars import fold

OUTPUT = "data"
"""The one output of an import."""
SERVERS = {
    **dict.fromkeys(("azuresqldb", "azuresynapseanalytics", "snowflake"), "database"),
    "s3": "file_system",
}
"""What the sources of Azure ML's import jobs are here."""


class ImportJob(JobSpec):
    """Bring in rows of a database, or files of another storage.

    Source: the import job of Azure ML v2, which says `output` for its one output.
    """

    type: Literal["import"] = "import"
    source: Source

    @model_validator(mode="before")
    @classmethod
    def _as_azure_says(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        value, source = dict(value), value.get("source")
        if isinstance(source, dict):
            kind = fold(source.get("type", "database"))
            value["source"] = {**source, "type": SERVERS.get(str(kind).replace("_", ""), kind)}
        if "output" in value and "outputs" not in value:
            value["outputs"] = {OUTPUT: value.pop("output")}
        return value

    @model_validator(mode="after")
    def _complete(self) -> ImportJob:
        if set(self.outputs) != {OUTPUT}:
            raise ValueError(f"an import has one output, `{OUTPUT}`")
        for name in ("environment", "code", "inputs"):
            if getattr(self, name):
                raise ValueError(f"an import runs in the service's own Python and has no {name}")
        return self


def job_of(spec: DataImport) -> dict[str, Any]:
    """The job that does what a data import asks for; its output becomes the version."""
    is_typed = "type" in spec.model_fields_set
    type_ = "uri_folder" if isinstance(spec.source, FileSource) and not is_typed else spec.type
    output = {
        "type": type_,
        "name": spec.name,
        "version": spec.version,
        "path": spec.path,
        "description": spec.description,
        "tags": spec.tags or None,
        "properties": spec.properties or None,
    }
    return {
        "type": "import",
        "display_name": f"import {spec.name}",
        "source": spec.source.model_dump(mode="json", exclude_none=True),
        "outputs": {OUTPUT: {key: value for key, value in output.items() if value is not None}},
    }


def as_said(error: Invalid) -> Invalid:
    """What is wrong with the job of a data import, in the fields of the import."""
    prefix = f"outputs.{OUTPUT}."
    return Invalid.of(
        [replace(item, field=item.field.removeprefix(prefix)) for item in error.problems]
    )
