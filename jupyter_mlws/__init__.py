"""An ML workspace inside JupyterLab.

The public names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_mlws.entities.asset import Data, Environment, Model
    from jupyter_mlws.entities.compute import AmlCompute, ComputeInstance
    from jupyter_mlws.entities.environment import BuildContext
    from jupyter_mlws.entities.errors import (
        AlreadyExists,
        Conflict,
        Denied,
        Invalid,
        MlwsError,
        NotFound,
        PluginMissing,
        Unauthenticated,
        Unavailable,
    )
    from jupyter_mlws.entities.job import CommandJob, Input, Job, NotebookJob, Output
    from jupyter_mlws.entities.schedule import (
        CronTrigger,
        RecurrencePattern,
        RecurrenceTrigger,
    )
    from jupyter_mlws.ipython.calls import (
        automl_wizard,
        chart,
        compare,
        data,
        environment,
        form,
        job,
        leaderboard,
        log,
        model,
        open_,
        output,
        register_data,
        register_model,
        runs,
        submit,
    )
    from jupyter_mlws.sdk.assets import load_component, load_data, load_model
    from jupyter_mlws.sdk.builders import command, notebook
    from jupyter_mlws.sdk.client import MLClient
    from jupyter_mlws.sdk.computes import load_compute
    from jupyter_mlws.sdk.described import load_connection, load_datastore
    from jupyter_mlws.sdk.environments import load_environment
    from jupyter_mlws.sdk.jobs import JobFailed, load_job
    from jupyter_mlws.sdk.schedules import JobSchedule, load_schedule

_PLACES = {
    "entities.asset": ("Data", "Environment", "Model"),
    "entities.compute": ("AmlCompute", "ComputeInstance"),
    "entities.environment": ("BuildContext",),
    "entities.errors": (
        "AlreadyExists",
        "Conflict",
        "Denied",
        "Invalid",
        "MlwsError",
        "NotFound",
        "PluginMissing",
        "Unauthenticated",
        "Unavailable",
    ),
    "entities.job": ("CommandJob", "Input", "Job", "NotebookJob", "Output"),
    "ipython.calls": (
        "automl_wizard",
        "chart",
        "compare",
        "data",
        "environment",
        "form",
        "job",
        "leaderboard",
        "log",
        "model",
        "open_",
        "output",
        "register_data",
        "register_model",
        "runs",
        "submit",
    ),
    "entities.schedule": ("CronTrigger", "RecurrencePattern", "RecurrenceTrigger"),
    "sdk.assets": ("load_component", "load_data", "load_model"),
    "sdk.builders": ("command", "notebook"),
    "sdk.client": ("MLClient",),
    "sdk.described": ("load_connection", "load_datastore"),
    "sdk.computes": ("load_compute",),
    "sdk.environments": ("load_environment",),
    "sdk.jobs": ("JobFailed", "load_job"),
    "sdk.schedules": ("JobSchedule", "load_schedule"),
    "_version": ("__version__",),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "AlreadyExists",
    "AmlCompute",
    "BuildContext",
    "CommandJob",
    "ComputeInstance",
    "Conflict",
    "CronTrigger",
    "Data",
    "Denied",
    "Environment",
    "Input",
    "Invalid",
    "Job",
    "JobFailed",
    "JobSchedule",
    "MLClient",
    "MlwsError",
    "Model",
    "NotFound",
    "NotebookJob",
    "Output",
    "PluginMissing",
    "RecurrencePattern",
    "RecurrenceTrigger",
    "Unauthenticated",
    "Unavailable",
    "__version__",
    "automl_wizard",
    "chart",
    "command",
    "compare",
    "data",
    "environment",
    "form",
    "job",
    "leaderboard",
    "load_component",
    "load_compute",
    "load_connection",
    "load_data",
    "load_datastore",
    "load_environment",
    "load_job",
    "load_model",
    "load_schedule",
    "log",
    "model",
    "notebook",
    "open_",
    "output",
    "register_data",
    "register_model",
    "runs",
    "submit",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'jupyter_mlws' has no attribute '{name}'")
    return getattr(import_module(f"jupyter_mlws.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where JupyterLab finds the built front end."""
    return [{"src": "labextension", "dest": "@mlws/labextension"}]


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext jupyter_mlws`: the magics."""
    import_module("jupyter_mlws.ipython.magics").load_ipython_extension(ipython)
