"""Commands on files of pipelines: written for others, taken from others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.errors import Conflict, Invalid, Problem
from jupyter_mlws.entities.pipeline import Converted
from jupyter_mlws.sdk.client import MLClient


def _options(function: Any) -> Any:
    target = click.option(
        "--to",
        type=click.Path(path_type=Path),
        help="Where it is written; beside the file if absent.",
    )
    force = click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
    file = click.option(
        "-f", "--file", type=click.Path(path_type=Path), required=True, help="The pipeline's file."
    )
    return file(target(force(function)))


@click.command(short_help="Write a pipeline as Azure ML YAML or as Python.")
@_options
@click.option("--format", type=click.Choice(["azureml", "python"]), required=True)
@connected
def convert(
    client: MLClient,
    output: str,
    query: str | None,
    file: Path,
    to: Path | None,
    overwrite: bool,
    format: str,
) -> None:
    """Write a pipeline's YAML as Azure ML reads it, or as a Python script that makes the same pipeline.

    What has no word there is translated, or told as a warning and at the top of the file.
    """
    text = _read(file)
    files: dict[str, str] = {}
    while True:
        graph = client.call("pipelines.draw", text=text, files=files, file=file.name)
        new = [path for path in graph.missing if path not in files and _is_there(file, path)]
        if not new:
            break
        files |= {path: _read(file.parent / path) for path in new}
    made = client.call("pipelines.convert", text=text, format=format, files=files, file=file.name)
    _write(made, file, to, overwrite, output, query)


@click.command(short_help="Make a pipeline's YAML of a .pipeline file of Elyra.")
@_options
@connected
def import_elyra(
    client: MLClient, output: str, query: str | None, file: Path, to: Path | None, overwrite: bool
) -> None:
    """Make a pipeline's YAML of a `.pipeline` file of Elyra: its notebooks and scripts in their order.

    Environment variables become inputs of the pipeline.
    """
    made = client.call("pipelines.import_elyra", text=_read(file), file=file.name)
    _write(made, file, to, overwrite, output, query)


def _is_there(file: Path, path: str) -> bool:
    return (file.parent / path).is_file()


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid.of([Problem(f"cannot be read: {error}", file=str(file))]) from None


def _write(
    made: Converted, file: Path, to: Path | None, overwrite: bool, output: str, query: str | None
) -> None:
    target = to or file.with_name(made.file)
    if target.exists() and not overwrite:
        raise Conflict(f"'{target}' is there already: say --overwrite or --to another.")
    target.write_text(made.text, "utf-8")
    for warning in made.warnings:
        click.echo(f"warning: {warning}", err=True)
    show({"path": str(target), "warnings": made.warnings}, output, query)
