"""A real service, and this process as the kernel of a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_mlws.ipython.magics import load_ipython_extension
from jupyter_mlws.testing.service import running_service
from tests.execution.notebooks.making import code, notebook

PARAMETERS = """\
lr: float = 0.1  # [1e-5..1 log] learning rate
kind: "Literal['rf', 'gbm']" = "rf"  # which model
epochs = 3  # [>=1]
shuffle = True
columns: list[str] = ["a"]
start: "date" = None
"""


@pytest.fixture(scope="module")
def in_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The workspace's directory, with its service running and named in the environment.

    For a module and no longer: tests of others tell mlflow where to log, and mlflow changes the
    environment with it.
    """
    path = tmp_path_factory.mktemp("workspace")
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # a test before may have left one
    with running_service(path) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.env().items():
            patch.setenv(name, value)
        yield path


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with parameters and an output."""
    path = tmp_path_factory.mktemp("project") / "train.ipynb"
    cells = (code(PARAMETERS, "parameters"), code("loss: float = lr * epochs", "outputs"))
    path.write_text(json.dumps(notebook(*cells)))
    return path


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """An IPython shell with our magics."""
    shell = InteractiveShell.instance()
    load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()
