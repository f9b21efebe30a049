"""Commands on schedules that do more than one call: create and validate."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.schedules import arranged

TRIGGER = ("start_time", "end_time", "time_zone")


def described(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a schedule is described."""
    for option in reversed(
        [
            click.option("-f", "--file", type=click.Path(), help="The schedule's YAML."),
            click.option("--notebook", type=click.Path(), help="A notebook to run."),
            click.option("--job", type=click.Path(), help="A job's YAML, or azureml:NAME."),
            click.option("--cron", help='Five fields, such as "0 7 * * 1-5".'),
            click.option("--every", metavar="N-UNIT", help="Such as 15-minutes, 1-day or 2-weeks."),
            click.option("--time-zone", help="Such as Asia/Tokyo; UTC when absent."),
            click.option(
                "--start-time", help="ISO 8601; in the time zone unless it has an offset."
            ),
            click.option("--end-time", help="No fire after this moment."),
            click.option("-n", "--name", help="Its name; that of the notebook or job when absent."),
            click.option(
                "-p",
                "--parameter",
                "parameters",
                multiple=True,
                metavar="NAME=VALUE",
                help="Value for an input of the job; read as YAML.",
            ),
            click.option(
                "--missed-runs",
                type=click.Choice(["skip", "latest", "all"]),
                help="What happens to fire times at which the workspace did not run.",
            ),
            click.option(
                "--overlap",
                type=click.Choice(["skip", "queue", "cancel", "allow"]),
                help="What happens when the job before has not ended.",
            ),
            click.option(
                "--jitter-s", type=int, help="Put off each start by up to so many seconds."
            ),
            click.option(
                "--set",
                "assignments",
                multiple=True,
                metavar="A.B=VALUE",
                help="Change a field before it is checked; read as YAML.",
            ),
        ]
    ):
        function = option(function)
    return function


@click.command(short_help="Create a schedule.")
@described
@connected
def create(client: MLClient, output: str, query: str | None, **given: Any) -> None:
    """Create a schedule from a YAML file, or of a notebook or job in one line.

    The code is sent now: later changes of it take part when the schedule is created again.
    """
    source, assignments = _source(given)
    with arranged(client.transport, source, assignments) as (document, git):
        arguments = {"schedule": document, "git": git}
        made = client.transport.call("schedules.create_or_update", arguments)
    show(made, output, query)


@click.command(short_help="Check a schedule as create would.")
@described
@connected
def validate(client: MLClient, output: str, query: str | None, **given: Any) -> None:
    """Check a schedule as create would, and create nothing. Exit code 1 when it is wrong."""
    source, assignments = _source(given)
    with arranged(client.transport, source, assignments) as (document, _):
        answer = client.transport.call("schedules.validate", {"schedule": document})
        if answer["errors"]:
            raise Invalid.of([Problem(**error) for error in answer["errors"]])
    show(answer, output, query)


def _source(given: dict[str, Any]) -> tuple[Any, list[str]]:
    inputs = [f"create_job.inputs.{parameter}" for parameter in given["parameters"]]
    assignments = [*inputs, *given["assignments"]]
    if given["name"]:
        assignments.append(f"name={given['name']}")
    changes = {
        "missed_runs.policy": given["missed_runs"],
        "overlap": given["overlap"],
        "jitter_s": given["jitter_s"],
        **{f"trigger.{name}": given[name] for name in TRIGGER},
    }
    assignments += [f"{name}={value}" for name, value in changes.items() if value is not None]
    chosen = [name for name in ("file", "notebook", "job") if given[name]]
    if len(chosen) != 1:
        raise click.UsageError("Give one of --file, --notebook and --job.")
    if given["file"]:
        if given["cron"] or given["every"]:
            raise click.UsageError("--cron and --every go with --notebook or --job.")
        return given["file"], assignments
    path = given[chosen[0]]
    if given["notebook"]:
        job: dict[str, Any] = {"type": "notebook", "notebook": path}
    else:
        job = {"job": path}
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(path).stem).strip("-_") or "schedule"
    return {"name": name, "trigger": _trigger(given), "create_job": job}, assignments


def _trigger(given: dict[str, Any]) -> dict[str, Any]:
    if bool(given["cron"]) == bool(given["every"]):
        raise click.UsageError("Give either --cron or --every.")
    if given["cron"]:
        return {"type": "cron", "expression": given["cron"]}
    found = re.fullmatch(r"(\d+)[- ]?(minute|hour|day|week|month)s?", given["every"].lower())
    if not found:
        raise click.UsageError(f"'{given['every']}' is not of the form 15-minutes, 1-day, 2-weeks.")
    return {"type": "recurrence", "interval": int(found[1]), "frequency": found[2]}
