"""Commands that create triggers and webhooks from files."""

from __future__ import annotations

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.described import described
from jupyter_mlws.sdk.schedules import arranged_trigger

_set = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="A.B=VALUE",
    help="Change a field of the file before it is checked; read as YAML.",
)


@click.command(short_help="Create a trigger.")
@click.option("-f", "--file", type=click.Path(), required=True, help="The trigger's YAML.")
@_set
@connected
def create(
    client: MLClient, output: str, query: str | None, file: str, assignments: tuple[str, ...]
) -> None:
    """Create a trigger by call or by event. The token of a new HTTP trigger is shown this once."""
    with arranged_trigger(client.transport, file, [*assignments]) as (document, git):
        arguments = {"trigger": document, "git": git}
        made = client.transport.call("triggers.create_or_update", arguments)
    show(made, output, query)


@click.command(short_help="Create a webhook.")
@click.option("-f", "--file", type=click.Path(), required=True, help="The webhook's YAML.")
@_set
@connected
def create_webhook(
    client: MLClient, output: str, query: str | None, file: str, assignments: tuple[str, ...]
) -> None:
    """Create a webhook: CloudEvents by HTTP, a message in Slack or Teams, or a mail."""
    with described("webhooks", file, assignments=[*assignments]) as document:
        made = client.transport.call("webhooks.create_or_update", {"webhook": document})
    show(made, output, query)
