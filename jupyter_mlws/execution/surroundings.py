"""What a job finds around it: folders and environment variables, as in Azure ML.

Source: Azure ML v2 job runtime (working directory, `outputs`, `logs`, `AZUREML_*`, `AZURE_ML_INPUT_*`).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.job import LITERAL_TYPES, Job, JobSpec
from jupyter_mlws.execution import expressions, inputs, snapshots
from jupyter_mlws.execution.kernelspecs import Runtime
from jupyter_mlws.execution.places import Places
from jupyter_mlws.store.base import Blobs, Store

FOLDERS = ("work", "inputs", "named-outputs", "user_logs", "system_logs")
PRIVATE = ("AZUREML_", "JPY_", "JUPYTERHUB_", "JUPYTER_TOKEN", "MLFLOW_", "MLWS_")
"""Beginnings of the service's own variables, which no job inherits."""
NOT_INHERITED = ("PYTHONDONTWRITEBYTECODE",)


def lay_out(
    spec: JobSpec, folder: Path, store: Store, blobs: Blobs, places: Places
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Make an attempt's folder anew; answers the values of its inputs and the paths of its outputs.

    Raises:
        Invalid: an input cannot be had.
    """
    shutil.rmtree(folder, ignore_errors=True)
    snapshots.make_private(folder)
    for name in FOLDERS:
        (folder / name).mkdir(mode=0o700)
    if spec.code:
        code = snapshots.load(store, blobs, spec.code)
        snapshots.lay_out(code, blobs, folder / "work", writable=True)
    for name in ("outputs", "logs"):
        (folder / "work" / name).mkdir(mode=0o700, exist_ok=True)
    values = inputs.lay_out(spec, folder / "inputs", store, blobs, places)
    return values, {name: _output(folder, name, out.type) for name, out in spec.outputs.items()}


def base_env(runtime: Runtime) -> dict[str, str]:
    """What every process gets: the service's variables without its own, programs of the runtime first."""
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(PRIVATE) and key not in NOT_INHERITED
    }
    path = env.get("PATH", os.defpath)
    return {
        **env,
        "PYTHONUNBUFFERED": "1",
        **runtime.env,
        "PATH": f"{runtime.bin}{os.pathsep}{path}",
    }


def job_env(
    job: Job,
    spec: JobSpec,
    *,
    url: str,
    token: str,
    workspace: str,
    root_run: str,
    folder: Path,
    runtime: Runtime,
    values: Mapping[str, Any],
    outputs: Mapping[str, Path],
    secrets: Mapping[str, str] = {},
) -> dict[str, str]:
    """All environment variables of a job; its own `environment_variables` win."""
    own = {
        key: expressions.fill(value, name=job.name, inputs=values, outputs=outputs, secrets=secrets)
        for key, value in spec.environment_variables.items()
    }
    return {
        **base_env(runtime),
        **_tracking(job, url, token),
        **_identity(job, url, token, workspace, root_run),
        **_layout(folder, job.compute, runtime),
        **_data(spec, values, outputs),
        **own,
    }


def _output(folder: Path, name: str, kind: str) -> Path:
    path = folder / "named-outputs" / name
    if kind != "uri_file" and kind not in LITERAL_TYPES:
        path.mkdir(mode=0o700)
    return path


def _tracking(job: Job, url: str, token: str) -> dict[str, str]:
    return {
        "MLFLOW_TRACKING_URI": f"{url}/mlflow",
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_RUN_ID": job.name,
        # Its links lead to pages of MLflow's own server; ours are JupyterLab's.
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_EXPERIMENT_NAME": job.experiment_name,
        "MLFLOW_EXPERIMENT_ID": job.experiment_id,
        "MLWS_URL": url,
        "MLWS_TOKEN": token,
    }


def _identity(job: Job, url: str, token: str, workspace: str, root_run: str) -> dict[str, str]:
    return {
        "AZUREML_RUN_ID": job.name,
        "AZUREML_ROOT_RUN_ID": root_run,
        "AZUREML_EXPERIMENT_ID": job.experiment_id,
        "AZUREML_ARM_PROJECT_NAME": job.experiment_name,
        "AZUREML_ARM_SUBSCRIPTION": "local",
        "AZUREML_ARM_RESOURCEGROUP": "local",
        "AZUREML_ARM_WORKSPACE_NAME": workspace,
        "AZUREML_WORKSPACE_ID": workspace,
        "AZUREML_WORKSPACE_SCOPE": f"/workspaces/{workspace}",
        "AZUREML_SERVICE_ENDPOINT": url,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": url,
        "AZUREML_RUN_TOKEN": token,
    }


def _layout(folder: Path, compute: str, runtime: Runtime) -> dict[str, str]:
    work = folder / "work"
    return {
        "AZUREML_SCRIPT_DIRECTORY_NAME": str(work),
        "AZUREML_CR_EXECUTION_WORKING_DIR_PATH": str(work),
        "AZUREML_CR_HT_CAP_user_logs_PATH": str(folder / "user_logs"),
        "AZUREML_CR_HT_CAP_logs_PATH": str(work / "logs"),
        "AZUREML_CR_NODE_RANK": "0",
        "AZUREML_NODE_COUNT": "1",
        "AZUREML_PROCESS_NAME": "main",
        "AZUREML_CR_COMPUTE_CONTEXT": json.dumps(
            {"cluster_name": compute, "node_id": socket.gethostname()}
        ),
        "AZUREML_CONDA_ENVIRONMENT_PATH": str(Path(runtime.bin).parent),
    }


def _data(spec: JobSpec, values: Mapping[str, Any], outputs: Mapping[str, Path]) -> dict[str, str]:
    data = {
        f"AZURE_ML_INPUT_{name}": str(values[name])
        for name, given in spec.inputs.items()
        if not inputs.is_literal(given)
    }
    return {**data, **{f"AZURE_ML_OUTPUT_{name}": str(path) for name, path in outputs.items()}}
