"""The notebook that tests the best model, on rows that no trial has seen."""

from __future__ import annotations

from jupyter_mlws.automl.picturing import plots
from jupyter_mlws.automl.settings import Settings
from jupyter_mlws.automl.trying import CLASS_SCORES, NUMBER_SCORES
from jupyter_mlws.automl.writing import written

READING = """
target, weight = {target!r}, None
fitted = mlflow.sklearn.load_model(model)
table = pd.read_parquet(f"{{prepared}}/test.parquet")
X, truth = table.drop(columns={roles!r}), table[target].to_numpy()
len(table)
"""
CLASSES = """
classes, positive = fitted.classes_, {positive!r}
guess = fitted.predict_proba(X)
predictions = table.assign(**{{f"{{target}}_predicted": classes[guess.argmax(axis=1)]}})
for at, name in enumerate(classes):
    predictions[f"{{target}}_predicted_proba_{{name}}"] = guess[:, at]
scores = measure(truth, guess, classes, weight)
"""
NUMBERS = """
# Normalised as the trials' scores are.
size = np.ptp(pd.read_parquet(f"{prepared}/train.parquet", columns=[target])[target])
guess = fitted.predict(X)
predictions = table.assign(**{f"{target}_predicted": guess})
scores = measure(truth, guess, size, weight)
"""
LOGGING = """
# A few rows may be without a class, and then some scores are not defined.
scores = {name: score for name, score in scores.items() if np.isfinite(score)}
mlflow.log_metrics(scores)
with tempfile.TemporaryDirectory() as folder:
    predictions.to_csv(f"{folder}/predictions.csv", index=False)
    mlflow.log_artifact(f"{folder}/predictions.csv", "predictions")
pd.Series(scores, name="score").to_frame()
"""


def notebook(settings: Settings) -> bytes:
    """The notebook that scores the best model on the test data."""
    is_class = settings.task == "classification"
    reading = READING.format(
        target=settings.target, roles=settings.roles[: 2 if settings.weight else 1]
    )
    if settings.weight:
        reading = reading.replace(
            "\nlen(", f"\nweight = table[{settings.weight!r}].to_numpy()\nlen("
        )
    scoring = CLASSES.format(positive=settings.positive) if is_class else NUMBERS
    return written(
        (
            "markdown",
            f"# How good the best model is on the test data\nNo trial has seen these rows, and `{settings.target}` of none of them.",
        ),
        ("parameters", 'prepared: "Folder" = "prepared"\nmodel: "Folder" = "mlflow-model"'),
        (
            "",
            "import tempfile\n\nimport mlflow\nimport numpy as np\nimport pandas as pd\nfrom sklearn import metrics as m",
        ),
        ("", reading),
        ("", CLASS_SCORES if is_class else NUMBER_SCORES),
        ("", scoring + LOGGING),
        *plots(settings.task, "weight" if settings.weight else ""),
        ("outputs", "scores: dict = scores"),
    )
