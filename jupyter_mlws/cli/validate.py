"""`mlws validate FILE`: whatever the file is, its `$schema`, its type or its fields say it."""

from __future__ import annotations

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.sdk.checking import check
from jupyter_mlws.sdk.client import MLClient


@click.command(short_help="Check a file, whatever it describes.")
@click.argument("file", type=click.Path())
@click.option("-n", "--name", help="The name, where the file leaves it out.")
@click.option("-v", "--version", help="The version, where the file leaves it out.")
@click.option("-e", "--endpoint-name", help="The endpoint of a deployment.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="A.B=VALUE",
    help="Change a field before it is checked; read as YAML.",
)
@connected
def validate(
    client: MLClient,
    output: str,
    query: str | None,
    file: str,
    name: str | None,
    version: str | None,
    endpoint_name: str | None,
    assignments: tuple[str, ...],
) -> None:
    """Check any file of Azure ML or of ours as create would; exit code 1 when it is wrong.

    `obstacles` are what a right file asks for and this workspace cannot do.
    """
    changes = {"name": name, "version": version, "endpoint_name": endpoint_name}
    show(check(client, file, changes, list(assignments)), output, query)
