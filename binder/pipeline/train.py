"""Fit a model of life expectancy to a prepared table. Runs on its own, and as a step of a pipeline."""

import argparse

import mlflow.sklearn
import pandas as pd
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--table", required=True, help="folder with the prepared table, as Parquet")
parser.add_argument("--kind", choices=["linear", "forest"], default="linear")
parser.add_argument("--trees", type=int, default=200, help="how many trees a forest has")
parser.add_argument("--model", required=True, help="folder to leave the model in")
args = parser.parse_args()

table = pd.read_parquet(args.table)
columns = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore"), ["continent"]), remainder="passthrough"
)
regressor = (
    LinearRegression()
    if args.kind == "linear"
    else RandomForestRegressor(args.trees, min_samples_leaf=3, random_state=0)
)
known = table.drop(columns=["country", "years"])
model = make_pipeline(columns, regressor).fit(known, table.years)

print(f"{args.kind}: explains {model.score(known, table.years):.1%} of what it has seen")
needs = [f"scikit-learn=={sklearn.__version__}", "pandas"]
mlflow.sklearn.save_model(
    model,
    args.model,
    input_example=known.head(3),
    pip_requirements=needs,
    skops_trusted_types=["sklearn.tree._tree.Tree"],
)
