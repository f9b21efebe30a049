"""AutoML: searches the model that fits a table best; each trial is a notebook, and nothing but it.

`classification(...)` and `regression(...)` make its jobs, in the words of Azure ML's SDK.
"""

from jupyter_mlws.automl.builders import classification, regression

__all__ = ["classification", "regression"]
