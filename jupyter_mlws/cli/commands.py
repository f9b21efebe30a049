"""Commands made from operations: options from the signature, help from the docstring."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from jupyter_mlws.cli.output import FORMATS, show
from jupyter_mlws.cli.own import FOR_PROGRAMS, HELP, SPECIAL
from jupyter_mlws.entities.record import SchemaGenerator
from jupyter_mlws.features.operations import Operation, load
from jupyter_mlws.sdk.client import MLClient

VERBS = {"create_or_update": "create", "get": "show", "import_data": "import"}
CLICK_TYPES = {"integer": click.INT, "number": click.FLOAT, "boolean": click.BOOL}


def verbs(noun: str) -> click.Group:
    """All commands of a noun."""
    group = click.Group(noun, help=HELP.get(noun))
    for op in load().values():
        if op.singular == noun and noun not in FOR_PROGRAMS:
            group.help = inspect.getdoc(inspect.getmodule(op.function))
            name = VERBS.get(op.verb, op.verb.replace("_", "-"))
            if (noun, name) not in SPECIAL:
                group.add_command(made(op, name))
    for (owner, name), place in SPECIAL.items():
        if owner == noun:
            module, _, function = place.partition(":")
            group.add_command(
                getattr(importlib.import_module(f"jupyter_mlws.cli.{module}"), function), name
            )
    return group


def made(op: Operation, name: str) -> click.Command:
    """The command of one operation."""

    @connected
    def run(
        client: MLClient,
        output: str,
        query: str | None,
        download_path: Path | None = None,
        yes: bool = False,
        **given: Any,
    ) -> None:
        if op.verb == "delete" and not yes:
            _make_sure(f"Delete {op.singular} '{given.get(op.key or '', '')}'?")
        arguments: dict[str, Any] = {}
        for argument, value in given.items():
            if value not in (None, ()):
                place = arguments.setdefault(spec, {}) if argument in inner else arguments
                place[argument] = [*value] if isinstance(value, tuple) else value
        if download_path is None:
            show(client.transport.call(op.name, arguments), output, query)
        else:
            client.transport.download(op.name, arguments, download_path)
            show({"path": str(download_path)}, output, query)

    schema = op.arguments.model_json_schema(schema_generator=SchemaGenerator)
    properties, required = schema["properties"], set(schema.get("required", ()))
    spec, inner = _spec(schema)
    if spec:
        fields = schema["$defs"][_reference(properties.pop(spec))]
        properties |= inner
        required |= set(fields.get("required", ()))
    if op.in_registries:
        run = of_registry(run)
    if op.is_download:
        run = click.option(
            *("--download-path", "-p", "download_path"),
            type=click.Path(path_type=Path),
            required=True,
            help="The file to write.",
        )(run)
    if op.verb == "delete":
        run = click.option("--yes", "-y", is_flag=True, help="Do not ask whether you are sure.")(
            run
        )
    for argument, kind in reversed(list(properties.items())):
        run = _option(op, argument, kind, argument in required)(run)
    return click.command(name, help=op.description, short_help=op.summary)(run)


def _make_sure(question: str) -> None:
    """Ask the person at the terminal; a script is not asked."""
    if sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def _spec(schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The one argument that is a whole Spec, whose fields become options; and these fields."""
    found = [name for name, kind in schema["properties"].items() if "$ref" in kind]
    if len(found) != 1:
        return "", {}
    fields = schema["$defs"][_reference(schema["properties"][found[0]])].get("properties")
    return (found[0], dict(fields)) if fields else ("", {})


def _reference(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def answering(form: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command its client and the options that all commands share; it answers as `form`."""

    def connect(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("-o", "--output", type=click.Choice(FORMATS), default=form, show_default=True)
        @click.option("--query", help="JMESPath expression that picks from the answer.")
        @click.option(
            "--workspace", "-w", "directory", help="The workspace directory [MLWS_WORKSPACE]."
        )
        @click.option("--url", help="Address of a service elsewhere [MLWS_URL].")
        @click.option("--token", help="Speaks for you at that address [MLWS_TOKEN].")
        @functools.wraps(function)
        def run(
            output: str,
            query: str | None,
            directory: str | None,
            url: str | None,
            token: str | None,
            of_registry: str | None = None,
            **given: Any,
        ) -> Any:
            with MLClient(
                registry_name=of_registry, url=url, token=token, workspace=directory
            ) as client:
                return function(client, output=output, query=query, **given)

        return run

    return connect


connected = answering("json")
"""What most commands are: their answer is JSON unless asked otherwise."""


def of_registry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command ask a registry in the place of the workspace."""
    text = "Of this registry, in the place of the workspace."
    return click.option("--registry-name", "of_registry", help=text)(function)


def _option(
    op: Operation, name: str, schema: dict[str, Any], required: bool
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    flags = [f"--{name.replace('_', '-')}", name]
    if name == op.key:
        flags.insert(0, "-n")
    help_text = schema.get("description")
    match schema.get("type"):
        case "array":
            return click.option(*flags, multiple=True, help=help_text, required=required)
        case "boolean":
            return click.option(*flags, is_flag=True, default=None, help=help_text)
        case "object" | None if "enum" not in schema:
            text = f"{help_text or ''} As JSON.".strip()
            return click.option(*flags, type=JSON, help=text, required=required)
        case kind:
            chosen: Any = CLICK_TYPES.get(str(kind), click.STRING)
            if "enum" in schema:
                chosen = click.Choice(schema["enum"])
            return click.option(*flags, type=chosen, help=help_text, required=required)


class _Json(click.ParamType[Any]):
    """JSON on the command line; a bare word is that word."""

    name = "json"

    def convert(self, value: Any, param: Any, context: Any) -> Any:
        """The parsed value."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value


JSON = _Json()
