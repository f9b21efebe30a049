"""The workspace service: REST, MLflow and events over HTTP."""
