"""What is installed is what it should be, once, and light."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import EntryPoint, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest

import jupyter_mlws

PACKAGE = Path(__file__).parents[1] / "jupyter_mlws"
ENTRY_POINTS = sorted(distribution("jupyter_mlws").entry_points, key=lambda p: (p.group, p.name))


def test_the_version_stands_in_package_json_and_nowhere_else(root: Path) -> None:
    written = json.loads((root / "package.json").read_text())["version"]

    assert distribution("jupyter_mlws").version == written
    assert f'"{written}"' not in (root / "pyproject.toml").read_text()
    assert all(f'"{written}"' not in file.read_text() for file in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda p: f"{p.group}:{p.name}")
def test_every_entry_point_leads_to_something(entry_point: EntryPoint) -> None:
    assert entry_point.load() is not None


def test_importing_the_package_costs_nothing() -> None:
    script = (
        "import sys; old = set(sys.modules); import jupyter_mlws; print(*(set(sys.modules) - old))"
    )

    imported = subprocess.check_output([sys.executable, "-c", script], text=True).split()

    assert {name.partition(".")[0] for name in imported} - sys.stdlib_module_names == {
        "jupyter_mlws"
    }
    assert [name for name in imported if name.startswith("jupyter_mlws.")] == []


@pytest.mark.parametrize("name", ["dev.py", "execution/supervisor.py"])
def test_what_runs_before_or_beside_us_uses_the_standard_library_alone(name: str) -> None:
    tree = ast.parse((PACKAGE / name).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert all(node.level == 0 for node in froms)
    names = {alias.name for node in imports for alias in node.names}
    names |= {node.module or "" for node in froms}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_installing_switches_the_extensions_on() -> None:
    prefix = Path(sysconfig.get_path("data"))
    config = prefix / "etc" / "jupyter" / "jupyter_server_config.d" / "jupyter_mlws.json"
    built = prefix / "share" / "jupyter" / "labextensions" / "@mlws" / "labextension"

    enabled = json.loads(config.read_text())["ServerApp"]["jpserver_extensions"]
    assert enabled == {"jupyter_mlws.lab": True}
    assert (
        built / json.loads((built / "package.json").read_text())["jupyterlab"]["_build"]["load"]
    ).exists()


def test_the_lock_file_names_no_address(root: Path) -> None:
    lock = json.loads((root / "package-lock.json").read_text())

    assert [
        name
        for name, entry in lock["packages"].items()
        if "resolved" in entry and not entry.get("link")
    ] == []


@pytest.mark.slow
def test_the_wheel_carries_everything_once(root: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(
        build, cwd=root, check=True, capture_output=True, env={**os.environ, "CI": "true"}
    )
    (wheel,) = tmp_path.glob("*.whl")

    names = ZipFile(wheel).namelist()

    code = [name for name in names if name.startswith("jupyter_mlws/")]
    assert [name for name in code if name.startswith("jupyter_mlws/labextension")] == []
    assert {Path(name).suffix for name in code} <= {
        ".py",
        ".pyi",
        ".json",
        ".mo",
        ".po",
        ".typed",
        ".yaml",
        ".yml",
        ".sql",
    }
    assert "jupyter_mlws/py.typed" in code
    assert len([name for name in names if "/static/remoteEntry." in name]) == 1
    data = f"jupyter_mlws-{jupyter_mlws.__version__}.data/data"
    assert f"{data}/share/jupyter/labextensions/@mlws/labextension/install.json" in names
    assert f"{data}/etc/jupyter/jupyter_server_config.d/jupyter_mlws.json" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
