"""Panels of series, and the notebooks of forecasts run within the test's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd

from jupyter_mlws.automl.choosing import ALGORITHMS
from jupyter_mlws.automl.forecasts import exploring, trying
from jupyter_mlws.automl.settings import Settings, settings
from jupyter_mlws.automl.trying import Explored
from jupyter_mlws.entities.azure.automl import AutoMLJob
from jupyter_mlws.entities.validation import validated

FORECASTERS = ALGORITHMS["forecasting"]


def panel(n: int = 48, frequency: str = "MS", season: int = 12, noise: float = 1.0) -> pd.DataFrame:
    """Sales of two shops: trend, season, a price that is known ahead, visitors that are not."""
    dice = np.random.default_rng(0)
    parts = []
    for size, shop in ((1, "Oslo"), (10, "Ürümqi")):
        step, price = np.arange(n), dice.uniform(1, 3, n)
        swing = 20 * np.sin(2 * np.pi * step / season) if season > 1 else 0
        sold = size * (100 + step + swing - 5 * price + dice.normal(0, noise, n))
        when = pd.date_range("2020-01-01", periods=n, freq=frequency)
        made = {"when": when, "shop": shop, "price": price, "visitors": 3 * sold, "sold": sold}
        parts.append(pd.DataFrame(made))
    return pd.concat(parts, ignore_index=True)


def plan(
    *, folds: int | str | None = None, types: dict[str, str] | None = None, **said: Any
) -> Settings:
    """Settings of a job on such a panel; `said` stands in its `forecasting`."""
    block = {"time_column_name": "when", "time_series_id_column_names": "shop", **said}
    spec = {
        "task": "forecasting",
        "training_data": {"type": "uri_file", "path": "azureml:panel:1"},
        "target_column_name": "sold",
        "n_cross_validations": folds,
        "forecasting": block,
        "featurization": {"column_name_and_types": types} if types else None,
    }
    return settings(validated(AutoMLJob, spec), ["naive"], cores=1)


def explored(table: pd.DataFrame, wishes: Settings, folder: Path) -> dict[str, Any]:
    """All that the first notebook has in the end; it reads and keeps in `folder`, the working one."""
    table.to_parquet(folder / "data.parquet")
    found = _run(exploring.notebook(wishes), {"training_data": str(folder / "data.parquet")})
    return {**found, "prepared": str(folder / "prepared")}


def tried(
    seen: dict[str, Any], wishes: Settings, *names: str, until: str = "", **values: Any
) -> dict[str, Any]:
    """All that the notebook of one trial has in the end, or of an ensemble where there are many names.

    Args:
        until: text of the first cell that is left out.
        values: arguments that differ from the first ones.
    """
    found = Explored(columns=seen["columns"], n_rows=seen["n_rows"], n_folds=seen["n_folds"])
    chosen = [FORECASTERS[name] for name in names]
    codes = [one.source({**one.first, **values}, seed=0, cores=1) for one in chosen]
    code = codes[0] if len(codes) == 1 else f"Mean({', '.join(codes)})"
    imports = [one.imports for one in chosen]
    made = trying.trial(wishes, found, "a trial", imports, code)
    return _run(made, {"prepared": seen["prepared"]}, until)


def _run(notebook: bytes, given: dict[str, Any], until: str = "") -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in nbformat.reads(notebook.decode(), as_version=4).cells:
        if cell.cell_type != "code":
            continue
        if until and until in cell.source:
            break
        exec(compile(cell.source, "cell", "exec"), names)
        if "parameters" in cell.metadata["tags"]:
            names |= given
    return names
