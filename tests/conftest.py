"""What every test gets: nothing of the user's own, browser tests last."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.service import running_service

pytest_plugins = ["pytest_jupyter.jupyter_server"]

ROOT = Path(__file__).parents[1]

LEFT_BY_OTHERS = (
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_RUN_ID",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_URI",
    "MLWS_TOKEN",
    "MLWS_URL",
    "PYTHONDONTWRITEBYTECODE",  # or every process a test starts would compile everything anew
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark what lies in `browser/`, and put it last: Playwright's loop stays once it has started."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
    yield
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def no_workspace_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test that names no workspace gets an empty one, not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in LEFT_BY_OTHERS:
            patch.delenv(name, raising=False)
        patch.setenv("MLWS_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))
        patch.setenv("MLWS_REGISTRIES", str(tmp_path_factory.mktemp("registries")))
        yield


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def jp_server_config() -> dict[str, object]:
    """The user's own Jupyter server, with our extension in it."""
    return {"ServerApp": {"jpserver_extensions": {"jupyter_mlws.lab": True}}}


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real service of an empty workspace, shared by the tests that only need one to be there."""
    with running_service(tmp_path_factory.mktemp("service") / "workspace") as running:
        yield running
