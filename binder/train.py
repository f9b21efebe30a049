"""Predict how diabetes progresses within a year, with a linear model.

Runs on its own (`python train.py --alpha 0.1`) and as the job described in job.yml.
"""

import argparse

import mlflow
import mlflow.sklearn
import sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--alpha", type=float, default=0.05, help="how strongly weights are held down")
parser.add_argument("--l1_ratio", type=float, default=0.5, help="0: keep all, 1: drop weak inputs")
parser.add_argument("--model", help="folder to leave the model in")
args = parser.parse_args()

# 442 patients: age, sex, body mass index, blood pressure, six blood values.
patients = load_diabetes(as_frame=True, scaled=False)
scale = patients.data.std()
train_x, test_x, train_y, test_y = train_test_split(
    patients.data / scale, patients.target, test_size=0.25, random_state=0
)

mlflow.sklearn.autolog(log_models=False)  # parameters and training metrics, without another line

with mlflow.start_run():
    model = ElasticNet(alpha=args.alpha, l1_ratio=args.l1_ratio).fit(train_x, train_y)
    guess = model.predict(test_x)
    found = {"test_r2": r2_score(test_y, guess), "test_mae": mean_absolute_error(test_y, guess)}
    mlflow.log_metrics(found)
    weights = dict(zip(patients.feature_names, model.coef_.round(2)))
    mlflow.log_dict({name: float(weight) for name, weight in weights.items()}, "weights.json")

print(f"explains {found['test_r2']:.1%} of what differs, off by {found['test_mae']:.1f} on average")
for name, weight in sorted(weights.items(), key=lambda item: -abs(item[1])):
    print(f"  {name:4} {weight:+7.2f}")

if args.model:
    needs = [f"scikit-learn=={sklearn.__version__}", "pandas"]
    mlflow.sklearn.save_model(
        model, args.model, input_example=test_x.head(3), pip_requirements=needs
    )
    print(f"model kept in {args.model}")
