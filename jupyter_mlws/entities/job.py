"""Jobs: what a person asks to be run, and what the workspace says of it.

Source: the Azure ML v2 job YAML schemas; `type: notebook` and the fields marked *ours* are not in them.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jupyter_mlws.entities.environment import InlineEnvironment
from jupyter_mlws.entities.interface import CellState
from jupyter_mlws.entities.record import CreationContext, Moment, Spec, View
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.scalars import fold, lower, text

DATA_TYPES = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model")
LITERAL_TYPES = ("string", "number", "integer", "boolean")

Scalar = bool | int | float | str
DataType = Literal[
    "uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model"
]


class Input(Spec):
    """A job's input: data at a path, or a value with its type."""

    type: Annotated[
        Literal[
            "uri_file",
            "uri_folder",
            "mltable",
            "mlflow_model",
            "custom_model",
            "triton_model",
            "string",
            "number",
            "integer",
            "boolean",
        ],
        BeforeValidator(fold),
    ] = "uri_folder"
    path: str | None = None
    """Local path, `https://…`, `azureml://jobs/NAME/outputs/OUTPUT/paths/…` or `runs:/RUN/PATH`."""
    value: Any = None
    mode: Annotated[
        Literal["download", "ro_mount", "direct", "eval_mount", "eval_download"] | None,
        BeforeValidator(fold),
    ] = None
    path_on_compute: str | None = None
    datastore: str | None = None
    description: str | None = None


OutputType = Literal[
    "uri_file",
    "uri_folder",
    "mltable",
    "mlflow_model",
    "custom_model",
    "triton_model",
    "string",
    "number",
    "integer",
    "boolean",
]


class Output(Spec):
    """A job's output: where it writes, and the asset it becomes.

    A value (`string`, `number`, `integer`, `boolean`) is written as the one line of a file.
    """

    type: Annotated[OutputType, BeforeValidator(fold)] = "uri_folder"
    path: str | None = None
    mode: Annotated[
        Literal["rw_mount", "mount", "upload", "direct"] | None, BeforeValidator(fold)
    ] = None
    name: str | None = None
    version: Annotated[str | None, BeforeValidator(text)] = None
    description: str | None = None
    tags: dict[str, str] | None = None
    """Of the asset. *Ours.*"""
    properties: dict[str, str] | None = None
    """Of the asset. *Ours.*"""


class Limits(Spec):
    """What ends a job before its time."""

    timeout: int | None = Field(default=None, gt=0)
    """Seconds after which the job is canceled."""
    memory: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?\s*[kKmMgGtT]?[iI]?[bB]?$")
    """Most memory of all its processes together, such as `2g`. *Ours.*"""


class RetrySettings(Spec):
    """How often a failed job starts again by itself. *Ours*, in the words of parallel jobs."""

    max_retries: int = Field(default=0, ge=0, le=100)


def _cache(value: Any) -> Any:
    """`cache: use` says the policy alone; YAML 1.1 reads `off` as false."""
    if isinstance(value, bool):
        return {"policy": "use" if value else "off"}
    if isinstance(value, dict) and isinstance(value.get("policy"), bool):
        return {**value, "policy": "use" if value["policy"] else "off"}
    return {"policy": value} if isinstance(value, str) else value


class Cache(Spec):
    """Whether the result of an equal, earlier job is taken in place of running it; a field of ours."""

    policy: Literal["use", "refresh", "off"] = "use"
    """`use` what is there, `refresh` it (run and keep), or `off`."""
    max_age: int | None = Field(default=None, gt=0)
    """Seconds after which a result is too old."""
    salt: str | None = None
    """Part of the key: another text makes all earlier results differ."""
    files: list[str] = Field(default_factory=list)
    """Patterns of further files in `code` that the result depends on."""


class QueueSettings(Spec):
    """How a job waits for compute."""

    priority: Annotated[Literal["low", "medium", "high"], BeforeValidator(fold)] = "medium"
    job_tier: Annotated[
        Literal["spot", "basic", "standard", "premium", "null"] | None, BeforeValidator(fold)
    ] = None


class Resources(Spec):
    """What a job takes of its compute."""

    instance_count: int = Field(default=1, ge=1)
    instance_type: str | None = None
    max_instance_count: int | None = Field(default=None, ge=1)
    shm_size: str | None = None
    docker_args: str | list[str] | None = None
    locations: list[str] | None = None
    properties: dict[str, Any] = Field(default_factory=dict)
    slots: int = Field(default=1, ge=1)
    """How many slots of the compute it holds while it runs. *Ours.*"""


class Distribution(Spec):
    """Several processes that work on one job together."""

    type: Annotated[Literal["pytorch", "mpi", "tensorflow", "ray"], BeforeValidator(lower)]
    process_count_per_instance: int = Field(default=1, ge=1)
    worker_count: int | None = None
    parameter_server_count: int = 0
    port: int | None = None
    address: str | None = None
    include_dashboard: bool | None = None
    dashboard_port: int | None = None
    head_node_additional_args: str | None = None
    worker_node_additional_args: str | None = None


class Identity(Spec):
    """As whom a job reads its data."""

    type: Annotated[
        Literal["managed", "managed_identity", "aml_token", "user_identity"], BeforeValidator(fold)
    ]
    client_id: str | None = None
    object_id: str | None = None
    msi_resource_id: str | None = None


class ServiceSpec(Spec):
    """An application beside a running job."""

    type: Annotated[
        Literal["ssh", "jupyter_lab", "tensor_board", "vs_code"] | None, BeforeValidator(fold)
    ] = None
    port: int | None = None
    nodes: Any = None
    log_dir: str | None = None
    ssh_public_keys: str | None = None
    properties: dict[str, Any] = Field(default_factory=dict)
    endpoint: str | None = None
    status: str | None = None
    error_message: str | None = None


READ_ONLY = ("id", "status", "creation_context", "log_files", "parameters")
"""Fields that a saved job has and that are dropped when it is submitted again."""


class JobSpec(Spec):
    """What all jobs share."""

    data_fields: ClassVar[tuple[str, ...]] = ()
    """Fields of a type that name data, and are inputs too."""

    schema_: str | None = Field(default=None, alias="$schema", repr=False)
    type: str
    name: str | None = Field(default=None, max_length=255, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    """Unique in the workspace; made up when absent."""
    display_name: str | None = Field(default=None, max_length=256)
    description: str | None = Field(default=None, max_length=5000)
    experiment_name: str | None = Field(default=None, min_length=1, max_length=500)
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    compute: str | None = None
    """Name of a compute; `local` when absent."""
    environment: str | InlineEnvironment | None = None
    """`azureml:NAME:VERSION`, a curated name, an installed kernelspec, or a description in place; the
    service's own Python when absent."""
    environment_variables: dict[str, str] = Field(default_factory=dict)
    code: str | None = None
    """Folder that is snapshotted and becomes the working directory."""
    inputs: dict[str, Input | Scalar] = Field(default_factory=dict)
    outputs: dict[str, Output] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)
    resources: Resources = Field(default_factory=Resources)
    queue_settings: QueueSettings = Field(default_factory=QueueSettings)
    retry_settings: RetrySettings = Field(default_factory=RetrySettings)
    cache: Annotated[Cache | None, BeforeValidator(_cache)] = None
    """Steps of a pipeline are reused unless they say otherwise, other jobs when they ask for it. *Ours.*"""
    parent_job_name: str | None = None
    distribution: Distribution | None = None
    identity: Identity | None = None
    services: dict[str, ServiceSpec] = Field(default_factory=dict)

    @property
    def job_retries(self) -> int:
        """How often the job as a whole starts again by itself."""
        return self.retry_settings.max_retries

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, value: Any) -> Any:
        """A job that was saved from the workspace loads again."""
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if k not in READ_ONLY}

    @field_validator("environment", mode="before")
    @classmethod
    def _entity(cls, value: Any) -> Any:
        """A versioned environment may stand here as an entity too."""
        if isinstance(value, Spec) and not isinstance(value, InlineEnvironment):
            return value.model_dump(exclude_unset=True, exclude_none=True)
        return value

    @field_validator("tags", "properties", "environment_variables", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Azure ML turns the scalars in these maps into text."""
        if not isinstance(value, dict):
            return value
        return {
            str(k): v if isinstance(v, (dict, list, str)) else ("" if v is None else str(v))
            for k, v in value.items()
        }

    @field_validator("outputs", mode="before")
    @classmethod
    def _empty_outputs(cls, value: Any) -> Any:
        """`outputs: {x: }` means a folder."""
        if not isinstance(value, dict):
            return value
        return {k: {} if v is None else v for k, v in value.items()}

    @field_validator("inputs", "outputs")
    @classmethod
    def _io_names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not name.isidentifier() or not name.isascii():
                raise ValueError(f"'{name}' is no name: use letters, digits and _ (not first)")
            if name.lower() in {
                "path",
                "ld_library_path",
                "user",
                "logname",
                "home",
                "pwd",
                "shell",
            }:
                raise ValueError(f"'{name}' is reserved: it would hide an environment variable")
        return value


class CommandJob(JobSpec):
    """Run a shell command."""

    model_config = ConfigDict(title="Command")

    type: Literal["command"] = "command"
    command: str = Field(min_length=1, title="Command")
    """Shell line, run by `bash -c` in the code folder; `${{inputs.NAME}}` is filled in."""


class NotebookJob(JobSpec):
    """Run a notebook with parameters and keep its executed copy; a type of ours."""

    model_config = ConfigDict(title="Notebook")

    type: Literal["notebook"] = "notebook"
    notebook: str = Field(min_length=1, title="Notebook")
    """Path of the notebook inside `code`; inputs fill its cell tagged `parameters`."""
    cell_timeout: int | None = Field(default=None, gt=0)
    """Seconds that one cell may take."""


class Cause(str, Enum):
    """Why a job did not complete."""

    USER_ERROR = "user_error"
    OUT_OF_MEMORY = "out_of_memory"
    KERNEL_DIED = "kernel_died"
    START_TIMEOUT = "start_timeout"
    TIMEOUT = "timeout"
    CELL_TIMEOUT = "cell_timeout"
    OUTPUT_LOST = "output_lost"
    MISSING_OUTPUT = "missing_output"
    WRONG_TYPE = "wrong_type"
    PREPARATION = "preparation"
    SUPERVISOR_LOST = "supervisor_lost"
    STORAGE = "storage"


class CellError(View):
    """The cell of a notebook that failed."""

    cell_id: str
    index: int
    """Place among all cells of the source notebook, counted from 0."""
    code_index: int | None = None
    """Place among its code cells, counted from 1, as people count."""
    execution_count: int | None = None
    ename: str
    evalue: str
    line: int | None = None
    """Line of the cell's source, counted from 1."""
    source_line: str | None = None
    traceback: list[str] = Field(default_factory=list)
    output_tail: str = ""


class JobError(View):
    """Why a job ended as it did, in a sentence and in facts."""

    cause: Cause
    message: str
    exit_code: int | None = None
    cell: CellError | None = None
    log_tail: str = ""


class GitState(Spec):
    """The repository a code folder came from."""

    repository: str | None = None
    branch: str | None = None
    commit: str
    dirty: bool = False
    diff: str | None = None
    """Snapshot of one file: the uncommitted changes as a patch."""


class JobService(View):
    """A place where a job can be looked at."""

    type: str
    endpoint: str


class Progress(View):
    """How far a job is."""

    done: int
    total: int
    unit: str = "cells"
    label: str = ""


class NotebookExecution(View):
    """The executed copy of a notebook so far, and the state of its cells."""

    name: str
    path: str
    notebook: dict[str, Any]
    cells: list[CellState]


class Job(View):
    """A job as the workspace keeps it: the fields of its spec, and what became of it.

    The spec's own fields (`command`, `notebook`, `inputs` …) stand beside these.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    type: str
    display_name: str
    experiment_name: str
    experiment_id: str
    status: Status
    user: str
    compute: str
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    archived: bool = False
    attempt: int = 1
    error: JobError | None = None
    warnings: list[str] = Field(default_factory=list)
    progress: Progress | None = None
    parent_job_name: str | None = None
    values: dict[str, Any] = Field(default_factory=dict)
    """What the outputs came to that are values and no files."""
    reused_from: str | None = None
    """The job whose result was taken in place of running this one."""
    git: GitState | None = None
    creation_context: CreationContext
    started_at: Moment | None = None
    ended_at: Moment | None = None
    services: dict[str, JobService] = Field(default_factory=dict)


class LogFile(View):
    """A log of a job."""

    path: str
    size_bytes: int


class LogTime(View):
    """When a line of a log was written; those after it up to the next such line too."""

    line: int
    """Lines after that with which the piece begins; 0 is the line it begins in."""
    time_ms: int


class LogChunk(View):
    """A piece of a log, and where the next piece begins."""

    path: str
    text: str
    offset: int
    """Bytes from the start of the log at which this piece begins."""
    next_offset: int
    size_bytes: int
    ended: bool
    """Whether the log is complete and `next_offset` is its end."""
    times: list[LogTime] = Field(default_factory=list)
    """Empty where nobody knows."""
