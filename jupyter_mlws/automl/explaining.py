"""The notebook that tells which columns the best model goes by: of all rows, and of one."""

from __future__ import annotations

from jupyter_mlws.automl.settings import Settings
from jupyter_mlws.automl.writing import written

READING = """
target, seed = {target!r}, {seed}
fitted = mlflow.sklearn.load_model(model)
table = pd.read_parquet(f"{{prepared}}/train.parquet").sample(frac=1, random_state=seed).head(2000)
X, y = table.drop(columns={roles!r}), table[target]
X.head()
"""
OVERALL = """
found = permutation_importance(fitted, X, y, n_repeats=3, random_state=seed{weight})
importance = pd.Series(found.importances_mean, X.columns, name="importance").sort_values(ascending=False)
importance.head(30).to_frame()
"""
SHARES = '''
def answers(rows):
    """What is explained: the probability of each class, or the number."""
    return fitted.predict_proba(rows) if hasattr(fitted, "predict_proba") else fitted.predict(rows).reshape(-1, 1)

def shares(row, others, rng):
    """What each column adds to the answer for `row`, beside that for other rows on average.

    Shapley values by sampling: in one random order for each of the other rows, its columns become those of
    `row` one after another, and a column gets what the answer moves when it does. All that is said of a row
    sums up to its answer exactly.
    Source: Strumbelj and Kononenko 2014, Explaining prediction models and individual predictions.
    """
    n = row.shape[1]
    orders = np.array([rng.permutation(n) for _ in range(len(others))])
    steps = orders.argsort(axis=1)
    # Row `step` of a block has the first `step` columns of its order from `row`.
    changed = steps[:, None, :] < np.arange(n + 1)[None, :, None]
    blocks = {}
    for at, name in enumerate(X.columns):
        taken = changed[:, :, at].ravel()
        block = others[name].repeat(n + 1).reset_index(drop=True)
        blocks[name] = block.mask(taken, row[name].iloc[0]).astype(X[name].dtype)
    told = answers(pd.DataFrame(blocks)).reshape(len(others), n + 1, -1)
    moves = np.diff(told, axis=1)
    return np.take_along_axis(moves, steps[:, :, None], axis=1).mean(axis=0)
'''
EACH = """
# As many as about 100 000 answers of the model suffice for.
background = X.head(20)
n_explained = int(np.clip(100_000 // (len(background) * (X.shape[1] + 1)), 3, 50))
explained, rng = X.iloc[-n_explained:], np.random.default_rng(seed)
told = np.array([shares(explained.iloc[[at]], background, rng) for at in range(len(explained))])
base, said = answers(background).mean(axis=0), answers(explained)
assert np.allclose(base + told.sum(axis=1), said, atol=1e-4 * (1 + abs(said).max())), "the shares do not sum up"
"""
LOGGING = """
def plain(value):
    \"\"\"A value as JSON has it.\"\"\"
    return None if pd.isna(value) else value.item() if hasattr(value, "item") else value if isinstance(value, (str, int, float)) else str(value)

mlflow.log_dict({"features": list(importance.index), "importance": importance.tolist()}, "explanation/global_importance.json")
mlflow.log_dict(
    {
        "features": list(X.columns),
        "outputs": [str(name) for name in getattr(fitted, "classes_", [target])],
        "base": base.tolist(),
        "rows": [[plain(value) for value in row] for row in explained.itertuples(index=False)],
        "truth": [plain(value) for value in y.loc[explained.index]],
        "answers": said.tolist(),
        "contributions": told.transpose(0, 2, 1).tolist(),
    },
    "explanation/local_importance.json",
)
"""
DRAWING = """
import matplotlib.pyplot as plt

figure, plots = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
importance.head(20)[::-1].plot.barh(ax=plots[0], title="Of all rows: how much worse it gets")
one = pd.Series(told[0][:, said[0].argmax()], X.columns)
one = one.reindex(one.abs().sort_values().index).tail(20)
one.plot.barh(ax=plots[1], title="Of one row: what each column adds", color=np.where(one < 0, "tab:orange", "tab:blue"));
"""


def notebook(settings: Settings) -> bytes:
    """The notebook that explains the best model."""
    reading = READING.format(target=settings.target, seed=settings.seed, roles=settings.roles)
    weight = f", sample_weight=table[{settings.weight!r}]" if settings.weight else ""
    return written(
        (
            "markdown",
            "# Why the best model says what it says\nWith scikit-learn and NumPy alone, so that columns are those of the data and any model can be explained.",
        ),
        ("parameters", 'prepared: "Folder" = "prepared"\nmodel: "Folder" = "mlflow-model"'),
        (
            "",
            "import mlflow\nimport numpy as np\nimport pandas as pd\nfrom sklearn.inspection import permutation_importance",
        ),
        ("", reading),
        (
            "markdown",
            "## Of all rows\nHow much worse the model gets when the values of one column are shuffled.",
        ),
        ("", OVERALL.format(weight=weight)),
        ("markdown", "## Of each row\nWhat each column adds to what the model says of it."),
        ("", SHARES),
        ("", EACH),
        ("", LOGGING),
        ("", DRAWING),
        ("outputs", "importance: dict = importance.to_dict()"),
    )
