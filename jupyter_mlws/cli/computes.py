"""Commands on computes that read a file: create, attach, validate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.described import described as shipment


def described(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a compute is described."""
    for option in reversed(
        [
            click.option("-f", "--file", type=click.Path(), help="Its YAML."),
            click.option("-n", "--name", help="Its name."),
            click.option("-t", "--type", "type", help="local, amlcompute, computeinstance, …"),
            click.option("--slots", type=click.INT, help="How many jobs run at the same time."),
            click.option("--memory", help="Of all its jobs together, such as 16g."),
            click.option("--max-instances", type=click.INT, help="Of an amlcompute."),
            click.option("--size", help="Accepted as Azure ML has it; without meaning here."),
            click.option("--description", help="What it is."),
            click.option("--set", "assignments", multiple=True, metavar="A.B=VALUE"),
        ]
    ):
        function = option(function)
    return function


def _command(verb: str, text: str) -> click.Command:
    @click.command(short_help=text.partition("\n")[0], help=text)
    @described
    @connected
    def run(
        client: MLClient,
        output: str,
        query: str | None,
        file: str | None,
        assignments: tuple[str, ...],
        **changes: Any,
    ) -> None:
        with shipment("computes", file or {}, changes, [*assignments]) as document:
            answer = client.transport.call(f"computes.{verb}", {"compute": document})
            if answer.get("errors"):
                raise Invalid.of([Problem(**error) for error in answer["errors"]])
        for warning in answer.get("warnings", ()):
            click.echo(f"warning: {warning}", err=True)
        show(answer, output, query)

    return run


create = _command(
    "create_or_update",
    "Create a compute from a YAML file or from options, or change it.\n\nComputes of Azure ML become"
    " slots on this machine, and a warning says so.",
)
attach = _command("attach", "Make a compute of another installed engine one of the workspace's.")
validate = _command("validate", "Check a compute as create would; exit code 1 when it is wrong.")
