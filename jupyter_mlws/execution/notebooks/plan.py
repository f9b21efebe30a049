"""What a runner must know to execute a notebook; handed over in a file that is gone once it was read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from jupyter_mlws.entities.interface import Port
from jupyter_mlws.entities.record import View
from jupyter_mlws.execution.notebooks.injection import secret_variable

FILE = ".notebook-plan.json"


class Plan(View):
    """One execution: which notebook, with what, where."""

    notebook: str
    """Relative to `cwd`."""
    cwd: Path
    """The copy of the code folder."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Values that the notebook itself gives to inputs that nobody else gave one."""
    types: dict[str, str] = Field(default_factory=dict)
    """Port type of each parameter."""
    secrets: dict[str, str] = Field(default_factory=dict)
    hidden: list[str] = Field(default_factory=list)
    """Further values that must not be seen in what the cells print and show."""
    outputs: Sequence[Port] = ()
    targets: dict[str, tuple[str, bool]] = Field(default_factory=dict)
    """Where outputs go that the job declares, and whether that is a file."""
    env: dict[str, str] = Field(default_factory=dict)
    cell_timeout_s: int | None = None

    @property
    def kernel_cwd(self) -> Path:
        """Where the kernel works: beside the notebook, as in JupyterLab."""
        return (self.cwd / self.notebook).parent

    @property
    def kernel_env(self) -> dict[str, str]:
        """The whole environment of the kernel, secrets included."""
        secrets = {secret_variable(name): value for name, value in self.secrets.items()}
        return self.env | secrets

    def put(self, folder: Path) -> None:
        """Leave the plan for the runner, readable by nobody else."""
        descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.model_dump_json())

    @classmethod
    def take(cls, folder: Path) -> Plan:
        """The plan that was left in `folder`; the file, which holds secrets, is removed.

        Raises:
            FileNotFoundError: it was taken before, or never left.
        """
        path = folder / FILE
        plan = cls.model_validate_json(path.read_bytes())
        path.unlink()
        return plan
