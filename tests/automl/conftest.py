"""Tables, and a client of a running workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running


@pytest.fixture
def client(service: Running) -> MLClient:
    """A client of a running workspace."""
    return MLClient(url=service.url, token=service.token)


@pytest.fixture
def passengers(tmp_path: Path) -> Path:
    """A CSV with all that tables have: gaps, categories, dates, an id, a column of one value."""
    dice = np.random.default_rng(0)
    n = 300
    age = dice.uniform(1, 80, n)
    town = dice.choice(["Oslo", "Rome", "Ürümqi"], n)
    logit = (30 - age) / 8 + 2 * (town == "Rome")
    table = pd.DataFrame(
        {
            "id": range(n),
            "age": np.where(dice.random(n) < 0.1, np.nan, age),
            "town": town,
            "fare": np.where(dice.random(n) < 0.02, np.inf, dice.lognormal(3, 1, n)),
            "boarded": pd.date_range("2020-01-01", periods=n, freq="37h").strftime("%Y-%m-%d"),
            "ship": "Titanic",
            "survived": np.where(dice.random(n) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )
    table["paid"] = 3 * table["age"].fillna(40) + 20 * (town == "Rome") + dice.normal(0, 3, n)
    file = tmp_path / "passengers.csv"
    table.to_csv(file, index=False)
    return file
