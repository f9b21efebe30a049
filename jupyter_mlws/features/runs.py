"""Runs: search, look into, change."""

from __future__ import annotations

from typing import Literal

from jupyter_mlws.entities.comparison import (
    ArtifactComparison,
    Changes,
    CodeComparison,
    Comparison,
    DataComparison,
    EnvironmentComparison,
    FileDiff,
    NotebookDiff,
    Table,
    TableDiff,
)
from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.record import Page, from_ms
from jupyter_mlws.entities.run import Artifact, Run, Series, Status, special_float
from jupyter_mlws.entities.run_set import (
    ExportFormat,
    ParamImportance,
    RunColumns,
    RunFolder,
    RunGroup,
)
from jupyter_mlws.features import exporting, run_sets
from jupyter_mlws.features.archiving import Entry, as_zip
from jupyter_mlws.features.comparing import (
    artifacts,
    code,
    data,
    environments,
    notebooks,
    tables,
    verdict,
)
from jupyter_mlws.features.comparing.subjects import pair, subjects
from jupyter_mlws.features.deletion import delete_run
from jupyter_mlws.features.importance import importances
from jupyter_mlws.features.operations import Download, Stream, operation
from jupyter_mlws.features.run_files import RunFiles
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import RunQuery, RunRow


@operation("runs/read")
def list_(
    ws: Workspace,
    filter: str = "",
    order_by: list[str] | None = None,
    experiment_ids: list[int] | None = None,
    view: Literal["active", "archived", "all"] = "active",
    max_results: int = 100,
    page_token: str | None = None,
) -> Page[Run]:
    """Runs that match a filter.

    Args:
        filter: such as `metrics.auc > 0.9 and params.model = "gbm"` (MLflow's grammar).
        order_by: such as `metrics.auc DESC`; newest first when empty.
        experiment_ids: only runs of these experiments; of all when absent.
    """
    query = RunQuery(
        experiment_ids=experiment_ids,
        filter=filter,
        order_by=order_by or (),
        view=view,
        max_results=max_results,
        page_token=page_token,
    )
    rows, token = ws.store.search_runs(query)
    return Page[Run](items=[view_of(ws, row) for row in rows], next_page_token=token)


@operation("runs/read")
def get(ws: Workspace, run_id: str) -> Run:
    """One run with its latest metrics, params and tags."""
    return view_of(ws, ws.store.get_run(run_id))


@operation("runs/write")
def update(
    ws: Workspace,
    run_id: str,
    name: str | None = None,
    tags: dict[str, str] | None = None,
    drop_tags: list[str] | None = None,
) -> Run:
    """Rename a run, set and drop tags."""
    ws.require_run(run_id)
    with ws.change(f"run:{run_id}", name=name, tags=sorted(tags or ())) as tx:
        if name is not None:
            tx.update_run(run_id, name=name)
        if tags or drop_tags:
            tx.log(run_id, tags=tags or {}, drop_tags=drop_tags or ())
    return get(ws, run_id)


@operation("runs/write")
def archive(ws: Workspace, run_id: str) -> Run:
    """Hide a run from lists."""
    return _set_archived(ws, run_id, True)


@operation("runs/write")
def restore(ws: Workspace, run_id: str) -> Run:
    """Show an archived run in lists again."""
    return _set_archived(ws, run_id, False)


@operation("runs/delete")
def delete(ws: Workspace, run_id: str) -> None:
    """Delete an archived run for good, with its metrics and files; the event of it stays.

    Raises:
        NotFound: there is no such run.
        Conflict: it is not archived, its job has not ended, or a registered model needs its files.
    """
    delete_run(ws, run_id)


@operation("runs/read")
def list_metrics(ws: Workspace, run_ids: list[str]) -> list[str]:
    """Names of the metrics that any of the runs has."""
    return ws.store.metric_keys(run_ids)


@operation("runs/read")
def series(
    ws: Workspace,
    run_ids: list[str],
    keys: list[str],
    max_points: int = 1000,
    start_step: int | None = None,
    end_step: int | None = None,
) -> list[Series]:
    """The points of metrics over steps, thinned so that spikes stay.

    Args:
        max_points: most points of each series, at most 20,000.
    """
    found = []
    for run_id in run_ids:
        for key in keys:
            total, points = ws.store.series(
                run_id,
                key,
                max_points=min(max_points, 20_000),
                start_step=start_step,
                end_step=end_step,
            )
            if total:
                found.append(
                    Series(
                        run_id=run_id,
                        key=key,
                        n_points=total,
                        steps=[point.step for point in points],
                        times_ms=[point.ts_ms for point in points],
                        values=[special_float(point.value) for point in points],
                    )
                )
    return found


@operation("runs/read")
def columns(
    ws: Workspace,
    columns: list[str],
    filter: str = "",
    experiment_ids: list[int] | None = None,
    view: Literal["active", "archived", "all"] = "active",
    max_results: int = 1000,
) -> RunColumns:
    """Values of a few columns of many runs, as charts over runs need them.

    Args:
        columns: such as `metrics.auc`, `params.lr`, `tags.team`; keys as they are, without quotes.
        max_results: most runs, the newest; at most 10,000.
    """
    query = RunQuery(experiment_ids, filter, view=view, max_results=max_results, with_data=False)
    return run_sets.columns(ws.store, query, columns)


@operation("runs/read")
def group(
    ws: Workspace,
    by: str,
    filter: str = "",
    metrics: list[str] | None = None,
    experiment_ids: list[int] | None = None,
    view: Literal["active", "archived", "all"] = "active",
) -> list[RunGroup]:
    """All runs that match a filter in groups, the largest first, with mean, least and greatest of metrics.

    Args:
        by: such as `params.model`, `tags.team`, `attributes.user`, `attributes.status`.
        metrics: names of at most 40 metrics.
    """
    query = RunQuery(experiment_ids, filter, view=view)
    return run_sets.groups(ws.store, query, by, metrics or [])


@operation("runs/read")
def list_folders(ws: Workspace) -> list[RunFolder]:
    """Folders that runs were moved to, by path. A run's folder is its tag `mlws.folder`."""
    return run_sets.folders(ws.store)


@operation("runs/read")
def importance(
    ws: Workspace,
    metric: str,
    filter: str = "",
    experiment_ids: list[int] | None = None,
    view: Literal["active", "archived", "all"] = "active",
    max_results: int = 2000,
) -> list[ParamImportance]:
    """How much of a metric each param explains by itself (epsilon squared of its ranks), most first.

    Args:
        metric: its name, such as `auc`.
        max_results: most runs that are looked at, the newest; at most 10,000.
    """
    query = RunQuery(experiment_ids, filter, view=view, max_results=max_results)
    return importances(*run_sets.explained(ws.store, query, metric))


@operation("runs/read")
def export(
    ws: Workspace,
    format: ExportFormat = "csv",
    filter: str = "",
    run_ids: list[str] | None = None,
    order_by: list[str] | None = None,
    experiment_ids: list[int] | None = None,
    view: Literal["active", "archived", "all"] = "active",
) -> Stream:
    """Runs as a file, each a row with all it logged; or a notebook that loads them.

    Args:
        filter: as of `list`.
        run_ids: only these, at most 1000.
        order_by: as of `list`.
    """
    query = RunQuery(
        experiment_ids, run_sets.chosen(filter, run_ids), order_by or (), "all" if run_ids else view
    )
    if format == "notebook":
        ws.store.count_runs(query)
        given = {
            "filter": filter,
            "run_ids": run_ids,
            "order_by": order_by,
            "experiment_ids": experiment_ids,
            "view": None if view == "active" else view,
        }
        pieces = exporting.as_notebook(given)
        return Stream(pieces, "runs.ipynb", "application/x-ipynb+json")
    table = exporting.Table(ws, query)
    if format == "csv":
        return Stream(exporting.as_csv(table), "runs.csv", "text/csv")
    return Stream(exporting.as_parquet(table), "runs.parquet", "application/vnd.apache.parquet")


@operation("runs/read")
def list_artifacts(
    ws: Workspace, run_id: str, path: str = "", recursive: bool = False
) -> list[Artifact]:
    """Files and folders that a run left, in one folder or in all below it; its models among them."""
    files = RunFiles(ws, ws.store.get_run(run_id, with_data=False))
    return [
        Artifact(
            path=name,
            is_dir=row.blob is None,
            size_bytes=None if row.blob is None else row.size_bytes,
        )
        for name, row in files.items(path, recursive=recursive)
    ]


@operation("runs/read")
def read_artifact(ws: Workspace, run_id: str, path: str) -> Download:
    """One file that a run left."""
    row = RunFiles(ws, ws.store.get_run(run_id, with_data=False)).get(path)
    return Download(ws.blobs.path(row.blob or ""), path.rpartition("/")[2])


@operation("runs/read")
def download_artifacts(ws: Workspace, run_id: str, path: str = "") -> Stream:
    """The files that a run left, in one folder and all below it, as one zip archive.

    Args:
        path: the folder, or one file; everything when empty.
    Raises:
        NotFound: there is nothing.
    """
    row = ws.store.get_run(run_id, with_data=False)
    files = RunFiles(ws, row)
    found = [item for item in files.items(path, recursive=True) if item[1].blob is not None]
    if not found:
        if not path.strip("/"):
            raise NotFound(f"Run '{run_id}' left no files.")
        found = [(path.strip("/"), files.get(path))]
    name = path.strip("/").rpartition("/")[2] or row.name or run_id
    entries = [Entry(path, row.blob or "", row.modified_ms) for path, row in found]
    return Stream(as_zip(ws.blobs, entries), f"{name}.zip", "application/zip")


@operation("runs/read")
def read_table(ws: Workspace, run_id: str, path: str, offset: int = 0, limit: int = 200) -> Table:
    """Rows of a table that a run left: CSV, TSV, Parquet, or JSON as `mlflow.log_table` writes it.

    Args:
        offset: rows to pass over.
        limit: most rows, at most 1000.
    Raises:
        Invalid: it is no table, or too large to be looked into.
    """
    row = RunFiles(ws, ws.store.get_run(run_id, with_data=False)).get(path)
    table = tables.TableFile(ws.blobs.path(row.blob or ""), path)
    return table.page(max(0, offset), min(max(1, limit), tables.MOST_ROWS))


@operation("runs/read")
def compare(
    ws: Workspace,
    run_ids: list[str],
    metric: str | None = None,
    goal: Literal["maximize", "minimize"] | None = None,
) -> Comparison:
    """How runs differ: verdicts, metrics and parameters. The first run is the baseline.

    Args:
        run_ids: 2 to 20 runs.
        metric: the metric that stands for a run; one of held-out data when absent.
        goal: what is better of that metric; told by its name when absent.
    """
    return verdict.compare(subjects(ws, run_ids), metric, goal)


@operation("runs/read")
def changes(ws: Workspace, run_id: str) -> Changes:
    """What changed since the run of the same source (notebook, script, command) before this one."""
    return verdict.changes(ws, run_id)


@operation("runs/read")
def compare_code(ws: Workspace, run_ids: list[str]) -> CodeComparison:
    """Commands, git states and files of the code of runs, with the count of changed lines."""
    return code.compare(subjects(ws, run_ids))


@operation("runs/read")
def compare_environments(ws: Workspace, run_ids: list[str]) -> EnvironmentComparison:
    """Python and packages that runs ran with."""
    return environments.compare(subjects(ws, run_ids))


@operation("runs/read")
def compare_data(ws: Workspace, run_ids: list[str]) -> DataComparison:
    """What runs read, with versions, rows and columns where they are known."""
    return data.compare(subjects(ws, run_ids))


@operation("runs/read")
def compare_artifacts(ws: Workspace, run_ids: list[str]) -> ArtifactComparison:
    """Files that runs left, by path, with sizes and hashes."""
    return artifacts.compare(subjects(ws, run_ids))


@operation("runs/read")
def diff_file(
    ws: Workspace,
    run_id: str,
    other_run_id: str,
    path: str,
    of: Literal["code", "artifacts"] = "code",
) -> FileDiff:
    """A text file of two runs, line by line.

    Args:
        run_id: the baseline.
        of: where the file lies.
    """
    return code.diff(*pair(ws, run_id, other_run_id), path, in_code=of == "code")


@operation("runs/read")
def diff_notebook(
    ws: Workspace,
    run_id: str,
    other_run_id: str,
    path: str | None = None,
    of: Literal["code", "artifacts"] = "code",
) -> NotebookDiff:
    """A notebook of two runs, cell by cell and output by output.

    Args:
        run_id: the baseline.
        path: of the notebook; the executed notebooks when absent.
        of: where the notebook lies.
    """
    in_code = path is not None and of == "code"
    return notebooks.diff(*pair(ws, run_id, other_run_id), path, in_code=in_code)


@operation("runs/read")
def diff_table(
    ws: Workspace, run_id: str, other_run_id: str, path: str, limit: int = 200
) -> TableDiff:
    """A table that two runs left, with the cells that differ.

    Args:
        run_id: the baseline.
        limit: most rows that are answered, at most 1000.
    Raises:
        Invalid: it is no table, or too large.
    """
    files = [
        tables.TableFile(run.ws.blobs.path(run.files.get(path).blob or ""), path)
        for run in pair(ws, run_id, other_run_id)
    ]
    return tables.compare(files[0], files[1], min(max(1, limit), tables.MOST_ROWS))


def view_of(ws: Workspace, row: RunRow) -> Run:
    """The run as the workspace answers it."""
    return Run(
        run_id=row.run_id,
        experiment_id=str(row.experiment_id),
        experiment_name=ws.store.get_experiment(row.experiment_id).name,
        name=row.name,
        type=row.type,
        status=Status(row.status),
        user=row.user,
        parent_run_id=row.parent_id,
        archived=row.archived,
        created_at=from_ms(row.created_ms),
        started_at=None if row.start_ms is None else from_ms(row.start_ms),
        ended_at=None if row.end_ms is None else from_ms(row.end_ms),
        metrics={point.key: special_float(point.value) for point in row.metrics},
        params=dict(row.params),
        tags=dict(row.tags),
    )


def _set_archived(ws: Workspace, run_id: str, archived: bool) -> Run:
    ws.require_run(run_id)
    with ws.change(f"run:{run_id}", archived=archived) as tx:
        tx.update_run(run_id, archived=archived)
    return get(ws, run_id)
