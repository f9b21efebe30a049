"""Commands on jobs that do more than one call: create, validate, stream, download."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.cli.own import fail
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.yaml import dump
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.jobs import JobFailed, submission


@click.command(short_help="Submit a job.")
@click.option("-f", "--file", type=click.Path(), help="The job's YAML.")
@click.option("--notebook", type=click.Path(), help="A notebook to run, in place of a file.")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value for the notebook's cell tagged `parameters`; read as YAML.",
)
@click.option("-n", "--name", help="Name of the job; made up when absent.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="A.B=VALUE",
    help="Change a field of the file before it is checked; read as YAML.",
)
@click.option("-s", "--stream", is_flag=True, help="Print the log until the job ends.")
@click.option("--web", is_flag=True, help="Show the job in the browser.")
@click.option("-a", "--save-as", type=click.Path(), help="Write the created job to this YAML file.")
@click.option("--skip-validation", is_flag=True, help="Leave the checks to the workspace.")
@connected
def create(
    client: MLClient,
    output: str,
    query: str | None,
    file: str | None,
    notebook: str | None,
    parameters: tuple[str, ...],
    name: str | None,
    assignments: tuple[str, ...],
    stream: bool,
    web: bool,
    save_as: str | None,
    skip_validation: bool,
) -> None:
    """Submit a job from a YAML file or a notebook.

    With --stream the log is printed until the job ends; the exit code is 0 only when it completed.
    """
    source, changes = _source(file, notebook, parameters)
    given = [*changes, *assignments, *([f"name={name}"] if name else [])]
    with submission(source, {}, check=not skip_validation, assignments=given) as made:
        made.send(client.transport)
        job = client.transport.call(
            "jobs.create_or_update", {"job": made.document, "git": made.git}
        )
    if save_as:
        Path(save_as).write_text(dump(job), encoding="utf-8")
    if web:
        webbrowser.open(job["services"]["Studio"]["endpoint"])
    if not stream:
        show(job, output, query)
        return
    follow(client, job["name"])


@click.command(short_help="Check a job as create would.")
@click.option("-f", "--file", type=click.Path(), required=True, help="The job's YAML.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="A.B=VALUE",
    help="Change a field before it is checked.",
)
@connected
def validate(
    client: MLClient, output: str, query: str | None, file: str, assignments: tuple[str, ...]
) -> None:
    """Check a job as create would, and create nothing. Exit code 1 when it is wrong."""
    with submission(file, {}, check=True, assignments=list(assignments)) as made:
        made.send(client.transport)
        answer = client.transport.call("jobs.validate", {"job": made.document})
        if answer["errors"]:
            raise Invalid.of([_problem(error) for error in answer["errors"]])
    show(answer, output, query)


@click.command(short_help="Print a job's log as it grows.")
@click.option("-n", "--name", required=True, help="Name of the job.")
@connected
def stream(client: MLClient, output: str, query: str | None, name: str) -> None:
    """Print a job's log until it ends. Ctrl+C ends the printing, not the job."""
    follow(client, name)


@click.command(short_help="Fetch what a job left.")
@click.option("-n", "--name", required=True, help="Name of the job.")
@click.option("-p", "--download-path", type=click.Path(), default=".", show_default=True)
@click.option("--output-name", help="Only this named output.")
@click.option("--all", "everything", is_flag=True, help="Artifacts and all named outputs.")
@connected
def download(
    client: MLClient,
    output: str,
    query: str | None,
    name: str,
    download_path: str,
    output_name: str | None,
    everything: bool,
) -> None:
    """Fetch artifacts and outputs of an ended job into a folder."""
    files = client.jobs.download(
        name, download_path=download_path, output_name=output_name, all=everything
    )
    show([str(path) for path in files], output, query)


def _source(
    file: str | None, notebook: str | None, parameters: tuple[str, ...]
) -> tuple[Any, list[str]]:
    if (file is None) == (notebook is None):
        raise click.UsageError("Give either --file or --notebook.")
    if file:
        return file, [f"inputs.{parameter}" for parameter in parameters]
    source = {"type": "notebook", "notebook": notebook}
    return source, [f"inputs.{parameter}" for parameter in parameters]


def follow(client: MLClient, name: str) -> None:
    """Print the log of a job until it ends; the exit code tells whether it completed."""
    try:
        client.jobs.stream(name)
    except JobFailed as failed:
        fail(failed)
    except KeyboardInterrupt:
        click.echo(f"\nThe job goes on: mlws job stream -n {name}", err=True)
        raise SystemExit(130) from None


def _problem(error: dict[str, Any]) -> Any:
    from jupyter_mlws.entities.errors import Problem

    return Problem(**error)
