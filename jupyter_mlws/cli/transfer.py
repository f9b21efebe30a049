"""Runs and models that come from MLflow's own servers, databases and folders, or go there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from jupyter_mlws.cli.commands import answering
from jupyter_mlws.cli.output import show
from jupyter_mlws.entities.imported import ImportReport
from jupyter_mlws.sdk.client import MLClient


@click.command(short_help="Bring in runs and models of MLflow.")
@click.argument("source")
@click.option("--dry-run", is_flag=True, help="Only count what would be brought in.")
@click.option("--no-files", is_flag=True, help="Leave artifacts where they are.")
@click.option("--deep", is_flag=True, help="Bring in again also what looks the same.")
@click.option("--artifacts", help="Where 'mlflow-artifacts:' begins, for a database by itself.")
@answering("table")
def bring_in(
    client: MLClient,
    output: str,
    query: str | None,
    source: str,
    dry_run: bool,
    no_files: bool,
    deep: bool,
    artifacts: str | None,
) -> None:
    """Bring experiments, runs, metrics, artifacts and registered models of MLflow into the workspace.

    SOURCE is a tracking URI (http://host:5000, sqlite:///mlflow.db) or a folder (mlruns). Ids stay
    what they are, and it may be repeated: what is here already does not change.
    """
    from jupyter_mlws.sdk.importing import Import
    from jupyter_mlws.sdk.mlflow_source import MlflowSource

    with Told() as told:
        report = Import(
            client,
            MlflowSource(source, artifacts),
            dry_run=dry_run,
            with_files=not no_files,
            deep=deep,
            progress=told,
        ).run()
    _finish(report, output, query)


@click.command(short_help="Take runs and models out to MLflow.")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only count what would be taken out.")
@click.option("--no-files", is_flag=True, help="Leave artifacts here.")
@answering("table")
def take_out(
    client: MLClient,
    output: str,
    query: str | None,
    target: Path,
    dry_run: bool,
    no_files: bool,
) -> None:
    """Write everything that is tracked here to a folder that MLflow opens by itself.

    TARGET gets mlflow.db and artifacts/; start MLflow on it with
    'mlflow server --backend-store-uri sqlite:///TARGET/mlflow.db'. Ids stay what they are, and it may
    be repeated: what is there already does not change.
    """
    from jupyter_mlws.sdk.exporting import Export

    with Told() as told:
        report = Export(
            client, target, dry_run=dry_run, with_files=not no_files, progress=told
        ).run()
    _finish(report, output, query)


class Told:
    """Shows on the terminal how far a transfer is; silent where nobody looks."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def __call__(self, report: ImportReport) -> None:
        """Write the counts over those before."""
        if self._is_shown:
            done = ", ".join(f"{count.n:,} {count.kind}" for count in report.counts if count.n)
            click.echo(f"\r\x1b[K{done}", nl=False, err=True)

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_shown:
            click.echo(err=True)


def _finish(report: ImportReport, output: str, query: str | None) -> None:
    """Print the report; leave with exit code 1 where something was left out."""
    if output == "table" and not query:
        rows = [
            {
                "kind": count.kind,
                "there": count.n,
                "new": count.n_new,
                "changed": count.n_changed,
                "bytes": count.size_bytes,
            }
            for count in report.counts
        ]
        show(rows, output)
    else:
        show(report.model_dump(mode="json"), output, query)
    for failure in report.failures:
        click.secho("left out: ", fg="red", nl=False, err=True)
        click.echo(failure, err=True)
    if report.failures:
        raise SystemExit(1)
