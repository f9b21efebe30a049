"""AutoML: searches the model that fits a table best; each trial is a notebook, and nothing but it.

`classification(...)`, `regression(...)` and `forecasting(...)` make its jobs, in the words of Azure ML's SDK.
"""

from jupyter_mlws.automl.builders import classification, forecasting, regression
from jupyter_mlws.entities.azure.automl import Forecasting as ForecastingSettings

__all__ = ["ForecastingSettings", "classification", "forecasting", "regression"]
