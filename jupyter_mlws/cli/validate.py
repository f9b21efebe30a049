"""`mlws validate FILE`: whatever the file is, its `$schema` or its type says it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.asset import COMPONENTS
from jupyter_mlws.entities.datastore import TYPES as DATASTORES
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.job_types import SPECS
from jupyter_mlws.entities.mltable import FILE, table_spec
from jupyter_mlws.sdk.assets import send, shipment
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.described import ARGUMENTS, described
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.jobs import submission
from jupyter_mlws.sdk.schedules import arranged

NOUNS = {
    "data": "data",
    "model": "models",
    "environment": "environments",
    **{f"{kind}component": "components" for kind in COMPONENTS},
    **{f"{kind}job": "jobs" for kind in SPECS},
    **{f"{kind.replace('_', '')}": "datastores" for kind in DATASTORES},
    "connection": "connections",
    "workspaceconnection": "connections",
    "dataimport": "imports",
    "mltable": "mltable",
    "schedule": "schedules",
    "monitorschedule": "schedules",
}
"""What the last segment of a `$schema` stands for."""

DOCUMENTS = {
    "datastores": ("datastores", "validate"),
    "connections": ("connections", "validate"),
    "imports": ("data", "validate_import"),
}
"""What a document alone describes: the noun and verb that check it."""

TYPES = {
    **dict.fromkeys(("uri_file", "uri_folder", "mltable"), "data"),
    **dict.fromkeys(("custom_model", "mlflow_model", "triton_model"), "models"),
    **dict.fromkeys(SPECS, "jobs"),
    **dict.fromkeys(DATASTORES, "datastores"),
}


ENVIRONMENT = {"image", "conda_file", "build", "pip", "requirements"}
"""Fields of which an environment has one; it has no type."""


@click.command(short_help="Check a file, whatever it describes.")
@click.argument("file", type=click.Path())
@connected
def validate(client: MLClient, output: str, query: str | None, file: str) -> None:
    """Check a file of any kind as create would. Exit code 1 when it is wrong."""
    noun = noun_of(file)
    if noun == "mltable":
        table_spec(Path(file).read_bytes(), file)
        show({"passed": True, "errors": [], "warnings": []}, output, query)
        return
    if noun in DOCUMENTS:
        kind, verb = DOCUMENTS[noun]
        with described(kind, file) as document:
            answer = client.transport.call(f"{kind}.{verb}", {ARGUMENTS[kind]: document})
            if answer["errors"]:
                raise Invalid.of([Problem(**error) for error in answer["errors"]])
        show(answer, output, query)
        return
    if noun == "schedules":
        with arranged(client.transport, file) as (schedule, _):
            _finish(client, noun, {"schedule": schedule}, output, query)
    elif noun == "jobs":
        with submission(file, {}, check=True) as made:
            made.send(client.transport)
            _finish(client, "jobs", {"job": made.document}, output, query)
    else:
        with shipment(noun, file) as (document, origin):
            send(client.transport, document, origin)
            _finish(client, noun, {"asset": document}, output, query)


def noun_of(file: str) -> str:
    """The noun that a file is of: by the last segment of its `$schema`, or by its type.

    Raises:
        Invalid: neither says it.
    """
    document, _ = read(file)
    schema, kind = document.data.get("$schema"), document.data.get("type")
    if Path(file).name == FILE:
        return "mltable"
    if not isinstance(schema, str) and "source" in document.data:
        return "imports"
    if isinstance(schema, str):
        segment = re.sub(r"(\.schema)?\.json$", "", schema.rpartition("/")[2], flags=re.IGNORECASE)
        if (noun := NOUNS.get(segment.lower())) is None:
            problem = Problem(f"'{segment}' is nothing that can be checked here.", "$schema")
            raise Invalid.of([document.located(problem)])
        return noun
    if isinstance(kind, str) and kind in TYPES:
        return TYPES[kind]
    if ENVIRONMENT & set(document.data) and "command" not in document.data:
        return "environments"
    if "trigger" in document.data:
        return "schedules"
    problem = Problem("neither `$schema` nor `type` says what this file is.")
    raise Invalid.of([document.located(problem)])


def _finish(
    client: MLClient, noun: str, arguments: dict[str, Any], output: str, query: str | None
) -> None:
    answer = client.transport.call(f"{noun}.validate", arguments)
    if answer["errors"]:
        raise Invalid.of([Problem(**error) for error in answer["errors"]])
    show(answer, output, query)
