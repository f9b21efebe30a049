"""The MLflow tracking protocol: the stock client works against it unchanged.

Source: MLflow 3.17's REST API, as its Python client speaks it. `wire` has the rules of its JSON,
`table` the list of endpoints, `door` the way from HTTP to them; each group of endpoints is a file.
"""

from __future__ import annotations

from typing import Any

from tornado.web import RequestHandler

from jupyter_mlws.server.mlflow import (  # noqa: F401  (they enter their endpoints into the table)
    experiments,
    lineage,
    logged_models,
    metrics,
    registry,
    runs,
    traces,
)
from jupyter_mlws.server.mlflow.artifacts import FolderHandler, UnsupportedHandler, UploadHandler
from jupyter_mlws.server.mlflow.door import JsonHandler, Service, TextHandler, UnknownHandler
from jupyter_mlws.server.mlflow.multipart import MultipartHandler, PartHandler
from jupyter_mlws.server.mlflow.server_info import SPOKEN
from jupyter_mlws.server.mlflow.table import Door
from jupyter_mlws.server.mlflow.web_files import (
    ModelFileHandler,
    RunFileHandler,
    SmallUploadHandler,
    VersionFileHandler,
)

Route = tuple[str, type[RequestHandler], dict[str, Any]]

FILES = r"/(?:ajax-)?api/2\.0/mlflow-artifacts"
UNSUPPORTED = {
    rf"{FILES}/presigned/.*": "Multipart download is not supported for the current artifact repository",
    r"/v1/traces": "REST OTLP span logging is not supported",
}

OF_THE_WEB_PAGES: dict[str, type[RequestHandler]] = {
    r"/get-artifact": RunFileHandler,
    r"/model-versions/get-artifact": VersionFileHandler,
    r"/ajax-api/2\.0/mlflow/upload-artifact": SmallUploadHandler,
    r"/ajax-api/2\.0/mlflow/logged-models/([^/]+)/artifacts/files": ModelFileHandler,
}


def handlers(service: Service) -> list[Route]:
    """The routes of the protocol, relative to the tracking URI."""
    shared = {"service": service, "door": Door(service.workspace)}
    return [
        *((pattern, handler, shared) for pattern, handler in OF_THE_WEB_PAGES.items()),
        (r"/(?:ajax-)?api/([23]\.0/mlflow/.*)", JsonHandler, shared),
        (rf"{FILES}/artifacts/(.+)", UploadHandler, shared),
        (rf"{FILES}/artifacts/?", FolderHandler, shared),
        (rf"{FILES}/mpu/parts/(\w+)/(\d{{1,9}})", PartHandler, shared),
        (rf"{FILES}/mpu/(create|complete|abort)(?:/(.*))?", MultipartHandler, shared),
        *(
            (pattern, UnsupportedHandler, {**shared, "message": message})
            for pattern, message in UNSUPPORTED.items()
        ),
        (r"/version", TextHandler, {**shared, "text": SPOKEN}),
        (r"/health", TextHandler, {**shared, "text": "OK"}),
        (r"(?:/.*)?", UnknownHandler, shared),
    ]
