"""What no operation says of itself: commands of our own hand, and how an error leaves."""

from __future__ import annotations

from typing import NoReturn

import click

from jupyter_mlws.entities.errors import MlwsError

ASSETS = ("data", "model", "component")

SPECIAL = {
    **{
        (noun, verb): f"assets:{verb}"
        for noun in ASSETS
        for verb in ("create", "validate", "download")
    },
    **{("environment", verb): f"environments:{verb}" for verb in ("create", "validate", "build")},
    **{
        (noun, verb): f"documents:{verb}"
        for noun in ("datastore", "connection", "registry")
        for verb in ("create", "validate")
    },
    ("data", "import"): "documents:import_",
    ("secret", "set"): "documents:set_secret",
    ("import", "mlflow"): "transfer:bring_in",
    ("export", "mlflow"): "transfer:take_out",
    **{("compute", verb): f"computes:{verb}" for verb in ("create", "attach", "validate")},
    ("job", "create"): "jobs:create",
    ("job", "validate"): "jobs:validate",
    ("job", "stream"): "jobs:stream",
    ("job", "download"): "jobs:download",
    ("job", "reproduce"): "reproduce:reproduce",
    ("pipeline", "convert"): "pipelines:convert",
    ("pipeline", "import-elyra"): "pipelines:import_elyra",
    ("run", "compare"): "runs:compare",
    ("run", "download"): "runs:download",
    ("trigger", "create"): "triggers:create",
    ("webhook", "create"): "triggers:create_webhook",
    ("schedule", "create"): "schedules:create",
    ("schedule", "validate"): "schedules:validate",
    ("service", "start"): "service:start",
    ("service", "stop"): "service:stop",
    ("service", "status"): "service:status",
    ("service", "env"): "service:env",
    ("service", "unit"): "service:unit",
    ("workspace", "restore"): "care:restore",
}
"""Commands of our own hand: where they stand, as `module:function` below `jupyter_mlws.cli`."""

FOR_PROGRAMS = frozenset({"import", "upload"})
"""Nouns whose operations are steps of a command of our own hand."""

HELP = {
    "service": "The workspace's service on this machine: start, stop, find.",
    "import": "Bring in what other tools keep.",
    "export": "Take out what the workspace keeps, for other tools.",
}


def fail(error: MlwsError) -> NoReturn:
    """Say what was wrong, and leave with exit code 1."""
    for problem in error.problems or (error.message,):
        click.secho("error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(str(problem), err=True)
    raise SystemExit(1) from None
