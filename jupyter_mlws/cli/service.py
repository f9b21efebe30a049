"""Commands on the service of a workspace directory on this machine."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from typing import Any

import click

from jupyter_mlws.cli.output import FORMATS, show
from jupyter_mlws.sdk import service

_workspace = click.option("-w", "--workspace", help="The workspace directory [MLWS_WORKSPACE].")
_output = click.option("-o", "--output", type=click.Choice(FORMATS), default="json")
_query = click.option("--query", help="JMESPath expression that picks from the answer.")


@click.command(short_help="Start the service, or find it running.")
@_workspace
@_output
@_query
def start(workspace: str | None, output: str, query: str | None) -> None:
    """Start the service of the workspace, detached, unless it runs already."""
    show(_public(service.ensure(service.directory(workspace))), output, query)


@click.command(short_help="Stop the service.")
@_workspace
@click.option("--force", is_flag=True, help="Also when jobs wait or run; they go on.")
def stop(workspace: str | None, force: bool) -> None:
    """Stop the service. Jobs that run go on, and the next service takes them up."""
    folder = service.directory(workspace)
    stopped = service.stop(folder, force=force)
    click.echo(f"Stopped the service of {folder}." if stopped else f"No service runs for {folder}.")


@click.command(short_help="Whether the service runs, and where.")
@_workspace
@_output
@_query
def status(workspace: str | None, output: str, query: str | None) -> None:
    """Whether the service runs, and where. Exit code 3 when it does not."""
    folder = service.directory(workspace)
    running = service.find(folder)
    if running is None:
        show({"running": False, "workspace": str(folder)}, output, query)
        raise SystemExit(3)
    show({"running": True, **_public(running)}, output, query)


@click.command(short_help="Print the variables that point mlflow and mlws at the service.")
@_workspace
def env(workspace: str | None) -> None:
    """Print export lines: `eval $(mlws service env)` points mlflow and mlws at the workspace."""
    running = service.ensure(service.directory(workspace))
    for name, value in running.env().items():
        click.echo(f"export {name}={shlex.quote(value)}")


@click.command(short_help="Print a systemd unit that keeps the service running.")
@_workspace
def unit(workspace: str | None) -> None:
    r"""Print a systemd user unit, so that schedules fire after a restart of the machine too.

    \b
    mlws service unit > ~/.config/systemd/user/mlws.service
    systemctl --user enable --now mlws
    loginctl enable-linger          # also while nobody is logged in
    """
    folder = service.directory(workspace)
    command = shlex.join(
        [sys.executable, "-m", "jupyter_mlws.server", f"--workspace={folder}", "--idle-timeout=0"]
    )
    click.echo(UNIT.format(folder=folder, command=command))


UNIT = """\
[Unit]
Description=ML workspace {folder}
After=network.target

[Service]
ExecStart={command}
Restart=always
# Jobs outlive the service.
KillMode=process

[Install]
WantedBy=default.target"""


def _public(running: service.Running) -> dict[str, Any]:
    """What may be shown on a screen: all but the token."""
    return {name: value for name, value in asdict(running).items() if name != "token"}
