"""What the server says of itself."""

from __future__ import annotations

from jupyter_mlws.server.mlflow.table import Call, endpoint
from jupyter_mlws.server.mlflow.wire import Json

SPOKEN = "3.17.2"
"""Release of MLflow whose protocol this is."""


@endpoint("GET", "server-info", "workspaces/read", version="3.0")
def get(call: Call) -> Json:
    """What clients may ask for besides the plain protocol."""
    return {
        "store_type": "SqlStore",
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": True,
        "multipart_downloads_enabled": False,
        "presigned_upload_run_id_supported": False,
        "presigned_upload_model_id_supported": False,
        "features_enabled": {},
    }
