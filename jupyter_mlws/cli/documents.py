"""Commands on what a document describes (datastores, connections, imports), and on secrets."""

from __future__ import annotations

import sys
from typing import Any

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.jobs import follow
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.described import ARGUMENTS, described

NOUNS = {
    "datastore": "datastores",
    "connection": "connections",
    "registry": "registries",
    "data": "data",
}


def _file(function: Any) -> Any:
    assign = click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="A.B=VALUE",
        help="Change a field of the file before it is checked; read as YAML.",
    )
    name = click.option("-n", "--name", help="Its name, in place of the file's.")
    file = click.option("-f", "--file", type=click.Path(), required=True, help="Its YAML.")
    return file(name(assign(function)))


@click.command(short_help="Create it, or put another in its place.")
@_file
@connected
def create(
    client: MLClient,
    output: str,
    query: str | None,
    file: str,
    name: str | None,
    assignments: tuple[str, ...],
) -> None:
    """Create it from a YAML file, or put another in its place. Credentials are sealed, and never shown."""
    noun = _noun()
    with described(noun, file, {"name": name}, list(assignments)) as document:
        made = client.transport.call(f"{noun}.create_or_update", {ARGUMENTS[noun]: document})
    show(made, output, query)


@click.command(short_help="Check a file as create would.")
@_file
@connected
def validate(
    client: MLClient,
    output: str,
    query: str | None,
    file: str,
    name: str | None,
    assignments: tuple[str, ...],
) -> None:
    """Check a file as create would, and create nothing. Exit code 1 when it is wrong."""
    noun = _noun()
    with described(noun, file, {"name": name}, list(assignments)) as document:
        answer = client.transport.call(f"{noun}.validate", {ARGUMENTS[noun]: document})
        if answer["errors"]:
            raise Invalid.of([Problem(**error) for error in answer["errors"]])
    show(answer, output, query)


@click.command(short_help="Bring data in from a database or another storage.")
@_file
@click.option("-v", "--version", help="Version of the data; the next number when absent.")
@click.option("-s", "--stream", is_flag=True, help="Print the log until the job ends.")
@connected
def import_(
    client: MLClient,
    output: str,
    query: str | None,
    file: str,
    name: str | None,
    version: str | None,
    assignments: tuple[str, ...],
    stream: bool,
) -> None:
    """Bring in what a data import file describes: a job, which makes a new version of data.

    With --stream the log is printed until the job ends; the exit code is 0 only when it completed.
    """
    changes = {"name": name, "version": version}
    with described("data", file, changes, list(assignments)) as document:
        made = client.transport.call("data.import_data", {"data_import": document})
    if stream:
        follow(client, made["name"])
    else:
        show(made, output, query)


@click.command(short_help="Keep a secret, or replace its value.")
@click.argument("name")
@click.option("-d", "--description", help="What it is for.")
@connected
def set_secret(
    client: MLClient, output: str, query: str | None, name: str, description: str | None
) -> None:
    """Keep a secret under a name, or replace its value.

    The value is asked for, or read from standard input where that is no terminal: a command line can be read
    by everybody on the machine.
    """
    if sys.stdin.isatty():
        value = click.prompt("Value", hide_input=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n")
    given = {"name": name, "value": value, "description": description}
    said = {key: item for key, item in given.items() if item is not None}
    show(client.transport.call("secrets.set", said), output, query)


def _noun() -> str:
    parent = click.get_current_context().parent
    return NOUNS[(parent.command.name or "") if parent else ""]
