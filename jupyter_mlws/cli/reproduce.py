"""`mlws job reproduce`: run a job again as it was, and hold the result against the original."""

from __future__ import annotations

import click

from jupyter_mlws.cli.commands import connected
from jupyter_mlws.cli.output import show
from jupyter_mlws.sdk.client import MLClient


@click.command(short_help="Run a job again as it was, and compare.")
@click.option("-n", "--name", required=True, help="Name of the job.")
@click.option("--dry-run", is_flag=True, help="Only tell what will be the same, and what cannot.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the end and the comparison.")
@connected
def reproduce(
    client: MLClient, output: str, query: str | None, name: str, dry_run: bool, no_wait: bool
) -> None:
    """Run a job again with the same code, environment, data versions and parameters.

    Then compare with the original: metrics bit for bit, files by hash. Exit code 1 when they differ.
    """
    plan = client.call("jobs.plan_reproduction", name=name)
    if dry_run:
        show(plan.model_dump(mode="json"), output, query)
        return
    for item in plan.items:
        mark = "same   " if item.same else "DIFFERS"
        click.echo(f"{mark}  {item.what}: {item.detail}", err=True)
    job = client.call("jobs.reproduce", name=name)
    if no_wait:
        show(job.model_dump(mode="json"), output, query)
        return
    click.echo(f"Running as {job.name} …", err=True)
    client.jobs.wait(job.name)
    found = client.call("jobs.get_reproduction", name=job.name)
    click.echo(found.summary, err=True)
    show(found.model_dump(mode="json"), output, query)
    if not found.identical:
        raise SystemExit(1)
