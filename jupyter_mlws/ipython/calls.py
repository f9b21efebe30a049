"""What a notebook can ask of its workspace, each call the twin of a `%mlws` magic."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.yaml import parse
from jupyter_mlws.ipython.comparison import RunComparison
from jupyter_mlws.ipython.display import AssetList, EnvironmentCard, JobCard, RunCard
from jupyter_mlws.ipython.table_source import is_frame, write_parquet
from jupyter_mlws.sdk import service
from jupyter_mlws.sdk.builders import notebook
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.comparison import Compared
from jupyter_mlws.sdk.jobs import raise_for, with_components

if TYPE_CHECKING:
    from jupyter_mlws.entities.run import Run
    from jupyter_mlws.ipython.automl_wizard import AutoMLWizard
    from jupyter_mlws.ipython.chart import LiveChart
    from jupyter_mlws.ipython.form import JobForm
    from jupyter_mlws.ipython.leaderboard import TrialBoard
    from jupyter_mlws.ipython.run_frame import RunFrame

T = TypeVar("T")
PAGE = 1000
"""So many runs are asked for at a time."""


def client() -> MLClient:
    """The workspace of this kernel: the one that `MLWS_URL` names, else the user's own."""
    return _client(os.environ.get("MLWS_URL"), os.environ.get("MLWS_TOKEN"))


@lru_cache(maxsize=4)
def _client(url: str | None, token: str | None) -> MLClient:
    return MLClient(url=url, token=token)


def runs(
    filter: str = "", *, order_by: list[str] | None = None, max_results: int = 1000
) -> RunFrame:
    """Runs of the workspace as a pandas DataFrame, newest first unless ordered otherwise.

    Its columns are `run_id`, `name`, `status`, `started_at` …, and one for each metric, param and tag:
    `metrics.auc`, `params.lr`, `tags.team`.

    Args:
        filter: such as `metrics.auc > 0.9 and params.model = "gbm"` (MLflow's grammar).
        order_by: such as `["metrics.auc DESC"]`.
        max_results: how many at most.
    Raises:
        Invalid: the filter or the order is wrong, or `max_results` is not positive.
    """
    from jupyter_mlws.ipython.run_frame import RunFrame

    found: list[Run] = []
    token = None
    while True:
        page = client().call(
            "runs.list",
            filter=filter,
            order_by=order_by or [],
            max_results=min(max_results - len(found), PAGE),
            page_token=token,
        )
        found += page.items
        token = page.next_page_token
        if token is None or len(found) >= max_results:
            return RunFrame.of(found)


def chart(runs: Any, metric: str, *, log: bool = False) -> LiveChart:
    """A chart of a metric that follows runs until they have ended.

    Args:
        runs: a run or job, or some: ids, cards, or what `runs` answered; at most 20.
        log: whether the values are drawn on a logarithmic axis.
    Raises:
        NotFound: there is no such run.
    """
    from jupyter_mlws.ipython.chart import LiveChart, run_ids_of

    return LiveChart(client(), run_ids_of(runs), metric, log=log)


def compare(*run_ids: str, metric: str | None = None) -> RunComparison:
    """How runs differ: verdict, metrics, parameters, code, environment, data, artifacts.

    Args:
        run_ids: 2 to 20 runs; the first is the baseline.
        metric: the metric that the verdict is about.
    Raises:
        Invalid: there are too few or too many runs, or one is named twice.
        NotFound: there is no such run.
    """
    return RunComparison(Compared.of(client(), run_ids, metric))


def job(
    path: str | os.PathLike[str],
    inputs: Mapping[str, Any] | None = None,
    *,
    wait: bool = False,
    **fields: Any,
) -> JobCard:
    """Run a notebook as a job; answers a card that shows how it stands.

    Args:
        inputs: values for its cell tagged `parameters`.
        wait: come back only when it has ended.
        fields: further fields of the job, such as `experiment_name` or `environment`.
    Raises:
        Invalid: an input is wrong or unknown; nothing was started.
        JobFailed: it did not complete, and `wait` was given.
    """
    made = client().jobs.create_or_update(notebook(path, inputs=dict(inputs or {}), **fields))
    card = JobCard(client(), made)
    return card.wait() if wait else card


def pipeline(
    text: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    check: bool = False,
    wait: bool = False,
    experiment_name: str | None = None,
) -> JobCard | None:
    """Run a pipeline that is written in YAML: `submit` for a text that need not say its type."""
    return submit(
        text, inputs, type="pipeline", check=check, wait=wait, experiment_name=experiment_name
    )


def submit(
    text: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    type: str | None = None,
    data: Mapping[str, Any] | None = None,
    check: bool = False,
    wait: bool = False,
    experiment_name: str | None = None,
) -> JobCard | None:
    """Run a job that is written in YAML; answers a card that shows how it stands.

    Args:
        text: the YAML; paths in it start at the working directory.
        inputs: values in the place of its own.
        type: of the job, such as `automl`, where the text does not say it.
        data: tables of this kernel by the input that takes them, or `training_data`; each becomes
            the next version of the data of that name.
        check: start nothing; answers None when it is right.
        wait: come back only when it has ended.
        experiment_name: experiment of its run.
    Raises:
        Invalid: with the line of all that is wrong; nothing was started.
        JobFailed: it did not complete, and `wait` was given.
    """
    document = parse(text)
    said = {**document.data, **({"type": type} if type else {})}
    given: dict[str, Any] = dict(inputs or {})
    for name, table in (data or {}).items():
        version = register_data(name, table)
        place = said if name in AutoMLJob.data_fields else given
        place[name] = {"type": version.type, "path": f"azureml:{version.name}:{version.version}"}
    if given:
        said["inputs"] = {**(said.get("inputs") or {}), **given}
    if experiment_name:
        said["experiment_name"] = experiment_name
    # Component files are put in here, so that what is wrong in them has their line.
    whole = with_components(replace(document, data=said), Path.cwd())
    try:
        if check:
            found = client().jobs.validate(whole.data)
            problems = [Problem(**error) for error in [*found.errors, *found.obstacles]]
            raise_for(problems)
            return None
        made = client().jobs.create_or_update(whole.data)
    except Invalid as error:
        raise whole.invalid(error) from None
    card = JobCard(client(), made)
    return card.wait() if wait else card


def mlflow_here() -> ModuleType:
    """`mlflow`, which logs to this workspace unless it was told to log elsewhere."""
    import mlflow

    if not mlflow.is_tracking_uri_set():  # type: ignore[no-untyped-call]
        url = os.environ.get("MLWS_URL")
        if url:
            running = service.Running(url, os.environ.get("MLWS_TOKEN", ""), 0, "", "")
        else:
            running = service.ensure(service.directory())
        os.environ.update(running.env())
    return mlflow


def log(step: int | None = None, **values: Any) -> None:
    """Log to the active MLflow run; one is started when there is none.

    Numbers become metrics, everything else params.

    Args:
        step: of the metrics.
    Raises:
        Invalid: a value is neither a number nor short enough to be a param.
    """
    mlflow = mlflow_here()
    numbers = {name: float(value) for name, value in values.items() if is_number(value)}
    words = {name: value for name, value in values.items() if name not in numbers}
    for name, value in words.items():
        if len(str(value)) > 6000:
            raise Invalid.field(name, "is longer than the 6000 characters that a param may have.")
    if numbers:
        mlflow.log_metrics(numbers, step=step)
    if words:
        mlflow.log_params(words)


def output(name: str, value: T) -> T:
    """Give `value` as the output `name` of the notebook job that runs this; answers `value`.

    JSON values are kept as they are, tables as Parquet, models in MLflow's layout, figures as images, paths
    by copying what lies there. Outside of a job nothing is recorded.

    Raises:
        WrongType: it is not of the type that the notebook declares, or of none that can be kept.
    """
    inside = sys.modules.get("_mlws_job")
    if inside is not None:
        inside.output(name, value)
    return value


def data(reference: str, *, path: bool = False) -> Any:
    """Data of the workspace: a table as a pandas DataFrame, anything else as a path on this machine.

    It is fetched once; equal content is found again.

    Args:
        reference: `NAME`, `NAME:VERSION`, `NAME@LABEL`, or an address such as
            `azureml://datastores/NAME/paths/PATH`.
        path: whether a table is wanted as a path, too.
    Raises:
        NotFound: there is no such data.
        Invalid: the table cannot be read; with the line where the reader tells it.
    """
    from jupyter_mlws import mltable
    from jupyter_mlws.entities.mltable import FILE
    from jupyter_mlws.reading.tables import tabular
    from jupyter_mlws.sdk import contents

    place = contents.local(client(), reference)
    is_table = (place / FILE).is_file() or bool(tabular(mltable.files_of(place))[0])
    return mltable.read(place) if is_table and not path else place


def register_data(name: str, value: Any, **fields: Any) -> Any:
    """Make a table or files the next version of data; answers the version.

    A table is kept as Parquet; equal bytes take no room a second time.

    Args:
        value: a pandas DataFrame, or the path of a file or folder of this machine.
        fields: such as `description` or `tags`.
    Raises:
        Invalid: there is nothing at the path, or the table cannot be kept.
    """
    if not is_frame(value):
        path = Path(value)
        type_ = "uri_folder" if path.is_dir() else "uri_file"
        type_ = "mltable" if (path / "MLTable").is_file() else type_
        return client().data.create_or_update(
            {"name": name, "path": os.fspath(path), "type": type_, **fields}
        )
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.parquet"
        write_parquet(value, file)
        return client().data.create_or_update(
            {"name": name, "path": str(file), "type": "uri_file", **fields}
        )


def asset_list(noun: str, name: str = "") -> AssetList:
    """The data, models or environments of the workspace, newest first; with a name, its versions."""
    return AssetList(list(getattr(client(), noun).list(name=name or None)), noun)


def model(reference: str) -> Path:
    """A model of the workspace, on this machine: its folder, or its file where it is a single one.

    It is fetched once. One that MLflow wrote is opened by `mlflow.pyfunc.load_model(str(path))`.

    Args:
        reference: `NAME` (its latest version), `NAME:VERSION` or `NAME@LABEL`.
    Raises:
        NotFound: there is no such version, or its files are elsewhere.
    """
    from jupyter_mlws.sdk import contents

    return contents.model(client(), reference)


def register_model(name: str, path: str | os.PathLike[str], **fields: Any) -> Any:
    """Make files a new version of a model; answers the version.

    Args:
        path: a file or folder of this machine, `runs:/RUN/PATH`, or another address of a model.
        fields: such as `description`, `tags` or `stage`; without `type` it is an `mlflow_model` where the
            folder has a file `MLmodel`, else a `custom_model`.
    Raises:
        Invalid: there is nothing at `path`, or it is of another type.
    """
    text = os.fspath(path)
    type_ = "mlflow_model" if (Path(text) / "MLmodel").is_file() else "custom_model"
    return client().models.create_or_update({"name": name, "path": text, "type": type_, **fields})


def environment(
    reference: str, *, build: bool = False, from_kernel: str | None = None
) -> EnvironmentCard:
    """A version of an environment, and how far it is made on the workspace's machine.

    Args:
        reference: `NAME` (its latest version), `NAME:VERSION` or `NAME@LABEL`.
        build: make it now, with the log printed as it grows.
        from_kernel: first make a new version of NAME, with what this kernelspec has installed.
    Raises:
        NotFound: there is no such version or kernel.
        Invalid: it cannot be made.
    """
    from jupyter_mlws.sdk import contents

    workspace = client()
    if from_kernel is not None:
        draft = workspace.call("environments.freeze_kernel", kernel=from_kernel)
        document = {"name": reference, "python": draft.python, "pip": draft.pip}
        asset: Any = workspace.environments.create_or_update(document)
    else:
        asset = contents.find(workspace, reference, "environments")
    if build:
        made = workspace.environments.build_and_wait(asset.name, asset.version, stream=True)
    else:
        made = workspace.call("environments.get_build", name=asset.name, version=asset.version)
    return EnvironmentCard(asset, made)


def open_(kind: str, id: str) -> RunCard | JobCard:
    """The card of a run or job.

    Args:
        kind: `run` or `job`.
    Raises:
        NotFound: there is none of this id.
        Invalid: there is no such kind.
    """
    if kind == "job":
        return JobCard(client(), client().call("jobs.get", name=id))
    if kind == "run":
        return RunCard(client(), client().call("runs.get", run_id=id))
    raise Invalid.field("kind", f"'{kind}' cannot be opened here: say 'run' or 'job'.")


def form(path: str | os.PathLike[str], **fields: Any) -> JobForm:
    """A form made from the `parameters` cell of a notebook, with a button that runs it as a job.

    Args:
        fields: further fields of the job, such as `experiment_name` or `environment`.
    Raises:
        Invalid: there is no such notebook.
    """
    from jupyter_mlws.ipython.form import JobForm

    return JobForm(client(), path, fields)


def automl_wizard(data: Any, target: str | None = None, **settings: Any) -> AutoMLWizard:
    """AutoML's questions about a table as a widget; *Run* starts the job and shows its leaderboard.

    A DataFrame or a file is kept as data when the job starts, not before.

    Args:
        data: a DataFrame, data of the workspace (`NAME`, `NAME:VERSION`, `NAME@LABEL`), or a path.
        target: the column that is to be predicted.
        settings: fields of the job that the form begins with or that are sent with it, such as
            `primary_metric`, `limits={"max_trials": 5}` or `experiment_name`.
    Raises:
        NotFound: there is no such data.
        Invalid: there is nothing at the path, or a setting is no field of an AutoML job.
    """
    from jupyter_mlws.ipython.automl_wizard import AutoMLWizard
    from jupyter_mlws.ipython.table_source import table_of

    table = table_of(client(), data)
    return AutoMLWizard(client(), table, register_data, target, settings)


def leaderboard(job: Any) -> TrialBoard:
    """The trials of an AutoML job or a sweep, best first, as a widget that follows it until it has ended.

    `.selected` is the trial that is chosen in it, `.best` the best one, `.to_frame()` all of them.

    Args:
        job: its name, a job, or the card of one.
    Raises:
        NotFound: there is no such job.
        Invalid: it has no trials.
    """
    from jupyter_mlws.ipython.leaderboard import TrialBoard

    name = job if isinstance(job, str) else job.name
    return TrialBoard(client(), client().call("jobs.get", name=name))


def is_number(value: Any) -> bool:
    """Whether a value is logged as a metric; numbers of numpy and the like are too."""
    if isinstance(value, (bool, str)):
        return False
    return hasattr(value, "__float__") and getattr(value, "shape", ()) == ()
