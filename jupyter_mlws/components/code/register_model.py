"""Make a model a version in the workspace's list of models."""

import os

from kit import arg, give_value, given, need

score, least = float(arg("score")), float(arg("least_score"))
version = ""
if score < least:
    print(f"Not registered: the score is {score:g}, and must be at least {least:g}.")
else:
    mlflow = need("mlflow")
    run_id = os.environ["MLFLOW_RUN_ID"]
    mlflow.MlflowClient().log_artifacts(run_id, str(given("model")), "model")
    version = mlflow.register_model(f"runs:/{run_id}/model", arg("name")).version
    print(f"{arg('name')} version {version}")
give_value("version", version)
