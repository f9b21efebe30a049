"""What the service does not load: an idle one is to stay small."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("papermill", "numpy", "pyarrow", "pandas", "mlflow", "sklearn", "boto3", "azure", "grpc")


def test_all_plugins_load_without_the_libraries_that_jobs_need() -> None:
    code = f"""
import sys
from importlib.metadata import entry_points
import jupyter_mlws.server.app
found = [
    entry.load()
    for group in ("stores", "jobs", "computes", "features")
    for entry in entry_points(group="jupyter_mlws." + group)
]
print(len(found), *(set({HEAVY}) & set(sys.modules)))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    n_plugins, *heavy = done.stdout.split()
    assert int(n_plugins) > 20
    assert heavy == []


def test_a_process_that_waits_for_a_notebook_loads_no_ways_to_remote_files() -> None:
    code = """
import sys
from jupyter_mlws.execution.notebooks.runner import leave_out
leave_out()
from jupyter_mlws.execution.notebooks import attempt, client, live
from papermill import execute
remote = {"boto3", "azure", "gcsfs", "google", "fsspec", "pyarrow", "aiohttp", "github"}
print("papermill" in sys.modules, *sorted(name for name in remote if sys.modules.get(name)))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True"]
