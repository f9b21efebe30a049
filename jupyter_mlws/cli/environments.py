"""Commands on environments that do more than one call: create from options, build and follow."""

from __future__ import annotations

from typing import Any

import click

from jupyter_mlws.cli.commands import connected, of_registry
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.sdk.assets import send, shipment
from jupyter_mlws.sdk.client import MLClient

NOUN = "environments"


def described(function: Any) -> Any:
    """The options by which an environment is described."""
    for option in reversed(
        [
            click.option("-f", "--file", type=click.Path(), help="Its YAML."),
            click.option("-n", "--name", help="Its name."),
            click.option("-v", "--version", help="Its version; the next number when absent."),
            click.option("-i", "--image", help="A container image or a base image of Azure ML."),
            click.option("-c", "--conda-file", help="A conda file."),
            click.option("-r", "--requirements", help="A requirements file."),
            click.option("--pip", multiple=True, help="A requirement; can be repeated."),
            click.option("--python", help="Version of Python, such as 3.12."),
            click.option("--kernel", help="An installed kernelspec that is used as it is."),
            click.option("-b", "--build-context", help="A folder with a Dockerfile."),
            click.option("-d", "--dockerfile-path", help="The Dockerfile, in the folder."),
            click.option("--os-type", help="linux."),
            click.option("--description", help="What it is."),
            click.option("--tags", multiple=True, metavar="NAME=VALUE", help="A tag."),
            click.option(
                "--from-kernel",
                metavar="KERNELSPEC",
                help="With exactly the packages that this kernel has now.",
            ),
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
    """Create a version from a YAML file or from options. It is made when a job first needs it.

    Equal content under the same version is no error and changes nothing.
    """
    changes = _changes(client, given)
    with shipment(NOUN, given["file"] or {}, changes, [*given["assignments"]]) as (made, origin):
        send(client.transport, made, origin)
        answer = client.transport.call(f"{NOUN}.create_or_update", {"asset": made})
    show(answer, output, query)


@click.command(short_help="Check an environment as create would.")
@described
@of_registry
@connected
def validate(client: MLClient, output: str, query: str | None, **given: Any) -> None:
    """Check an environment as create would, and create nothing. Exit code 1 when it is wrong."""
    changes = _changes(client, given)
    with shipment(NOUN, given["file"] or {}, changes, [*given["assignments"]]) as (made, origin):
        send(client.transport, made, origin)
        answer = client.transport.call(f"{NOUN}.validate", {"asset": made})
        if answer["errors"]:
            raise Invalid.of([Problem(**error) for error in answer["errors"]])
    show(answer, output, query)


@click.command(short_help="Make an environment now.")
@click.option("-n", "--name", required=True, help="Its name, or a curated one.")
@click.option("-v", "--version", help="Its version; the latest when absent.")
@click.option("--stream", is_flag=True, help="Print the log as it grows.")
@connected
def build(
    client: MLClient,
    output: str,
    query: str | None,
    name: str,
    version: str | None,
    stream: bool,
) -> None:
    """Make an environment now, ahead of the first job, and wait for it. Exit code 1 when it cannot be."""
    made = client.environments.build_and_wait(name, version, stream=stream)
    show(made.model_dump(mode="json"), output, query)


def _changes(client: MLClient, given: dict[str, Any]) -> dict[str, Any]:
    build = {"path": given["build_context"], "dockerfile_path": given["dockerfile_path"]}
    build = {key: value for key, value in build.items() if value}
    names = ("name", "version", "image", "conda_file", "requirements", "python", "kernel")
    changes = {name: given[name] for name in (*names, "os_type", "description")}
    changes["pip"] = list(given["pip"]) or None
    changes["build"] = build or None
    changes["tags"] = dict(tag.partition("=")[::2] for tag in given["tags"]) or None
    if kernel := given["from_kernel"]:
        draft = client.transport.call(f"{NOUN}.freeze_kernel", {"kernel": kernel})
        for package in draft["left_out"]:
            click.echo(f"left out: {package} lies on this machine alone", err=True)
        changes |= {"python": draft["python"], "pip": draft["pip"]}
    return changes
