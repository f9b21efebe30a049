"""The cells that keep what a model's plots are drawn from, in Azure ML's shapes, and draw them."""

from __future__ import annotations

from jupyter_mlws.automl.writing import Cell

CLASS_TABLES = '''
def tables(truth, probability, classes, weight=None):
    """What the plots of a classifier are drawn from, as Azure ML keeps it.

    The accuracy table has, of each class, the rows that are truly positive, falsely positive, truly negative
    and falsely negative when a class is said from a threshold on: even ones, and quantiles of all probabilities.
    """
    labels = [str(name) for name in classes]
    known = np.searchsorted(classes, truth)
    weight = np.ones(len(known), int) if weight is None else weight
    even = np.linspace(0, 1, 101)
    ranks = np.quantile(probability, even)

    def counts(at, thresholds):
        order = np.argsort(probability[:, at])
        first = np.searchsorted(probability[order, at], thresholds)
        yes, no = ((weight * rows)[order] for rows in (known == at, known != at))
        above = [np.append(rows[::-1].cumsum()[::-1], 0)[first] for rows in (yes, no)]
        return np.column_stack([*above, no.sum() - above[1], yes.sum() - above[0]]).tolist()

    matrix = m.confusion_matrix(known, probability.argmax(axis=1), labels=range(len(labels)), sample_weight=weight)
    places = range(len(labels))
    return {
        "confusion_matrix": {"class_labels": labels, "matrix": matrix.tolist()},
        "accuracy_table": {
            "class_labels": labels,
            "probability_tables": [counts(at, even) for at in places],
            "probability_thresholds": even.tolist(),
            "percentile_tables": [counts(at, ranks) for at in places],
            "percentile_thresholds": ranks.tolist(),
        },
    }
'''
NUMBER_TABLES = '''
def tables(truth, guess, weight=None):
    """What the plots of a regressor are drawn from, as Azure ML keeps it: in bins, of like many rows where by the truth."""
    n_residuals, residual_edges = np.histogram(guess - truth, bins=20, weights=weight)
    edges = np.unique(np.quantile(truth, np.linspace(0, 1, 21), method="lower"))
    edges = edges if len(edges) > 1 else edges.repeat(2)
    place = np.searchsorted(edges[1:-1], truth, side="right")
    bins = [guess[place == at] for at in range(len(edges) - 1)]
    return {
        "residuals": {"bin_edges": residual_edges.tolist(), "bin_counts": n_residuals.tolist()},
        "predicted_true": {
            "bin_averages": [float(rows.mean()) for rows in bins],
            "bin_errors": [float(rows.std()) for rows in bins],
            "bin_counts": np.bincount(place, weights=weight).tolist(),
            "bin_edges": edges.tolist(),
        },
    }
'''
KEEPING = """
kept = tables({what})
for name, data in kept.items():
    kind = "predictions" if name == "predicted_true" else name
    mlflow.log_dict({{"schema_type": kind, "schema_version": "v1", "data": data}}, name)
"""
CLASS_PLOTS = """
import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay

labels = kept["confusion_matrix"]["class_labels"]
figure, plots = plt.subplots(1, 4, figsize=(17, 4), layout="constrained")
matrix = np.array(kept["confusion_matrix"]["matrix"])
m.ConfusionMatrixDisplay(matrix, display_labels=labels).plot(ax=plots[0], colorbar=False, xticks_rotation="vertical", values_format="g")
for at in range(1 if len(labels) == 2 else 0, min(len(labels), 10)):
    rows, probability = truth == classes[at], guess[:, at]
    if rows.any() and not rows.all():
        m.RocCurveDisplay.from_predictions(rows, probability, name=labels[at], ax=plots[1])
        m.PrecisionRecallDisplay.from_predictions(rows, probability, name=labels[at], ax=plots[2])
        CalibrationDisplay.from_predictions(rows, probability, n_bins=10, name=labels[at], ax=plots[3])
for plot, title in zip(plots, ["Confusion matrix", "ROC", "Precision and recall", "Calibration"]):
    plot.set_title(title)
"""
NUMBER_PLOTS = """
import matplotlib.pyplot as plt

figure, plots = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
for plot, kind in zip(plots, ["actual_vs_predicted", "residual_vs_predicted"]):
    m.PredictionErrorDisplay.from_predictions(truth, guess, kind=kind, ax=plot, random_state=0)
"""


def plots(task: str, weight: str = "") -> list[Cell]:
    """Cells that log what the plots of `truth` and `guess` are drawn from, and draw them.

    Args:
        weight: code of what the rows weigh; empty where they weigh the same.
    """
    is_class = task == "classification"
    what = ", ".join(
        ["truth, guess", *(["classes"] if is_class else []), *([weight] if weight else [])]
    )
    return [
        ("", CLASS_TABLES if is_class else NUMBER_TABLES),
        ("", KEEPING.format(what=what)),
        ("", CLASS_PLOTS if is_class else NUMBER_PLOTS),
    ]
