"""The OpenAPI document, made from the table of operations.

`python -m jupyter_mlws.server.openapi FILE` writes it; the front end's types are generated from it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from jupyter_mlws.entities.errors import BY_CODE
from jupyter_mlws.entities.job_types import SPECS
from jupyter_mlws.entities.record import SchemaGenerator
from jupyter_mlws.features.operations import Operation, load

Mode = Literal["validation", "serialization"]
REFERENCE = "#/components/schemas/{model}"


def document(operations: dict[str, Operation]) -> dict[str, Any]:
    """OpenAPI 3.1 of all operations and of the shipped job types."""
    ordered = sorted(operations.values(), key=lambda op: op.name)
    inputs: list[tuple[Any, Mode, TypeAdapter[Any]]] = [
        (("in", op.name), "validation", TypeAdapter(op.arguments)) for op in ordered
    ]
    inputs += [
        (("out", op.name), "serialization", op.answer) for op in ordered if not op.is_download
    ]
    inputs += [(("spec", name), "validation", TypeAdapter(spec)) for name, spec in SPECS.items()]
    made, definitions = TypeAdapter.json_schemas(
        inputs, ref_template=REFERENCE, schema_generator=SchemaGenerator
    )
    schemas = dict(definitions.get("$defs", {}))
    schemas["Error"] = _error_schema()
    paths: dict[str, Any] = {}
    for op in ordered:
        method, path = op.route
        arguments = _resolved(made[("in", op.name), "validation"], schemas)
        answer = made.get((("out", op.name), "serialization"))
        paths.setdefault(path, {})[method.lower()] = _operation(op, method, arguments, answer)
    used = {name for name in schemas if not name.endswith("Arguments")}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jupyter_mlws",
            "version": "1",
            "description": "The REST interface of a workspace, below /mlws/api.",
        },
        "servers": [{"url": "/mlws/api"}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: schemas[name] for name in sorted(used)},
        },
    }


def _operation(
    op: Operation, method: str, arguments: dict[str, Any], answer: dict[str, Any] | None
) -> dict[str, Any]:
    properties = dict(arguments.get("properties", {}))
    required = set(arguments.get("required", ()))
    parameters = []
    if op.key:
        parameters.append(_parameter(op.key, "path", properties.pop(op.key), True))
        required.discard(op.key)
    body: dict[str, Any] = {}
    if method in {"GET", "DELETE"}:
        parameters += [
            _parameter(name, "query", schema, name in required)
            for name, schema in properties.items()
        ]
    elif properties:
        schema = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = sorted(required)
        body = {
            "requestBody": {
                "required": bool(required),
                "content": {"application/json": {"schema": schema}},
            }
        }
    content = (
        {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        if op.is_download
        else {"application/json": {"schema": answer}}
    )
    return {
        "operationId": op.name,
        "tags": [op.noun],
        "summary": op.summary,
        "description": op.description,
        "x-action": op.action,
        **({"parameters": parameters} if parameters else {}),
        **body,
        "responses": {
            "200": {"description": "The answer.", "content": content},
            "default": {
                "description": "What was wrong.",
                "content": {
                    "application/json": {"schema": {"$ref": REFERENCE.format(model="Error")}}
                },
            },
        },
    }


def _parameter(name: str, where: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    description = schema.get("description")
    return {
        "name": name,
        "in": where,
        "required": required,
        "schema": {key: value for key, value in schema.items() if key != "description"},
        **({"description": description} if description else {}),
    }


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = schemas[str(reference).rpartition("/")[2]]
    return found


def _error_schema() -> dict[str, Any]:
    class ProblemView(BaseModel):
        message: str
        field: str = ""
        line: int | None = None
        file: str | None = None

    problem = ProblemView.model_json_schema(schema_generator=SchemaGenerator)
    return {
        "type": "object",
        "title": "Error",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "string", "enum": sorted(BY_CODE)},
            "message": {"type": "string"},
            "problems": {"type": "array", "items": {**problem, "title": "Problem"}},
        },
    }


def text() -> str:
    """The document as it stands in the repository."""
    return json.dumps(document(load()), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
