"""Data, models and environments from a notebook: `mlws.data` and its kin, `%mlws data|model|env`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import jupyter_mlws as mlws
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.ipython.calls import client

pytestmark = pytest.mark.usefixtures("in_workspace", "cache")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where fetched content is kept, empty."""
    monkeypatch.setenv("MLWS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def towns(in_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A table in two versions, the first of which is called `old`."""
    folder = tmp_path_factory.mktemp("towns")
    for n in (1, 2):
        path = folder / "towns.csv"
        path.write_text("town,people\n" + "".join(f"t{i},{i * n}\n" for i in range(30)))
        client().data.create_or_update({"name": "towns", "type": "uri_file", "path": str(path)})
    client().call("data.set_label", name="towns", version="1", label="old")
    return "towns"


def shell_says(shell: InteractiveShell, line: str) -> Any:
    return shell.run_line_magic("mlws", line)


@pytest.mark.parametrize(
    ("reference", "sum_"),
    [("towns", 870), ("towns:1", 435), ("towns@old", 435), ("azureml:towns:2", 870)],
)
def test_data_is_a_table(towns: str, reference: str, sum_: int) -> None:
    table = mlws.data(reference)

    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == ["town", "people"]
    assert table["people"].sum() == sum_


def test_data_is_fetched_once(towns: str, cache: Path) -> None:
    first = mlws.data("towns:1", path=True)
    written = first.stat().st_mtime_ns

    again = mlws.data("towns@old", path=True)

    assert (again, again.stat().st_mtime_ns) == (first, written)
    assert first.is_relative_to(cache)


def test_what_is_no_table_is_a_path(in_workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.bin").write_bytes(b"a")
    client().data.create_or_update({"name": "pictures", "path": str(tmp_path / "pictures")})

    found = mlws.data("pictures")

    assert isinstance(found, Path)
    assert (found / "a.bin").read_bytes() == b"a"


def test_data_that_is_not_there_is_told(towns: str) -> None:
    with pytest.raises(NotFound, match="Did you mean 'towns'"):
        mlws.data("twons")
    with pytest.raises(NotFound, match="no label 'new'"):
        mlws.data("towns@new")
    with pytest.raises(Invalid, match="not of the form"):
        mlws.data("a:b:c")


def test_data_is_listed_and_shown_by_the_magic(shell: InteractiveShell, towns: str) -> None:
    listed = shell_says(shell, "data")
    versions = shell_says(shell, "data towns --json")
    head = shell_says(shell, "data towns@latest -n 3")
    rows = shell_says(shell, "data towns:1 -n 2 --json")

    assert "towns:2" in repr(listed)
    assert "<td" in listed._repr_html_()
    assert [(row["version"], row["labels"]) for row in versions] == [("2", "latest"), ("1", "old")]
    assert list(head["people"]) == [0, 2, 4]
    assert rows == [{"town": "t0", "people": 0}, {"town": "t1", "people": 1}]
    with pytest.raises(UsageError, match="There is no data 'nothing'"):
        shell_says(shell, "data nothing@latest")


def test_a_model_is_registered_and_fetched(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w")
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n")

    made = shell_says(shell, f"model net --register '{tmp_path / 'weights.bin'}' --json")
    mlws.register_model("net", folder, description="second")

    assert [(row["version"], row["type"]) for row in made] == [("1", "custom_model")]
    assert mlws.model("net:1").read_bytes() == b"w"
    fetched = shell_says(shell, "model net@latest")
    assert (fetched / "MLmodel").is_file()
    assert fetched == mlws.model("net")
    assert [row["type"] for row in shell_says(shell, "model net --json")] == [
        "mlflow_model",
        "custom_model",
    ]
    assert "net:2" in repr(shell_says(shell, "model"))
    with pytest.raises(UsageError, match="how the model is called"):
        shell_says(shell, "model --register x")
    with pytest.raises(UsageError, match="path: "):
        shell_says(shell, "model net --register ./nowhere")


def test_an_environment_is_shown_and_made(shell: InteractiveShell) -> None:
    client().environments.create_or_update({"name": "small", "pip": []})
    client().environments.create_or_update({"name": "same", "kernel": "python3"})

    listed = shell_says(shell, "env --json")
    card = shell_says(shell, "env same@latest")
    built = shell_says(shell, "env same --build --json")
    with pytest.raises(UsageError, match="which environment"):
        shell_says(shell, "env --build")

    assert {row["name"] for row in listed} >= {"small", "same"}
    assert (card.state["name"], card.state["version"]) == ("same", "1")
    assert "same:1" in repr(card)
    assert built["state"] == "ready"
    assert "<strong>same:1</strong>" in card._repr_html_()
    assert [row["version"] for row in shell_says(shell, "env small --json")] == ["1"]
    with pytest.raises(UsageError, match="There is no environment 'nothing'"):
        shell_says(shell, "env nothing:1")


def test_an_environment_is_made_of_what_a_kernel_has(shell: InteractiveShell) -> None:
    made = shell_says(shell, "env frozen --from-kernel python3 --json")

    assert made["version"] == "1"
    asset: Any = client().environments.get("frozen")
    assert asset.python.startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert any(line.startswith("ipykernel==") for line in asset.pip)
    with pytest.raises(UsageError, match="no kernel 'nothing'"):
        shell_says(shell, "env frozen --from-kernel nothing")
