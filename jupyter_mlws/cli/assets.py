"""Commands on assets that do more than one call: create, validate, download. The noun is the group's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from jupyter_mlws.cli.commands import connected, of_registry
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.sdk.assets import send, shipment
from jupyter_mlws.sdk.client import MLClient

NOUNS = {"data": "data", "model": "models", "component": "components"}


def described(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which an asset is described."""
    for option in reversed(
        [
            click.option("-f", "--file", type=click.Path(), help="Its YAML."),
            click.option("-n", "--name", help="Its name."),
            click.option("-v", "--version", help="Its version; the next number when absent."),
            click.option("-p", "--path", help="Its files, from the working directory."),
            click.option("-t", "--type", "type_", help="Its type."),
            click.option("-d", "--description", help="What it is."),
            click.option(
                "--set",
                "assignments",
                multiple=True,
                metavar="A.B=VALUE",
                help="Change a field of the file before it is checked; read as YAML.",
            ),
        ]
    ):
        function = option(function)
    return function


@click.command(short_help="Create a version.")
@described
@of_registry
@connected
def create(client: MLClient, output: str, query: str | None, **given: Any) -> None:
    """Create a version from a YAML file or from options; its files are sent along.

    Equal content under the same version is no error and changes nothing.
    """
    noun, source, changes, assignments = _given(given)
    with shipment(noun, source, changes, assignments) as (document, origin):
        send(client.transport, document, origin)
        made = client.transport.call(f"{noun}.create_or_update", {"asset": document})
    show(made, output, query)


@click.command(short_help="Check an asset as create would.")
@described
@of_registry
@connected
def validate(client: MLClient, output: str, query: str | None, **given: Any) -> None:
    """Check an asset as create would, and create nothing. Exit code 1 when it is wrong."""
    noun, source, changes, assignments = _given(given)
    with shipment(noun, source, changes, assignments) as (document, origin):
        send(client.transport, document, origin)
        answer = client.transport.call(f"{noun}.validate", {"asset": document})
        if answer["errors"]:
            raise Invalid.of([Problem(**error) for error in answer["errors"]])
    show(answer, output, query)


@click.command(short_help="Fetch the files of a version.")
@click.option("-n", "--name", required=True, help="Its name.")
@click.option("-v", "--version", help="Its version; the latest when absent.")
@click.option("-p", "--download-path", type=click.Path(), default=".", show_default=True)
@of_registry
@connected
def download(
    client: MLClient,
    output: str,
    query: str | None,
    name: str,
    version: str | None,
    download_path: str,
) -> None:
    """Fetch the files of a version into a folder."""
    from jupyter_mlws.sdk.assets import download as fetch

    files = fetch(client, _noun(), name, version, Path(download_path))
    show([str(file) for file in files], output, query)


def _noun() -> str:
    parent = click.get_current_context().parent
    return NOUNS[(parent.command.name or "") if parent else ""]


def _given(given: dict[str, Any]) -> tuple[str, Any, dict[str, Any], list[str]]:
    path = given["path"]
    if path and not given["file"] and "://" not in path and not path.startswith("runs:/"):
        path = str(Path(path).absolute())
    changes = {
        "name": given["name"],
        "version": given["version"],
        "path": path,
        "type": given["type_"],
        "description": given["description"],
    }
    return _noun(), given["file"] or {}, changes, list(given["assignments"])
