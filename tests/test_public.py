"""What the package offers by name."""

import ast
import subprocess
import sys
from pathlib import Path

import jupyter_mlws


def test_every_public_name_loads() -> None:
    for name in jupyter_mlws.__all__:
        assert getattr(jupyter_mlws, name) is not None


def test_names_for_type_checkers_are_the_names_that_load() -> None:
    tree = ast.parse(Path(jupyter_mlws.__file__).read_text())
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jupyter_mlws.")
        for alias in node.names
    }

    assert set(jupyter_mlws.__all__) - {"__version__"} <= imported
    assert set(jupyter_mlws.__all__) == set(jupyter_mlws._MODULES)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import jupyter_mlws, sys; print(*sorted(m for m in sys.modules if '.' not in m))"

    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    assert not loaded & {"pydantic", "httpx", "tornado", "nbformat", "mlflow", "pandas", "yaml"}
