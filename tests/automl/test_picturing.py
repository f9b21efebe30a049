"""What the plots of a trial are drawn from, as its notebook computes it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as m

from jupyter_mlws.automl.picturing import CLASS_TABLES, NUMBER_TABLES
from jupyter_mlws.automl.trying import CLASS_SCORES


def tables(code: str, *given: Any) -> dict[str, dict[str, Any]]:
    names: dict[str, Any] = {"np": np, "m": m}
    exec(code, names)
    found: dict[str, dict[str, Any]] = names["tables"](*given)
    return found


@pytest.mark.parametrize("is_weighed", [False, True])
def test_the_accuracy_table_has_the_points_of_scikit_learn_s_roc_curve(is_weighed: bool) -> None:
    dice = np.random.default_rng(0)
    probability = dice.dirichlet([1, 1, 1], 200)
    classes = np.array(["a", "b", "c"])
    truth = np.array([dice.choice(classes, p=row) for row in probability])
    weight = dice.random(200) if is_weighed else None

    found = tables(CLASS_TABLES, truth, probability, classes, weight)

    table, matrix = found["accuracy_table"], found["confusion_matrix"]["matrix"]
    assert table["class_labels"] == list(classes)
    assert np.sum(matrix) == pytest.approx(200 if weight is None else weight.sum())
    for at, name in enumerate(classes):
        fpr, tpr, thresholds = m.roc_curve(
            truth == name, probability[:, at], sample_weight=weight, drop_intermediate=False
        )
        for kind in ("probability", "percentile"):
            tp, fp, tn, fn = np.array(table[f"{kind}_tables"][at]).T
            assert (tp + fp + tn + fn).tolist() == pytest.approx([np.sum(matrix)] * 101)
            place = (
                len(thresholds) - 1 - np.searchsorted(thresholds[::-1], table[f"{kind}_thresholds"])
            )
            assert (tp / (tp + fn)).tolist() == pytest.approx(tpr[place].tolist())
            assert (fp / (fp + tn)).tolist() == pytest.approx(fpr[place].tolist())


def test_bins_of_a_regressor_hold_all_rows_and_none_is_empty() -> None:
    dice = np.random.default_rng(0)
    truth = dice.integers(0, 9, 500).astype(float)
    guess = truth + dice.normal(0, 1, 500)

    found = tables(NUMBER_TABLES, truth, guess)

    bins = found["predicted_true"]
    assert bins["bin_edges"] == list(range(9))
    assert sum(bins["bin_counts"]) == sum(found["residuals"]["bin_counts"]) == 500
    assert min(bins["bin_counts"]) > 0
    assert bins["bin_averages"][0] == pytest.approx(guess[truth == 0].mean())
    assert bins["bin_errors"][0] == pytest.approx(guess[truth == 0].std())
    edges = found["residuals"]["bin_edges"]
    assert (edges[0], edges[-1]) == ((guess - truth).min(), (guess - truth).max())
    alike = tables(NUMBER_TABLES, np.ones(4), np.ones(4))["predicted_true"]
    assert (alike["bin_counts"], alike["bin_averages"]) == ([4], [1])


def test_a_test_without_rows_of_a_class_has_tables_and_scores() -> None:
    probability = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    truth, classes = np.array(["a", "b", "a"]), np.array(["a", "b", "c"])
    names: dict[str, Any] = {"np": np, "m": m, "positive": None}
    exec(CLASS_SCORES, names)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn tells that some are not defined
        scores = names["measure"](truth, probability, classes)

    assert scores["accuracy"] == 1
    assert scores["AUC_micro"] == 1
    found = tables(CLASS_TABLES, truth, probability, classes)
    assert found["confusion_matrix"]["matrix"] == [[2, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert found["accuracy_table"]["probability_tables"][2][0] == [0, 3, 0, 0]
