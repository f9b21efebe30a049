"""Commands on runs that do more than one call: compare, download."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from jupyter_mlws.cli.commands import answering
from jupyter_mlws.cli.output import show
from jupyter_mlws.sdk.artifacts import fetch
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.comparison import Compared, Grid, patch

NARROWEST = 12
"""Least characters of a column."""


@click.command(short_help="How runs differ.")
@click.argument("run_ids", nargs=-1, required=True, metavar="A B …")
@click.option("--metric", help="The metric that the verdict is about.")
@click.option("--all", "everything", is_flag=True, help="What is equal too.")
@click.option("--diff", is_flag=True, help="With the changed lines of code and notebooks.")
@answering("table")
def compare(
    client: MLClient,
    output: str,
    query: str | None,
    run_ids: tuple[str, ...],
    metric: str | None,
    everything: bool,
    diff: bool,
) -> None:
    """How runs differ: verdict, metrics, parameters, code, environment, data, artifacts.

    The first run is the baseline. Only what differs is shown.
    """
    found = Compared.of(client, run_ids, metric)
    if output != "table" or query:
        show(found.state, output, query)
        return
    click.echo("\n".join(found.verdicts))
    for grid in found.grids(everything=everything):
        click.echo(f"\n{grid.title}")
        click.echo("\n".join(_table(grid, found.names)))
    if diff:
        for text in _diffs(client, found, run_ids):
            click.echo(f"\n{text.rstrip()}")


@click.command(short_help="Fetch the files that a run left.")
@click.option("--name", "-n", "run_id", required=True, help="The run's id.")
@click.option(
    "--download-path",
    "-p",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="The folder that gets them.",
)
@click.option("--path", default="", help="Only this file or folder.")
@answering("json")
def download(
    client: MLClient, output: str, query: str | None, run_id: str, target: Path, path: str
) -> None:
    """Fetch the files that a run left, as they lie, into a folder.

    Each is written whole or not at all; what is there already in its size is passed over, so that an
    interrupted download goes on where it was.
    """
    made = fetch(client, run_id, target, path)
    show([str(place) for place in made], output, query)


def _table(grid: Grid, names: list[str]) -> Iterator[str]:
    if grid.rows:
        lines = [["", *names], *grid.rows]
        room = shutil.get_terminal_size((120, 24)).columns
        most = max(NARROWEST, room // len(lines[0]) - 2)
        lines = [[_cut(cell, most) for cell in line] for line in lines]
        widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
        for line in lines:
            yield "  " + "  ".join(map(str.ljust, line, widths)).rstrip()
    elif not grid.notes:
        yield "  no difference"
    yield from (f"  {note}" for note in grid.notes)


def _cut(cell: str, most: int) -> str:
    line = " ".join(cell.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _diffs(client: MLClient, found: Compared, run_ids: tuple[str, ...]) -> Iterator[str]:
    """Each changed text of each run against the baseline."""
    base = run_ids[0]
    for at, other in enumerate(run_ids[1:], start=1):
        for file in found.code.files:
            if file.blobs[at] == file.blobs[0] or file.kind == "binary":
                continue
            pair = {"run_id": base, "other_run_id": other, "path": file.path}
            if file.kind == "text":
                yield client.call("runs.diff_file", **pair).unified
            else:
                cells = patch(client.call("runs.diff_notebook", **pair))
                yield f"--- a/{file.path}\n+++ b/{file.path}\n{cells}"
