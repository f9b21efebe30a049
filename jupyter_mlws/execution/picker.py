"""What JupyterLab's kernel picker offers on computes: kernelspecs that name our provisioner."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from jupyter_mlws.entities.session import SessionKernel
from jupyter_mlws.execution.environments.builder import write_private
from jupyter_mlws.execution.environments.choice import Choice
from jupyter_mlws.execution.environments.library import Library
from jupyter_mlws.execution.snapshots import make_private

PROVISIONER = "mlws"
"""Entry point of `lab/provisioner.py`."""


def offered(library: Library, compute: str) -> list[SessionKernel]:
    """The kernels that are offered on a compute."""
    found = []
    for file in sorted(library.kernels.glob("*/kernel.json")):
        spec = json.loads(file.read_bytes())
        said = spec.get("metadata", {}).get("kernel_provisioner", {}).get("config", {})
        if said.get("compute") == compute:
            found.append(
                SessionKernel(
                    name=file.parent.name,
                    display_name=spec["display_name"],
                    compute=compute,
                    slots=said["slots"],
                )
            )
    return found


def offer(
    library: Library, choice: Choice, compute: str, slots: int, workspace: Path
) -> SessionKernel:
    """Offer an environment on a compute.

    Raises:
        Invalid: it is not built, or runs in a container.
    """
    spec = library.kernelspec(choice)
    name = f"{compute.lower()}-{library.kernel_name(choice)}"
    where = {"compute": compute, "slots": slots, "workspace": str(workspace)}
    provisioner = {"provisioner_name": PROVISIONER, "config": where}
    spec["metadata"] = {**spec.get("metadata", {}), "kernel_provisioner": provisioner}
    spec["display_name"] = title = f"{spec['display_name']} on {compute}"
    place = library.kernels / name
    make_private(place)
    write_private(place / "kernel.json", json.dumps(spec, indent=1))
    return SessionKernel(name=name, display_name=title, compute=compute, slots=slots)


def withdraw(library: Library, name: str) -> None:
    """Offer a kernel no longer."""
    shutil.rmtree(library.kernels / name, ignore_errors=True)
