"""What the built-in components share: tables, models and values in and out. Runs in a job's own environment."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def need(module: str) -> Any:
    """A library; without it the step ends and says what to install."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        package = {"sklearn": "scikit-learn"}.get(
            module.partition(".")[0], module.partition(".")[0]
        )
        sys.exit(f"This component needs {package} in its environment: pip install {package}")


def arg(name: str) -> str:
    """A value as text; empty when it was left out."""
    return os.environ.get(f"ARG_{name}", "").strip()


def names(name: str) -> list[str]:
    """A value that is a list of columns, separated by commas."""
    return [part.strip() for part in arg(name).split(",") if part.strip()]


def options(name: str) -> dict[str, Any]:
    """A value that is a JSON object."""
    text = arg(name)
    try:
        made = json.loads(text) if text else {}
    except ValueError as error:
        sys.exit(f"'{name}' is no JSON: {error}")
    if not isinstance(made, dict):
        sys.exit(f"'{name}' must be a JSON object, such as {{\"max_depth\": 3}}.")
    return made


def given(name: str) -> Path | None:
    """Where an input lies; None when it was left out."""
    path = os.environ.get(f"AZURE_ML_INPUT_{name}")
    return Path(path) if path else None


def read(path: Path) -> Any:
    """The table at a path: one file or a folder of Parquet, CSV, TSV, JSON lines or Excel."""
    pd = need("pandas")
    readers = {
        ".parquet": pd.read_parquet,
        ".csv": pd.read_csv,
        ".tsv": lambda file: pd.read_csv(file, sep="\t"),
        ".jsonl": lambda file: pd.read_json(file, lines=True),
        ".json": pd.read_json,
        ".xlsx": pd.read_excel,
    }
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    parts = [readers[p.suffix.lower()](p) for p in files if p.suffix.lower() in readers]
    if not parts and len(files) == 1:
        parts = [pd.read_csv(files[0])]
    if not parts:
        sys.exit(f"There is no table in '{path.name}': {', '.join(readers)} can be read.")
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def table(name: str = "table") -> Any:
    """An input that is a table."""
    path = given(name)
    if path is None:
        sys.exit(f"The table '{name}' is missing.")
    return read(path)


def columns(frame: Any, wanted: list[str], what: str = "columns") -> list[str]:
    """The wanted columns, which must be there; all when none is named."""
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        sys.exit(
            f"{what}: there is no column '{missing[0]}' (there are: {', '.join(map(str, frame.columns))})."
        )
    return wanted or list(frame.columns)


def give(name: str, frame: Any) -> None:
    """Leave a table as Parquet."""
    folder = Path(os.environ[f"AZURE_ML_OUTPUT_{name}"])
    folder.mkdir(parents=True, exist_ok=True)
    frame.columns = [str(column) for column in frame.columns]
    frame.reset_index(drop=True).to_parquet(folder / "data.parquet")
    print(f"{name}: {len(frame):,} rows, {len(frame.columns)} columns")


def give_value(name: str, value: Any) -> None:
    """Leave a value."""
    Path(os.environ[f"AZURE_ML_OUTPUT_{name}"]).write_text(str(value))


def give_model(name: str, model: Any, example: Any) -> None:
    """Leave a model in MLflow's layout."""
    flavor = need("mlflow.sklearn")
    skops = need("skops.io")
    flavor.save_model(
        model,
        os.environ[f"AZURE_ML_OUTPUT_{name}"],
        input_example=example.head(3),
        skops_trusted_types=skops.get_untrusted_types(data=skops.dumps(model)),
        pip_requirements=flavor.get_default_pip_requirements(),
    )


def model(name: str = "model") -> Any:
    """An input that is a model, as scikit-learn has it."""
    path = given(name)
    if path is None:
        sys.exit(f"The model '{name}' is missing.")
    return need("mlflow.sklearn").load_model(str(path))


def estimator(name: str, parameters: dict[str, Any]) -> Any:
    """An estimator by the name of its class in scikit-learn, XGBoost or LightGBM."""
    for module, start in (("xgboost", "XGB"), ("lightgbm", "LGBM")):
        if name.startswith(start):
            return getattr(need(module), name)(**parameters)
    known = dict(need("sklearn.utils").all_estimators())
    if name not in known:
        from difflib import get_close_matches

        close = get_close_matches(name, known, n=3)
        sys.exit(
            f"There is no estimator '{name}'. "
            + (f"Did you mean {' or '.join(close)}?" if close else "")
        )
    try:
        return known[name](**parameters)
    except TypeError as error:
        sys.exit(f"{name}: {error}")


def prepared(model: Any, frame: Any) -> Any:
    """The model behind what makes columns fit for it: categories as 0 and 1, gaps filled."""
    compose, pipeline = need("sklearn.compose"), need("sklearn.pipeline")
    impute, scaling = need("sklearn.impute"), need("sklearn.preprocessing")
    numbers = list(frame.select_dtypes("number").columns)
    others = [name for name in frame.columns if name not in numbers]
    steps = []
    if numbers:
        filled = pipeline.make_pipeline(
            impute.SimpleImputer(strategy="median"), scaling.StandardScaler()
        )
        steps.append(("numbers", filled, numbers))
    if others:
        filled = pipeline.make_pipeline(
            impute.SimpleImputer(strategy="most_frequent"),
            scaling.OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        )
        steps.append(("others", filled, others))
    return pipeline.make_pipeline(compose.ColumnTransformer(steps), model)


def is_classifier(model: Any) -> bool:
    """Whether a model tells classes and no numbers."""
    return bool(need("sklearn.base").is_classifier(model))


def known_and_label(frame: Any, label: str) -> tuple[Any, Any]:
    """The columns that are known, and the one that is to be told."""
    if not label:
        sys.exit("'label' is required: the column that is to be told.")
    columns(frame, [label], "label")
    frame = frame.dropna(subset=[label])
    return frame.drop(columns=[label]), frame[label]


def log(metrics: dict[str, float]) -> None:
    """Log numbers on the step's run."""
    print(json.dumps(metrics, indent=2))
    if os.environ.get("MLFLOW_RUN_ID"):
        mlflow = need("mlflow")
        with mlflow.start_run():
            mlflow.log_metrics(metrics)
