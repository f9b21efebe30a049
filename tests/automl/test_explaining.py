"""What each column adds to what a model says of a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_mlws.automl.explaining import EACH, SHARES


class Known:
    """A model whose shares can be worked out by hand."""

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(3 * rows["a"].fillna(7) + 5 * (rows["b"] == "x") + 0 * rows["c"])


def test_shares_of_a_sum_are_its_terms_and_add_up_to_the_answer() -> None:
    dice = np.random.default_rng(0)
    table = pd.DataFrame(
        {"a": dice.normal(size=90), "b": dice.choice(["x", "y"], 90), "c": dice.normal(size=90)}
    )
    table.loc[88, "a"], table.loc[89, "b"] = np.nan, None
    names: dict[str, Any] = {"np": np, "pd": pd, "fitted": Known(), "X": table, "seed": 0}

    exec(SHARES + EACH, names)

    told, rows, others = names["told"][:, :, 0], names["explained"], names["background"]
    assert len(rows) == 50
    expected = 3 * (rows["a"].fillna(7) - others["a"].mean())
    assert told[:, 0].tolist() == pytest.approx(expected.tolist())
    expected = 5 * ((rows["b"] == "x") - (others["b"] == "x").mean())
    assert told[:, 1].tolist() == pytest.approx(expected.tolist())
    assert not told[:, 2].any()
