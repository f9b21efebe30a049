"""AutoML jobs that forecast, from a file to a model, in a real workspace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from jupyter_mlws.automl import ForecastingSettings, forecasting
from jupyter_mlws.entities.job import Input, NotebookJob
from jupyter_mlws.entities.run import Status
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.jobs import load_job
from jupyter_mlws.sdk.service import Running
from tests.automl.panels import panel

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 500
JOB = """\
$schema: https://azuremlschemas.azureedge.net/latest/autoMLJob.schema.json
type: automl
task: forecasting
target_column_name: sold
training_data: {type: uri_file, path: sales.csv}
n_cross_validations: 2
forecasting:
  time_column_name: when
  time_series_id_column_names: [shop]
  forecast_horizon: 4
  cv_step_size: 2
  frequency: MS
  feature_lags: auto
  features_unknown_at_forecast_time: visitors
limits: {max_trials: 2, max_concurrent_trials: 2}
training:
  allowed_training_algorithms: [SeasonalNaive, elastic_net]
"""
PREDICT = """
import sys
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
assert model.metadata.get_output_schema().input_names() == ["when", "shop", "sold", "lower", "upper"]
rows = pd.DataFrame({"shop": ["Ürümqi", "Oslo", "Oslo"], "price": [2.0, 2.0, None]})
rows["when"] = pd.to_datetime(["2024-03-01", "2024-06-01", "2024-01-01"])
made = model.predict(rows)
assert made["shop"].tolist() == rows["shop"].tolist()
assert (made["lower"] < made["sold"]).all() and (made["sold"] < made["upper"]).all()
print(*made["sold"].round())
try:
    model.predict(rows.assign(shop="Paris"))
except ValueError as error:
    print(error)
"""


@pytest.fixture
def client(service: Running) -> MLClient:
    """A client of a running workspace."""
    return MLClient(url=service.url, token=service.token)


def test_a_panel_leads_to_forecasts_a_mean_of_the_best_and_a_model(
    client: MLClient, tmp_path: Path
) -> None:
    sales = panel().drop(index=[7]).sample(frac=1, random_state=0)
    late = pd.DataFrame({"when": sales["when"].max(), "shop": "Kyoto", "sold": [1.0], "price": 2})
    pd.concat([sales, late]).to_csv(tmp_path / "sales.csv", index=False)
    (tmp_path / "job.yml").write_text(JOB)

    job = client.jobs.create_or_update(load_job(tmp_path / "job.yml"))
    job = client.jobs.wait(job.name, timeout_s=PATIENCE_S)

    assert job.status is Status.COMPLETED, job.error
    board = client.automl.get(name=job.name)
    scores = {trial.algorithm: trial.value for trial in board.trials}
    assert set(scores) == {"SeasonalNaive", "ElasticNet", "VotingEnsemble"}
    assert board.primary_metric == "normalized_root_mean_squared_error"
    assert board.best_value == min(value for value in scores.values() if value) < 0.1
    rails = {rail.name: rail for rail in board.guardrails}
    assert rails["gaps"].state == rails["short series"].state == "Done"
    assert "['Kyoto']" in rails["short series"].text
    assert (board.explanation, board.importances) == (None, [])

    (linear,) = [trial for trial in board.trials if trial.algorithm == "ElasticNet"]
    assert linear.metrics["mean_absolute_scaled_error"]
    client.jobs.download(linear.name, download_path=tmp_path / "trial", all=True)
    assert list((tmp_path / "trial").rglob("forecast.png"))
    assert list((tmp_path / "trial").rglob("predicted_true"))
    (table,) = (tmp_path / "trial").rglob("forecast_table.json")
    made = json.loads(table.read_text())
    assert made["columns"] == [
        *("origin", "shop", "when", "step", "truth", "forecast", "lower", "upper"),
    ]
    assert len(made["data"]) == 2 * 2 * 4
    said = client.jobs.get(linear.name).model_dump(include={"code", "inputs"})
    again = NotebookJob(notebook="trial.ipynb", **said)
    rerun = client.jobs.wait(client.jobs.create_or_update(again).name, timeout_s=PATIENCE_S)
    assert rerun.values["score"] == linear.value

    client.jobs.download(job.name, download_path=tmp_path / "best", output_name="best_model")
    (model,) = (tmp_path / "best").rglob("MLmodel")
    answer = subprocess.run(
        [sys.executable, "-c", PREDICT, str(model.parent)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    sold, unseen = answer.stdout.splitlines()
    assert 1000 < float(sold.split()[0]) < 2000
    assert unseen.startswith("series that the model has not seen: ['Paris']")


def test_series_that_cannot_be_used_end_the_job_with_the_reason(
    client: MLClient, tmp_path: Path
) -> None:
    panel().to_csv(tmp_path / "sales.csv", index=False)
    job = forecasting(
        training_data=Input(type="uri_file", path=str(tmp_path / "sales.csv")),
        target_column_name="sold",
        forecasting_settings=ForecastingSettings(time_column_name="day"),
    )
    job.set_forecast_settings(time_column_name="when", forecast_horizon=4)
    job.set_forecast_settings(seasonality=12)
    assert job.forecasting == ForecastingSettings(
        time_column_name="when", forecast_horizon=4, seasonality=12
    )

    done = client.jobs.wait(client.jobs.create_or_update(job).name, timeout_s=PATIENCE_S)

    assert done.status is Status.FAILED
    assert "duplicate times: 96 rows share their moment" in str(done.error)
