"""Care of a workspace that no running service can do for it: bring it back from a backup."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from jupyter_mlws.entities.errors import Conflict, Invalid
from jupyter_mlws.sdk import service


@click.command(short_help="Bring a workspace back from a backup.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-w", "--workspace", help="The directory to fill; it must be empty or not be there.")
def restore(file: Path, workspace: str | None) -> None:
    """Fill an empty workspace directory from a backup file, after checking it."""
    folder = service.directory(workspace)
    if service.find(folder):
        raise Conflict(f"A service runs for {folder}: stop it first, 'mlws service stop'.")
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlws.server.restore", str(file.absolute()), str(folder)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Invalid(done.stderr.strip())
    click.echo(f"Restored {file} into {folder}.")
